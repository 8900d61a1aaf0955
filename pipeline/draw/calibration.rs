//! The ground as a calibration sees it, drawn over the camera's picture: a grid in metres, the points it was fitted to,
//! the area in which it can be believed, and the zones.

use image::{Rgb, RgbImage};
use throng_analytics::camera::Calibration;

use super::{
    palette::level_colour,
    polygon::{PointPx, draw_line, draw_outline},
    text::{TextStyle, Weight, draw_text},
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

/// Lines across the trusted area, about.
const LINES: f64 = 12.0;

/// Distances of lines that people can count by, metres.
const STEPS_M: [f64; 8] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

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

    let bound = |axis: usize, pick: fn(f64, f64) -> f64, start: f64| {
        region.corners_m().iter().map(|corner| corner[axis]).fold(start, pick)
    };
    let lo = [0, 1].map(|axis| bound(axis, f64::min, f64::INFINITY));
    let hi = [0, 1].map(|axis| bound(axis, f64::max, f64::NEG_INFINITY));
    let length_m = (hi[0] - lo[0]).max(hi[1] - lo[1]);
    let step_m = STEPS_M.into_iter().find(|step| length_m / step <= LINES).unwrap_or(STEPS_M[7]);
    // Half again as far as can be believed, so that one sees where the grid goes wrong.
    let (from, to) = ([0, 1].map(|a| lo[a] - length_m / 4.0), [0, 1].map(|a| hi[a] + length_m / 4.0));
    for axis in [0, 1] {
        let other = 1 - axis;
        let mut at = (from[axis] / step_m).ceil() * step_m;
        while at <= to[axis] {
            let place = |along: f64| if axis == 0 { [at, along] } else { [along, at] };
            let pieces = 96_u32;
            let along = |i: u32| from[other] + (to[other] - from[other]) * f64::from(i) / f64::from(pieces);
            for i in 0..pieces {
                let (start, end) = (place(along(i)), place(along(i + 1)));
                let (Some(a), Some(b)) = (view.place(start), view.place(end)) else { continue };
                let is_inside = region.contains(start) && region.contains(end);
                let (colour, alpha) = if is_inside { (GRID, 0.75) } else { (BEYOND, 0.35) };
                draw_line(picture, &[a, b], thin, colour, alpha);
            }
            label_line(picture, &view, &place, (lo[other], hi[other]), at, line_px);
            at += step_m;
        }
    }
    outline(picture, &view, region.corners_m(), 2.0 * thin, GRID);
    for zone in zones {
        let colour = if zone.is_trusted { level_colour(None) } else { WRONG };
        outline(picture, &view, &zone.corners_m, 2.5 * thin, colour);
        let highest = zone.corners_m.iter().filter_map(|corner| view.place(*corner));
        if let Some([x, y]) = highest.min_by(|a, b| a[1].total_cmp(&b[1])) {
            let label =
                if zone.is_trusted { zone.name.clone() } else { format!("{}: out of trust", zone.name) };
            text(picture, &label, [x, y - f64::from(line_px) * 1.2], line_px, colour, Weight::Bold);
        }
    }
    for point in points {
        let at = view.picture(point.in_image_px);
        if let Some(by_others) = point.by_others_px {
            draw_line(picture, &[at, view.picture(by_others)], 2.0 * thin, WRONG, 0.9);
        }
        draw_line(picture, &[at, at], 6.0 * thin, INK, 0.8);
        draw_line(picture, &[at, at], 4.0 * thin, POINT, 1.0);
        text(
            picture,
            &point.label,
            [at[0] + f64::from(line_px) / 2.0, at[1]],
            line_px,
            POINT,
            Weight::Regular,
        );
    }
    Some(step_m)
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
        let pixel = self.calibration.image_from_ground().apply(in_ground_m)?;
        let [width, height] = self.calibration.image_size_px().map(f64::from);
        let is_near =
            (-width..2.0 * width).contains(&pixel[0]) && (-height..2.0 * height).contains(&pixel[1]);
        // What lies behind the camera projects too; its way back does not lead to where it came from.
        let back = self.calibration.ground_from_image().apply(pixel)?;
        let is_before = (back[0] - in_ground_m[0]).hypot(back[1] - in_ground_m[1]) < 0.01;
        (is_near && is_before).then(|| self.picture(pixel))
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
fn label_line(
    picture: &mut RgbImage,
    view: &View<'_>,
    place: &dyn Fn(f64) -> [f64; 2],
    (lo, hi): (f64, f64),
    at_m: f64,
    line_px: f32,
) {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let margin = 3.0 * f64::from(line_px);
    let shows = |point: &PointPx| {
        (0.0..width - margin).contains(&point[0]) && (0.0..height - margin).contains(&point[1])
    };
    let first = (0..=20).find_map(|i| view.place(place(lo + (hi - lo) * f64::from(i) / 20.0)).filter(shows));
    if let Some(point) = first {
        text(picture, &format!("{at_m} m"), point, 0.85 * line_px, PAPER, Weight::Regular);
    }
}

/// Text that can be read on any ground.
fn text(picture: &mut RgbImage, text: &str, at: PointPx, line_px: f32, colour: Rgb<u8>, weight: Weight) {
    let (x, y) = (at[0] as f32, at[1] as f32);
    let edge = (line_px / 12.0).max(1.0);
    for (dx, dy) in [(-edge, 0.0), (edge, 0.0), (0.0, -edge), (0.0, edge)] {
        draw_text(picture, text, x + dx, y + dy, TextStyle { line_px, weight, colour: INK });
    }
    draw_text(picture, text, x, y, TextStyle { line_px, weight, colour });
}
