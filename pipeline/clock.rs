//! The wall clock. Analytics never read it: there the time is an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use throng_analytics::time::Timestamp;

/// Now.
pub fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}
