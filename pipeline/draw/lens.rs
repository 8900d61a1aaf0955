//! What a lens does to straight lines, drawn over the camera's picture: edges as they were marked, and lines of a grid.

use image::{Rgb, RgbImage};
use throng_analytics::camera::Lens;

use super::{
    polygon::{PointPx, draw_line},
    text::{TextStyle, Weight, draw_readable, text_width_px},
};

/// Lines of the grid across the picture.
const LINES: u32 = 12;

/// Pieces of a line: a lens bends it.
const PIECES: u32 = 96;

/// How far from where it came from a place may lie after the way through the lens and back, pixels; farther lies beyond the fold.
const ROUND_TRIP_PX: f64 = 0.5;

const GRID: Rgb<u8> = Rgb([235, 235, 235]);
const EDGE: Rgb<u8> = Rgb([120, 240, 130]);
const POINT: Rgb<u8> = Rgb([255, 210, 40]);
const INK: Rgb<u8> = Rgb([12, 14, 18]);

/// An edge that is straight in the world.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnEdge {
    /// Points along it, pixels of the calibration image.
    pub points_px: Vec<[f64; 2]>,
    /// What is written beside it.
    pub label: String,
}

/// Draws over `picture`, whose size may differ from that of the calibration image: a grid that is straight without the lens, and
/// each edge as the lens shows the straight line through its points.
pub fn draw_lens(picture: &mut RgbImage, lens: &Lens, image_size_px: [u32; 2], edges: &[DrawnEdge]) {
    let [width, height] = image_size_px.map(f64::from);
    let to_picture = [f64::from(picture.width()) / width, f64::from(picture.height()) / height];
    let line_px = (picture.width() as f32 / 768.0 * 13.0).clamp(10.0, 40.0).round();
    let thin = f64::from(line_px) / 12.0;
    let to_picture = |[u, v]: [f64; 2]| [u * to_picture[0], v * to_picture[1]];
    let step = width / f64::from(LINES);
    // Half again as far as the picture: a barrel shows more than an undistorted picture of its size.
    let across = |k: i32, size: f64| 0.5 * size + (f64::from(k) - 0.5) * step;
    let reach = LINES.cast_signed();
    for k in -reach..=reach {
        let (u, v) = (across(k, width), across(k, height));
        for ends in [[[u, -height], [u, 2.0 * height]], [[-width, v], [2.0 * width, v]]] {
            draw_seen(picture, lens, ends, &to_picture, (0.7 * thin, GRID, 0.35));
        }
    }
    for edge in edges {
        let straight: Vec<[f64; 2]> =
            edge.points_px.iter().filter_map(|point| lens.undistort_px(*point)).collect();
        if let Some(ends) = line_through(&straight) {
            draw_seen(picture, lens, ends, &to_picture, (1.5 * thin, EDGE, 0.9));
        }
        for point in &edge.points_px {
            let at = to_picture(*point);
            draw_line(picture, &[at, at], 4.5 * thin, INK, 0.8);
            draw_line(picture, &[at, at], 3.0 * thin, POINT, 1.0);
        }
        if let Some(point) = edge.points_px.get(edge.points_px.len() / 2) {
            let [x, y] = to_picture(*point);
            let style = TextStyle { line_px, weight: Weight::Regular, colour: EDGE };
            let last_x = f64::from(picture.width()) - f64::from(text_width_px(&edge.label, style));
            let at = [(x + f64::from(line_px) / 2.0).min(last_x), y];
            draw_readable(picture, &edge.label, at, line_px, EDGE, Weight::Regular);
        }
    }
}

/// A straight line of the undistorted picture, as the lens shows it.
fn draw_seen(
    picture: &mut RgbImage,
    lens: &Lens,
    [from, to]: [[f64; 2]; 2],
    to_picture: &impl Fn([f64; 2]) -> PointPx,
    (width_px, colour, alpha): (f64, Rgb<u8>, f32),
) {
    let seen = |i: u32| {
        let part = f64::from(i) / f64::from(PIECES);
        let ideal = [0, 1].map(|k| from[k] + part * (to[k] - from[k]));
        let pixel = lens.distort_px(ideal)?;
        let [u, v] = lens.undistort_px(pixel)?;
        ((u - ideal[0]).hypot(v - ideal[1]) < ROUND_TRIP_PX).then(|| to_picture(pixel))
    };
    let places: Vec<Option<PointPx>> = (0..=PIECES).map(seen).collect();
    for ends in places.windows(2) {
        if let [Some(a), Some(b)] = ends {
            draw_line(picture, &[*a, *b], width_px, colour, alpha);
        }
    }
}

/// The straight line that lies nearest to some points, from the first to the last of them along it; `None` for fewer than two.
fn line_through(points: &[[f64; 2]]) -> Option<[[f64; 2]; 2]> {
    let n = points.len() as f64;
    if points.len() < 2 {
        return None;
    }
    let middle = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / n);
    let from_middle = || points.iter().map(|p| [p[0] - middle[0], p[1] - middle[1]]);
    let [xx, xy, yy] =
        from_middle().fold([0.0; 3], |[xx, xy, yy], [x, y]| [xx + x * x, xy + x * y, yy + y * y]);
    let (sin, cos) = (0.5 * (2.0 * xy).atan2(xx - yy)).sin_cos();
    let along = || from_middle().map(|[x, y]| x * cos + y * sin);
    let at = |s: f64| [middle[0] + s * cos, middle[1] + s * sin];
    Some([at(along().fold(f64::INFINITY, f64::min)), at(along().fold(f64::NEG_INFINITY, f64::max))])
}

#[cfg(test)]
mod tests {
    use throng_analytics::camera::Distortion;

    use super::*;

    #[test]
    fn edges_are_drawn_where_the_lens_shows_them() {
        let lens = Lens {
            focal_px: [200.0; 2],
            principal_point_px: [160.0, 120.0],
            distortion: Distortion::BrownConrady { radial: [-0.2, 0.0, 0.0], tangential: [0.0; 2] },
        };
        let seen = |ideal| lens.distort_px(ideal).unwrap();
        let points_px: Vec<[f64; 2]> = (0..9).map(|i| seen([20.0 + 35.0 * f64::from(i), 20.0])).collect();
        let mut picture = RgbImage::new(320, 240);
        let edge = DrawnEdge { points_px, label: String::new() };
        draw_lens(&mut picture, &lens, [320, 240], &[edge]);
        // Between two of its points, which lie 35 pixels apart.
        let [u, v] = seen([20.0 + 35.0 * 1.5, 20.0]);
        let green = picture.get_pixel(u as u32, v as u32).0;
        assert!(green[1] > 150 && green[0] < 160, "{green:?}");
        assert!(picture.pixels().filter(|pixel| pixel.0[2] > 50).count() > 500, "there is no grid");
    }

    #[test]
    fn a_line_runs_along_its_points() {
        let [a, b] = line_through(&[[0.0, 1.0], [2.0, 0.0], [4.0, 1.0]]).unwrap();
        assert!((a[1] - b[1]).abs() < 1e-9 && (b[0] - a[0]).abs() > 3.9, "{a:?} {b:?}");
        assert_eq!(line_through(&[[0.0, 1.0]]), None);
    }
}
