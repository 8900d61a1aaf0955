//! The rules, and the days they are applied to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date};

use super::{Advice, DeploymentRequest, HourAdvice, Ratios, Text, TotalAdvice, ZoneAdvice};
use crate::{
    calendar::{EventKind, parse_date},
    error::HistoryError,
    history::History,
    local::{Local, weekday_of},
    pattern::{DayKind, kinds_by_day},
    report::ZoneFacts,
    stats::quantile,
    store::{PeopleAndDensity, SeriesKind},
};

/// English and Chinese names of weekdays, Monday first.
const WEEKDAYS: [(&str, &str); 7] = [
    ("Mondays", "星期一"),
    ("Tuesdays", "星期二"),
    ("Wednesdays", "星期三"),
    ("Thursdays", "星期四"),
    ("Fridays", "星期五"),
    ("Saturdays", "星期六"),
    ("Sundays", "星期日"),
];

fn text(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

impl Ratios {
    fn check(&self) -> Result<(), HistoryError> {
        let positive = [
            self.people_per_officer,
            self.people_per_officer_dense,
            self.people_per_officer_very_dense,
            self.dense_people_per_m2,
            self.very_dense_people_per_m2,
        ];
        let fine = positive.iter().all(|number| number.is_finite() && *number > 0.0)
            && self.dense_people_per_m2 <= self.very_dense_people_per_m2
            && self.people_without_officer >= 0.0
            && (0.0..=1.0).contains(&self.upper_band)
            && (1..=1000).contains(&self.days_min)
            && (1..=520).contains(&self.weeks_back)
            && self.years_back_for_events <= 50;
        if fine {
            return Ok(());
        }
        Err(HistoryError::BadRequest(
            "the ratios make no sense: people per officer and densities must be above 0, the dense limit not above the \
             very dense one, upper_band from 0 to 1, days_min and weeks_back 1 or more"
                .to_owned(),
        ))
    }

    fn formula(&self) -> Text {
        let (low, lower, lowest) =
            (self.people_per_officer, self.people_per_officer_dense, self.people_per_officer_very_dense);
        let (dense, very_dense) = (self.dense_people_per_m2, self.very_dense_people_per_m2);
        let (min, without, band) = (self.officers_min, self.people_without_officer, self.upper_band * 100.0);
        text(
            format!(
                "警力 = max({min}, ⌈人数 ÷ 每名警力负责人数⌉)。人数取可比日中该小时最满一刻钟人数的第{band:.0}百分位；\
                 每名警力负责{low:.0}人，密度达{dense}人/平方米时{lower:.0}人，达{very_dense}人/平方米时{lowest:.0}人；\
                 人数不超过{without:.0}时由巡逻兼顾（0名）。"
            ),
            format!(
                "officers = max({min}, people / people per officer, rounded up). People: the {band:.0}th percentile, over \
                 comparable days, of the fullest quarter of that hour. People per officer: {low:.0}; {lower:.0} from \
                 {dense} people/m2; {lowest:.0} from {very_dense} people/m2. Up to {without:.0} people a zone is left to \
                 patrols (0)."
            ),
        )
    }
}

/// Officers for an hour of a zone: from the people in the fullest quarter of that hour on comparable days, and the mean
/// density then. Pure.
pub fn advise_hour(
    hour: usize,
    mut people: Vec<f64>,
    mut densities: Vec<f64>,
    capacity_people: Option<f64>,
    ratios: &Ratios,
) -> HourAdvice {
    let days = people.len();
    let mut advice = HourAdvice {
        hour,
        officers: None,
        limit_inflow: false,
        days,
        people_median: quantile(&mut people, 0.5),
        people_upper: quantile(&mut people, ratios.upper_band),
        density_upper: quantile(&mut densities, ratios.upper_band),
        people_per_officer: None,
        reason: Text::default(),
    };
    let Some(upper) = advice.people_upper.filter(|_| days >= ratios.days_min) else {
        let needed = ratios.days_min;
        advice.reason = text(
            format!("数据不足：只有{days}个可比日有数据，需要{needed}个。不等于不需要警力。"),
            format!(
                "Too little is known: {days} comparable days of {needed} needed. This does not mean none are needed."
            ),
        );
        return advice;
    };
    let over_capacity = capacity_people.is_some_and(|capacity| upper > capacity);
    let density = advice.density_upper;
    let very_dense = density.is_some_and(|density| density >= ratios.very_dense_people_per_m2);
    let dense = density.is_some_and(|density| density >= ratios.dense_people_per_m2);
    advice.limit_inflow = over_capacity || very_dense;
    if upper <= ratios.people_without_officer && !dense && !over_capacity {
        let without = ratios.people_without_officer;
        advice.officers = Some(0);
        advice.reason = text(
            format!("预计最多{upper:.0}人，不超过{without:.0}人：由巡逻兼顾。"),
            format!("{upper:.0} people at most, not above {without:.0}: left to patrols."),
        );
        return advice;
    }
    let per_officer = if very_dense {
        ratios.people_per_officer_very_dense
    } else if dense {
        ratios.people_per_officer_dense
    } else {
        ratios.people_per_officer
    };
    let by_ratio = (upper / per_officer).ceil() as u32;
    let officers = by_ratio.max(ratios.officers_min);
    advice.officers = Some(officers);
    advice.people_per_officer = Some(per_officer);
    let (shown_zh, shown_en) = density.map_or_else(
        || ("密度未知".to_owned(), "density unknown".to_owned()),
        |density| (format!("密度{density:.1}人/平方米"), format!("{density:.1} people/m2")),
    );
    let mut zh = format!("预计最多{upper:.0}人（{shown_zh}），每名警力负责{per_officer:.0}人：{by_ratio}名");
    let mut en =
        format!("{upper:.0} people at most ({shown_en}), one officer for {per_officer:.0}: {by_ratio}");
    if officers > by_ratio {
        zh = format!("{zh}，但至少{officers}名");
        en = format!("{en}, but {officers} at least");
    }
    if over_capacity {
        zh += "。超过容量：须限制进入";
        en += ". More than the zone may hold: limit the inflow";
    } else if very_dense {
        zh += "。密度很高：须限制进入";
        en += ". Very dense: limit the inflow";
    }
    advice.reason = text(zh + "。", en + ".");
    advice
}

impl History {
    /// How many officers where and when on a day.
    ///
    /// # Errors
    /// The day, the time zone or the ratios make no sense, or the store cannot be read.
    pub fn deployment(&self, request: &DeploymentRequest, ratios: &Ratios) -> Result<Advice, HistoryError> {
        ratios.check()?;
        let date = parse_date(&request.date)?;
        let local = Local::of(&request.time_zone)?;
        let years = i64::from(ratios.years_back_for_events.max(1));
        let first =
            date.saturating_sub(years.years()).min(date.saturating_sub(i64::from(ratios.weeks_back).weeks()));
        let events =
            self.read(|store| store.events(Some(&request.site), &first.to_string(), &request.date))?;
        let kinds = kinds_by_day(&events);
        let kind = DayKind::of(date, &kinds);
        let (days, basis) = comparable_days(date, kind, &kinds, ratios);
        let zones: Vec<(i64, String)> = self
            .read(|store| store.all_series(Some(&request.site)))?
            .into_iter()
            .filter(|(_, key)| key.kind == SeriesKind::Zone && !key.drill)
            .map(|(number, key)| (number, key.name))
            .collect();
        let mut advised = Self::read_each(&zones, |(number, zone)| {
            let facts = request.zones.iter().find(|facts| facts.id == *zone);
            self.advise_zone(*number, zone, facts, &days, &local, ratios)
        })?;
        // Zones of the site's file that have no history at all are unknown, not absent.
        for facts in request.zones.iter().filter(|facts| zones.iter().all(|(_, zone)| *zone != facts.id)) {
            advised.push(ZoneAdvice {
                zone: facts.id.clone(),
                name: facts.name.clone(),
                days: Vec::new(),
                hours: (0..24)
                    .map(|hour| advise_hour(hour, Vec::new(), Vec::new(), facts.capacity_people, ratios))
                    .collect(),
            });
        }
        Ok(Advice {
            site: request.site.clone(),
            date: request.date.clone(),
            time_zone: request.time_zone.clone(),
            kind,
            events: events.into_iter().filter(|e| e.date == request.date).map(|event| event.name).collect(),
            ratios: ratios.clone(),
            formula: ratios.formula(),
            basis,
            totals: totals(&advised),
            zones: advised,
            notes: vec![
                text(
                    "比例是起点，以当地主管部门的规定为准；由人决定。",
                    "The ratios are a starting point: the responsible authority's rules hold, and a person decides.",
                ),
                text(
                    "只依据过去的相似日：天气、交通和未登记的活动不在其中。",
                    "It knows days like this one only: no weather, no transport, no event that is not in the calendar.",
                ),
            ],
        })
    }

    fn advise_zone(
        &self,
        number: i64,
        zone: &str,
        facts: Option<&ZoneFacts>,
        days: &[Date],
        local: &Local,
        ratios: &Ratios,
    ) -> Result<ZoneAdvice, HistoryError> {
        let mut people: Vec<Vec<f64>> = vec![Vec::new(); 24];
        let mut densities: Vec<Vec<f64>> = vec![Vec::new(); 24];
        let mut seen = Vec::new();
        for date in days {
            let (from, to) = local.day(*date);
            let windows = self.read(|store| store.people_and_density(number, from, to))?;
            let fullest = fullest_by_hour(&windows, local);
            if fullest.iter().any(|(people, _)| people.is_some()) {
                seen.push(date.to_string());
            }
            for (hour, (most, density)) in fullest.into_iter().enumerate() {
                people[hour].extend(most);
                densities[hour].extend(density);
            }
        }
        let capacity = facts.and_then(|facts| facts.capacity_people);
        let hours = people
            .into_iter()
            .zip(densities)
            .enumerate()
            .map(|(hour, (people, densities))| advise_hour(hour, people, densities, capacity, ratios))
            .collect();
        let name = facts.map_or(zone, |facts| &facts.name).to_owned();
        Ok(ZoneAdvice { zone: zone.to_owned(), name, days: seen, hours })
    }
}

/// Most people, and highest mean density, of the quarters of each hour of a day.
fn fullest_by_hour(windows: &[PeopleAndDensity], local: &Local) -> [(Option<f64>, Option<f64>); 24] {
    let mut hours = [(None, None); 24];
    for (start, in_window, dense) in windows {
        let Some((people, density)) = hours.get_mut(local.time_of(*start).minute_of_day / 60) else {
            continue;
        };
        *people = in_window.max_known(*people);
        *density = dense.max_known(*density);
    }
    hours
}

trait MaxKnown {
    /// The larger of two that may be unknown.
    fn max_known(self, other: Self) -> Self;
}

impl MaxKnown for Option<f64> {
    fn max_known(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (known, None) | (None, known) => known,
        }
    }
}

/// Days before this one that are like it: the same weekday for ordinary days, the same kind for others.
fn comparable_days(
    date: Date,
    kind: DayKind,
    kinds: &BTreeMap<Date, BTreeSet<EventKind>>,
    ratios: &Ratios,
) -> (Vec<Date>, Text) {
    if matches!(kind, DayKind::Workday | DayKind::Weekend) {
        let weeks = ratios.weeks_back;
        let days = (1..=i64::from(weeks))
            .map(|week| date.saturating_sub(week.weeks()))
            .filter(|day| DayKind::of(*day, kinds) == kind)
            .collect();
        let (en, zh) = WEEKDAYS[weekday_of(date)];
        return (
            days,
            text(
                format!("此前{weeks}周内、日历上没有特殊安排的{zh}。"),
                format!("{en} of the {weeks} weeks before with nothing in the calendar."),
            ),
        );
    }
    let years = ratios.years_back_for_events;
    let days = kinds.keys().rev().filter(|day| **day < date && DayKind::of(**day, kinds) == kind).copied();
    let (zh, en) = match kind {
        DayKind::Holiday => ("节假日", "holidays"),
        DayKind::Market => ("集市日", "market days"),
        DayKind::Closure => ("封闭日", "days with a closure"),
        _ => ("活动日", "days with an event"),
    };
    (
        days.collect(),
        text(
            format!("此前{years}年内日历上的{zh}。"),
            format!("The {en} of the {years} years before, by the calendar."),
        ),
    )
}

/// Officers in all by hour, with the zones of which too little is known.
fn totals(zones: &[ZoneAdvice]) -> Vec<TotalAdvice> {
    (0..24)
        .map(|hour| {
            let of_hour = || zones.iter().filter_map(|zone| Some((zone, zone.hours.get(hour)?)));
            let known: Vec<u32> = of_hour().filter_map(|(_, advice)| advice.officers).collect();
            TotalAdvice {
                hour,
                officers: (!known.is_empty()).then(|| known.iter().sum()),
                zones_unknown: of_hour()
                    .filter(|(_, advice)| advice.officers.is_none())
                    .map(|(zone, _)| zone.zone.clone())
                    .collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(people: &[f64], densities: &[f64]) -> HourAdvice {
        advise_hour(18, people.to_vec(), densities.to_vec(), Some(2000.0), &Ratios::default())
    }

    #[test]
    fn no_data_is_not_zero_officers() {
        let advice = hour(&[], &[]);
        assert_eq!((advice.officers, advice.people_upper), (None, None));
        assert!(advice.reason.en.contains("does not mean none"));
        assert_eq!(hour(&[900.0, 900.0], &[1.0, 1.0]).officers, None, "two days are too few");
    }

    #[test]
    fn officers_follow_people_and_the_stated_ratio() {
        let advice = hour(&[1000.0, 1000.0, 1000.0], &[1.0, 1.0, 1.0]);
        assert_eq!((advice.officers, advice.people_per_officer), (Some(4), Some(250.0)));
        assert_eq!(advice.reason.en, "1000 people at most (1.0 people/m2), one officer for 250: 4.");
        assert!(advice.reason.zh.contains("1000人"));
    }

    #[test]
    fn a_full_day_is_planned_for_and_not_the_mean_one() {
        let advice = hour(&[100.0; 9].iter().chain(&[1100.0; 2]).copied().collect::<Vec<_>>(), &[1.0; 11]);
        assert_eq!((advice.people_median, advice.people_upper), (Some(100.0), Some(1100.0)));
        assert_eq!(advice.officers, Some(5));
    }

    #[test]
    fn a_dense_crowd_needs_more_and_a_very_dense_one_must_not_grow() {
        let dense = hour(&[1000.0; 3], &[3.2; 3]);
        assert_eq!((dense.officers, dense.limit_inflow), (Some(8), false));
        let very_dense = hour(&[1000.0; 3], &[4.0; 3]);
        assert_eq!((very_dense.officers, very_dense.limit_inflow), (Some(10), true));
        let over_capacity = hour(&[2500.0; 3], &[1.0; 3]);
        assert_eq!((over_capacity.officers, over_capacity.limit_inflow), (Some(10), true));
    }

    #[test]
    fn nobody_stands_in_a_crowd_alone_and_an_empty_zone_is_for_patrols() {
        assert_eq!(hour(&[60.0; 3], &[0.2; 3]).officers, Some(2));
        assert_eq!(hour(&[20.0; 3], &[0.1; 3]).officers, Some(0));
    }

    #[test]
    fn a_zone_that_is_unknown_is_named_beside_the_total() {
        let zone = |zone: &str, people: &[f64]| ZoneAdvice {
            zone: zone.to_owned(),
            name: zone.to_owned(),
            days: Vec::new(),
            hours: (0..24)
                .map(|hour| advise_hour(hour, people.to_vec(), Vec::new(), None, &Ratios::default()))
                .collect(),
        };
        let total = &totals(&[zone("gate", &[500.0; 3]), zone("dark", &[])])[9];
        assert_eq!(
            (total.officers, total.zones_unknown.as_slice()),
            (Some(2), ["dark".to_owned()].as_slice())
        );
        assert_eq!(totals(&[zone("dark", &[])])[9].officers, None);
    }
}
