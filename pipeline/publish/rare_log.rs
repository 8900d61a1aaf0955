//! A log line at most once a minute, however often its cause occurs.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::locked::locked;

/// Counts occurrences and says which of them are to be logged.
#[derive(Debug, Default)]
pub struct RareLog {
    count: AtomicU64,
    logged_at: Mutex<Option<Instant>>,
}

/// Shortest time between two lines.
const PERIOD: Duration = Duration::from_mins(1);

impl RareLog {
    /// Counts one occurrence at `now`; returns the total where it is to be logged.
    pub fn occurred(&self, now: Instant) -> Option<u64> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut logged_at = locked(&self.logged_at);
        if logged_at.is_some_and(|at| now.saturating_duration_since(at) < PERIOD) {
            return None;
        }
        *logged_at = Some(now);
        Some(count)
    }

    /// Occurrences so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_and_then_one_a_minute_with_the_total() {
        let log = RareLog::default();
        let start = Instant::now();
        assert_eq!(log.occurred(start), Some(1));
        assert_eq!(log.occurred(start + Duration::from_secs(1)), None);
        assert_eq!(log.occurred(start + Duration::from_secs(59)), None);
        assert_eq!(log.occurred(start + Duration::from_mins(1)), Some(4));
        assert_eq!(log.count(), 4);
    }
}
