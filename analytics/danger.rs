//! Measures of danger on the smoothed field of density and velocity. They feed the score and never warn alone.
//!
//! Each takes the zone's cells as pairs of a cell's index in the grid and its share that lies in the zone.

pub mod conflict;
pub mod deformation;
pub mod flow_breakdown;
pub mod micro_motion;
pub mod oscillation;
pub mod pressure;
mod velocity_window;

#[cfg(test)]
mod testing;
