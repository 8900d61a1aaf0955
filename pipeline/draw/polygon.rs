//! Antialiased polygons: translucent fill, hatching and outlines of any width.
//!
//! Coverage is exact across a pixel and sampled four times down it.

use image::{Rgb, RgbImage};

use super::canvas::{blend, row_mut};

/// A point in picture pixels, `[x, y]`.
pub type PointPx = [f64; 2];

/// What a shape is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paint {
    /// One translucent colour.
    Solid {
        /// The colour.
        colour: Rgb<u8>,
        /// From 0 (nothing) to 1 (covers).
        alpha: f32,
    },
    /// Diagonal stripes: how UNKNOWN is told from every level even without colour vision.
    Hatch {
        /// The colour of the stripes.
        colour: Rgb<u8>,
        /// From 0 (nothing) to 1 (covers), on the stripes; between them there is nothing.
        alpha: f32,
        /// Pixels from stripe to stripe, measured along a row; half of it is stripe.
        period_px: f32,
    },
}

impl Paint {
    fn at(self, x: u32, y: u32) -> (Rgb<u8>, f32) {
        match self {
            Self::Solid { colour, alpha } => (colour, alpha),
            Self::Hatch { colour, alpha, period_px } => {
                let period_px = period_px.max(2.0);
                let phase = (x as f32 + y as f32) % period_px;
                // Distance into the stripe, so that its edges fade over one pixel.
                let inside = period_px / 4.0 - (phase - period_px / 2.0).abs();
                (colour, alpha * (inside + 0.5).clamp(0.0, 1.0))
            }
        }
    }
}

/// Fills a closed polygon.
pub fn fill_polygon(picture: &mut RgbImage, polygon: &[PointPx], paint: Paint) {
    fill_contours(picture, &[polygon.to_vec()], paint);
}

/// Draws a closed polygon's outline, `width_px` across, with rounded corners.
pub fn draw_outline(picture: &mut RgbImage, polygon: &[PointPx], width_px: f64, colour: Rgb<u8>, alpha: f32) {
    let Some(last) = polygon.last() else { return };
    let mut closed = polygon.to_vec();
    if polygon.first() != Some(last) {
        closed.extend(polygon.first());
    }
    draw_line(picture, &closed, width_px, colour, alpha);
}

/// Draws an open line through `points`, `width_px` across, with rounded ends and corners.
pub fn draw_line(picture: &mut RgbImage, points: &[PointPx], width_px: f64, colour: Rgb<u8>, alpha: f32) {
    let points: Vec<PointPx> = points.iter().copied().filter(|p| is_finite(*p)).collect();
    let half_px = width_px.max(0.1) / 2.0;
    let mut contours: Vec<Vec<PointPx>> = points.iter().map(|centre| disc(*centre, half_px)).collect();
    contours.extend(points.windows(2).filter_map(|ends| bar(ends[0], ends[1], half_px)));
    // All pieces turn the same way round, so where they overlap the colour is laid on once.
    fill_contours(picture, &contours, Paint::Solid { colour, alpha });
}

fn is_finite(point: PointPx) -> bool {
    point[0].is_finite() && point[1].is_finite()
}

/// A small regular polygon in place of a circle.
fn disc(centre: PointPx, radius_px: f64) -> Vec<PointPx> {
    const CORNERS: u32 = 12;
    (0..CORNERS)
        .map(|i| {
            let (sin, cos) = (f64::from(i) * std::f64::consts::TAU / f64::from(CORNERS)).sin_cos();
            [centre[0] + radius_px * cos, centre[1] + radius_px * sin]
        })
        .collect()
}

/// The rectangle around the segment from `a` to `b`, turning the same way round as [`disc`].
fn bar(a: PointPx, b: PointPx, half_px: f64) -> Option<Vec<PointPx>> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx.hypot(dy);
    if !(length > 0.0 && length.is_finite()) {
        return None;
    }
    let (nx, ny) = (-dy / length * half_px, dx / length * half_px);
    Some(vec![[a[0] - nx, a[1] - ny], [b[0] - nx, b[1] - ny], [b[0] + nx, b[1] + ny], [a[0] + nx, a[1] + ny]])
}

/// A side of a contour, running down the picture from `top` to `bottom`.
struct Edge {
    top: f64,
    bottom: f64,
    x_at_top: f64,
    x_per_y: f64,
    winding: i32,
}

fn edges_of(contours: &[Vec<PointPx>]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for contour in contours {
        let points: Vec<PointPx> = contour.iter().copied().filter(|p| is_finite(*p)).collect();
        for (i, &from) in points.iter().enumerate() {
            let to = points[(i + 1) % points.len()];
            let (upper, lower, winding) = if from[1] < to[1] { (from, to, 1) } else { (to, from, -1) };
            let x_per_y = (lower[0] - upper[0]) / (lower[1] - upper[1]);
            if x_per_y.is_finite() {
                edges.push(Edge { top: upper[1], bottom: lower[1], x_at_top: upper[0], x_per_y, winding });
            }
        }
    }
    edges
}

/// Sub-rows sampled in each row of pixels.
const SUB_ROWS: u32 = 4;

/// Fills the union of `contours` (non-zero winding).
fn fill_contours(picture: &mut RgbImage, contours: &[Vec<PointPx>], paint: Paint) {
    let edges = edges_of(contours);
    let (width, height) = picture.dimensions();
    let top = edges.iter().map(|e| e.top).fold(f64::INFINITY, f64::min);
    let bottom = edges.iter().map(|e| e.bottom).fold(f64::NEG_INFINITY, f64::max);
    let rows =
        top.floor().clamp(0.0, f64::from(height)) as u32..bottom.ceil().clamp(0.0, f64::from(height)) as u32;

    // `coverage_step[x]` is by how much the coverage of pixel x differs from that of pixel x - 1.
    let mut coverage_step = vec![0.0_f32; width as usize + 2];
    let mut crossings: Vec<(f64, i32)> = Vec::new();
    for y in rows {
        let mut touched = (width, 0);
        for sub_row in 0..SUB_ROWS {
            let sample_y = f64::from(y) + (f64::from(sub_row) + 0.5) / f64::from(SUB_ROWS);
            crossings.clear();
            crossings.extend(
                edges
                    .iter()
                    .filter(|e| e.top <= sample_y && sample_y < e.bottom)
                    .map(|e| (e.x_at_top + (sample_y - e.top) * e.x_per_y, e.winding)),
            );
            crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut winding = 0;
            let mut entered_at = 0.0;
            for &(x, turn) in &crossings {
                if winding == 0 {
                    entered_at = x;
                }
                winding += turn;
                if winding == 0 {
                    let span = (entered_at.clamp(0.0, f64::from(width)), x.clamp(0.0, f64::from(width)));
                    add_span(&mut coverage_step, span);
                    touched = (touched.0.min(span.0 as u32), touched.1.max(span.1.ceil() as u32));
                }
            }
        }
        lay_row(row_mut(picture, y), y, touched, &mut coverage_step, paint);
    }
}

/// Adds one sub-row's span of covered pixels.
fn add_span(coverage_step: &mut [f32], (from, to): (f64, f64)) {
    for (edge, weight) in [(from, 1.0), (to, -1.0)] {
        let share = weight / SUB_ROWS as f32;
        let pixel = edge as usize;
        let past = edge.fract() as f32;
        coverage_step[pixel] += share * (1.0 - past);
        coverage_step[pixel + 1] += share * past;
    }
}

/// Paints one row by its coverage and clears the coverage for the next.
fn lay_row(row: &mut [u8], y: u32, (from, to): (u32, u32), coverage_step: &mut [f32], paint: Paint) {
    let mut coverage = 0.0;
    for x in from..to {
        coverage += coverage_step[x as usize];
        if coverage > 1e-3 {
            let (colour, alpha) = paint.at(x, y);
            let start = x as usize * 3;
            blend(&mut row[start..start + 3], colour, alpha * coverage);
        }
    }
    if from < to {
        coverage_step[from as usize..=to as usize + 1].fill(0.0);
    } else {
        coverage_step.fill(0.0);
    }
}

#[cfg(test)]
mod tests;
