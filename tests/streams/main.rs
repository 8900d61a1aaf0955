//! Streams from real servers on loopback, through real faults: what is told, and that the pictures come back.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::print_stdout, reason = "what a test skips and how long things took is for whoever runs it")]

mod contention;
mod endurance;
mod faults;
mod flight;
mod multicast;
mod proxy;
mod server;
mod site;
mod sources;
mod watched;
