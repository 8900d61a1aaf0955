//! The density of a site's whole ground.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;

/// Density over the ground of a site, for maps; key `throng/v1/{site}/field`. Published only while somebody listens.
///
/// A cell lies at column `i` and row `j` with `index = j * columns + i`, and covers `cell_m` metres from
/// `origin_in_ground_m + [i, j] * cell_m` along x and y of the site's ground plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// What every message starts with; `quality.coverage` is the share of the cells that are seen.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Corner of the raster with the smallest coordinates, metres on the site's ground plane.
    pub origin_in_ground_m: [f64; 2],
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells along x.
    pub columns: u32,
    /// Cells along y.
    pub rows: u32,
    /// Local density (Gaussian, R = 1 m) of each cell in hundredths of people/m2, row by row from the origin; null where no
    /// camera sees the ground now, which never means that nobody is there. For display, never the ground of a warning.
    pub density_people_per_100_m2: Vec<Option<u16>>,
}
