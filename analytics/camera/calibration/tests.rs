use super::*;
use crate::camera::{Distortion, Pinhole};

/// Points of PETS 2009 S2.L1, view 1: pixels and metres by the camera model published with the sequence, lens
/// distortion included.
const PETS: [([f64; 2], [f64; 2]); 14] = [
    ([357.8, 523.3], [-18.0, -12.0]),
    ([538.2, 526.2], [-17.0, -14.0]),
    ([672.7, 430.2], [-13.5, -14.5]),
    ([401.5, 342.3], [-12.0, -9.0]),
    ([250.4, 279.1], [-10.0, -4.0]),
    ([623.4, 317.1], [-9.0, -12.0]),
    ([441.3, 260.0], [-7.0, -7.0]),
    ([761.4, 271.4], [-5.0, -13.5]),
    ([615.8, 229.9], [-3.0, -9.5]),
    ([703.3, 217.6], [-1.0, -11.0]),
    ([597.5, 180.8], [2.0, -7.0]),
    ([709.6, 160.5], [6.0, -9.0]),
    ([116.3, 244.0], [-9.0, 1.0]),
    ([331.5, 210.5], [-4.0, -2.0]),
];

fn pairs(points: &[([f64; 2], [f64; 2])]) -> Vec<PointPair> {
    points.iter().map(|(u, x)| PointPair { in_image_px: *u, in_ground_m: *x }).collect()
}

#[test]
fn a_real_street_camera_is_found_where_it_stands() {
    let calibration = Calibration::from_point_pairs(&pairs(&PETS), 768, 576, 1.6).unwrap();
    assert_eq!(calibration.method(), CalibrationMethod::HeadPlane);
    // Published: 7.1 m high, 16.5 degrees below the horizon.
    assert!((calibration.camera_height_m().unwrap() - 7.1).abs() < 0.1);
    assert!((calibration.depression_rad().unwrap().to_degrees() - 16.5).abs() < 1.0);
    assert!(calibration.leave_one_out_rmse_m().unwrap() < 0.1);
    let region = calibration.trust_region().unwrap();
    assert!(region.contains([-9.0, -9.0]) && !region.contains([20.0, 0.0]));
}

#[test]
fn heads_on_the_head_plane_stand_where_their_feet_are() {
    let camera = Pinhole {
        position_m: [1.0, 2.0, 8.0],
        yaw_rad: -0.6,
        depression_rad: 0.5,
        focal_px: 900.0,
        image_width_px: 1280,
        image_height_px: 720,
    };
    let ground = camera.plane_from_image(0.0).unwrap();
    let pixels = [[100.0, 700.0], [1200.0, 690.0], [640.0, 300.0], [150.0, 320.0], [1100.0, 330.0]];
    let points: Vec<_> = pixels.iter().map(|pixel| (*pixel, ground.apply(*pixel).unwrap())).collect();
    let calibration = Calibration::from_point_pairs(&pairs(&points), 1280, 720, 1.6).unwrap();
    for (_, place) in points {
        let head = camera.project([place[0], place[1], 1.6]).unwrap().in_image_px;
        let found = calibration.head_plane_from_image().apply(head).unwrap();
        assert!((found[0] - place[0]).hypot(found[1] - place[1]) < 1e-6, "{found:?} {place:?}");
        // Taken for feet, the same head seems to stand farther away: 8 / (8 - 1.6) times as far.
        let as_feet = calibration.ground_from_image().apply(head).unwrap();
        let away = |p: [f64; 2]| (p[0] - 1.0).hypot(p[1] - 2.0);
        assert!((away(as_feet) / away(place) - 1.25).abs() < 1e-6);
    }
}

#[test]
fn without_a_pose_densities_are_less_certain() {
    let plan: Vec<_> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
        .into_iter()
        .map(|[u, v]: [f64; 2]| ([u, v], [0.05 * u, 0.05 * (480.0 - v)]))
        .collect();
    let calibration = Calibration::from_point_pairs(&pairs(&plan), 640, 480, 1.6).unwrap();
    assert_eq!(calibration.method(), CalibrationMethod::GroundPlane);
    assert!(calibration.sigma_area_relative(std::iter::once([16.0, 12.0])) > 0.18);
}

#[test]
fn the_uncalibrated_fallback_needs_positive_numbers() {
    let fallback = Calibration::uncalibrated(32.0, 640, 480).unwrap();
    assert!(!fallback.is_calibrated() && fallback.trust_region().is_none());
    assert_eq!(fallback.ground_from_image().apply([640.0, 0.0]), Some([32.0, 24.0]));
    for width_m in [0.0, -3.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Calibration::uncalibrated(width_m, 640, 480), None);
    }
    assert_eq!(Calibration::uncalibrated(32.0, 0, 480), None);
}

#[test]
fn on_a_plan_whoever_is_seen_stands_where_it_shows() {
    let plan = Calibration::plan([-10.0, 4.0], 0.05, 640, 480).unwrap();
    assert!(plan.is_calibrated() && plan.method() == CalibrationMethod::Plan);
    for map in [plan.ground_from_image(), plan.head_plane_from_image()] {
        for (pixel, place) in [([0.0, 480.0], [-10.0, 4.0]), ([640.0, 0.0], [22.0, 28.0])] {
            let [x, y] = map.apply(pixel).unwrap();
            assert!((x - place[0]).hypot(y - place[1]) < 1e-9, "{x} {y}");
        }
    }
    assert!((plan.sigma_area_relative(std::iter::empty()) - 0.02).abs() < 1e-12);
    assert_eq!(Calibration::plan([f64::NAN, 0.0], 0.05, 640, 480), None);
    assert_eq!(Calibration::plan([0.0; 2], -0.05, 640, 480), None);
}

/// A camera with a lens that bends lines, and what it shows of points of the ground and of heads.
fn through(distortion: Distortion) -> (Pinhole, Lens) {
    let camera = Pinhole {
        position_m: [0.0, -9.0, 7.0],
        yaw_rad: 1.5,
        depression_rad: 0.65,
        focal_px: 620.0,
        image_width_px: 1280,
        image_height_px: 720,
    };
    let lens = Lens { focal_px: [620.0; 2], principal_point_px: camera.principal_point_px(), distortion };
    (camera, lens)
}

#[test]
fn a_camera_with_a_bent_picture_measures_ground_areas_as_they_are() {
    for (name, distortion) in [
        (
            "brown_conrady",
            Distortion::BrownConrady { radial: [-0.22, 0.04, 0.0], tangential: [0.0008, -0.0006] },
        ),
        ("fisheye", Distortion::KannalaBrandt { radial: [-0.02, 0.004, 0.0, 0.0] }),
    ] {
        let (camera, lens) = through(distortion);
        let seen =
            |at: [f64; 2], z: f64| lens.distort_px(camera.project([at[0], at[1], z]).unwrap().in_image_px);
        // Clicked to a whole pixel.
        let clicked: Vec<PointPair> = (0..12)
            .map(|k| {
                let at = [f64::from(k % 4) * 4.0 - 6.0, f64::from(k / 4) * 3.5 - 3.0];
                PointPair { in_image_px: seen(at, 0.0).unwrap().map(f64::round), in_ground_m: at }
            })
            .collect();
        let options = FitOptions { lens: Some(lens), ..FitOptions::default() };
        let with = Calibration::fit(&clicked, [1280, 720], &options).unwrap();
        let without = Calibration::from_point_pairs(&clicked, 1280, 720, 1.6);
        assert!((with.camera_height_m().unwrap() - 7.0).abs() < 0.15, "{:?}", with.camera_height_m());
        assert!(with.leave_one_out_rmse_m().unwrap() < 0.05);
        let (mut worst, mut worst_without) = (0.0_f64, 0.0_f64);
        for place in [[-5.0, -2.0], [0.0, 0.0], [5.5, 3.0], [-4.0, 3.5], [5.0, -2.5]] {
            let head = seen(place, 1.6).unwrap();
            let found = with.head_plane_from_image().apply(head).unwrap();
            assert!((found[0] - place[0]).hypot(found[1] - place[1]) < 0.1, "{name} {found:?}");
            // The true area of a pixel there: four heads a centimetre apart around the place.
            let corner = |dx: f64, dy: f64| seen([place[0] + dx, place[1] + dy], 1.6).unwrap();
            let (right, left, up, down) =
                (corner(0.01, 0.0), corner(-0.01, 0.0), corner(0.0, 0.01), corner(0.0, -0.01));
            let [a, b] =
                [[right, left], [up, down]].map(|[p, q]| [(p[0] - q[0]) / 0.02, (p[1] - q[1]) / 0.02]);
            let m2_per_px2 = 1.0 / (a[0] * b[1] - a[1] * b[0]).abs();
            let error = |calibration: &Calibration| {
                (calibration.head_plane_from_image().area_scale(head).unwrap() / m2_per_px2 - 1.0).abs()
            };
            worst = worst.max(error(&with));
            worst_without = worst_without.max(without.as_ref().map_or(f64::INFINITY, error));
        }
        eprintln!("{name}: areas off by {worst:.3} at most, without the lens {worst_without:.3}");
        assert!(worst < 0.03, "{name}: {worst}");
        assert!(worst_without > 3.0 * worst, "{name}: {worst_without}");
    }
}

#[test]
fn a_contradiction_is_refused_by_name_until_it_is_left_out_by_name() {
    let mut points = pairs(&PETS);
    points[4].in_ground_m[0] += 2.5;
    let refused = Calibration::from_point_pairs(&points, 768, 576, 1.6).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains("13 of the point pairs agree, and 1 contradict them: pair 4 by 2."),
        "{message}"
    );
    assert!(message.contains("`leave_out = [4]`"), "{message}");
    let options = FitOptions { leave_out: vec![4], ..FitOptions::default() };
    let fitted = Calibration::fit(&points, [768, 576], &options).unwrap();
    assert!(fitted.left_out().len() == 1 && (fitted.left_out()[0].off_m - 2.5).abs() < 0.2);
    assert!((fitted.camera_height_m().unwrap() - 7.1).abs() < 0.1);
    // What is left must still be told from a coincidence.
    let few = FitOptions { leave_out: (5..14).collect(), ..FitOptions::default() };
    let refused = Calibration::fit(&points, [768, 576], &few).unwrap_err().to_string();
    assert!(refused.contains("with 9 point pairs left out only 5 are left"), "{refused}");
    // A second contradiction is named by the index it was given.
    points[9].in_ground_m[1] -= 4.0;
    let refused = Calibration::fit(&points, [768, 576], &options).unwrap_err().to_string();
    assert!(refused.contains("1 contradict them: pair 9 by "), "{refused}");
}
