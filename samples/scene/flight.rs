//! A drone that circles over a scenario's zones: how it flies, and what its telemetry says of that.

use serde::Serialize;
use throng_analytics::camera::Pinhole;

use crate::crowd::scenario::Scenario;
use crate::rng::Rng;

/// Height of the circle, and how far out it runs beyond the zones, metres: a depression of 40 to 60 degrees.
const HEIGHT_M: f64 = 24.0;
const BEYOND_M: f64 = 8.0;
/// Speed along the circle, m/s.
const SPEED_M_PER_S: f64 = 2.0;
/// Share of the picture's height that the zones take on average, and how far zooming changes the focal length.
const ZONES_SHARE: f64 = 0.6;
const ZOOM: f64 = 0.15;
const ZOOM_PERIOD_SECS: f64 = 40.0;
/// What wind does in spite of the autopilot: metres and degrees, coming and going over seconds.
const DRIFT_M: f64 = 0.5;
const WAVER_DEG: f64 = 0.4;
const WAVER_PERIODS_SECS: [f64; 3] = [3.1, 5.3, 8.7];
/// Size of the pictures.
const WIDTH_PX: u32 = 960;
const HEIGHT_PX: u32 = 540;

/// Standard deviations of telemetry: a metre of position, half a degree of either angle, a hundredth of the field of view
/// (satellite navigation without correction and a gimbal's encoders; analytics specification 4.2 tells what they cost). They
/// last: an error now is nearly the error of the next picture.
const SIGMA_POSITION_M: f64 = 1.0;
const SIGMA_ANGLE_DEG: f64 = 0.5;
const SIGMA_FOV: f64 = 0.01;
const ERROR_TAU_SECS: f64 = 20.0;

/// Where a camera is and where it looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CameraPose {
    /// East, north and height above the ground, metres.
    pub position_m: [f64; 3],
    /// Direction of sight, degrees clockwise from north (the y axis).
    pub heading_deg: f64,
    /// Angle of sight below the horizon, degrees.
    pub depression_deg: f64,
    /// Width of the view, degrees.
    pub horizontal_fov_deg: f64,
}

impl CameraPose {
    /// The pose of a camera without roll.
    pub fn of(camera: &Pinhole) -> Self {
        let half_px = f64::from(camera.image_width_px) / 2.0;
        Self {
            position_m: camera.position_m,
            heading_deg: (90.0 - camera.yaw_rad.to_degrees()).rem_euclid(360.0),
            depression_deg: camera.depression_rad.to_degrees(),
            horizontal_fov_deg: 2.0 * (half_px / camera.focal_px).atan().to_degrees(),
        }
    }
}

/// A flight around a scenario's zones. The same scenario and seed fly the same way.
#[derive(Clone, Debug)]
pub struct Flight {
    aim_m: [f64; 2],
    radius_m: f64,
    focal_px: f64,
    began_rad: f64,
    /// Of each drifting number and each period, radians.
    phases_rad: [[f64; WAVER_PERIODS_SECS.len()]; 5],
    errors: TelemetryErrors,
}

/// Errors of position, heading, depression and field of view that come and go.
#[derive(Clone, Debug)]
struct TelemetryErrors {
    rng: Rng,
    /// In standard deviations.
    now: [f64; 6],
    t_secs: Option<f64>,
}

impl Flight {
    /// Over the zones of a scenario.
    pub fn over(scenario: &Scenario, mut rng: Rng) -> Self {
        let corners: Vec<[f64; 2]> =
            scenario.zones.iter().flat_map(|zone| zone.outline.iter().copied()).collect();
        let aim_m =
            [0, 1].map(|k| corners.iter().map(|corner| corner[k]).sum::<f64>() / corners.len().max(1) as f64);
        let reach_m = corners.iter().map(|c| (c[0] - aim_m[0]).hypot(c[1] - aim_m[1])).fold(1.0, f64::max);
        let radius_m = reach_m + BEYOND_M;
        let away_m = radius_m.hypot(HEIGHT_M);
        let errors = rng.fork(1);
        Self {
            aim_m,
            radius_m,
            focal_px: ZONES_SHARE * f64::from(HEIGHT_PX) * away_m / (2.0 * reach_m),
            began_rad: rng.range(0.0, std::f64::consts::TAU),
            phases_rad: [[(); WAVER_PERIODS_SECS.len()]; 5]
                .map(|row| row.map(|()| rng.range(0.0, std::f64::consts::TAU))),
            errors: TelemetryErrors { rng: errors, now: [0.0; 6], t_secs: None },
        }
    }

    /// The camera at a time.
    pub fn camera(&self, t_secs: f64) -> Pinhole {
        let along_rad = self.began_rad + SPEED_M_PER_S / self.radius_m * t_secs;
        let (sin, cos) = along_rad.sin_cos();
        // A sum of sines with an rms of about 1 for each of position and gaze.
        let waver = |k: usize| {
            let waves = WAVER_PERIODS_SECS.iter().zip(self.phases_rad[k]);
            waves.map(|(period, phase)| (std::f64::consts::TAU * t_secs / period + phase).sin()).sum::<f64>()
                * 0.8
        };
        let position_m = [
            self.aim_m[0] + self.radius_m * cos + DRIFT_M * waver(0),
            self.aim_m[1] + self.radius_m * sin + DRIFT_M * waver(1),
            HEIGHT_M + DRIFT_M * waver(2),
        ];
        let to = [self.aim_m[0] - position_m[0], self.aim_m[1] - position_m[1]];
        let zoom = (std::f64::consts::TAU * t_secs / ZOOM_PERIOD_SECS).sin();
        Pinhole {
            position_m,
            yaw_rad: to[1].atan2(to[0]) + (WAVER_DEG * waver(3)).to_radians(),
            depression_rad: position_m[2].atan2(to[0].hypot(to[1])) + (WAVER_DEG * waver(4)).to_radians(),
            focal_px: self.focal_px * (1.0 + ZOOM * zoom),
            image_width_px: WIDTH_PX,
            image_height_px: HEIGHT_PX,
        }
    }

    /// What the telemetry says of the camera at a time, which must not go back.
    pub fn telemetry(&mut self, t_secs: f64) -> CameraPose {
        let exact = CameraPose::of(&self.camera(t_secs));
        let error = self.errors.advance(t_secs);
        CameraPose {
            position_m: [0, 1, 2].map(|k| exact.position_m[k] + SIGMA_POSITION_M * error[k]),
            heading_deg: exact.heading_deg + SIGMA_ANGLE_DEG * error[3],
            depression_deg: exact.depression_deg + SIGMA_ANGLE_DEG * error[4],
            horizontal_fov_deg: exact.horizontal_fov_deg * (1.0 + SIGMA_FOV * error[5]),
        }
    }
}

impl TelemetryErrors {
    /// An Ornstein-Uhlenbeck process of unit variance.
    fn advance(&mut self, t_secs: f64) -> [f64; 6] {
        let kept = self.t_secs.map_or(0.0, |before| (-(t_secs - before).max(0.0) / ERROR_TAU_SECS).exp());
        self.t_secs = Some(t_secs);
        let fresh = (1.0 - kept * kept).sqrt();
        for error in &mut self.now {
            *error = kept * *error + fresh * self.rng.normal(0.0, 1.0);
        }
        self.now
    }
}

#[cfg(test)]
mod tests {
    use throng_analytics::camera::{Attitude, DroneCamera};

    use super::*;
    use crate::crowd::scenario::Suite;

    fn flight() -> (Scenario, Flight) {
        let scenario = Suite::Dev.scenarios().unwrap().remove(3);
        let flight = Flight::over(&scenario, Rng::new(5));
        (scenario, flight)
    }

    #[test]
    fn a_flight_keeps_its_zones_in_sight_at_a_depression_that_measures() {
        let (scenario, flight) = flight();
        for t in 0..200 {
            let camera = flight.camera(f64::from(t));
            let depression = camera.depression_rad.to_degrees();
            assert!((40.0..75.0).contains(&depression), "{depression}");
            for corner in scenario.zones.iter().flat_map(|zone| &zone.outline) {
                let [u, v] = camera.project([corner[0], corner[1], 1.6]).unwrap().in_image_px;
                let is_seen =
                    (0.0..f64::from(WIDTH_PX)).contains(&u) && (0.0..f64::from(HEIGHT_PX)).contains(&v);
                assert!(is_seen, "{t} s: {corner:?} at {u:.0} {v:.0}");
            }
        }
    }

    #[test]
    fn the_pose_is_the_one_that_telemetry_makes_a_camera_of() {
        let (_, flight) = flight();
        let camera = flight.camera(12.0);
        let pose = CameraPose::of(&camera);
        let attitude = Attitude {
            platform_deg: [pose.heading_deg, 0.0, 0.0],
            sensor_deg: [0.0, -pose.depression_deg, 0.0],
        };
        let drone =
            DroneCamera::new(pose.position_m, attitude, pose.horizontal_fov_deg, [WIDTH_PX, HEIGHT_PX])
                .unwrap();
        let point = [22.0, 3.0, 1.6];
        let [a, b] = [camera.project(point), drone.project(point)].map(|seen| seen.unwrap().in_image_px);
        assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-6, "{a:?} {b:?}");
    }

    #[test]
    fn telemetry_errs_as_stated_and_slowly() {
        let (_, mut flight) = flight();
        let mut errors = Vec::new();
        for t in 0..4000 {
            let t_secs = f64::from(t) * 2.0;
            let told = flight.telemetry(t_secs);
            errors.push(told.position_m[2] - flight.camera(t_secs).position_m[2]);
        }
        let rms = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
        assert!((rms - SIGMA_POSITION_M).abs() < 0.1, "{rms}");
        let step =
            (errors.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f64>() / errors.len() as f64).sqrt();
        assert!(step < 0.5 * rms, "two seconds later it is nearly the same: {step}");
    }
}
