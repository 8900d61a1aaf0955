//! From a density map in the image to people per square metre on the ground.

mod border;
mod grid;
mod projection;
mod sight;

pub use border::ZoneBorders;
pub use grid::{Bounds, GroundGrid};
pub use projection::{GroundField, GroundProjection};
pub use sight::{
    HEAD_MIN_PX, RESOLUTION_LIMIT_M_PER_PX, Sight, Visibility, head_width_px, head_widths_px,
    line_visibility, sight, zone_visibility,
};

#[cfg(test)]
mod tests;
