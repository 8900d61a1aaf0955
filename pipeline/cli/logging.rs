//! The log: events of the program, on standard error.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, layer::SubscriberExt as _, registry::LookupSpan, util::SubscriberInitExt as _,
};

use super::traces::SpanTaker;

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Lost data and failures.
    Error,
    /// Also what works worse than it should.
    Warn,
    /// Also what happens once: starts, stops, connections.
    Info,
    /// Also what happens often.
    Debug,
    /// Everything.
    Trace,
}

/// Starts logging to standard error: at `level` where given, else as `RUST_LOG` says, else our own events from `info`
/// and those of the libraries from `warn`. zenoh warns of what the bus' own state says better. Spans go to `spans`, where
/// somebody collects them.
pub(super) fn start(level: Option<LogLevel>, spans: Option<SpanTaker>) {
    let filter = match (level, std::env::var("RUST_LOG")) {
        (Some(level), _) => {
            let level =
                level.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            EnvFilter::new(format!("warn,zenoh=error,throng={level},throng_models={level}"))
        }
        (None, Ok(directives)) if !directives.is_empty() => EnvFilter::new(directives),
        (None, _) => EnvFilter::new("warn,zenoh=error,throng=info,throng_models=info"),
    };
    let started = match spans {
        None => tracing_subscriber::registry().with(filter).with(log()).try_init(),
        Some(spans) => tracing_subscriber::registry().with(spans).with(log().with_filter(filter)).try_init(),
    };
    // A second start (tests in one process) keeps the first log.
    started.ok();
}

/// What writes the log.
fn log<S: Subscriber + for<'span> LookupSpan<'span>>() -> impl Layer<S> {
    tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
}
