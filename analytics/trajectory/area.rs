//! An area with holes, as convex pieces: what a cell has in common with it is then exact, and each part is known apart.
//!
//! The area is cut into slabs at every corner and crossing of its edges. In a slab edges neither begin nor end nor cross,
//! so that what lies between two of them is a trapezoid. This needs no general polygon clipping, whose rounding to a grid
//! is felt in the density of a small cell.

use thiserror::Error;

use super::convex::{self, Convex};

/// Slabs thinner than this, in metres, hold nothing worth measuring.
const THINNEST_M: f64 = 1e-12;

/// Two pieces are joined where they share a longer border than this, metres.
const JOINED_M: f64 = 1e-9;

/// The ground where people may be, or a part of it that is measured. Metres.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    slabs: Vec<Slab>,
    borders: Vec<[[f64; 2]; 2]>,
    bounds_m: ([f64; 2], [f64; 2]),
    area_m2: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Slab {
    from_m: f64,
    to_m: f64,
    pieces: Vec<Convex>,
}

/// Why corners make no area.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InvalidArea {
    /// Fewer than three corners.
    #[error("an area needs at least 3 corners and has {found}")]
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
    /// Nothing is left.
    #[error("the area is empty: its corners lie on one line, or obstacles cover it")]
    Empty,
}

/// An edge, from left to right, of the outline (0) or an obstacle (1 and more).
#[derive(Clone, Copy)]
struct Edge {
    of: usize,
    left: [f64; 2],
    right: [f64; 2],
}

impl Edge {
    fn y_at(&self, x: f64) -> f64 {
        let share = (x - self.left[0]) / (self.right[0] - self.left[0]);
        self.left[1] + share * (self.right[1] - self.left[1])
    }

    /// Where two edges cross; `None` where they do not or are parallel.
    fn crosses_at(&self, other: &Self) -> Option<f64> {
        let (x0, x1) = (self.left[0].max(other.left[0]), self.right[0].min(other.right[0]));
        let apart = |x: f64| self.y_at(x) - other.y_at(x);
        let (first, last) = (apart(x0), apart(x1));
        (x0 < x1 && first * last < 0.0).then(|| x0 + (x1 - x0) * first / (first - last))
    }
}

impl Area {
    /// An outline without `obstacles`; corners in either orientation, the first not repeated. Obstacles may overlap each
    /// other and reach beyond the outline.
    ///
    /// # Errors
    /// [`InvalidArea`].
    pub fn new(outline_m: &[[f64; 2]], obstacles_m: &[Vec<[f64; 2]>]) -> Result<Self, InvalidArea> {
        let (mut edges, mut cuts, mut borders) = (Vec::new(), Vec::new(), Vec::new());
        for (of, corners) in
            std::iter::once(outline_m).chain(obstacles_m.iter().map(Vec::as_slice)).enumerate()
        {
            if corners.len() < 3 {
                return Err(InvalidArea::TooFewCorners { found: corners.len() });
            }
            if let Some(index) = corners.iter().position(|c| !c.iter().all(|v| v.is_finite())) {
                return Err(InvalidArea::NotFinite { index });
            }
            cuts.extend(corners.iter().map(|corner| corner[0]));
            let ends = corners.iter().cycle().skip(1);
            borders.extend(corners.iter().zip(ends.clone()).map(|(a, b)| [*a, *b]));
            edges.extend(corners.iter().zip(ends).filter(|(a, b)| (a[0] - b[0]).abs() > THINNEST_M).map(
                |(a, b)| {
                    let (left, right) = if a[0] < b[0] { (*a, *b) } else { (*b, *a) };
                    Edge { of, left, right }
                },
            ));
        }
        for (index, edge) in edges.iter().enumerate() {
            cuts.extend(edges[..index].iter().filter_map(|other| edge.crosses_at(other)));
        }
        cuts.sort_by(f64::total_cmp);
        let slabs: Vec<Slab> = cuts
            .windows(2)
            .filter(|cut| cut[1] - cut[0] > THINNEST_M)
            .map(|cut| Slab { from_m: cut[0], to_m: cut[1], pieces: pieces(&edges, cut[0], cut[1]) })
            .filter(|slab| !slab.pieces.is_empty())
            .collect();
        let area_m2 = slabs.iter().flat_map(|slab| &slab.pieces).map(|piece| convex::area_m2(piece)).sum();
        let corners: Vec<[f64; 2]> =
            slabs.iter().flat_map(|slab| slab.pieces.iter().flatten()).copied().collect();
        if area_m2 > 0.0 {
            Ok(Self { slabs, borders, bounds_m: convex::bounds(&corners), area_m2 })
        } else {
            Err(InvalidArea::Empty)
        }
    }

    /// Size in m2.
    pub fn area_m2(&self) -> f64 {
        self.area_m2
    }

    /// Smallest and largest coordinates, metres.
    pub fn bounds_m(&self) -> ([f64; 2], [f64; 2]) {
        self.bounds_m
    }

    /// Whether a point lies inside or on the border.
    pub fn holds(&self, point_m: [f64; 2]) -> bool {
        self.slabs_between(point_m[0], point_m[0])
            .any(|(_, slab)| slab.pieces.iter().any(|piece| distance_inside(piece, point_m) >= -JOINED_M))
    }

    /// Whether a point lies inside and not on the border.
    pub fn holds_within(&self, point_m: [f64; 2]) -> bool {
        let on_border = |[a, b]: &[[f64; 2]; 2]| {
            let (along, to) = ([b[0] - a[0], b[1] - a[1]], [point_m[0] - a[0], point_m[1] - a[1]]);
            let squared = along[0] * along[0] + along[1] * along[1];
            let share = ((along[0] * to[0] + along[1] * to[1]) / squared).clamp(0.0, 1.0);
            (to[0] - share * along[0]).hypot(to[1] - share * along[1]) <= THINNEST_M
        };
        self.holds(point_m) && !self.borders.iter().any(on_border)
    }

    /// The edges of all pieces, the area to their left. Those between two pieces come twice, once each way.
    pub(super) fn edges(&self) -> impl Iterator<Item = [[f64; 2]; 2]> {
        self.slabs
            .iter()
            .flat_map(|slab| &slab.pieces)
            .flat_map(|piece| piece.iter().zip(piece.iter().cycle().skip(1)).map(|(from, to)| [*from, *to]))
    }

    fn slabs_between(&self, from_m: f64, to_m: f64) -> impl Iterator<Item = (usize, &Slab)> {
        let first = self.slabs.partition_point(|slab| slab.to_m < from_m);
        self.slabs.iter().enumerate().skip(first).take_while(move |(_, slab)| slab.from_m <= to_m)
    }

    /// Size in m2 of what pieces have in common with the area.
    pub(super) fn shared_m2(&self, pieces: &[Convex]) -> f64 {
        pieces
            .iter()
            .map(|piece| {
                let (lo, hi) = convex::bounds(piece);
                let ([_, bottom_m], [_, top_m]) = self.bounds_m;
                if lo[1] > top_m || hi[1] < bottom_m {
                    return 0.0;
                }
                self.slabs_between(lo[0], hi[0])
                    .flat_map(|(_, slab)| &slab.pieces)
                    .map(|own| convex::area_m2(&convex::intersection(own, piece)))
                    .sum::<f64>()
            })
            .sum()
    }

    /// The part of a convex `cell` that can be reached from `point_m` without leaving cell and area, in pieces; empty
    /// where the point lies outside the area.
    pub(super) fn reached(&self, cell: &[[f64; 2]], point_m: [f64; 2]) -> Vec<Convex> {
        let (lo, hi) = convex::bounds(cell);
        let mut parts: Vec<(usize, Convex)> = Vec::new();
        let mut start = None;
        let mut nearest = -JOINED_M;
        for (index, slab) in self.slabs_between(lo[0], hi[0]) {
            for piece in &slab.pieces {
                let inside = distance_inside(piece, point_m);
                let part = convex::intersection(piece, cell);
                if part.len() < 3 {
                    continue;
                }
                if inside >= nearest {
                    (start, nearest) = (Some(parts.len()), inside);
                }
                parts.push((index, part));
            }
        }
        let Some(start) = start else { return Vec::new() };
        let mut is_reached = vec![false; parts.len()];
        let mut waiting = vec![start];
        is_reached[start] = true;
        while let Some(from) = waiting.pop() {
            for to in 0..parts.len() {
                if !is_reached[to] && self.are_joined(&parts[from], &parts[to]) {
                    is_reached[to] = true;
                    waiting.push(to);
                }
            }
        }
        parts.into_iter().zip(is_reached).filter(|(_, reached)| *reached).map(|((_, part), _)| part).collect()
    }

    /// Whether parts of neighbouring slabs share a piece of the border between them.
    fn are_joined(&self, (a_slab, a): &(usize, Convex), (b_slab, b): &(usize, Convex)) -> bool {
        let ((left_slab, left), (right_slab, right)) =
            if a_slab < b_slab { ((*a_slab, a), (*b_slab, b)) } else { ((*b_slab, b), (*a_slab, a)) };
        let border_m = self.slabs[left_slab].to_m;
        if right_slab != left_slab + 1 || (self.slabs[right_slab].from_m - border_m).abs() > THINNEST_M {
            return false;
        }
        let on_border = |part: &Convex| {
            part.iter()
                .filter(|corner| (corner[0] - border_m).abs() <= JOINED_M)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), corner| {
                    (lo.min(corner[1]), hi.max(corner[1]))
                })
        };
        let ((left_lo, left_hi), (right_lo, right_hi)) = (on_border(left), on_border(right));
        left_hi.min(right_hi) - left_lo.max(right_lo) > JOINED_M
    }
}

/// What lies inside the outline and outside all obstacles between two cuts, from the lowest up.
fn pieces(edges: &[Edge], from_m: f64, to_m: f64) -> Vec<Convex> {
    let middle_m = f64::midpoint(from_m, to_m);
    let mut spanning: Vec<&Edge> = edges
        .iter()
        .filter(|edge| edge.left[0] <= from_m + THINNEST_M && edge.right[0] >= to_m - THINNEST_M)
        .collect();
    spanning.sort_by(|a, b| a.y_at(middle_m).total_cmp(&b.y_at(middle_m)));
    let mut inside_of = vec![false; edges.iter().map(|edge| edge.of + 1).max().unwrap_or(0)];
    let (mut pieces, mut below): (Vec<Convex>, Option<&Edge>) = (Vec::new(), None);
    for edge in spanning {
        inside_of[edge.of] = !inside_of[edge.of];
        let is_free = inside_of[0] && !inside_of[1..].contains(&true);
        match (below, is_free) {
            (None, true) => below = Some(edge),
            (Some(lower), false) => {
                let at = |edge: &Edge, x: f64| [x, edge.y_at(x)];
                let piece = vec![at(lower, from_m), at(lower, to_m), at(edge, to_m), at(edge, from_m)];
                if convex::area_m2(&piece) > THINNEST_M * (to_m - from_m) {
                    pieces.push(piece);
                }
                below = None;
            }
            _ => {}
        }
    }
    pieces
}

/// How deep a point lies in a convex polygon, metres; negative outside.
fn distance_inside(polygon: &[[f64; 2]], point: [f64; 2]) -> f64 {
    let ends = polygon.iter().cycle().skip(1);
    polygon.iter().zip(ends).fold(f64::INFINITY, |least, (a, b)| {
        let along = [b[0] - a[0], b[1] - a[1]];
        let length = along[0].hypot(along[1]);
        // A corner where a piece is a triangle has no edge.
        if length <= THINNEST_M {
            return least;
        }
        least.min((along[0] * (point[1] - a[1]) - along[1] * (point[0] - a[0])) / length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [[f64; 2]; 4] = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];

    fn size(pieces: &[Convex]) -> f64 {
        pieces.iter().map(|piece| convex::area_m2(piece)).sum()
    }

    #[test]
    fn obstacles_are_taken_away_once_and_only_inside() {
        // Two overlapping squares of 1 m2 that share 0.25 m2, and one half outside.
        let square = |x: f64, y: f64| vec![[x, y], [x + 1.0, y], [x + 1.0, y + 1.0], [x, y + 1.0]];
        let area = Area::new(&SQUARE, &[square(1.0, 1.0), square(1.5, 1.5), square(3.5, 0.0)]).unwrap();
        assert!((area.area_m2() - (16.0 - 1.75 - 0.5)).abs() < 1e-12);
        assert!(area.holds([0.5, 0.5]) && !area.holds([1.2, 1.2]) && !area.holds([4.2, 2.0]));
        for on_border in [[0.0, 2.0], [1.0, 1.5], [4.0, 4.0]] {
            assert!(area.holds(on_border) && !area.holds_within(on_border));
        }
        // Where two slabs meet is no border.
        assert!(area.holds_within([1.0, 0.5]));
    }

    #[test]
    fn slanted_edges_and_either_orientation_give_the_shoelace_area() {
        let star =
            [[0.0, 0.0], [3.0, 1.0], [6.0, 0.0], [5.0, 3.0], [6.0, 6.0], [3.0, 5.0], [0.0, 6.0], [1.0, 3.0]];
        let backwards: Vec<[f64; 2]> = star.iter().rev().copied().collect();
        for corners in [&star[..], &backwards] {
            assert!((Area::new(corners, &[]).unwrap().area_m2() - 24.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_wall_hides_what_lies_behind_it() {
        // A wall from side to side with a door of 1 m.
        let walls = [
            vec![[0.0, 2.0], [1.5, 2.0], [1.5, 2.1], [0.0, 2.1]],
            vec![[2.5, 2.0], [4.0, 2.0], [4.0, 2.1], [2.5, 2.1]],
        ];
        let area = Area::new(&SQUARE, &walls).unwrap();
        let left = [[0.0, 0.0], [1.0, 0.0], [1.0, 4.0], [0.0, 4.0]];
        assert!((size(&area.reached(&left, [0.5, 0.5])) - 2.0).abs() < 1e-12);
        assert!((size(&area.reached(&left, [0.5, 3.0])) - 1.9).abs() < 1e-12);
        // A cell that takes in the door reaches through it.
        let wide = [[0.0, 0.0], [2.0, 0.0], [2.0, 4.0], [0.0, 4.0]];
        assert!((size(&area.reached(&wide, [0.5, 0.5])) - (8.0 - 0.15)).abs() < 1e-12);
        assert!(area.reached(&wide, [0.5, 2.05]).is_empty());
    }

    #[test]
    fn no_area_is_said() {
        assert_eq!(Area::new(&[[0.0, 0.0], [1.0, 0.0]], &[]), Err(InvalidArea::TooFewCorners { found: 2 }));
        assert_eq!(Area::new(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], &[]), Err(InvalidArea::Empty));
        assert_eq!(Area::new(&SQUARE, &[SQUARE.to_vec()]), Err(InvalidArea::Empty));
        assert_eq!(
            Area::new(&[[0.0, f64::NAN], [1.0, 0.0], [1.0, 1.0]], &[]),
            Err(InvalidArea::NotFinite { index: 0 })
        );
    }
}
