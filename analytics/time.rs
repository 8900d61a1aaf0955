//! Instants as data. Nothing in this crate reads a clock: the caller passes the time in.

use std::ops::{Add, Sub};

/// An instant in nanoseconds since the Unix epoch (UTC).
///
/// The same type serves live cameras (wall clock) and recorded footage (the footage's own clock), so that replay,
/// tests and live operation run the same code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since the Unix epoch.
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to `self`; negative where `earlier` is in fact later.
    pub fn secs_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 * 1e-9
    }
}

/// Later by a number of seconds (may be negative); saturates at the ends of the range, and a NaN adds nothing.
impl Add<f64> for Timestamp {
    type Output = Self;

    fn add(self, secs: f64) -> Self {
        Self(self.0.saturating_add((secs * 1e9).round() as i64))
    }
}

/// Earlier by a number of seconds.
impl Sub<f64> for Timestamp {
    type Output = Self;

    fn sub(self, secs: f64) -> Self {
        self + -secs
    }
}
