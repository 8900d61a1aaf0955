//! A scenario as a film: pictures, with everything that is true about them.

mod flight;
mod place;

use std::collections::BTreeMap;

use image::RgbImage;
use serde::Serialize;
use throng_analytics::polygon::Polygon;

pub use flight::{CameraPose, Flight};
pub use place::{Weather, camera};

use crate::crowd::agent::Agent;
use crate::crowd::scenario::Scenario;
use crate::crowd::simulation::Simulation;
use crate::gate;
use crate::render::canvas::Canvas;
use crate::render::person::Person;
use crate::render::prop::Prop;
use crate::render::sensor::Exposure;
use crate::render::stage::Stage;
use crate::render::wardrobe::{Looks, Wardrobe};
use crate::rng::Rng;

use place::Place;

/// Pictures a second, unless asked otherwise.
pub const FRAMES_PER_S: u32 = 10;

/// A person whose head lies in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeadTruth {
    /// The person, the same from frame to frame.
    pub id: u32,
    /// Middle of the head, pixels.
    pub head_in_image: [f32; 2],
    /// Where the person stands, metres.
    pub head_in_ground: [f64; 2],
    /// Whether enough of the head shows that it could be marked; others are hidden behind people or things.
    pub visible: bool,
}

/// What is true of a zone in a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneTruth {
    /// The zone's id.
    pub id: String,
    /// People in it.
    pub people: usize,
    /// The same per square metre.
    pub density_people_per_m2: f64,
}

/// One picture and all that is true of it; as JSON, everything but the picture.
#[derive(Clone, Debug, Serialize)]
pub struct SceneFrame {
    /// Time since the first picture, seconds.
    pub t_secs: f64,
    /// The picture.
    #[serde(skip)]
    pub rgb: RgbImage,
    /// Where the camera is.
    pub camera: CameraPose,
    /// What a drone's telemetry says of that; absent for a camera on a mast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<CameraPose>,
    /// Everyone whose head lies in the picture.
    pub heads: Vec<HeadTruth>,
    /// Every measured zone, in the scenario's order.
    pub zones: Vec<ZoneTruth>,
    /// Largest contact load on a body, N/m.
    pub contact_load_max_n_per_m: f64,
    /// When five people had been squeezed for half a minute, if so far, seconds.
    pub onset_secs: Option<f64>,
    /// When somebody came to harm, if so far, seconds.
    pub harm_secs: Option<f64>,
}

impl SceneFrame {
    /// Heads that show, pixels.
    pub fn heads_in_image(&self) -> Vec<[f32; 2]> {
        self.heads.iter().filter(|head| head.visible).map(|head| head.head_in_image).collect()
    }
}

/// What makes a person look the same from frame to frame.
#[derive(Clone, Copy, Debug)]
struct Guise {
    looks: Looks,
    height_m: f64,
    build: f64,
}

/// A scenario, frame by frame. The same seed gives the same pictures.
#[derive(Debug)]
pub struct Scene {
    simulation: Simulation,
    stage: Stage,
    exposure: Exposure,
    canvas: Canvas,
    /// What a gate looks like at a share of being shut.
    leaves: fn(&Scenario, f64) -> Vec<Prop>,
    outlines: Vec<(String, Polygon)>,
    guises: BTreeMap<u32, Guise>,
    rng: Rng,
    /// The place and the way around it, where the camera flies.
    flight: Option<(Place, Flight)>,
    frames_per_s: f64,
    next_frame: u32,
}

impl Scene {
    /// The drill of [`gate`] before its first picture. Seeds from
    /// [`FIRST_TRAINING_SEED`](crate::training::writer::FIRST_TRAINING_SEED) on are for training pictures.
    pub fn gate(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let stage = gate::look::stage(&mut rng.fork(1));
        let exposure = Exposure::new(gate::look::sensor(), &mut rng.fork(2));
        let drawn_by_clock = |scenario: &Scenario, t_secs: f64| {
            let shut = scenario.gates.iter().map(|g| g.shut_share(t_secs)).fold(0.0, f64::max);
            gate::look::leaves(shut)
        };
        Self::new(gate::scenario(), seed, rng, stage, exposure, drawn_by_clock)
    }

    /// Any scenario, from a mast that overlooks its zones.
    pub fn of(scenario: Scenario, seed: u64, weather: Weather) -> Self {
        let mut rng = Rng::new(seed);
        let stage = Place::of(&scenario, weather, &mut rng.fork(1)).stage(&camera(&scenario));
        let exposure = Exposure::new(place::sensor(weather), &mut rng.fork(2));
        Self::new(scenario, seed, rng, stage, exposure, place::closed_gates)
    }

    /// Any scenario, from a drone that circles over its zones.
    pub fn from_drone(scenario: Scenario, seed: u64, weather: Weather) -> Self {
        let mut rng = Rng::new(seed);
        let place = Place::of(&scenario, weather, &mut rng.fork(1));
        let flight = Flight::over(&scenario, rng.fork(5));
        let stage = place.stage(&flight.camera(0.0));
        let exposure = Exposure::new(place::sensor(weather), &mut rng.fork(2));
        let scene = Self::new(scenario, seed, rng, stage, exposure, place::closed_gates);
        Self { flight: Some((place, flight)), ..scene }
    }

    fn new(
        scenario: Scenario,
        seed: u64,
        mut rng: Rng,
        stage: Stage,
        exposure: Exposure,
        leaves: fn(&Scenario, f64) -> Vec<Prop>,
    ) -> Self {
        let canvas = stage.backdrop().clone();
        let outline = |zone: &crate::crowd::scenario::MeasuredZone| {
            Some((zone.id.clone(), Polygon::new(zone.outline.clone()).ok()?))
        };
        let outlines = scenario.zones.iter().filter_map(outline).collect();
        let simulation = Simulation::new(scenario, seed);
        let guises = BTreeMap::new();
        Self {
            simulation,
            stage,
            exposure,
            canvas,
            leaves,
            outlines,
            guises,
            rng: rng.fork(3),
            flight: None,
            frames_per_s: f64::from(FRAMES_PER_S),
            next_frame: 0,
        }
    }

    /// The same with another number of pictures a second.
    #[must_use]
    pub fn at_frames_per_s(mut self, frames_per_s: f64) -> Self {
        self.frames_per_s = frames_per_s;
        self
    }

    /// Pictures in all.
    pub fn frames(&self) -> u32 {
        (self.simulation.scenario().duration_secs * self.frames_per_s) as u32
    }

    /// Width and height of the pictures, pixels.
    pub fn size_px(&self) -> [u32; 2] {
        [self.stage.view().width_px, self.stage.view().height_px]
    }

    /// The simulated crowd as of the last picture.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    fn dress(&mut self) -> Vec<Person> {
        let agents = self.simulation.agents();
        agents
            .iter()
            .map(|agent| {
                // A guise follows from the person's number alone: nobody changes clothes when others come or go.
                let guise = *self.guises.entry(agent.id).or_insert_with(|| guise_of(agent, &self.rng));
                person(agent, &guise, agents)
            })
            .collect()
    }
}

fn guise_of(agent: &Agent, rng: &Rng) -> Guise {
    let mut own = rng.clone().fork(u64::from(agent.id));
    let height_m = own.normal(1.70, 0.08).clamp(1.52, 1.92);
    // Wider bodies belong to wider circles in the simulation.
    let build = 0.88 + 0.24 * (agent.radius_m - 0.175) / 0.04;
    Guise { looks: Wardrobe::Demonstration.dress(&mut own), height_m, build }
}

fn person(agent: &Agent, guise: &Guise, others: &[Agent]) -> Person {
    let speed = agent.speed_m_per_s();
    // Walkers face where they go; people held up face where they want to go.
    let share = (speed / 0.6).min(1.0);
    let mix =
        |k: usize| agent.heading[k] * (1.0 - share) + agent.velocity_m_per_s[k] / speed.max(1e-6) * share;
    let (x, y) = (mix(0), mix(1));
    let length = x.hypot(y);
    let front = if length > 1e-3 { [x / length, y / length] } else { agent.heading };
    let near = |o: &&Agent| (o.at[0] - agent.at[0]).abs() < 0.8 && (o.at[1] - agent.at[1]).abs() < 0.8;
    let neighbours = others.iter().filter(near).count().min(9);
    Person {
        at: agent.at,
        front,
        height_m: guise.height_m,
        build: guise.build,
        // A full cycle of two steps every 1.4 m.
        gait_rad: agent.walked_m / 1.4 * std::f64::consts::TAU + f64::from(agent.id),
        stride: (speed / 1.3).min(1.0),
        openness: 1.0 - 0.055 * neighbours as f32,
        looks: guise.looks,
    }
}

impl Iterator for Scene {
    type Item = SceneFrame;

    fn next(&mut self) -> Option<SceneFrame> {
        if self.next_frame >= self.frames() {
            return None;
        }
        let t_secs = f64::from(self.next_frame) / self.frames_per_s;
        self.next_frame += 1;
        self.simulation.advance_to(t_secs);
        let telemetry = self.flight.as_mut().map(|(place, flight)| {
            self.stage = place.stage(&flight.camera(t_secs));
            flight.telemetry(t_secs)
        });
        let people = self.dress();
        let leaves = (self.leaves)(self.simulation.scenario(), t_secs);
        let painted = self.stage.paint(&people, &leaves, &mut self.canvas);
        let (width_px, height_px) = (self.canvas.width_px, self.canvas.height_px);
        let agents = self.simulation.agents();
        let heads = agents
            .iter()
            .zip(painted)
            .filter(|(_, head)| head.is_inside(width_px, height_px))
            .map(|(agent, head)| HeadTruth {
                id: agent.id,
                head_in_image: head.head_in_image,
                head_in_ground: agent.at,
                visible: head.is_visible(width_px, height_px),
            })
            .collect();
        let zones = self
            .outlines
            .iter()
            .map(|(id, outline)| {
                let people = agents.iter().filter(|agent| outline.contains(agent.at)).count();
                let density_people_per_m2 = people as f64 / outline.area_m2();
                ZoneTruth { id: id.clone(), people, density_people_per_m2 }
            })
            .collect();
        let contact_load_max_n_per_m = agents.iter().map(|a| a.contact_load_n_per_m).fold(0.0, f64::max);
        // Each frame's noise follows from the seed and its number alone.
        let mut grain = self.rng.clone().fork(u64::MAX - u64::from(self.next_frame));
        let rgb = self.exposure.develop(&mut self.canvas, &mut grain);
        Some(SceneFrame {
            t_secs,
            rgb,
            camera: CameraPose::of(self.stage.view().camera()),
            telemetry,
            heads,
            zones,
            contact_load_max_n_per_m,
            onset_secs: self.simulation.truth().onset_secs(),
            harm_secs: self.simulation.truth().harm_secs(),
        })
    }
}

#[cfg(test)]
mod tests;
