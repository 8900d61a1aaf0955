//! How far heads have moved between two pictures of a camera that moves, each looked for on its own.
//!
//! Dense flow is smooth over several metres of ground: people who walk alone come out as slow as the ground between them lets
//! them. A head is looked for where it would be had it stood still.

use super::{
    ego_motion::EgoMotion,
    follow::{Followed, follow_both_ways},
    grey::Grey,
};

/// Width that pictures are reduced to for this, at least: a head is then a few pixels wide from where crowds are filmed.
pub(super) const WIDTH_PX: usize = 960;

/// Side of the window that is compared, pixels: shoulders and a little ground.
const WINDOW_PX: i32 = 17;

/// Coarser levels, each half as fine: three steps of half a window.
const COARSER_LEVELS: i32 = 2;

/// Most heads looked for in a picture; more say nothing new of how a crowd moves.
const HEADS_MAX: usize = 1000;

/// A head's own motion between two pictures, pixels of the calibration image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Walk {
    /// Where it is now.
    pub(super) at_px: [f64; 2],
    /// How far it came beyond what the camera's own motion made it seem to.
    pub(super) shift_px: [f64; 2],
}

/// Looks for `heads_px` (pixels of the calibration image, `image_px_per_px` to one of the pictures) of the picture `now` in the
/// one before; those that are not found for certain are left out.
///
/// # Errors
/// OpenCV's.
pub(super) fn walks(
    earlier: &Grey,
    now: &Grey,
    heads_px: &[[f64; 2]],
    image_px_per_px: f64,
    ego: &EgoMotion,
) -> anyhow::Result<Vec<Walk>> {
    // A pixel's middle is at a half for us, at 0 for OpenCV.
    let in_picture = |image_px: [f64; 2]| image_px.map(|px| px / image_px_per_px - 0.5);
    let standing = |at_px: &[f64; 2]| {
        let was = ego.where_a_standing_head_was(*at_px)?;
        Some((*at_px, (in_picture(*at_px), in_picture(was))))
    };
    let (heads, (from, guesses)): (Vec<_>, (Vec<_>, Vec<_>)) =
        heads_px.iter().take(HEADS_MAX).filter_map(standing).unzip();
    let found = follow_both_ways(now, earlier, &from, &guesses, WINDOW_PX, COARSER_LEVELS)?;
    let walk = |Followed { index, to }: &Followed| {
        let at_px = heads[*index];
        let stood_px = ego.where_a_standing_head_is(to.map(|px| (px + 0.5) * image_px_per_px))?;
        Some(Walk { at_px, shift_px: [at_px[0] - stood_px[0], at_px[1] - stood_px[1]] })
    };
    Ok(found.iter().filter_map(walk).collect())
}
