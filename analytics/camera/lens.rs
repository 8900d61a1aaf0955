//! What a lens does to a picture, and how it is taken back.
//!
//! The two models of `OpenCV`'s calibration, on image coordinates normalised by the focal length: Brown and Conrady's for
//! ordinary lenses, Kannala and Brandt's for fisheyes.

/// Steps of Newton's method before a point counts as not invertible.
const STEPS_MAX: usize = 30;
/// Largest error that is left, in normalised coordinates: a thousandth of a pixel at a focal length of 10,000.
const TOLERANCE: f64 = 1e-7;
/// Half the step of the numeric derivatives.
const DELTA: f64 = 1e-6;

/// A lens's distortion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Distortion {
    /// None: straight lines are straight.
    #[default]
    None,
    /// Brown and Conrady: `x' = x (1 + k1 r2 + k2 r4 + k3 r6) + 2 p1 x y + p2 (r2 + 2 x2)`, and so for y with p1 and p2
    /// exchanged.
    BrownConrady {
        /// `k1, k2, k3`.
        radial: [f64; 3],
        /// `p1, p2`.
        tangential: [f64; 2],
    },
    /// Kannala and Brandt: the angle `t` off the axis becomes `t (1 + k1 t2 + k2 t4 + k3 t6 + k4 t8)`.
    KannalaBrandt {
        /// `k1` to `k4`.
        radial: [f64; 4],
    },
}

/// Focal lengths, principal point and distortion of a camera: its intrinsic calibration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Focal lengths along u and v, pixels.
    pub focal_px: [f64; 2],
    /// Principal point, pixels.
    pub principal_point_px: [f64; 2],
    /// Distortion.
    pub distortion: Distortion,
}

impl Distortion {
    /// Where an ideal point, normalised, comes to lie; `None` for a point that is not finite.
    pub fn distort(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let r2 = x * x + y * y;
        let distorted = match self {
            Self::None => [x, y],
            Self::BrownConrady { radial: [k1, k2, k3], tangential: [p1, p2] } => {
                let stretch = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3));
                [
                    x * stretch + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
                    y * stretch + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
                ]
            }
            Self::KannalaBrandt { radial: [k1, k2, k3, k4] } => {
                let r = r2.sqrt();
                let t = r.atan();
                let t2 = t * t;
                let bent = t * (1.0 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))));
                let stretch = if r > 1e-9 { bent / r } else { 1.0 };
                [x * stretch, y * stretch]
            }
        };
        distorted.iter().all(|c| c.is_finite()).then_some(distorted)
    }

    /// The ideal point that comes to lie at a distorted one, by Newton's method; `None` where there is none on this side
    /// of the lens's fold, beyond which two ideal points share a place.
    pub fn undistort(&self, target: [f64; 2]) -> Option<[f64; 2]> {
        let mut point = self.first_guess(target)?;
        for _ in 0..STEPS_MAX {
            let found = self.distort(point)?;
            let miss = [found[0] - target[0], found[1] - target[1]];
            let [[a, b], [c, d]] = self.jacobian(point)?;
            let determinant = a * d - b * c;
            // At a fold the map turns inside out: what lies beyond is not in the picture.
            if determinant <= 0.0 || !determinant.is_finite() {
                return None;
            }
            if miss[0].hypot(miss[1]) < TOLERANCE {
                return Some(point);
            }
            point[0] -= (d * miss[0] - b * miss[1]) / determinant;
            point[1] -= (a * miss[1] - c * miss[0]) / determinant;
        }
        None
    }

    fn first_guess(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let r = x.hypot(y);
        match self {
            // A fisheye's picture is nearly its angles; from a quarter turn on nothing is before the camera.
            Self::KannalaBrandt { .. } if r > 1e-9 => {
                let stretch = r.min(1.4).tan() / r;
                Some([x * stretch, y * stretch])
            }
            _ => r.is_finite().then_some([x, y]),
        }
    }

    fn jacobian(&self, [x, y]: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let (right, left) = (self.distort([x + DELTA, y])?, self.distort([x - DELTA, y])?);
        let (above, below) = (self.distort([x, y + DELTA])?, self.distort([x, y - DELTA])?);
        let slope = |a: f64, b: f64| (a - b) / (2.0 * DELTA);
        Some([
            [slope(right[0], left[0]), slope(above[0], below[0])],
            [slope(right[1], left[1]), slope(above[1], below[1])],
        ])
    }
}

impl Lens {
    /// The pixel at which an undistorted picture of the same focal length and principal point shows what this lens
    /// shows at `pixel`; `None` where the lens folds.
    pub fn undistort_px(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        Some(self.pixel(self.distortion.undistort(self.normalised(pixel))?))
    }

    /// The pixel at which this lens shows what an undistorted picture shows at `pixel`.
    pub fn distort_px(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        Some(self.pixel(self.distortion.distort(self.normalised(pixel))?))
    }

    /// How an undistorted pixel moves with the pixel of the lens that shows the same, at the undistorted pixel:
    /// `[[du'/du, du'/dv], [dv'/du, dv'/dv]]`. `None` where the lens folds.
    pub fn undistortion_jacobian(&self, undistorted_px: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let [[a, b], [c, d]] = self.distortion.jacobian(self.normalised(undistorted_px))?;
        let determinant = a * d - b * c;
        let [fu, fv] = self.focal_px;
        (determinant > 0.0 && determinant.is_finite()).then(|| {
            [[d / determinant, -b / determinant * fu / fv], [-c / determinant * fv / fu, a / determinant]]
        })
    }

    fn normalised(&self, pixel: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|k| (pixel[k] - self.principal_point_px[k]) / self.focal_px[k])
    }

    fn pixel(&self, normalised: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|k| self.principal_point_px[k] + self.focal_px[k] * normalised[k])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIDE: Distortion =
        Distortion::BrownConrady { radial: [-0.28, 0.09, -0.01], tangential: [0.001, -0.0005] };
    const FISHEYE: Distortion = Distortion::KannalaBrandt { radial: [0.02, -0.006, 0.001, -0.0002] };

    fn near(a: [f64; 2], b: [f64; 2], tolerance: f64) -> bool {
        (a[0] - b[0]).hypot(a[1] - b[1]) < tolerance
    }

    #[test]
    fn the_formulas_give_what_they_give_by_hand() {
        // r2 = 0.25: 1 - 0.07 + 0.005625 - 0.00015625 = 0.93546875.
        let brown = WIDE.distort([0.3, 0.4]).unwrap();
        let x = 0.3 * 0.935_468_75 + 2.0 * 0.001 * 0.12 - 0.0005 * (0.25 + 0.18);
        let y = 0.4 * 0.935_468_75 + 0.001 * (0.25 + 0.32) - 2.0 * 0.0005 * 0.12;
        assert!(near(brown, [x, y], 1e-12), "{brown:?}");
        // An angle of 45 degrees: r = 1 becomes t (1 + 0.02 t2 - ...).
        let t = std::f64::consts::FRAC_PI_4;
        let bent = t + 0.02 * t.powi(3) - 0.006 * t.powi(5) + 0.001 * t.powi(7) - 0.0002 * t.powi(9);
        assert!(near(FISHEYE.distort([1.0, 0.0]).unwrap(), [bent, 0.0], 1e-12));
    }

    #[test]
    fn beyond_the_fold_there_is_no_way_back() {
        // x (1 - 0.5 x2) is largest, 0.544, at x = 0.816.
        let barrel = Distortion::BrownConrady { radial: [-0.5, 0.0, 0.0], tangential: [0.0; 2] };
        assert!(barrel.undistort([0.5, 0.0]).is_some());
        assert_eq!(barrel.undistort([0.6, 0.0]), None);
        assert_eq!(barrel.undistort([f64::NAN, 0.0]), None);
    }

    #[test]
    fn pixels_are_straightened_about_the_principal_point() {
        let lens = Lens { focal_px: [900.0, 880.0], principal_point_px: [650.0, 350.0], distortion: WIDE };
        assert!(near(lens.undistort_px([650.0, 350.0]).unwrap(), [650.0, 350.0], 1e-9));
        let corner = lens.undistort_px([20.0, 20.0]).unwrap();
        assert!(corner[0] < 0.0 && corner[1] < 0.0, "a barrel's corners lie farther out: {corner:?}");
        assert!(near(lens.distort_px(corner).unwrap(), [20.0, 20.0], 1e-3));
    }

    proptest! {
        #[test]
        fn the_way_there_and_back_is_the_same(x in -0.7..0.7_f64, y in -0.5..0.5_f64) {
            for distortion in [Distortion::None, WIDE, FISHEYE] {
                let there = distortion.distort([x, y]).unwrap();
                let back = distortion.undistort(there).unwrap();
                prop_assert!(near(back, [x, y], 1e-6), "{:?} {:?}", distortion, back);
            }
        }

        #[test]
        fn nothing_but_numbers_comes_out(
            x in -50.0..50.0_f64, y in -50.0..50.0_f64,
            k in proptest::array::uniform4(-2.0..2.0_f64),
        ) {
            for distortion in [
                Distortion::BrownConrady { radial: [k[0], k[1], k[2]], tangential: [k[3], k[0]] },
                Distortion::KannalaBrandt { radial: k },
            ] {
                for found in [distortion.distort([x, y]), distortion.undistort([x, y])].into_iter().flatten() {
                    prop_assert!(found.iter().all(|c| c.is_finite()));
                }
            }
        }
    }
}
