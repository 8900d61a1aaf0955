//! The console by its pages' own requests: who may ask what, what silence means, and what outlives a shift and a restart.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod evidence;
mod ground;
mod history;
mod metrics;
mod nowhere;
mod rights;
mod shifts;
mod signals;
mod support;
mod unknown;
