//! What a run shows while it lasts: changes of level at once, the zones now and then.

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;
use throng_analytics::{
    level::Level,
    site::{SiteReport, ZoneReport},
    time::Timestamp,
    warning::Change,
};

use super::output;

/// Site time between two lines of status, seconds.
const STATUS_EVERY_SECS: f64 = 5.0;

/// Site time between two status objects of `--json`, seconds.
const JSON_EVERY_SECS: f64 = 1.0;

/// Prints a run as it goes.
pub struct Live {
    json: bool,
    time_zone: TimeZone,
    status_at: Option<Timestamp>,
}

impl Live {
    /// For people, or as JSON Lines.
    pub fn new(json: bool, time_zone: TimeZone) -> Self {
        Self { json, time_zone, status_at: None }
    }

    /// Shows what is known at one step.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(&mut self, report: &SiteReport) -> anyhow::Result<()> {
        for zone in &report.zones {
            for change in &zone.changes {
                self.change(report.now, zone, change)?;
            }
        }
        let period = if self.json { JSON_EVERY_SECS } else { STATUS_EVERY_SECS };
        if self.status_at.is_none_or(|at| report.now.secs_since(at) >= period) {
            self.status_at = Some(report.now);
            self.status(report)?;
        }
        Ok(())
    }

    fn change(&self, now: Timestamp, zone: &ZoneReport, change: &Change) -> anyhow::Result<()> {
        if self.json {
            return output::json_line(&json!({
                "event": "warning",
                "at": now,
                "zone": zone.zone,
                "transition": change.transition,
                "level": change.to.map(Level::name),
                "previous_level": change.from.map(Level::name),
                "incident": change.incident.id,
                "density_people_per_m2": zone.density_people_per_m2.map(|d| d.value),
                "people": zone.people.map(|p| p.value),
                "risk": zone.risk.as_ref().map(|r| r.score),
            }));
        }
        let from = change.from.map_or("unknown", Level::name);
        output::note(format!(
            "{}  {:<8} {} -> {}{}",
            clock_time(now, &self.time_zone),
            level_word(change.to),
            zone.zone,
            figures(zone),
            if change.from.is_some() { format!("  (was {from})") } else { String::new() },
        ));
        Ok(())
    }

    fn status(&self, report: &SiteReport) -> anyhow::Result<()> {
        if self.json {
            let zones: Vec<_> = report.zones.iter().map(ZoneLine::of).collect();
            return output::json_line(&json!({ "event": "zones", "at": report.now, "zones": zones }));
        }
        let zones: Vec<String> = report
            .zones
            .iter()
            .map(|zone| format!("{} {}{}", zone.zone, level_word(zone.level), figures(zone)))
            .collect();
        output::note(format!("{}  {}", clock_time(report.now, &self.time_zone), zones.join(" | ")));
        Ok(())
    }
}

/// A zone in a status object.
#[derive(Serialize)]
struct ZoneLine<'a> {
    zone: &'a str,
    level: Option<&'static str>,
    freshness: &'static str,
    density_people_per_m2: Option<f64>,
    people: Option<f64>,
    risk: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

impl<'a> ZoneLine<'a> {
    fn of(zone: &'a ZoneReport) -> Self {
        Self {
            zone: &zone.zone,
            level: zone.level.map(Level::name),
            freshness: zone.freshness.name(),
            density_people_per_m2: zone.density_people_per_m2.map(|d| d.value),
            people: zone.people.map(|p| p.value),
            risk: zone.risk.as_ref().map(|r| r.score),
            notes: &zone.notes,
        }
    }
}

/// A level as people read it; an absent one is loud, since it never means normal.
fn level_word(level: Option<Level>) -> String {
    level.map_or_else(|| "UNKNOWN".to_owned(), |level| level.name().to_uppercase())
}

fn figures(zone: &ZoneReport) -> String {
    let counted = match (zone.density_people_per_m2, zone.people) {
        (Some(density), Some(people)) => format!(
            "  {:.2} /m2 [{:.2}, {:.2}]  {:.1} people",
            density.value, density.lo, density.hi, people.value
        ),
        _ => String::new(),
    };
    let risk = zone.risk.as_ref().map_or_else(String::new, |risk| format!("  risk {:.0}", risk.score));
    counted + &risk
}

/// The time of day in a time zone.
pub fn clock_time(at: Timestamp, time_zone: &TimeZone) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.unix_nanos())).map_or_else(
        |_out_of_range| at.to_string(),
        |at| at.to_zoned_datetime(time_zone.clone()).strftime("%H:%M:%S").to_string(),
    )
}
