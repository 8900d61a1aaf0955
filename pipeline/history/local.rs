//! A site's own time: days and hours as people there live them, also where clocks are put forward and back.

use jiff::{
    Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::error::HistoryError;

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Local(TimeZone);

/// A place in the week of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalTime {
    pub(crate) date: Date,
    /// 0 is Monday.
    pub(crate) weekday: usize,
    /// Minutes since midnight by the clock on the wall. An hour that comes twice has the same minutes twice.
    pub(crate) minute_of_day: usize,
}

impl Local {
    /// The time zone of an IANA name such as `Asia/Shanghai`.
    pub(crate) fn of(name: &str) -> Result<Self, HistoryError> {
        TimeZone::get(name).map(Self).map_err(|_unknown| {
            HistoryError::BadRequest(format!(
                "\"{name}\" is no time zone: give an IANA name such as Asia/Shanghai or Europe/Berlin"
            ))
        })
    }

    pub(crate) fn time_of(&self, unix_secs: i64) -> LocalTime {
        let at = Timestamp::from_second(unix_secs).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = self.0.to_datetime(at);
        LocalTime {
            date: local.date(),
            weekday: weekday_of(local.date()),
            minute_of_day: usize::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()))
                .unwrap_or_default(),
        }
    }

    /// The first second of a day.
    pub(crate) fn start_of(&self, date: Date) -> i64 {
        self.0.to_timestamp(date.at(0, 0, 0, 0)).map_or(0, Timestamp::as_second)
    }

    /// From the first second of a day to that of the next: 23 to 25 hours.
    pub(crate) fn day(&self, date: Date) -> (i64, i64) {
        (self.start_of(date), date.tomorrow().map_or(i64::MAX, |next| self.start_of(next)))
    }
}

/// 0 is Monday.
pub(crate) fn weekday_of(date: Date) -> usize {
    usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default()
}

/// Whether a day is a Saturday or a Sunday.
pub(crate) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_on_which_clocks_change_has_23_or_25_hours() {
        let berlin = Local::of("Europe/Berlin").unwrap();
        let hours = |text: &str| {
            let (from, to) = berlin.day(text.parse().unwrap());
            (to - from) / 3600
        };
        assert_eq!((hours("2026-03-29"), hours("2026-10-25"), hours("2026-07-01")), (23, 25, 24));
    }

    #[test]
    fn an_hour_that_comes_twice_is_the_same_hour_of_the_day() {
        let berlin = Local::of("Europe/Berlin").unwrap();
        let (midnight, _) = berlin.day("2026-10-25".parse().unwrap());
        let hour = |after_hours: i64| berlin.time_of(midnight + after_hours * 3600).minute_of_day / 60;
        assert_eq!([hour(1), hour(2), hour(3), hour(4)], [1, 2, 2, 3]);
    }

    #[test]
    fn a_time_zone_that_is_none_is_named() {
        let error = Local::of("Mars/Olympus").unwrap_err().to_string();
        assert!(error.contains("Mars/Olympus") && error.contains("Asia/Shanghai"), "{error}");
    }
}
