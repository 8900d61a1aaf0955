//! What a site is: its zones, lines, cameras and loudspeakers, as its site file states them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use throng_analytics::{level::Level, line::Side, wire::LayoutOrigin, zone::Ring};

use crate::ground::DrawingPlace;

/// A site.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SiteDescription {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether everything about it is an exercise.
    pub drill: bool,
    /// IANA time zone of its days and hours.
    pub time_zone: String,
    /// Where it lies on Earth. Absent: nobody said.
    pub place: Option<LayoutOrigin>,
    /// What is watched.
    pub zones: Vec<ZoneDescription>,
    /// Where people are counted across.
    pub lines: Vec<LineDescription>,
    /// Who looks.
    pub cameras: Vec<CameraDescription>,
    /// Who speaks.
    pub speakers: Vec<SpeakerDescription>,
    /// Where a drawing of the ground lies, such as a floor plan. Absent without one.
    pub plan: Option<DrawingPlace>,
    /// The process that says so, where these are all zones that it watches. Absent: it may watch more, as one of an older
    /// version that does not list them.
    #[serde(skip)]
    pub listed_by: Option<String>,
    /// SHA-256 of the configuration, hexadecimal.
    pub config_sha256: String,
    /// The site file without credentials (TOML).
    #[serde(skip)]
    pub site_file: String,
}

/// A zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ZoneDescription {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Its ring. Absent: nobody said.
    pub ring: Option<Ring>,
    /// Corners, metres on the site's ground.
    pub outline_in_ground_m: Vec<[f64; 2]>,
    /// The same, `[longitude, latitude]` in degrees. Absent where the site has no place.
    pub outline_wgs84: Option<Vec<[f64; 2]>>,
    /// Area, m2.
    pub area_m2: f64,
    /// People it may hold. Absent: nobody said.
    pub capacity_people: Option<f64>,
    /// Density from which each level begins, people/m2.
    #[serde(serialize_with = "by_level_name")]
    pub thresholds_people_per_m2: BTreeMap<Level, f64>,
    /// Cameras that see it.
    pub cameras: Vec<String>,
    /// What makes it worse than level open ground: `slope`, `stairs`, `dead_end`, `narrow`.
    pub features: Vec<String>,
    /// Whether the lines that bound it are all ways in and out: then the history tells how long people stay.
    pub is_enclosed_by_lines: bool,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LineDescription {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Its points in order, metres on the site's ground.
    pub points_in_ground_m: Vec<[f64; 2]>,
    /// The zone it bounds.
    pub zone: Option<String>,
    /// The side that is "in", seen from its first point to its last. Absent: not known.
    pub inside: Option<Side>,
}

/// A camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CameraDescription {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether its lengths come from measured points.
    pub is_calibrated: bool,
    /// Where it stands, metres on the site's ground. Absent: not known, or it moves.
    pub position_in_ground_m: Option<[f64; 2]>,
    /// Corners of what it sees, metres on the site's ground. Empty: not known, or it moves.
    pub footprint_in_ground_m: Vec<[f64; 2]>,
}

/// A loudspeaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SpeakerDescription {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Where it hangs, metres on the site's ground. Absent: nobody said.
    pub position_in_ground_m: Option<[f64; 2]>,
    /// Zones that hear it.
    pub zones: Vec<String>,
    /// What it may say.
    pub announcements: Vec<Announcement>,
}

/// An announcement of a loudspeaker's library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// Id in the library.
    pub id: String,
    /// Chinese words.
    pub zh: String,
    /// English words.
    pub en: String,
}

/// A map by level with the levels' names as keys.
fn by_level_name<S: Serializer>(map: &BTreeMap<Level, f64>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(Some(map.len()))?;
    for (level, value) in map {
        out.serialize_entry(level.name(), value)?;
    }
    out.end()
}
