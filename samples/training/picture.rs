//! One training picture from one seed.

use image::RgbImage;

use super::placing::{Place, Seen, any_density, place_people};
use super::surroundings::{random_ground, random_light, random_props, random_sensor};
use super::viewpoint::{mast_view, random_view};
use crate::render::canvas::Canvas;
use crate::render::person::Person;
use crate::render::sensor::Exposure;
use crate::render::stage::Stage;
use crate::render::wardrobe::Wardrobe;
use crate::rng::Rng;

/// A picture with a mark on every head that shows.
#[derive(Clone, Debug)]
pub struct TrainingPicture {
    /// The picture.
    pub rgb: RgbImage,
    /// Middles of the heads that show, pixels.
    pub heads_in_image: Vec<[f32; 2]>,
}

/// Which pictures a training set is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shots {
    /// Any camera above any place with anything from nobody to a packed crowd.
    #[default]
    Any,
    /// Crowds of 2 to 7.5 people/m2 from a mast: where warnings are given.
    DenseFromMast,
}

/// Draws the picture that follows from `seed`: its camera, place, weather and people.
pub fn training_picture(seed: u64, shots: Shots) -> TrainingPicture {
    let mut rng = Rng::new(seed);
    let (view, seen) = loop {
        let view = match shots {
            Shots::Any => random_view(&mut rng),
            Shots::DenseFromMast => mast_view(&mut rng),
        };
        if let Some(seen) = Seen::through(&view) {
            break (view, seen);
        }
    };
    let density_people_per_m2 = match shots {
        Shots::Any => any_density(&mut rng),
        Shots::DenseFromMast => rng.range(2.0, 7.5),
    };
    let places = place_people(&view, &seen, density_people_per_m2, &mut rng);
    let crowded = places.len() > 60;
    let mut props = random_props(&seen, view.position(), crowded, &mut rng);
    // Nobody stands inside a car or a wall.
    props.retain(|prop| {
        places.iter().all(|p| (p.at[0] - prop.at[0]).hypot(p.at[1] - prop.at[1]) > prop_reach_m(prop))
    });
    let ground = random_ground(&seen, &mut rng);
    let light = random_light(&mut rng);
    let mut canvas = Canvas::new(view.width_px as usize, view.height_px as usize);
    let mut backdrop = canvas.clone();
    ground.paint(&view, &mut backdrop);
    let people = dress(&places, &mut rng);
    let stage = Stage::new(view, light, backdrop, props);
    let heads = stage.paint(&people, &[], &mut canvas);
    let (width, height) = (canvas.width_px, canvas.height_px);
    let heads_in_image =
        heads.iter().filter(|head| head.is_visible(width, height)).map(|head| head.head_in_image).collect();
    let rgb = Exposure::new(random_sensor(&mut rng), &mut rng).develop(&mut canvas, &mut rng);
    TrainingPicture { rgb, heads_in_image }
}

fn prop_reach_m(prop: &crate::render::prop::Prop) -> f64 {
    let corner = prop.faces.iter().flat_map(|face| face.corners).map(|c| [c[0], c[1]]);
    let trunk = prop.solids.iter().filter(|s| s.centre[2] < 1.9).map(|s| [s.centre[0], s.centre[1]]);
    corner.chain(trunk).map(|c| (c[0] - prop.at[0]).hypot(c[1] - prop.at[1])).fold(0.0, f64::max) * 0.8 + 0.25
}

fn dress(places: &[Place], rng: &mut Rng) -> Vec<Person> {
    places
        .iter()
        .map(|place| {
            let neighbours =
                places.iter().filter(|o| (o.at[0] - place.at[0]).hypot(o.at[1] - place.at[1]) < 0.8).count();
            Person {
                at: place.at,
                front: place.front,
                height_m: if rng.chance(0.06) {
                    rng.range(1.1, 1.5)
                } else {
                    rng.normal(1.70, 0.08).clamp(1.5, 1.95)
                },
                build: rng.normal(1.0, 0.09).clamp(0.8, 1.3),
                gait_rad: rng.range(0.0, std::f64::consts::TAU),
                stride: place.stride,
                openness: 1.0 - 0.07 * neighbours.min(8) as f32,
                looks: Wardrobe::Training.dress(rng),
            }
        })
        .collect()
}
