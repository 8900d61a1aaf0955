//! The ground's grid in metres as a calibration sees it: lines on the ground, and where they lie in the picture.

use throng_analytics::camera::Calibration;

/// Lines across the trusted area, about.
const LINES: f64 = 12.0;

/// Distances of lines that people can count by, metres.
const STEPS_M: [f64; 8] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// Pieces of a line: straight lines on the ground leave the picture at any place, and a lens bends them.
const PIECES: u32 = 96;

/// A grid around the ground that can be believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Distance of its lines, metres.
    pub step_m: f64,
    /// The lines.
    pub lines: Vec<GridLine>,
}

/// A line of the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridLine {
    /// The coordinate that is the same along it: 0 for x, 1 for y.
    pub axis: usize,
    /// That coordinate, metres.
    pub at_m: f64,
    /// The other coordinate of the trusted ground, from and to, metres.
    pub trusted_m: [f64; 2],
    /// Places along it, metres.
    pub places_m: Vec<[f64; 2]>,
}

impl GridLine {
    /// The place on the line with the other coordinate at `along_m`.
    pub fn place_m(&self, along_m: f64) -> [f64; 2] {
        if self.axis == 0 { [self.at_m, along_m] } else { [along_m, self.at_m] }
    }
}

/// The grid of a calibration; `None` for one without points, of which there is nothing to draw.
pub fn grid(calibration: &Calibration) -> Option<Grid> {
    let region = calibration.trust_region()?;
    let bound = |axis: usize, pick: fn(f64, f64) -> f64, start: f64| {
        region.corners_m().iter().map(|corner| corner[axis]).fold(start, pick)
    };
    let lo = [0, 1].map(|axis| bound(axis, f64::min, f64::INFINITY));
    let hi = [0, 1].map(|axis| bound(axis, f64::max, f64::NEG_INFINITY));
    let length_m = (hi[0] - lo[0]).max(hi[1] - lo[1]);
    let step_m = STEPS_M.into_iter().find(|step| length_m / step <= LINES).unwrap_or(STEPS_M[7]);
    // Half again as far as can be believed, so that one sees where the grid goes wrong.
    let (from, to) = ([0, 1].map(|a| lo[a] - length_m / 4.0), [0, 1].map(|a| hi[a] + length_m / 4.0));
    let mut lines = Vec::new();
    for axis in [0, 1] {
        let other = 1 - axis;
        let along = |i: u32| from[other] + (to[other] - from[other]) * f64::from(i) / f64::from(PIECES);
        let mut at_m = (from[axis] / step_m).ceil() * step_m;
        while at_m <= to[axis] {
            let mut line = GridLine { axis, at_m, trusted_m: [lo[other], hi[other]], places_m: Vec::new() };
            line.places_m = (0..=PIECES).map(|i| line.place_m(along(i))).collect();
            lines.push(line);
            at_m += step_m;
        }
    }
    Some(Grid { step_m, lines })
}

/// Where a place on the ground lies in the calibration image, pixels; `None` behind the camera, and far outside of the
/// picture.
pub fn in_image_px(calibration: &Calibration, in_ground_m: [f64; 2]) -> Option<[f64; 2]> {
    let pixel = calibration.image_from_ground().apply(in_ground_m)?;
    let [width, height] = calibration.image_size_px().map(f64::from);
    let is_near = (-width..2.0 * width).contains(&pixel[0]) && (-height..2.0 * height).contains(&pixel[1]);
    // What lies behind the camera projects too; its way back does not lead to where it came from.
    let back = calibration.ground_from_image().apply(pixel)?;
    let is_before = (back[0] - in_ground_m[0]).hypot(back[1] - in_ground_m[1]) < 0.01;
    (is_near && is_before).then_some(pixel)
}

/// The grid's lines in the calibration image, pixels, each where it shows.
pub fn lines_px(calibration: &Calibration, grid: &Grid) -> Vec<Vec<[f64; 2]>> {
    let mut lines = Vec::new();
    for line in &grid.lines {
        let seen: Vec<Option<[f64; 2]>> =
            line.places_m.iter().map(|place| in_image_px(calibration, *place)).collect();
        let pieces = seen.split(Option::is_none).map(|piece| piece.iter().copied().flatten().collect());
        lines.extend(pieces.filter(|piece: &Vec<_>| piece.len() > 1));
    }
    lines
}

#[cfg(test)]
mod tests {
    use throng_samples::gate;

    use super::*;

    #[test]
    fn the_grid_lies_on_whole_metres_and_runs_through_the_points() {
        let camera = gate::camera();
        let pairs: Vec<_> = gate::calibration_points();
        let calibration =
            Calibration::from_point_pairs(&pairs, camera.image_width_px, camera.image_height_px, 1.6)
                .unwrap();
        let grid = grid(&calibration).unwrap();
        assert!(grid.lines.iter().all(|line| (line.at_m / grid.step_m).fract() == 0.0));
        let lines = lines_px(&calibration, &grid);
        assert!(lines.len() > 6);
        // Back on the ground each place of a line has the coordinate of one of the grid's lines.
        for px in lines.iter().flatten() {
            let place = calibration.ground_from_image().apply(*px).unwrap();
            let off = |c: f64| (c / grid.step_m - (c / grid.step_m).round()).abs();
            assert!(off(place[0]) < 0.01 || off(place[1]) < 0.01, "{place:?}");
        }
    }
}
