//! Head points from a density map: for tracks, for Voronoi density, and to see what a count was made of.

use std::{cmp::Ordering, collections::BinaryHeap};

use throng_analytics::density_map::DensityMap;

/// Mass that makes a head, in people. Half a person is the boundary at which one head more is as wrong as one less.
const HEAD_PEOPLE: f32 = 0.5;

/// How strongly the middle of the smallest window counts over its surroundings when the clearest head is looked for.
const PEAK_WEIGHT: f32 = 16.0;

/// How far from its peak a head spreads at most, in cells.
const SPREAD_CELLS: usize = 3;

/// Half sides, in cells, of the windows that people are gathered from. Small heads lie within one cell of their peak;
/// what a large or doubtful head leaves over is gathered from further away.
const REACHES_CELLS: [usize; 3] = [1, 2, 3];

/// Head points `[x, y]` in pixels of the picture, the clearest first.
///
/// The window whose middle holds most is taken as a head at its centre of mass (finer than a cell). One person, spread
/// as training spreads a head, is taken out there, until no window holds half a person or there are as many heads as people. So both agree
/// in number also where heads are closer together than the map resolves; only people spread so thin that no window
/// holds half a person have no head. Every point lies within the cells of `map`.
pub fn from_density(map: &DensityMap) -> Vec<[f64; 2]> {
    let mut field = Field { map, people: map.people_per_cell.clone() };
    let people = map.people().round() as usize;
    REACHES_CELLS.iter().flat_map(|reach| field.take_heads(*reach)).take(people).collect()
}

/// The map with the heads found so far taken out.
struct Field<'a> {
    map: &'a DensityMap,
    people: Vec<f32>,
}

/// What a window around a cell holds.
#[derive(Clone, Copy)]
struct Window {
    people: f32,
    /// People weighed by how near they are to the middle.
    clarity: f32,
}

impl Field<'_> {
    fn take_heads(&mut self, reach: usize) -> Vec<[f64; 2]> {
        let mut candidates: BinaryHeap<Candidate> =
            (0..self.people.len()).filter_map(|cell| self.candidate(cell, reach)).collect();
        let mut heads = Vec::new();
        while let Some(best) = candidates.pop() {
            // Its surroundings may have been taken since it was put here; then a newer entry stands for it.
            let now = self.window(best.cell, reach);
            if now.people < HEAD_PEOPLE || now.clarity < best.clarity {
                continue;
            }
            heads.push(self.take(best.cell, reach, now));
            let (x, y) = self.place(best.cell);
            for cell in self.cells_around(x, y, SPREAD_CELLS + reach) {
                candidates.extend(self.candidate(cell, reach));
            }
        }
        heads
    }

    fn candidate(&self, cell: usize, reach: usize) -> Option<Candidate> {
        if self.people[cell] <= 0.0 {
            return None;
        }
        let Window { people, clarity } = self.window(cell, reach);
        (people >= HEAD_PEOPLE).then_some(Candidate { clarity, cell })
    }

    fn window(&self, cell: usize, reach: usize) -> Window {
        let (x, y) = self.place(cell);
        let mut window = Window { people: 0.0, clarity: 0.0 };
        for other in self.cells_around(x, y, reach) {
            let (other_x, other_y) = self.place(other);
            let nearness = (reach + 1 - x.abs_diff(other_x)) * (reach + 1 - y.abs_diff(other_y));
            let weight = match (reach, other == cell) {
                (1, true) => PEAK_WEIGHT,
                (1, false) => 1.0,
                _ => nearness as f32,
            };
            window.people += self.people[other];
            window.clarity += self.people[other] * weight;
        }
        window
    }

    /// Takes at most one person out of a window; gives the window's centre of mass.
    fn take(&mut self, cell: usize, reach: usize, window: Window) -> [f64; 2] {
        let (x, y) = self.place(cell);
        let (mut sum_x, mut sum_y, mut sum) = (0.0, 0.0, 0.0);
        for other in self.cells_around(x, y, reach) {
            let (other_x, other_y) = self.place(other);
            let people = f64::from(self.people[other]);
            sum += people;
            sum_x += people * (other_x as f64 + 0.5);
            sum_y += people * (other_y as f64 + 0.5);
        }
        let at = [sum_x / sum, sum_y / sum];
        if reach > 1 || !self.take_spread_head(x, y, at) {
            let left = (window.people - 1.0).max(0.0) / window.people;
            for other in self.cells_around(x, y, reach) {
                self.people[other] *= left;
            }
        }
        [at[0] * self.map.px_per_cell_x, at[1] * self.map.px_per_cell_y]
    }

    /// Takes a head out as training puts it in: over the four cells nearest to `at`, then by a 1-2-1 kernel. `false`,
    /// and nothing taken, where the people there have so different a shape that less than half a head would go.
    fn take_spread_head(&mut self, x: usize, y: usize, at: [f64; 2]) -> bool {
        let share = |at: f64, cell: usize| {
            let part = |offset: f64| (1.0 - (at - 0.5 + offset - cell as f64).abs()).max(0.0);
            0.25 * part(-1.0) + 0.5 * part(0.0) + 0.25 * part(1.0)
        };
        let taken: Vec<(usize, f32)> = self
            .cells_around(x, y, SPREAD_CELLS)
            .map(|cell| {
                let (cell_x, cell_y) = self.place(cell);
                let head = share(at[0], cell_x) * share(at[1], cell_y);
                (cell, self.people[cell].min(head as f32))
            })
            .collect();
        if taken.iter().map(|(_, people)| people).sum::<f32>() < HEAD_PEOPLE {
            return false;
        }
        for (cell, people) in taken {
            self.people[cell] -= people;
        }
        true
    }

    fn place(&self, cell: usize) -> (usize, usize) {
        (cell % self.map.width_cells, cell / self.map.width_cells)
    }

    fn cells_around(&self, x: usize, y: usize, reach: usize) -> impl Iterator<Item = usize> + use<> {
        let (width, height) = (self.map.width_cells, self.map.height_cells);
        let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
        rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
    }
}

/// A cell in the order of its window's clarity; of equals, the first in the map comes first.
#[derive(PartialEq)]
struct Candidate {
    clarity: f32,
    cell: usize,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.clarity.total_cmp(&other.clarity).then_with(|| other.cell.cmp(&self.cell))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heads spread as training spreads them: over the four nearest cells, then by a 1-2-1 kernel.
    fn map_of(width: usize, height: usize, heads_px: &[[f64; 2]]) -> DensityMap {
        let mut people = vec![0.0_f32; width * height];
        for [x_px, y_px] in heads_px {
            let (x, y) = (x_px / 8.0 - 0.5, y_px / 8.0 - 0.5);
            for (cell, value) in people.iter_mut().enumerate() {
                let away = |at: f64, cell: usize| {
                    let part = |offset: f64| (1.0 - (at + offset - cell as f64).abs()).max(0.0);
                    0.25 * part(-1.0) + 0.5 * part(0.0) + 0.25 * part(1.0)
                };
                *value += (away(x, cell % width) * away(y, cell / width)) as f32;
            }
        }
        DensityMap::new(width, height, 8.0, 8.0, people).unwrap()
    }

    fn nearest_px(found: &[[f64; 2]], head: [f64; 2]) -> f64 {
        found.iter().map(|f| (f[0] - head[0]).hypot(f[1] - head[1])).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn lone_heads_are_found_to_a_part_of_a_cell() {
        let heads = [[36.0, 28.0], [91.0, 45.5], [60.2, 77.7]];
        let found = from_density(&map_of(16, 12, &heads));
        assert_eq!(found.len(), 3);
        for head in heads {
            assert!(nearest_px(&found, head) < 2.0, "{head:?} is not in {found:?}");
        }
    }

    #[test]
    fn heads_closer_than_the_map_resolves_keep_their_number() {
        let square = |apart_px: f64| -> Vec<[f64; 2]> {
            (0..64)
                .map(|i| [40.0 + f64::from(i % 8) * apart_px, 40.0 + f64::from(i / 8) * apart_px])
                .collect()
        };
        let found = from_density(&map_of(22, 22, &square(9.0)));
        assert_eq!(found.len(), 64);
        let heads = square(15.0);
        let found = from_density(&map_of(22, 22, &heads));
        assert_eq!(found.len(), 64);
        let near = heads.iter().filter(|head| nearest_px(&found, **head) < 8.0).count();
        assert!(near >= 46, "{near} of 64 heads have a point within a cell");
    }

    #[test]
    fn a_head_spread_thin_is_still_one_head() {
        let map = DensityMap::new(9, 9, 8.0, 8.0, vec![0.9 / 81.0; 81]).unwrap();
        assert_eq!(from_density(&map).len(), 1, "all within seven cells is gathered");
        let haze = DensityMap::new(60, 60, 8.0, 8.0, vec![0.001; 3600]).unwrap();
        assert!(from_density(&haze).is_empty(), "a haze over the whole picture is no head");
    }

    #[test]
    fn an_empty_map_has_no_heads() {
        assert!(from_density(&DensityMap::new(0, 0, 1.0, 1.0, Vec::new()).unwrap()).is_empty());
    }
}
