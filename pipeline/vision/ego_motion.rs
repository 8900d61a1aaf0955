//! What a camera's own motion does to its picture, taken out of the motion that is measured in it.
//!
//! By the poses of two pictures the earlier one is drawn as it would look from where the later was taken, were all of it
//! ground; what then still moves, moves. Telemetry is never exact, so the ground itself has the last word: where nobody
//! stands, what still moves is the poses' error, fitted over the picture and taken out. People's heads are not ground: each is
//! looked for on its own (`head_motion`), from where the poses say that it would be had it stood still.

use anyhow::Context;
use opencv::{
    core::{BORDER_REPLICATE, CV_64F, Mat, MatTraitConstManual, Scalar, Size},
    imgproc::{INTER_CUBIC, warp_perspective},
    prelude::*,
};
use throng_analytics::{
    camera::{DroneCamera, Homography},
    density_map::DensityMap,
};

use super::{grey::Grey, head_motion::Walk};

/// People in a cell of the motion from which on they, not the ground, are what moves in it.
const PEOPLE_MIN: f64 = 0.03;

/// Fewest cells of bare ground, and their least share of the picture, that tell how far the poses are off.
const GROUND_CELLS_MIN: usize = 40;
const GROUND_SHARE_MIN: f64 = 0.04;

/// Rounds of the robust fit, and the residual beyond which a cell is no ground, in median absolute deviations.
const ROUNDS: usize = 8;
const OUTLIER_MADS: f64 = 3.0;

/// What the poses of two pictures say of how the later came from the earlier, in pixels of the calibration image.
#[derive(Clone, Debug)]
pub struct EgoMotion {
    ground: Homography,
    /// Where a head that stands still has gone since the earlier picture, and back.
    heads: Homography,
    heads_back: Homography,
}

/// How far the ground still moved between two pictures that should not, by what was taken for ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EgoResidual {
    /// Mean length of the shift that poses alone left, pixels of the calibration image.
    pub by_poses_px: f64,
    /// Median length of what is left after the ground's own word, likewise.
    pub left_px: f64,
}

/// An earlier picture as it would look from the later one's place.
pub(super) struct Stabilised {
    /// The picture.
    pub(super) grey: Grey,
    /// Where a reduced pixel of it comes from in the earlier picture.
    earlier_from_now: Homography,
}

/// The cells of a motion field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    /// Across.
    pub(super) columns: usize,
    /// Down.
    pub(super) rows: usize,
    /// Side of a cell, pixels of the calibration image.
    pub(super) image_px_per_cell: f64,
}

impl Cells {
    /// Middle of a cell, pixels of the calibration image.
    fn middle_px(&self, index: usize) -> [f64; 2] {
        [(index % self.columns) as f64, (index / self.columns) as f64]
            .map(|k| (k + 0.5) * self.image_px_per_cell)
    }
}

/// Shifts freed of the camera's own motion.
pub(super) struct Freed {
    /// `[rows, columns]`, pixels of the calibration image.
    pub(super) shifts_px: Vec<[f32; 2]>,
    /// Cells that were not in the earlier picture.
    pub(super) is_unknown: Vec<bool>,
    /// How well it went.
    pub(super) residual: EgoResidual,
}

impl EgoMotion {
    /// Between two pictures; `None` where either looks along the ground.
    pub fn between(earlier: &DroneCamera, now: &DroneCamera, head_height_m: f64) -> Option<Self> {
        let ground = now.image_from_earlier(earlier, 0.0)?;
        let heads = now.image_from_earlier(earlier, head_height_m)?;
        Some(Self { ground, heads_back: heads.inverse()?, heads })
    }

    /// Where a head that stands still was in the earlier picture.
    pub(super) fn where_a_standing_head_was(&self, now_px: [f64; 2]) -> Option<[f64; 2]> {
        self.heads_back.apply(now_px)
    }

    /// Where a head of the earlier picture would be now had it stood still.
    pub(super) fn where_a_standing_head_is(&self, earlier_px: [f64; 2]) -> Option<[f64; 2]> {
        self.heads.apply(earlier_px)
    }

    /// Draws the earlier picture as seen from now.
    pub(super) fn stabilise(
        &self,
        earlier: &Grey,
        image_px_per_reduced_px: f64,
    ) -> anyhow::Result<Stabilised> {
        let k = image_px_per_reduced_px;
        let m = self.ground.matrix();
        // In reduced pixels, whose first has its middle at 0 for OpenCV and at a half for us.
        let scaled =
            |i: usize, j: usize| m[(i, j)] * if j < 2 { k } else { 1.0 } / if i < 2 { k } else { 1.0 };
        let reduced: [[f64; 3]; 3] = [0, 1, 2].map(|i| [0, 1, 2].map(|j| scaled(i, j)));
        let shift = |sign: f64| [[1.0, 0.0, sign * 0.5], [0.0, 1.0, sign * 0.5], [0.0, 0.0, 1.0]];
        let by_index = product(&shift(-1.0), &product(&reduced, &shift(1.0)));
        let (w, h) = (i32::try_from(earlier.width_px)?, i32::try_from(earlier.height_px)?);
        let from = Mat::new_rows_cols_with_data(h, w, &earlier.luma)?;
        let flat: Vec<f64> = by_index.iter().flatten().copied().collect();
        let map = Mat::new_rows_cols_with_data(3, 3, &flat)?;
        anyhow::ensure!(map.typ() == CV_64F, "a matrix for OpenCV has an unexpected type");
        let mut to = Mat::default();
        let (size, border) = (Size::new(w, h), Scalar::default());
        warp_perspective(&from, &mut to, &map, size, INTER_CUBIC, BORDER_REPLICATE, border)
            .context("OpenCV cannot draw a picture from another place")?;
        let grey = Grey {
            width_px: earlier.width_px,
            height_px: earlier.height_px,
            luma: to.data_typed::<u8>()?.to_vec(),
        };
        let earlier_from_now = self.ground.inverse().context("a picture's motion has no way back")?;
        Ok(Stabilised { grey, earlier_from_now })
    }
}

/// Takes the ground's remaining motion out of `shifts_px`, in reduced pixels, and puts the motion of heads where there are
/// people. Where their heads were not found nothing is known.
pub(super) fn free(
    cells: &Cells,
    shifts_px: &[[f32; 2]],
    image_px_per_reduced_px: f64,
    stabilised: &Stabilised,
    people: Option<&DensityMap>,
    walks: &[Walk],
) -> Freed {
    let size = [cells.columns as f64, cells.rows as f64].map(|n| n * cells.image_px_per_cell);
    let middles: Vec<[f64; 2]> = (0..shifts_px.len()).map(|index| cells.middle_px(index)).collect();
    let was_seen = |middle: &[f64; 2]| {
        let was = stabilised.earlier_from_now.apply(*middle);
        was.is_some_and(|[u, v]| (0.0..size[0]).contains(&u) && (0.0..size[1]).contains(&v))
    };
    let mut is_unknown: Vec<bool> = middles.iter().map(|middle| !was_seen(middle)).collect();
    let has_people: Vec<bool> = people_in(cells, people).into_iter().map(|n| n >= PEOPLE_MIN).collect();
    let shifts: Vec<[f64; 2]> =
        shifts_px.iter().map(|shift| shift.map(|px| f64::from(px) * image_px_per_reduced_px)).collect();
    let ground: Vec<usize> =
        (0..shifts.len()).filter(|index| !is_unknown[*index] && !has_people[*index]).collect();
    let is_told =
        ground.len() >= GROUND_CELLS_MIN && ground.len() as f64 >= GROUND_SHARE_MIN * shifts.len() as f64;
    let drift = if is_told { Drift::fit(&middles, &shifts, &ground, size) } else { Drift::default() };
    let lengths = |of: &dyn Fn(usize) -> [f64; 2]| {
        ground.iter().map(|index| of(*index)).map(|[u, v]| u.hypot(v)).collect::<Vec<f64>>()
    };
    let drifts = lengths(&|index| drift.at(middles[index]));
    let left = lengths(&|index| minus(shifts[index], drift.at(middles[index])));
    let residual = EgoResidual {
        by_poses_px: drifts.iter().sum::<f64>() / drifts.len().max(1) as f64,
        left_px: median(left),
    };
    let heads_moved = heads_moved(cells, walks);
    let mut freed = |index: usize| {
        let moved = match (has_people[index], heads_moved[index]) {
            (true, Some(moved)) => moved,
            (true, None) => {
                is_unknown[index] = true;
                [0.0; 2]
            }
            (false, _) => shifts[index],
        };
        minus(moved, drift.at(middles[index])).map(|px| px as f32)
    };
    let shifts_px = (0..shifts.len()).map(&mut freed).collect();
    Freed { shifts_px, is_unknown, residual }
}

/// How the heads in each cell have moved on average; where there are none, those in the cells around it.
fn heads_moved(cells: &Cells, walks: &[Walk]) -> Vec<Option<[f64; 2]>> {
    let (columns, rows) = (cells.columns, cells.rows);
    let mut sums = vec![([0.0; 2], 0.0); columns * rows];
    for walk in walks {
        let [i, j] = walk.at_px.map(|px| (px / cells.image_px_per_cell) as usize);
        if i < columns && j < rows {
            let (sum, heads) = &mut sums[j * columns + i];
            *sum = [sum[0] + walk.shift_px[0], sum[1] + walk.shift_px[1]];
            *heads += 1.0;
        }
    }
    let mean = |among: &mut dyn Iterator<Item = usize>| {
        let (sum, heads) = among.fold(([0.0; 2], 0.0), |(sum, heads), index| {
            let (more, others) = sums[index];
            ([sum[0] + more[0], sum[1] + more[1]], heads + others)
        });
        (heads > 0.0).then(|| sum.map(|px| px / heads))
    };
    let around = |index: usize| {
        let (row, column) = (index / columns, index % columns);
        let near = row.saturating_sub(1)..(row + 2).min(rows);
        near.flat_map(move |j| {
            (column.saturating_sub(1)..(column + 2).min(columns)).map(move |i| j * columns + i)
        })
    };
    (0..sums.len())
        .map(|index| mean(&mut std::iter::once(index)).or_else(|| mean(&mut around(index))))
        .collect()
}

/// A shift that changes evenly over the picture.
#[derive(Clone, Copy, Debug, Default)]
struct Drift {
    /// For each axis: constant, and per pixel along u and v from the middle.
    parts: [[f64; 3]; 2],
    middle: [f64; 2],
}

impl Drift {
    fn at(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        let (x, y) = (u - self.middle[0], v - self.middle[1]);
        self.parts.map(|[constant, along_u, along_v]| constant + along_u * x + along_v * y)
    }

    /// By least squares over the cells in `ground`, those that move otherwise left out round by round.
    fn fit(middles: &[[f64; 2]], shifts: &[[f64; 2]], ground: &[usize], size: [f64; 2]) -> Self {
        let mut drift = Self { middle: size.map(|s| 0.5 * s), ..Self::default() };
        let mut kept: Vec<usize> = ground.to_vec();
        // The median is a better beginning than the mean of what a crowd may have got into.
        for (axis, parts) in drift.parts.iter_mut().enumerate() {
            parts[0] = median(ground.iter().map(|index| shifts[*index][axis]).collect());
        }
        for _ in 0..ROUNDS {
            let off = |index: usize| {
                let [u, v] = minus(shifts[index], drift.at(middles[index]));
                u.hypot(v)
            };
            let limit = OUTLIER_MADS * median(kept.iter().map(|index| off(*index)).collect()).max(0.02);
            let near: Vec<usize> = ground.iter().copied().filter(|index| off(*index) <= limit).collect();
            if near.len() < GROUND_CELLS_MIN {
                break;
            }
            let Some(better) = drift.least_squares(middles, shifts, &near) else { break };
            (drift, kept) = (better, near);
        }
        drift
    }

    fn least_squares(&self, middles: &[[f64; 2]], shifts: &[[f64; 2]], cells: &[usize]) -> Option<Self> {
        let (mut sums, mut sides) = ([[0.0; 3]; 3], [[0.0; 3]; 2]);
        // Pixels in halves of the picture, so that all sums are of one size.
        let scale = self.middle[0].max(1.0);
        for index in cells {
            let [u, v] = minus(middles[*index], self.middle).map(|px| px / scale);
            let row = [1.0, u, v];
            for i in 0..3 {
                for j in 0..3 {
                    sums[i][j] += row[i] * row[j];
                }
                for axis in 0..2 {
                    sides[axis][i] += row[i] * shifts[*index][axis];
                }
            }
        }
        let determinant = |m: &[[f64; 3]; 3]| {
            m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
        };
        let whole = determinant(&sums);
        // Ground that all lies on one line tells nothing across it.
        if whole.abs() < 1e-6 * (cells.len() as f64).powi(3) {
            return None;
        }
        let parts = sides.map(|side| {
            [0, 1, 2].map(|k| {
                let mut replaced = sums;
                for row in 0..3 {
                    replaced[row][k] = side[row];
                }
                determinant(&replaced) / whole / if k == 0 { 1.0 } else { scale }
            })
        });
        Some(Self { parts, ..*self })
    }
}

/// People in each cell of the motion and its neighbours: a head's body hangs below it.
fn people_in(cells: &Cells, people: Option<&DensityMap>) -> Vec<f64> {
    let mut inside = vec![0.0; cells.columns * cells.rows];
    let Some(map) = people else { return inside };
    for (index, people) in map.people_per_cell.iter().enumerate().filter(|(_, people)| **people > 0.0) {
        let (row, column) = (index / map.width_cells, index % map.width_cells);
        let at = [(column as f64 + 0.5) * map.px_per_cell_x, (row as f64 + 0.5) * map.px_per_cell_y];
        let [i, j] = at.map(|px| (px / cells.image_px_per_cell) as usize);
        for below in 0..=1 {
            if i < cells.columns && j + below < cells.rows {
                inside[(j + below) * cells.columns + i] += f64::from(*people);
            }
        }
    }
    inside
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    [0, 1, 2].map(|i| [0, 1, 2].map(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// The middle of some numbers; 0 of none.
fn median(mut numbers: Vec<f64>) -> f64 {
    let middle = numbers.len() / 2;
    if numbers.is_empty() { 0.0 } else { *numbers.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_moves_as_its_heads_do_or_those_beside_it() {
        let cells = Cells { columns: 5, rows: 4, image_px_per_cell: 10.0 };
        let walk = |at_px, shift_px| Walk { at_px, shift_px };
        let walks =
            [walk([12.0, 12.0], [2.0, 0.0]), walk([18.0, 15.0], [4.0, 2.0]), walk([25.0, 12.0], [9.0, 9.0])];
        let found = heads_moved(&cells, &walks);
        assert_eq!(found[5 + 1], Some([3.0, 1.0]));
        assert_eq!(found[5 + 2], Some([9.0, 9.0]));
        assert_eq!(found[0], Some([3.0, 1.0]), "beside it");
        assert_eq!(found[5 + 3], Some([9.0, 9.0]));
        assert_eq!(found[5 + 4], None);
    }

    #[test]
    fn the_grounds_drift_is_found_among_those_who_walk() {
        let cells = Cells { columns: 40, rows: 22, image_px_per_cell: 24.0 };
        let middles: Vec<[f64; 2]> = (0..880).map(|index| cells.middle_px(index)).collect();
        let truth = Drift { parts: [[1.5, 0.001, -0.002], [-0.7, 0.0005, 0.001]], middle: [480.0, 264.0] };
        let shifts: Vec<[f64; 2]> = middles
            .iter()
            .enumerate()
            .map(|(index, middle)| {
                let [u, v] = truth.at(*middle);
                // A third of the cells are people whom the counter did not see.
                if index % 3 == 0 { [u + 6.0, v - 2.0] } else { [u, v] }
            })
            .collect();
        let ground: Vec<usize> = (0..880).collect();
        let found = Drift::fit(&middles, &shifts, &ground, [960.0, 528.0]);
        for middle in [[0.0, 0.0], [960.0, 0.0], [480.0, 264.0]] {
            let [u, v] = minus(found.at(middle), truth.at(middle));
            assert!(u.hypot(v) < 1e-6, "{u} {v}");
        }
    }

    #[test]
    fn ground_on_a_line_tells_nothing_across_it() {
        let middles: Vec<[f64; 2]> = (0..100).map(|k| [f64::from(k), 5.0]).collect();
        let cells: Vec<usize> = (0..100).collect();
        let none = Drift { middle: [50.0, 5.0], ..Drift::default() };
        assert!(none.least_squares(&middles, &vec![[1.0, 0.0]; 100], &cells).is_none());
    }
}
