//! One picture of a camera in the air on the ground, and where it would lie were the telemetry off.

use super::{DroneCamera, DroneCameraError, LOW_CONFIDENCE_BELOW_DEG, Orientation};
use crate::camera::{Calibration, Homography};

/// Where a camera is and where it looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DronePose {
    /// East, north and above the ground, metres.
    pub position_m: [f64; 3],
    /// Where it looks.
    pub orientation: Orientation,
    /// Width of the view, degrees.
    pub horizontal_fov_deg: f64,
    /// Width and height of the picture, pixels.
    pub image_size_px: [u32; 2],
}

/// Standard deviations of a pose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoseErrors {
    /// Of the position to the east and to the north each, metres.
    pub sideways_m: f64,
    /// Of the height above the ground, metres.
    pub height_m: f64,
    /// Of heading, elevation and roll each, degrees.
    pub angle_deg: f64,
    /// Of the width of the view, as a share of it.
    pub fov_relative: f64,
}

impl PoseErrors {
    /// Satellite navigation without correction and a gimbal's encoders: a metre, half a degree, a hundredth (what that costs
    /// tells analytics specification 4.2).
    pub const UNCORRECTED: Self = Self { sideways_m: 1.0, height_m: 1.0, angle_deg: 0.5, fov_relative: 0.01 };

    /// None: the pose is exact.
    pub const NONE: Self = Self { sideways_m: 0.0, height_m: 0.0, angle_deg: 0.0, fov_relative: 0.0 };
}

impl DronePose {
    /// The camera there.
    ///
    /// # Errors
    /// [`DroneCameraError`] names the number that is wrong.
    pub fn camera(&self) -> Result<DroneCamera, DroneCameraError> {
        DroneCamera::oriented(self.position_m, self.orientation, self.horizontal_fov_deg, self.image_size_px)
    }

    /// The poses one standard deviation to either side, for each number that errs.
    fn astray(&self, errors: &PoseErrors) -> Vec<[Self; 2]> {
        let moved = |by: [f64; 3]| Self {
            position_m: [0, 1, 2].map(|axis| self.position_m[axis] + by[axis]),
            ..*self
        };
        let turned = |by: [f64; 3]| Self { orientation: self.orientation.askew_by(by), ..*self };
        let widened = |by: f64| Self { horizontal_fov_deg: self.horizontal_fov_deg * (1.0 + by), ..*self };
        let PoseErrors { sideways_m, height_m, angle_deg, fov_relative } = *errors;
        let both =
            |sigma: f64, pose: &dyn Fn(f64) -> Self| (sigma > 0.0).then(|| [pose(sigma), pose(-sigma)]);
        [
            both(sideways_m, &|by| moved([by, 0.0, 0.0])),
            both(sideways_m, &|by| moved([0.0, by, 0.0])),
            both(height_m, &|by| moved([0.0, 0.0, by])),
            both(angle_deg, &|by| turned([by, 0.0, 0.0])),
            both(angle_deg, &|by| turned([0.0, by, 0.0])),
            both(angle_deg, &|by| turned([0.0, 0.0, by])),
            both(fov_relative, &widened),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Where one picture lies on the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct MovingView {
    position_m: [f64; 3],
    head_height_m: f64,
    calibration: Calibration,
    astray: Vec<[Homography; 2]>,
}

impl MovingView {
    /// From a pose and its errors; heads at `head_height_m`.
    ///
    /// # Errors
    /// [`DroneCameraError`] where the camera looks less than 20 degrees below the horizon, where densities mean nothing
    /// (analytics specification 4.2), or is lower than the heads.
    pub fn new(pose: &DronePose, errors: &PoseErrors, head_height_m: f64) -> Result<Self, DroneCameraError> {
        let camera = pose.camera()?;
        if camera.is_low_confidence() {
            let depression_deg = camera.depression_rad().to_degrees();
            return Err(DroneCameraError::TooFlat { depression_deg });
        }
        let sigma_depression_rad = errors.angle_deg.to_radians();
        let sigma = camera
            .sigma_area_relative(errors.height_m, sigma_depression_rad)
            .hypot(2.0 * errors.fov_relative);
        let head_plane = |pose: &DronePose| pose.camera().ok()?.plane_from_image(head_height_m);
        let astray = pose.astray(errors).into_iter();
        Ok(Self {
            position_m: pose.position_m,
            head_height_m,
            calibration: Calibration::from_drone(&camera, head_height_m, sigma)?,
            // One that cannot be placed at all says nothing of how far off the others are.
            astray: astray
                .filter_map(|[more, less]| Some([head_plane(&more)?, head_plane(&less)?]))
                .collect(),
        })
    }

    /// Where the picture lies.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Height of heads above the ground, metres.
    pub fn head_height_m(&self) -> f64 {
        self.head_height_m
    }

    /// Heads' places from the picture, with each number of the pose a standard deviation too large and too small.
    pub fn astray(&self) -> &[[Homography; 2]] {
        &self.astray
    }

    /// Whether a head at a place is seen from steeply enough above to be put on the ground: 20 degrees, as of the whole
    /// view.
    pub fn is_steep_at(&self, place_m: [f64; 2]) -> bool {
        let [x, y, z] = self.position_m;
        let away_m = (place_m[0] - x).hypot(place_m[1] - y);
        (z - self.head_height_m).atan2(away_m) >= LOW_CONFIDENCE_BELOW_DEG.to_radians()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(elevation_deg: f64) -> DronePose {
        DronePose {
            position_m: [0.0, 0.0, 40.0],
            orientation: Orientation::of_angles([0.0, elevation_deg, 0.0]).unwrap(),
            horizontal_fov_deg: 60.0,
            image_size_px: [960, 540],
        }
    }

    #[test]
    fn every_number_that_errs_moves_the_picture_to_both_sides() {
        let view = MovingView::new(&pose(-60.0), &PoseErrors::UNCORRECTED, 1.6).unwrap();
        assert_eq!(view.astray().len(), 7);
        let middle = [480.0, 270.0];
        let at = view.calibration().head_plane_from_image().apply(middle).unwrap();
        let [[east, west], _, [up, down], ..] = view.astray() else { panic!("seven pairs") };
        assert!((east.apply(middle).unwrap()[0] - at[0] - 1.0).abs() < 1e-9);
        assert!((west.apply(middle).unwrap()[0] - at[0] + 1.0).abs() < 1e-9);
        // From a metre higher the axis meets the ground cot(60) farther away.
        let farther = up.apply(middle).unwrap()[1] - down.apply(middle).unwrap()[1];
        assert!((farther - 2.0 / 60.0_f64.to_radians().tan()).abs() < 1e-9);
        assert!(MovingView::new(&pose(-60.0), &PoseErrors::NONE, 1.6).unwrap().astray().is_empty());
    }

    #[test]
    fn flat_views_and_flat_parts_of_steep_ones_are_withheld() {
        let error = MovingView::new(&pose(-19.0), &PoseErrors::NONE, 1.6).unwrap_err();
        assert!(error.to_string().contains("looks 19.0 degrees below the horizon"), "{error}");
        let view = MovingView::new(&pose(-21.0), &PoseErrors::NONE, 1.6).unwrap();
        // 38.4 m above the heads: 20 degrees are reached at 105.5 m.
        assert!(view.is_steep_at([0.0, 105.0]) && !view.is_steep_at([0.0, 106.0]));
    }
}
