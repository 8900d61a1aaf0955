//! The ground, the light, the weather and the clutter of a training picture.

use crate::render::ground::{Ground, Strip, Surface};
use crate::render::light::Light;
use crate::render::prop::Prop;
use crate::render::sensor::Sensor;
use crate::render::{canvas::Colour, face::Finish};
use crate::rng::Rng;

use super::placing::Seen;

fn surface(rng: &mut Rng) -> (Surface, Colour) {
    let grey = rng.range(96.0, 196.0) as f32;
    let warm = rng.range(-10.0, 22.0) as f32;
    let stone = [grey + warm, grey + warm * 0.4, grey - warm * 0.6];
    match rng.index(8) {
        0 | 1 => (Surface::Asphalt, [grey * 0.62, grey * 0.62, grey * 0.64]),
        2 => (Surface::Slabs { side_m: rng.range(0.3, 1.2) as f32 }, stone),
        3 => (Surface::Cobble, stone),
        4 => (Surface::Grass, [rng.range(62.0, 104.0) as f32, rng.range(98.0, 136.0) as f32, 58.0]),
        5 => (Surface::Tiles { side_m: rng.range(0.3, 1.0) as f32 }, stone),
        6 => (Surface::Concrete, stone),
        _ => (Surface::Sand, [206.0, 188.0, 150.0]),
    }
}

/// Ground with up to three paths or roads.
pub(super) fn random_ground(seen: &Seen, rng: &mut Rng) -> Ground {
    let (base, colour) = surface(rng);
    let strips = (0..rng.index(4))
        .map(|_| {
            let turn = rng.range(0.0, std::f64::consts::TAU);
            let (surface, colour) = surface(rng);
            Strip {
                through: [
                    seen.middle[0] + rng.normal(0.0, seen.reach_m * 0.4),
                    seen.middle[1] + rng.normal(0.0, seen.reach_m * 0.4),
                ],
                along: [turn.cos(), turn.sin()],
                half_width_m: rng.range(1.0, 4.5),
                surface,
                colour,
                marked: surface == Surface::Asphalt && rng.chance(0.7),
            }
        })
        .collect();
    let tone = rng.range(110.0, 190.0) as f32;
    Ground {
        surface: base,
        colour,
        strips,
        facade_at_m: rng.range(40.0, 110.0),
        facade: [tone * 1.04, tone * 0.97, tone * 0.88],
        salt: rng.next_u64() as u32,
    }
}

/// Sun, overcast or dusk.
pub(super) fn random_light(rng: &mut Rng) -> Light {
    let azimuth = rng.range(0.0, std::f64::consts::TAU);
    let elevation = rng.range(0.45, 1.25);
    if rng.chance(0.45) {
        let sun = rng.range(0.45, 0.75) as f32;
        Light::new(azimuth, elevation, sun, rng.range(0.3, 0.55) as f32)
    } else {
        Light::new(azimuth, 1.2, rng.range(0.05, 0.35) as f32, 0.0)
    }
}

/// Day, dusk, night, grey infra-red or rain, with a better or worse camera.
pub(super) fn random_sensor(rng: &mut Rng) -> Sensor {
    let exposure = rng.range(0.85, 1.25) as f32;
    let mut sensor = Sensor {
        gain: [exposure * rng.range(0.95, 1.05) as f32, exposure, exposure * rng.range(0.93, 1.07) as f32],
        offset: rng.range(0.0, 14.0) as f32,
        saturation: rng.range(0.6, 1.1) as f32,
        blur: rng.range(0.02, 0.25) as f32,
        blur_passes: 1 + rng.index(2) as u8,
        vignette: rng.range(0.0, 0.4) as f32,
        noise: rng.range(1.0, 7.0) as f32,
        rain: 0.0,
    };
    match rng.index(10) {
        0 => {
            // Street light at night: dim, orange, grainy.
            sensor.gain = [0.68 * exposure, 0.56 * exposure, 0.42 * exposure];
            sensor.noise = rng.range(5.0, 12.0) as f32;
            sensor.vignette = 0.6;
        }
        1 => sensor.gain = [0.78 * exposure, 0.72 * exposure, 0.82 * exposure],
        2 => sensor.saturation = 0.0,
        3 => {
            sensor.rain = rng.range(2.0, 14.0) as f32;
            sensor.blur = 0.28;
            sensor.blur_passes = 2;
            sensor.offset += 16.0;
            sensor.saturation *= 0.7;
        }
        _ => {}
    }
    sensor
}

/// Trees, cars, street furniture, kiosks, walls and fences, more of them where few people are.
pub(super) fn random_props(seen: &Seen, camera: [f64; 3], crowded: bool, rng: &mut Rng) -> Vec<Prop> {
    let most = if crowded { 4 } else { 24 };
    let mut props = Vec::new();
    for _ in 0..rng.index(most + 1) {
        let at = [
            seen.middle[0] + rng.normal(0.0, seen.reach_m * 0.7),
            seen.middle[1] + rng.normal(0.0, seen.reach_m * 0.7),
        ];
        // Nothing tall right before the lens.
        let away = (at[0] - camera[0]).hypot(at[1] - camera[1]);
        if away < 2.0 {
            continue;
        }
        let turn = rng.range(0.0, std::f64::consts::TAU);
        let front = [turn.cos(), turn.sin()];
        let tone = rng.range(60.0, 200.0) as f32;
        match rng.index(18) {
            0 | 1 if away > 7.0 => props.push(Prop::tree(at, rng.range(3.0, 8.0), rng)),
            2..=4 => props.push(Prop::car(at, front, rng)),
            5 => props.push(Prop::bench(at, front)),
            6 if away > 4.0 => props.push(Prop::lamp(at, rng.range(3.0, 6.0))),
            7 => props.push(Prop::post(
                at,
                rng.range(0.08, 0.3),
                rng.range(0.5, 1.1),
                [tone, tone * 0.9, tone * 0.8],
            )),
            8 => props.push(Prop::cone(at, rng.range(0.4, 1.0))),
            9 | 10 => props.push(Prop::tripod(at, rng.range(1.1, 1.9), rng)),
            11 => props.push(Prop::sign(at, front, rng)),
            12 => props.push(Prop::lump(at, rng)),
            13 => props.push(Prop::parasol(at, rng)),
            14 | 15 => props.push(Prop::knobbed_post(at, rng)),
            16 => {
                let size = [rng.range(0.6, 2.5), rng.range(0.6, 2.5), rng.range(0.5, 2.4)];
                props.push(Prop::cuboid(at, front, size, [tone, tone * 0.95, tone * 0.9], Finish::Paint));
            }
            _ => {
                let length = rng.range(2.0, 9.0);
                let to = [at[0] + front[0] * length, at[1] + front[1] * length];
                if rng.chance(0.5) {
                    let finish = if rng.chance(0.5) { Finish::Brick } else { Finish::Paint };
                    let colour = [tone * 1.05, tone * 0.85, tone * 0.75];
                    props.extend(Prop::wall(at, to, rng.range(0.6, 2.2), 0.2, colour, finish));
                } else {
                    props.push(Prop::fence(at, to, 1.1, [92.0, 96.0, 98.0]));
                }
            }
        }
    }
    props
}
