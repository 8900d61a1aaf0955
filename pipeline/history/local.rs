//! A site's own time: days and hours as people there live them, also where clocks are put forward and back.

use jiff::{
    Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::error::HistoryError;

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    zone: TimeZone,
    known: Known,
}

/// Times at multiples of a step, worked out beforehand: a report asks for each of them many times for each zone.
#[derive(Clone, Debug)]
struct Known {
    from: i64,
    step_secs: i64,
    times: Vec<LocalTime>,
}

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
        let known = Known { from: 0, step_secs: 1, times: Vec::new() };
        TimeZone::get(name).map(|zone| Self { zone, known }).map_err(|_unknown| {
            HistoryError::BadRequest(format!(
                "\"{name}\" is no time zone: give an IANA name such as Asia/Shanghai or Europe/Berlin"
            ))
        })
    }

    /// The same, with the times of a period worked out beforehand.
    pub(crate) fn knowing(mut self, from: i64, to: i64, step_secs: i64) -> Self {
        let times = (from..to).step_by(usize::try_from(step_secs).unwrap_or(1)).map(|at| self.time_of(at));
        self.known = Known { from, step_secs, times: times.collect() };
        self
    }

    pub(crate) fn time_of(&self, unix_secs: i64) -> LocalTime {
        let after = unix_secs - self.known.from;
        let place = after / self.known.step_secs;
        if place * self.known.step_secs == after
            && let Ok(place) = usize::try_from(place)
            && let Some(time) = self.known.times.get(place)
        {
            return *time;
        }
        let at = Timestamp::from_second(unix_secs).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = self.zone.to_datetime(at);
        LocalTime {
            date: local.date(),
            weekday: weekday_of(local.date()),
            minute_of_day: usize::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()))
                .unwrap_or_default(),
        }
    }

    /// The first second of a day.
    pub(crate) fn start_of(&self, date: Date) -> i64 {
        self.zone.to_timestamp(date.at(0, 0, 0, 0)).map_or(0, Timestamp::as_second)
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
    fn what_is_worked_out_beforehand_is_the_same() {
        let berlin = Local::of("Europe/Berlin").unwrap();
        let (from, to) = berlin.day("2026-10-25".parse().unwrap());
        let knowing = berlin.clone().knowing(from, to, 900);
        for at in (from - 1800..to + 1800).step_by(450) {
            assert_eq!(knowing.time_of(at), berlin.time_of(at));
        }
    }

    #[test]
    fn a_time_zone_that_is_none_is_named() {
        let error = Local::of("Mars/Olympus").unwrap_err().to_string();
        assert!(error.contains("Mars/Olympus") && error.contains("Asia/Shanghai"), "{error}");
    }
}
