//! The light of a scene.

use crate::vector::{Vec3, unit};

/// One sun (or lamp) far away and a sky.
#[derive(Clone, Copy, Debug)]
pub struct Light {
    /// Unit vector towards the sun.
    pub toward_sun: Vec3,
    /// Share of light from the sun, 0..1; the rest comes from the sky.
    pub sun: f32,
    /// How dark a cast shadow is, 0..1.
    pub shadow: f32,
}

impl Light {
    /// Sun at `elevation_rad` above the horizon in direction `azimuth_rad`.
    pub fn new(azimuth_rad: f64, elevation_rad: f64, sun: f32, shadow: f32) -> Self {
        let (sin_el, cos_el) = elevation_rad.sin_cos();
        let toward_sun = unit([cos_el * azimuth_rad.cos(), cos_el * azimuth_rad.sin(), sin_el]);
        Self { toward_sun, sun, shadow }
    }

    /// Brightness of a matt surface whose normal makes `to_sun` with the sun and `up` with the zenith (cosines).
    pub(crate) fn on(&self, to_sun: f32, up: f32) -> f32 {
        let sky = 0.62 + 0.38 * up;
        1.12 * ((1.0 - self.sun) * sky + self.sun * (0.40 * sky + 0.95 * to_sun.max(0.0)))
    }
}
