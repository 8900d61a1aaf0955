//! A console over HTTP: who may ask what, what it remembers, what Prometheus reads.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod history;
mod metrics;
mod rights;
mod support;
