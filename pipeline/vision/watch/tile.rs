//! How far each tile of a picture lies from where it lay in another: normalised cross correlation, tile by tile.
//!
//! Phase correlation, which is faster, gives every frequency the same weight, and the noise of a still camera then hides
//! a shift of zero.

use opencv::{
    core::{Mat, MatTraitConst, MatTraitConstManual, Rect},
    imgproc::{TM_CCOEFF_NORMED, match_template_def},
};

/// Tiles across and down: enough that some lie on walls and kerbs between and above a crowd, large enough to hold a
/// shift.
const TILES: (i32, i32) = (5, 4);

/// Farthest shift that is looked for, in parts of the picture's width.
const REACH: f64 = 0.08;

/// One tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tile {
    /// Its middle from the picture's middle, in the reference, reduced pixels.
    pub(super) from_middle_px: [f64; 2],
    /// How far it lies from there now.
    pub(super) shift_px: [f64; 2],
    /// How well it matches at that place, -1 to 1.
    pub(super) match_: f64,
}

/// Registers `now` on `reference`, both `[height, width]` row-major, tile by tile.
///
/// # Errors
/// OpenCV's.
pub(super) fn register(
    reference: &[f32],
    now: &[f32],
    (width, height): (usize, usize),
) -> anyhow::Result<Vec<Tile>> {
    let (w, h) = (i32::try_from(width)?, i32::try_from(height)?);
    let from = Mat::new_rows_cols_with_data(h, w, reference)?;
    let to = Mat::new_rows_cols_with_data(h, w, now)?;
    let reach = (REACH * f64::from(w)) as i32;
    let (tile_w, tile_h) = (w / TILES.0, h / TILES.1);
    let mut tiles = Vec::new();
    for (row, column) in (0..TILES.1).flat_map(|row| (0..TILES.0).map(move |column| (row, column))) {
        let at = Rect::new(column * tile_w, row * tile_h, tile_w, tile_h);
        let (left, top) = ((at.x - reach).max(0), (at.y - reach).max(0));
        let (right, bottom) = ((at.x + tile_w + reach).min(w), (at.y + tile_h + reach).min(h));
        let around = Rect::new(left, top, right - left, bottom - top);
        let mut matches = Mat::default();
        match_template_def(&Mat::roi(&to, around)?, &Mat::roi(&from, at)?, &mut matches, TM_CCOEFF_NORMED)?;
        let [u, v, match_] = peak(matches.data_typed::<f32>()?, matches.cols() as usize);
        tiles.push(Tile {
            from_middle_px: [at.x + tile_w / 2 - w / 2, at.y + tile_h / 2 - h / 2].map(f64::from),
            shift_px: [u - f64::from(at.x - left), v - f64::from(at.y - top)],
            match_,
        });
    }
    Ok(tiles)
}

/// Place of the best match, to parts of a pixel by a parabola through it and its neighbours, and the match.
fn peak(matches: &[f32], columns: usize) -> [f64; 3] {
    let best = (0..matches.len())
        .filter(|i| matches[*i].is_finite())
        .max_by(|a, b| matches[*a].total_cmp(&matches[*b]));
    let Some(best) = best else { return [0.0, 0.0, -1.0] };
    let part = |before: Option<f32>, after: Option<f32>| {
        let Some((before, after)) = before.zip(after) else { return 0.0 };
        let bend = before - 2.0 * matches[best] + after;
        if bend < 0.0 { f64::from((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let (x, y) = (best % columns, best / columns);
    let near = |dx: isize| matches.get(best.checked_add_signed(dx)?).copied();
    let across = if x > 0 && x + 1 < columns { part(near(-1), near(1)) } else { 0.0 };
    let line = columns.cast_signed();
    [x as f64 + across, y as f64 + part(near(-line), near(line)), f64::from(matches[best])]
}
