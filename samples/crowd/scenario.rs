//! What happens in a simulation: the place, who comes, where they go, and what stands in their way.

mod file;
mod suite;

use serde::Deserialize;

pub use file::ScenarioError;
pub use suite::Suite;

use super::wall::{Gate, Wall};

/// What a scenario is there to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// People come to harm, or would if nobody acted: a warning must come before.
    Danger,
    /// Dense or busy, and harmless: every warning above its true density is a false one.
    Benign,
}

/// People coming at a steady rate for a while.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inflow {
    /// First arrival, seconds of the scenario.
    pub from_secs: f64,
    /// Last arrival, seconds of the scenario.
    pub to_secs: f64,
    /// People a second.
    pub people_per_s: f64,
}

/// People who stop on their way: to look, to buy, to wait for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stops {
    /// Mean way between two stops, metres.
    pub every_m: f64,
    /// Mean length of a stop, seconds.
    pub for_secs: f64,
}

/// People on their way from one place to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Where they appear, anywhere between its ends.
    pub entry: Wall,
    /// Where they leave.
    pub exit: Wall,
    /// When how many come.
    pub inflows: Vec<Inflow>,
    /// How hard people press on when they are held up: the share of their desired speed that they still strive for at
    /// a standstill. 1 is the law of analytics specification 6.1 (everyone keeps pushing); less is a patient crowd.
    pub urgency: f64,
    /// Share of the people who walk in twos.
    pub pairs_share: f64,
    /// Stops on the way.
    pub stops: Option<Stops>,
}

/// People who are there from the beginning and stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Where, corners in metres.
    pub outline: Vec<[f64; 2]>,
    /// How many.
    pub people: usize,
    /// When they set out, if ever: the route and the second.
    pub leaves: Option<(usize, f64)>,
}

/// Ground on which people walk otherwise: stairs, slopes.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// Where, corners in metres.
    pub outline: Vec<[f64; 2]>,
    /// Desired speeds are multiplied by this.
    pub speed_factor: f64,
    /// Acceleration downhill, m/s2: the gradient times the share of it that people do not hold against.
    pub downhill_m_per_s2: [f64; 2],
}

/// A push that turns: what a collective oscillation does to everybody in a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Drive {
    /// Where, corners in metres.
    pub outline: Vec<[f64; 2]>,
    /// Period, seconds; counter-clockwise above zero, clockwise below.
    pub period_secs: f64,
    /// First and last second.
    pub during_secs: [f64; 2],
    /// Acceleration, m/s2.
    pub acceleration_m_per_s2: f64,
}

/// A zone that is watched.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredZone {
    /// Id.
    pub id: String,
    /// Corners, metres.
    pub outline: Vec<[f64; 2]>,
    /// Id of its threshold profile.
    pub profile: String,
    /// People for whom there is room, where stated.
    pub capacity_people: Option<f64>,
}

/// A place and a course of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Id: the name of its file.
    pub id: String,
    /// What happens, in a few words.
    pub title: String,
    /// What it is there to show.
    pub kind: Kind,
    /// Walls that are always there.
    pub walls: Vec<Wall>,
    /// Gates: walls while they are closed, and seen as open way always.
    pub gates: Vec<Gate>,
    /// Who walks where.
    pub routes: Vec<Route>,
    /// Who stands.
    pub standing: Vec<Standing>,
    /// Stairs and slopes.
    pub slopes: Vec<Slope>,
    /// Turning pushes.
    pub drives: Vec<Drive>,
    /// What is watched.
    pub zones: Vec<MeasuredZone>,
    /// Time before zero that fills the scene, seconds.
    pub lead_in_secs: f64,
    /// Length of the scenario from zero, seconds.
    pub duration_secs: f64,
}

impl Scenario {
    /// The same elsewhere: every place moved by so many metres.
    #[must_use]
    pub fn moved(mut self, by_m: [f64; 2]) -> Self {
        let place = |point: &mut [f64; 2]| *point = [point[0] + by_m[0], point[1] + by_m[1]];
        let wall = |wall: &mut Wall| [&mut wall.from, &mut wall.to].into_iter().for_each(place);
        self.walls.iter_mut().for_each(wall);
        self.gates.iter_mut().for_each(|gate| wall(&mut gate.wall));
        self.routes.iter_mut().flat_map(|route| [&mut route.entry, &mut route.exit]).for_each(wall);
        let outlines = (self.zones.iter_mut().map(|zone| &mut zone.outline))
            .chain(self.standing.iter_mut().map(|standing| &mut standing.outline))
            .chain(self.slopes.iter_mut().map(|slope| &mut slope.outline))
            .chain(self.drives.iter_mut().map(|drive| &mut drive.outline));
        outlines.flatten().for_each(place);
        self
    }

    /// The smallest box that holds everything, with a margin in metres.
    pub fn bounds_m(&self, margin_m: f64) -> [[f64; 2]; 2] {
        let segments = self.walls.iter().chain(self.gates.iter().map(|gate| &gate.wall));
        let ways = self.routes.iter().flat_map(|route| [&route.entry, &route.exit]);
        let ends = segments.chain(ways).flat_map(|wall| [wall.from, wall.to]);
        let corners = self.zones.iter().flat_map(|zone| zone.outline.iter().copied());
        let standing = self.standing.iter().flat_map(|crowd| crowd.outline.iter().copied());
        let mut bounds = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
        for point in ends.chain(corners).chain(standing) {
            for axis in 0..2 {
                bounds[0][axis] = bounds[0][axis].min(point[axis] - margin_m);
                bounds[1][axis] = bounds[1][axis].max(point[axis] + margin_m);
            }
        }
        bounds
    }
}
