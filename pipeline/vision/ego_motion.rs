//! What a camera's own motion does to its picture, by the poses of two pictures: where what stands still has gone.

use throng_analytics::camera::{DroneCamera, Homography};

/// What the poses of two pictures say of how the later came from the earlier, in pixels of the calibration image.
#[derive(Clone, Debug)]
pub struct EgoMotion {
    pub(super) ground: Standing,
    pub(super) heads: Standing,
}

/// Where something on a level plane that stands still is in two pictures.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    now_from_earlier: Homography,
    earlier_from_now: Homography,
}

impl Standing {
    fn on(earlier: &DroneCamera, now: &DroneCamera, plane_z_m: f64) -> Option<Self> {
        let now_from_earlier = now.image_from_earlier(earlier, plane_z_m)?;
        Some(Self { earlier_from_now: now_from_earlier.inverse()?, now_from_earlier })
    }

    /// Where it was in the earlier picture.
    pub(super) fn was(&self, now_px: [f64; 2]) -> Option<[f64; 2]> {
        self.earlier_from_now.apply(now_px)
    }

    /// Where it is now.
    pub(super) fn is(&self, earlier_px: [f64; 2]) -> Option<[f64; 2]> {
        self.now_from_earlier.apply(earlier_px)
    }
}

impl EgoMotion {
    /// Between two pictures; `None` where either looks along the ground.
    pub fn between(earlier: &DroneCamera, now: &DroneCamera, head_height_m: f64) -> Option<Self> {
        Some(Self {
            ground: Standing::on(earlier, now, 0.0)?,
            heads: Standing::on(earlier, now, head_height_m)?,
        })
    }
}

/// How far the ground still moved between two pictures that should not, by what was taken for ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EgoResidual {
    /// Mean length of the shift that poses alone left, pixels of the calibration image.
    pub by_poses_px: f64,
    /// How far parts of the ground still move after its own word, likewise.
    pub left_px: f64,
    /// How far single points of it seem to, which is mostly how badly one is found again.
    pub points_px: f64,
}
