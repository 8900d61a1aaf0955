//! The course of a scenario, step by step.

use super::agent::{Agent, MASS_KG};
use super::forces::push;
use super::neighbours::Neighbours;
use super::scenario::Scenario;
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

/// A running simulation. The same scenario and seed give the same crowd.
#[derive(Clone, Debug)]
pub struct Simulation {
    scenario: Scenario,
    rng: Rng,
    agents: Vec<Agent>,
    neighbours: Neighbours,
    forces_n: Vec<[f64; 2]>,
    contact_n: Vec<f64>,
    steps: u64,
    waiting: f64,
    entered: u32,
    left: u32,
}

impl Simulation {
    /// At time `-lead_in_secs`, with nobody inside.
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        Self {
            scenario,
            rng: Rng::new(seed),
            agents: Vec::new(),
            neighbours: Neighbours::default(),
            forces_n: Vec::new(),
            contact_n: Vec::new(),
            steps: 0,
            waiting: 0.0,
            entered: 0,
            left: 0,
        }
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
        self.admit(t_secs);
        if self.steps.is_multiple_of(REBUILD_STEPS) || self.forces_n.len() != self.agents.len() {
            self.neighbours.rebuild(&self.agents);
        }
        self.sum_forces(t_secs);
        self.move_on();
        self.let_leave();
        self.steps += 1;
    }

    fn admit(&mut self, t_secs: f64) {
        for inflow in &self.scenario.inflows {
            if t_secs >= inflow.from_secs && t_secs < inflow.to_secs {
                self.waiting += inflow.people_per_s * STEP_SECS;
            }
        }
        if self.waiting < 1.0 {
            return;
        }
        let [lo, hi] = self.scenario.entry_y_m;
        let at = [self.scenario.entry_x_m, self.rng.range(lo, hi)];
        let room = |other: &Agent| (other.at[0] - at[0]).hypot(other.at[1] - at[1]) > ENTRY_ROOM_M;
        if self.agents.iter().all(room) {
            let heading = self.scenario.way_from(at);
            self.agents.push(Agent::enter(self.entered, at, heading, &mut self.rng));
            self.entered += 1;
            self.waiting -= 1.0;
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

    fn move_on(&mut self) {
        let keep = 1.0 - STEP_SECS / SWAY_TAU_SECS;
        let urgency = self.scenario.urgency;
        let kick = SWAY_RAD * (2.0 * STEP_SECS / SWAY_TAU_SECS).sqrt();
        for (i, agent) in self.agents.iter_mut().enumerate() {
            agent.sway_rad = agent.sway_rad * keep + self.rng.normal(0.0, kick);
            let way = self.scenario.way_from(agent.at);
            let (sin, cos) = agent.sway_rad.sin_cos();
            agent.heading = [way[0] * cos - way[1] * sin, way[0] * sin + way[1] * cos];
            let headway =
                agent.velocity_m_per_s[0] * agent.heading[0] + agent.velocity_m_per_s[1] * agent.heading[1];
            let free = (headway / agent.desired_speed_m_per_s).clamp(0.0, 1.0);
            let strive = agent.desired_speed_m_per_s * (urgency + (1.0 - urgency) * free);
            for k in 0..2 {
                let wished = agent.heading[k] * strive;
                let drive = (wished - agent.velocity_m_per_s[k]) / RELAXATION_SECS;
                agent.velocity_m_per_s[k] += (drive + self.forces_n[i][k] / MASS_KG) * STEP_SECS;
            }
            let speed = agent.speed_m_per_s();
            if speed > SPEED_CAP_M_PER_S {
                agent.velocity_m_per_s = agent.velocity_m_per_s.map(|v| v * SPEED_CAP_M_PER_S / speed);
            }
            for k in 0..2 {
                agent.at[k] += agent.velocity_m_per_s[k] * STEP_SECS;
            }
            agent.walked_m += agent.speed_m_per_s() * STEP_SECS;
            agent.contact_load_n_per_m = self.contact_n[i] / (std::f64::consts::TAU * agent.radius_m);
        }
    }

    fn let_leave(&mut self) {
        let before = self.agents.len();
        let exit_x_m = self.scenario.exit_x_m;
        self.agents.retain(|agent| agent.at[0] < exit_x_m);
        if self.agents.len() != before {
            self.left += (before - self.agents.len()) as u32;
            self.neighbours.rebuild(&self.agents);
        }
    }
}
