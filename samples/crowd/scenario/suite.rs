//! The scenarios that come with the product.

use super::{Scenario, ScenarioError};

/// A set of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// To develop with: parameters may be chosen by it.
    Dev,
    /// To report by, and never to choose anything by: other geometry, widths, inflows and times.
    HeldOut,
}

macro_rules! files {
    ($folder:literal: $($id:literal)*) => {
        &[$(($id, concat!($folder, "/", $id, ".toml"), include_str!(concat!("../../scenarios/", $folder, "/", $id, ".toml")))),*]
    };
}

const DEV: &[(&str, &str, &str)] = files!("dev": "concert" "evacuation" "free_flow" "gate_closes" "lanes_collapse" "metro_exit" "night_market" "oscillation" "overload" "procession" "queue" "short_closure" "slow_fill" "stairs" "static_compression" "two_way_street");
const HELD_OUT: &[(&str, &str, &str)] = files!("held-out": "concert" "evacuation" "free_flow" "gate_closes" "lanes_collapse" "metro_exit" "night_market" "oscillation" "overload" "procession" "queue" "short_closure" "slow_fill" "stairs" "static_compression" "two_way_street");

impl Suite {
    /// Its scenarios, in the order of their names.
    ///
    /// # Errors
    /// One of them is not a scenario, which a test rules out.
    pub fn scenarios(self) -> Result<Vec<Scenario>, ScenarioError> {
        let files = match self {
            Self::Dev => DEV,
            Self::HeldOut => HELD_OUT,
        };
        files.iter().map(|(id, name, text)| Scenario::parse(id, name, text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::scenario::Kind;

    #[test]
    fn a_scenario_that_is_moved_is_the_same_elsewhere() {
        for scenario in Suite::Dev.scenarios().unwrap() {
            let [lo, hi] = scenario.bounds_m(0.0);
            let moved = scenario.clone().moved([100.0, -50.0]);
            assert_eq!(moved.bounds_m(0.0), [[lo[0] + 100.0, lo[1] - 50.0], [hi[0] + 100.0, hi[1] - 50.0]]);
            assert_eq!(moved.moved([-100.0, 50.0]).walls.len(), scenario.walls.len());
        }
    }

    #[test]
    fn both_suites_hold_the_same_kinds_of_scenario_in_other_places() {
        let (dev, held_out) = (Suite::Dev.scenarios().unwrap(), Suite::HeldOut.scenarios().unwrap());
        assert!(dev.len() >= 14);
        assert_eq!(dev.len(), held_out.len());
        for (a, b) in dev.iter().zip(&held_out) {
            assert_eq!((&a.id, a.kind), (&b.id, b.kind));
            assert_ne!(a.zones, b.zones, "{}", a.id);
        }
        assert!(dev.iter().any(|s| s.kind == Kind::Danger) && dev.iter().any(|s| s.kind == Kind::Benign));
    }
}
