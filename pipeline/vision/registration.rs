//! How a camera's picture has moved since another one of the same place: where a point of the one lies in the other.
//!
//! Textured points all over the picture are followed one by one. Of those a crowd has many that went their own way; what the
//! place itself did is what most of the others agree on.

use throng_analytics::camera::{Homography, PointPair};
use throng_models::picture::RgbView;

use super::{
    follow::{Followed, follow_both_ways},
    grey::Grey,
};

/// Width that pictures are reduced to, at least.
const WIDTH_PX: usize = 960;

/// Distance of the points that are followed, and side of the window that is compared, pixels.
const EVERY_PX: usize = 24;
const WINDOW_PX: i32 = 31;

/// Coarser levels: windows reach a sixth of the picture's width at the coarsest.
const COARSER_LEVELS: i32 = 4;

/// How far from the shift that half of the points have a point may be at first, and from the fit in the end, pixels.
const NEAR_AT_FIRST_PX: f64 = 30.0;
const NEAR_PX: f64 = 1.5;

/// Rounds of the fit.
const ROUNDS: usize = 8;

/// Fewest points that agree, and their least share of those found again.
const AGREEING_MIN: usize = 40;
const AGREEING_SHARE_MIN: f64 = 0.4;
/// The same of all places that were looked for: fewer speak for a part of the picture alone, such as what stands on a lorry.
const ASKED_SHARE_MIN: f64 = 0.25;

/// How one picture lies on another.
#[derive(Clone, Debug)]
pub struct Registration {
    /// From pixels of the old picture to pixels of the new one.
    pub new_from_old: Homography,
    /// Points that agree on it.
    pub agreeing: usize,
    /// Points that were found again.
    pub found: usize,
}

/// Registers `new` on `old`.
///
/// # Errors
/// The pictures are of different size, have too little in common, or OpenCV's.
pub fn register(old: RgbView<'_>, new: RgbView<'_>) -> anyhow::Result<Registration> {
    let sizes = [old, new].map(|picture| [picture.width_px(), picture.height_px()]);
    anyhow::ensure!(
        sizes[0] == sizes[1],
        "the old picture has {} x {} pixels, the new one {} x {}",
        sizes[0][0],
        sizes[0][1],
        sizes[1][0],
        sizes[1][1]
    );
    let factor = (old.width_px() / WIDTH_PX).max(1);
    let (mut from, mut to) = (Grey::default(), Grey::default());
    from.reduce(old, factor);
    to.reduce(new, factor);
    let rows = (EVERY_PX / 2..from.height_px).step_by(EVERY_PX);
    let points: Vec<[f64; 2]> = rows
        .flat_map(|v| (EVERY_PX / 2..from.width_px).step_by(EVERY_PX).map(move |u| [u as f64, v as f64]))
        .collect();
    let followed = follow_both_ways(&from, &to, &points, &points, WINDOW_PX, COARSER_LEVELS)?;
    // Of the full picture, whose first pixel has its middle at a half.
    let full = |point: [f64; 2]| point.map(|px| (px + 0.5) * factor as f64);
    let pairs: Vec<PointPair> = followed
        .iter()
        .map(|Followed { index, to }| PointPair { in_image_px: full(points[*index]), in_ground_m: full(*to) })
        .collect();
    let scale = factor as f64;
    let (agreed, found) = (fit(&pairs, NEAR_AT_FIRST_PX * scale, NEAR_PX * scale), pairs.len());
    let agreeing = agreed.as_ref().map_or(0, |(_, agreeing)| *agreeing);
    let is_enough = agreeing >= AGREEING_MIN
        && agreeing as f64 >= AGREEING_SHARE_MIN * found as f64
        && agreeing as f64 >= ASKED_SHARE_MIN * points.len() as f64;
    match agreed {
        Some((new_from_old, agreeing)) if is_enough => Ok(Registration { new_from_old, agreeing, found }),
        _ => anyhow::bail!(
            "the pictures have too little in common: {agreeing} of {found} points found again agree; measure the points \
             anew"
        ),
    }
}

/// What most pairs agree on, and how many; pairs that go their own way are left out round by round.
fn fit(pairs: &[PointPair], near_at_first: f64, near: f64) -> Option<(Homography, usize)> {
    let middle = |axis: usize| {
        let mut shifts: Vec<f64> =
            pairs.iter().map(|pair| pair.in_ground_m[axis] - pair.in_image_px[axis]).collect();
        let middle = shifts.len() / 2;
        (!shifts.is_empty()).then(|| *shifts.select_nth_unstable_by(middle, f64::total_cmp).1)
    };
    let shift = [middle(0)?, middle(1)?];
    let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let moved = |pair: &PointPair| [pair.in_image_px[0] + shift[0], pair.in_image_px[1] + shift[1]];
    let is_near = |pair: &&PointPair| distance(moved(pair), pair.in_ground_m) <= near_at_first;
    let mut kept: Vec<PointPair> = pairs.iter().filter(is_near).copied().collect();
    // A fit is one from a picture to the ground, whose second axis points up: here that of the new picture does.
    let flipped =
        |pair: &PointPair| PointPair { in_ground_m: [pair.in_ground_m[0], -pair.in_ground_m[1]], ..*pair };
    let mut found = None;
    for round in 0..ROUNDS {
        let kept_flipped: Vec<PointPair> = kept.iter().map(flipped).collect();
        let Ok(upward) = Homography::fit(&kept_flipped) else { break };
        let mut matrix = *upward.matrix();
        for column in 0..3 {
            matrix[(1, column)] = -matrix[(1, column)];
        }
        let better = Homography::from_matrix(matrix)?;
        // The limit closes in on what the fit leaves.
        let limit = (near_at_first / f64::from(1_u32 << round.min(16))).max(near);
        let off = |pair: &PointPair| better.apply(pair.in_image_px).map(|at| distance(at, pair.in_ground_m));
        kept = pairs.iter().filter(|pair| off(pair).is_some_and(|off| off <= limit)).copied().collect();
        found = Some(better);
    }
    Some((found?, kept.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A street of random slabs, seen as `old_from_new` says; people, who go their own way, over a part of it.
    fn picture(old_from_new: &Homography, people_at_px: f64) -> Vec<u8> {
        let noise = |x: i64, y: i64| {
            let mixed =
                (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263)).wrapping_mul(1_274_126_177);
            40 + ((mixed >> 13) & 0x7f) as u8
        };
        let mut rgb = Vec::with_capacity(640 * 360 * 3);
        for (v, u) in (0..360).flat_map(|v| (0..640).map(move |u| (v, u))) {
            let [x, y] = old_from_new.apply([f64::from(u) + 0.5, f64::from(v) + 0.5]).unwrap();
            let mut luma = noise((x / 9.0).floor() as i64, (y / 9.0).floor() as i64);
            if v > 240 && (f64::from(u) - people_at_px).abs() < 130.0 {
                luma = noise(((f64::from(u) - people_at_px) / 7.0).floor() as i64, 900 + i64::from(v / 7));
            }
            rgb.extend([luma; 3]);
        }
        rgb
    }

    fn view(rgb: &[u8]) -> RgbView<'_> {
        RgbView::new(rgb, 640, 360, 3 * 640).unwrap()
    }

    fn turned(by_px: [f64; 2], by_rad: f64) -> Homography {
        let (sin, cos) = by_rad.sin_cos();
        let pairs: Vec<PointPair> = (0..25)
            .map(|k| {
                let (x, y) = (f64::from(k % 5) * 160.0 - 320.0, f64::from(k / 5) * 90.0 - 180.0);
                let to = [320.0 + cos * x - sin * y + by_px[0], 180.0 + sin * x + cos * y + by_px[1]];
                PointPair { in_image_px: [x + 320.0, y + 180.0], in_ground_m: to }
            })
            .collect();
        fit(&pairs, 1e9, 1e9).unwrap().0
    }

    #[test]
    fn a_camera_that_was_nudged_is_found_beside_a_crowd_that_walks() {
        let nudge = turned([23.0, -11.0], 0.02);
        let old = picture(&turned([0.0, 0.0], 0.0), 200.0);
        let new = picture(&nudge.inverse().unwrap(), 290.0);
        let found = register(view(&old), view(&new)).unwrap();
        for corner in [[20.0, 20.0], [600.0, 30.0], [320.0, 180.0], [50.0, 330.0]] {
            let [a, b] = [&found.new_from_old, &nudge].map(|by| by.apply(corner).unwrap());
            assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1.0, "{a:?} {b:?}");
        }
    }

    #[test]
    fn another_place_is_not_taken_for_a_nudge() {
        let old = picture(&turned([0.0, 0.0], 0.0), 200.0);
        let elsewhere = picture(&turned([5000.0, 3000.0], 0.5), 200.0);
        let error = register(view(&old), view(&elsewhere)).unwrap_err().to_string();
        assert!(error.contains("too little in common"), "{error}");
        let small = vec![90; 320 * 180 * 3];
        let small = RgbView::new(&small, 320, 180, 3 * 320).unwrap();
        assert!(register(view(&old), small).unwrap_err().to_string().contains("320 x 180"));
    }
}
