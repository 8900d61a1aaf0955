//! Where traces go: the flag, and what it comes to in a program that was built with or without them.

#[cfg(feature = "otlp")]
mod otlp;

use std::fmt;

use anyhow::{Context as _, ensure};
use clap::Args;
use tracing_subscriber::{Layer, Registry};
use url::Url;

#[cfg(feature = "otlp")]
pub(super) use self::otlp::Sending;
use crate::config::{redact, source_text::SourceText};

/// Where collectors take traces, below their own address.
const TRACES_PATH: &str = "v1/traces";

/// What a program without traces says to whoever asks for some.
const WITHOUT_TRACES: &str =
    "this throng was built without traces: build it with `cargo build --release --features otlp`";

/// What takes spans in, beside the log.
pub(super) type SpanTaker = Box<dyn Layer<Registry> + Send + Sync>;

/// Where traces go.
#[derive(Args, Clone, Debug, Default)]
pub struct TracesArgs {
    /// Send traces of frames, warnings and orders to loudspeakers to a collector of OpenTelemetry, e.g. `http://127.0.0.1:4318` (OTLP
    /// over HTTP). Default: where `OTEL_EXPORTER_OTLP_ENDPOINT` says, else nowhere. Needs a build with `--features otlp`.
    #[arg(long, value_name = "URL")]
    pub traces: Option<SourceText>,
}

impl TracesArgs {
    /// The collector that was asked for, by the flag or by the variables of OpenTelemetry.
    ///
    /// # Errors
    /// What was said is no address, or this program was built without traces.
    pub(super) fn collector(&self) -> anyhow::Result<Option<Collector>> {
        if cfg!(not(feature = "otlp")) {
            ensure!(self.traces.is_none(), WITHOUT_TRACES);
            return Ok(None);
        }
        if let Some(text) = &self.traces {
            return Collector::new(text.expose(), TRACES_PATH).context("--traces").map(Some);
        }
        // That of traces alone is taken as it is, that of all signals is where their paths begin.
        for (variable, below) in
            [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", TRACES_PATH)]
        {
            let said = std::env::var(variable).unwrap_or_default();
            if !said.is_empty() {
                return Collector::new(&said, below).context(variable).map(Some);
            }
        }
        Ok(None)
    }
}

/// The address at which a collector takes traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Collector(Url);

impl Collector {
    /// An address, with a path below it where that is not its end already.
    fn new(text: &str, below: &str) -> anyhow::Result<Self> {
        const EXPECTED: &str = "expected an address such as http://127.0.0.1:4318";
        // What was written may hold a password, and is not repeated.
        let mut url = Url::parse(text).context(EXPECTED)?;
        ensure!(matches!(url.scheme(), "http" | "https"), "{EXPECTED}: {} is not spoken", url.scheme());
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "who we are belongs into OTEL_EXPORTER_OTLP_HEADERS, not into the address"
        );
        if !below.is_empty() && !url.path().ends_with(below) {
            let path = format!("{}/{below}", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact::credentials(self.0.as_str()))
    }
}

/// Spans on their way to a collector; of this there is none.
#[cfg(not(feature = "otlp"))]
pub(super) enum Sending {}

#[cfg(not(feature = "otlp"))]
impl Sending {
    /// Sends nothing.
    ///
    /// # Errors
    /// Always.
    pub(super) fn start(_to: &Collector) -> anyhow::Result<Self> {
        anyhow::bail!(WITHOUT_TRACES)
    }

    /// What takes spans in.
    pub(super) fn taker(&self) -> SpanTaker {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_or_without_the_path_of_traces_and_never_with_a_password() {
        let at = |text: &str| Collector::new(text, TRACES_PATH).map(|collector| collector.0.to_string());
        for (text, address) in [
            ("http://room:4318", "http://room:4318/v1/traces"),
            ("http://room:4318/", "http://room:4318/v1/traces"),
            ("http://room:4318/v1/traces", "http://room:4318/v1/traces"),
            ("https://room/tempo/", "https://room/tempo/v1/traces"),
        ] {
            assert_eq!(at(text).unwrap(), address);
        }
        for (text, why) in [
            ("room:4318", "is not spoken"),
            ("grpc://room:4317", "is not spoken"),
            ("4318", "expected an address such as"),
            ("http://ann:s3cret@room:4318", "OTEL_EXPORTER_OTLP_HEADERS"),
        ] {
            let error = format!("{:#}", at(text).unwrap_err());
            assert!(error.contains(why) && !error.contains("s3cret"), "{text}: {error}");
        }
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_program_without_traces_says_how_to_get_one_with() {
        let asked = TracesArgs { traces: Some("http://127.0.0.1:4318".into()) };
        let error = asked.collector().unwrap_err().to_string();
        assert!(error.contains("--features otlp"), "{error}");
        assert_eq!(TracesArgs::default().collector().unwrap(), None);
    }
}
