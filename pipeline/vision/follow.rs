//! Where points of one picture lie in another: each looked for on its own (Lucas and Kanade 1981, in pyramids as Bouguet 2000),
//! and believed if the way back ends where it began (Kalal et al. 2010).

use anyhow::Context;
use opencv::{
    core::{Mat, Point2f, Size, TermCriteria, TermCriteria_COUNT, TermCriteria_EPS, Vector},
    video::{OPTFLOW_USE_INITIAL_FLOW, calc_optical_flow_pyr_lk},
};

use super::grey::Grey;

/// How far from its beginning the way back may end, pixels.
const BACK_WITHIN_PX: f32 = 0.5;

/// Least contrast of a window in which a place can be told from its neighbours, as OpenCV measures it.
const CONTRAST_MIN: f64 = 1e-4;

/// A point that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Followed {
    /// Which of the points.
    pub(super) index: usize,
    /// Where it lies in the other picture, pixels whose first has its middle at 0.
    pub(super) to: [f64; 2],
}

/// Looks for `points` of `one` (pixels whose first has its middle at 0) in `other`, beginning at `guesses`, by windows of
/// `window_px` at full size and `coarser_levels` coarser ones; those that are not found for certain are left out.
///
/// # Errors
/// OpenCV's.
pub(super) fn follow_both_ways(
    one: &Grey,
    other: &Grey,
    points: &[[f64; 2]],
    guesses: &[[f64; 2]],
    window_px: i32,
    coarser_levels: i32,
) -> anyhow::Result<Vec<Followed>> {
    if points.is_empty() || (one.width_px, one.height_px) != (other.width_px, other.height_px) {
        return Ok(Vec::new());
    }
    let list = |points: &[[f64; 2]]| {
        points.iter().map(|[u, v]| Point2f::new(*u as f32, *v as f32)).collect::<Vector<Point2f>>()
    };
    let (from, size) = (list(points), Size::new(window_px, window_px));
    let (found, is_found) = follow(one, other, &from, list(guesses), size, coarser_levels)?;
    let (back, is_back) = follow(other, one, &found, from.clone(), size, coarser_levels)?;
    let ways = from.iter().zip(back.iter()).zip(found.iter()).zip(is_found.iter().zip(is_back.iter()));
    let sure = ways.enumerate().filter_map(|(index, (((from, back), to), is_found))| {
        let is_sure = is_found == (1, 1) && (from.x - back.x).hypot(from.y - back.y) <= BACK_WITHIN_PX;
        is_sure.then(|| Followed { index, to: [f64::from(to.x), f64::from(to.y)] })
    });
    Ok(sure.collect())
}

/// Where the points `from` of one picture are in another, and whether each was found (1).
fn follow(
    one: &Grey,
    other: &Grey,
    from: &Vector<Point2f>,
    guesses: Vector<Point2f>,
    window: Size,
    coarser_levels: i32,
) -> anyhow::Result<(Vector<Point2f>, Vector<u8>)> {
    let (width, height) = (i32::try_from(one.width_px)?, i32::try_from(one.height_px)?);
    let one = Mat::new_rows_cols_with_data(height, width, &one.luma)?;
    let other = Mat::new_rows_cols_with_data(height, width, &other.luma)?;
    let (mut to, mut is_found, mut errors) = (guesses, Vector::<u8>::new(), Vector::<f32>::new());
    let precise = TermCriteria::new(TermCriteria_COUNT + TermCriteria_EPS, 30, 0.01)?;
    calc_optical_flow_pyr_lk(
        &one,
        &other,
        from,
        &mut to,
        &mut is_found,
        &mut errors,
        window,
        coarser_levels,
        precise,
        OPTFLOW_USE_INITIAL_FLOW,
        CONTRAST_MIN,
    )
    .context("OpenCV cannot follow points")?;
    Ok((to, is_found))
}
