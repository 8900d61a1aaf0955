//! throng-samples: crowds that can be shown without a camera. A simulator moves people, a renderer films them, and
//! everything that is true about them is known.

pub mod crowd;
pub mod gate;
pub mod render;
pub mod rng;
pub mod scene;
pub mod training;
mod vector;
