//! The only reader of the wall clock in this crate; everything else is told the time.

use std::time::SystemTime;

use throng_analytics::time::Timestamp;

/// The time now.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

/// Whole seconds since the Unix epoch, rounded down.
pub(crate) fn unix_secs(at: Timestamp) -> i64 {
    at.unix_nanos().div_euclid(1_000_000_000)
}

/// The instant of a whole second since the Unix epoch.
pub(crate) fn at_unix_secs(secs: i64) -> Timestamp {
    Timestamp::from_unix_nanos(secs.saturating_mul(1_000_000_000))
}
