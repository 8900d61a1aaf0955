//! Alarms and how soon they were answered.

use serde::{Deserialize, Serialize};
use throng_analytics::{level::Level, time::Timestamp};

/// An incident with its times; a later record of the same incident replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmRecord {
    /// Id of the site.
    pub site: String,
    /// Id of the incident.
    pub incident: String,
    /// Id of the zone; absent where the incident is of a camera.
    pub zone: Option<String>,
    /// Highest level it reached; absent where it never was known.
    pub level: Option<Level>,
    /// Whether it was a drill.
    pub drill: bool,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When its answer times began: when it was raised, or rose to a level that had to be answered anew.
    pub called_at: Timestamp,
    /// When somebody answered for it.
    pub acknowledged_at: Option<Timestamp>,
    /// When somebody was on the way.
    pub on_the_way_at: Option<Timestamp>,
    /// When somebody arrived.
    pub arrived_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Why it was closed.
    pub reason: Option<String>,
    /// Who answered for it.
    pub operator: Option<String>,
}

/// Which alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlarmQuery {
    /// Of one site; all without.
    pub site: Option<String>,
    /// Raised at or after.
    pub from: Option<Timestamp>,
    /// Raised before.
    pub to: Option<Timestamp>,
    /// Only those that are open (`Some(true)`) or closed (`Some(false)`).
    pub open: Option<bool>,
    /// With drills.
    pub drills: bool,
    /// At most so many, newest first; 0 is all.
    pub limit: usize,
}

/// How soon alarms were answered, against 1, 3 and 5 minutes. Counts are of alarms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerTimes {
    /// Alarms in all.
    pub count: usize,
    /// Answered within one minute.
    pub acknowledged_within_1_min: usize,
    /// Alarms to which somebody had to go: orange and red. Those of three and five minutes are among them.
    pub count_to_go: usize,
    /// Somebody on the way within three minutes.
    pub on_the_way_within_3_min: usize,
    /// Somebody there within five minutes.
    pub arrived_within_5_min: usize,
    /// Never answered.
    pub never_acknowledged: usize,
    /// Median seconds until answered; absent where none was.
    pub median_secs_to_acknowledge: Option<f64>,
    /// Median seconds until somebody was there, at orange and red; absent where nobody was.
    pub median_secs_to_arrive: Option<f64>,
}

/// How soon these alarms were answered.
pub fn answer_times(alarms: &[AlarmRecord]) -> AnswerTimes {
    let secs = |of: &[&AlarmRecord], to: fn(&AlarmRecord) -> Option<Timestamp>| -> Vec<f64> {
        of.iter().filter_map(|alarm| Some(to(alarm)?.secs_since(alarm.called_at).max(0.0))).collect()
    };
    let all: Vec<&AlarmRecord> = alarms.iter().collect();
    let to_go: Vec<&AlarmRecord> = alarms.iter().filter(|alarm| alarm.level >= Some(Level::Orange)).collect();
    let acknowledged = secs(&all, |alarm| alarm.acknowledged_at);
    let (on_the_way, arrived) =
        (secs(&to_go, |alarm| alarm.on_the_way_at), secs(&to_go, |alarm| alarm.arrived_at));
    let within = |secs: &[f64], limit_secs: f64| secs.iter().filter(|secs| **secs <= limit_secs).count();
    AnswerTimes {
        count: alarms.len(),
        acknowledged_within_1_min: within(&acknowledged, 60.0),
        count_to_go: to_go.len(),
        on_the_way_within_3_min: within(&on_the_way, 180.0),
        arrived_within_5_min: within(&arrived, 300.0),
        never_acknowledged: alarms.len() - acknowledged.len(),
        median_secs_to_acknowledge: median(acknowledged),
        median_secs_to_arrive: median(arrived),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    crate::stats::quantile(&mut values, 0.5)
}
