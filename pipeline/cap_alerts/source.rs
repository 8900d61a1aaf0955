//! Where alerts come from: a file, or an address that is asked by HTTP, with the alerts that a feed links to.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};
use url::Url;

use super::alert::{self, Alert, BYTES_MAX, Contents, Link};
use crate::config::redact;

/// Longest time for one document.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Longest time for a feed with all that it links to; the rest is fetched the next time.
const ALL_WITHIN: Duration = Duration::from_mins(1);
/// An entry that has not changed is read again after so long, as long as it is in its feed.
const READ_AGAIN: Duration = Duration::from_hours(24);
/// Entries of a feed that are followed at most.
const LINKS_MAX: usize = 1000;
/// A service may move, but not in a circle.
const REDIRECTS_MAX: u32 = 3;

/// A source of alerts.
pub struct Source {
    from: From,
    agent: Agent,
    /// Links whose alerts were read and that say when they last changed, and when they were read.
    known: BTreeMap<Link, Instant>,
}

enum From {
    File(PathBuf),
    Address(Url),
}

/// What a source held.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// What could not be fetched or read, in sentences without a full stop; the rest counts.
    pub problems: Vec<String>,
}

impl Source {
    /// A path, or an address that begins with `http://` or `https://`.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(text: &str) -> Result<Self> {
        let is_address = text.starts_with("http://") || text.starts_with("https://");
        let from = if is_address {
            From::Address(
                text.parse().with_context(|| format!("{} is no address", redact::credentials(text)))?,
            )
        } else {
            From::File(text.into())
        };
        Ok(Self { from, agent: agent(text.starts_with("https://")), known: BTreeMap::new() })
    }

    /// Without credentials, for people.
    pub fn shown(&self) -> String {
        match &self.from {
            From::File(path) => path.display().to_string(),
            From::Address(url) => redact::credentials(url.as_str()),
        }
    }

    /// Fetches and reads everything; alerts that are known of a feed are not fetched again.
    ///
    /// # Errors
    /// The source itself cannot be fetched or read.
    pub fn fetch(&mut self) -> Result<Fetched> {
        let began = Instant::now();
        let bytes = match &self.from {
            From::File(path) => {
                let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
                let mut bytes = Vec::new();
                // One byte more than may be, so that too much is seen.
                file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
                bytes
            }
            From::Address(url) => self.get(url)?,
        };
        let mut fetched = Fetched::default();
        let Contents { alerts, mut links } = alert::read(&bytes).with_context(|| self.shown())?;
        fetched.take(alerts);
        if links.len() > LINKS_MAX {
            fetched.problems.push(format!(
                "{} of its entries are left out: {LINKS_MAX} are followed",
                links.len() - LINKS_MAX
            ));
            links.truncate(LINKS_MAX);
        }
        for link in &links {
            if self.known.get(link).is_some_and(|read_at| read_at.elapsed() < READ_AGAIN) {
                continue;
            }
            if began.elapsed() > ALL_WITHIN {
                fetched.problems.push("the rest of its entries is fetched the next time".to_owned());
                break;
            }
            match self.follow(link) {
                Ok(alerts) => {
                    let before = fetched.problems.len();
                    fetched.take(alerts);
                    if link.changed.is_some() && fetched.problems.len() == before {
                        self.known.insert(link.clone(), Instant::now());
                    }
                }
                Err(error) => fetched.problems.push(format!("{error:#}")),
            }
        }
        // What is not in the feed any more need not be known.
        self.known.retain(|known, _| links.contains(known));
        Ok(fetched)
    }

    /// The alerts of an entry.
    fn follow(&self, link: &Link) -> Result<Vec<Result<Alert>>> {
        let shown = || format!("the entry {}", redact::credentials(&link.address));
        let url = match &self.from {
            From::Address(feed) => feed.join(&link.address),
            From::File(_) => link.address.parse(),
        };
        let url = url.with_context(shown)?;
        match (&self.from, url.scheme()) {
            (_, "https") | (From::File(_), "http") => {}
            (From::Address(feed), "http") if feed.scheme() == "http" => {}
            (_, scheme) => bail!("{} is not followed by {scheme:?}", shown()),
        }
        let Contents { alerts, .. } = alert::read(&self.get(&url)?).with_context(shown)?;
        Ok(alerts)
    }

    fn get(&self, url: &Url) -> Result<Vec<u8>> {
        let shown = redact::credentials(url.as_str());
        let mut answer =
            self.agent.get(url.as_str()).call().with_context(|| format!("no answer from {shown}"))?;
        let status = answer.status().as_u16();
        ensure!(status == 200, "{shown} answers {status}");
        let body = answer.body_mut().with_config().limit(BYTES_MAX).read_to_vec();
        body.with_context(|| {
            format!("{shown} does not end within {BYTES_MAX} bytes and {} s", ANSWER_WITHIN.as_secs())
        })
    }
}

impl Fetched {
    fn take(&mut self, alerts: Vec<Result<Alert>>) {
        for alert in alerts {
            match alert {
                Ok(alert) => self.alerts.push(alert),
                Err(error) => self.problems.push(format!("{error:#}")),
            }
        }
    }
}

/// Asks by HTTP; where the address is `https`, never by less.
fn agent(https_only: bool) -> Agent {
    let found = rustls_native_certs::load_native_certs().certs;
    let roots = found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).build();
    let config = Agent::config_builder()
        .timeout_global(Some(ANSWER_WITHIN))
        .http_status_as_error(false)
        .max_redirects(REDIRECTS_MAX)
        .https_only(https_only)
        .tls_config(tls);
    config.build().into()
}

#[cfg(test)]
mod tests;
