//! What a site's history says of a period: for people to read, and as tables to work on.

pub(crate) mod build;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throng_analytics::time::Timestamp;

use crate::{
    alarm::{AlarmRecord, AnswerTimes},
    calendar::{CalendarEvent, parse_date},
    clock::at_unix_secs,
    error::HistoryError,
    local::Local,
    pattern::{ComparedDay, Peak, TypicalDay, WeekTable},
};

/// Language of a report for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    #[default]
    En,
}

/// What is known of a zone beside its history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZoneFacts {
    /// Id of the zone.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its area, m2.
    pub area_m2: Option<f64>,
    /// How many it may hold.
    pub capacity_people: Option<f64>,
    /// Ids of the lines around it.
    pub lines: Vec<String>,
    /// Whether these lines are all ways in and out, as the site's file states.
    pub is_enclosed: bool,
}

/// Which report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRequest {
    /// Id of the site.
    pub site: String,
    /// From.
    pub from: Timestamp,
    /// To, not within.
    pub to: Timestamp,
    /// The site's time zone, an IANA name.
    pub time_zone: String,
    /// Only of this zone.
    pub zone: Option<String>,
    /// What else is known of the zones; a zone that is not here has its id as name.
    pub zones: Vec<ZoneFacts>,
    /// Names of lines by their ids; a line that is not here has its id as name.
    pub line_names: BTreeMap<String, String>,
}

impl ReportRequest {
    /// A whole site from a day to a day (`YYYY-MM-DD`), both within, by the site's clock.
    ///
    /// # Errors
    /// A day or the time zone is none.
    pub fn of_days(site: &str, first: &str, last: &str, time_zone: &str) -> Result<Self, HistoryError> {
        let local = Local::of(time_zone)?;
        let (first, last) = (parse_date(first)?, parse_date(last)?);
        Ok(Self {
            site: site.to_owned(),
            from: at_unix_secs(local.start_of(first)),
            to: at_unix_secs(local.day(last).1),
            time_zone: time_zone.to_owned(),
            zone: None,
            zones: Vec::new(),
            line_names: BTreeMap::new(),
        })
    }
}

/// A report. Whatever is not known is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Id of the site.
    pub site: String,
    /// From.
    pub from: Timestamp,
    /// To, not within.
    pub to: Timestamp,
    /// The time zone of all days and hours in it.
    pub time_zone: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Length of the windows that it is made of, seconds.
    pub window_secs: i64,
    /// By zone.
    pub zones: Vec<ZoneReport>,
    /// By line.
    pub lines: Vec<LineReport>,
    /// What the calendar holds of the period.
    pub events: Vec<CalendarEvent>,
    /// Incidents, without drills.
    pub alarms: AlarmReport,
}

/// A zone in a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneReport {
    /// Id of the zone.
    pub zone: String,
    /// Its name.
    pub name: String,
    /// Mean number of people.
    pub people_mean: Option<f64>,
    /// Most people at once.
    pub people_max: Option<f64>,
    /// Mean density, people/m2.
    pub density_mean: Option<f64>,
    /// Density of the dense places that was exceeded a twentieth of the time, people/m2.
    pub density_p95: Option<f64>,
    /// Highest local density, people/m2.
    pub density_max: Option<f64>,
    /// Mean speed, m/s.
    pub speed_mean: Option<f64>,
    /// Highest score, 0 to 100.
    pub score_max: Option<f64>,
    /// Seconds at each level: normal, blue, yellow, orange, red.
    pub level_secs: [f64; 5],
    /// Seconds of the period at no known level.
    pub unknown_secs: f64,
    /// Part of zone and period that was seen, 0 to 1.
    pub coverage: Option<f64>,
    /// Mean people by hour of the day.
    pub people_by_hour: Vec<Option<f64>>,
    /// Mean density by hour of the day, people/m2.
    pub density_by_hour: Vec<Option<f64>>,
    /// Mean people by weekday and hour.
    pub people_by_weekday_and_hour: WeekTable,
    /// Mean density by weekday and hour, people/m2.
    pub density_by_weekday_and_hour: WeekTable,
    /// The busiest times, one a day.
    pub peaks: Vec<Peak>,
    /// How the kinds of days go.
    pub typical_days: Vec<TypicalDay>,
    /// The last day beside the others of its kind.
    pub last_day: Option<ComparedDay>,
    /// How long people stay.
    pub dwell: Dwell,
}

/// How long people stay, by Little's law: people in the zone over people who pass through it a second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dwell {
    /// Mean stay, minutes; absent where the law's conditions are not met.
    pub mean_minutes: Option<f64>,
    /// Mean people in the zone.
    pub people_mean: Option<f64>,
    /// People through it a second: half of those in and out.
    pub people_per_s: Option<f64>,
    /// What was asked of the data, in English.
    pub conditions: &'static str,
    /// Which of the conditions is not met, in English; absent where all are.
    pub missing: Option<String>,
}

/// A line in a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineReport {
    /// Id of the line.
    pub line: String,
    /// Its name.
    pub name: String,
    /// People who came in while it was known.
    pub in_people: Option<f64>,
    /// People who went out while it was known.
    pub out_people: Option<f64>,
    /// Part of the period for which both were known, 0 to 1.
    pub coverage: f64,
    /// People an hour who come in, by hour of the day.
    pub in_people_per_hour_by_hour: Vec<Option<f64>>,
    /// People an hour who go out, by hour of the day.
    pub out_people_per_hour_by_hour: Vec<Option<f64>>,
}

/// Incidents in a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AlarmReport {
    /// How soon they were answered.
    pub answers: AnswerTimes,
    /// How many reached each level: normal (none), blue, yellow, orange, red.
    pub by_level: [usize; 5],
    /// The newest two hundred.
    pub newest: Vec<AlarmRecord>,
}
