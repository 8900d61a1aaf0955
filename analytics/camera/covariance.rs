//! How far a fitted `ground_from_image` may be off, carried to the areas that it measures (analytics specification 4.1).

use nalgebra::{Matrix2, Matrix3, SMatrix, Vector3};

use super::homography::normalisation;
use super::{Homography, PointPair};

/// Nobody clicks better than this, pixels: points that agree by chance do not make a map exact.
const CLICK_SIGMA_PX: f64 = 0.5;

/// Covariance of a fit, to first order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FitCovariance {
    /// Pixels to the normalised ones that the covariance speaks of.
    normalised_from_image: Matrix3<f64>,
    ground_from_normalised: Matrix3<f64>,
    /// Of the matrix's nine entries, row by row; its scale is free, and no area depends on it.
    covariance: SMatrix<f64, 9, 9>,
}

impl FitCovariance {
    /// Of a map fitted to pairs, from how far their residuals say the clicks were off; `None` below five pairs, whose residuals say nothing.
    pub(super) fn of(ground_from_image: &Homography, pairs: &[PointPair]) -> Option<Self> {
        if pairs.len() < 5 {
            return None;
        }
        let normalised_from_image = normalisation(pairs.iter().map(|p| p.in_image_px));
        let image_from_normalised = normalised_from_image.try_inverse()?;
        let fitted = Homography::from_matrix(ground_from_image.matrix() * image_from_normalised)?;
        let (mut information, mut by_clicks) = (SMatrix::<f64, 9, 9>::zeros(), SMatrix::<f64, 9, 9>::zeros());
        let (mut squares_m2, mut squares_m2_per_px2) = (0.0, 0.0);
        for pair in pairs {
            let [u, v] = pair.in_image_px;
            let q = normalised_from_image * Vector3::new(u, v, 1.0);
            let [x, y] = fitted.apply([q.x, q.y])?;
            let [along_x, along_y] = fitted.rows_of_jacobian([q.x, q.y])?;
            let along = SMatrix::<f64, 2, 9>::from_row_slice(&[along_x, along_y].concat());
            let [[xu, xv], [yu, yv]] = ground_from_image.jacobian([u, v])?;
            let click = Matrix2::new(xu, xv, yu, yv);
            information += along.transpose() * along;
            by_clicks += along.transpose() * (click * click.transpose()) * along;
            squares_m2 += (x - pair.in_ground_m[0]).powi(2) + (y - pair.in_ground_m[1]).powi(2);
            squares_m2_per_px2 += click.norm_squared();
        }
        // Of 2n residuals the fit has used up eight.
        let left = 1.0 - 4.0 / pairs.len() as f64;
        let sigma_px = (squares_m2 / (left * squares_m2_per_px2)).sqrt().max(CLICK_SIGMA_PX);
        // Holding the free scale makes the system regular and changes nothing that does not depend on it.
        let h = SMatrix::<f64, 9, 1>::from_row_slice(&rows(fitted.matrix()));
        let inverse = (information + h * h.transpose() * information.trace()).try_inverse()?;
        Some(Self {
            normalised_from_image,
            ground_from_normalised: *fitted.matrix(),
            // The fit weighs metres alike, but clicks err by pixels, and a far one by more metres.
            covariance: inverse * by_clicks * inverse * (sigma_px * sigma_px),
        })
    }

    /// Relative standard deviation of the area of the ground seen at some pixels together: their errors are one error, so
    /// they are not averaged away. `None` without a pixel that sees ground.
    pub(super) fn sigma_area_relative(&self, pixels: impl Iterator<Item = [f64; 2]>) -> Option<f64> {
        // The logarithm of |det H| / |w|^3.
        let by_determinant = rows(&self.ground_from_normalised.try_inverse()?.transpose());
        let (mut gradient, mut seen) = (SMatrix::<f64, 9, 1>::zeros(), 0.0);
        for [u, v] in pixels {
            let q = self.normalised_from_image * Vector3::new(u, v, 1.0);
            let w = (self.ground_from_normalised.row(2) * q).x;
            if w <= 0.0 {
                continue;
            }
            gradient += SMatrix::<f64, 9, 1>::from_row_slice(&by_determinant);
            for k in 0..3 {
                gradient[6 + k] -= 3.0 * q[k] / w;
            }
            seen += 1.0;
        }
        let gradient = gradient / seen;
        let variance = (gradient.transpose() * self.covariance * gradient).x;
        (seen > 0.0 && variance.is_finite()).then(|| variance.max(0.0).sqrt())
    }
}

fn rows(m: &Matrix3<f64>) -> [f64; 9] {
    [m[(0, 0)], m[(0, 1)], m[(0, 2)], m[(1, 0)], m[(1, 1)], m[(1, 2)], m[(2, 0)], m[(2, 1)], m[(2, 2)]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Pinhole;

    const CAMERA: Pinhole = Pinhole {
        position_m: [0.0, -12.0, 9.0],
        yaw_rad: 1.5,
        depression_rad: 0.6,
        focal_px: 900.0,
        image_width_px: 1280,
        image_height_px: 720,
    };

    /// Nine points of the ground with clicks off by `errors_px`.
    fn pairs(errors_px: impl Fn(usize) -> [f64; 2]) -> Vec<PointPair> {
        let place = |k: usize| [(k % 3) as f64 * 5.0 - 5.0, (k / 3) as f64 * 5.0 - 3.0];
        (0..9)
            .map(|k| {
                let at = place(k);
                let [u, v] = CAMERA.project([at[0], at[1], 0.0]).unwrap().in_image_px;
                let [du, dv] = errors_px(k);
                PointPair { in_image_px: [u + du, v + dv], in_ground_m: at }
            })
            .collect()
    }

    /// A reproducible normal deviate.
    fn normal(i: usize) -> f64 {
        let uniform = |k: usize| ((k * 7919 + 13) as f64 * 0.618_033_988_75).fract().max(1e-9);
        (-2.0 * uniform(2 * i).ln()).sqrt() * (std::f64::consts::TAU * uniform(2 * i + 1)).cos()
    }

    #[test]
    fn the_stated_error_of_areas_is_the_one_that_clicks_make() {
        let exact = CAMERA.plane_from_image(0.0).unwrap();
        for pixel in [[640.0, 380.0], [420.0, 260.0], [900.0, 600.0]] {
            let (mut squares, mut stated) = (0.0, 0.0);
            for trial in 0..400 {
                let clicked = pairs(|k| [2.0 * normal(18 * trial + k), 2.0 * normal(18 * trial + 9 + k)]);
                let fitted = Homography::fit(&clicked).unwrap();
                let ratio = fitted.area_scale(pixel).unwrap() / exact.area_scale(pixel).unwrap();
                squares += ratio.ln().powi(2);
                let covariance = FitCovariance::of(&fitted, &clicked).unwrap();
                stated += covariance.sigma_area_relative(std::iter::once(pixel)).unwrap().powi(2);
            }
            let ratio = (stated / squares).sqrt();
            assert!((0.6..1.6).contains(&ratio), "{pixel:?}: stated {ratio} of the true");
        }
    }

    #[test]
    fn farther_from_the_points_areas_are_less_certain_and_no_fit_is_exact() {
        let clicked = pairs(|_| [0.0; 2]);
        let covariance = FitCovariance::of(&Homography::fit(&clicked).unwrap(), &clicked).unwrap();
        let at = |place: [f64; 2]| {
            let pixel = CAMERA.project([place[0], place[1], 0.0]).unwrap().in_image_px;
            covariance.sigma_area_relative(std::iter::once(pixel)).unwrap()
        };
        assert!(at([0.0, 2.0]) > 1e-4, "half a pixel is left");
        assert!(at([0.0, 25.0]) > 2.0 * at([0.0, 2.0]), "{} {}", at([0.0, 25.0]), at([0.0, 2.0]));
        assert!(FitCovariance::of(&Homography::fit(&clicked).unwrap(), &clicked[..4]).is_none());
    }
}
