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
}

/// A wall that is there only part of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// Where it stands when closed.
    pub wall: Wall,
    /// Closes at this time, seconds of the scenario.
    pub closes_at_secs: f64,
    /// Opens again at this time, seconds of the scenario.
    pub opens_at_secs: f64,
}

impl Gate {
    /// Whether people are held back at a time.
    pub fn is_closed(&self, t_secs: f64) -> bool {
        t_secs >= self.closes_at_secs && t_secs < self.opens_at_secs
    }

    /// How far the leaf is drawn shut at a time, 0 to 1: it moves during the 1.5 s around each change.
    pub fn shut_share(&self, t_secs: f64) -> f64 {
        const MOVES_SECS: f64 = 1.5;
        let closing = ((t_secs - self.closes_at_secs) / MOVES_SECS + 0.5).clamp(0.0, 1.0);
        let opening = ((t_secs - self.opens_at_secs) / MOVES_SECS + 0.5).clamp(0.0, 1.0);
        closing - opening
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATE: Gate =
        Gate { wall: Wall { from: [0.0, -1.0], to: [0.0, 1.0] }, closes_at_secs: 10.0, opens_at_secs: 20.0 };

    fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
        (a[0] - b[0]).hypot(a[1] - b[1])
    }

    #[test]
    fn the_nearest_point_is_on_the_wall_or_at_its_end() {
        assert!(apart(GATE.wall.nearest_to([3.0, 0.5]), [0.0, 0.5]) < 1e-12);
        assert!(apart(GATE.wall.nearest_to([3.0, 5.0]), [0.0, 1.0]) < 1e-12);
        let point = Wall { from: [2.0, 2.0], to: [2.0, 2.0] };
        assert!(apart(point.nearest_to([9.0, 9.0]), [2.0, 2.0]) < 1e-12);
    }

    #[test]
    fn a_gate_is_closed_between_its_times() {
        assert!(!GATE.is_closed(9.99));
        assert!(GATE.is_closed(10.0) && GATE.is_closed(19.99));
        assert!(!GATE.is_closed(20.0));
        assert!((GATE.shut_share(15.0) - 1.0).abs() < 1e-12);
        assert!(GATE.shut_share(25.0).abs() < 1e-12);
    }
}
