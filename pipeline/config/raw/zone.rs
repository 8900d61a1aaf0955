//! What is watched: zones, lines across the ground, and the thresholds of a zone.

use schemars::JsonSchema;
use serde::Deserialize;
use throng_analytics::line::Side;

/// A watched area on the ground.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Name of the zone on the bus: `throng/v1/{site}/zone/{id}/...`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate")]
    pub id: Option<String>,
    /// Name shown to people. Default: the id.
    pub name: Option<String>,
    /// Corners `[x, y]` in metres on the ground, in order, the first not repeated. Sides must not cross.
    #[schemars(
        required,
        length(min = 3),
        inner(inner(range(min = -1e7, max = 1e7))),
        title = "at least 3 corners [x, y] in metres"
    )]
    pub polygon_m: Option<Vec<[f64; 2]>>,
    /// Threshold profile: `street_flat`, `narrow_slope_stairs`, `standing_event` or one of this file.
    #[schemars(required, title = "the id of a threshold profile", example = &"street_flat")]
    pub profile: Option<String>,
    /// People the zone may hold. The occupancy ladder raises at 50, 60, 80 and 100 % of it.
    #[schemars(required, range(min = 1, max = 10_000_000), example = 200)]
    pub capacity_people: Option<u32>,
    /// How fast people walk here at a density, as `throng analyse` fits it to measured tracks. Default: Weidmann's curve.
    pub walking: Option<Walking>,
    /// How near it is to what draws the crowd: `core`, `district` (the streets around it) or `periphery` (where people come
    /// from). Consoles show zones by rings. Default: none.
    pub ring: Option<Ring>,
    /// What makes the place worse for a dense crowd than level open ground: `slope`, `stairs`, `dead_end`, `narrow` (less
    /// than about 4 m between walls). Each weighs up the risk score. Default: none.
    #[schemars(example = ["stairs", "narrow"])]
    pub features: Option<Vec<SiteFeature>>,
    /// `true`: the lines with this `zone` cover every way in and out of it. Their balance then says how the zone fills, which
    /// the count alone tells later. Default: `false`.
    pub enclosed_by_lines: Option<bool>,
    /// Cameras that measure this zone. Default: every camera that sees it.
    #[schemars(example = ["cam-1"])]
    pub cameras: Option<Vec<String>>,
}

/// How near a zone is to what draws the crowd.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Where the crowd is.
    Core,
    /// The streets around it.
    District,
    /// Where people come from.
    Periphery,
}

/// A line on the ground that people cross: a door, a gate, the edge of a zone. Crossings are counted both ways from
/// where people are and how they move along the line; nobody is recognised or followed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Name of the line on the bus: `throng/v1/{site}/line/{id}/flow`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"north-door")]
    pub id: Option<String>,
    /// Name shown to people. Default: the id.
    pub name: Option<String>,
    /// Two or more points `[x, y]` in metres on the ground, in order. Draw it a little longer than the way is wide.
    #[schemars(
        required,
        length(min = 2),
        inner(inner(range(min = -1e7, max = 1e7))),
        title = "at least 2 points [x, y] in metres"
    )]
    pub points_m: Option<Vec<[f64; 2]>>,
    /// Id of the zone that the line bounds: "in" is into it.
    #[schemars(title = "the id of a zone", example = &"gate")]
    pub zone: Option<String>,
    /// The side that is "in", seen from the first point to the last. Default: the side on which the zone lies, else `left`.
    pub inside: Option<Side>,
    /// Cameras that measure this line. Default: every camera that sees it.
    #[schemars(example = ["cam-1"])]
    pub cameras: Option<Vec<String>>,
}

/// A feature of a place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteFeature {
    /// A ramp or a sloping street.
    Slope,
    /// Stairs.
    Stairs,
    /// No way out at the far end.
    DeadEnd,
    /// Less than about four metres between walls.
    Narrow,
}

/// Speed by density: `free_speed (1 - exp(-decay (1/density - 1/jam_density)))`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Walking {
    /// Speed of people who are alone, m/s.
    #[schemars(required, range(min = 0.3, max = 3), example = 1.34)]
    pub free_speed_m_per_s: Option<f64>,
    /// How fast speed falls with density, people per square metre.
    #[schemars(required, range(min = 0.1, max = 10), example = 1.913)]
    pub decay_people_per_m2: Option<f64>,
    /// Density at which nobody moves, people per square metre.
    #[schemars(required, range(min = 1, max = 20), example = 5.4)]
    pub jam_density_people_per_m2: Option<f64>,
    /// Share of that speed which 95 % of what is normal reaches. Default: 1.
    #[schemars(range(min = 0, max = 1), example = 0.8)]
    pub envelope: Option<f64>,
}

/// A threshold profile: the densities at which a zone's level rises, and for how long they must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name by which zones refer to it.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"platform")]
    pub id: Option<String>,
    /// Density at which each level begins, in people per square metre; strictly increasing.
    #[schemars(required)]
    pub density_people_per_m2: Option<Densities>,
    /// Seconds for which a density must hold before the level rises to it. Default: 30, 15, 10, 5.
    pub raise_dwell_secs: Option<DwellSecs>,
    /// Seconds for which the density must stay lower before the level falls. Default: 120, 120, 180, 300.
    pub clear_dwell_secs: Option<DwellSecs>,
}

/// A density for each level, in people per square metre.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Densities {
    /// Interest.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 2)]
    pub blue: Option<f64>,
    /// Caution.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 3)]
    pub yellow: Option<f64>,
    /// Alert.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 4)]
    pub orange: Option<f64>,
    /// Serious.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 5)]
    pub red: Option<f64>,
}

/// A duration for each level, in seconds; a level left out keeps its default.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DwellSecs {
    /// Interest.
    #[schemars(range(min = 0, max = 3600), example = 30)]
    pub blue: Option<f64>,
    /// Caution.
    #[schemars(range(min = 0, max = 3600), example = 15)]
    pub yellow: Option<f64>,
    /// Alert.
    #[schemars(range(min = 0, max = 3600), example = 10)]
    pub orange: Option<f64>,
    /// Serious.
    #[schemars(range(min = 0, max = 3600), example = 5)]
    pub red: Option<f64>,
}
