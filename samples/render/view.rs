//! What the painter needs of a camera: where a world point lands, how a small body is scaled there, and what ground
//! a pixel sees.

use throng_analytics::camera::Pinhole;

use crate::vector::{Vec3, add, dot, scale, sub};

/// A pinhole camera with its axes at hand.
#[derive(Clone, Debug)]
pub struct View {
    camera: Pinhole,
    right: Vec3,
    down: Vec3,
    forward: Vec3,
    centre_px: [f64; 2],
    /// Image width in pixels.
    pub width_px: u32,
    /// Image height in pixels.
    pub height_px: u32,
}

/// Points nearer than this to the camera's own plane are not drawn.
const NEAR_M: f64 = 0.3;

impl View {
    /// The view through `camera`.
    pub fn through(camera: &Pinhole) -> Self {
        let axes = camera.camera_from_world();
        let row = |k: usize| [axes[(k, 0)], axes[(k, 1)], axes[(k, 2)]];
        Self {
            right: row(0),
            down: row(1),
            forward: row(2),
            centre_px: camera.principal_point_px(),
            width_px: camera.image_width_px,
            height_px: camera.image_height_px,
            camera: camera.clone(),
        }
    }

    /// The camera.
    pub fn camera(&self) -> &Pinhole {
        &self.camera
    }

    /// Where the camera stands, metres.
    pub fn position(&self) -> Vec3 {
        self.camera.position_m
    }

    /// Direction the camera looks in, unit length.
    pub(crate) fn ray_forward(&self) -> Vec3 {
        self.forward
    }

    /// Where a world point lands, in pixels (also outside the picture); `None` behind the camera.
    pub fn image_from_world(&self, point: Vec3) -> Option<[f64; 2]> {
        self.camera.project(point).filter(|seen| seen.depth_m > NEAR_M).map(|seen| seen.in_image_px)
    }

    /// How the picture moves with a world point at `point`: two rows (u, v) of pixels per metre; `None` behind.
    pub fn px_per_m(&self, point: Vec3) -> Option<[Vec3; 2]> {
        let ray = sub(point, self.camera.position_m);
        let depth = dot(ray, self.forward);
        (depth > NEAR_M).then(|| {
            let row = |axis: Vec3| {
                let slope = dot(ray, axis) / depth;
                scale(sub(axis, scale(self.forward, slope)), self.camera.focal_px / depth)
            };
            [row(self.right), row(self.down)]
        })
    }

    /// Direction in the world of the ray through a pixel, not normalised (its forward part is 1).
    pub fn ray(&self, pixel: [f64; 2]) -> Vec3 {
        let u = (pixel[0] - self.centre_px[0]) / self.camera.focal_px;
        let v = (pixel[1] - self.centre_px[1]) / self.camera.focal_px;
        add(self.forward, add(scale(self.right, u), scale(self.down, v)))
    }

    /// The point a pixel sees on the level `height_m`; `None` at and above the horizon.
    pub fn level_from_image(&self, pixel: [f64; 2], height_m: f64) -> Option<[f64; 2]> {
        let ray = self.ray(pixel);
        if ray[2] > -1e-6 {
            return None;
        }
        let along = (height_m - self.camera.position_m[2]) / ray[2];
        (along > 0.0)
            .then(|| [self.camera.position_m[0] + along * ray[0], self.camera.position_m[1] + along * ray[1]])
    }
}

/// Left, top, right and bottom in pixels of the points before the camera; `None` where there is none.
pub(super) fn bounds(view: &View, points: impl Iterator<Item = Vec3>) -> Option<[f64; 4]> {
    points
        .filter_map(|point| view.image_from_world(point))
        .map(|p| [p[0], p[1], p[0], p[1]])
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate;

    #[test]
    fn the_local_scale_is_the_derivative_of_the_projection() {
        let view = View::through(&gate::camera());
        let point = [27.0, 1.0, 1.6];
        let here = view.image_from_world(point).unwrap();
        let slopes = view.px_per_m(point).unwrap();
        for axis in 0..3 {
            let mut moved = point;
            moved[axis] += 1e-5;
            let there = view.image_from_world(moved).unwrap();
            for row in 0..2 {
                let measured = (there[row] - here[row]) / 1e-5;
                assert!((measured - slopes[row][axis]).abs() < 1e-2, "{measured} {slopes:?}");
            }
        }
    }

    #[test]
    fn a_pixel_sees_the_level_point_that_projects_to_it() {
        let camera = gate::camera();
        let view = View::through(&camera);
        let exact = camera.plane_from_image(1.6).unwrap();
        for pixel in [[10.0, 470.0], [320.0, 240.0], [600.0, 60.0]] {
            let (mine, theirs) = (view.level_from_image(pixel, 1.6).unwrap(), exact.apply(pixel).unwrap());
            assert!((mine[0] - theirs[0]).hypot(mine[1] - theirs[1]) < 1e-9, "{mine:?} {theirs:?}");
        }
    }

    #[test]
    fn nothing_behind_the_camera_is_seen() {
        let view = View::through(&gate::camera());
        assert_eq!(view.image_from_world([80.0, 0.0, 0.0]), None);
        assert_eq!(view.level_from_image([320.0, -4000.0], 0.0), None);
    }
}
