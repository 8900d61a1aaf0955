//! What happens in a simulation: where people come from, where they go, and what stands in their way.

use super::wall::{Gate, Wall};

/// People entering at a steady rate for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inflow {
    /// First arrival, seconds of the scenario.
    pub from_secs: f64,
    /// Last arrival, seconds of the scenario.
    pub to_secs: f64,
    /// People a second.
    pub people_per_s: f64,
}

/// A place and a course of events. People walk from left to right: in at `entry_x_m`, out at `exit_x_m`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Walls that are always there.
    pub walls: Vec<Wall>,
    /// Gates across the way.
    pub gates: Vec<Gate>,
    /// When how many people come.
    pub inflows: Vec<Inflow>,
    /// Where people appear, metres along x.
    pub entry_x_m: f64,
    /// Between which y people appear, metres.
    pub entry_y_m: [f64; 2],
    /// Points of the way: people walk to each in turn and then on to the exit. A point is a gap: anyone between its
    /// two ends walks straight on, others walk to the nearer end.
    pub gaps: Vec<Wall>,
    /// Where people leave, metres along x.
    pub exit_x_m: f64,
    /// How hard people press on when they are held up: the share of their desired speed that they still strive for
    /// at a standstill. 1 is the law of analytics specification 6.1 (everyone keeps pushing); less is a patient crowd.
    pub urgency: f64,
    /// Time before zero that fills the scene, seconds.
    pub lead_in_secs: f64,
    /// Length of the scenario from zero, seconds.
    pub duration_secs: f64,
}

impl Scenario {
    /// Unit direction from `at` along the way.
    pub(super) fn way_from(&self, at: [f64; 2]) -> [f64; 2] {
        let target =
            self.gaps.iter().find(|gap| at[0] < gap.from[0]).map_or([self.exit_x_m + 5.0, at[1]], |gap| {
                let (lo, hi) = (gap.from[1].min(gap.to[1]), gap.from[1].max(gap.to[1]));
                // A body's radius from the ends, and a little beyond the gap so that nobody aims at its very line.
                [gap.from[0] + 1.0, at[1].clamp(lo + 0.3, (hi - 0.3).max(lo + 0.3))]
            });
        let to = [target[0] - at[0], target[1] - at[1]];
        let length = to[0].hypot(to[1]);
        if length > 1e-9 { [to[0] / length, to[1] / length] } else { [1.0, 0.0] }
    }
}
