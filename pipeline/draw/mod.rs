//! Pictures for people: density heat, zones by level and labels over a camera picture, and the timeline of a run.
//!
//! Pure pixel work on [`image::RgbImage`]: no decoding, no clock, no files but the PNGs that [`timeline`],
//! [`dynamics`] and [`worth`] write.
//! Coordinates are pixels of the picture, x to the right and y down; pixel `(0, 0)` covers `[0, 1) x [0, 1)`.
//! Whatever lies outside the picture is clipped, and a point that is not finite is left out.

pub mod calibration;
pub mod calibration_grid;
mod canvas;
pub mod dynamics;
pub mod heat;
pub mod lens;
pub mod overlay;
pub mod palette;
pub mod polygon;
pub mod text;
pub mod timeline;
pub mod worth;
