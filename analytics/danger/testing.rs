//! Crowds on a small grid whose density and motion are known.

use crate::{
    flow_field::{CellMotion, FlowField},
    ground::GroundGrid,
    time::Timestamp,
};

/// A square of `side` cells of 0.5 m, all measured and all in the zone, with the same number of people everywhere.
pub(super) struct Square {
    pub(super) grid: GroundGrid,
    pub(super) cells: Vec<(usize, f64)>,
    pub(super) field: FlowField,
    pub(super) people: Vec<f64>,
    measured: Vec<bool>,
    velocities: Vec<[f32; 2]>,
}

impl Square {
    pub(super) fn new(side: usize, density_people_per_m2: f64) -> Self {
        let grid = GroundGrid {
            origin_m: [-0.25 * side as f64; 2],
            cell_m: 0.5,
            width_cells: side,
            height_cells: side,
        };
        let measured = vec![true; side * side];
        Self {
            grid,
            cells: (0..side * side).map(|index| (index, 1.0)).collect(),
            field: FlowField::new(&grid, &measured),
            people: vec![density_people_per_m2 * 0.25; side * side],
            measured,
            velocities: vec![[0.0; 2]; side * side],
        }
    }

    /// Middle of a cell, metres.
    pub(super) fn middle_m(&self, index: usize) -> [f64; 2] {
        let at = [index % self.grid.width_cells, index / self.grid.width_cells];
        [0, 1].map(|axis| self.grid.origin_m[axis] + (at[axis] as f64 + 0.5) * self.grid.cell_m)
    }

    /// Everyone moves as `velocity` says of a cell's index and middle; `sigma_m_per_s` is the error stated.
    pub(super) fn moves(
        &mut self,
        sigma_m_per_s: Option<f64>,
        mut velocity: impl FnMut(usize, [f64; 2]) -> [f64; 2],
    ) -> &FlowField {
        for index in 0..self.velocities.len() {
            self.velocities[index] = velocity(index, self.middle_m(index)).map(|v| v as f32);
        }
        let motion =
            CellMotion { velocity_m_per_s: &self.velocities, is_known: &self.measured, sigma_m_per_s };
        self.field.update(&self.people, &self.measured, Some(motion));
        &self.field
    }
}

pub(super) fn at(secs: f64) -> Timestamp {
    Timestamp::from_unix_nanos(1_700_000_000_000_000_000) + secs
}

/// Standard normal numbers that are the same in every run (splitmix64 and Box-Muller).
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
