//! What a camera sees of the ground: how well, how large heads are there, and how much of a zone or line.

use super::GroundGrid;
use crate::{
    camera::Calibration,
    line::{Polyline, STRIP_M, Side},
    polygon::Polygon,
};

/// Coarsest ground resolution at which a density means something, metres a pixel (analytics specification 4.3).
pub const RESOLUTION_LIMIT_M_PER_PX: f64 = 0.25;

/// Fewest pixels across a head that can be counted (analytics specification 4.3).
pub const HEAD_MIN_PX: f64 = 4.0;

/// Size of a head, metres (analytics specification 4.5).
const HEAD_M: f64 = 0.24;

/// How a camera sees a cell of the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A head above it is in the picture, large enough.
    Reliable,
    /// In the picture, but too small or too flat to be counted.
    TooCoarse,
    /// Not in the picture.
    Unseen,
}

/// How `calibration` sees a place of the ground: through the head plane, since heads are what is counted.
pub fn sight(calibration: &Calibration, place_m: [f64; 2]) -> Sight {
    let [width, height] = calibration.image_size_px().map(f64::from);
    let Some([u, v]) = calibration.image_from_head_plane().apply(place_m) else { return Sight::Unseen };
    // A point behind the camera projects into the picture too; its way back is beyond the horizon.
    let Some(j) = calibration.head_plane_from_image().jacobian([u, v]) else { return Sight::Unseen };
    if !((0.0..width).contains(&u) && (0.0..height).contains(&v)) {
        return Sight::Unseen;
    }
    let (m2_per_px2, across_m_per_px) = resolution(j);
    // Without calibration the picture is taken as a plan, which says nothing of how large a head is in it.
    let heads_are_small = calibration.knows_head_sizes() && HEAD_M < HEAD_MIN_PX * across_m_per_px;
    if m2_per_px2.sqrt() > RESOLUTION_LIMIT_M_PER_PX || heads_are_small {
        Sight::TooCoarse
    } else {
        Sight::Reliable
    }
}

/// Width in pixels of the calibration image of the heads above `outline`, one for each of about a thousand places of it
/// that the camera sees, however small; none where the picture is taken as a plan, which says nothing of heads.
pub fn head_widths_px(calibration: &Calibration, outline: &Polygon) -> Vec<f64> {
    let cell_m = (outline.area_m2() / 1000.0).sqrt();
    let Some(grid) = GroundGrid::around(std::iter::once(outline), 0.0, cell_m) else { return Vec::new() };
    let seen = |(index, _): (usize, f64)| {
        let place_m = grid.centre_m(index);
        if !calibration.knows_head_sizes() || sight(calibration, place_m) == Sight::Unseen {
            return None;
        }
        head_width_px(calibration, calibration.image_from_head_plane().apply(place_m)?)
    };
    grid.rasterise(outline).into_iter().filter_map(seen).collect()
}

/// Width in pixels of the calibration image of a head seen there; `None` at and above the horizon, and without calibration.
pub fn head_width_px(calibration: &Calibration, at_in_image_px: [f64; 2]) -> Option<f64> {
    let jacobian = calibration.head_plane_from_image().jacobian(at_in_image_px)?;
    let (_, across_m_per_px) = resolution(jacobian);
    calibration.is_calibrated().then_some(HEAD_M / across_m_per_px)
}

/// Ground of a pixel in m2, and its extent in metres in the direction that is not foreshortened, which is the size of
/// a pixel at a head there: the determinant and the smaller singular value of the Jacobian.
fn resolution(j: [[f64; 2]; 2]) -> (f64, f64) {
    let area = (j[0][0] * j[1][1] - j[0][1] * j[1][0]).abs();
    let squares: f64 = j.iter().flatten().map(|v| v * v).sum();
    let smaller_squared = 0.5 * (squares - (squares * squares - 4.0 * area * area).max(0.0).sqrt());
    (area, smaller_squared.max(0.0).sqrt())
}

/// Shares of a zone by how a camera sees it; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visibility {
    /// Counted.
    pub reliable: f64,
    /// In the picture, but too far away to be counted.
    pub too_coarse: f64,
    /// Outside the picture or behind the horizon.
    pub unseen: f64,
    /// However it is seen: farther from the calibrated points than the calibration can be believed. Not a part of the
    /// sum; 0 without calibration.
    pub extrapolated: f64,
    /// Counted, and near enough to the calibrated points. Not a part of the sum; 0 without calibration.
    pub trusted: f64,
}

/// How much of a zone a camera sees.
pub fn zone_visibility(calibration: &Calibration, outline: &Polygon) -> Visibility {
    // About a thousand samples, whatever the zone's size.
    let cell_m = (outline.area_m2() / 1000.0).sqrt();
    let grid = GroundGrid::around(std::iter::once(outline), 0.0, cell_m);
    visibility(calibration, grid, |grid| grid.rasterise(outline))
}

/// How much of the strip along a line a camera sees.
pub fn line_visibility(calibration: &Calibration, line: &Polyline) -> Visibility {
    let cell_m = (line.length_m() * STRIP_M / 1000.0).sqrt();
    let grid = GroundGrid::over(std::iter::once(line.bounds_m()), 0.0, cell_m);
    visibility(calibration, grid, |grid| {
        let cells = line.strip(grid, Side::Left).into_iter();
        cells.map(|cell| (cell.index, cell.across_per_m[0].hypot(cell.across_per_m[1]))).collect()
    })
}

fn visibility(
    calibration: &Calibration,
    grid: Option<GroundGrid>,
    cells: impl Fn(&GroundGrid) -> Vec<(usize, f64)>,
) -> Visibility {
    let (mut shares, mut far, mut trusted) = ([0.0; 3], 0.0, 0.0);
    if let Some(grid) = grid {
        for (index, share) in cells(&grid) {
            let place_m = grid.centre_m(index);
            let sight = sight(calibration, place_m);
            shares[sight as usize] += share;
            match calibration.trust_region().map(|region| region.contains(place_m)) {
                Some(false) => far += share,
                Some(true) if sight == Sight::Reliable => trusted += share,
                _ => {}
            }
        }
    }
    let total: f64 = shares.iter().sum();
    if total <= 0.0 {
        return Visibility { reliable: 0.0, too_coarse: 0.0, unseen: 1.0, extrapolated: 0.0, trusted: 0.0 };
    }
    let [reliable, too_coarse, unseen] = shares.map(|share| share / total);
    Visibility { reliable, too_coarse, unseen, extrapolated: far / total, trusted: trusted / total }
}
