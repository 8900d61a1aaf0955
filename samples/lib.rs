//! throng-samples: crowds that can be shown without a camera. A simulator moves people, a renderer films them, and
//! everything that is true about them is known.
//!
//! - [`crowd`] moves people: body contact, walls, gates, inflow; deterministic by seed.
//! - [`evaluation`] plays scenarios against the analytics, and tells what the warnings were worth.
//! - [`render`] films them through the pinhole camera of `throng-analytics`.
//! - [`gate`] is the drill: its place, its course, its camera, its zones.
//! - [`scene`] joins the three: an iterator of pictures with every head known.
//! - [`training`] renders pictures for the counters to learn from, with other seeds, clothes, cameras and places.
//!
//! ```
//! use throng_samples::scene::Scene;
//!
//! let first = Scene::gate(1).next().expect("a drill has pictures");
//! assert_eq!(first.rgb.dimensions(), (640, 480));
//! assert!(first.heads_in_image().len() > 10);
//! ```

pub mod crowd;
pub mod evaluation;
pub mod gate;
pub mod render;
pub mod rng;
pub mod scene;
pub mod training;
mod vector;
