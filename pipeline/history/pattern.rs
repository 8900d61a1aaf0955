//! When a place is how full: by hour and weekday, on a typical day, at its peaks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    calendar::{CalendarEvent, EventKind, parse_date},
    local::{LocalTime, is_weekend},
    packed_day::Crowd,
    rollup::Mean,
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

/// A mean by weekday (Monday first) and hour of the day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Week([[Mean; 24]; 7]);

impl Week {
    pub(crate) fn add(&mut self, time: LocalTime, mean: Mean) {
        if let Some(sum) = self.0[time.weekday].get_mut(time.minute_of_day / 60) {
            sum.merge(mean);
        }
    }

    /// By weekday and hour; `None` where never seen.
    pub(crate) fn table(&self) -> WeekTable {
        self.0.iter().map(|hours| hours.iter().map(|sum| sum.value()).collect()).collect()
    }

    /// By hour of the day, over all days; `None` where never seen.
    pub(crate) fn by_hour(&self) -> Vec<Option<f64>> {
        let of_hour = |hour: usize| {
            let mut whole = Mean::default();
            for hours in &self.0 {
                whole.merge(hours[hour]);
            }
            whole.value()
        };
        (0..24).map(of_hour).collect()
    }
}

/// A zone day by day.
#[derive(Debug, Default)]
pub(crate) struct Days(Vec<Day>);

#[derive(Debug)]
struct Day {
    date: Date,
    kind: DayKind,
    /// People by minutes since midnight, in order.
    people: Vec<(usize, Mean)>,
    /// Start, minutes since midnight, people and highest density of its fullest window.
    fullest: Option<(i64, usize, f64, Option<f64>)>,
}

impl Days {
    pub(crate) fn add(
        &mut self,
        start: i64,
        time: LocalTime,
        window: &Crowd,
        events: &BTreeMap<Date, BTreeSet<EventKind>>,
    ) {
        let day = self.day(time.date, events);
        // Windows come in order of time, so that only an hour that comes twice is not the last.
        if day.people.last().is_none_or(|(last, _)| *last < time.minute_of_day) {
            day.people.push((time.minute_of_day, window.people));
        } else {
            match day.people.binary_search_by_key(&time.minute_of_day, |(minute, _)| *minute) {
                Ok(place) => day.people[place].1.merge(window.people),
                Err(place) => day.people.insert(place, (time.minute_of_day, window.people)),
            }
        }
        if let Some(people) = window.people.value()
            && day.fullest.is_none_or(|(_, _, most, _)| people > most)
        {
            day.fullest = Some((start, time.minute_of_day, people, window.density_max));
        }
    }

    fn day(&mut self, date: Date, events: &BTreeMap<Date, BTreeSet<EventKind>>) -> &mut Day {
        let place = match self.0.last() {
            Some(last) if last.date == date => self.0.len() - 1,
            _ => self.0.binary_search_by_key(&date, |day| day.date).unwrap_or_else(|place| {
                let kind = DayKind::of(date, events);
                self.0.insert(place, Day { date, kind, people: Vec::with_capacity(24), fullest: None });
                place
            }),
        };
        &mut self.0[place]
    }

    /// How days of a kind go, without one of them.
    fn typical(&self, kind: DayKind, without: Option<Date>) -> TypicalDay {
        // By minutes since midnight.
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); 24 * 60];
        for day in self.0.iter().filter(|day| day.kind == kind && Some(day.date) != without) {
            for (minute, mean) in &day.people {
                times[*minute].extend(mean.value());
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
        TypicalDay { kind, points: times.into_iter().enumerate().filter_map(point).collect() }
    }

    /// Typical days of every kind of which enough days were seen.
    pub(crate) fn all_typical(&self) -> Vec<TypicalDay> {
        let kinds: BTreeSet<DayKind> = self.0.iter().map(|day| day.kind).collect();
        kinds.into_iter().map(|kind| self.typical(kind, None)).filter(|day| !day.points.is_empty()).collect()
    }

    /// The last day beside the others of its kind.
    pub(crate) fn last_compared(&self) -> Option<ComparedDay> {
        let Day { date, kind, people, .. } = self.0.last()?;
        let people: BTreeMap<usize, Mean> = people.iter().copied().collect();
        let typical: BTreeMap<usize, TypicalPoint> = self
            .typical(*kind, Some(*date))
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
            kind: *kind,
            points,
            above_band: (!both.is_empty()).then(|| above as f64 / both.len() as f64),
        })
    }

    /// The fullest window of each of the fullest days, fullest first.
    pub(crate) fn peaks(&self, count: usize) -> Vec<Peak> {
        let of_day = |day: &Day| day.fullest.map(|fullest| (day.date, day.kind, fullest));
        let mut fullest: Vec<_> = self.0.iter().filter_map(of_day).collect();
        fullest.sort_by(|(_, _, a), (_, _, b)| b.2.total_cmp(&a.2));
        fullest.truncate(count);
        let peak = |(date, kind, (start_unix_secs, minute_of_day, people, density_max)): (Date, _, _)| Peak {
            start_unix_secs,
            date: date.to_string(),
            minute_of_day,
            people,
            density_max,
            kind,
        };
        fullest.into_iter().map(peak).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Local;

    /// Windows of a quarter of an hour at noon.
    fn windows(days: &[(&str, f64)]) -> Vec<(i64, LocalTime, Crowd)> {
        let local = Local::of("Asia/Shanghai").unwrap();
        let noon = |date: &str| local.start_of(date.parse().unwrap()) + 12 * 3600;
        let crowd =
            |people: f64| Crowd { people: Mean { sum: people * 900.0, secs: 900.0 }, ..Crowd::default() };
        days.iter().map(|(date, people)| (noon(date), local.time_of(noon(date)), crowd(*people))).collect()
    }

    #[test]
    fn a_market_day_is_no_ordinary_day() {
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
        let mut days = Days::default();
        for (start, time, crowd) in &windows {
            days.add(*start, *time, crowd, &events);
        }
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
        assert_eq!(days.peaks(1)[0].kind, DayKind::Market);
    }

    #[test]
    fn an_hour_that_was_never_seen_is_null_in_the_table() {
        let mut week = Week::default();
        for (_, time, crowd) in windows(&[("2026-07-01", 7.0)]) {
            week.add(time, crowd.people);
        }
        let table = week.table();
        assert_eq!((table[2][12], week.by_hour()[12]), (Some(7.0), Some(7.0)));
        assert_eq!(table.iter().flatten().filter(|cell| cell.is_some()).count(), 1);
    }
}
