//! The parts of the page, in the order in which a commander asks.

pub(super) mod alarms;
pub(super) mod deployment;
pub(super) mod places;
pub(super) mod ways;
