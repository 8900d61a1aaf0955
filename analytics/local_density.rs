//! Density around a point (Helbing's Gaussian), for display and hot spots; never the ground of a warning.

use crate::ground::{GroundField, GroundGrid};

/// Kernel radius R of `f(d) = exp(-d^2/R^2)/(pi R^2)`, metres: an effective area of 6.28 m2 (analytics
/// specification, decision 6).
pub const RADIUS_M: f64 = 1.0;

/// The kernel on a grid, made once: beyond 2.5 R less than 0.2 % of its mass is left out.
#[derive(Clone, Debug)]
pub struct LocalDensity {
    reach_cells: isize,
    weights: Vec<f64>,
}

impl LocalDensity {
    /// For grids with cells of `cell_m`.
    pub fn new(cell_m: f64) -> Self {
        let reach_cells = (2.5 * RADIUS_M / cell_m).ceil().max(1.0) as isize;
        let weights = (-reach_cells..=reach_cells)
            .flat_map(|dy| (-reach_cells..=reach_cells).map(move |dx| (dx as f64).hypot(dy as f64) * cell_m))
            .map(|d| (-(d / RADIUS_M).powi(2)).exp())
            .collect();
        Self { reach_cells, weights }
    }

    /// People/m2 around the centre of a cell. Only cells in `measured` count, and the kernel is normalised over them,
    /// so that what is not seen and what lies behind a wall does not thin the crowd out. `None` where nothing around
    /// is measured.
    pub fn at(&self, grid: &GroundGrid, field: &GroundField, measured: &[bool], index: usize) -> Option<f64> {
        let (width, height) = (grid.width_cells.cast_signed(), grid.height_cells.cast_signed());
        let (row, column) = (index.cast_signed() / width, index.cast_signed() % width);
        let (mut people, mut mass, mut k) = (0.0, 0.0, 0);
        for y in row - self.reach_cells..=row + self.reach_cells {
            for x in column - self.reach_cells..=column + self.reach_cells {
                let weight = self.weights[k];
                k += 1;
                if x < 0 || y < 0 || x >= width || y >= height {
                    continue;
                }
                let cell = (y * width + x).cast_unsigned();
                if measured[cell] {
                    people += weight * field.people_per_cell[cell];
                    mass += weight;
                }
            }
        }
        (mass > 0.0).then(|| people / (mass * grid.cell_area_m2()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_crowd_has_its_density_everywhere_and_at_the_edge() {
        let grid = GroundGrid { origin_m: [0.0, 0.0], cell_m: 0.5, width_cells: 20, height_cells: 20 };
        let field = GroundField { people_per_cell: vec![4.0 * 0.25; 400], people_elsewhere: 0.0 };
        let kernel = LocalDensity::new(0.5);
        for index in [0, 19, 210, 399] {
            assert!((kernel.at(&grid, &field, &[true; 400], index).unwrap() - 4.0).abs() < 1e-12);
        }
        assert_eq!(kernel.at(&grid, &field, &[false; 400], 210), None);
    }

    #[test]
    fn one_person_peaks_at_one_over_pi() {
        let grid = GroundGrid { origin_m: [0.0, 0.0], cell_m: 0.1, width_cells: 101, height_cells: 101 };
        let mut people_per_cell = vec![0.0; 101 * 101];
        people_per_cell[50 * 101 + 50] = 1.0;
        let field = GroundField { people_per_cell, people_elsewhere: 0.0 };
        let peak = LocalDensity::new(0.1).at(&grid, &field, &[true; 101 * 101], 50 * 101 + 50).unwrap();
        assert!((peak - std::f64::consts::FRAC_1_PI).abs() < 2e-3, "{peak}");
    }
}
