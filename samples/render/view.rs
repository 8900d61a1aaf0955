//! What the painter needs of a camera: where a world point lands, how a small body is scaled there, and what ground
//! a pixel sees.

use crate::vector::{Vec3, add, cross, dot, scale, sub};

/// A pinhole camera unpacked into its axes.
#[derive(Clone, Debug)]
pub struct View {
    position: Vec3,
    right: Vec3,
    down: Vec3,
    forward: Vec3,
    focal_px: f64,
    centre_px: [f64; 2],
    /// Image width in pixels.
    pub width_px: u32,
    /// Image height in pixels.
    pub height_px: u32,
}

/// Points nearer than this to the camera's own plane are not drawn.
const NEAR_M: f64 = 0.3;

impl View {
    /// A camera at `position`, turned by `yaw_rad` from the x axis towards y, looking `depression_rad` below the
    /// horizon, its principal point in the middle of the image.
    pub fn look(
        position: Vec3,
        yaw_rad: f64,
        depression_rad: f64,
        focal_px: f64,
        width_px: u32,
        height_px: u32,
    ) -> Self {
        let (sin_yaw, cos_yaw) = yaw_rad.sin_cos();
        let (sin_dep, cos_dep) = depression_rad.sin_cos();
        let forward = [cos_dep * cos_yaw, cos_dep * sin_yaw, -sin_dep];
        let right = [sin_yaw, -cos_yaw, 0.0];
        let centre_px = [f64::from(width_px) / 2.0, f64::from(height_px) / 2.0];
        Self { position, right, down: cross(forward, right), forward, focal_px, centre_px, width_px, height_px }
    }

    /// Where the camera stands, metres.
    pub fn position(&self) -> Vec3 {
        self.position
    }

    /// Direction the camera looks in, unit length.
    pub(crate) fn ray_forward(&self) -> Vec3 {
        self.forward
    }

    /// Where a world point lands, in pixels (also outside the picture); `None` behind the camera.
    pub fn image_from_world(&self, point: Vec3) -> Option<[f64; 2]> {
        let ray = sub(point, self.position);
        let depth = dot(ray, self.forward);
        (depth > NEAR_M).then(|| {
            let per_metre = self.focal_px / depth;
            [
                self.centre_px[0] + per_metre * dot(ray, self.right),
                self.centre_px[1] + per_metre * dot(ray, self.down),
            ]
        })
    }

    /// How the picture moves with a world point at `point`: two rows (u, v) of pixels per metre; `None` behind.
    pub fn px_per_m(&self, point: Vec3) -> Option<[Vec3; 2]> {
        let ray = sub(point, self.position);
        let depth = dot(ray, self.forward);
        (depth > NEAR_M).then(|| {
            let row = |axis: Vec3| {
                let slope = dot(ray, axis) / depth;
                scale(sub(axis, scale(self.forward, slope)), self.focal_px / depth)
            };
            [row(self.right), row(self.down)]
        })
    }

    /// Direction in the world of the ray through a pixel, not normalised (its forward part is 1).
    pub fn ray(&self, pixel: [f64; 2]) -> Vec3 {
        let u = (pixel[0] - self.centre_px[0]) / self.focal_px;
        let v = (pixel[1] - self.centre_px[1]) / self.focal_px;
        add(self.forward, add(scale(self.right, u), scale(self.down, v)))
    }

    /// The point a pixel sees on the level `height_m`; `None` at and above the horizon.
    pub fn level_from_image(&self, pixel: [f64; 2], height_m: f64) -> Option<[f64; 2]> {
        let ray = self.ray(pixel);
        if ray[2] > -1e-6 {
            return None;
        }
        let along = (height_m - self.position[2]) / ray[2];
        (along > 0.0).then(|| [self.position[0] + along * ray[0], self.position[1] + along * ray[1]])
    }

    /// Whether a pixel position lies inside the picture.
    pub fn contains(&self, pixel: [f64; 2]) -> bool {
        pixel[0] >= 0.0
            && pixel[1] >= 0.0
            && pixel[0] < f64::from(self.width_px)
            && pixel[1] < f64::from(self.height_px)
    }
}
