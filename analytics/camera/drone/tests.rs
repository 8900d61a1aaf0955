//! Rotations worked out by hand, and the way there and back.

use proptest::prelude::*;

use super::*;
use crate::camera::{Calibration, Pinhole};

const SIZE: [u32; 2] = [1000, 800];

fn camera(platform_deg: [f64; 3], sensor_deg: [f64; 3]) -> DroneCamera {
    // 2 atan(0.5) across: 1000 pixels of focal length.
    let fov_deg = 2.0 * 0.5_f64.atan().to_degrees();
    DroneCamera::new([10.0, 20.0, 40.0], Attitude { platform_deg, sensor_deg }, fov_deg, SIZE).unwrap()
}

fn near(a: [f64; 2], b: [f64; 2]) -> bool {
    (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-9
}

#[test]
fn straight_down_the_top_of_the_picture_is_where_the_nose_points() {
    let middle = [500.0, 400.0];
    for (heading, top) in [(0.0, [10.0, 36.0]), (90.0, [26.0, 20.0]), (180.0, [10.0, 4.0])] {
        let camera = camera([heading, 0.0, 0.0], [0.0, -90.0, 0.0]);
        assert!((camera.depression_rad().to_degrees() - 90.0).abs() < 1e-6);
        assert!(near(camera.plane_point(middle, 0.0).unwrap(), [10.0, 20.0]));
        // 400 px at 1000 px of focal length from 40 m: 16 m ahead.
        assert!(near(camera.plane_point([500.0, 0.0], 0.0).unwrap(), top), "{heading}");
    }
    // To the right of a drone that flies east lies the south.
    let east = camera([90.0, 0.0, 0.0], [0.0, -90.0, 0.0]);
    assert!(near(east.plane_point([1000.0, 400.0], 0.0).unwrap(), [10.0, 0.0]));
}

#[test]
fn gimbal_and_platform_turn_alike() {
    let middle = [500.0, 400.0];
    // 45 degrees down: 40 m ahead.
    let ahead = |platform, sensor| camera(platform, sensor).plane_point(middle, 0.0).unwrap();
    assert!(near(ahead([0.0, 0.0, 0.0], [0.0, -45.0, 0.0]), [10.0, 60.0]));
    assert!(near(ahead([0.0, 0.0, 0.0], [90.0, -45.0, 0.0]), [50.0, 20.0]), "azimuth is clockwise");
    assert!(near(ahead([90.0, 0.0, 0.0], [0.0, -45.0, 0.0]), [50.0, 20.0]));
    assert!(near(ahead([0.0, -15.0, 0.0], [0.0, -30.0, 0.0]), [10.0, 60.0]), "a nose that hangs adds up");
    // The right wing down by 45 degrees, the sensor straight down in the platform: it looks to the left, west.
    assert!(near(ahead([0.0, 0.0, 45.0], [0.0, -90.0, 0.0]), [-30.0, 20.0]));
    assert!(
        (camera([0.0; 3], [0.0, -45.0, 0.0]).slant_range_m().unwrap() - 40.0 * 2.0_f64.sqrt()).abs() < 1e-9
    );
}

#[test]
fn what_lies_at_the_horizon_is_refused() {
    let flat = camera([0.0; 3], [0.0, -10.0, 0.0]);
    assert!(flat.is_low_confidence() && flat.footprint_m().is_none());
    assert_eq!(flat.plane_point([500.0, 0.0], 0.0), None);
    assert!(flat.plane_point([500.0, 800.0], 0.0).is_some());
    let level = camera([0.0; 3], [0.0, -1.0, 0.0]);
    assert_eq!((level.slant_range_m(), level.agrees_with_slant_range(100.0)), (None, None));
    assert!(!camera([0.0; 3], [0.0, -45.0, 0.0]).is_low_confidence());
}

#[test]
fn a_slant_range_that_differs_is_told() {
    let camera = camera([0.0; 3], [0.0, -45.0, 0.0]);
    assert_eq!(camera.agrees_with_slant_range(57.0), Some(true));
    assert_eq!(camera.agrees_with_slant_range(60.0), Some(false));
}

#[test]
fn errors_of_height_and_angle_carry_over_to_areas() {
    let camera = camera([0.0; 3], [0.0, -30.0, 0.0]);
    assert!((camera.sigma_area_relative(1.0, 0.0) - 0.05).abs() < 1e-12, "2 dH/H at 40 m");
    let by_angle = camera.sigma_area_relative(0.0, 1.0_f64.to_radians());
    assert!((by_angle - 0.0907).abs() < 1e-4, "9.1 % a degree at 30 degrees: {by_angle}");
    // The same by the area of a pixel itself: h^2 / (f^2 sin^3 p).
    let area = |depression_deg: f64, height_m: f64| {
        let attitude = Attitude { platform_deg: [0.0; 3], sensor_deg: [0.0, -depression_deg, 0.0] };
        let fov_deg = 2.0 * 0.5_f64.atan().to_degrees();
        let camera = DroneCamera::new([0.0, 0.0, height_m], attitude, fov_deg, SIZE).unwrap();
        camera.plane_from_image(0.0).unwrap().area_scale([500.0, 400.0]).unwrap()
    };
    assert!((area(30.0, 10.0) - 0.0008).abs() < 1e-12, "the oracle of analytics specification 3.3");
    assert!((area(30.0, 40.0) / area(31.0, 40.0) - 1.0 - by_angle).abs() < 5e-3);
}

#[test]
fn broken_telemetry_is_named() {
    let attitude = Attitude { platform_deg: [f64::NAN, 0.0, 0.0], sensor_deg: [0.0, -45.0, 0.0] };
    let new = |position_m, attitude, fov_deg, size| {
        DroneCamera::new(position_m, attitude, fov_deg, size).unwrap_err().to_string()
    };
    let good = Attitude { platform_deg: [0.0; 3], ..attitude };
    assert!(new([0.0, 0.0, 40.0], attitude, 60.0, SIZE).contains("attitude of the platform"));
    assert!(new([0.0, 0.0, 40.0], good, 180.0, SIZE).contains("180 degrees"));
    assert!(new([0.0, 0.0, -3.0], good, 60.0, SIZE).contains("-3 m above the ground"));
    assert!(new([0.0, 0.0, 40.0], good, 60.0, [0, 800]).contains("0 x 800"));
}

#[test]
fn a_drone_that_hovers_like_a_mast_sees_what_the_mast_sees() {
    // Yaw is counter-clockwise from east, heading clockwise from north.
    let mast = Pinhole {
        position_m: [10.0, 20.0, 40.0],
        yaw_rad: 60.0_f64.to_radians(),
        depression_rad: 35.0_f64.to_radians(),
        focal_px: 1000.0,
        image_width_px: 1000,
        image_height_px: 800,
    };
    let drone = camera([30.0, 0.0, 0.0], [0.0, -35.0, 0.0]);
    for point in [[30.0, 70.0, 0.0], [45.0, 62.0, 1.6], [20.0, 50.0, 0.0]] {
        let (a, b) = (mast.project(point).unwrap(), drone.project(point).unwrap());
        assert!(near(a.in_image_px, b.in_image_px) && (a.depth_m - b.depth_m).abs() < 1e-9);
    }
}

#[test]
fn a_drone_is_calibrated_by_its_telemetry() {
    let drone = camera([30.0, 0.0, 0.0], [0.0, -50.0, 0.0]);
    let calibration = Calibration::from_drone(&drone, 1.6, 0.1).unwrap();
    assert!(
        calibration.is_calibrated()
            && (calibration.sigma_area_relative(std::iter::empty()) - 0.1).abs() < 1e-12
    );
    let head = drone.project([25.0, 55.0, 1.6]).unwrap().in_image_px;
    assert!(near(calibration.head_plane_from_image().apply(head).unwrap(), [25.0, 55.0]));
    let flat = camera([0.0; 3], [0.0, 3.0, 0.0]);
    assert!(Calibration::from_drone(&flat, 1.6, 0.1).unwrap_err().to_string().contains("too flat"));
}

proptest! {
    #[test]
    fn the_ground_projects_into_the_picture_and_back(
        heading in 0.0..360.0_f64, pitch in -20.0..20.0_f64, roll in -20.0..20.0_f64,
        azimuth in -180.0..180.0_f64, elevation in -90.0..-40.0_f64, sensor_roll in -10.0..10.0_f64,
        u in 0.0..1000.0_f64, v in 0.0..800.0_f64,
    ) {
        let camera = camera([heading, pitch, roll], [azimuth, elevation, sensor_roll]);
        if let Some([x, y]) = camera.plane_point([u, v], 1.6) {
            let back = camera.project([x, y, 1.6]).unwrap().in_image_px;
            prop_assert!((back[0] - u).hypot(back[1] - v) < 1e-6);
            let mapped = camera.plane_from_image(1.6).unwrap().apply([u, v]).unwrap();
            prop_assert!((mapped[0] - x).hypot(mapped[1] - y) < 1e-6);
        }
    }
}
