//! Plane-to-plane projection: `ground_from_image` and its inverse, fitted from point pairs.

use nalgebra::{DMatrix, Matrix3, SMatrix, Vector3};
use thiserror::Error;

use super::Contradiction;

/// A pixel of the calibration image and the point of the ground plane that it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointPair {
    /// Pixel `[u, v]`, u to the right, v down.
    pub in_image_px: [f64; 2],
    /// Metres `[x, y]` on the ground, right-handed seen from above.
    pub in_ground_m: [f64; 2],
}

/// Why point pairs do not give a usable `ground_from_image`.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CalibrationError {
    /// A homography has eight unknowns: four pairs.
    #[error(
        "{found} point pairs are given; at least 4 are needed, 8 or more spread over the zones are better"
    )]
    TooFewPairs {
        /// Pairs given.
        found: usize,
    },
    /// NaN or infinite coordinates.
    #[error("point pair {index} has a coordinate that is not a finite number")]
    NotFinite {
        /// Index of the pair, from 0.
        index: usize,
    },
    /// Two pairs share a place in the image or on the ground.
    #[error("point pairs {first} and {second} are the same point {space}; remove or correct one of them")]
    Duplicate {
        /// Index of the earlier pair.
        first: usize,
        /// Index of the later pair.
        second: usize,
        /// "in the image" or "on the ground".
        space: &'static str,
    },
    /// Nearly all points lie on one line.
    #[error("the point pairs lie (nearly) on one line {space}; add pairs away from that line")]
    Collinear {
        /// "in the image" or "on the ground".
        space: &'static str,
    },
    /// The pairs describe a ground seen from below.
    #[error(
        "the point pairs are mirrored: seen from above, the ground's axes must be right-handed (y is to the left \
         of x); swap x and y of every ground_m, or change the sign of one axis"
    )]
    Mirrored,
    /// A pair lies beyond the horizon that the others imply.
    #[error("point pair {index} lies beyond the horizon that the other pairs imply; correct it")]
    BeyondHorizon {
        /// Index of the pair, from 0.
        index: usize,
    },
    /// A pair lies where the lens shows nothing.
    #[error(
        "point pair {index} lies where the lens as stated folds the picture over; correct the point or the lens's \
         coefficients"
    )]
    BeyondLens {
        /// Index of the pair, from 0.
        index: usize,
    },
    /// Too few pairs are left to tell whether the rest is wrong.
    #[error(
        "with {left_out} point pairs left out only {left} are left; at least 6 must agree; measure some more"
    )]
    TooFewAgree {
        /// Pairs left out.
        left_out: usize,
        /// Pairs left.
        left: usize,
    },
    /// Most pairs agree, and these do not fit them.
    #[error(
        "{agreeing} of the point pairs agree, and {} contradict them: {}; correct them, or leave them out by \
         `leave_out = [{}]`, and results will say so", points.len(), described(points), indices(points)
    )]
    Contradicting {
        /// The pairs that do not fit.
        points: Vec<Contradiction>,
        /// How many agree.
        agreeing: usize,
    },
    /// The fit does not describe the given pairs.
    #[error(
        "the point pairs contradict each other: their root mean square error is {rmse_m:.2} m; check pair {suspect} \
         first"
    )]
    Inconsistent {
        /// Root mean square residual in metres.
        rmse_m: f64,
        /// Index of the pair to look at first.
        suspect: usize,
    },
}

fn described(points: &[Contradiction]) -> String {
    let one = |c: &Contradiction| {
        if c.off_m.is_finite() {
            format!("pair {} by {:.2} m", c.index, c.off_m)
        } else {
            format!("pair {} lies beyond their horizon", c.index)
        }
    };
    points.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn indices(points: &[Contradiction]) -> String {
    points.iter().map(|c| c.index.to_string()).collect::<Vec<_>>().join(", ")
}

impl CalibrationError {
    /// The same with the indices that the pairs had before some were left out.
    pub(super) fn numbered_by(self, original: &[usize]) -> Self {
        let of = |index: usize| original.get(index).copied().unwrap_or(index);
        match self {
            Self::NotFinite { index } => Self::NotFinite { index: of(index) },
            Self::BeyondHorizon { index } => Self::BeyondHorizon { index: of(index) },
            Self::Duplicate { first, second, space } => {
                Self::Duplicate { first: of(first), second: of(second), space }
            }
            Self::Inconsistent { rmse_m, suspect } => Self::Inconsistent { rmse_m, suspect: of(suspect) },
            Self::Contradicting { points, agreeing } => Self::Contradicting {
                points: points.into_iter().map(|c| Contradiction { index: of(c.index), ..c }).collect(),
                agreeing,
            },
            other => other,
        }
    }
}

/// An invertible map between two planes; the direction is in the variable's name (`ground_from_image`).
#[derive(Clone, Debug, PartialEq)]
pub struct Homography {
    matrix: Matrix3<f64>,
}

impl Homography {
    /// From a 3x3 matrix; `None` where it is singular or not finite.
    ///
    /// The matrix is scaled so that its largest entry has magnitude 1; the sign is kept, because it tells which side
    /// of the horizon a point lies on.
    pub fn from_matrix(matrix: Matrix3<f64>) -> Option<Self> {
        let scale = matrix.amax();
        let matrix = matrix / scale;
        (scale > 0.0 && matrix.iter().all(|v| v.is_finite()) && matrix.determinant().abs() > 1e-18)
            .then_some(Self { matrix })
    }

    /// The matrix, up to scale.
    pub fn matrix(&self) -> &Matrix3<f64> {
        &self.matrix
    }

    /// The reverse map.
    pub fn inverse(&self) -> Option<Self> {
        self.matrix.try_inverse().and_then(Self::from_matrix)
    }

    /// The point's image under the map; `None` on or beyond the horizon (`w <= 0`, the sign fixed by
    /// [`fit`](Self::fit) so that calibrated ground has `w > 0`).
    pub fn apply(&self, point: [f64; 2]) -> Option<[f64; 2]> {
        let p = self.matrix * Vector3::new(point[0], point[1], 1.0);
        // Relative to the other entries, so that the guard does not depend on the matrix' scale.
        (p.z > 1e-9 * p.amax().max(f64::MIN_POSITIVE)).then(|| [p.x / p.z, p.y / p.z])
    }

    /// The area scale `|det H| / |w|^3` at a point: for `ground_from_image`, square metres of ground per square
    /// pixel (exact; analytics specification 4.1). `None` beyond the horizon.
    pub fn area_scale(&self, point: [f64; 2]) -> Option<f64> {
        let w = (self.matrix.row(2) * Vector3::new(point[0], point[1], 1.0)).x;
        (w > 0.0).then(|| self.matrix.determinant().abs() / w.powi(3))
    }

    /// The Jacobian `[[dx/du, dx/dv], [dy/du, dy/dv]]` at a point. `None` beyond the horizon.
    pub fn jacobian(&self, point: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        let [x, y] = self.apply(point)?;
        let m = &self.matrix;
        let w = (m.row(2) * Vector3::new(point[0], point[1], 1.0)).x;
        Some([
            [(m[(0, 0)] - x * m[(2, 0)]) / w, (m[(0, 1)] - x * m[(2, 1)]) / w],
            [(m[(1, 0)] - y * m[(2, 0)]) / w, (m[(1, 1)] - y * m[(2, 1)]) / w],
        ])
    }

    /// Derivatives of both coordinates of a point's image by the nine entries of the matrix, row by row. `None` beyond the
    /// horizon.
    pub(super) fn rows_of_jacobian(&self, [u, v]: [f64; 2]) -> Option<[[f64; 9]; 2]> {
        let [x, y] = self.apply([u, v])?;
        let w = (self.matrix.row(2) * Vector3::new(u, v, 1.0)).x;
        Some([
            [u / w, v / w, 1.0 / w, 0.0, 0.0, 0.0, -x * u / w, -x * v / w, -x / w],
            [0.0, 0.0, 0.0, u / w, v / w, 1.0 / w, -y * u / w, -y * v / w, -y / w],
        ])
    }

    /// Fits `ground_from_image`: normalised direct linear transform (Hartley), then Gauss-Newton on the residual in
    /// metres where there are more than four pairs.
    ///
    /// # Errors
    /// [`CalibrationError`] names the pair or the property that is wrong.
    pub fn fit(pairs: &[PointPair]) -> Result<Self, CalibrationError> {
        check_pairs(pairs)?;
        let linear =
            direct_linear_transform(pairs).ok_or(CalibrationError::Collinear { space: "in the image" })?;
        let oriented = orient(linear, pairs)?;
        let fitted = if pairs.len() > 4 { refine(&oriented, pairs) } else { oriented };
        match fitted.residuals_m(pairs).iter().position(Option::is_none) {
            Some(found) => Err(CalibrationError::BeyondHorizon { index: outlier(pairs).unwrap_or(found) }),
            None => Ok(fitted),
        }
    }

    /// Distance in metres between each pair's ground point and its projection; `None` beyond the horizon.
    pub fn residuals_m(&self, pairs: &[PointPair]) -> Vec<Option<f64>> {
        pairs
            .iter()
            .map(|pair| {
                let [x, y] = self.apply(pair.in_image_px)?;
                Some((x - pair.in_ground_m[0]).hypot(y - pair.in_ground_m[1]))
            })
            .collect()
    }
}

/// Leave-one-out root mean square error in metres: how far off each pair is when fitted from the others.
/// `None` below five pairs, or where leaving one out leaves no usable fit.
pub fn leave_one_out_rmse_m(pairs: &[PointPair]) -> Option<f64> {
    if pairs.len() < 5 {
        return None;
    }
    let mut sum = 0.0;
    for left_out in 0..pairs.len() {
        let others: Vec<PointPair> =
            pairs.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, p)| *p).collect();
        let fit = Homography::fit(&others).ok()?;
        sum += fit.residuals_m(&pairs[left_out..=left_out])[0]?.powi(2);
    }
    Some((sum / pairs.len() as f64).sqrt())
}

/// The pair without which the others agree best: the one to look at first when a fit fails, since one wrong pair
/// spreads its error over all. `None` below six pairs, where the others always agree.
pub(super) fn outlier(pairs: &[PointPair]) -> Option<usize> {
    if pairs.len() < 6 {
        return None;
    }
    let cost_without = |left_out: usize| -> f64 {
        let others: Vec<PointPair> =
            pairs.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, p)| *p).collect();
        let signed = direct_linear_transform(&others);
        let flipped = signed.as_ref().and_then(|h| Homography::from_matrix(-h.matrix));
        [signed, flipped]
            .into_iter()
            .flatten()
            .map(|h| h.residuals_m(&others).into_iter().map(|r| r.map_or(f64::INFINITY, |r| r * r)).sum())
            .fold(f64::INFINITY, f64::min)
    };
    (0..pairs.len()).map(|i| (i, cost_without(i))).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

fn check_pairs(pairs: &[PointPair]) -> Result<(), CalibrationError> {
    let finite = |p: &PointPair| p.in_image_px.iter().chain(&p.in_ground_m).all(|v| v.is_finite());
    if let Some(index) = pairs.iter().position(|p| !finite(p)) {
        return Err(CalibrationError::NotFinite { index });
    }
    if pairs.len() < 4 {
        return Err(CalibrationError::TooFewPairs { found: pairs.len() });
    }
    for (second, b) in pairs.iter().enumerate() {
        for (first, a) in pairs[..second].iter().enumerate() {
            let distance = |p: [f64; 2], q: [f64; 2]| (p[0] - q[0]).hypot(p[1] - q[1]);
            if distance(a.in_image_px, b.in_image_px) < 0.5 {
                return Err(CalibrationError::Duplicate { first, second, space: "in the image" });
            }
            if distance(a.in_ground_m, b.in_ground_m) < 1e-3 {
                return Err(CalibrationError::Duplicate { first, second, space: "on the ground" });
            }
        }
    }
    for (space, points) in [
        ("in the image", pairs.iter().map(|p| p.in_image_px).collect::<Vec<_>>()),
        ("on the ground", pairs.iter().map(|p| p.in_ground_m).collect()),
    ] {
        if nearly_on_a_line(&points) {
            return Err(CalibrationError::Collinear { space });
        }
    }
    Ok(())
}

/// Whether no four of the points are in general position: all of them but at most one lie near one line.
fn nearly_on_a_line(points: &[[f64; 2]]) -> bool {
    let extent = points
        .iter()
        .flat_map(|p| points.iter().map(move |q| (p[0] - q[0]).hypot(p[1] - q[1])))
        .fold(0.0, f64::max);
    points.iter().enumerate().any(|(i, a)| {
        points[..i].iter().any(|b| {
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            let off_line = points
                .iter()
                .filter(|p| {
                    let cross = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
                    cross.abs() / length > 0.01 * extent
                })
                .count();
            off_line < 2
        })
    })
}

/// Similarity that moves points to mean 0 and mean distance sqrt(2) (Hartley 1997), so that the linear system is
/// well conditioned.
pub(super) fn normalisation(points: impl Iterator<Item = [f64; 2]> + Clone) -> Matrix3<f64> {
    let n = points.clone().count() as f64;
    let (sx, sy) = points.clone().fold((0.0, 0.0), |(x, y), p| (x + p[0], y + p[1]));
    let (mx, my) = (sx / n, sy / n);
    let mean_distance = points.map(|p| (p[0] - mx).hypot(p[1] - my)).sum::<f64>() / n;
    let s = std::f64::consts::SQRT_2 / mean_distance;
    Matrix3::new(s, 0.0, -s * mx, 0.0, s, -s * my, 0.0, 0.0, 1.0)
}

fn direct_linear_transform(pairs: &[PointPair]) -> Option<Homography> {
    let image = normalisation(pairs.iter().map(|p| p.in_image_px));
    let ground = normalisation(pairs.iter().map(|p| p.in_ground_m));
    // A square system at least, so that the singular value decomposition yields the null vector with four pairs too.
    let mut a = DMatrix::<f64>::zeros((2 * pairs.len()).max(9), 9);
    for (i, pair) in pairs.iter().enumerate() {
        let u = image * Vector3::new(pair.in_image_px[0], pair.in_image_px[1], 1.0);
        let x = ground * Vector3::new(pair.in_ground_m[0], pair.in_ground_m[1], 1.0);
        for k in 0..3 {
            a[(2 * i, k)] = u[k];
            a[(2 * i, 6 + k)] = -x[0] * u[k];
            a[(2 * i + 1, 3 + k)] = u[k];
            a[(2 * i + 1, 6 + k)] = -x[1] * u[k];
        }
    }
    let svd = a.svd(false, true);
    let v_t = svd.v_t?;
    let smallest = svd.singular_values.imin();
    let h = Matrix3::from_row_slice(&v_t.row(smallest).iter().copied().collect::<Vec<_>>());
    Homography::from_matrix(ground.try_inverse()? * h * image)
}

/// Fixes the sign so that the calibrated points have `w > 0`, and refuses a ground seen from below.
fn orient(h: Homography, pairs: &[PointPair]) -> Result<Homography, CalibrationError> {
    let w = |h: &Homography, p: &PointPair| {
        (h.matrix.row(2) * Vector3::new(p.in_image_px[0], p.in_image_px[1], 1.0)).x
    };
    let positive = pairs.iter().filter(|p| w(&h, p) > 0.0).count();
    let oriented = if 2 * positive >= pairs.len() { h } else { Homography { matrix: -h.matrix } };
    if let Some(index) = pairs.iter().position(|p| w(&oriented, p) <= 0.0) {
        return Err(CalibrationError::BeyondHorizon { index: outlier(pairs).unwrap_or(index) });
    }
    // The Jacobian's determinant has the sign of det H where w > 0. Image axes (u right, v down) are left-handed as
    // seen on paper while ground axes are right-handed from above: a true view reverses orientation.
    if oriented.matrix.determinant() > 0.0 {
        return Err(CalibrationError::Mirrored);
    }
    Ok(oriented)
}

/// Levenberg-Marquardt on the residual in metres; the damping also holds the free scale of the matrix.
fn refine(start: &Homography, pairs: &[PointPair]) -> Homography {
    // Work in normalised pixels: the entries of H then have comparable magnitude.
    let image = normalisation(pairs.iter().map(|p| p.in_image_px));
    let Some(image_inverse) = image.try_inverse() else { return start.clone() };
    let Some(mut best) = Homography::from_matrix(start.matrix * image_inverse) else { return start.clone() };
    let normalised: Vec<PointPair> = pairs
        .iter()
        .map(|p| {
            let q = image * Vector3::new(p.in_image_px[0], p.in_image_px[1], 1.0);
            PointPair { in_image_px: [q.x, q.y], in_ground_m: p.in_ground_m }
        })
        .collect();
    let cost = |h: &Homography| -> f64 {
        h.residuals_m(&normalised).into_iter().map(|r| r.map_or(f64::INFINITY, |r| r * r)).sum()
    };
    let mut best_cost = cost(&best);
    let mut damping = 1e-3;
    for _ in 0..50 {
        let mut jt_j = SMatrix::<f64, 9, 9>::zeros();
        let mut jt_r = SMatrix::<f64, 9, 1>::zeros();
        for pair in &normalised {
            let at = pair.in_image_px;
            let (Some([x, y]), Some(rows)) = (best.apply(at), best.rows_of_jacobian(at)) else {
                return start.clone();
            };
            for (row, residual) in rows.iter().zip([x - pair.in_ground_m[0], y - pair.in_ground_m[1]]) {
                let j = SMatrix::<f64, 9, 1>::from_row_slice(row);
                jt_j += j * j.transpose();
                jt_r += j * residual;
            }
        }
        let damped = jt_j + SMatrix::<f64, 9, 9>::from_diagonal(&jt_j.diagonal().add_scalar(1e-12)) * damping;
        let Some(step) = damped.lu().solve(&jt_r) else { break };
        let candidate = best.matrix - Matrix3::from_row_slice(step.as_slice());
        let accepted = Homography::from_matrix(candidate).filter(|h| cost(h) < best_cost);
        if let Some(better) = accepted {
            let gain = best_cost - cost(&better);
            best_cost -= gain;
            best = better;
            damping = (damping * 0.3).max(1e-12);
            if gain <= 1e-15 * (1.0 + best_cost) {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e9 {
                break;
            }
        }
    }
    Homography::from_matrix(best.matrix * image).unwrap_or_else(|| start.clone())
}

#[cfg(test)]
mod tests;
