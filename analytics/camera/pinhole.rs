//! A camera of known position and direction: the model that scenes are rendered through and drones fly.

use nalgebra::{Matrix3, Vector3};

use super::Homography;

/// An ideal camera (square pixels, no lens distortion) in a world of metres: x and y on the ground, z up.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinhole {
    /// Position `[x, y, z]` in metres; z is the height above the ground.
    pub position_m: [f64; 3],
    /// Direction of sight on the ground in radians, counter-clockwise from the x axis.
    pub yaw_rad: f64,
    /// Angle of sight below the horizon in radians: 0 looks at the horizon, pi/2 straight down.
    pub depression_rad: f64,
    /// Focal length in pixels.
    pub focal_px: f64,
    /// Width of the image in pixels.
    pub image_width_px: u32,
    /// Height of the image in pixels.
    pub image_height_px: u32,
}

/// A world point as the camera sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projected {
    /// Pixel `[u, v]`, u to the right, v down.
    pub in_image_px: [f64; 2],
    /// Distance along the axis of sight in metres.
    pub depth_m: f64,
}

impl Pinhole {
    /// Rows: the camera's right, down and forward directions in the world.
    pub fn camera_from_world(&self) -> Matrix3<f64> {
        let (sin_yaw, cos_yaw) = self.yaw_rad.sin_cos();
        let (sin_dep, cos_dep) = self.depression_rad.sin_cos();
        Matrix3::new(
            sin_yaw,
            -cos_yaw,
            0.0,
            -sin_dep * cos_yaw,
            -sin_dep * sin_yaw,
            -cos_dep,
            cos_dep * cos_yaw,
            cos_dep * sin_yaw,
            -sin_dep,
        )
    }

    /// The principal point, taken as the image's centre, in pixels.
    pub fn principal_point_px(&self) -> [f64; 2] {
        [f64::from(self.image_width_px) / 2.0, f64::from(self.image_height_px) / 2.0]
    }

    /// Projects a world point in metres; `None` behind the camera (less than 1 cm before it).
    pub fn project(&self, point_in_world_m: [f64; 3]) -> Option<Projected> {
        let p = self.camera_from_world() * (Vector3::from(point_in_world_m) - Vector3::from(self.position_m));
        let [cx, cy] = self.principal_point_px();
        (p.z > 0.01).then(|| Projected {
            in_image_px: [cx + self.focal_px * p.x / p.z, cy + self.focal_px * p.y / p.z],
            depth_m: p.z,
        })
    }

    /// The exact map from the image to the horizontal plane at height `plane_z_m`, oriented so that points below the
    /// horizon have `w > 0`. `None` where the camera lies in that plane or its numbers are not finite.
    pub fn plane_from_image(&self, plane_z_m: f64) -> Option<Homography> {
        let principal_point_px = self.principal_point_px();
        plane_from_image(
            &self.camera_from_world(),
            self.position_m,
            self.focal_px,
            principal_point_px,
            plane_z_m,
        )
    }
}

/// The map from an image to a horizontal plane, of a camera with square pixels whose rows of `r` are its right, down and
/// forward directions.
pub(super) fn plane_from_image(
    r: &Matrix3<f64>,
    position_m: [f64; 3],
    focal_px: f64,
    [cx, cy]: [f64; 2],
    plane_z_m: f64,
) -> Option<Homography> {
    let k = Matrix3::new(focal_px, 0.0, cx, 0.0, focal_px, cy, 0.0, 0.0, 1.0);
    let t = -(r * Vector3::from(position_m));
    let origin = r.column(2) * plane_z_m + t;
    let image_from_plane = k * Matrix3::from_columns(&[r.column(0).into(), r.column(1).into(), origin]);
    // For the inverse of [r1 r2 t] the third row gives w proportional to -d_z / (C_z - z): positive below the horizon
    // for a camera above the plane.
    Homography::from_matrix(image_from_plane.try_inverse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Pinhole {
        Pinhole {
            position_m: [3.0, -2.0, 10.0],
            yaw_rad: 0.7,
            depression_rad: 0.6,
            focal_px: 800.0,
            image_width_px: 640,
            image_height_px: 480,
        }
    }

    #[test]
    fn a_plane_point_projects_into_the_image_and_back() {
        let camera = camera();
        for z in [0.0, 1.6] {
            let plane_from_image = camera.plane_from_image(z).unwrap();
            for point in [[12.0, 5.0], [9.0, 2.0], [15.0, 12.0]] {
                let pixel = camera.project([point[0], point[1], z]).unwrap().in_image_px;
                let back = plane_from_image.apply(pixel).unwrap();
                assert!((back[0] - point[0]).hypot(back[1] - point[1]) < 1e-9, "{back:?}");
            }
        }
    }

    #[test]
    fn pixels_above_the_horizon_have_no_ground() {
        assert_eq!(camera().plane_from_image(0.0).unwrap().apply([320.0, -2000.0]), None);
    }

    #[test]
    fn the_axis_of_sight_meets_the_oblique_pixel_area_oracle() {
        // h^2 / (f^2 sin^3 p) = 0.0008 m2 at h = 10 m, p = 30 degrees, f = 1000 px (analytics specification 3.3).
        let camera = Pinhole { depression_rad: 30f64.to_radians(), focal_px: 1000.0, ..camera() };
        let area = camera.plane_from_image(0.0).unwrap().area_scale(camera.principal_point_px()).unwrap();
        assert!((area - 0.0008).abs() < 1e-12, "{area}");
    }

    #[test]
    fn a_higher_point_appears_higher_in_the_image() {
        let camera = camera();
        let foot = camera.project([12.0, 5.0, 0.0]).unwrap().in_image_px;
        let head = camera.project([12.0, 5.0, 1.7]).unwrap().in_image_px;
        assert!(head[1] < foot[1]);
    }
}
