//! A raster over the site's ground plane.

use crate::polygon::Polygon;

/// Most cells of a grid: beyond them cells grow, so that a site of any size fits into memory.
const CELLS_MAX: f64 = 1_048_576.0;

/// Smallest and largest coordinates of something, metres.
pub type Bounds = ([f64; 2], [f64; 2]);

/// A raster over the site's ground plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundGrid {
    /// Lower left corner, metres.
    pub origin_m: [f64; 2],
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells along x.
    pub width_cells: usize,
    /// Cells along y.
    pub height_cells: usize,
}

impl GroundGrid {
    /// The smallest grid that holds all `outlines` with a margin; `None` without outlines. Cells are `cell_m` wide, or as
    /// much wider as a million of them need to cover the ground.
    pub fn around<'a>(
        outlines: impl Iterator<Item = &'a Polygon>,
        margin_m: f64,
        cell_m: f64,
    ) -> Option<Self> {
        Self::over(outlines.map(Polygon::bounds_m), margin_m, cell_m)
    }

    /// The same for anything of which the smallest and largest coordinates are known, metres.
    pub fn over(bounds_m: impl Iterator<Item = Bounds>, margin_m: f64, cell_m: f64) -> Option<Self> {
        let (lo, hi) = bounds_m.reduce(|(lo, hi), (l, h)| {
            ([lo[0].min(l[0]), lo[1].min(l[1])], [hi[0].max(h[0]), hi[1].max(h[1])])
        })?;
        let span_m = [0, 1].map(|axis| hi[axis] - lo[axis] + 2.0 * margin_m);
        let cell_m = cell_m.max((span_m[0] * span_m[1] / CELLS_MAX).sqrt());
        let cells = |axis: usize| (span_m[axis] / cell_m).ceil() as usize;
        Some(Self {
            origin_m: [lo[0] - margin_m, lo[1] - margin_m],
            cell_m,
            width_cells: cells(0),
            height_cells: cells(1),
        })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.width_cells * self.height_cells
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Area of a cell, m2.
    pub fn cell_area_m2(&self) -> f64 {
        self.cell_m * self.cell_m
    }

    /// Index of the cell that holds a point; `None` outside.
    pub fn index_at(&self, point_m: [f64; 2]) -> Option<usize> {
        let column = (point_m[0] - self.origin_m[0]) / self.cell_m;
        let row = (point_m[1] - self.origin_m[1]) / self.cell_m;
        let inside =
            column >= 0.0 && row >= 0.0 && column < self.width_cells as f64 && row < self.height_cells as f64;
        inside.then_some(row as usize * self.width_cells + column as usize)
    }

    /// Centre of a cell, metres.
    pub fn centre_m(&self, index: usize) -> [f64; 2] {
        self.point_m(index, [0.5, 0.5])
    }

    /// A point of a cell, from its lower left corner in parts of its side, metres.
    fn point_m(&self, index: usize, part: [f64; 2]) -> [f64; 2] {
        let (row, column) = (index / self.width_cells.max(1), index % self.width_cells.max(1));
        [
            self.origin_m[0] + (column as f64 + part[0]) * self.cell_m,
            self.origin_m[1] + (row as f64 + part[1]) * self.cell_m,
        ]
    }

    /// The cells that `outline` covers and the share of each.
    pub fn rasterise(&self, outline: &Polygon) -> Vec<(usize, f64)> {
        self.rasterise_by(outline.bounds_m(), |lo, hi| outline.area_between_m2(lo, hi))
    }

    /// The cells between two corners and the share of each that `area_between_m2` says of the cell's own two corners.
    pub fn rasterise_by(
        &self,
        (lo, hi): Bounds,
        area_between_m2: impl Fn([f64; 2], [f64; 2]) -> f64,
    ) -> Vec<(usize, f64)> {
        /// A share within this of none or all of a cell is that.
        const ROUNDING: f64 = 1e-9;
        let first = |axis: usize| ((lo[axis] - self.origin_m[axis]) / self.cell_m).floor().max(0.0) as usize;
        let beyond = |axis: usize, cells: usize| {
            (((hi[axis] - self.origin_m[axis]) / self.cell_m).ceil().max(0.0) as usize).min(cells)
        };
        let columns = first(0)..beyond(0, self.width_cells);
        (first(1)..beyond(1, self.height_cells))
            .flat_map(|row| columns.clone().map(move |column| row * self.width_cells + column))
            .filter_map(|index| {
                let area_m2 =
                    area_between_m2(self.point_m(index, [0.0, 0.0]), self.point_m(index, [1.0, 1.0]));
                let share = area_m2 / self.cell_area_m2();
                let share = if share > 1.0 - ROUNDING { 1.0 } else { share };
                (share > ROUNDING).then_some((index, share))
            })
            .collect()
    }
}
