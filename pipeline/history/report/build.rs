//! From the store to a report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use throng_analytics::level::Level;

use super::{AlarmReport, Dwell, LineReport, Report, ReportRequest, ZoneFacts, ZoneReport};
use crate::{
    alarm::{AlarmQuery, answer_times},
    calendar::EventKind,
    clock::unix_secs,
    error::HistoryError,
    history::History,
    local::Local,
    packed_day::Course,
    pattern::{self, Days, Week},
    resolution::Resolution,
    rollup::{LineRollup, Mean, Rollup as _, ZoneRollup},
    store::{SeriesKey, SeriesKind},
};

/// Windows that a report is made of at most; with more, they are of an hour rather than of a quarter of one.
const QUARTER_HOURS_MAX: i64 = 300_000;
/// Windows that a report is made of at most: 200 zones for a year, by hours.
const HOURS_MAX: i64 = 4_000_000;
/// Busiest times in a report.
const PEAKS: usize = 10;
/// Incidents in a report.
const ALARMS: usize = 200;
/// How much more may come in than go out, of their mean, for a zone to be as full at the end as at the beginning.
const IMBALANCE_MAX: f64 = 0.2;
/// For which part of the period a line must have been seen to speak for all of it.
const LINE_COVERAGE_MIN: f64 = 0.5;

impl History {
    /// What the history of a site says of a period.
    ///
    /// # Errors
    /// The times or the time zone make no sense, the period is too long, or the store cannot be read.
    pub fn report(&self, request: &ReportRequest) -> Result<Report, HistoryError> {
        let local = Local::of(&request.time_zone)?;
        let (from, to) = (unix_secs(request.from), unix_secs(request.to));
        if to <= from {
            return Err(HistoryError::BadRequest("\"from\" must be before \"to\"".to_owned()));
        }
        let series = self.read(|store| store.all_series(Some(&request.site)))?;
        let wanted: Vec<_> =
            series.into_iter().filter(|(_, key)| !key.drill && is_wanted(request, key)).collect();
        let (wanted_zones, wanted_lines): (Vec<_>, Vec<_>) =
            wanted.iter().partition(|(_, key)| key.kind == SeriesKind::Zone);
        let resolution = self.resolution_for(from, to, i64::try_from(wanted.len()).unwrap_or(i64::MAX))?;
        let local = local.knowing(resolution.start_of(from), to, resolution.secs());
        let (first, last) = (local.time_of(from).date.to_string(), local.time_of(to - 1).date.to_string());
        let events = self.read(|store| store.events(Some(&request.site), &first, &last))?;
        let kinds = pattern::kinds_by_day(&events);
        let period = Period { from, to, local: &local, kinds: &kinds };

        let lines = Self::read_each(&wanted_lines, |(number, key)| {
            let course = self.read(|store| Course::read(store, resolution, *number, from, to))?;
            let name = request.line_names.get(&key.name).unwrap_or(&key.name);
            Ok(period.line(&key.name, name, &course))
        })?;
        let zones = Self::read_each(&wanted_zones, |(number, key)| {
            let course = self.read(|store| Course::read(store, resolution, *number, from, to))?;
            let facts = request.zones.iter().find(|facts| facts.id == key.name);
            Ok(period.zone(&key.name, facts, &course, &lines))
        })?;
        Ok(Report {
            site: request.site.clone(),
            from: request.from,
            to: request.to,
            time_zone: request.time_zone.clone(),
            made_at: self.now(),
            window_secs: resolution.secs(),
            zones,
            lines: lines.into_iter().map(|(line, _)| line).collect(),
            events,
            alarms: self.alarms_of(request)?,
        })
    }

    fn resolution_for(&self, from: i64, to: i64, series: i64) -> Result<Resolution, HistoryError> {
        let count = |resolution: Resolution| ((to - from) / resolution.secs()).saturating_mul(series);
        let oldest = self.retention().oldest(Resolution::QuarterHour, unix_secs(self.now()));
        if count(Resolution::QuarterHour) <= QUARTER_HOURS_MAX && oldest.is_none_or(|oldest| from >= oldest) {
            return Ok(Resolution::QuarterHour);
        }
        if count(Resolution::Hour) > HOURS_MAX {
            return Err(HistoryError::BadRequest(
                "this is too long a period for so many zones: ask for a shorter one, or for one zone"
                    .to_owned(),
            ));
        }
        Ok(Resolution::Hour)
    }

    fn alarms_of(&self, request: &ReportRequest) -> Result<AlarmReport, HistoryError> {
        let mut alarms = self.alarms(&AlarmQuery {
            site: Some(request.site.clone()),
            from: Some(request.from),
            to: Some(request.to),
            ..AlarmQuery::default()
        })?;
        alarms.retain(|alarm| request.zone.is_none() || alarm.zone == request.zone);
        let mut by_level = [0; 5];
        for level in alarms.iter().filter_map(|alarm| alarm.level) {
            by_level[usize::from(Level::number(level))] += 1;
        }
        let answers = answer_times(&alarms);
        alarms.truncate(ALARMS);
        Ok(AlarmReport { answers, by_level, newest: alarms })
    }
}

/// Whether a series belongs into a report: all of a site, or a zone and the lines around it.
fn is_wanted(request: &ReportRequest, key: &SeriesKey) -> bool {
    let Some(zone) = &request.zone else { return true };
    match key.kind {
        SeriesKind::Zone => key.name == *zone,
        SeriesKind::Line => {
            let of_zone = request.zones.iter().find(|facts| facts.id == *zone);
            of_zone.is_some_and(|facts| facts.lines.contains(&key.name))
        }
    }
}

/// What all parts of a report share.
struct Period<'a> {
    from: i64,
    to: i64,
    local: &'a Local,
    kinds: &'a BTreeMap<Date, BTreeSet<EventKind>>,
}

impl Period<'_> {
    fn secs(&self) -> f64 {
        (self.to - self.from) as f64
    }

    fn zone(
        &self,
        zone: &str,
        facts: Option<&ZoneFacts>,
        course: &Course<ZoneRollup>,
        lines: &[(LineReport, LineRollup)],
    ) -> ZoneReport {
        let whole = &course.whole;
        let (mut people, mut density, mut days) = (Week::default(), Week::default(), Days::default());
        for (start, window) in &course.windows {
            let time = self.local.time_of(*start);
            people.add(time, window.people);
            density.add(time, window.density);
            days.add(*start, time, window, self.kinds);
        }
        ZoneReport {
            zone: zone.to_owned(),
            name: facts.map_or(zone, |facts| &facts.name).to_owned(),
            people_mean: whole.people.value(),
            people_max: whole.people_max,
            density_mean: whole.density.value(),
            density_p95: whole.density_bins.quantile(0.95),
            density_max: whole.density_max,
            speed_mean: whole.speed.value(),
            score_max: whole.score_max,
            level_secs: whole.level_secs,
            unknown_secs: whole.unknown_secs(self.secs()),
            coverage: whole.coverage_of(self.secs()),
            people_by_hour: people.by_hour(),
            density_by_hour: density.by_hour(),
            people_by_weekday_and_hour: people.table(),
            density_by_weekday_and_hour: density.table(),
            peaks: days.peaks(PEAKS),
            typical_days: days.all_typical(),
            last_day: days.last_compared(),
            dwell: dwell(whole, facts, lines),
        }
    }

    /// A line, and all of it in one.
    fn line(&self, line: &str, name: &str, course: &Course<LineRollup>) -> (LineReport, LineRollup) {
        let whole = course.whole;
        let mut hours = [LineRollup::default(); 24];
        for (start, window) in &course.windows {
            if let Some(hour) = hours.get_mut(self.local.time_of(*start).minute_of_day / 60) {
                hour.merge(window);
            }
        }
        let an_hour = |people: f64, secs: f64| (secs > 0.0).then(|| people / secs * 3600.0);
        let report = LineReport {
            line: line.to_owned(),
            name: name.to_owned(),
            in_people: whole.people_in(),
            out_people: whole.people_out(),
            coverage: (whole.in_secs.min(whole.out_secs) / self.secs()).min(1.0),
            in_people_per_hour_by_hour: hours.iter().map(|h| an_hour(h.in_people, h.in_secs)).collect(),
            out_people_per_hour_by_hour: hours.iter().map(|h| an_hour(h.out_people, h.out_secs)).collect(),
        };
        (report, whole)
    }
}

/// Little's law, L = lambda W: it holds for means over a period at whose ends the zone is about as full, if everybody who
/// comes and goes is counted.
fn dwell(whole: &ZoneRollup, facts: Option<&ZoneFacts>, lines: &[(LineReport, LineRollup)]) -> Dwell {
    let people = whole.people.value();
    let around: Vec<&(LineReport, LineRollup)> = facts
        .iter()
        .flat_map(|facts| &facts.lines)
        .filter_map(|id| lines.iter().find(|(line, _)| line.line == *id))
        .collect();
    let mut rates = (Mean::default(), Mean::default());
    let mut rate = 0.0;
    for (_, sum) in &around {
        if sum.in_secs > 0.0 && sum.out_secs > 0.0 {
            let (rate_in, rate_out) = (sum.in_people / sum.in_secs, sum.out_people / sum.out_secs);
            rates.0.add(Some(rate_in), 1.0);
            rates.1.add(Some(rate_out), 1.0);
            rate += f64::midpoint(rate_in, rate_out);
        }
    }
    let imbalance = (rates.0.sum - rates.1.sum).abs();
    let missing = if people.is_none() {
        Some("nobody knows how many people were in the zone")
    } else if !facts.is_some_and(|facts| facts.is_enclosed && !facts.lines.is_empty()) {
        Some("the site's file does not state that lines enclose the zone")
    } else if around.len() < facts.map_or(0, |facts| facts.lines.len()) {
        Some("a line around the zone has no history")
    } else if around.iter().any(|(line, _)| line.coverage < LINE_COVERAGE_MIN) {
        Some("a line was seen for less than half of the period")
    } else if rate <= 0.0 {
        Some("nobody was counted across the lines")
    } else if imbalance > IMBALANCE_MAX * rate {
        Some(
            "many more came than went, or the reverse: the zone was not as full at the end as at the beginning",
        )
    } else {
        None
    };
    Dwell {
        mean_minutes: people.filter(|_| missing.is_none()).map(|people| people / rate / 60.0),
        people_mean: people,
        people_per_s: (rate > 0.0).then_some(rate),
        conditions: "Little's law: mean people over people a second. Lines are all ways in and out, each was seen for half of \
                     the period or more, and in and out differ by a fifth at most",
        missing: missing.map(str::to_owned),
    }
}
