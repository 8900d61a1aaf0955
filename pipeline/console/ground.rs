//! What lies under the map: a drawing of a site's ground, and tiles of a map of the Earth that the console keeps itself.

use bytes::Bytes;
use serde::Serialize;

/// What lies under the map.
pub trait Ground: Send + Sync {
    /// The drawing of a site's ground; its description says where it lies.
    fn drawing(&self, site: &str) -> Option<GroundPicture>;
    /// The tiles that there are.
    fn tiles(&self) -> Option<Tiles>;
    /// One of them.
    fn tile(&self, at: TileAt) -> Option<GroundPicture>;
}

/// A picture of the ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroundPicture {
    /// Such as `image/png`; only pictures are served.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Bytes,
}

/// Where a drawing lies on a site's ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DrawingPlace {
    /// Width and height, pixels.
    pub size_px: [u32; 2],
    /// `x = m[0][0] u + m[0][1] v + m[0][2]` metres from pixels to the right and down, and the same with `m[1]` for y.
    pub ground_from_image: [[f64; 3]; 2],
}

/// Tiles of a map of the Earth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tiles {
    /// The coarsest zoom.
    pub min_zoom: u8,
    /// The finest.
    pub max_zoom: u8,
    /// Whose map it is, to be shown with it; may be empty.
    pub credit: String,
}

/// A tile of the web's square map (Mercator).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileAt {
    /// The map has `2^zoom` columns and rows.
    pub zoom: u8,
    /// From the west.
    pub column: u32,
    /// From the north.
    pub row: u32,
}

impl TileAt {
    /// The finest zoom: a pixel of 4 cm at the equator.
    pub const ZOOM_MAX: u8 = 22;

    /// Whether the map has it.
    pub(crate) const fn is_on_map(self) -> bool {
        self.zoom <= Self::ZOOM_MAX && self.column >> self.zoom == 0 && self.row >> self.zoom == 0
    }
}
