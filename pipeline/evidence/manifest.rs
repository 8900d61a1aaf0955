//! What a bundle says of itself: which alarm it is of, by which configuration and model, and the digest of each file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throng_analytics::{
    level::Level,
    time::Timestamp,
    warning::Change,
    wire::{ModelRef, Signal, Warning, WarningTransition},
};

/// Name and version of the form of a bundle.
pub const SCHEMA: &str = "throng.evidence.v1";

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// Id of the site.
    pub site: String,
    /// Id of the zone.
    pub zone: String,
    /// The incident.
    pub incident: String,
    /// The highest level of the bundle.
    pub level: Level,
    /// When it was first reached.
    pub alarm_at: Timestamp,
    /// The first input.
    pub from: Timestamp,
    /// The last.
    pub until: Timestamp,
    /// When the bundle was written.
    pub made_at: Timestamp,
    /// Version of the program.
    pub throng_version: String,
    /// The counter behind the inputs.
    pub model: ModelRef,
    /// SHA-256 of the site file as it was, secrets and all.
    pub config_sha256: String,
    /// Whether it was an exercise.
    pub drill: bool,
    /// Changes of the zone's level between the first input and the last.
    pub changes: Vec<LevelChange>,
    /// The last warning of each zone before the first input.
    pub begins_with: Vec<Warning>,
    /// Signals from outside that lasted, or would begin, at the first input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// The clips.
    pub clips: Vec<ClipFacts>,
    /// What came of playing the inputs again when the bundle was written: empty where the same.
    pub replay_differs: Vec<String>,
    /// Name of the key that sealed it.
    pub key_id: String,
    /// SHA-256 of each other file by its name.
    pub files: BTreeMap<String, String>,
}

/// A change of a zone's level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelChange {
    /// The time of the step.
    pub at: Timestamp,
    /// What happened.
    pub transition: WarningTransition,
    /// The level before; none: not known.
    pub from: Option<Level>,
    /// The level now; none: not known.
    pub to: Option<Level>,
    /// The density then, people/m2; none: not known.
    pub density_people_per_m2: Option<f64>,
}

impl LevelChange {
    /// Of a change at a step.
    pub fn of(at: Timestamp, change: &Change, density_people_per_m2: Option<f64>) -> Self {
        Self { at, transition: change.transition, from: change.from, to: change.to, density_people_per_m2 }
    }

    /// Whether it is an alarm that a bundle is kept of: up, to orange or red.
    pub fn is_alarm(&self) -> bool {
        let rose = matches!(self.transition, WarningTransition::Raised | WarningTransition::Escalated);
        rose && self.to.is_some_and(|level| level >= Level::Orange)
    }
}

/// A clip of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipFacts {
    /// Id of the camera.
    pub camera: String,
    /// Pictures in it.
    pub pictures: usize,
    /// Whether faces and plates were made unrecognisable before anything was kept.
    pub is_concealed: bool,
}
