//! How blurred a picture is: a lens out of focus, a wet one, a camera swept too fast.
//!
//! After Crete et al., "The blur effect" (SPIE 6492, 2007): smoothing changes a sharp picture much and a blurred one
//! little. Needs no reference, and hardly depends on what is shown or how bright it is.

use crate::picture::RgbView;

/// Every 8th row and column tells as much as all of them.
const LINE_STEP_PX: usize = 8;

/// Half the length of the smoothing filter, without its middle; the filter is 9 pixels long, as in the paper.
const REACH_PX: usize = 4;

/// Mean difference of neighbouring pixels, in steps of 0..255, below which a direction shows no edges to judge by.
const EDGES_MIN: f32 = 0.25;

/// 0 (sharp) to 1 (nothing left to smooth) along the more blurred of rows and columns; 0 where there are no edges.
pub fn of(picture: RgbView<'_>) -> f64 {
    let (mut along_rows, mut along_columns) = (Edges::default(), Edges::default());
    for y in (0..picture.height_px()).step_by(LINE_STEP_PX) {
        along_rows.add(picture.row(y).as_chunks::<3>().0.iter());
    }
    for x in (0..picture.width_px()).step_by(LINE_STEP_PX) {
        along_columns.add((0..picture.height_px()).filter_map(|y| picture.row(y).as_chunks::<3>().0.get(x)));
    }
    along_rows.blur().max(along_columns.blur())
}

/// Differences of neighbouring pixels along lines.
#[derive(Default)]
struct Edges {
    pixels: u32,
    sum: f32,
    /// What smoothing takes away of them.
    lost: f32,
}

impl Edges {
    fn add<'a>(&mut self, line: impl Iterator<Item = &'a [u8; 3]>) {
        // The smoothed line changes by the difference of the pixel that comes in and the one that goes out.
        let mut lumas = [0.0; 2 * REACH_PX + 2];
        let (count, length) = (lumas.len(), (2 * REACH_PX + 1) as f32);
        for (i, pixel) in line.enumerate() {
            lumas[i % count] = super::luma(*pixel);
            if i + 1 < count {
                continue;
            }
            let back = |pixels: usize| lumas[(i - pixels) % count];
            let sharp = (back(REACH_PX) - back(REACH_PX + 1)).abs();
            let smooth = (back(0) - back(count - 1)).abs() / length;
            self.pixels += 1;
            self.sum += sharp;
            self.lost += (sharp - smooth).max(0.0);
        }
    }

    fn blur(&self) -> f64 {
        if self.sum <= EDGES_MIN * self.pixels as f32 { 0.0 } else { f64::from(1.0 - self.lost / self.sum) }
    }
}
