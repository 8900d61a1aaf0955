//! A call to a device or a webhook by HTTP or HTTPS.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

use crate::{config::speaker_plan::Address, connection::authorities};

/// Longest time for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A method that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Without a body.
    Get,
    /// With one.
    Post,
    /// Without a body.
    Delete,
}

impl Method {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What the server asks for, where it refuses whoever has not said who he is.
    pub www_authenticate: Option<String>,
}

/// Calls a path of an address. Redirections are answers, and no proxy stands between: devices are called where they are.
///
/// # Errors
/// No answer, or a certificate that is not trusted. Credentials are in neither.
pub fn call(
    to: &Address,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    let url = format!("{}://{}:{}{path}", to.scheme, to.host, to.port);
    let mut config = Agent::config_builder()
        .timeout_global(Some(ANSWER_WITHIN))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None);
    if to.scheme == "https" {
        let roots = authorities(to)?.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let roots = RootCerts::Specific(Arc::new(roots));
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let agent: Agent = config.build().into();
    let answered = match method {
        Method::Post => {
            let mut request = agent.post(&url);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.send(body)
        }
        Method::Get | Method::Delete => {
            let mut request = if method == Method::Get { agent.get(&url) } else { agent.delete(&url) };
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.call()
        }
    };
    let answer = answered.with_context(|| format!("no answer from {to}"))?;
    let asked = answer.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
    Ok(Answer { status: answer.status().as_u16(), www_authenticate: asked.map(str::to_owned) })
}
