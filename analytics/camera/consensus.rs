//! Which point pairs contradict the rest: a robust fit that names them and never quietly leaves one out.

use super::homography::{Homography, PointPair};

/// A pair that lies farther from where the others put it than this many pixels of its place contradicts them: nobody clicks
/// that badly.
const CLICK_LIMIT_PX: f64 = 8.0;

/// And farther than this, metres: nobody measures that badly on the ground.
const TAPE_LIMIT_M: f64 = 0.5;

/// Fewest pairs that must agree for the rest to be called wrong: four define a map, two more confirm it.
pub(super) const AGREEING_MIN: usize = 6;

/// Most subsets of four that are tried; up to eighteen pairs it is all of them.
const SUBSETS_MAX: usize = 3100;

/// A pair that contradicts the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contradiction {
    /// Index of the pair, from 0.
    pub index: usize,
    /// How far its ground point is from where the agreeing pairs put it, metres; infinite beyond their horizon.
    pub off_m: f64,
}

/// The pairs that contradict the largest set that agrees; `None` where no set of at least six, and of more than half, agrees.
/// Empty where all agree.
pub(super) fn contradictions(pairs: &[PointPair]) -> Option<Vec<Contradiction>> {
    let n = pairs.len();
    if n < AGREEING_MIN {
        return None;
    }
    let mut best: Option<(usize, f64, Vec<usize>)> = None;
    for subset in subsets_of_four(n) {
        let four: Vec<PointPair> = subset.iter().map(|i| pairs[*i]).collect();
        let Ok(map) = Homography::fit(&four) else { continue };
        let (agreeing, cost) = agreeing(&map, pairs);
        let is_better = best.as_ref().is_none_or(|(count, least, _)| {
            agreeing.len() > *count || (agreeing.len() == *count && cost < *least)
        });
        if is_better {
            best = Some((agreeing.len(), cost, agreeing));
        }
    }
    let (_, _, mut consensus) = best?;
    // Fitted to all that agree, the map may win one more or lose one.
    let mut map = None;
    for _ in 0..3 {
        let chosen: Vec<PointPair> = consensus.iter().map(|i| pairs[*i]).collect();
        let fitted = Homography::fit(&chosen).ok()?;
        consensus = agreeing(&fitted, pairs).0;
        map = Some(fitted);
    }
    if consensus.len() < AGREEING_MIN || 2 * consensus.len() <= n {
        return None;
    }
    let residuals = map?.residuals_m(pairs);
    let rest = (0..n).filter(|i| !consensus.contains(i));
    Some(
        rest.map(|index| Contradiction { index, off_m: residuals[index].unwrap_or(f64::INFINITY) }).collect(),
    )
}

/// The pairs that agree with a map, and the sum of their squared errors over what is allowed.
fn agreeing(map: &Homography, pairs: &[PointPair]) -> (Vec<usize>, f64) {
    let mut cost = 0.0;
    let mut agreeing = Vec::with_capacity(pairs.len());
    for (i, (pair, residual)) in pairs.iter().zip(map.residuals_m(pairs)).enumerate() {
        let Some((residual_m, m2_per_px2)) = residual.zip(map.area_scale(pair.in_image_px)) else { continue };
        let allowed_m = TAPE_LIMIT_M.max(CLICK_LIMIT_PX * m2_per_px2.sqrt());
        if residual_m <= allowed_m {
            agreeing.push(i);
            cost += (residual_m / allowed_m).powi(2);
        }
    }
    (agreeing, cost)
}

/// All subsets of four of `n`, or as many of them, spread evenly, as are tried at most.
fn subsets_of_four(n: usize) -> impl Iterator<Item = [usize; 4]> {
    let all = (0..n).flat_map(move |a| {
        (a + 1..n).flat_map(move |b| (b + 1..n).flat_map(move |c| (c + 1..n).map(move |d| [a, b, c, d])))
    });
    let count = n * (n - 1) * (n - 2) * (n - 3) / 24;
    all.step_by(count.div_ceil(SUBSETS_MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Pinhole;

    /// Ten points of a street before a camera, clicked to a pixel.
    fn pairs() -> Vec<PointPair> {
        let camera = Pinhole {
            position_m: [0.0, -12.0, 9.0],
            yaw_rad: 1.5,
            depression_rad: 0.6,
            focal_px: 900.0,
            image_width_px: 1280,
            image_height_px: 720,
        };
        (0..10)
            .map(|k| {
                let (column, row) = (f64::from(k % 3), f64::from(k / 3));
                let at = [column * 5.0 - 5.0 + 0.3 * row, row * 4.0 - 3.0];
                let [u, v] = camera.project([at[0], at[1], 0.0]).unwrap().in_image_px;
                PointPair { in_image_px: [u.round(), v.round()], in_ground_m: at }
            })
            .collect()
    }

    fn names(pairs: &[PointPair]) -> Option<Vec<usize>> {
        contradictions(pairs).map(|found| found.iter().map(|c| c.index).collect())
    }

    #[test]
    fn points_that_agree_contradict_nobody() {
        assert_eq!(names(&pairs()), Some(vec![]));
    }

    #[test]
    fn exactly_the_wrong_points_are_named_with_how_far_they_are_off() {
        let mut wrong = pairs();
        wrong[4].in_ground_m[0] += 3.0;
        let found = contradictions(&wrong).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].index == 4 && (found[0].off_m - 3.0).abs() < 0.2, "{found:?}");
        // Two, of which one is swapped digits in the picture.
        wrong[7].in_image_px[0] += 180.0;
        assert_eq!(names(&wrong), Some(vec![4, 7]));
        wrong[0].in_ground_m = [9.0, 9.0];
        assert_eq!(names(&wrong), Some(vec![0, 4, 7]));
    }

    #[test]
    fn where_too_few_agree_nobody_is_called_wrong() {
        let mut wrong = pairs();
        for (k, pair) in wrong.iter_mut().enumerate().take(5) {
            pair.in_ground_m = [k as f64 * 1.7, 9.0 - (k * k) as f64];
        }
        assert_eq!(names(&wrong), None);
        assert_eq!(names(&pairs()[..5]), None, "five points cannot tell");
    }
}
