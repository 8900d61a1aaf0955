//! Lines across the ground: doors, gates, the edges of a zone, over which people come and go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    ground::GroundGrid,
    polygon::{Polygon, area_between_m2},
};

/// Shortest line, metres: the clear width of a turnstile.
pub const LENGTH_MIN_M: f64 = 0.5;

/// Thickness of the strip of ground along a line in which people are measured, metres: two cells of the ground's raster,
/// and no more than somebody walks in a second.
pub const STRIP_M: f64 = 1.0;

/// How far to either side of a line's middle the area that it bounds is looked for, metres.
const BESIDE_M: f64 = 0.5;

/// Farther away than any ground plane is flat, metres.
const FARTHEST_M: f64 = 1e5;

/// A side of a line, seen from its first point to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

impl Side {
    /// Its name, as in site files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// A line that people cross.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Id, unique in the site.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Where it runs.
    pub way: Polyline,
    /// Where "in" leads to.
    pub inside: Side,
    /// Id of the zone that it bounds, on the inside.
    pub zone: Option<String>,
    /// Ids of the cameras that measure it; empty: every camera of the site that sees it.
    pub cameras: Vec<String>,
}

impl Line {
    /// Whether a camera may measure this line.
    pub fn is_measured_by(&self, camera_id: &str) -> bool {
        self.cameras.is_empty() || self.cameras.iter().any(|id| id == camera_id)
    }

    /// Whether people who cross it are counted as they were across `before`: in the same place and direction, by the same
    /// cameras, whatever it is called and whichever zone it bounds.
    pub fn counts_as(&self, before: &Self) -> bool {
        (&self.id, &self.way, self.inside, &self.cameras)
            == (&before.id, &before.way, before.inside, &before.cameras)
    }
}

/// Two or more points in order, metres on the site's ground plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Polyline {
    points_m: Vec<[f64; 2]>,
}

/// Why points do not form a line.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InvalidLine {
    /// Fewer than two points.
    #[error("a line needs at least 2 points and has {found}")]
    TooFewPoints {
        /// Points given.
        found: usize,
    },
    /// NaN, infinite, or farther away than any ground plane is flat.
    #[error("point {index} is not a place within 100 km of the origin; give metres from a point of the site")]
    TooFar {
        /// Index of the point, from 0.
        index: usize,
    },
    /// Two points in a row are one place.
    #[error("points {first} and {second} are the same place; remove one of them")]
    Repeated {
        /// Index of the earlier point.
        first: usize,
        /// Index of the later point.
        second: usize,
    },
    /// Nobody fits through.
    #[error("the line is {length_m:.2} m long; nobody fits through less than {LENGTH_MIN_M} m")]
    TooShort {
        /// Its length, metres.
        length_m: f64,
    },
}

/// A cell of the ground's raster on the strip along a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StripCell {
    /// Index in the raster.
    pub index: usize,
    /// The unit vector across the line, inwards, times the part of the cell in the strip over the strip's thickness, 1/m.
    pub across_per_m: [f64; 2],
}

impl Polyline {
    /// Checks the points.
    ///
    /// # Errors
    /// [`InvalidLine`] names the point that is wrong.
    pub fn new(points_m: Vec<[f64; 2]>) -> Result<Self, InvalidLine> {
        if points_m.len() < 2 {
            return Err(InvalidLine::TooFewPoints { found: points_m.len() });
        }
        let is_near = |p: &[f64; 2]| p.iter().all(|c| c.is_finite() && c.abs() <= FARTHEST_M);
        if let Some(index) = points_m.iter().position(|p| !is_near(p)) {
            return Err(InvalidLine::TooFar { index });
        }
        if let Some(first) = points_m.windows(2).position(|ends| distance_m(ends[0], ends[1]) < 1e-3) {
            return Err(InvalidLine::Repeated { first, second: first + 1 });
        }
        let line = Self { points_m };
        let length_m = line.length_m();
        if length_m < LENGTH_MIN_M { Err(InvalidLine::TooShort { length_m }) } else { Ok(line) }
    }

    /// The points in order, metres.
    pub fn points_m(&self) -> &[[f64; 2]] {
        &self.points_m
    }

    /// Length, metres: the width of the way across it.
    pub fn length_m(&self) -> f64 {
        self.points_m.windows(2).map(|ends| distance_m(ends[0], ends[1])).sum()
    }

    /// Smallest and largest coordinates of the strip along it, metres.
    pub fn bounds_m(&self) -> ([f64; 2], [f64; 2]) {
        self.points_m.iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(lo, hi), p| {
            let grown = |k: usize, by: f64| p[k] + by * STRIP_M / 2.0;
            (
                [lo[0].min(grown(0, -1.0)), lo[1].min(grown(1, -1.0))],
                [hi[0].max(grown(0, 1.0)), hi[1].max(grown(1, 1.0))],
            )
        })
    }

    /// The middle of the line, and the unit vector across it to the left there.
    pub fn middle(&self) -> ([f64; 2], [f64; 2]) {
        let mut left_m = 0.5 * self.length_m();
        for ends in self.points_m.windows(2) {
            let length_m = distance_m(ends[0], ends[1]);
            if left_m <= length_m {
                let along = [0, 1].map(|k| (ends[1][k] - ends[0][k]) / length_m);
                return ([0, 1].map(|k| ends[0][k] + left_m * along[k]), [-along[1], along[0]]);
            }
            left_m -= length_m;
        }
        (self.points_m[0], [0.0, 0.0])
    }

    /// The side on which an area lies just beside the middle of the line; `None`: on both sides, or on none.
    pub fn side_of(&self, area: &Polygon) -> Option<Side> {
        let (middle, left) = self.middle();
        let holds = |by_m: f64| area.contains([0, 1].map(|k| middle[k] + by_m * left[k]));
        match (holds(BESIDE_M), holds(-BESIDE_M)) {
            (true, false) => Some(Side::Left),
            (false, true) => Some(Side::Right),
            _ => None,
        }
    }

    /// The cells of `grid` on the strip along the line, in the order of its segments; a cell near a corner belongs to each
    /// of both.
    pub fn strip(&self, grid: &GroundGrid, inside: Side) -> Vec<StripCell> {
        let sign = if inside == Side::Left { 1.0 } else { -1.0 };
        let mut cells = Vec::new();
        for ends in self.points_m.windows(2) {
            let length_m = distance_m(ends[0], ends[1]);
            let along = [0, 1].map(|k| (ends[1][k] - ends[0][k]) / length_m);
            let left = [-along[1], along[0]];
            let strip: Vec<[f64; 2]> = [(ends[0], -0.5), (ends[1], -0.5), (ends[1], 0.5), (ends[0], 0.5)]
                .map(|(end, off)| [0, 1].map(|k| end[k] + off * STRIP_M * left[k]))
                .to_vec();
            let segment = Self { points_m: ends.to_vec() };
            let shares = grid.rasterise_by(segment.bounds_m(), |lo, hi| area_between_m2(&strip, lo, hi));
            let across_per_m = |share: f64| left.map(|c| sign * c * share / STRIP_M);
            cells.extend(
                shares
                    .into_iter()
                    .map(|(index, share)| StripCell { index, across_per_m: across_per_m(share) }),
            );
        }
        cells
    }
}

fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_is_as_long_and_as_thick_as_it_should_be_however_it_lies() {
        let grid = GroundGrid { origin_m: [-10.0, -10.0], cell_m: 0.5, width_cells: 40, height_cells: 40 };
        for points in
            [vec![[-3.0, 0.0], [4.0, 0.0]], vec![[-3.1, -2.2], [2.7, 4.9]], vec![[0.3, 5.0], [0.3, -2.0]]]
        {
            let line = Polyline::new(points).unwrap();
            for (side, sign) in [(Side::Left, 1.0), (Side::Right, -1.0)] {
                let (_, left) = line.middle();
                // One person a square metre walking across at 1 m/s: as many a second as the line is metres long.
                let flow: f64 = line
                    .strip(&grid, side)
                    .iter()
                    .map(|c| 0.25 * (c.across_per_m[0] * left[0] + c.across_per_m[1] * left[1]))
                    .sum();
                assert!((flow - sign * line.length_m()).abs() < 1e-9, "{flow}");
            }
        }
    }

    #[test]
    fn a_line_counts_on_under_another_name_and_without_its_zone_and_anew_elsewhere() {
        let line = |points: &[[f64; 2]], inside| Line {
            id: "door".to_owned(),
            name: "Door".to_owned(),
            way: Polyline::new(points.to_vec()).unwrap(),
            inside,
            zone: Some("hall".to_owned()),
            cameras: Vec::new(),
        };
        let before = line(&[[0.0, 0.0], [3.0, 0.0]], Side::Left);
        let named = Line { name: "North door".to_owned(), zone: None, ..before.clone() };
        assert!(named.counts_as(&before));
        assert!(!line(&[[0.0, 0.0], [4.0, 0.0]], Side::Left).counts_as(&before));
        assert!(!line(&[[0.0, 0.0], [3.0, 0.0]], Side::Right).counts_as(&before));
        assert!(!Line { cameras: vec!["mast".to_owned()], ..before.clone() }.counts_as(&before));
    }

    #[test]
    fn an_area_lies_on_the_side_of_the_line_that_it_begins_at() {
        let area = Polygon::new(vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]).unwrap();
        let side = |from, to| Polyline::new(vec![from, to]).unwrap().side_of(&area);
        assert_eq!(side([0.0, 0.0], [0.0, 4.0]), Some(Side::Right));
        assert_eq!(side([0.0, 4.0], [0.0, 0.0]), Some(Side::Left));
        assert_eq!((side([2.0, 0.0], [2.0, 4.0]), side([9.0, 0.0], [9.0, 4.0])), (None, None));
    }

    #[test]
    fn what_is_no_line_is_said() {
        let message = |points: &[[f64; 2]]| Polyline::new(points.to_vec()).unwrap_err().to_string();
        assert!(message(&[[0.0, 0.0]]).contains("at least 2 points and has 1"));
        assert!(message(&[[0.0, 0.0], [f64::NAN, 0.0]]).contains("point 1 is not a place"));
        assert!(message(&[[0.0, 0.0], [3.0, 0.0], [3.0, 0.0]]).contains("points 1 and 2 are the same place"));
        assert!(message(&[[0.0, 0.0], [0.2, 0.0]]).contains("0.20 m long"));
    }
}
