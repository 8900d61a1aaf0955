//! People of a picture to people of the ground's cells, none made and none lost.

use super::{GroundGrid, ZoneBorders};
use crate::{camera::Calibration, density_map::DensityMap};

/// The people of one picture on the ground.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroundField {
    /// People in each cell of the grid.
    pub people_per_cell: Vec<f64>,
    /// People of the picture that stand outside the grid or beyond the horizon.
    pub people_elsewhere: f64,
    /// For each zone, the people inside it in those measured cells through which its edge runs.
    pub people_at_borders: Vec<f64>,
}

impl GroundField {
    /// People in a zone, by its place among the borders that the field was projected with, and its measured cells with the
    /// share that lies in it.
    ///
    /// A cell on the edge holds those inside and those outside; its share alone would spread a crowd along a wall to both
    /// sides of it, and lose 7 % of an alley of 3.2 m that lies askew to the grid.
    pub fn people_in(&self, zone: usize, cells: &[(usize, f64)]) -> f64 {
        let within: f64 = cells
            .iter()
            .filter(|(_, share)| *share >= 1.0)
            .map(|(index, _)| self.people_per_cell[*index])
            .sum();
        within + self.people_at_borders.get(zone).copied().unwrap_or(0.0)
    }
}

/// The way from the cells of a density map to the cells of the ground, worked out once for a camera.
#[derive(Clone, Debug)]
pub struct GroundProjection {
    shape: Shape,
    grid_cells: usize,
    /// For each map cell, where its targets end in `targets`.
    ends: Vec<u32>,
    /// Ground cell and the share of the map cell that falls into it.
    targets: Vec<(u32, f32)>,
    zones: usize,
    /// Map cell, zone, and the share of the map cell that falls into the zone on cells of its edge.
    at_borders: Vec<(u32, u32, f32)>,
}

/// What a projection was made for: cells and their size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    width_cells: usize,
    height_cells: usize,
    px_per_cell_x: f64,
    px_per_cell_y: f64,
}

impl Shape {
    fn of(map: &DensityMap) -> Self {
        Self {
            width_cells: map.width_cells,
            height_cells: map.height_cells,
            px_per_cell_x: map.px_per_cell_x,
            px_per_cell_y: map.px_per_cell_y,
        }
    }
}

/// Fewest and most sample points along a side of a map cell: enough that a cell whose footprint covers several ground
/// cells is spread over all of them, bounded near the horizon, where footprints grow without limit.
const SAMPLES_PER_SIDE: (usize, usize) = (4, 12);

impl GroundProjection {
    /// For density maps shaped like `map`, in the calibration image's pixels; `measured` says of each cell of the grid whether
    /// it counts at the borders.
    pub fn new(
        grid: &GroundGrid,
        calibration: &Calibration,
        map: &DensityMap,
        borders: &ZoneBorders,
        measured: &[bool],
    ) -> Self {
        let shape = Shape::of(map);
        let mut at_borders: Vec<(u32, u32, f32)> = Vec::new();
        let mut ends = Vec::with_capacity(map.people_per_cell.len());
        let mut targets: Vec<(u32, f32)> = Vec::new();
        for row in 0..shape.height_cells {
            for column in 0..shape.width_cells {
                let (start, border_start) = (targets.len(), at_borders.len());
                let map_cell = ends.len() as u32;
                let corner = [column as f64 * shape.px_per_cell_x, row as f64 * shape.px_per_cell_y];
                let side = samples_per_side(grid, calibration, &shape, corner);
                let share = 1.0 / (side * side) as f32;
                for k in 0..side * side {
                    let part = [(k % side) as f64 + 0.5, (k / side) as f64 + 0.5].map(|v| v / side as f64);
                    let pixel = [
                        corner[0] + part[0] * shape.px_per_cell_x,
                        corner[1] + part[1] * shape.px_per_cell_y,
                    ];
                    let place = calibration.head_plane_from_image().apply(pixel);
                    let Some((place, index)) = place.and_then(|place| Some((place, grid.index_at(place)?)))
                    else {
                        continue;
                    };
                    for zone in borders.crossing(index).filter(|_| measured[index]) {
                        if !borders.holds(zone, place) {
                            continue;
                        }
                        match at_borders[border_start..].iter_mut().find(|(_, known, _)| *known == zone) {
                            Some((_, _, sum)) => *sum += share,
                            None => at_borders.push((map_cell, zone, share)),
                        }
                    }
                    let index = index as u32;
                    match targets[start..].iter_mut().find(|(known, _)| *known == index) {
                        Some((_, sum)) => *sum += share,
                        None => targets.push((index, share)),
                    }
                }
                ends.push(targets.len() as u32);
            }
        }
        Self { shape, grid_cells: grid.len(), ends, targets, zones: borders.zones(), at_borders }
    }

    /// Whether it was made for maps shaped like this one.
    pub fn fits(&self, map: &DensityMap) -> bool {
        self.shape == Shape::of(map)
    }

    /// Puts the people of `map` on the ground. Mass is kept: cells and `people_elsewhere` sum to the map's people.
    /// `field`'s buffer is reused.
    pub fn project(&self, map: &DensityMap, field: &mut GroundField) {
        field.people_per_cell.clear();
        field.people_per_cell.resize(self.grid_cells, 0.0);
        field.people_elsewhere = 0.0;
        let mut start = 0;
        for (people, end) in map.people_per_cell.iter().zip(&self.ends) {
            let end = *end as usize;
            let people = f64::from(*people);
            let mut placed = 0.0;
            for (index, share) in &self.targets[start..end] {
                field.people_per_cell[*index as usize] += people * f64::from(*share);
                placed += f64::from(*share);
            }
            field.people_elsewhere += people * (1.0 - placed);
            start = end;
        }
        field.people_at_borders.clear();
        field.people_at_borders.resize(self.zones, 0.0);
        for (map_cell, zone, share) in &self.at_borders {
            field.people_at_borders[*zone as usize] +=
                f64::from(map.people_per_cell[*map_cell as usize]) * f64::from(*share);
        }
    }
}

fn samples_per_side(grid: &GroundGrid, calibration: &Calibration, shape: &Shape, corner: [f64; 2]) -> usize {
    let centre = [corner[0] + shape.px_per_cell_x / 2.0, corner[1] + shape.px_per_cell_y / 2.0];
    let footprint_m = calibration.head_plane_from_image().jacobian(centre).map_or(f64::INFINITY, |j| {
        let along_u = j[0][0].hypot(j[1][0]) * shape.px_per_cell_x;
        let along_v = j[0][1].hypot(j[1][1]) * shape.px_per_cell_y;
        along_u.max(along_v)
    });
    let (fewest, most) = SAMPLES_PER_SIDE;
    // Twice as fine as the ground cells, so that none within the footprint is skipped.
    let wanted = (2.0 * footprint_m / grid.cell_m).ceil();
    if wanted.is_finite() { (wanted as usize).clamp(fewest, most) } else { most }
}
