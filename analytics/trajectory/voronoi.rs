//! Each person's own ground: what lies nearer to them than to anybody else (Steffen and Seyfried, Physica A 389, 2010).

use std::f64::consts::TAU;

use super::{
    Present,
    area::Area,
    convex::{self, Convex},
};

/// Two people nearer to each other than this, in metres, share their cell.
const SAME_PLACE_M: f64 = 1e-9;

/// How far a cell may reach: a polygon around the person, as `PedPy` and `JPSreport` have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutOff {
    /// Distance of its corners from the person, metres; 0.8 to 1.0 is common.
    pub radius_m: f64,
    /// Corners in a quarter of it; `PedPy` takes 3.
    pub corners_per_quarter: u32,
}

/// A person's own ground in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Size in m2. One over it is the person's individual density in people/m2.
    pub area_m2: f64,
    pieces: Vec<Convex>,
}

impl Cell {
    /// Size in m2 of what the cell has in common with `area`.
    pub fn shared_m2(&self, area: &Area) -> f64 {
        area.shared_m2(&self.pieces)
    }
}

/// The cells of all who are present, in their order: nearer to the person than to anybody else, inside `walkable`, and
/// reachable from the person within the cell. `None` for someone who stands outside the walkable area.
pub fn cells(present: &[Present], walkable: &Area, cut_off: Option<CutOff>) -> Vec<Option<Cell>> {
    let ([left, bottom], [right, top]) = walkable.bounds_m();
    let whole = [[left, bottom], [right, bottom], [right, top], [left, top]];
    let mut others: Vec<(f64, [f64; 2])> = Vec::with_capacity(present.len());
    let mut scratch = Vec::new();
    present
        .iter()
        .map(|person| {
            let at = person.position_m;
            let mut cell = match cut_off {
                Some(cut_off) => convex::intersection(&disc(at, cut_off), &whole),
                None => whole.to_vec(),
            };
            others.clear();
            others.extend(present.iter().map(|other| (squared_m(at, other.position_m), other.position_m)));
            others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let mut reach = farthest_squared_m(&cell, at);
            for (squared, other) in
                others.iter().filter(|(squared, _)| *squared > SAME_PLACE_M * SAME_PLACE_M)
            {
                // Whoever is twice as far as the farthest corner takes nothing away, and nor does anybody after them.
                if *squared > 4.0 * reach {
                    break;
                }
                let middle = [f64::midpoint(at[0], other[0]), f64::midpoint(at[1], other[1])];
                let toward_me = [at[0] - other[0], at[1] - other[1]];
                convex::keep(&mut cell, &mut scratch, |p| {
                    (p[0] - middle[0]) * toward_me[0] + (p[1] - middle[1]) * toward_me[1]
                });
                reach = farthest_squared_m(&cell, at);
            }
            let pieces = walkable.reached(&cell, at);
            let area_m2: f64 = pieces.iter().map(|piece| convex::area_m2(piece)).sum();
            (area_m2 > 0.0).then_some(Cell { area_m2, pieces })
        })
        .collect()
}

/// The polygon of a cut-off, counter-clockwise from the right.
fn disc(centre_m: [f64; 2], cut_off: CutOff) -> Convex {
    let corners = 4 * cut_off.corners_per_quarter.max(1);
    (0..corners)
        .map(|corner| {
            let angle = TAU * f64::from(corner) / f64::from(corners);
            [centre_m[0] + cut_off.radius_m * angle.cos(), centre_m[1] + cut_off.radius_m * angle.sin()]
        })
        .collect()
}

fn squared_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

fn farthest_squared_m(cell: &[[f64; 2]], from: [f64; 2]) -> f64 {
    cell.iter().map(|corner| squared_m(*corner, from)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(positions: &[[f64; 2]]) -> Vec<Present> {
        positions.iter().enumerate().map(|(track, p)| Present { track, position_m: *p }).collect()
    }

    fn square(side_m: f64) -> Area {
        Area::new(&[[0.0, 0.0], [side_m, 0.0], [side_m, side_m], [0.0, side_m]], &[]).unwrap()
    }

    #[test]
    fn cells_share_the_walkable_area_out() {
        let who = present(&[[1.0, 1.0], [3.0, 1.0], [2.0, 3.2], [0.4, 3.9]]);
        let walkable = square(4.0);
        let total: f64 = cells(&who, &walkable, None).iter().flatten().map(|cell| cell.area_m2).sum();
        assert!((total - 16.0).abs() < 1e-12);
    }

    #[test]
    fn a_lattice_gives_each_the_same() {
        let who: Vec<[f64; 2]> = (0..25).map(|i| [f64::from(i % 5) + 0.5, f64::from(i / 5) + 0.5]).collect();
        for cell in cells(&present(&who), &square(5.0), None) {
            assert!((cell.unwrap().area_m2 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn someone_alone_has_the_cut_off_or_everything() {
        let who = present(&[[5.0, 5.0]]);
        let alone = |cut_off| cells(&who, &square(10.0), cut_off)[0].as_ref().unwrap().area_m2;
        assert!((alone(None) - 100.0).abs() < 1e-9);
        // A regular twelve-sided polygon of radius 1 m covers 3 m2.
        assert!((alone(Some(CutOff { radius_m: 1.0, corners_per_quarter: 3 })) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn someone_outside_has_no_cell() {
        let who = present(&[[1.0, 1.0], [5.0, 1.0]]);
        let found = cells(&who, &square(4.0), None);
        assert!(found[0].is_some() && found[1].is_none());
    }
}
