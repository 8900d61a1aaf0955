//! An alarm as the history keeps it: what happened when, without the words.

use throng_history::AlarmRecord;

use super::{Life, TimerName};

/// An alarm for the history.
pub(crate) fn record(site: &str, incident: &str, zone: &str, drill: bool, life: &Life) -> AlarmRecord {
    let timer = |name| life.timers.iter().find(|timer| timer.name == name);
    let met_at = |name| timer(name)?.met_at;
    AlarmRecord {
        site: site.to_owned(),
        incident: incident.to_owned(),
        zone: Some(zone.to_owned()),
        level: Some(life.peak),
        drill,
        raised_at: life.raised_at,
        // All times of a level begin together.
        called_at: timer(TimerName::Answer)
            .map_or(life.raised_at, |timer| timer.due_at - 60.0 * timer.minutes),
        acknowledged_at: met_at(TimerName::Answer),
        on_the_way_at: met_at(TimerName::OnTheWay),
        arrived_at: met_at(TimerName::Arrived),
        closed_at: life.closed_at,
        reason: life.close_reason.clone(),
        operator: life.answered_by.clone(),
    }
}
