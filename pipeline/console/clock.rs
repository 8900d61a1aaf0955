//! The time, as something that can be given: tests move it by hand.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use throng_analytics::time::Timestamp;

/// Where the time comes from.
#[derive(Clone)]
pub struct Clock {
    /// Nanoseconds since the Unix epoch of a clock that is moved by hand.
    by_hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self { by_hand: None }
    }

    /// A clock that stands until it is moved.
    pub fn by_hand(at: Timestamp) -> Self {
        Self { by_hand: Some(Arc::new(AtomicI64::new(at.unix_nanos()))) }
    }

    /// Moves a clock that stands by hand; nothing for the machine's.
    pub fn advance(&self, secs: f64) {
        if let Some(nanos) = &self.by_hand {
            nanos.fetch_add((secs * 1e9).round() as i64, Ordering::SeqCst);
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(match &self.by_hand {
            Some(nanos) => nanos.load(Ordering::SeqCst),
            // A clock before 1970 is set to 1970: wrong either way, and never a panic.
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        })
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.by_hand.is_some() { "Clock(by hand)" } else { "Clock(system)" })
    }
}
