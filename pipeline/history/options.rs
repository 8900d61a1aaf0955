//! How long what is kept, and by which clock.

use throng_analytics::time::Timestamp;

use crate::{clock, resolution::Resolution};

/// Days for which windows are kept; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Windows of ten seconds: what an inquiry into last week needs.
    pub ten_secs_days: Option<u32>,
    /// Windows of a minute.
    pub minute_days: Option<u32>,
    /// Windows of a quarter of an hour: three years, so that a yearly event has its like.
    pub quarter_hour_days: Option<u32>,
    /// Windows of an hour.
    pub hour_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            ten_secs_days: Some(7),
            minute_days: Some(60),
            quarter_hour_days: Some(3 * 365 + 1),
            hour_days: None,
        }
    }
}

impl Retention {
    /// Days for which windows of a length are kept.
    pub const fn days(&self, resolution: Resolution) -> Option<u32> {
        match resolution {
            Resolution::TenSecs => self.ten_secs_days,
            Resolution::Minute => self.minute_days,
            Resolution::QuarterHour => self.quarter_hour_days,
            Resolution::Hour => self.hour_days,
        }
    }

    /// Start of the oldest window that is kept, seconds since the Unix epoch, at a whole hour so that a longer window
    /// loses its parts all at once.
    pub(crate) fn oldest(&self, resolution: Resolution, now_unix_secs: i64) -> Option<i64> {
        let days = self.days(resolution)?;
        Some(Resolution::Hour.start_of(now_unix_secs - i64::from(days) * 86_400))
    }
}

/// How a history is kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For how long.
    pub retention: Retention,
    /// Samples that may wait for the writer; more are dropped, and counted.
    pub queue_max: usize,
    /// The clock; tests have their own.
    pub clock: fn() -> Timestamp,
}

impl Default for Options {
    fn default() -> Self {
        Self { retention: Retention::default(), queue_max: 65_536, clock: clock::now }
    }
}
