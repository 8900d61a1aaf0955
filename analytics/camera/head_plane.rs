//! From a ground calibration to the plane the heads are in, about 1.6 m higher.
//!
//! A head seen by an oblique camera projects onto the ground *behind* its owner's feet, which makes a crowd look
//! larger and thinner than it is: density is low by `((H - h) / H)^2`, -36 % from an 8 m mast (analytics
//! specification, decision 4). So heads are projected onto the plane at head height.

use nalgebra::{Matrix3, Vector3};

use super::{Homography, Lens, Pinhole};

/// The camera that a ground homography implies, under square pixels and a principal point in the image's centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Pose {
    /// The camera; its height above the ground is `position_m[2]`.
    pub camera: Pinhole,
    /// Roll about the axis of sight in radians, which [`Pinhole`] cannot carry; near zero for upright cameras.
    pub roll_rad: f64,
    /// The exact `head_plane_from_image` of the decomposition, roll included.
    pub head_plane_from_image: Homography,
}

/// Range of focal lengths in image widths: lenses from 120 to 5 degrees across. Point pairs that ask for another one
/// are too noisy to tell.
const FOCAL_LENGTHS_IN_WIDTHS: std::ops::RangeInclusive<f64> = 0.28..=12.0;

/// Beyond this angle below the horizon the focal length follows from differences smaller than the error of measured
/// points (our proposal).
const DEPRESSION_MAX_RAD: f64 = 1.4;

/// Height of the middle of a standing person's head, metres (analytics specification 1.3).
pub const STANDING_HEAD_HEIGHT_M: f64 = 1.6;

/// Decomposes `ground_from_image` into focal length and pose and lifts the plane by `head_height_m` (Zhang's method,
/// analytics specification 4.1: `H_z^-1 ~ K [r1 r2 t + z r3]`).
///
/// With a measured `lens` the homography speaks of the picture with that lens undone, and focal length and principal point are
/// the lens's; without, they follow from the homography and the middle of the picture.
///
/// `None` where the homography does not determine the focal length (a view straight down, or nearly), where that
/// length belongs to no usual lens, where the implied camera is not above the head plane, or where its columns are far from orthonormal (a lens with strong
/// distortion, or bad point pairs).
pub fn pose_from_ground(
    ground_from_image: &Homography,
    image_width_px: u32,
    image_height_px: u32,
    head_height_m: f64,
    lens: Option<&Lens>,
) -> Option<Pose> {
    let middle_px = [image_width_px, image_height_px].map(|size| f64::from(size) / 2.0);
    let [cx, cy] = lens.map_or(middle_px, |lens| lens.principal_point_px);
    let centre = Matrix3::new(1.0, 0.0, -cx, 0.0, 1.0, -cy, 0.0, 0.0, 1.0);
    let centred_from_ground = centre * ground_from_image.inverse()?.matrix();
    let [focal_px, focal_v_px] = match lens {
        Some(lens) => lens.focal_px,
        None => [focal_length_px(&centred_from_ground)?; 2],
    };
    if lens.is_none() && !FOCAL_LENGTHS_IN_WIDTHS.contains(&(focal_px / f64::from(image_width_px.max(1)))) {
        return None;
    }
    let k_inverse = Matrix3::from_diagonal(&Vector3::new(1.0 / focal_px, 1.0 / focal_v_px, 1.0));
    let m = k_inverse * centred_from_ground;
    let (n1, n2) = (m.column(0).norm(), m.column(1).norm());
    let scale = 0.5 * (n1 + n2);
    if (n1 - n2).abs() > 0.15 * scale || m.column(0).dot(&m.column(1)).abs() > 0.1 * n1 * n2 {
        return None;
    }
    // In front of the camera: the ground seen has positive depth.
    let sign = if ground_is_in_front(&m, ground_from_image, cx, cy)? { 1.0 } else { -1.0 };
    let m = m * (sign / scale);
    let r1: Vector3<f64> = m.column(0).normalize();
    let r2_raw: Vector3<f64> = m.column(1).into();
    let r2 = (r2_raw - r1 * r1.dot(&r2_raw)).normalize();
    let r3 = r1.cross(&r2);
    let t: Vector3<f64> = m.column(2).into();
    let r = Matrix3::from_columns(&[r1, r2, r3]);
    let position = -(r.transpose() * t);
    if position.z.is_nan() || position.z <= head_height_m + 0.1 {
        return None;
    }
    // The lift keeps the fitted columns, so that at height 0 it is the calibration itself.
    let lifted =
        Matrix3::from_columns(&[m.column(0).into(), m.column(1).into(), m.column(2) + r3 * head_height_m]);
    let k = Matrix3::new(focal_px, 0.0, cx, 0.0, focal_v_px, cy, 0.0, 0.0, 1.0);
    let head_plane_from_image = Homography::from_matrix((k * lifted).try_inverse()?)?;
    let forward = r.row(2);
    let depression_rad = (-forward[2]).clamp(-1.0, 1.0).asin();
    if lens.is_none() && depression_rad > DEPRESSION_MAX_RAD {
        return None;
    }
    let roll_rad = (-r[(0, 2)]).atan2(-r[(1, 2)]);
    let camera = Pinhole {
        position_m: position.into(),
        yaw_rad: forward[1].atan2(forward[0]),
        depression_rad,
        focal_px,
        image_width_px,
        image_height_px,
    };
    Some(Pose { camera, roll_rad, head_plane_from_image })
}

/// The focal length that makes the first two columns of `K^-1 H` orthogonal and of equal length, by least squares
/// over both conditions in `1/f^2`.
fn focal_length_px(h: &Matrix3<f64>) -> Option<f64> {
    let (a1, b1, c1) = (h[(0, 0)], h[(1, 0)], h[(2, 0)]);
    let (a2, b2, c2) = (h[(0, 1)], h[(1, 1)], h[(2, 1)]);
    // x = 1/f^2:  x (a1 a2 + b1 b2) + c1 c2 = 0  and  x (a1^2 + b1^2 - a2^2 - b2^2) + c1^2 - c2^2 = 0.
    let (p1, q1) = (a1 * a2 + b1 * b2, c1 * c2);
    let (p2, q2) = (a1 * a1 + b1 * b1 - a2 * a2 - b2 * b2, c1 * c1 - c2 * c2);
    let denominator = p1 * p1 + p2 * p2;
    let column_scale = a1 * a1 + b1 * b1 + a2 * a2 + b2 * b2;
    // Straight down both conditions vanish and any focal length fits.
    if denominator.is_nan() || denominator.sqrt() <= 1e-4 * column_scale {
        return None;
    }
    let x = -(p1 * q1 + p2 * q2) / denominator;
    let focal = (1.0 / x).sqrt();
    (x > 0.0 && focal.is_finite()).then_some(focal)
}

fn ground_is_in_front(m: &Matrix3<f64>, ground_from_image: &Homography, cx: f64, cy: f64) -> Option<bool> {
    // Any pixel below the horizon will do; the lower half of the image is below it if anything is.
    let seen =
        [[cx, 2.0 * cy], [cx, cy], [cx, 1.5 * cy]].into_iter().find_map(|p| ground_from_image.apply(p))?;
    Some((m.row(2) * Vector3::new(seen[0], seen[1], 1.0)).x > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_plane_of_a_known_camera_is_found() {
        for depression_deg in [15.0, 30.0, 45.0, 60.0, 75.0_f64] {
            let camera = Pinhole {
                position_m: [3.0, -2.0, 8.0],
                yaw_rad: 1.1,
                depression_rad: depression_deg.to_radians(),
                focal_px: 700.0,
                image_width_px: 768,
                image_height_px: 576,
            };
            let ground = camera.plane_from_image(0.0).unwrap();
            let truth = camera.plane_from_image(1.6).unwrap();
            let pose = pose_from_ground(&ground, 768, 576, 1.6, None).unwrap();
            assert!((pose.camera.focal_px - 700.0).abs() < 1e-6);
            assert!((pose.camera.position_m[2] - 8.0).abs() < 1e-6);
            assert!((pose.camera.depression_rad - camera.depression_rad).abs() < 1e-9);
            assert!(pose.roll_rad.abs() < 1e-6, "{}", pose.roll_rad);
            for pixel in [[384.0, 300.0], [100.0, 500.0], [700.0, 570.0]] {
                let (a, b) = (pose.head_plane_from_image.apply(pixel).unwrap(), truth.apply(pixel).unwrap());
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-6, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn straight_down_leaves_the_focal_length_open() {
        let camera = Pinhole {
            position_m: [0.0, 0.0, 30.0],
            yaw_rad: 0.0,
            depression_rad: std::f64::consts::FRAC_PI_2,
            focal_px: 700.0,
            image_width_px: 768,
            image_height_px: 576,
        };
        let ground = camera.plane_from_image(0.0).unwrap();
        assert_eq!(pose_from_ground(&ground, 768, 576, 1.6, None), None);
        // A measured lens tells it.
        let lens = Lens {
            focal_px: [700.0; 2],
            principal_point_px: camera.principal_point_px(),
            distortion: crate::camera::Distortion::None,
        };
        let pose = pose_from_ground(&ground, 768, 576, 1.6, Some(&lens)).unwrap();
        assert!((pose.camera.position_m[2] - 30.0).abs() < 1e-6, "{pose:?}");
    }
}
