//! The course of a scenario, step by step.

use throng_analytics::polygon::Polygon;

use super::agent::{Agent, Aim, MASS_KG};
use super::forces::push;
use super::neighbours::Neighbours;
use super::scenario::Scenario;
use super::truth::Truth;
use super::way::Way;
use crate::rng::Rng;

/// Time step, seconds.
pub const STEP_SECS: f64 = 0.004;
/// Time in which people reach the velocity they want, seconds.
const RELAXATION_SECS: f64 = 0.5;
/// Nobody is faster than this, m/s.
const SPEED_CAP_M_PER_S: f64 = 2.5;
/// Correlation time and spread of the deviation from the way.
const SWAY_TAU_SECS: f64 = 2.0;
const SWAY_RAD: f64 = 0.18;
/// Steps between two searches for neighbours: at the cap two people close in by 0.1 m in that time.
const REBUILD_STEPS: u64 = 5;
/// Newcomers keep this distance to everybody, metres; where there is no room they wait outside.
const ENTRY_ROOM_M: f64 = 0.55;

/// Somebody this close to the exit, by the way, has left, metres.
const EXIT_M: f64 = 0.3;
/// Room around everything in which people still find their way, metres.
const MARGIN_M: f64 = 2.0;
/// Two who walk together close up from this distance on, metres, giving this share of their direction to it.
const TOGETHER_M: f64 = 1.0;
const TOGETHER_SHARE: f64 = 0.4;
/// Two who are farther apart than this have lost each other, metres.
const LOST_M: f64 = 6.0;
/// People who stand walk back to their place from this distance on, metres, at this speed for each metre, m/s.
const HOME_M: f64 = 0.15;
const HOME_PER_S: f64 = 0.5;
/// Places tried for each person of a standing crowd before it counts as full, and how far apart they begin, metres.
const PLACES_TRIED: usize = 400;
const STANDING_APART_M: f64 = 0.36;

/// A running simulation. The same scenario and seed give the same crowd.
#[derive(Clone, Debug)]
pub struct Simulation {
    scenario: Scenario,
    ways: Vec<Way>,
    slopes: Vec<Polygon>,
    drives: Vec<Polygon>,
    rng: Rng,
    agents: Vec<Agent>,
    neighbours: Neighbours,
    forces_n: Vec<[f64; 2]>,
    contact_n: Vec<f64>,
    truth: Truth,
    steps: u64,
    waiting: Vec<f64>,
    entered: u32,
    left: u32,
}

impl Simulation {
    /// At time `-lead_in_secs`, with nobody inside but those who stand there from the beginning.
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        let bounds = scenario.bounds_m(MARGIN_M);
        // Outlines were checked where the scenario was read; one that encloses nothing has no effect.
        let outlines = |list: Vec<&Vec<[f64; 2]>>| -> Vec<Polygon> {
            list.into_iter().filter_map(|outline| Polygon::new(outline.clone()).ok()).collect()
        };
        let mut simulation = Self {
            ways: scenario
                .routes
                .iter()
                .map(|route| Way::new(bounds, &scenario.walls, &route.exit))
                .collect(),
            slopes: outlines(scenario.slopes.iter().map(|s| &s.outline).collect()),
            drives: outlines(scenario.drives.iter().map(|d| &d.outline).collect()),
            rng: Rng::new(seed),
            agents: Vec::new(),
            neighbours: Neighbours::default(),
            forces_n: Vec::new(),
            contact_n: Vec::new(),
            truth: Truth::default(),
            steps: 0,
            waiting: vec![0.0; scenario.routes.len()],
            entered: 0,
            left: 0,
            scenario,
        };
        simulation.place_standing();
        simulation
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Time of the scenario, seconds; negative during the lead-in.
    pub fn t_secs(&self) -> f64 {
        self.steps as f64 * STEP_SECS - self.scenario.lead_in_secs
    }

    /// Everybody inside, in the order of entry.
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// What no video shows: the load on bodies, and when it became dangerous.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// People who have entered so far.
    pub fn entered(&self) -> u32 {
        self.entered
    }

    /// People who have left so far.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Runs until time `t_secs` of the scenario is reached.
    pub fn advance_to(&mut self, t_secs: f64) {
        // Half a step keeps rounding from costing or adding one.
        while self.t_secs() + STEP_SECS / 2.0 < t_secs {
            self.step();
        }
    }

    /// One time step.
    pub fn step(&mut self) {
        let t_secs = self.t_secs();
        self.set_out(t_secs);
        self.admit(t_secs);
        if self.steps.is_multiple_of(REBUILD_STEPS) || self.forces_n.len() != self.agents.len() {
            self.neighbours.rebuild(&self.agents);
        }
        self.sum_forces(t_secs);
        self.move_on(t_secs);
        self.truth.observe(t_secs, &self.agents);
        self.let_leave();
        self.steps += 1;
    }

    fn place_standing(&mut self) {
        for crowd in 0..self.scenario.standing.len() {
            let standing = &self.scenario.standing[crowd];
            let Ok(outline) = Polygon::new(standing.outline.clone()) else { continue };
            let (lo, hi) = outline.bounds_m();
            let mut tries = PLACES_TRIED * standing.people;
            let mut placed = 0;
            while placed < standing.people && tries > 0 {
                tries -= 1;
                let at = [0, 1].map(|k| self.rng.range(lo[k], hi[k]));
                let apart =
                    |other: &Agent| (other.at[0] - at[0]).hypot(other.at[1] - at[1]) > STANDING_APART_M;
                if outline.contains(at) && self.agents.iter().all(apart) {
                    let aim = Aim::Stand { home: at, crowd };
                    self.agents.push(Agent::enter(self.entered, at, [1.0, 0.0], aim, &mut self.rng));
                    self.entered += 1;
                    placed += 1;
                }
            }
        }
    }

    /// Standing crowds whose time has come walk their route.
    fn set_out(&mut self, t_secs: f64) {
        for (crowd, standing) in self.scenario.standing.iter().enumerate() {
            let Some((route, at_secs)) = standing.leaves else { continue };
            if !(at_secs..at_secs + STEP_SECS).contains(&t_secs) {
                continue;
            }
            for agent in &mut self.agents {
                if matches!(agent.aim, Aim::Stand { crowd: c, .. } if c == crowd) {
                    agent.aim = Aim::Walk(route);
                }
            }
        }
    }

    fn admit(&mut self, t_secs: f64) {
        for (number, route) in self.scenario.routes.iter().enumerate() {
            for inflow in &route.inflows {
                if t_secs >= inflow.from_secs && t_secs < inflow.to_secs {
                    self.waiting[number] += inflow.people_per_s * STEP_SECS;
                }
            }
            if self.waiting[number] < 1.0 {
                continue;
            }
            let at = route.entry.at(self.rng.uniform());
            let room = |other: &Agent| (other.at[0] - at[0]).hypot(other.at[1] - at[1]) > ENTRY_ROOM_M;
            if !self.agents.iter().all(room) {
                continue;
            }
            let heading = self.ways[number].direction(at).unwrap_or([1.0, 0.0]);
            let mut agent = Agent::enter(self.entered, at, heading, Aim::Walk(number), &mut self.rng);
            let before = self.agents.last().filter(|o| o.aim == agent.aim && o.partner.is_none());
            // The share is of people, and every second one may close a pair.
            if let Some(before) = before.filter(|_| route.pairs_share > 0.0) {
                let joins = self.rng.chance(route.pairs_share / (2.0 - route.pairs_share));
                agent.partner = joins.then_some(before.id);
            }
            if let Some(stops) = route.stops {
                agent.stop_at_m = self.rng.exponential(stops.every_m);
            }
            if let (Some(_), Some(before)) = (agent.partner, self.agents.last_mut()) {
                before.partner = Some(agent.id);
            }
            self.agents.push(agent);
            self.entered += 1;
            self.waiting[number] -= 1.0;
        }
    }

    fn sum_forces(&mut self, t_secs: f64) {
        self.forces_n.clear();
        self.forces_n.resize(self.agents.len(), [0.0; 2]);
        self.contact_n.clear();
        self.contact_n.resize(self.agents.len(), 0.0);
        for &(i, j) in self.neighbours.pairs() {
            let (a, b) = (&self.agents[i], &self.agents[j]);
            let offset = [a.at[0] - b.at[0], a.at[1] - b.at[1]];
            let relative = [
                a.velocity_m_per_s[0] - b.velocity_m_per_s[0],
                a.velocity_m_per_s[1] - b.velocity_m_per_s[1],
            ];
            let push = push(offset, a.radius_m + b.radius_m, relative);
            for k in 0..2 {
                self.forces_n[i][k] += push.force_n[k];
                self.forces_n[j][k] -= push.force_n[k];
            }
            self.contact_n[i] += push.contact_n;
            self.contact_n[j] += push.contact_n;
        }
        let closed = self.scenario.gates.iter().filter(|gate| gate.is_closed(t_secs)).map(|gate| &gate.wall);
        for wall in self.scenario.walls.iter().chain(closed) {
            for (i, agent) in self.agents.iter().enumerate() {
                let nearest = wall.nearest_to(agent.at);
                let offset = [agent.at[0] - nearest[0], agent.at[1] - nearest[1]];
                if offset[0].abs() < 0.7 && offset[1].abs() < 0.7 {
                    let push = push(offset, agent.radius_m, agent.velocity_m_per_s);
                    self.forces_n[i][0] += push.force_n[0];
                    self.forces_n[i][1] += push.force_n[1];
                    self.contact_n[i] += push.contact_n;
                }
            }
        }
    }

    fn move_on(&mut self, t_secs: f64) {
        let keep = 1.0 - STEP_SECS / SWAY_TAU_SECS;
        let kick = SWAY_RAD * (2.0 * STEP_SECS / SWAY_TAU_SECS).sqrt();
        for i in 0..self.agents.len() {
            let mut agent = self.agents[i];
            agent.sway_rad = agent.sway_rad * keep + self.rng.normal(0.0, kick);
            let wished_m_per_s = self.wish(&mut agent, t_secs);
            let pushed_m_per_s2 = self.ground_push(agent.at, t_secs);
            for k in 0..2 {
                let drive = (wished_m_per_s[k] - agent.velocity_m_per_s[k]) / RELAXATION_SECS;
                let acceleration = drive + self.forces_n[i][k] / MASS_KG + pushed_m_per_s2[k];
                agent.velocity_m_per_s[k] += acceleration * STEP_SECS;
            }
            let speed = agent.speed_m_per_s();
            if speed > SPEED_CAP_M_PER_S {
                agent.velocity_m_per_s = agent.velocity_m_per_s.map(|v| v * SPEED_CAP_M_PER_S / speed);
            }
            for k in 0..2 {
                agent.at[k] += agent.velocity_m_per_s[k] * STEP_SECS;
            }
            agent.walked_m += agent.speed_m_per_s() * STEP_SECS;
            agent.contact_n = self.contact_n[i];
            agent.contact_load_n_per_m = agent.contact_n / (std::f64::consts::TAU * agent.radius_m);
            self.agents[i] = agent;
        }
    }

    /// The velocity that a person strives for, m/s; the heading is brought up to date.
    fn wish(&mut self, agent: &mut Agent, t_secs: f64) -> [f64; 2] {
        let route = match agent.aim {
            Aim::Walk(route) => route,
            Aim::Stand { home, .. } => {
                let back = [home[0] - agent.at[0], home[1] - agent.at[1]];
                let away_m = back[0].hypot(back[1]);
                return if away_m > HOME_M { back.map(|c| c * HOME_PER_S) } else { [0.0; 2] };
            }
        };
        let way = self.ways[route].direction(agent.at).unwrap_or(agent.heading);
        let way = self.with_partner(agent, way);
        let (sin, cos) = agent.sway_rad.sin_cos();
        agent.heading = [way[0] * cos - way[1] * sin, way[0] * sin + way[1] * cos];
        if let Some(stops) = self.scenario.routes[route].stops
            && agent.walked_m >= agent.stop_at_m
        {
            agent.stops_until_secs = t_secs + self.rng.exponential(stops.for_secs);
            agent.stop_at_m = agent.walked_m + self.rng.exponential(stops.every_m);
        }
        if t_secs < agent.stops_until_secs {
            return [0.0; 2];
        }
        let mut desired_m_per_s = agent.desired_speed_m_per_s;
        for (slope, outline) in self.scenario.slopes.iter().zip(&self.slopes) {
            if outline.contains(agent.at) {
                desired_m_per_s *= slope.speed_factor;
            }
        }
        let headway =
            agent.velocity_m_per_s[0] * agent.heading[0] + agent.velocity_m_per_s[1] * agent.heading[1];
        let free = (headway / desired_m_per_s).clamp(0.0, 1.0);
        let urgency = self.scenario.routes[route].urgency;
        let strive_m_per_s = desired_m_per_s * (urgency + (1.0 - urgency) * free);
        agent.heading.map(|c| c * strive_m_per_s)
    }

    /// The way, bent towards the person walked with where they have drifted apart.
    fn with_partner(&self, agent: &Agent, way: [f64; 2]) -> [f64; 2] {
        let partner = agent.partner.and_then(|id| self.agents.binary_search_by_key(&id, |a| a.id).ok());
        let Some(partner) = partner.map(|index| &self.agents[index]) else { return way };
        let to = [partner.at[0] - agent.at[0], partner.at[1] - agent.at[1]];
        let apart_m = to[0].hypot(to[1]);
        if !(TOGETHER_M..LOST_M).contains(&apart_m) {
            return way;
        }
        let bent = [0, 1].map(|k| way[k] + TOGETHER_SHARE * to[k] / apart_m);
        let length = bent[0].hypot(bent[1]);
        bent.map(|c| c / length)
    }

    /// What the ground does to a person at a place: slopes and turning pushes, m/s2.
    fn ground_push(&self, at: [f64; 2], t_secs: f64) -> [f64; 2] {
        let mut push = [0.0; 2];
        for (slope, outline) in self.scenario.slopes.iter().zip(&self.slopes) {
            if outline.contains(at) {
                push = [0, 1].map(|k| push[k] + slope.downhill_m_per_s2[k]);
            }
        }
        for (drive, outline) in self.scenario.drives.iter().zip(&self.drives) {
            let [from, to] = drive.during_secs;
            if t_secs >= from && t_secs < to && outline.contains(at) {
                let phase = std::f64::consts::TAU * (t_secs - from) / drive.period_secs;
                let (sin, cos) = phase.sin_cos();
                push[0] += drive.acceleration_m_per_s2 * cos;
                push[1] += drive.acceleration_m_per_s2 * sin;
            }
        }
        push
    }

    fn let_leave(&mut self) {
        let before = self.agents.len();
        let ways = &self.ways;
        self.agents.retain(|agent| match agent.aim {
            Aim::Walk(route) => ways[route].distance_m(agent.at) > EXIT_M,
            Aim::Stand { .. } => true,
        });
        if self.agents.len() != before {
            self.left += (before - self.agents.len()) as u32;
            self.neighbours.rebuild(&self.agents);
        }
    }
}
