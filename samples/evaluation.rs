//! What the warnings are worth: scenarios with a known end, played against the analytics as shipped.
//!
//! - [`tracks`] turns what a tracker would report of a simulated crowd into what a camera of the site sees.
//! - [`play`] runs one scenario with one seed and notes when which alarm was raised.
//! - [`baseline`] keeps the simpler alarms that others ship, on the same data.
//! - [`summary`] draws the runs together: lead times, false alarms, misses, each with a bootstrap interval.
//!
//! Only `dev` scenarios may be used to choose a parameter; `held-out` ones are for reporting.

pub mod alarm;
pub mod baseline;
pub mod bootstrap;
#[cfg(test)]
mod lines;
pub mod play;
pub mod summary;
pub mod tracks;
