//! What people cannot walk through: walls, and gates that open and close by the clock.

/// A straight wall without thickness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wall {
    /// One end, metres.
    pub from: [f64; 2],
    /// The other end, metres.
    pub to: [f64; 2],
}

impl Wall {
    /// The point of the wall nearest to `at`.
    pub fn nearest_to(&self, at: [f64; 2]) -> [f64; 2] {
        let along = [self.to[0] - self.from[0], self.to[1] - self.from[1]];
        let square = along[0] * along[0] + along[1] * along[1];
        let reach = (at[0] - self.from[0]) * along[0] + (at[1] - self.from[1]) * along[1];
        let share = if square > 0.0 { (reach / square).clamp(0.0, 1.0) } else { 0.0 };
        [self.from[0] + share * along[0], self.from[1] + share * along[1]]
    }

    /// Whether the straight way from `a` to `b` crosses the wall.
    pub(super) fn is_crossed(&self, a: [f64; 2], b: [f64; 2]) -> bool {
        let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
            (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        };
        side(a, b, self.from) * side(a, b, self.to) < 0.0
            && side(self.from, self.to, a) * side(self.from, self.to, b) < 0.0
    }

    /// The point at `share` of the way from one end to the other.
    pub(super) fn at(&self, share: f64) -> [f64; 2] {
        [0, 1].map(|k| self.from[k] + share * (self.to[k] - self.from[k]))
    }
}

/// A wall that is there only part of the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// Where it stands when closed.
    pub wall: Wall,
    /// From when to when it is closed, seconds of the scenario.
    pub closed_secs: Vec<[f64; 2]>,
}

impl Gate {
    /// Whether people are held back at a time.
    pub fn is_closed(&self, t_secs: f64) -> bool {
        self.closed_secs.iter().any(|[from, to]| t_secs >= *from && t_secs < *to)
    }

    /// How far the leaf is drawn shut at a time, 0 to 1: it moves during the 1.5 s around each change.
    pub fn shut_share(&self, t_secs: f64) -> f64 {
        const MOVES_SECS: f64 = 1.5;
        let moved = |since: f64| ((t_secs - since) / MOVES_SECS + 0.5).clamp(0.0, 1.0);
        self.closed_secs.iter().map(|[from, to]| moved(*from) - moved(*to)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: Wall = Wall { from: [0.0, -1.0], to: [0.0, 1.0] };

    fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
        (a[0] - b[0]).hypot(a[1] - b[1])
    }

    #[test]
    fn the_nearest_point_is_on_the_wall_or_at_its_end() {
        assert!(apart(LEAF.nearest_to([3.0, 0.5]), [0.0, 0.5]) < 1e-12);
        assert!(apart(LEAF.nearest_to([3.0, 5.0]), [0.0, 1.0]) < 1e-12);
        let point = Wall { from: [2.0, 2.0], to: [2.0, 2.0] };
        assert!(apart(point.nearest_to([9.0, 9.0]), [2.0, 2.0]) < 1e-12);
    }

    #[test]
    fn a_gate_is_closed_between_its_times() {
        let gate = Gate { wall: LEAF, closed_secs: vec![[10.0, 20.0], [40.0, 50.0]] };
        assert!(!gate.is_closed(9.99));
        assert!(gate.is_closed(10.0) && gate.is_closed(19.99) && gate.is_closed(45.0));
        assert!(!gate.is_closed(20.0));
        assert!((gate.shut_share(15.0) - 1.0).abs() < 1e-12);
        assert!(gate.shut_share(25.0).abs() < 1e-12);
    }

    #[test]
    fn a_wall_is_crossed_by_ways_that_meet_it_between_its_ends() {
        assert!(LEAF.is_crossed([-1.0, 0.5], [1.0, -0.5]));
        assert!(!LEAF.is_crossed([-1.0, 0.5], [-0.1, 0.5]));
        assert!(!LEAF.is_crossed([-1.0, 1.5], [1.0, 1.5]));
    }
}
