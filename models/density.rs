//! The density head: people in each cell, put together from tiles and cropped to the picture.

use std::mem;

use throng_analytics::density_map::DensityMap;

use crate::{
    fit::Fit,
    tiling::{Tile, Tiling},
};

/// A head that a model points at, in pixels of its input or of the scaled picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Head {
    /// Its middle, `[x, y]`.
    pub(crate) at_px: [f32; 2],
    /// How wide it is; `None` from a model that does not tell.
    pub(crate) width_px: Option<f32>,
}

/// People in each cell of a scaled picture, while its tiles come in; its memory is kept from picture to picture.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    stride_px: usize,
    width_cells: usize,
    height_cells: usize,
    people: Vec<f32>,
    /// Weights of the columns and rows of the tile that comes in.
    weights: [Vec<f32>; 2],
}

impl Cells {
    /// Begins anew with nobody, in cells of `stride_px`.
    pub(crate) fn clear(&mut self, fit: &Fit, stride_px: usize) {
        self.stride_px = stride_px;
        self.width_cells = fit.scaled_width_px.div_ceil(stride_px);
        self.height_cells = fit.scaled_height_px.div_ceil(stride_px);
        self.people.clear();
        self.people.resize(self.width_cells * self.height_cells, 0.0);
    }

    /// Adds what the network saw in a tile, by the tile's weights.
    ///
    /// `output` is `[input height / stride, input width / stride]`. Cells that lie wholly in the padding are dropped
    /// with the people the network saw there; negative values, which an unconstrained network may give, count as
    /// nobody. `Err` says why the output is no count.
    pub(crate) fn add(&mut self, output: &[f32], tiling: &Tiling, tile: &Tile) -> Result<(), String> {
        tiling.weights(tile, self.stride_px, &mut self.weights);
        let [across, down] = &self.weights;
        let (first_x, first_y) = (tile.x_px / self.stride_px, tile.y_px / self.stride_px);
        let output_width_cells = tile.input_width_px / self.stride_px;
        for (y, (row, row_weight)) in output.chunks_exact(output_width_cells).zip(down).enumerate() {
            for (x, (value, weight)) in row.iter().zip(across).enumerate() {
                if !value.is_finite() {
                    return Err(format!("the model gave {value} people in cell ({x}, {y})"));
                }
                let cell = (first_y + y) * self.width_cells + first_x + x;
                self.people[cell] += row_weight * weight * value.max(0.0);
            }
        }
        Ok(())
    }

    /// One person in the cell under each of `heads`, in pixels of the scaled picture.
    pub(crate) fn add_heads(&mut self, heads: &[Head]) {
        let cell = |at_px: f32, cells: usize| ((at_px as usize) / self.stride_px).min(cells - 1);
        for Head { at_px: [x_px, y_px], .. } in heads {
            let (x, y) = (cell(*x_px, self.width_cells), cell(*y_px, self.height_cells));
            self.people[y * self.width_cells + x] += 1.0;
        }
    }

    /// Puts a map in pixels of the picture into the memory of `map`.
    pub(crate) fn finish(&self, fit: &Fit, map: &mut DensityMap) -> Result<(), String> {
        let px_per_cell_x = self.stride_px as f64 * fit.picture_px_per_scaled_px_x();
        let px_per_cell_y = self.stride_px as f64 * fit.picture_px_per_scaled_px_y();
        let mut people = mem::take(&mut map.people_per_cell);
        people.clear();
        people.extend_from_slice(&self.people);
        *map = DensityMap::new(self.width_cells, self.height_cells, px_per_cell_x, px_per_cell_y, people)
            .map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Keeps those of the `heads` found in a tile, from `first` on, that belong to the tile's part of the picture, and gives
/// them in pixels of the scaled picture: a head that sticks out of the picture counts at its edge, one in the padding is
/// nobody, and one in an overlap belongs to one tile alone.
pub(crate) fn keep_heads_of_tile(heads: &mut Vec<Head>, first: usize, tiling: &Tiling, tile: &Tile) {
    let (width_px, height_px) = (tile.width_px as f32, tile.height_px as f32);
    let mut kept = first;
    for index in first..heads.len() {
        let Head { at_px: [x, y], width_px: head_px } = heads[index];
        let at_px = [x.max(0.0) + tile.x_px as f32, y.max(0.0) + tile.y_px as f32];
        if x <= width_px && y <= height_px && tiling.owns(tile, at_px) {
            heads[kept] = Head { at_px, width_px: head_px };
            kept += 1;
        }
    }
    heads.truncate(kept);
}

/// A map without cells, for a picture that could not be counted.
pub(crate) fn nothing() -> DensityMap {
    DensityMap {
        width_cells: 0,
        height_cells: 0,
        px_per_cell_x: 1.0,
        px_per_cell_y: 1.0,
        people_per_cell: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(at_px: [f32; 2]) -> Head {
        Head { at_px, width_px: None }
    }

    fn finished(cells: &Cells, fit: &Fit) -> Result<DensityMap, String> {
        let mut map = nothing();
        cells.finish(fit, &mut map).map(|()| map)
    }

    /// What a network of stride 8 that takes multiples of 16 px says of a picture in one tile.
    fn map(size_px: (usize, usize), max_side_px: usize, output: &[f32]) -> Result<DensityMap, String> {
        let fit = Fit::within(size_px, max_side_px);
        let tiling = Tiling::up_to(&fit, 16, max_side_px);
        let mut cells = Cells::default();
        cells.clear(&fit, 8);
        for tile in tiling.tiles() {
            cells.add(output, &tiling, &tile)?;
        }
        finished(&cells, &fit)
    }

    #[test]
    fn people_in_the_padding_are_dropped_and_the_rest_is_kept() {
        // 20x9 px picture in a 32x16 input, stride 8: 3x2 of 4x2 cells touch the picture.
        let map = map((20, 9), 64, &[1.0, 2.0, 3.0, 90.0, 4.0, 5.0, 6.0, 90.0]).unwrap();
        assert_eq!((map.width_cells, map.height_cells), (3, 2));
        assert_eq!(map.people_per_cell, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!((map.people() - 21.0).abs() < 1e-9);
    }

    #[test]
    fn cells_grow_with_a_picture_that_was_shrunk() {
        let map = map((128, 64), 64, &[0.5; 32]).unwrap();
        assert!((map.px_per_cell_x - 16.0).abs() < 1e-12 && (map.px_per_cell_y - 16.0).abs() < 1e-12);
    }

    #[test]
    fn negative_values_are_nobody_and_nan_is_no_count() {
        assert!((map((16, 16), 64, &[-1.0, 1.0, 0.0, -0.5]).unwrap().people() - 1.0).abs() < 1e-9);
        let reason = map((16, 16), 64, &[0.0, 0.0, 0.0, f32::NAN]).unwrap_err();
        assert_eq!(reason, "the model gave NaN people in cell (1, 1)");
        assert!(map((16, 16), 64, &[f32::INFINITY, 0.0, 0.0, 0.0]).is_err());
    }

    #[test]
    fn tiles_put_an_even_crowd_together_without_a_seam() {
        let fit = Fit::by_factor((700, 300), 1.0);
        let tiling = Tiling::up_to(&fit, 16, 256);
        let mut cells = Cells::default();
        cells.clear(&fit, 8);
        for tile in tiling.tiles() {
            cells.add(&vec![0.25; tile.input_width_px * tile.input_height_px / 64], &tiling, &tile).unwrap();
        }
        let map = finished(&cells, &fit).unwrap();
        assert_eq!((map.width_cells, map.height_cells), (88, 38));
        assert!(map.people_per_cell.iter().all(|people| (people - 0.25).abs() < 1e-5));
    }

    #[test]
    fn heads_count_one_each_and_those_in_the_padding_none() {
        let fit = Fit::within((20, 9), 64);
        let tiling = Tiling::up_to(&fit, 16, 64);
        let tile = tiling.tiles().next().unwrap();
        let mut heads = [[30.0, 4.0], [1.0, 1.0], [2.0, -3.0], [30.0, 4.0], [19.9, 8.9]].map(head).to_vec();
        // The first is of an earlier tile.
        keep_heads_of_tile(&mut heads, 1, &tiling, &tile);
        assert_eq!(heads, [[30.0, 4.0], [1.0, 1.0], [2.0, 0.0], [19.9, 8.9]].map(head));
        heads.remove(0);
        let mut cells = Cells::default();
        cells.clear(&fit, 8);
        cells.add_heads(&heads);
        assert_eq!(finished(&cells, &fit).unwrap().people_per_cell, [2.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_head_in_an_overlap_is_one_head() {
        let fit = Fit::by_factor((700, 100), 1.0);
        let tiling = Tiling::up_to(&fit, 16, 256);
        let at_px = [200.0, 50.0];
        let seen = |tile: Tile| {
            let mut heads = vec![head([at_px[0] - tile.x_px as f32, at_px[1]])];
            keep_heads_of_tile(&mut heads, 0, &tiling, &tile);
            heads.len()
        };
        assert_eq!(tiling.tiles().map(seen).sum::<usize>(), 1);
    }
}
