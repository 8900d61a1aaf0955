//! The way to an exit: the walking distance to it from everywhere, and the direction in which it falls.
//!
//! The eikonal equation `|grad T| = 1` by fast marching (Sethian 1996) on a raster, with walls widened by a body's
//! radius. Gates are left out: people see them as open way.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::wall::Wall;

/// Side of a cell, metres.
const CELL_M: f64 = 0.2;
/// Nobody's middle comes closer to a wall than this, metres.
const CLEARANCE_M: f64 = 0.2;

/// Distance and direction to one exit.
#[derive(Clone, Debug)]
pub(super) struct Way {
    origin_m: [f64; 2],
    size: [usize; 2],
    /// Metres to the exit; infinite where no way leads there.
    distance_m: Vec<f64>,
    /// Unit vector in which the distance falls; zero where there is none.
    direction: Vec<[f64; 2]>,
}

/// A cell waiting to be settled, nearest first.
struct Waiting {
    distance_m: f64,
    cell: usize,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        other.distance_m.total_cmp(&self.distance_m).then(other.cell.cmp(&self.cell))
    }
}

impl Way {
    /// To `exit` between `walls`, within a box given by two corners, metres.
    pub(super) fn new([lo, hi]: [[f64; 2]; 2], walls: &[Wall], exit: &Wall) -> Self {
        let size = [0, 1].map(|axis| ((hi[axis] - lo[axis]) / CELL_M).ceil().max(1.0) as usize);
        let cells = size[0] * size[1];
        let mut way = Self {
            origin_m: lo,
            size,
            distance_m: vec![f64::INFINITY; cells],
            direction: vec![[0.0; 2]; cells],
        };
        let within = |wall: &Wall, cell: usize, reach_m: f64| {
            let at = way.centre_m(cell);
            let nearest = wall.nearest_to(at);
            (at[0] - nearest[0]).hypot(at[1] - nearest[1]) <= reach_m
        };
        let is_free: Vec<bool> =
            (0..cells).map(|cell| !walls.iter().any(|wall| within(wall, cell, CLEARANCE_M))).collect();
        let goals: Vec<usize> =
            (0..cells).filter(|cell| is_free[*cell] && within(exit, *cell, 0.75 * CELL_M)).collect();
        way.march(&goals, &is_free);
        way.point_downhill();
        way.lead_out_of_walls(walls);
        way
    }

    fn march(&mut self, goals: &[usize], is_free: &[bool]) {
        let mut heap = BinaryHeap::new();
        let mut settled = vec![false; self.distance_m.len()];
        for cell in goals {
            self.distance_m[*cell] = 0.0;
            heap.push(Waiting { distance_m: 0.0, cell: *cell });
        }
        while let Some(Waiting { cell, .. }) = heap.pop() {
            if std::mem::replace(&mut settled[cell], true) {
                continue;
            }
            for near in self.beside(cell).into_iter().flatten() {
                if settled[near] || !is_free[near] {
                    continue;
                }
                let distance_m = self.arrival(near);
                if distance_m < self.distance_m[near] {
                    self.distance_m[near] = distance_m;
                    heap.push(Waiting { distance_m, cell: near });
                }
            }
        }
    }

    /// The upwind solution of `|grad T| = 1` at a cell.
    fn arrival(&self, cell: usize) -> f64 {
        let [left, right, below, above] =
            self.beside(cell).map(|near| near.map_or(f64::INFINITY, |near| self.distance_m[near]));
        let (a, b) = (left.min(right), below.min(above));
        let (near, far) = (a.min(b), a.max(b));
        if far - near >= CELL_M {
            near + CELL_M
        } else {
            0.5 * (a + b + (2.0 * CELL_M * CELL_M - (a - b).powi(2)).sqrt())
        }
    }

    fn point_downhill(&mut self) {
        for cell in 0..self.distance_m.len() {
            let here = self.distance_m[cell];
            if !here.is_finite() {
                continue;
            }
            let [left, right, below, above] =
                self.beside(cell).map(|near| near.map_or(f64::INFINITY, |near| self.distance_m[near]));
            let fall = |back: f64, ahead: f64| {
                if back.min(ahead) >= here {
                    0.0
                } else if back < ahead {
                    back - here
                } else {
                    here - ahead
                }
            };
            self.direction[cell] = unit([fall(left, right), fall(below, above)]);
        }
    }

    /// Gives the cells inside widened walls the way back to free ground on their own side.
    fn lead_out_of_walls(&mut self, walls: &[Wall]) {
        let reach = (2.0 * CLEARANCE_M / CELL_M).ceil() as isize;
        let mut found = Vec::new();
        for cell in (0..self.distance_m.len()).filter(|cell| !self.distance_m[*cell].is_finite()) {
            let at = self.centre_m(cell);
            let (column, row) = ((cell % self.size[0]).cast_signed(), (cell / self.size[0]).cast_signed());
            let around = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)));
            let nearest = around
                .filter_map(|(dx, dy)| self.cell(column + dx, row + dy))
                .filter(|other| self.distance_m[*other].is_finite())
                .filter(|other| !walls.iter().any(|wall| wall.is_crossed(at, self.centre_m(*other))))
                .map(|other| (apart(at, self.centre_m(other)), other))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((gap_m, other)) = nearest {
                let to = self.centre_m(other);
                let ahead = self.direction[other];
                let out = unit([to[0] - at[0], to[1] - at[1]]);
                found.push((
                    cell,
                    self.distance_m[other] + gap_m,
                    unit([out[0] + ahead[0], out[1] + ahead[1]]),
                ));
            }
        }
        for (cell, distance_m, direction) in found {
            (self.distance_m[cell], self.direction[cell]) = (distance_m, direction);
        }
    }

    /// Metres to the exit from `at`; infinite where no way leads there.
    pub(super) fn distance_m(&self, at: [f64; 2]) -> f64 {
        self.cell_at(at).map_or(f64::INFINITY, |cell| self.distance_m[cell])
    }

    /// Unit direction to the exit from `at`, between the cells' own; `None` where no way leads there.
    pub(super) fn direction(&self, at: [f64; 2]) -> Option<[f64; 2]> {
        let place = [0, 1].map(|axis| (at[axis] - self.origin_m[axis]) / CELL_M - 0.5);
        let base = place.map(f64::floor);
        let part = [place[0] - base[0], place[1] - base[1]];
        let mut sum = [0.0; 2];
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let Some(cell) = self.cell(base[0] as isize + dx, base[1] as isize + dy) else { continue };
            let weight = |d: isize, part: f64| if d == 0 { 1.0 - part } else { part };
            let weight = weight(dx, part[0]) * weight(dy, part[1]);
            sum = [0, 1].map(|axis| sum[axis] + weight * self.direction[cell][axis]);
        }
        let length = sum[0].hypot(sum[1]);
        (length > 1e-6).then(|| sum.map(|c| c / length))
    }

    fn beside(&self, cell: usize) -> [Option<usize>; 4] {
        let (column, row) = ((cell % self.size[0]).cast_signed(), (cell / self.size[0]).cast_signed());
        [(-1, 0), (1, 0), (0, -1), (0, 1)].map(|(dx, dy)| self.cell(column + dx, row + dy))
    }

    fn cell(&self, column: isize, row: isize) -> Option<usize> {
        let (column, row) = (usize::try_from(column).ok()?, usize::try_from(row).ok()?);
        (column < self.size[0] && row < self.size[1]).then(|| row * self.size[0] + column)
    }

    fn cell_at(&self, at: [f64; 2]) -> Option<usize> {
        let place = [0, 1].map(|axis| ((at[axis] - self.origin_m[axis]) / CELL_M).floor());
        self.cell(place[0] as isize, place[1] as isize)
    }

    fn centre_m(&self, cell: usize) -> [f64; 2] {
        let place = [cell % self.size[0], cell / self.size[0]];
        [0, 1].map(|axis| self.origin_m[axis] + (place[axis] as f64 + 0.5) * CELL_M)
    }
}

fn unit(v: [f64; 2]) -> [f64; 2] {
    let length = v[0].hypot(v[1]);
    if length > 1e-12 { v.map(|c| c / length) } else { [0.0; 2] }
}

fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(from: [f64; 2], to: [f64; 2]) -> Wall {
        Wall { from, to }
    }

    #[test]
    fn in_the_open_the_way_is_straight() {
        let way = Way::new([[0.0, 0.0], [20.0, 20.0]], &[], &wall([18.0, 9.9], [18.0, 10.1]));
        for at in [[3.0, 10.0], [10.0, 3.0], [5.0, 16.0]] {
            let straight = apart(at, [18.0, 10.0]);
            assert!((way.distance_m(at) - straight).abs() < 0.05 * straight, "{at:?}");
            let [x, y] = way.direction(at).unwrap();
            let toward = ((18.0 - at[0]) * x + (10.0 - at[1]) * y) / straight;
            assert!(toward > 0.97, "{at:?}: {toward}");
        }
    }

    #[test]
    fn the_way_leads_around_walls_and_through_the_door() {
        // A wall across with a door at the far end.
        let walls = [wall([10.0, 0.0], [10.0, 16.0])];
        let way = Way::new([[0.0, 0.0], [20.0, 20.0]], &walls, &wall([19.0, 1.0], [19.0, 3.0]));
        let straight = apart([5.0, 2.0], [10.0, 16.2]) + apart([10.0, 16.2], [19.0, 3.0]);
        let found = way.distance_m([5.0, 2.0]);
        assert!((found - straight).abs() < 0.06 * straight, "{found} {straight}");
        let mut at = [5.0, 2.0];
        for _ in 0..4000 {
            let direction = way.direction(at).unwrap();
            for axis in 0..2 {
                at[axis] += 0.01 * direction[axis];
            }
            if way.distance_m(at) < 0.4 {
                break;
            }
            assert!((at[0] - 10.0).abs() > 0.1 || at[1] > 16.0, "through the wall at {at:?}");
        }
        assert!(way.distance_m(at) < 0.4, "{at:?}");
    }

    #[test]
    fn a_closed_room_has_no_way() {
        let walls = [
            wall([2.0, 2.0], [6.0, 2.0]),
            wall([6.0, 2.0], [6.0, 6.0]),
            wall([6.0, 6.0], [2.0, 6.0]),
            wall([2.0, 6.0], [2.0, 2.0]),
        ];
        let way = Way::new([[0.0, 0.0], [10.0, 10.0]], &walls, &wall([9.0, 4.0], [9.0, 5.0]));
        assert!(way.distance_m([4.0, 4.0]).is_infinite());
        assert_eq!(way.direction([4.0, 4.0]), None);
    }
}
