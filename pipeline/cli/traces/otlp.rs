//! Traces by the client that all else of the product calls by; what is lost is logged, and seldom.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use throng_otlp::{Options, Port};
use url::Position;

use super::{Collector, SpanTaker};
use crate::{
    config::speaker_plan::Address,
    http_call::{Method, call},
    publish::RareLog,
    traces::TARGET,
};

/// How long the end of the program waits for the last spans to leave.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Spans on their way to a collector. Dropped, it sends what waits, within 2 s.
pub(in crate::cli) struct Sending(throng_otlp::Sending);

impl Sending {
    /// Starts to send. A collector that is away is no error.
    ///
    /// # Errors
    /// A variable of OpenTelemetry that asks for what is not there.
    pub(in crate::cli) fn start(to: &Collector) -> anyhow::Result<Self> {
        let options = Options {
            to: to.0.as_str(),
            target: TARGET,
            service: "throng",
            version: env!("CARGO_PKG_VERSION"),
        };
        let ca = std::env::var_os("OTEL_EXPORTER_OTLP_CERTIFICATE").map(PathBuf::from);
        let port = Calls { to: to.clone(), ca, lost: RareLog::default() };
        Ok(Self(throng_otlp::Sending::start(&options, Arc::new(port))?))
    }

    /// What takes spans in.
    pub(in crate::cli) fn taker(&self) -> SpanTaker {
        self.0.taker()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Err(error) = self.0.close(CLOSE_WITHIN) {
            tracing::warn!("The last traces did not leave within {} s: {error}.", CLOSE_WITHIN.as_secs());
        }
    }
}

/// Calls to a collector.
struct Calls {
    to: Collector,
    /// The authority (PEM) that its certificate must come from; none: any that the system trusts.
    ca: Option<PathBuf>,
    lost: RareLog,
}

impl Port for Calls {
    fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<u16, String> {
        let Collector(url) = &self.to;
        let address = Address {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            path: url.path().to_owned(),
            user: String::new(),
            password: String::new(),
            ca: self.ca.clone(),
            identity: None,
        };
        let answer = call(&address, Method::Post, &url[Position::BeforePath..], headers, body);
        answer.map(|answer| answer.status).map_err(|error| format!("{error:#}"))
    }

    fn lost(&self, spans: usize, why: &str) {
        if let Some(times) = self.lost.occurred(Instant::now()) {
            tracing::warn!(times, "{spans} spans did not reach {}: {why}.", self.to);
        }
    }
}
