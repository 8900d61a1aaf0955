//! What a scenario's place looks like: its walls and gates, and a mast that overlooks its zones.

use std::str::FromStr;

use throng_analytics::camera::Pinhole;

use crate::crowd::scenario::Scenario;
use crate::render::canvas::Canvas;
use crate::render::face::Finish;
use crate::render::ground::{Ground, Surface};
use crate::render::light::Light;
use crate::render::prop::Prop;
use crate::render::sensor::Sensor;
use crate::render::stage::Stage;
use crate::render::view::View;
use crate::rng::Rng;

/// Height of walls and of closed gates, metres.
const WALL_M: f64 = 1.15;
const GATE_M: f64 = 1.25;
/// Height of the camera, and how far beyond the zones' edge it stands, metres.
const MAST_M: f64 = 10.0;
const BEYOND_M: f64 = 7.0;
/// Size of the pictures.
const WIDTH_PX: u32 = 960;
const HEIGHT_PX: u32 = 540;
/// Share of the picture that the zones, and the people in them up to this height, take.
const ZONES_SHARE: f64 = 0.9;
const PEOPLE_M: f64 = 1.9;

/// Light and weather of a film.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// Sun and some cloud.
    #[default]
    Day,
    /// Little light, much noise.
    Dusk,
    /// Overcast, wet, streaks across the picture.
    Rain,
}

impl FromStr for Weather {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "day" => Ok(Self::Day),
            "dusk" => Ok(Self::Dusk),
            "rain" => Ok(Self::Rain),
            _ => Err("expected day, dusk or rain".to_owned()),
        }
    }
}

/// The camera of a scenario: beyond its zones, seen from the middle of everything, with all of them in its picture.
pub fn camera(scenario: &Scenario) -> Pinhole {
    let [lo, hi] = scenario.bounds_m(0.0);
    let middle = [0, 1].map(|k| 0.5 * (lo[k] + hi[k]));
    let corners: Vec<[f64; 2]> =
        scenario.zones.iter().flat_map(|zone| zone.outline.iter().copied()).collect();
    let aim =
        [0, 1].map(|k| corners.iter().map(|corner| corner[k]).sum::<f64>() / corners.len().max(1) as f64);
    let reach_m = corners.iter().map(|c| (c[0] - aim[0]).hypot(c[1] - aim[1])).fold(1.0, f64::max);
    let out = [aim[0] - middle[0], aim[1] - middle[1]];
    let length = out[0].hypot(out[1]);
    let out = if length > 1.0 { out.map(|c| c / length) } else { [1.0, 0.0] };
    let away_m = reach_m + BEYOND_M;
    let position_m = [aim[0] + away_m * out[0], aim[1] + away_m * out[1] + 0.6, MAST_M];
    let seen: Vec<[f64; 3]> =
        corners.iter().flat_map(|c| [[c[0], c[1], 0.0], [c[0], c[1], PEOPLE_M]]).collect();
    let below_rad = |p: &[f64; 3]| {
        let ahead_m = (position_m[0] - p[0]) * out[0] + (position_m[1] - p[1]) * out[1];
        (MAST_M - p[2]).atan2(ahead_m)
    };
    let (least, most) =
        seen.iter().map(below_rad).fold((f64::MAX, f64::MIN), |(a, b), c| (a.min(c), b.max(c)));
    let unit = Pinhole {
        position_m,
        yaw_rad: (-out[1]).atan2(-out[0]),
        depression_rad: 0.5 * (least + most),
        focal_px: 1.0,
        image_width_px: WIDTH_PX,
        image_height_px: HEIGHT_PX,
    };
    let centre = unit.principal_point_px();
    let largest = |axis: usize| {
        let off = |p: &[f64; 3]| unit.project(*p).map(|seen| (seen.in_image_px[axis] - centre[axis]).abs());
        seen.iter().filter_map(off).fold(1e-6, f64::max)
    };
    let focal_px = (ZONES_SHARE * centre[0] / largest(0)).min(ZONES_SHARE * centre[1] / largest(1));
    Pinhole { focal_px, ..unit }
}

/// What a place is made of, whoever looks at it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    ground: Ground,
    walls: Vec<Prop>,
    light: Light,
}

impl Place {
    pub(super) fn of(scenario: &Scenario, weather: Weather, rng: &mut Rng) -> Self {
        let ground = Ground {
            surface: Surface::Slabs { side_m: 0.6 },
            colour: [158.0, 154.0, 146.0],
            strips: Vec::new(),
            facade_at_m: 70.0,
            facade: [150.0, 140.0, 128.0],
            salt: rng.next_u64() as u32,
        };
        let brick = [152.0, 92.0, 74.0];
        let walls =
            scenario.walls.iter().flat_map(|w| Prop::wall(w.from, w.to, WALL_M, 0.16, brick, Finish::Brick));
        let light = match weather {
            Weather::Day => Light::new(1.1, 0.95, 0.5, 0.34),
            Weather::Dusk => Light::new(0.4, 0.25, 0.15, 0.12),
            Weather::Rain => Light::new(1.1, 1.2, 0.0, 0.08),
        };
        Self { ground, walls: walls.collect(), light }
    }

    /// Everything that stands still, as a camera sees it.
    pub(super) fn stage(&self, camera: &Pinhole) -> Stage {
        let view = View::through(camera);
        let mut backdrop = Canvas::new(view.width_px as usize, view.height_px as usize);
        self.ground.paint(&view, &mut backdrop);
        Stage::new(view, self.light, backdrop, self.walls.clone())
    }
}

/// The gates that are closed at a time, as fences.
pub(super) fn closed_gates(scenario: &Scenario, t_secs: f64) -> Vec<Prop> {
    let steel = [78.0, 92.0, 104.0];
    let closed = scenario.gates.iter().filter(|gate| gate.is_closed(t_secs));
    closed.map(|gate| Prop::fence(gate.wall.from, gate.wall.to, GATE_M, steel)).collect()
}

/// The camera's electronics.
pub(super) fn sensor(weather: Weather) -> Sensor {
    let day = Sensor { saturation: 0.9, vignette: 0.15, ..Sensor::default() };
    match weather {
        Weather::Day => day,
        Weather::Dusk => Sensor { gain: [0.52, 0.5, 0.56], saturation: 0.6, noise: 9.0, blur: 0.2, ..day },
        Weather::Rain => {
            Sensor { gain: [0.8, 0.84, 0.88], offset: 14.0, saturation: 0.6, rain: 5.0, blur: 0.2, ..day }
        }
    }
}
