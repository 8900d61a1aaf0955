//! When a place is how full: by hour and weekday, on a typical day, at its peaks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    calendar::{CalendarEvent, EventKind, parse_date},
    local::{Local, is_weekend},
    rollup::{Mean, ZoneRollup},
    stats::quantile,
};

/// Days of which a typical day is made at least: of fewer there is no band.
pub(crate) const DAYS_MIN: usize = 3;

/// What kind of day it is. Days of one kind are compared with each other only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Monday to Friday, nothing in the calendar.
    Workday,
    /// Saturday or Sunday, nothing in the calendar.
    Weekend,
    /// A day that the calendar calls a holiday.
    Holiday,
    /// A market day.
    Market,
    /// A day with an event.
    Event,
    /// A day on which the place, or a part of it, is closed.
    Closure,
}

impl DayKind {
    /// The name in tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workday => "workday",
            Self::Weekend => "weekend",
            Self::Holiday => "holiday",
            Self::Market => "market",
            Self::Event => "event",
            Self::Closure => "closure",
        }
    }

    /// The kind of a day by the calendar; of several entries the rarest kind decides: closure, event, market, holiday.
    pub(crate) fn of(date: Date, events: &BTreeMap<Date, BTreeSet<EventKind>>) -> Self {
        let rarest = events.get(&date).and_then(|kinds| {
            [EventKind::Closure, EventKind::Event, EventKind::Market, EventKind::Holiday]
                .into_iter()
                .find(|kind| kinds.contains(kind))
        });
        match rarest {
            Some(EventKind::Holiday) => Self::Holiday,
            Some(EventKind::Market) => Self::Market,
            Some(EventKind::Event) => Self::Event,
            Some(EventKind::Closure) => Self::Closure,
            None if is_weekend(date) => Self::Weekend,
            None => Self::Workday,
        }
    }
}

/// Kinds of calendar entries by day.
pub(crate) fn kinds_by_day(events: &[CalendarEvent]) -> BTreeMap<Date, BTreeSet<EventKind>> {
    let mut days: BTreeMap<Date, BTreeSet<EventKind>> = BTreeMap::new();
    for event in events {
        if let Ok(date) = parse_date(&event.date) {
            days.entry(date).or_default().insert(event.kind);
        }
    }
    days
}

/// A part of a typical day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypicalPoint {
    /// Minutes since midnight, by the clock on the wall.
    pub minute_of_day: usize,
    /// Median number of people.
    pub people_median: f64,
    /// People on the emptiest tenth of days.
    pub people_lo: f64,
    /// People on the fullest tenth of days.
    pub people_hi: f64,
    /// Days that were seen at this time.
    pub days: usize,
}

/// How a kind of day goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypicalDay {
    /// Which days.
    pub kind: DayKind,
    /// By time of day; times seen on fewer than three days are left out.
    pub points: Vec<TypicalPoint>,
}

/// One part of a day beside what is typical of its kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedPoint {
    /// Minutes since midnight.
    pub minute_of_day: usize,
    /// People on this day; absent where not known.
    pub people: Option<f64>,
    /// What is typical; absent where too few days tell.
    pub typical: Option<TypicalPoint>,
}

/// A day beside the others of its kind, which it is not one of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedDay {
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// Its kind.
    pub kind: DayKind,
    /// By time of day.
    pub points: Vec<ComparedPoint>,
    /// Part of the compared times at which it was fuller than nine of ten days, 0 to 1; absent without comparison.
    pub above_band: Option<f64>,
}

/// A busiest time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Peak {
    /// Start of the window, seconds since the Unix epoch.
    pub start_unix_secs: i64,
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// Minutes since midnight.
    pub minute_of_day: usize,
    /// Mean number of people in the window.
    pub people: f64,
    /// Highest local density in it, people/m2.
    pub density_max: Option<f64>,
    /// Kind of the day.
    pub kind: DayKind,
}

/// Mean number of people by weekday (Monday first) and hour of the day; null where never seen.
pub type WeekTable = Vec<Vec<Option<f64>>>;

/// People by weekday and hour.
pub(crate) fn by_weekday_and_hour(
    windows: &[(i64, ZoneRollup)],
    local: &Local,
    quantity: impl Fn(&ZoneRollup) -> Mean,
) -> WeekTable {
    let mut sums = [[Mean::default(); 24]; 7];
    for (start, window) in windows {
        let time = local.time_of(*start);
        if let Some(sum) = sums[time.weekday].get_mut(time.minute_of_day / 60) {
            sum.merge(quantity(window));
        }
    }
    sums.iter().map(|hours| hours.iter().map(|sum| sum.value()).collect()).collect()
}

/// A mean by hour of the day, over all days; `None` where never seen.
pub(crate) fn by_hour(
    windows: &[(i64, ZoneRollup)],
    local: &Local,
    quantity: impl Fn(&ZoneRollup) -> Mean,
) -> Vec<Option<f64>> {
    let mut sums = [Mean::default(); 24];
    for (start, window) in windows {
        if let Some(sum) = sums.get_mut(local.time_of(*start).minute_of_day / 60) {
            sum.merge(quantity(window));
        }
    }
    sums.iter().map(|sum| sum.value()).collect()
}

/// People by kind of day, time of day and day.
#[derive(Debug, Default)]
pub(crate) struct Days(BTreeMap<Date, (Option<DayKind>, BTreeMap<usize, Mean>)>);

impl Days {
    pub(crate) fn of(
        windows: &[(i64, ZoneRollup)],
        local: &Local,
        events: &BTreeMap<Date, BTreeSet<EventKind>>,
    ) -> Self {
        let mut days = Self::default();
        for (start, window) in windows {
            let time = local.time_of(*start);
            let (kind, times) = days.0.entry(time.date).or_default();
            *kind = Some(DayKind::of(time.date, events));
            times.entry(time.minute_of_day).or_default().merge(window.people);
        }
        days
    }

    /// How days of a kind go, without one of them.
    fn typical(&self, kind: DayKind, without: Option<Date>) -> TypicalDay {
        let mut times: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (date, (day_kind, people)) in &self.0 {
            if *day_kind != Some(kind) || Some(*date) == without {
                continue;
            }
            for (minute, mean) in people {
                times.entry(*minute).or_default().extend(mean.value());
            }
        }
        let point = |(minute_of_day, mut people): (usize, Vec<f64>)| {
            (people.len() >= DAYS_MIN).then_some(())?;
            Some(TypicalPoint {
                minute_of_day,
                people_lo: quantile(&mut people, 0.1)?,
                people_median: quantile(&mut people, 0.5)?,
                people_hi: quantile(&mut people, 0.9)?,
                days: people.len(),
            })
        };
        TypicalDay { kind, points: times.into_iter().filter_map(point).collect() }
    }

    /// Typical days of every kind of which enough days were seen.
    pub(crate) fn all_typical(&self) -> Vec<TypicalDay> {
        let kinds: BTreeSet<DayKind> = self.0.values().filter_map(|(kind, _)| *kind).collect();
        kinds.into_iter().map(|kind| self.typical(kind, None)).filter(|day| !day.points.is_empty()).collect()
    }

    /// The last day beside the others of its kind.
    pub(crate) fn last_compared(&self) -> Option<ComparedDay> {
        let (date, (kind, people)) = self.0.last_key_value()?;
        let kind = (*kind)?;
        let typical: BTreeMap<usize, TypicalPoint> = self
            .typical(kind, Some(*date))
            .points
            .into_iter()
            .map(|point| (point.minute_of_day, point))
            .collect();
        let minutes: BTreeSet<usize> = people.keys().chain(typical.keys()).copied().collect();
        let points: Vec<ComparedPoint> = minutes
            .into_iter()
            .map(|minute_of_day| ComparedPoint {
                minute_of_day,
                people: people.get(&minute_of_day).and_then(|mean| mean.value()),
                typical: typical.get(&minute_of_day).cloned(),
            })
            .collect();
        let both: Vec<bool> = points
            .iter()
            .filter_map(|point| Some(point.people? > point.typical.as_ref()?.people_hi))
            .collect();
        let above = both.iter().filter(|above| **above).count();
        Some(ComparedDay {
            date: date.to_string(),
            kind,
            points,
            above_band: (!both.is_empty()).then(|| above as f64 / both.len() as f64),
        })
    }
}

/// The fullest window of each of the fullest days, fullest first.
pub(crate) fn peaks(
    windows: &[(i64, ZoneRollup)],
    local: &Local,
    events: &BTreeMap<Date, BTreeSet<EventKind>>,
    count: usize,
) -> Vec<Peak> {
    let mut by_day: BTreeMap<Date, Peak> = BTreeMap::new();
    for (start, window) in windows {
        let Some(people) = window.people.value() else { continue };
        let time = local.time_of(*start);
        if by_day.get(&time.date).is_none_or(|peak| people > peak.people) {
            let peak = Peak {
                start_unix_secs: *start,
                date: time.date.to_string(),
                minute_of_day: time.minute_of_day,
                people,
                density_max: window.density_max,
                kind: DayKind::of(time.date, events),
            };
            by_day.insert(time.date, peak);
        }
    }
    let mut peaks: Vec<Peak> = by_day.into_values().collect();
    peaks.sort_by(|a, b| b.people.total_cmp(&a.people));
    peaks.truncate(count);
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(days: &[(&str, f64)]) -> Vec<(i64, ZoneRollup)> {
        let local = Local::of("Asia/Shanghai").unwrap();
        days.iter()
            .map(|(date, people)| {
                let noon = local.start_of(date.parse().unwrap()) + 12 * 3600;
                (
                    noon,
                    ZoneRollup { people: Mean { sum: people * 900.0, secs: 900.0 }, ..ZoneRollup::default() },
                )
            })
            .collect()
    }

    #[test]
    fn a_market_day_is_no_ordinary_day() {
        let local = Local::of("Asia/Shanghai").unwrap();
        let events = kinds_by_day(&[CalendarEvent {
            date: "2026-07-03".to_owned(),
            name: "market".to_owned(),
            kind: EventKind::Market,
            site: None,
        }]);
        // Wednesday to Friday, and the Monday after: the market of Friday must not make workdays fuller.
        let windows = windows(&[
            ("2026-06-30", 10.0),
            ("2026-07-01", 20.0),
            ("2026-07-02", 30.0),
            ("2026-07-03", 5000.0),
            ("2026-07-06", 40.0),
        ]);
        let days = Days::of(&windows, &local, &events);
        let typical = days.all_typical();
        assert_eq!(typical.len(), 1, "one market day is too few to be typical");
        assert_eq!(typical[0].kind, DayKind::Workday);
        assert_eq!(typical[0].points[0].minute_of_day, 720);
        assert!((typical[0].points[0].people_median - 25.0).abs() < 1e-9);
        let today = days.last_compared().unwrap();
        assert_eq!(today.date, "2026-07-06");
        assert_eq!(
            today.points[0].typical.as_ref().unwrap().days,
            3,
            "the day itself is not among the others"
        );
        assert_eq!(today.above_band, Some(1.0));
        assert_eq!(peaks(&windows, &local, &events, 1)[0].kind, DayKind::Market);
    }

    #[test]
    fn an_hour_that_was_never_seen_is_null_in_the_table() {
        let local = Local::of("Asia/Shanghai").unwrap();
        let table = by_weekday_and_hour(&windows(&[("2026-07-01", 7.0)]), &local, |window| window.people);
        assert_eq!(table[2][12], Some(7.0));
        assert_eq!(table.iter().flatten().filter(|cell| cell.is_some()).count(), 1);
    }
}
