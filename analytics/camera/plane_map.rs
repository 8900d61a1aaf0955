//! The ways between a picture, as its lens gives it, and a plane of the world.

use super::{Homography, Lens};

/// A place in the picture that a lens gives counts as seen where undoing the lens leads back to the same ray, in pixels of
/// the undistorted picture.
const ROUND_TRIP_PX: f64 = 0.5;

/// From a pixel to a plane: the lens undone, then a homography.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneFromImage {
    lens: Option<Lens>,
    plane_from_undistorted: Homography,
}

/// From a plane to a pixel: a homography, then the lens.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFromPlane {
    undistorted_from_plane: Homography,
    lens: Option<Lens>,
}

impl PlaneFromImage {
    /// Through a lens, where the camera has a measured one.
    pub fn new(plane_from_undistorted: Homography, lens: Option<Lens>) -> Self {
        Self { lens, plane_from_undistorted }
    }

    /// The way back; `None` where the homography has none.
    pub fn inverse(&self) -> Option<ImageFromPlane> {
        Some(ImageFromPlane {
            undistorted_from_plane: self.plane_from_undistorted.inverse()?,
            lens: self.lens,
        })
    }

    /// The lens; `None` where none was measured.
    pub fn lens(&self) -> Option<&Lens> {
        self.lens.as_ref()
    }

    /// The homography behind the lens.
    pub fn homography(&self) -> &Homography {
        &self.plane_from_undistorted
    }

    /// The pixel with the lens undone; `None` where the lens folds.
    pub fn undistorted(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        self.lens.as_ref().map_or(Some(pixel), |lens| lens.undistort_px(pixel))
    }

    /// The point of the plane that a pixel shows; `None` on or beyond the horizon, and where the lens folds.
    pub fn apply(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        self.plane_from_undistorted.apply(self.undistorted(pixel)?)
    }

    /// The area of a pixel on the plane, m2/px2: exact. `None` as for [`apply`](Self::apply).
    pub fn area_scale(&self, pixel: [f64; 2]) -> Option<f64> {
        let [[a, b], [c, d]] = self.jacobian(pixel)?;
        Some((a * d - b * c).abs())
    }

    /// The Jacobian `[[dx/du, dx/dv], [dy/du, dy/dv]]` at a pixel, m/px. `None` as for [`apply`](Self::apply).
    pub fn jacobian(&self, pixel: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let Some(lens) = &self.lens else { return self.plane_from_undistorted.jacobian(pixel) };
        let undistorted = lens.undistort_px(pixel)?;
        let plane = self.plane_from_undistorted.jacobian(undistorted)?;
        let lens = lens.undistortion_jacobian(undistorted)?;
        let entry = |r: usize, c: usize| plane[r][0] * lens[0][c] + plane[r][1] * lens[1][c];
        Some([[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]])
    }
}

impl ImageFromPlane {
    /// The pixel that shows a point of the plane; `None` beyond the horizon, and where the lens does not see that far off its
    /// axis: beyond its fold two rays would share a pixel.
    pub fn apply(&self, point: [f64; 2]) -> Option<[f64; 2]> {
        let undistorted = self.undistorted_from_plane.apply(point)?;
        let Some(lens) = &self.lens else { return Some(undistorted) };
        let pixel = lens.distort_px(undistorted)?;
        let [u, v] = lens.undistort_px(pixel)?;
        ((u - undistorted[0]).hypot(v - undistorted[1]) < ROUND_TRIP_PX).then_some(pixel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Distortion, Pinhole};

    /// A street camera of 90 degrees' width whose lens bends lines at the edge by about 60 pixels.
    fn through_a_lens(radial: [f64; 3]) -> (PlaneFromImage, ImageFromPlane) {
        let camera = Pinhole {
            position_m: [0.0, 0.0, 8.0],
            yaw_rad: 0.4,
            depression_rad: 0.7,
            focal_px: 640.0,
            image_width_px: 1280,
            image_height_px: 720,
        };
        let lens = Lens {
            focal_px: [640.0; 2],
            principal_point_px: camera.principal_point_px(),
            distortion: Distortion::BrownConrady { radial, tangential: [0.001, -0.001] },
        };
        let map = PlaneFromImage::new(camera.plane_from_image(1.6).unwrap(), Some(lens));
        let back = map.inverse().unwrap();
        (map, back)
    }

    #[test]
    fn the_jacobian_is_the_slope_of_the_map_and_its_determinant_the_area_of_a_pixel() {
        let (map, back) = through_a_lens([-0.18, 0.03, 0.0]);
        for pixel in [[640.0, 360.0], [90.0, 650.0], [1200.0, 640.0], [1100.0, 200.0]] {
            let j = map.jacobian(pixel).unwrap();
            for (axis, step) in [[1e-3, 0.0], [0.0, 1e-3]].into_iter().enumerate() {
                let moved = |sign: f64| map.apply([0, 1].map(|k| pixel[k] + sign * step[k])).unwrap();
                for row in 0..2 {
                    let slope = (moved(1.0)[row] - moved(-1.0)[row]) / 2e-3;
                    assert!((slope - j[row][axis]).abs() < 2e-3 * slope.abs().max(0.01), "{slope} {j:?}");
                }
            }
            let area = (j[0][0] * j[1][1] - j[0][1] * j[1][0]).abs();
            assert!((map.area_scale(pixel).unwrap() - area).abs() < 1e-12);
            let round = back.apply(map.apply(pixel).unwrap()).unwrap();
            assert!((round[0] - pixel[0]).hypot(round[1] - pixel[1]) < 1e-3, "{round:?}");
        }
    }

    #[test]
    fn what_lies_beyond_the_lens_is_not_seen() {
        // x (1 - 0.3 x2) turns back at x = 1.05: what lies at 1.5 would come to lie in the picture, at 0.49.
        let (map, back) = through_a_lens([-0.3, 0.0, 0.0]);
        let beside = map.homography().apply([640.0 + 1.5 * 640.0, 360.0]).unwrap();
        assert_eq!(back.apply(beside), None);
        let within = map.homography().apply([640.0 + 0.9 * 640.0, 360.0]).unwrap();
        assert!(back.apply(within).is_some());
    }
}
