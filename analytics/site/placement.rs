//! What it does to a zone's density that nobody knows exactly where the picture of a moving camera lies.
//!
//! The people of a picture are put on the ground once more for each number of the pose, a standard deviation too large and
//! too small. How much the zone's people change by that is the error, whatever it comes from: a scale that is off thins a
//! crowd out, a picture that is off by a metre moves its edge into the zone or out of it. Formulas for the scale alone
//! (analytics specification 4.2) miss the second, which is the larger one for a crowd that ends inside of a zone.

use crate::{
    camera::{Homography, MovingView},
    density_map::DensityMap,
    ground::GroundGrid,
};

/// The ways in which a picture may be off, and its people on the ground in each.
#[derive(Clone, Debug, Default)]
pub(super) struct Placement {
    astray: Vec<[Homography; 2]>,
    /// People in each cell of the grid where the telemetry is right, and astray.
    people_per_cell: Vec<f64>,
    people_astray: Vec<[Vec<f64>; 2]>,
}

impl Placement {
    pub(super) fn of(view: &MovingView) -> Self {
        Self { astray: view.astray().to_vec(), ..Self::default() }
    }

    /// Takes in the people of a picture; nothing for a camera that stands still.
    pub(super) fn project(
        &mut self,
        grid: &GroundGrid,
        map: &DensityMap,
        head_plane_from_image: &Homography,
    ) {
        if self.astray.is_empty() {
            return;
        }
        self.people_per_cell = splat(grid, map, head_plane_from_image);
        self.people_astray =
            self.astray.iter().map(|pair| [0, 1].map(|side| splat(grid, map, &pair[side]))).collect();
    }

    /// Standard deviation of the people in some cells, each with the share that counts.
    pub(super) fn sigma_people(&self, cells: &[(usize, f64)]) -> f64 {
        let people = |field: &[f64]| cells.iter().map(|(index, share)| field[*index] * share).sum::<f64>();
        if self.people_astray.is_empty() {
            return 0.0;
        }
        let here = people(&self.people_per_cell);
        let variance =
            |pair: &[Vec<f64>; 2]| pair.iter().map(|field| (people(field) - here).powi(2)).sum::<f64>() / 2.0;
        self.people_astray.iter().map(variance).sum::<f64>().sqrt()
    }
}

/// People in each cell of the grid: those of a cell of the map stand in its middle, and are shared among the four nearest
/// cells, so that the sum changes smoothly with where the picture lies.
fn splat(grid: &GroundGrid, map: &DensityMap, head_plane_from_image: &Homography) -> Vec<f64> {
    let mut people_per_cell = vec![0.0; grid.len()];
    for (index, people) in map.people_per_cell.iter().enumerate().filter(|(_, people)| **people > 0.0) {
        let (row, column) = (index / map.width_cells, index % map.width_cells);
        let middle = [(column as f64 + 0.5) * map.px_per_cell_x, (row as f64 + 0.5) * map.px_per_cell_y];
        let Some(place_m) = head_plane_from_image.apply(middle) else { continue };
        let at = [0, 1].map(|axis| (place_m[axis] - grid.origin_m[axis]) / grid.cell_m - 0.5);
        let [near, part] = [at.map(f64::floor), at.map(|v| v - v.floor())];
        for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            let corner = [near[0] + dx, near[1] + dy];
            let weight = |d: f64, part: f64| if d > 0.5 { part } else { 1.0 - part };
            let centre_m = [0, 1].map(|axis| grid.origin_m[axis] + (corner[axis] + 0.5) * grid.cell_m);
            if let Some(cell) = grid.index_at(centre_m) {
                people_per_cell[cell] += f64::from(*people) * weight(dx, part[0]) * weight(dy, part[1]);
            }
        }
    }
    people_per_cell
}
