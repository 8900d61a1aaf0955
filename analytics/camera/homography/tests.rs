use super::*;
use crate::camera::Pinhole;

fn camera() -> Pinhole {
    Pinhole {
        position_m: [0.0, 0.0, 8.0],
        yaw_rad: 0.4,
        depression_rad: 0.7,
        focal_px: 700.0,
        image_width_px: 768,
        image_height_px: 576,
    }
}

fn pairs(ground: &[[f64; 2]]) -> Vec<PointPair> {
    ground
        .iter()
        .map(|g| PointPair {
            in_image_px: camera().project([g[0], g[1], 0.0]).unwrap().in_image_px,
            in_ground_m: *g,
        })
        .collect()
}

const SPREAD: [[f64; 2]; 7] =
    [[6.0, 0.0], [6.0, 6.0], [12.0, 1.0], [11.0, 9.0], [16.0, 4.0], [9.0, 4.0], [14.0, 11.0]];

#[test]
fn exact_pairs_are_reproduced() {
    for n in 4..=SPREAD.len() {
        let pairs = pairs(&SPREAD[..n]);
        let fit = Homography::fit(&pairs).unwrap();
        for residual in fit.residuals_m(&pairs) {
            assert!(residual.unwrap() < 1e-8);
        }
        let truth = camera().plane_from_image(0.0).unwrap();
        let pixel = [500.0, 400.0];
        let (a, b) = (fit.apply(pixel).unwrap(), truth.apply(pixel).unwrap());
        assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-6);
    }
}

#[test]
fn the_refinement_lowers_the_error_in_metres() {
    let mut noisy = pairs(&SPREAD);
    for (i, pair) in noisy.iter_mut().enumerate() {
        pair.in_image_px[0] += [1.5, -2.0, 0.7, 1.1, -0.4, -1.2, 0.9][i];
        pair.in_image_px[1] += [-0.6, 1.3, -1.8, 0.2, 1.0, 0.5, -1.1][i];
    }
    let sum = |h: &Homography| h.residuals_m(&noisy).into_iter().map(|r| r.unwrap().powi(2)).sum::<f64>();
    let linear = orient(direct_linear_transform(&noisy).unwrap(), &noisy).unwrap();
    assert!(sum(&refine(&linear, &noisy)) < sum(&linear));
    let rmse = leave_one_out_rmse_m(&noisy).unwrap();
    assert!(rmse > 0.0 && rmse < 1.0, "{rmse}");
}

#[test]
fn what_is_wrong_with_point_pairs_is_named() {
    let good = pairs(&SPREAD);
    let message = |pairs: &[PointPair]| Homography::fit(pairs).unwrap_err().to_string();
    assert!(message(&good[..3]).contains("3 point pairs are given; at least 4"));

    let mut nan = good.clone();
    nan[2].in_ground_m[1] = f64::NAN;
    assert!(message(&nan).contains("point pair 2 has a coordinate that is not a finite number"));

    let mut twice = good.clone();
    twice[4].in_image_px = twice[1].in_image_px;
    assert!(message(&twice).contains("point pairs 1 and 4 are the same point in the image"));

    let line = pairs(&[[6.0, 0.0], [8.0, 2.0], [10.0, 4.0], [12.0, 6.0], [14.0, 8.0]]);
    assert!(message(&line).contains("on one line"));

    let mirrored: Vec<PointPair> =
        good.iter().map(|p| PointPair { in_ground_m: [p.in_ground_m[1], p.in_ground_m[0]], ..*p }).collect();
    assert!(message(&mirrored).contains("mirrored"));
}

#[test]
fn a_point_above_the_horizon_is_named() {
    let mut pairs = pairs(&SPREAD);
    pairs[3].in_image_px = [400.0, -900.0];
    let message =
        crate::camera::Calibration::from_point_pairs(&pairs, 768, 576, 1.6).unwrap_err().to_string();
    assert!(message.contains("pair 3"), "{message}");
}

#[test]
fn the_jacobian_is_the_derivative() {
    let h = camera().plane_from_image(0.0).unwrap();
    let (p, step) = ([420.0, 350.0], 1e-4);
    let at = |p| h.apply(p).unwrap();
    let j = h.jacobian(p).unwrap();
    for (axis, row) in j.iter().enumerate() {
        let du = (at([p[0] + step, p[1]])[axis] - at([p[0] - step, p[1]])[axis]) / (2.0 * step);
        let dv = (at([p[0], p[1] + step])[axis] - at([p[0], p[1] - step])[axis]) / (2.0 * step);
        assert!((du - row[0]).abs() < 1e-6 && (dv - row[1]).abs() < 1e-6);
    }
    let det = (j[0][0] * j[1][1] - j[0][1] * j[1][0]).abs();
    assert!((det - h.area_scale(p).unwrap()).abs() < 1e-9);
}
