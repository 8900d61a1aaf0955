//! What lies under the map: a floor plan of the station, and tiles of a town that is not there.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use throng_console::{DrawingPlace, Ground, GroundPicture, TileAt, Tiles};

const PAPER: Rgb<u8> = Rgb([244, 241, 232]);
const WALL: Rgb<u8> = Rgb([70, 74, 82]);
/// Ten pixels a metre. The drawing was made askew: it is turned by 14 degrees on the ground.
pub(crate) const PLAN: DrawingPlace = DrawingPlace {
    size_px: [520, 340],
    ground_from_image: [[0.097_03, 0.024_19, -7.0], [0.024_19, -0.097_03, 24.0]],
};

/// A ground that is drawn when somebody looks.
#[derive(Debug)]
pub(crate) struct Drawn;

impl Ground for Drawn {
    fn drawing(&self, site: &str) -> Option<GroundPicture> {
        (site == "station").then(floor_plan).flatten()
    }

    fn tiles(&self) -> Option<Tiles> {
        Some(Tiles { min_zoom: 12, max_zoom: 18, credit: "Drawn for this room".to_owned() })
    }

    fn tile(&self, at: TileAt) -> Option<GroundPicture> {
        let tile = RgbImage::from_fn(256, 256, |x, y| {
            let is_edge = x == 0 || y == 0;
            let is_street = x % 64 < 10 || y % 64 < 10;
            let shade = if (at.column + at.row).is_multiple_of(2) { 214 } else { 204 };
            match (is_edge, is_street) {
                (true, _) => Rgb([150, 160, 175]),
                (_, true) => Rgb([250, 250, 246]),
                _ => Rgb([shade, shade + 6, shade - 8]),
            }
        });
        png(&tile)
    }
}

/// Walls with two doors, a row of pillars, a stair.
fn floor_plan() -> Option<GroundPicture> {
    let plan = RgbImage::from_fn(PLAN.size_px[0], PLAN.size_px[1], |x, y| {
        let is_outer = !(6..514).contains(&x) || !(6..334).contains(&y);
        let is_door = (220..300).contains(&x) || (150..200).contains(&y) && x < 10;
        let is_pillar = (x % 80).abs_diff(40) < 6 && (y % 110).abs_diff(55) < 6;
        let is_stair = (400..490).contains(&x) && (230..310).contains(&y) && x % 10 < 2;
        if is_outer && !is_door || is_pillar || is_stair { WALL } else { PAPER }
    });
    png(&plan)
}

fn png(picture: &RgbImage) -> Option<GroundPicture> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(GroundPicture { media_type: "image/png", bytes: bytes.into_inner().into() })
}
