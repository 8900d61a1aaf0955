//! Simple polygons on the ground.

use thiserror::Error;

/// Farthest coordinate of a corner, metres (our proposal): beyond it the site's plane and the earth part ways, and a
/// longitude or a UTM coordinate was meant.
const FARTHEST_M: f64 = 100_000.0;

/// A simple polygon (its edges meet only at its corners), corners in metres on the site's ground plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    corners_m: Vec<[f64; 2]>,
}

/// Why corners do not form a zone.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InvalidPolygon {
    /// Fewer than three corners.
    #[error("a polygon needs at least 3 corners and has {found}")]
    TooFewCorners {
        /// Corners given.
        found: usize,
    },
    /// NaN or infinite.
    #[error("corner {index} has a coordinate that is not a finite number")]
    NotFinite {
        /// Index of the corner, from 0.
        index: usize,
    },
    /// Farther away than any ground plane is flat.
    #[error("corner {index} lies more than 100 km from the origin; give metres from a point of the site")]
    TooFar {
        /// Index of the corner, from 0.
        index: usize,
    },
    /// Two edges cross or touch.
    #[error(
        "the polygon crosses itself: the edge from corner {first} meets the edge from corner {second}; give the \
         corners in order around the zone"
    )]
    CrossesItself {
        /// Index of the corner where the first edge begins.
        first: usize,
        /// Index of the corner where the second edge begins.
        second: usize,
    },
    /// No area worth speaking of.
    #[error("the polygon covers {area_m2:.3} m2; a zone of less than 1 m2 has no density")]
    TooSmall {
        /// Its area, m2.
        area_m2: f64,
    },
}

impl Polygon {
    /// Checks the corners; either orientation, the last corner not repeated (a repeated one is dropped).
    ///
    /// # Errors
    /// [`InvalidPolygon`] names the corner or edges that are wrong.
    pub fn new(mut corners_m: Vec<[f64; 2]>) -> Result<Self, InvalidPolygon> {
        if corners_m.len() > 1 && corners_m.first() == corners_m.last() {
            corners_m.pop();
        }
        if let Some(index) = corners_m.iter().position(|c| !c.iter().all(|v| v.is_finite())) {
            return Err(InvalidPolygon::NotFinite { index });
        }
        if let Some(index) = corners_m.iter().position(|c| !c.iter().all(|v| v.abs() <= FARTHEST_M)) {
            return Err(InvalidPolygon::TooFar { index });
        }
        let n = corners_m.len();
        if n < 3 {
            return Err(InvalidPolygon::TooFewCorners { found: n });
        }
        let edge = |i: usize| (corners_m[i], corners_m[(i + 1) % n]);
        for first in 0..n {
            for second in first + 1..n {
                let neighbours = second == first + 1 || (first == 0 && second == n - 1);
                if !neighbours && segments_meet(edge(first), edge(second)) {
                    return Err(InvalidPolygon::CrossesItself { first, second });
                }
            }
        }
        let polygon = Self { corners_m };
        let area_m2 = polygon.area_m2();
        if area_m2 < 1.0 { Err(InvalidPolygon::TooSmall { area_m2 }) } else { Ok(polygon) }
    }

    /// The corners in order, metres.
    pub fn corners_m(&self) -> &[[f64; 2]] {
        &self.corners_m
    }

    /// Area in m2 (shoelace formula, whatever the orientation).
    pub fn area_m2(&self) -> f64 {
        area_m2(&self.corners_m)
    }

    /// Whether a point lies inside (even-odd rule with half-open edges, so that polygons sharing an edge never both
    /// hold a point of it).
    pub fn contains(&self, point_m: [f64; 2]) -> bool {
        let n = self.corners_m.len();
        (0..n).fold(false, |inside, i| {
            let (a, b) = (self.corners_m[i], self.corners_m[(i + 1) % n]);
            let straddles = (a[1] > point_m[1]) != (b[1] > point_m[1]);
            let left_of = |a: [f64; 2], b: [f64; 2]| {
                point_m[0] < a[0] + (point_m[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            };
            inside ^ (straddles && left_of(a, b))
        })
    }

    /// Area of its part between two corners of an upright rectangle, m2: exact, also for a concave polygon.
    pub fn area_between_m2(&self, lo: [f64; 2], hi: [f64; 2]) -> f64 {
        area_between_m2(&self.corners_m, lo, hi)
    }

    /// Smallest and largest corner coordinates, metres.
    pub fn bounds_m(&self) -> ([f64; 2], [f64; 2]) {
        self.corners_m.iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(lo, hi), c| {
            ([lo[0].min(c[0]), lo[1].min(c[1])], [hi[0].max(c[0]), hi[1].max(c[1])])
        })
    }
}

fn area_m2(corners_m: &[[f64; 2]]) -> f64 {
    let next = corners_m.iter().cycle().skip(1);
    let doubled: f64 = corners_m.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    doubled.abs() / 2.0
}

/// Area of the part of a simple polygon between two corners of an upright rectangle, m2 (Sutherland and Hodgman 1974: where
/// clipping leaves parts of a concave polygon joined by edges that run back and forth, those enclose nothing).
pub(crate) fn area_between_m2(corners_m: &[[f64; 2]], lo: [f64; 2], hi: [f64; 2]) -> f64 {
    let mut left: Vec<[f64; 2]> = corners_m.to_vec();
    for (axis, limit, sign) in [(0, lo[0], 1.0), (0, hi[0], -1.0), (1, lo[1], 1.0), (1, hi[1], -1.0)] {
        let inside = |p: &[f64; 2]| sign * (p[axis] - limit);
        let mut kept = Vec::with_capacity(left.len() + 4);
        for (a, b) in left.iter().zip(left.iter().cycle().skip(1)) {
            let (from, to) = (inside(a), inside(b));
            if from >= 0.0 {
                kept.push(*a);
            }
            if (from < 0.0) != (to < 0.0) {
                let part = from / (from - to);
                let mut crossing = [0, 1].map(|k| a[k] + part * (b[k] - a[k]));
                crossing[axis] = limit;
                kept.push(crossing);
            }
        }
        left = kept;
    }
    // Measured from the rectangle's corner: coordinates of kilometres would cost the digits of a small area.
    let near: Vec<[f64; 2]> = left.iter().map(|p| [p[0] - lo[0], p[1] - lo[1]]).collect();
    area_m2(&near)
}

/// Whether two closed segments share a point.
fn segments_meet((a, b): ([f64; 2], [f64; 2]), (c, d): ([f64; 2], [f64; 2])) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        let cross = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        if cross.abs() < 1e-12 { 0.0 } else { cross.signum() }
    };
    let within = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        r[0] >= p[0].min(q[0]) && r[0] <= p[0].max(q[0]) && r[1] >= p[1].min(q[1]) && r[1] <= p[1].max(q[1])
    };
    let (s1, s2, s3, s4) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    (s1 * s2 < 0.0 && s3 * s4 < 0.0)
        || (s1 == 0.0 && within(a, b, c))
        || (s2 == 0.0 && within(a, b, d))
        || (s3 == 0.0 && within(c, d, a))
        || (s4 == 0.0 && within(c, d, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_and_inside_do_not_depend_on_the_orientation() {
        let mut corners = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [2.0, 1.0], [0.0, 3.0]];
        for _ in 0..2 {
            let polygon = Polygon::new(corners.clone()).unwrap();
            assert!((polygon.area_m2() - 8.0).abs() < 1e-12);
            assert!(polygon.contains([0.5, 2.0]) && polygon.contains([3.5, 2.0]));
            assert!(!polygon.contains([2.0, 2.0]) && !polygon.contains([5.0, 1.0]));
            corners.reverse();
        }
    }

    #[test]
    fn the_part_in_a_rectangle_is_exact() {
        let triangle = Polygon::new(vec![[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]).unwrap();
        // Under y = 3 - 0.75 x: from 2 to 3, above 0, 3 - 0.75 x integrates to 1.125.
        assert!((triangle.area_between_m2([2.0, 0.0], [3.0, 9.0]) - 1.125).abs() < 1e-12);
        assert!((triangle.area_between_m2([-1.0, -1.0], [9.0, 9.0]) - 6.0).abs() < 1e-12);
        assert!(triangle.area_between_m2([5.0, 5.0], [6.0, 6.0]).abs() < 1e-12);
        // A U: the rectangle across its arms holds two parts of 1 m by 0.5 m.
        let u =
            [[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [2.0, 3.0], [2.0, 1.0], [1.0, 1.0], [1.0, 3.0], [0.0, 3.0]];
        let far = u.map(|p| [p[0] + 50_000.0, p[1] - 70_000.0]).to_vec();
        for clockwise in [false, true] {
            let corners = if clockwise { far.iter().rev().copied().collect() } else { far.clone() };
            let area_m2 =
                Polygon::new(corners).unwrap().area_between_m2([49_999.0, -69_998.0], [50_004.0, -69_997.5]);
            assert!((area_m2 - 1.0).abs() < 1e-9, "{area_m2}");
        }
    }

    #[test]
    fn a_shared_edge_belongs_to_one_side() {
        let left = Polygon::new(vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]).unwrap();
        let right = Polygon::new(vec![[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]]).unwrap();
        assert_ne!(left.contains([1.0, 0.5]), right.contains([1.0, 0.5]));
    }

    #[test]
    fn what_is_no_zone_is_said() {
        let message = |corners: &[[f64; 2]]| Polygon::new(corners.to_vec()).unwrap_err().to_string();
        assert!(message(&[[0.0, 0.0], [1.0, 0.0]]).contains("at least 3 corners and has 2"));
        assert!(message(&[[0.0, 0.0], [f64::NAN, 0.0], [1.0, 1.0]]).contains("corner 1"));
        let bow_tie = message(&[[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]]);
        assert!(bow_tie.contains("edge from corner 0 meets the edge from corner 2"), "{bow_tie}");
        assert!(message(&[[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]]).contains("less than 1 m2"));
        assert!(message(&[[0.0, 0.0], [4.0, 0.0], [4.0, 5.5e6]]).contains("corner 2 lies more than 100 km"));
    }
}
