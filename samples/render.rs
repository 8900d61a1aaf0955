//! Pictures of a crowd through a camera: ground, things, people, sensor.
//!
//! A [`stage::Stage`] holds what stands still; [`stage::Stage::paint`] puts people into it as shaded ellipsoids,
//! far ones first, and says which heads show; [`sensor::Exposure`] makes bytes of it.

pub mod canvas;
pub mod face;
mod furniture;
pub mod ground;
pub mod light;
pub mod material;
mod noise;
pub mod person;
pub mod prop;
pub mod sensor;
mod shadow;
pub mod solid;
pub mod stage;
pub mod view;
pub mod wardrobe;
