//! The wall clock, at the border to the network only.

use std::time::{SystemTime, UNIX_EPOCH};

use throng_analytics::time::Timestamp;

/// Now.
pub(super) fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}
