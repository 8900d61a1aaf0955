//! How long what is kept, and by which clock.

use throng_analytics::time::Timestamp;

use crate::{
    clock,
    packed_day::{DAY_SECS, PACKED},
    resolution::Resolution,
};

/// Days for which windows are kept at least; `None` is for ever. Windows of a quarter of an hour and of an hour go with the
/// whole day of UTC that they are packed in.
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
    /// loses its parts all at once, or at a whole day where days are packed.
    pub(crate) fn oldest(&self, resolution: Resolution, now_unix_secs: i64) -> Option<i64> {
        let from = now_unix_secs - i64::from(self.days(resolution)?) * DAY_SECS;
        let whole_secs = if PACKED.contains(&resolution) { DAY_SECS } else { Resolution::Hour.secs() };
        Some(from - from.rem_euclid(whole_secs))
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
