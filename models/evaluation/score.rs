//! One counted picture against its truth.

use throng_analytics::density_map::DensityMap;

use super::matching;
use crate::counter::PictureCount;

/// Levels of the grid average mean absolute error: `GAME(L)` sums the errors of `4^L` equal parts of the picture.
pub const GAME_LEVELS: usize = 4;

/// Where the people of a picture are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Head points `[x, y]` in pixels of the picture.
    pub heads_px: Vec<[f64; 2]>,
    /// Rectangles `[x, y, width, height]` in pixels that hold people nobody marked: neither truth nor count is taken
    /// from them.
    pub ignored_px: Vec<[f64; 4]>,
}

impl Truth {
    fn is_ignored(&self, [x, y]: [f64; 2]) -> bool {
        self.ignored_px.iter().any(|[left, top, width, height]| {
            (*left..left + width).contains(&x) && (*top..top + height).contains(&y)
        })
    }
}

/// How a count compares with its truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// True people.
    pub people_true: f64,
    /// People counted.
    pub people: f64,
    /// Whether the published 90 % interval holds the true number.
    pub is_covered: bool,
    /// Sum of the absolute errors of `4^L` parts of the picture, for `L` = 0, 1, 2, 3, people.
    pub game: [f64; GAME_LEVELS],
    /// Heads found, true heads, and heads that are both, within the radius.
    pub heads: HeadMatches,
    /// Seconds that counting took.
    pub secs: f64,
}

/// Heads found and true heads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadMatches {
    /// Heads found.
    pub found: usize,
    /// True heads.
    pub truth: usize,
    /// Pairs of a found and a true head within the radius.
    pub pairs: usize,
}

/// Compares a valid count of a picture of `size_px` (width, height) with its truth; heads are the same within
/// `radius_px`.
pub fn score(count: &PictureCount, truth: &Truth, size_px: [f64; 2], radius_px: f64, secs: f64) -> Score {
    let heads_true: Vec<[f64; 2]> =
        truth.heads_px.iter().copied().filter(|head| !truth.is_ignored(*head)).collect();
    let heads_found: Vec<[f64; 2]> =
        count.heads_px().into_iter().filter(|head| !truth.is_ignored(*head)).collect();
    let density = without_ignored(&count.density, truth);
    let (people_true, people) = (heads_true.len() as f64, density.people());
    // The interval is of the whole picture; of its part, the same part.
    let part = if count.people > 0.0 { people / count.people } else { 1.0 };
    let errors = |level: u32| -> f64 {
        let side = 1_usize << level;
        let truth = points_per_part(&heads_true, size_px, side);
        let counted = people_per_part(&density, size_px, side);
        truth.iter().zip(&counted).map(|(truth, counted)| (truth - counted).abs()).sum()
    };
    Score {
        people_true,
        people,
        is_covered: (count.people_lo * part..=count.people_hi * part.max(f64::MIN_POSITIVE))
            .contains(&people_true),
        game: [0, 1, 2, 3].map(errors),
        heads: HeadMatches {
            found: heads_found.len(),
            truth: heads_true.len(),
            pairs: matching::pairs(&heads_found, &heads_true, radius_px),
        },
        secs,
    }
}

/// The map with nobody in the cells whose middle is ignored.
fn without_ignored(map: &DensityMap, truth: &Truth) -> DensityMap {
    let mut map = map.clone();
    if truth.ignored_px.is_empty() {
        return map;
    }
    for (cell, people) in map.people_per_cell.iter_mut().enumerate() {
        let (x, y) = (cell % map.width_cells, cell / map.width_cells);
        let middle = [(x as f64 + 0.5) * map.px_per_cell_x, (y as f64 + 0.5) * map.px_per_cell_y];
        if truth.is_ignored(middle) {
            *people = 0.0;
        }
    }
    map
}

/// Heads in each of `side * side` equal parts of the picture.
fn points_per_part(heads_px: &[[f64; 2]], size_px: [f64; 2], side: usize) -> Vec<f64> {
    let mut parts = vec![0.0; side * side];
    let part = |at_px: f64, size_px: f64| ((at_px / size_px * side as f64) as usize).min(side - 1);
    for [x, y] in heads_px {
        parts[part(*y, size_px[1]) * side + part(*x, size_px[0])] += 1.0;
    }
    parts
}

/// People of the map in each of `side * side` equal parts of the picture; a cell on a border is shared by area.
fn people_per_part(map: &DensityMap, size_px: [f64; 2], side: usize) -> Vec<f64> {
    let columns = shares(map.width_cells, map.px_per_cell_x, size_px[0], side);
    let rows = shares(map.height_cells, map.px_per_cell_y, size_px[1], side);
    let mut parts = vec![0.0; side * side];
    for (row, people_of_row) in map.people_per_cell.chunks_exact(map.width_cells.max(1)).enumerate() {
        for (people, column) in people_of_row.iter().zip(&columns) {
            for (down, row_share) in &rows[row] {
                for (across, column_share) in column {
                    parts[down * side + across] += f64::from(*people) * row_share * column_share;
                }
            }
        }
    }
    parts
}

/// For each cell along one axis, the parts it lies in and its share in each; what reaches past the picture belongs to
/// the last part.
fn shares(cells: usize, px_per_cell: f64, size_px: f64, side: usize) -> Vec<Vec<(usize, f64)>> {
    let part_px = size_px / side as f64;
    (0..cells)
        .map(|cell| {
            let (from, to) = (cell as f64 * px_per_cell, (cell + 1) as f64 * px_per_cell);
            let first = ((from / part_px) as usize).min(side - 1);
            let last = ((to / part_px) as usize).min(side - 1);
            (first..=last)
                .map(|part| {
                    let end = if part == side - 1 { f64::INFINITY } else { (part + 1) as f64 * part_px };
                    let begin = part as f64 * part_px;
                    (part, ((to.min(end) - from.max(begin)) / px_per_cell).max(0.0))
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::Validity;

    fn counted(width: usize, height: usize, people: Vec<f32>) -> PictureCount {
        let density = DensityMap::new(width, height, 8.0, 8.0, people).unwrap();
        let people = density.people();
        PictureCount {
            people,
            people_lo: people * 0.5,
            people_hi: people * 2.0,
            density,
            detected_heads_px: None,
            detected_head_widths_px: None,
            validity: Validity::Valid,
            inference_secs: 0.0,
        }
    }

    fn truth(heads_px: &[[f64; 2]]) -> Truth {
        Truth { heads_px: heads_px.to_vec(), ignored_px: Vec::new() }
    }

    #[test]
    fn a_count_in_the_wrong_place_shows_in_the_grid_alone() {
        // One person at the top left, counted at the bottom right.
        let mut people = vec![0.0; 64];
        people[63] = 1.0;
        let score = score(&counted(8, 8, people), &truth(&[[4.0, 4.0]]), [64.0, 64.0], 8.0, 0.0);
        assert!(
            score.game.iter().zip([0.0, 2.0, 2.0, 2.0]).all(|(is, should)| (is - should).abs() < 1e-9),
            "{:?}",
            score.game
        );
        assert_eq!(score.heads, HeadMatches { found: 1, truth: 1, pairs: 0 });
        assert!(score.is_covered);
    }

    #[test]
    fn a_cell_on_a_border_is_shared_by_area() {
        // A picture of 20 x 8 px: the border at 10 px cuts the second of three cells at a quarter.
        let parts = people_per_part(&counted(3, 1, vec![1.0, 4.0, 2.0]).density, [20.0, 8.0], 2);
        assert!(
            (parts[0] + parts[2] - 2.0).abs() < 1e-9 && (parts[1] + parts[3] - 5.0).abs() < 1e-9,
            "{parts:?}"
        );
    }

    #[test]
    fn nothing_is_taken_from_ignored_rectangles() {
        let mut people = vec![0.0; 64];
        (people[0], people[63]) = (1.0, 1.0);
        let mut truth = truth(&[[4.0, 4.0], [60.0, 60.0]]);
        truth.ignored_px.push([32.0, 32.0, 32.0, 32.0]);
        let score = score(&counted(8, 8, people), &truth, [64.0, 64.0], 8.0, 0.0);
        assert_eq!((score.people_true, score.people), (1.0, 1.0));
        assert_eq!(score.heads, HeadMatches { found: 1, truth: 1, pairs: 1 });
    }
}
