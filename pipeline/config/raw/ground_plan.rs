//! A drawing of the ground under the console's map.

use schemars::JsonSchema;
use serde::Deserialize;

use super::PointPair;

/// A drawing of the site's ground, such as the floor plan of a building, under the map of the console beside the site. It is
/// shown, and used for nothing else.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroundPlan {
    /// PNG or JPEG.
    #[schemars(required, title = "the file name of a PNG or JPEG", example = &"plan.png")]
    pub image: Option<String>,
    /// Two or more places in the drawing and on the ground, far apart: the drawing is moved, turned and scaled evenly to fit
    /// them.
    #[schemars(required, length(min = 2))]
    pub points: Option<Vec<PointPair>>,
}
