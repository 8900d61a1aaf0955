//! A camera in the air: from position, attitude and gimbal to rays, footprint and calibration (analytics specification
//! 4.2).
//!
//! Angles follow MISB ST 0601 in degrees: heading clockwise from north, pitch nose up, roll right wing down; the sensor
//! relative to the platform, azimuth clockwise seen from above, elevation up (-90 looks straight down), roll clockwise seen
//! from behind. The world is local: x east, y north, z up, metres.

mod moving_view;
mod orientation;

use nalgebra::{Matrix3, Vector3};

use super::pinhole::plane_from_image;
use super::{Homography, Projected};

pub use moving_view::{DronePose, MovingView, PoseErrors};
pub use orientation::Orientation;

/// Rays that fall by less than this for each metre of way go to the horizon (analytics specification 4.2).
const FALL_MIN: f64 = 0.05;

/// Below this depression densities are of low confidence, degrees (analytics specification 4.2).
pub const LOW_CONFIDENCE_BELOW_DEG: f64 = 20.0;

/// How a reported slant range may differ from the computed one, as a share (analytics specification 4.2).
pub const SLANT_RANGE_TOLERANCE: f64 = 0.05;

/// Attitude of platform and sensor, degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attitude {
    /// Platform heading, pitch and roll (MISB tags 5, 6, 7).
    pub platform_deg: [f64; 3],
    /// Sensor relative azimuth, elevation and roll (MISB tags 18, 19, 20).
    pub sensor_deg: [f64; 3],
}

/// A camera in the air.
#[derive(Clone, Debug, PartialEq)]
pub struct DroneCamera {
    position_m: [f64; 3],
    /// Rows: right, down and forward in the world.
    camera_from_world: Matrix3<f64>,
    focal_px: f64,
    image_size_px: [u32; 2],
}

/// Why numbers do not make a camera in the air.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum DroneCameraError {
    /// A number is NaN or infinite.
    #[error("the {what} is not a number; the telemetry of this picture is broken")]
    NotFinite {
        /// Which.
        what: &'static str,
    },
    /// No camera sees so wide, or nothing.
    #[error("a horizontal field of view of {degrees} degrees is not between 0 and 180")]
    FieldOfView {
        /// Degrees given.
        degrees: f64,
    },
    /// The picture has no pixels.
    #[error("a picture of {width_px} x {height_px} pixels shows nothing")]
    Size {
        /// Width.
        width_px: u32,
        /// Height.
        height_px: u32,
    },
    /// The camera is not above the plane that it should see.
    #[error("the camera is {height_m} m above the ground: altitude and ground level do not fit")]
    BelowGround {
        /// Height above the plane, metres.
        height_m: f64,
    },
    /// It looks to the horizon or above.
    #[error("the camera looks {depression_deg:.1} degrees below the horizon: too flat to measure the ground")]
    TooFlat {
        /// Depression, degrees.
        depression_deg: f64,
    },
}

impl DroneCamera {
    /// A camera with square pixels at `position_m` (east, north, above the ground), `horizontal_fov_deg` wide over an
    /// image of `image_size_px`.
    ///
    /// # Errors
    /// [`DroneCameraError`] names the number that is wrong.
    pub fn new(
        position_m: [f64; 3],
        attitude: Attitude,
        horizontal_fov_deg: f64,
        image_size_px: [u32; 2],
    ) -> Result<Self, DroneCameraError> {
        for (angles_deg, what) in [
            (attitude.platform_deg, "attitude of the platform"),
            (attitude.sensor_deg, "attitude of the sensor"),
        ] {
            if !angles_deg.iter().all(|n| n.is_finite()) {
                return Err(DroneCameraError::NotFinite { what });
            }
        }
        let orientation = Orientation::of_attitude(&attitude)
            .ok_or(DroneCameraError::NotFinite { what: "attitude of the sensor" })?;
        Self::oriented(position_m, orientation, horizontal_fov_deg, image_size_px)
    }

    /// The same with an orientation in the world.
    ///
    /// # Errors
    /// [`DroneCameraError`] names the number that is wrong.
    pub fn oriented(
        position_m: [f64; 3],
        orientation: Orientation,
        horizontal_fov_deg: f64,
        image_size_px: [u32; 2],
    ) -> Result<Self, DroneCameraError> {
        if !position_m.iter().all(|n| n.is_finite()) {
            return Err(DroneCameraError::NotFinite { what: "position" });
        }
        if !(horizontal_fov_deg > 0.0 && horizontal_fov_deg < 180.0) {
            return Err(DroneCameraError::FieldOfView { degrees: horizontal_fov_deg });
        }
        let [width_px, height_px] = image_size_px;
        if width_px == 0 || height_px == 0 {
            return Err(DroneCameraError::Size { width_px, height_px });
        }
        if position_m[2] <= 0.0 {
            return Err(DroneCameraError::BelowGround { height_m: position_m[2] });
        }
        Ok(Self {
            position_m,
            camera_from_world: orientation.camera_from_world(),
            focal_px: f64::from(width_px) / (2.0 * (horizontal_fov_deg.to_radians() / 2.0).tan()),
            image_size_px,
        })
    }

    /// East, north and height above the ground, metres.
    pub fn position_m(&self) -> [f64; 3] {
        self.position_m
    }

    /// Focal length, pixels.
    pub fn focal_px(&self) -> f64 {
        self.focal_px
    }

    /// Width and height of the image, pixels.
    pub fn image_size_px(&self) -> [u32; 2] {
        self.image_size_px
    }

    fn principal_point_px(&self) -> [f64; 2] {
        self.image_size_px.map(|px| f64::from(px) / 2.0)
    }

    /// Angle of the axis of sight below the horizon, radians.
    pub fn depression_rad(&self) -> f64 {
        (-self.camera_from_world[(2, 2)]).clamp(-1.0, 1.0).asin()
    }

    /// Whether densities from here are of low confidence: the view is flatter than 20 degrees.
    pub fn is_low_confidence(&self) -> bool {
        self.depression_rad() < LOW_CONFIDENCE_BELOW_DEG.to_radians()
    }

    /// Unit vector of a pixel's ray in the world.
    pub fn ray(&self, pixel: [f64; 2]) -> [f64; 3] {
        let [cx, cy] = self.principal_point_px();
        let in_camera = Vector3::new((pixel[0] - cx) / self.focal_px, (pixel[1] - cy) / self.focal_px, 1.0);
        let ray = (self.camera_from_world.transpose() * in_camera).normalize();
        [ray.x, ray.y, ray.z]
    }

    /// Where a pixel's ray meets the horizontal plane `plane_z_m` metres up, `[east, north]` in metres; `None` for rays
    /// that fall by less than a twentieth, which are the horizon's, and for a plane that is not below the camera.
    pub fn plane_point(&self, pixel: [f64; 2], plane_z_m: f64) -> Option<[f64; 2]> {
        let ray = self.ray(pixel);
        let reach = (plane_z_m - self.position_m[2]) / ray[2];
        (ray[2] < -FALL_MIN && reach > 0.0)
            .then(|| [self.position_m[0] + reach * ray[0], self.position_m[1] + reach * ray[1]])
    }

    /// Where a place on the plane `plane_z_m` metres up has gone in this picture since an earlier one: what the camera's own
    /// motion does to the picture. `None` where either looks along the plane.
    pub fn image_from_earlier(&self, earlier: &Self, plane_z_m: f64) -> Option<Homography> {
        let image_from_plane = self.plane_from_image(plane_z_m)?.inverse()?;
        Homography::from_matrix(image_from_plane.matrix() * earlier.plane_from_image(plane_z_m)?.matrix())
    }

    /// A point of the world in the image; `None` less than 1 cm before the camera.
    pub fn project(&self, point_in_world_m: [f64; 3]) -> Option<Projected> {
        let p = self.camera_from_world * (Vector3::from(point_in_world_m) - Vector3::from(self.position_m));
        let [cx, cy] = self.principal_point_px();
        (p.z > 0.01).then(|| Projected {
            in_image_px: [cx + self.focal_px * p.x / p.z, cy + self.focal_px * p.y / p.z],
            depth_m: p.z,
        })
    }

    /// The exact map from the image to the plane at a height; `None` where the camera lies in it.
    pub fn plane_from_image(&self, plane_z_m: f64) -> Option<Homography> {
        plane_from_image(
            &self.camera_from_world,
            self.position_m,
            self.focal_px,
            self.principal_point_px(),
            plane_z_m,
        )
    }

    /// The ground in the picture: where its corners lie, clockwise from the upper left; `None` where one of them is at
    /// the horizon.
    pub fn footprint_m(&self) -> Option<[[f64; 2]; 4]> {
        let [width, height] = self.image_size_px.map(f64::from);
        let corner = |u, v| self.plane_point([u, v], 0.0);
        Some([corner(0.0, 0.0)?, corner(width, 0.0)?, corner(width, height)?, corner(0.0, height)?])
    }

    /// Distance to the ground along the axis of sight, metres; `None` at the horizon.
    pub fn slant_range_m(&self) -> Option<f64> {
        let [x, y] = self.plane_point(self.principal_point_px(), 0.0)?;
        let [cx, cy, cz] = self.position_m;
        Some(((x - cx).powi(2) + (y - cy).powi(2) + cz * cz).sqrt())
    }

    /// Whether a reported slant range (MISB tag 21) agrees within 5 %; `None` at the horizon.
    pub fn agrees_with_slant_range(&self, reported_m: f64) -> Option<bool> {
        let computed_m = self.slant_range_m()?;
        Some((reported_m - computed_m).abs() <= SLANT_RANGE_TOLERANCE * computed_m)
    }

    /// Relative standard deviation of areas from those of height and depression: `dA/A = 2 dH/H` and
    /// `dA/A = 3 cot(p) dp`, added in squares (analytics specification 4.2).
    pub fn sigma_area_relative(&self, sigma_height_m: f64, sigma_depression_rad: f64) -> f64 {
        let by_height = 2.0 * sigma_height_m / self.position_m[2];
        let by_angle = 3.0 * sigma_depression_rad / self.depression_rad().tan();
        by_height.hypot(by_angle)
    }
}

#[cfg(test)]
mod tests;
