//! Motion in the pictures of a camera that moves itself.
//!
//! Bare ground and heads are looked for one by one in the picture before (`walks`), from where the poses of both pictures say that
//! they were had they stood still; what is left is their own motion. Telemetry is never exact, so the ground has the last word: where
//! nobody stands, what still moves is the poses' error, fitted over the picture (`drift`) and taken out.

use throng_analytics::{density_map::DensityMap, motion_field::MotionField, time::Timestamp};
use throng_models::heads;

use super::{
    drift::{Drift, median},
    ego_motion::{EgoMotion, EgoResidual},
    grey::Grey,
    motion::LONGEST_STEP_SECS,
    walks::{Walk, walks},
};
use crate::stream::frame::Frame;

/// Width that pictures are reduced to, at least: a head is then a few pixels wide from where crowds are filmed.
const WIDTH_PX: usize = 960;

/// Side of a cell of the field, pixels of the reduced picture.
const CELL_PX: usize = 24;

/// Sides of the windows that are compared, pixels: shoulders and a little ground; a cell of ground. In larger ones single points are
/// found better and all of them worse, since the view bends within them.
const HEAD_WINDOW_PX: i32 = 17;
const GROUND_WINDOW_PX: i32 = 25;

/// Every how many cells, across and down, bare ground is looked for: two hundred points tell what the camera did.
const GROUND_EVERY: usize = 2;

/// Parts of the picture, across and down, in each of which the ground must stand still, and fewest points that tell whether it does.
const PARTS: [usize; 2] = [8, 4];
const POINTS_IN_PART_MIN: usize = 4;

/// Most heads looked for in a picture; more say nothing new of how a crowd moves.
const HEADS_MAX: usize = 1000;

/// People in a cell from which on they, not the ground, are what moves in it.
const PEOPLE_MIN: f64 = 0.03;

/// Measures motion for one camera that moves.
#[derive(Default)]
pub struct MovingMeter {
    before: Option<Before>,
    now: Grey,
}

/// The picture before, and when it was.
struct Before {
    grey: Grey,
    session: u64,
    captured_at: Timestamp,
}

impl MovingMeter {
    /// Velocities since the picture before, in pixels a second of an image `image_width_px` wide, freed of what `ego` does to the
    /// picture: of the people on the heads' plane, and of the ground where nobody is; and how far the ground still moves that
    /// should not. `people` tells where they are, in pixels of that image. `None` for the first picture of a session, after a gap
    /// and a change of size, and without poses: nobody knows then what moved.
    ///
    /// # Errors
    /// OpenCV's.
    pub fn measure(
        &mut self,
        frame: &Frame,
        image_width_px: u32,
        ego: Option<&EgoMotion>,
        people: Option<&DensityMap>,
    ) -> anyhow::Result<Option<(MotionField, EgoResidual)>> {
        let Some(picture) = frame.rgb() else { return Ok(None) };
        let factor = (picture.width_px() / WIDTH_PX).max(1);
        self.now.reduce(picture, factor);
        let image_px_per_px = f64::from(image_width_px) * factor as f64 / picture.width_px() as f64;
        let recycled = self.before.take();
        let measured = match (&recycled, ego) {
            (Some(before), Some(ego)) if before.session == frame.session => {
                let step_secs = frame.captured_at.secs_since(before.captured_at);
                let is_near = step_secs > 0.0 && step_secs <= LONGEST_STEP_SECS;
                let pair = Pair { earlier: &before.grey, now: &self.now, image_px_per_px };
                is_near.then(|| pair.motion(ego, people, step_secs)).transpose()?.flatten()
            }
            _ => None,
        };
        let room = recycled.map_or_else(Grey::default, |before| before.grey);
        let grey = std::mem::replace(&mut self.now, room);
        self.before = Some(Before { grey, session: frame.session, captured_at: frame.captured_at });
        Ok(measured)
    }
}

/// Two pictures that are compared.
struct Pair<'a> {
    earlier: &'a Grey,
    now: &'a Grey,
    /// Pixels of the calibration image to one of the pictures.
    image_px_per_px: f64,
}

impl Pair<'_> {
    fn motion(
        &self,
        ego: &EgoMotion,
        people: Option<&DensityMap>,
        step_secs: f64,
    ) -> anyhow::Result<Option<(MotionField, EgoResidual)>> {
        let k = self.image_px_per_px;
        let cells = Cells {
            columns: self.now.width_px / CELL_PX,
            rows: self.now.height_px / CELL_PX,
            side_px: CELL_PX as f64 * k,
        };
        let size_px = [self.now.width_px as f64 * k, self.now.height_px as f64 * k];
        let people_in_cells = cells.people(people);
        // What has only now come into the picture has no motion yet.
        let was_seen = |at_px: &[f64; 2]| {
            let was = ego.ground.was(*at_px);
            was.is_some_and(|[u, v]| (0.0..size_px[0]).contains(&u) && (0.0..size_px[1]).contains(&v))
        };
        let is_bare = |index: &usize| people_in_cells[*index] < PEOPLE_MIN;
        let bare_px: Vec<[f64; 2]> =
            cells.some().filter(is_bare).map(|index| cells.middle_px(index)).filter(was_seen).collect();
        let ground = walks(self.earlier, self.now, &bare_px, k, &ego.ground, GROUND_WINDOW_PX)?;
        let mut heads_px = people.map_or_else(Vec::new, heads::from_density);
        heads_px.truncate(HEADS_MAX);
        let heads = walks(self.earlier, self.now, &heads_px, k, &ego.heads, HEAD_WINDOW_PX)?;

        let (at_px, shifts_px): (Vec<_>, Vec<_>) =
            ground.iter().map(|walk| (walk.at_px, walk.shift_px)).unzip();
        let drift = Drift::fit(&at_px, &shifts_px, size_px);
        let own = |walk: &Walk| minus(walk.shift_px, drift.at(walk.at_px));
        let residual = EgoResidual {
            by_poses_px: drift.mean_px(size_px),
            left_px: left_px(&ground, own, size_px),
            points_px: median(ground.iter().map(own).map(|[u, v]| u.hypot(v)).collect()),
        };

        let (ground, heads) = (cells.means(&ground, own), cells.means(&heads, own));
        let known = |index: usize| {
            if is_bare(&index) { ground[index] } else { heads[index].or_else(|| cells.around(&heads, index)) }
        };
        let known: Vec<Option<[f64; 2]>> = (0..cells.len()).map(known).collect();
        let velocities = known.iter().map(|px| px.unwrap_or_default().map(|px| (px / step_secs) as f32));
        let field =
            MotionField::new(cells.columns, cells.rows, cells.side_px, cells.side_px, velocities.collect());
        let is_unknown = known.iter().map(Option::is_none).collect();
        Ok(field.ok().map(|field| (field.without_cells(is_unknown), residual)))
    }
}

/// How far a part of the ground still moves, by the median of its points: the middle one of all parts, pixels. A point alone is found
/// no better than to a seventh of a pixel; what the camera did all of them share.
fn left_px(ground: &[Walk], own: impl Fn(&Walk) -> [f64; 2], size_px: [f64; 2]) -> f64 {
    let mut parts = vec![[const { Vec::new() }; 2]; PARTS[0] * PARTS[1]];
    for walk in ground {
        let [i, j] =
            [0, 1].map(|k| ((walk.at_px[k] / size_px[k] * PARTS[k] as f64) as usize).min(PARTS[k] - 1));
        let [u, v] = own(walk);
        parts[j * PARTS[0] + i][0].push(u);
        parts[j * PARTS[0] + i][1].push(v);
    }
    let told = parts.into_iter().filter(|[u, _]| u.len() >= POINTS_IN_PART_MIN);
    median(told.map(|part| part.map(median)).map(|[u, v]| u.hypot(v)).collect())
}

/// The cells of a motion field.
#[derive(Clone, Copy, Debug)]
struct Cells {
    columns: usize,
    rows: usize,
    /// Side of a cell, pixels of the calibration image.
    side_px: f64,
}

impl Cells {
    fn len(&self) -> usize {
        self.columns * self.rows
    }

    /// Some of them, evenly all over the picture.
    fn some(&self) -> impl Iterator<Item = usize> + use<> {
        let columns = self.columns;
        let rows = (0..self.rows).step_by(GROUND_EVERY);
        rows.flat_map(move |row| (0..columns).step_by(GROUND_EVERY).map(move |column| row * columns + column))
    }

    /// Middle of a cell, pixels of the calibration image.
    fn middle_px(&self, index: usize) -> [f64; 2] {
        [index % self.columns, index / self.columns].map(|k| (k as f64 + 0.5) * self.side_px)
    }

    fn index_at(&self, at_px: [f64; 2]) -> Option<usize> {
        let [column, row] = at_px.map(|px| (px / self.side_px) as usize);
        (column < self.columns && row < self.rows).then_some(row * self.columns + column)
    }

    /// People in each cell and its neighbour above: a head's body hangs below it.
    fn people(&self, people: Option<&DensityMap>) -> Vec<f64> {
        let mut inside = vec![0.0; self.len()];
        let Some(map) = people else { return inside };
        for (index, people) in map.people_per_cell.iter().enumerate().filter(|(_, people)| **people > 0.0) {
            let (row, column) = (index / map.width_cells, index % map.width_cells);
            let at = [(column as f64 + 0.5) * map.px_per_cell_x, (row as f64 + 0.5) * map.px_per_cell_y];
            let below = [at[0], at[1] + self.side_px];
            for cell in [at, below].into_iter().filter_map(|at| self.index_at(at)) {
                inside[cell] += f64::from(*people);
            }
        }
        inside
    }

    /// The mean of what moved in each cell.
    fn means(&self, walks: &[Walk], own: impl Fn(&Walk) -> [f64; 2]) -> Vec<Option<[f64; 2]>> {
        let mut sums = vec![([0.0; 2], 0.0); self.len()];
        for walk in walks {
            if let Some(index) = self.index_at(walk.at_px) {
                let ([u, v], (sum, n)) = (own(walk), &mut sums[index]);
                *sum = [sum[0] + u, sum[1] + v];
                *n += 1.0;
            }
        }
        sums.into_iter().map(|(sum, n)| (n > 0.0).then(|| sum.map(|px| px / n))).collect()
    }

    /// The mean of the cells around one, of those that are known.
    fn around(&self, means: &[Option<[f64; 2]>], index: usize) -> Option<[f64; 2]> {
        let (row, column) = (index / self.columns, index % self.columns);
        let rows = row.saturating_sub(1)..(row + 2).min(self.rows);
        let columns = column.saturating_sub(1)..(column + 2).min(self.columns);
        let near = rows.flat_map(|j| columns.clone().map(move |i| j * self.columns + i));
        let (sum, n) = near
            .filter_map(|near| means[near])
            .fold(([0.0; 2], 0.0), |(sum, n), [u, v]| ([sum[0] + u, sum[1] + v], n + 1.0));
        (n > 0.0).then(|| sum.map(|px| px / n))
    }
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_moves_as_its_heads_do_or_those_beside_it() {
        let cells = Cells { columns: 5, rows: 4, side_px: 10.0 };
        let walk = |at_px, shift_px| Walk { at_px, shift_px };
        let walks =
            [walk([12.0, 12.0], [2.0, 0.0]), walk([18.0, 15.0], [4.0, 2.0]), walk([25.0, 12.0], [9.0, 9.0])];
        let found = cells.means(&walks, |walk| walk.shift_px);
        assert_eq!(found[5 + 1], Some([3.0, 1.0]));
        assert_eq!(found[5 + 2], Some([9.0, 9.0]));
        assert_eq!((found[0], cells.around(&found, 0)), (None, Some([3.0, 1.0])), "beside it");
        assert_eq!(cells.around(&found, 5 + 3), Some([9.0, 9.0]));
        assert_eq!(cells.around(&found, 5 + 4), None);
    }

    #[test]
    fn a_part_of_the_ground_moves_as_its_points_do_together() {
        // Each point is found 0.3 px off to some side, and all of the ground has moved by 0.05.
        let walk = |k: u32| {
            let (sin, cos) = (2.4 * f64::from(k)).sin_cos();
            Walk {
                at_px: [f64::from(k % 80) * 10.0 + 5.0, f64::from(k / 80) * 10.0 + 5.0],
                shift_px: [0.05 + 0.3 * cos, 0.3 * sin],
            }
        };
        let ground: Vec<Walk> = (0..80 * 40).map(walk).collect();
        let left = left_px(&ground, |walk| walk.shift_px, [800.0, 400.0]);
        // The median of cosines is as wide as it is narrow: a hundred points tell it to a fifth of their spread.
        assert!((left - 0.05).abs() < 0.06, "{left}");
        assert!(left_px(&ground[..3], |walk| walk.shift_px, [800.0, 400.0]) < 1e-9, "too few points");
    }

    #[test]
    fn a_body_hangs_below_its_head() {
        let cells = Cells { columns: 3, rows: 3, side_px: 10.0 };
        let mut people = vec![0.0; 36];
        people[6 + 1] = 1.0;
        let map = DensityMap::new(6, 6, 5.0, 5.0, people).unwrap();
        assert_eq!(cells.people(Some(&map)), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(cells.people(None), [0.0; 9]);
    }
}
