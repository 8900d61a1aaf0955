//! The bus by the real program and real routers: warnings that arrive whatever happens, and nobody who may do more than
//! his role.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod cap;
mod console;
mod contract;
mod crash;
mod desk;
mod desk_lines;
mod drill;
mod evidence;
mod federation;
mod field;
mod gate;
mod hostile;
mod outage;
mod room;
mod security;
mod signals;
mod support;
mod units;
mod warnings;
