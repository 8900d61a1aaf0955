//! A lens's distortion from edges that are straight in the world: house walls, kerbs, lamp posts (Brown 1971).
//!
//! No lens without distortion bends a straight edge, so the distortion is what makes all edges straight. Of Brown and
//! Conrady's model the first coefficient is found: a few clicks tell no second one, and up to a view of about 100 degrees it
//! does most. Edges say nothing of the focal length: with one that is a tenth too long `k1` comes out a fifth too large, and
//! straightens the same picture.

use thiserror::Error;

use super::{Distortion, Lens};

/// Largest `k1` either way that is looked for: beyond it a lens is a fisheye, of another model.
const K1_MAX: f64 = 0.6;

/// Steps of the first look over all of them; a step is narrower than the valley of the sum of squares.
const STEPS: usize = 48;

/// Halvings of the interval around the best of those: to 1e-9.
const REFINEMENTS: usize = 60;

/// Half the step of the residuals' derivative by `k1`.
const DELTA: f64 = 1e-4;

/// Standard deviation of `k1` from which on the edges tell no lens: in the corner of a view of 70 degrees it moves a point by 3 % of
/// its distance from the middle (our proposal).
const SIGMA_MAX: f64 = 0.05;

/// Standard deviation of a click at best, pixels (our proposal): a few that happen to lie on a line are no proof of how well one clicks.
const CLICK_SIGMA_MIN_PX: f64 = 0.3;

/// Fewest points on an edge: two lie on a line always.
const POINTS_MIN: usize = 3;

/// Fewest points beyond two for each edge: one is spent on the coefficient, and two must be left to tell the error.
const SPARE_MIN: usize = 3;

/// A lens by straight edges.
#[derive(Clone, Debug, PartialEq)]
pub struct PlumbLines {
    /// The lens, with the focal length and principal point that were given.
    pub lens: Lens,
    /// Its first radial coefficient.
    pub k1: f64,
    /// Standard deviation of that, from how far the points are off their straightened edges, at least 0.3 pixels.
    pub k1_sigma: f64,
    /// How far the points of each edge are off a straight line, root mean square, pixels, before and after: an edge that
    /// stays bent is not straight in the world.
    pub rms_px: Vec<[f64; 2]>,
}

/// Why edges tell no lens.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PlumbLinesError {
    /// Too few points on one.
    #[error("edge {edge} has {found} points; give at least 3 along it, better 8")]
    TooFewPoints {
        /// Index of the edge, from 0.
        edge: usize,
        /// Points on it.
        found: usize,
    },
    /// Too few points in all.
    #[error(
        "the edges have {spare} points beyond the two that every line needs; at least 3 tell a lens, better 30"
    )]
    TooFewInAll {
        /// Points beyond two for each edge.
        spare: usize,
    },
    /// NaN or infinite.
    #[error("edge {edge} has a point that is not a finite number")]
    NotFinite {
        /// Index of the edge, from 0.
        edge: usize,
    },
    /// A focal length that is none.
    #[error("the focal length must be a number of pixels above 0")]
    NoFocalLength,
    /// No distortion up to `K1_MAX` makes them straight.
    #[error(
        "no lens of this model makes the edges straight (k1 would be {k1:.2}): are all of them straight in the world, and is \
         the focal length right? A fisheye needs a measured lens"
    )]
    NoLens {
        /// The end of the search at which they are the least bent.
        k1: f64,
    },
    /// The edges would be nearly as straight with another lens.
    #[error(
        "the edges tell k1 to {sigma:.2} only, 0.05 is needed: mark long ones near the picture's border, since an edge through \
         the middle is straight with any lens"
    )]
    TellsNothing {
        /// Standard deviation of `k1`.
        sigma: f64,
    },
}

/// Finds the first radial coefficient that makes `edges` straight, each the points along one edge in pixels, for a focal
/// length and a principal point in pixels.
///
/// # Errors
/// [`PlumbLinesError`] says which edge is wrong, or what is missing.
pub fn fit_plumb_lines(
    edges: &[Vec<[f64; 2]>],
    focal_px: f64,
    principal_point_px: [f64; 2],
) -> Result<PlumbLines, PlumbLinesError> {
    for (edge, points) in edges.iter().enumerate() {
        if points.len() < POINTS_MIN {
            return Err(PlumbLinesError::TooFewPoints { edge, found: points.len() });
        }
        if !points.iter().flatten().all(|c| c.is_finite()) {
            return Err(PlumbLinesError::NotFinite { edge });
        }
    }
    if !(focal_px.is_finite() && focal_px > 0.0 && principal_point_px.iter().all(|c| c.is_finite())) {
        return Err(PlumbLinesError::NoFocalLength);
    }
    let spare: usize = edges.iter().map(|points| points.len() - 2).sum();
    if spare < SPARE_MIN {
        return Err(PlumbLinesError::TooFewInAll { spare });
    }
    let lens = |k1: f64| Lens {
        focal_px: [focal_px; 2],
        principal_point_px,
        distortion: Distortion::BrownConrady { radial: [k1, 0.0, 0.0], tangential: [0.0; 2] },
    };
    let cost = |k1: f64| residuals_px(edges, &lens(k1)).map_or(f64::INFINITY, |all| sum_of_squares(&all));
    let step = 2.0 * K1_MAX / STEPS as f64;
    let looked_at = (0..=STEPS).map(|i| -K1_MAX + i as f64 * step);
    let best = looked_at.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0.0);
    if best.abs() > K1_MAX - 0.5 * step {
        return Err(PlumbLinesError::NoLens { k1: best });
    }
    let k1 = lowest_between(best - step, best + step, cost);
    let at = |k1: f64| residuals_px(edges, &lens(k1)).ok_or(PlumbLinesError::NoLens { k1 });
    let (here, below, above) = (at(k1)?, at(k1 - DELTA)?, at(k1 + DELTA)?);
    // Lines are fitted anew for each k1, so that the derivative is that with the lines' own numbers taken out.
    let steepness: f64 = above
        .iter()
        .flatten()
        .zip(below.iter().flatten())
        .map(|(a, b)| ((a - b) / (2.0 * DELTA)).powi(2))
        .sum();
    let variance_px2 = (sum_of_squares(&here) / (spare - 1) as f64).max(CLICK_SIGMA_MIN_PX.powi(2));
    let k1_sigma = (variance_px2 / steepness).sqrt();
    // Edges through the middle: no steepness at all.
    if k1_sigma.is_nan() || k1_sigma > SIGMA_MAX {
        return Err(PlumbLinesError::TellsNothing { sigma: k1_sigma });
    }
    let rms = |points: &[f64]| (points.iter().map(|d| d * d).sum::<f64>() / points.len() as f64).sqrt();
    let rms_px = at(0.0)?.iter().zip(&here).map(|(before, after)| [rms(before), rms(after)]).collect();
    Ok(PlumbLines { lens: lens(k1), k1, k1_sigma, rms_px })
}

fn sum_of_squares(residuals_px: &[Vec<f64>]) -> f64 {
    residuals_px.iter().flatten().map(|d| d * d).sum()
}

/// The lowest place of a function with one valley between two ends, by golden sections.
fn lowest_between(mut lo: f64, mut hi: f64, cost: impl Fn(f64) -> f64) -> f64 {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    for _ in 0..REFINEMENTS {
        let (left, right) = (hi - golden * (hi - lo), lo + golden * (hi - lo));
        if cost(left) <= cost(right) { hi = right } else { lo = left }
    }
    0.5 * (lo + hi)
}

/// How far each point is off the straight line through its edge once the lens is taken back, with the sign of its side,
/// pixels; `None` where the lens folds.
///
/// A lens that shrinks the picture must not gain by it: lengths are those of the edge as it was marked.
fn residuals_px(edges: &[Vec<[f64; 2]>], lens: &Lens) -> Option<Vec<Vec<f64>>> {
    edges
        .iter()
        .map(|points| {
            let straightened: Option<Vec<[f64; 2]>> = points.iter().map(|p| lens.undistort_px(*p)).collect();
            let straightened = straightened?;
            let (spread, was) = (offsets_px(&straightened), offsets_px(points));
            let scale = if spread.1 > 0.0 { was.1 / spread.1 } else { 1.0 };
            Some(spread.0.into_iter().map(|off| off * scale).collect())
        })
        .collect()
}

/// Signed distances of points from their line by total least squares, and their spread along it, root mean square.
fn offsets_px(points: &[[f64; 2]]) -> (Vec<f64>, f64) {
    let n = points.len() as f64;
    let middle = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / n);
    let from_middle = || points.iter().map(|p| [p[0] - middle[0], p[1] - middle[1]]);
    let [xx, xy, yy] =
        from_middle().fold([0.0; 3], |[xx, xy, yy], [x, y]| [xx + x * x, xy + x * y, yy + y * y]);
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (sin, cos) = angle.sin_cos();
    let along = from_middle().map(|[x, y]| (x * cos + y * sin).powi(2)).sum::<f64>();
    (from_middle().map(|[x, y]| y * cos - x * sin).collect(), (along / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE_PX: [f64; 2] = [640.0, 360.0];
    const FOCAL_PX: f64 = 800.0;

    /// A reproducible normal deviate, independent of the others (Steele's splitmix64; evenly spread numbers would average out).
    fn normal(i: usize) -> f64 {
        let uniform = |k: usize| {
            let mut z = (k as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64).max(1e-12)
        };
        (-2.0 * uniform(2 * i).ln()).sqrt() * (std::f64::consts::TAU * uniform(2 * i + 1)).cos()
    }

    /// A street in a picture of 1280 x 720: kerbs, eaves, a lamp post and a corner of a house, twelve clicks on each, as a lens
    /// of that `k1` shows them, every click off by `noise_px` either way.
    fn street(k1: f64, noise_px: f64, seed: usize) -> Vec<Vec<[f64; 2]>> {
        let lens = Lens {
            focal_px: [FOCAL_PX; 2],
            principal_point_px: MIDDLE_PX,
            distortion: Distortion::BrownConrady { radial: [k1, 0.0, 0.0], tangential: [0.0; 2] },
        };
        let ends = [
            ([40.0, 690.0], [1200.0, 640.0]),
            ([60.0, 60.0], [1180.0, 90.0]),
            ([90.0, 80.0], [110.0, 650.0]),
            ([1160.0, 120.0], [1190.0, 620.0]),
            ([200.0, 700.0], [560.0, 180.0]),
        ];
        let click = |(edge, (a, b)): (usize, &([f64; 2], [f64; 2]))| {
            (0..12)
                .map(|i| {
                    let part = f64::from(i) / 11.0;
                    let ideal = [0, 1].map(|k| a[k] + part * (b[k] - a[k]));
                    let seen = lens.distort_px(ideal).unwrap();
                    let number = seed * 1000 + edge * 100 + 2 * i as usize;
                    [0, 1].map(|k| seen[k] + noise_px * normal(number + k))
                })
                .collect()
        };
        ends.iter().enumerate().map(click).collect()
    }

    #[test]
    fn the_lens_that_bent_the_edges_is_found_again() {
        for k1 in [-0.35, -0.12, 0.0, 0.08, 0.2] {
            let found = fit_plumb_lines(&street(k1, 0.0, 1), FOCAL_PX, MIDDLE_PX).unwrap();
            assert!((found.k1 - k1).abs() < 1e-5, "{} for {k1}", found.k1);
            assert!(found.rms_px.iter().all(|[_, after]| *after < 1e-2), "{:?}", found.rms_px);
        }
        let bent = fit_plumb_lines(&street(-0.35, 0.0, 1), FOCAL_PX, MIDDLE_PX).unwrap();
        assert!(bent.rms_px[0][0] > 5.0, "{:?}", bent.rms_px);
    }

    #[test]
    fn with_clicks_a_pixel_off_the_error_is_as_stated() {
        let (k1, runs) = (-0.2, 100);
        let misses: Vec<f64> = (0..runs)
            .map(|seed| {
                let found = fit_plumb_lines(&street(k1, 1.0, seed), FOCAL_PX, MIDDLE_PX).unwrap();
                assert!(found.k1_sigma < 0.02, "{}", found.k1_sigma);
                (found.k1 - k1) / found.k1_sigma
            })
            .collect();
        let within = misses.iter().filter(|miss| miss.abs() <= 1.645).count();
        assert!((80..=98).contains(&within), "{within} of {runs} within what should hold 90");
        let mean = misses.iter().sum::<f64>() / runs as f64;
        assert!(mean.abs() < 0.4, "a bias of {mean} standard deviations");
    }

    #[test]
    fn a_wrong_focal_length_straightens_the_same_picture() {
        let found = fit_plumb_lines(&street(-0.1, 0.0, 1), 1.1 * FOCAL_PX, MIDDLE_PX).unwrap();
        assert!((found.k1 / -0.1 - 1.21).abs() < 0.02, "{}", found.k1);
        assert!(found.rms_px.iter().all(|[_, after]| *after < 0.1), "{:?}", found.rms_px);
    }

    #[test]
    fn edges_that_tell_no_lens_are_refused_with_the_reason() {
        let message =
            |edges: &[Vec<[f64; 2]>]| fit_plumb_lines(edges, FOCAL_PX, MIDDLE_PX).unwrap_err().to_string();
        // Through the middle, with clicks a pixel off.
        let spoke = |angle: f64, seed: usize| -> Vec<[f64; 2]> {
            (0..12)
                .map(|i| {
                    let r = 30.0 * (i as f64 - 5.5);
                    let noise = |k: usize| normal(seed + 2 * i + k);
                    [MIDDLE_PX[0] + r * angle.cos() + noise(0), MIDDLE_PX[1] + r * angle.sin() + noise(1)]
                })
                .collect()
        };
        let clicked = vec![spoke(0.2, 100), spoke(1.3, 200)];
        // Clicked without any error, and still no word of the lens.
        let exactly =
            vec![(0..6).map(|i| [580.0 + 30.0 * f64::from(i), 330.0 + 15.0 * f64::from(i)]).collect()];
        for through_the_middle in [clicked, exactly].map(|edges| message(&edges)) {
            let is_said = through_the_middle.contains("near the picture's border")
                || through_the_middle.contains("no lens of this model");
            assert!(is_said, "{through_the_middle}");
        }
        let arc = (0..12)
            .map(|i| [100.0 + 90.0 * f64::from(i), 600.0 - 6.0 * (f64::from(i) - 5.5).powi(2)])
            .collect();
        assert!(message(&[arc]).contains("no lens of this model"));
        assert!(message(&[vec![[0.0, 0.0], [1.0, 1.0]]]).contains("edge 0 has 2 points"));
        assert!(
            message(&[vec![[0.0, 0.0], [f64::NAN, 1.0], [2.0, 2.0]]])
                .contains("edge 0 has a point that is not")
        );
        assert!(message(&[vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]]).contains("1 points beyond"));
        let nowhere = fit_plumb_lines(&street(0.0, 0.0, 1), 0.0, MIDDLE_PX).unwrap_err();
        assert_eq!(nowhere, PlumbLinesError::NoFocalLength);
    }
}
