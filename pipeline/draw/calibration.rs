//! The ground as a calibration sees it, drawn over the camera's picture: a grid in metres, the points it was fitted to,
//! the area in which it can be believed, and the zones.

use image::{Rgb, RgbImage};
use throng_analytics::camera::Calibration;

use super::{
    calibration_grid::{GridLine, grid, in_image_px},
    palette::level_colour,
    polygon::{PointPx, draw_line, draw_outline},
    text::{Weight, draw_readable},
};

/// A zone on the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnZone {
    /// Its name.
    pub name: String,
    /// Its corners, metres.
    pub corners_m: Vec<[f64; 2]>,
    /// Whether the calibration can be believed in it.
    pub is_trusted: bool,
}

/// A point that the calibration was fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnPoint {
    /// Where it was clicked, pixels of the calibration image.
    pub in_image_px: [f64; 2],
    /// Where the others put it, pixels of the calibration image; `None` where they say nothing.
    pub by_others_px: Option<[f64; 2]>,
    /// What is written beside it.
    pub label: String,
}

const GRID: Rgb<u8> = Rgb([80, 220, 255]);
const BEYOND: Rgb<u8> = Rgb([150, 150, 150]);
const POINT: Rgb<u8> = Rgb([255, 210, 40]);
const WRONG: Rgb<u8> = Rgb([255, 70, 60]);
const PAPER: Rgb<u8> = Rgb([245, 245, 245]);
const INK: Rgb<u8> = Rgb([12, 14, 18]);

/// Draws over `picture`, whose size may differ from that of the calibration image. Returns the distance of the grid's
/// lines, metres; `None` for a calibration without points, of which there is nothing to draw.
pub fn draw_calibration(
    picture: &mut RgbImage,
    calibration: &Calibration,
    points: &[DrawnPoint],
    zones: &[DrawnZone],
) -> Option<f64> {
    let region = calibration.trust_region()?;
    let [width, height] = calibration.image_size_px().map(f64::from);
    let to_picture = [f64::from(picture.width()) / width, f64::from(picture.height()) / height];
    let view = View { calibration, to_picture };
    let line_px = (picture.width() as f32 / 768.0 * 13.0).clamp(10.0, 40.0).round();
    let thin = f64::from(line_px) / 12.0;

    let grid = grid(calibration)?;
    for line in &grid.lines {
        for ends in line.places_m.windows(2) {
            let (Some(a), Some(b)) = (view.place(ends[0]), view.place(ends[1])) else { continue };
            let is_inside = region.contains(ends[0]) && region.contains(ends[1]);
            let (colour, alpha) = if is_inside { (GRID, 0.75) } else { (BEYOND, 0.35) };
            draw_line(picture, &[a, b], thin, colour, alpha);
        }
        label_line(picture, &view, line, line_px);
    }
    outline(picture, &view, region.corners_m(), 2.0 * thin, GRID);
    for zone in zones {
        let colour = if zone.is_trusted { level_colour(None) } else { WRONG };
        outline(picture, &view, &zone.corners_m, 2.5 * thin, colour);
        let highest = zone.corners_m.iter().filter_map(|corner| view.place(*corner));
        if let Some([x, y]) = highest.min_by(|a, b| a[1].total_cmp(&b[1])) {
            let label =
                if zone.is_trusted { zone.name.clone() } else { format!("{}: out of trust", zone.name) };
            draw_readable(picture, &label, [x, y - f64::from(line_px) * 1.2], line_px, colour, Weight::Bold);
        }
    }
    for point in points {
        let at = view.picture(point.in_image_px);
        if let Some(by_others) = point.by_others_px {
            draw_line(picture, &[at, view.picture(by_others)], 2.0 * thin, WRONG, 0.9);
        }
        draw_line(picture, &[at, at], 6.0 * thin, INK, 0.8);
        draw_line(picture, &[at, at], 4.0 * thin, POINT, 1.0);
        draw_readable(
            picture,
            &point.label,
            [at[0] + f64::from(line_px) / 2.0, at[1]],
            line_px,
            POINT,
            Weight::Regular,
        );
    }
    Some(grid.step_m)
}

/// From the ground and the calibration image to the picture.
struct View<'a> {
    calibration: &'a Calibration,
    to_picture: [f64; 2],
}

impl View<'_> {
    fn picture(&self, in_image_px: [f64; 2]) -> PointPx {
        [in_image_px[0] * self.to_picture[0], in_image_px[1] * self.to_picture[1]]
    }

    /// `None` behind the camera, and far outside of the picture.
    fn place(&self, in_ground_m: [f64; 2]) -> Option<PointPx> {
        in_image_px(self.calibration, in_ground_m).map(|pixel| self.picture(pixel))
    }
}

/// A closed line on the ground, in short pieces, since straight lines on the ground leave the picture at any place.
fn outline(picture: &mut RgbImage, view: &View<'_>, corners_m: &[[f64; 2]], width_px: f64, colour: Rgb<u8>) {
    let corners: Vec<PointPx> = corners_m.iter().filter_map(|corner| view.place(*corner)).collect();
    if corners.len() == corners_m.len() {
        draw_outline(picture, &corners, width_px, colour, 0.95);
    }
}

/// Writes a grid line's metres where it first shows.
fn label_line(picture: &mut RgbImage, view: &View<'_>, line: &GridLine, line_px: f32) {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let margin = 3.0 * f64::from(line_px);
    let shows = |point: &PointPx| {
        (0.0..width - margin).contains(&point[0]) && (0.0..height - margin).contains(&point[1])
    };
    let [lo, hi] = line.trusted_m;
    let along = |i: i32| line.place_m(lo + (hi - lo) * f64::from(i) / 20.0);
    let first = (0..=20).find_map(|i| view.place(along(i)).filter(shows));
    if let Some(point) = first {
        draw_readable(picture, &format!("{} m", line.at_m), point, 0.85 * line_px, PAPER, Weight::Regular);
    }
}
