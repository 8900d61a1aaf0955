//! How far points have moved between two pictures of a camera that moves, each looked for on its own from where the poses say that
//! it was had it stood still.
//!
//! Dense flow is smooth over several metres of ground: people who walk alone come out as slow as the ground between them lets
//! them, and at the size at which it is fast enough it errs by a fifth of a pixel where nothing moves.

use super::{
    ego_motion::Standing,
    follow::{Followed, follow_both_ways},
    grey::Grey,
};

/// Coarser levels, each half as fine: three steps of half a window.
const COARSER_LEVELS: i32 = 2;

/// A point's own motion between two pictures, pixels of the calibration image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Walk {
    /// Where it is now.
    pub(super) at_px: [f64; 2],
    /// How far it came beyond what the camera's own motion made it seem to.
    pub(super) shift_px: [f64; 2],
}

/// Looks for `points_px` (pixels of the calibration image, `image_px_per_px` to one of the pictures) of the picture `now` in the
/// one before, by windows of `window_px`; those that are not found for certain are left out. `standing` tells where they would be
/// had they stood still.
///
/// # Errors
/// OpenCV's.
pub(super) fn walks(
    earlier: &Grey,
    now: &Grey,
    points_px: &[[f64; 2]],
    image_px_per_px: f64,
    standing: &Standing,
    window_px: i32,
) -> anyhow::Result<Vec<Walk>> {
    // A pixel's middle is at a half for us, at 0 for OpenCV.
    let in_picture = |image_px: [f64; 2]| image_px.map(|px| px / image_px_per_px - 0.5);
    let was = |at_px: &[f64; 2]| {
        let was = standing.was(*at_px)?;
        Some((*at_px, (in_picture(*at_px), in_picture(was))))
    };
    let (points_px, (from, guesses)): (Vec<_>, (Vec<_>, Vec<_>)) = points_px.iter().filter_map(was).unzip();
    let found = follow_both_ways(now, earlier, &from, &guesses, window_px, COARSER_LEVELS)?;
    let walk = |Followed { index, to }: &Followed| {
        let at_px = points_px[*index];
        let stood_px = standing.is(to.map(|px| (px + 0.5) * image_px_per_px))?;
        Some(Walk { at_px, shift_px: [at_px[0] - stood_px[0], at_px[1] - stood_px[1]] })
    };
    Ok(found.iter().filter_map(walk).collect())
}
