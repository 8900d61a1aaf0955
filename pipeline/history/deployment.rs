//! How many officers where and when, from what days like that were like, and by ratios that are stated.
//!
//! Never a black box: every number comes with the people and density it was made of, the days they were taken from, the
//! rule that decided, and the rule's ratio. What is not known has no number: no data is not "0 officers".

mod advise;

use serde::{Deserialize, Serialize};

pub use advise::advise_hour;

use crate::{pattern::DayKind, report::ZoneFacts};

/// The ratios. They are guidance to start from: what holds is what the responsible authority says for the place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ratios {
    /// People whom one officer looks after in a crowd that moves freely. 250 is the ratio of stewards that Britain's
    /// event guides (HSG195 and the Green Guide's 1 to 250) start from; quoted from memory, check it against your own rules.
    pub people_per_officer: f64,
    /// Density from which more officers are needed, people/m2: Seoul's rooms address the crowd at 3 (`analytics.md` 5.3).
    pub dense_people_per_m2: f64,
    /// People an officer looks after from there on. Half of the ratio above: our choice, as no source gives one.
    pub people_per_officer_dense: f64,
    /// Density from which as many are needed as to limit the inflow, people/m2: Seoul sends staff at 4 (`analytics.md` 5.3).
    pub very_dense_people_per_m2: f64,
    /// People an officer looks after from there on: 100, what the Green Guide is quoted with for crowds of higher risk
    /// (from memory, check it).
    pub people_per_officer_very_dense: f64,
    /// Officers in a zone that needs any at least: two, as nobody stands in a crowd alone. Our choice.
    pub officers_min: u32,
    /// People up to which a zone needs none of its own, and is looked after by patrols. Our choice.
    pub people_without_officer: f64,
    /// Part of comparable days that must not have been fuller than what is planned for, 0 to 1.
    pub upper_band: f64,
    /// Comparable days of which something must be known, or there is no advice.
    pub days_min: usize,
    /// Weeks to look back for days of the same weekday.
    pub weeks_back: u32,
    /// Years to look back for days with the same kind of event.
    pub years_back_for_events: u32,
}

impl Default for Ratios {
    fn default() -> Self {
        Self {
            people_per_officer: 250.0,
            dense_people_per_m2: 3.0,
            people_per_officer_dense: 125.0,
            very_dense_people_per_m2: 4.0,
            people_per_officer_very_dense: 100.0,
            officers_min: 2,
            people_without_officer: 50.0,
            upper_band: 0.9,
            days_min: 3,
            weeks_back: 12,
            years_back_for_events: 3,
        }
    }
}

/// Which advice.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentRequest {
    /// Id of the site.
    pub site: String,
    /// The day to plan, `YYYY-MM-DD`.
    pub date: String,
    /// The site's time zone, an IANA name.
    pub time_zone: String,
    /// What else is known of the zones.
    pub zones: Vec<ZoneFacts>,
}

/// Advice for a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// Id of the site.
    pub site: String,
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// Its time zone.
    pub time_zone: String,
    /// What kind of day it is by the calendar.
    pub kind: DayKind,
    /// Its entries in the calendar.
    pub events: Vec<String>,
    /// The ratios that were used.
    pub ratios: Ratios,
    /// How the numbers are made, in English and Chinese.
    pub formula: Text,
    /// Which days it was compared with, in English and Chinese.
    pub basis: Text,
    /// By zone.
    pub zones: Vec<ZoneAdvice>,
    /// Officers in all, by hour of the day.
    pub totals: Vec<TotalAdvice>,
    /// What to keep in mind, in English and Chinese.
    pub notes: Vec<Text>,
}

/// A sentence in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Advice for a zone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneAdvice {
    /// Id of the zone.
    pub zone: String,
    /// Its name.
    pub name: String,
    /// The comparable days of which anything is known.
    pub days: Vec<String>,
    /// By hour of the day, 0 to 23.
    pub hours: Vec<HourAdvice>,
}

/// Advice for an hour of a zone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HourAdvice {
    /// Hour of the day, 0 to 23, by the clock on the wall.
    pub hour: usize,
    /// Officers; absent where too little is known, which is not 0.
    pub officers: Option<u32>,
    /// Whether people must be kept from coming in, whatever the number of officers.
    pub limit_inflow: bool,
    /// Comparable days on which this hour was seen.
    pub days: usize,
    /// People in the fullest quarter of the hour on the median day.
    pub people_median: Option<f64>,
    /// People in the fullest quarter of the hour on a full day (the upper band).
    pub people_upper: Option<f64>,
    /// Mean density at that, people/m2.
    pub density_upper: Option<f64>,
    /// People an officer looks after here and then; absent where no officer was computed.
    pub people_per_officer: Option<f64>,
    /// Why this number.
    pub reason: Text,
}

/// Officers in all in an hour.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TotalAdvice {
    /// Hour of the day, 0 to 23.
    pub hour: usize,
    /// Officers in the zones of which enough is known; absent where there is none.
    pub officers: Option<u32>,
    /// Zones that are not in it because too little is known.
    pub zones_unknown: Vec<String>,
}
