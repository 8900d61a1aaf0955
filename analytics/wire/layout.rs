//! What a site is made of, for those who draw it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{line::Side, zone::Ring};

/// The parts of a site: where they lie and what they are called. Lengths are metres on the site's ground.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SiteLayout {
    /// Where the ground's origin lies on Earth. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<LayoutOrigin>,
    /// IANA time zone in which times are shown to people.
    pub time_zone: String,
    /// The zones.
    pub zones: Vec<ZoneLayout>,
    /// The lines.
    pub lines: Vec<LineLayout>,
    /// The cameras.
    pub cameras: Vec<CameraLayout>,
    /// The loudspeakers that the site asks.
    pub speakers: Vec<SpeakerLayout>,
}

/// Where the point `[0, 0]` of a site's ground lies on Earth (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayoutOrigin {
    /// Degrees north.
    pub latitude_deg: f64,
    /// Degrees east.
    pub longitude_deg: f64,
    /// Where the ground's y axis points, degrees clockwise from north.
    pub bearing_deg: f64,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneLayout {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How near it is to what draws the crowd. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<Ring>,
    /// Corners in order, the first not repeated.
    pub outline_in_ground_m: Vec<[f64; 2]>,
    /// The same as `[longitude, latitude]`, closed. Absent where the site has no origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline_lon_lat_deg: Option<Vec<[f64; 2]>>,
    /// Area, m2.
    pub area_m2: f64,
    /// People for whom there is room. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_people: Option<f64>,
    /// Density from which blue, yellow, orange and red begin, people/m2.
    pub thresholds_people_per_m2: [f64; 4],
    /// Cameras that measure it.
    pub cameras: Vec<String>,
    /// What makes it worse than level open ground: `slope`, `stairs`, `dead_end`, `narrow`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Whether the lines that bound it are all ways in and out, as the site's file states. Absent: not stated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_enclosed_by_lines: bool,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineLayout {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Its points in order.
    pub points_in_ground_m: Vec<[f64; 2]>,
    /// The zone it bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The side that is "in". Absent: a site of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Side>,
}

/// A camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CameraLayout {
    /// Id, as in keys.
    pub id: String,
    /// Whether its lengths come from measured points.
    pub is_calibrated: bool,
    /// Whether it moves: then each of its pictures has a footprint of its own.
    pub is_moving: bool,
    /// Where it stands. Absent: nobody said, or it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_in_ground_m: Option<[f64; 2]>,
    /// Corners of the ground it sees. Empty: it moves, or sees the horizon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub footprint_in_ground_m: Vec<[f64; 2]>,
}

/// A loudspeaker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerLayout {
    /// Id, as in keys.
    pub id: String,
    /// Where it hangs. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_in_ground_m: Option<[f64; 2]>,
    /// Zones that hear it.
    pub zones: Vec<String>,
}
