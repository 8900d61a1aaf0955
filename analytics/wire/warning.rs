//! The warning message.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{envelope::Envelope, zone::FactorKind};
use crate::{level::Level, time::Timestamp};

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// Too many people for the space.
    Crowding,
    /// The risk score is what raised the level.
    CrushRisk,
    /// Opposed streams.
    Counterflow,
    /// The crowd is growing fast: the level was raised on a forecast.
    Surge,
    /// There is no data any more.
    SensorLost,
}

/// What happened to make this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningTransition {
    /// A new incident.
    Raised,
    /// The incident went up.
    Escalated,
    /// The incident went down one level and goes on.
    Lowered,
    /// The incident is over.
    Cleared,
    /// The data were lost: the level is not known.
    Lost,
    /// The data are back.
    Restored,
    /// Nobody has acknowledged it in time: the next contact must be told.
    Unacknowledged,
    /// Its shelf has run out: it must be acknowledged anew.
    Unshelved,
    /// Nothing changed: a refresh before `expires_at`.
    Refreshed,
}

/// What to do, as a code; the wording is in `text`. After Helbing and Mukerji 2012, table 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningAction {
    /// Nothing.
    None,
    /// Watch the zone more closely.
    Monitor,
    /// Get staff and routes ready.
    Prepare,
    /// Limit the inflow, inform and redirect people.
    LimitInflow,
    /// Stop the inflow, open exits, relieve the pressure. A human decides.
    RelievePressure,
    /// Look with your own eyes: there is no data.
    VerifyByEye,
}

/// Density of the zone, people/m2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Density {
    /// Mean over the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Lower end of the 90 % interval of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lo: Option<f64>,
    /// Upper end of the 90 % interval of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hi: Option<f64>,
    /// 95th percentile of the local density (Gaussian, R = 1 m).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<f64>,
    /// Highest local density (Gaussian, R = 1 m).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// The risk score in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskSummary {
    /// 0 to 100; not a probability.
    pub score: f64,
    /// Share of each input in the score; they sum to 1.
    pub factors: BTreeMap<FactorKind, f64>,
}

/// A shape in GeoJSON (RFC 7946): longitude before latitude, WGS 84.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum Geometry {
    /// Rings of `[longitude, latitude]`, each closed; the first is the outline.
    Polygon {
        /// The rings.
        coordinates: Vec<Vec<[f64; 2]>>,
    },
}

/// The warning in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Who has seen the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AckRecord {
    /// Who.
    pub operator: String,
    /// When.
    pub at: Timestamp,
    /// Until when nobody wants to hear of it at this level; then it must be acknowledged anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelved_until: Option<Timestamp>,
}

/// A change, or a refresh, of a zone's level; key `throng/v1/{site}/warning/{zone}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the incident (UUIDv7), the same from its first warning to its end.
    pub incident: String,
    /// Id of the zone.
    pub zone: String,
    /// The level now. Absent: UNKNOWN, the data were lost. It never means normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The level before this message. Absent where it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_level: Option<Level>,
    /// What happened.
    pub transition: WarningTransition,
    /// Whether somebody higher up must be told at once: the level rose, nobody answered
    /// in time, a shelf ran out, or data were lost at yellow or above.
    pub escalate: bool,
    /// What the warning is about.
    pub kind: WarningKind,
    /// Density of the zone.
    pub density_people_per_m2: Density,
    /// People in the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<f64>,
    /// People over capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupancy_ratio: Option<f64>,
    /// Specific flow, people a metre of width a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_people_per_m_s: Option<f64>,
    /// The risk score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskSummary>,
    /// Change of the density, people/m2 a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend_per_min: Option<f64>,
    /// Seconds until the red threshold at the present trend. Absent where the trend does not lead there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_critical_secs: Option<f64>,
    /// When the incident began.
    pub since: Timestamp,
    /// When this message stops being valid. No refresh by then means UNKNOWN, not safe.
    pub expires_at: Timestamp,
    /// `true`: it comes too late to act on. It left after `expires_at`, or after a newer one of its zone. Kept for the
    /// record; it must never cause an action.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    /// Outline of the zone on the earth. Absent where the site has no geodetic anchor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Geometry>,
    /// Outline of the zone, metres on the site's ground plane.
    pub outline_in_ground_m: Vec<[f64; 2]>,
    /// What to do.
    pub action: WarningAction,
    /// The warning in words.
    pub text: Text,
    /// Who has seen the incident at its present level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<AckRecord>,
}
