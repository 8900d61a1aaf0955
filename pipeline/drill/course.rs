//! What came of an exercise, in seconds from its beginning.

use serde::{Deserialize, Serialize};
use throng_analytics::{level::Level, site::SiteReport, time::Timestamp, zone::Zone};
use throng_samples::crowd::truth::Truth;

/// The machine's side of an exercise; what people did about each alarm the console knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Id of the exercise.
    pub id: String,
    /// The site under which it is told.
    pub site: String,
    /// Id of the scenario.
    pub scenario: String,
    /// What happens in it.
    pub title: String,
    /// Who began it.
    pub by: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub ended_because: Option<String>,
    /// When five people had been squeezed with 1112 N for half a minute: the danger that warnings must precede.
    pub onset_secs: Option<f64>,
    /// When somebody would have come to harm.
    pub harm_secs: Option<f64>,
    /// The zones.
    pub zones: Vec<ZoneCourse>,
}

/// A zone in an exercise: when it first reached each level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ZoneCourse {
    /// Id, as the real zone's.
    pub zone: String,
    /// Name, as the real zone's.
    pub name: String,
    /// Its incidents.
    pub incidents: Vec<String>,
    /// Blue or higher.
    pub blue_secs: Option<f64>,
    /// Yellow or higher.
    pub yellow_secs: Option<f64>,
    /// Orange or higher.
    pub orange_secs: Option<f64>,
    /// Red.
    pub red_secs: Option<f64>,
    /// When the site first heard that somebody had seen it.
    pub acknowledged_secs: Option<f64>,
    /// Highest density, people/m2.
    pub density_max_people_per_m2: f64,
}

impl Course {
    /// Nothing has happened yet in these zones.
    pub fn new(id: &str, site: &str, scenario: [&str; 2], by: &str, zones: &[Zone], now: Timestamp) -> Self {
        let zone = |zone: &Zone| ZoneCourse {
            zone: zone.id.clone(),
            name: zone.name.clone(),
            ..ZoneCourse::default()
        };
        Self {
            id: id.to_owned(),
            site: site.to_owned(),
            scenario: scenario[0].to_owned(),
            title: scenario[1].to_owned(),
            by: by.to_owned(),
            started_at: now,
            ended_at: None,
            ended_because: None,
            onset_secs: None,
            harm_secs: None,
            zones: zones.iter().map(zone).collect(),
        }
    }

    /// Takes in a step of the exercise's site, and what no camera shows.
    pub(super) fn observe(&mut self, at_secs: f64, report: &SiteReport, truth: &Truth) {
        for (course, zone) in self.zones.iter_mut().zip(&report.zones) {
            let reached = |level: Level| zone.level.filter(|now| *now >= level).map(|_| at_secs);
            for (first, level) in [
                (&mut course.blue_secs, Level::Blue),
                (&mut course.yellow_secs, Level::Yellow),
                (&mut course.orange_secs, Level::Orange),
                (&mut course.red_secs, Level::Red),
            ] {
                *first = first.or_else(|| reached(level));
            }
            if let Some(density) = zone.density_people_per_m2 {
                course.density_max_people_per_m2 = course.density_max_people_per_m2.max(density.value);
            }
            let incident = zone.incident.as_ref().filter(|incident| !course.incidents.contains(&incident.id));
            course.incidents.extend(incident.map(|incident| incident.id.clone()));
        }
        self.onset_secs = self.onset_secs.or_else(|| truth.onset_secs().map(|_| at_secs));
        self.harm_secs = self.harm_secs.or_else(|| truth.harm_secs().map(|_| at_secs));
    }

    /// Somebody has seen an incident.
    pub(super) fn acknowledged(&mut self, at_secs: f64, incident: &str) {
        for zone in self.zones.iter_mut().filter(|zone| zone.incidents.iter().any(|known| known == incident))
        {
            zone.acknowledged_secs = zone.acknowledged_secs.or(Some(at_secs));
        }
    }
}
