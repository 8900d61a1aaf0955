//! Messages about one zone.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use crate::{freshness::Freshness, level::Level, level_of_service::LevelOfService, time::Timestamp};

/// How full a zone is; key `throng/v1/{site}/zone/{zone}/density`. Every number is absent where there is no valid data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneDensity {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the zone.
    pub zone: String,
    /// State of the data behind the numbers.
    pub freshness: Freshness,
    /// Mean density over the measured part of the zone: median of the last seconds, people/m2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_people_per_m2: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_lo_people_per_m2: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_hi_people_per_m2: Option<f64>,
    /// 95th percentile over the zone's cells of the local density (Gaussian, R = 1 m), for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_p95_people_per_m2: Option<f64>,
    /// Highest local density (Gaussian, R = 1 m), for display; never the ground of a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_spot_people_per_m2: Option<f64>,
    /// Where that is, metres on the site's ground plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot_spot_in_ground_m: Option<[f64; 2]>,
    /// People in the zone: mean density times area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_lo: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_hi: Option<f64>,
    /// Area of the zone, m2.
    pub area_m2: f64,
    /// People over capacity. Absent without a capacity or without data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupancy_ratio: Option<f64>,
    /// Seconds until the zone is at its capacity at the present trend. Absent where the trend does not lead there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_capacity_secs: Option<f64>,
    /// Probability that the zone is at its capacity within five minutes, by the trend and its error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_within_5_min_probability: Option<f64>,
    /// Fruin's level of service of walkways: comfort, for display, never the ground of a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_of_service: Option<LevelOfService>,
    /// Change of the density, people/m2 a minute. Absent until a trend is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend_people_per_m2_per_min: Option<f64>,
}

/// How people move in a zone; key `throng/v1/{site}/zone/{zone}/flow`. Absent numbers: no motion was measured, or there
/// are too few people to have a mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneFlow {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the zone.
    pub zone: String,
    /// State of the data behind the numbers.
    pub freshness: Freshness,
    /// Mean velocity of the people `[x, y]`, m/s on the site's ground plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity_m_per_s: Option<[f64; 2]>,
    /// Mean speed of the people, m/s; not the length of the mean velocity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_m_per_s: Option<f64>,
    /// Specific flow: density times the length of the mean velocity, people a metre of width a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_people_per_m_s: Option<f64>,
    /// Flow breakdown: whether density has grown and this flow has fallen for 20 s above 2 people/m2. Absent before 20 s are
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_breaking_down: Option<bool>,
    /// How the zone fills, people a second: the balance of its lines reconciled with its count. Absent unless lines cover
    /// every way in and out, and all of them are seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filling_people_per_s: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filling_lo_people_per_s: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filling_hi_people_per_s: Option<f64>,
    /// What the lines show beyond that, people a second: above 0 they count too many in, or too few out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_drift_people_per_s: Option<f64>,
    /// Divergence of the velocity, weighted by density, 1/s: negative where people are drawn together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence_per_s: Option<f64>,
    /// Congestion level of the worst region of 2 m radius, 1/m. Absent where the crowd stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion_level_per_m: Option<f64>,
    /// Congestion number of the worst region: far below 1 in regular streams. Absent where the crowd stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion_number: Option<f64>,
    /// Symmetry of the small motions of people who are held up, 0 to 1: 1 where as many move to as fro. Needs no
    /// calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_motion_symmetry: Option<f64>,
    /// Share of the moving people who are that slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_share: Option<f64>,
}

/// One input of the risk score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Density, upper estimate.
    Density,
    /// Growth: time to 6.5 people/m2.
    Growth,
    /// Instability: noise-corrected crowd pressure.
    Instability,
    /// Collective oscillation.
    Oscillation,
    /// Breakdown of the flow: slower than the density explains.
    Breakdown,
    /// Conflict of opposed streams.
    Conflict,
}

/// What one input adds to the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// The input.
    pub factor: FactorKind,
    /// Its sub-score after the density gate, 0 to 1.
    pub sub_score: f64,
    /// Its weight, 0 to 1.
    pub weight: f64,
    /// Its exact share of the score; shares sum to 1. Absent where the score is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// A measured value behind the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawValue {
    /// What was measured.
    pub name: Cow<'static, str>,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: Cow<'static, str>,
    /// How it was measured, where numbers of that name differ by definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Cow<'static, str>>,
}

/// The score at the 5th, 50th and 95th percentile of the density.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreInterval {
    /// 5th percentile.
    pub p5: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
}

/// What would have to change for a lower level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counterfactual {
    /// The level the score would have ...
    pub level: Level,
    /// ... if the density were this, all else equal, people/m2.
    pub density_people_per_m2: f64,
}

/// The stampede-risk score of a zone; key `throng/v1/{site}/zone/{zone}/risk`. Not a probability of injury.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneRisk {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the zone.
    pub zone: String,
    /// State of the data behind the numbers.
    pub freshness: Freshness,
    /// 0 to 100. Absent without valid data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Band of the score after the cap. Absent without valid data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The score over the intervals of its inputs: density, speed, and the time to a crowd of 6.5 people/m2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<ScoreInterval>,
    /// What each available input adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contributions: Vec<Contribution>,
    /// The measured values, with units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<RawValue>,
    /// Inputs that were not available and count nothing.
    pub missing_inputs: Vec<FactorKind>,
    /// What would have to change for a lower level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual: Option<Counterfactual>,
}

/// The level of a zone and the state of its data; key `throng/v1/{site}/zone/{zone}/state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneState {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the zone.
    pub zone: String,
    /// State of the data behind the level.
    pub freshness: Freshness,
    /// The level now. Absent: UNKNOWN, there is no data. It never means normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The level last held while there was data, where `level` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_level: Option<Level>,
    /// Since when the level has been held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The incident the level belongs to, if it is above normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}
