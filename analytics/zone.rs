//! Zones: the areas of the ground that are watched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fundamental_diagram::FundamentalDiagram, polygon::Polygon, profile::Profile, site_feature::SiteFeature,
};

/// How near a zone is to what draws the crowd: where patrols stand is planned by rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Where the crowd is.
    Core,
    /// The streets around it.
    District,
    /// Where people come from: stations, car parks, bridges.
    Periphery,
}

/// A watched area.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Id, unique in the site.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How near it is to what draws the crowd, where stated.
    pub ring: Option<Ring>,
    /// Outline on the ground.
    pub outline: Polygon,
    /// Thresholds and dwell times.
    pub profile: Profile,
    /// People for whom there is room, where stated.
    pub capacity_people: Option<f64>,
    /// How fast people walk there at a density.
    pub diagram: FundamentalDiagram,
    /// What makes the place worse than level open ground.
    pub features: Vec<SiteFeature>,
    /// Whether lines that bound it cover every way in and out, so that their balance is how it fills.
    pub is_enclosed_by_lines: bool,
    /// Ids of the cameras that measure it; empty: every camera of the site that sees it.
    pub cameras: Vec<String>,
}

impl Zone {
    /// Whether a camera may measure this zone.
    pub fn is_measured_by(&self, camera_id: &str) -> bool {
        self.cameras.is_empty() || self.cameras.iter().any(|id| id == camera_id)
    }
}
