//! What a run came to: the closing line of `throng run` and `throng demo`.

use std::collections::BTreeMap;

use serde::Serialize;
use throng_analytics::{level::Level, site::SiteReport, wire::WarningTransition};

use crate::{latency::Percentiles, stream::counters::FrameCounters};

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Frames decoded.
    pub frames_decoded: u64,
    /// Frames counted.
    pub frames_counted: u64,
    /// Frames that were not counted, by cause.
    pub frames_dropped: BTreeMap<String, u64>,
    /// Every zone, by id.
    pub zones: BTreeMap<String, ZoneSummary>,
    /// Warnings raised, by level.
    pub warnings: WarningsByLevel,
    /// Capture to subscriber, in milliseconds.
    pub capture_to_bus_ms: Percentiles,
}

/// A zone over a run; absent numbers were never known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ZoneSummary {
    /// Mean number of people.
    pub people_mean: Option<f64>,
    /// Largest number of people.
    pub people_max: Option<f64>,
    /// Highest density.
    pub density_people_per_m2_max: Option<f64>,
    /// Highest level, by name.
    pub level_max: Option<&'static str>,
    #[serde(skip)]
    people_sum: f64,
    #[serde(skip)]
    people_samples: u64,
    #[serde(skip)]
    highest: Option<Level>,
}

/// How often each level was raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WarningsByLevel {
    /// Blue.
    pub blue: u64,
    /// Yellow.
    pub yellow: u64,
    /// Orange.
    pub orange: u64,
    /// Red.
    pub red: u64,
}

impl WarningsByLevel {
    fn add(&mut self, level: Level) {
        match level {
            Level::Normal => {}
            Level::Blue => self.blue += 1,
            Level::Yellow => self.yellow += 1,
            Level::Orange => self.orange += 1,
            Level::Red => self.red += 1,
        }
    }
}

impl Summary {
    /// Takes in what was known at one step.
    pub fn observe(&mut self, report: &SiteReport) {
        for zone in &report.zones {
            let total = self.zones.entry(zone.zone.clone()).or_default();
            if let Some(people) = zone.people {
                total.people_sum += people.value;
                total.people_samples += 1;
                total.people_mean = Some(rounded(total.people_sum / total.people_samples as f64));
                total.people_max = Some(larger(total.people_max, people.value));
            }
            if let Some(density) = zone.density_people_per_m2 {
                let known = total.density_people_per_m2_max;
                total.density_people_per_m2_max = Some(larger(known, density.value));
            }
            total.highest = total.highest.max(zone.level);
            total.level_max = total.highest.map(Level::name);
            for change in &zone.changes {
                let rose =
                    matches!(change.transition, WarningTransition::Raised | WarningTransition::Escalated);
                if let (true, Some(level)) = (rose, change.to) {
                    self.warnings.add(level);
                }
            }
        }
    }

    /// Takes in what became of a camera's frames.
    pub fn add_frames(&mut self, frames: &FrameCounters) {
        self.frames_decoded += frames.decoded();
        for (cause, frames) in frames.dropped() {
            *self.frames_dropped.entry(cause).or_default() += frames;
        }
    }

    /// Takes in another part of the same demonstration. Latencies are the caller's to merge.
    pub fn join(&mut self, other: Self) {
        self.frames_decoded += other.frames_decoded;
        self.frames_counted += other.frames_counted;
        for (cause, frames) in other.frames_dropped {
            *self.frames_dropped.entry(cause).or_default() += frames;
        }
        self.zones.extend(other.zones);
        self.warnings.blue += other.warnings.blue;
        self.warnings.yellow += other.warnings.yellow;
        self.warnings.orange += other.warnings.orange;
        self.warnings.red += other.warnings.red;
    }
}

/// The larger of what was known and a new value, to three decimals.
fn larger(known: Option<f64>, value: f64) -> f64 {
    rounded(known.map_or(value, |known| known.max(value)))
}

/// Three decimals: more would pretend to a precision that no count has.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
