//! Density and velocity around every place of the ground at one instant, with Helbing's kernel: for hot spots and the
//! measures of danger, never the ground of a warning on density alone.

use crate::ground::GroundGrid;

/// Kernel radius R of `f(d) = exp(-d^2/R^2)/(pi R^2)`, metres: an effective area of 6.28 m2 (analytics
/// specification, decision 6).
pub const RADIUS_M: f64 = 1.0;

/// Fewest people under the kernel, weighted by `f/f(0)`, whose velocity has a mean (our proposal).
const PEOPLE_MIN: f32 = 0.05;

/// The people of one picture and how they move, cell by cell of the grid, before smoothing.
#[derive(Clone, Copy, Debug)]
pub struct CellMotion<'a> {
    /// Velocity of the people in each cell, m/s; whatever where `is_known` is false.
    pub velocity_m_per_s: &'a [[f32; 2]],
    /// Whether the velocity of a cell is known.
    pub is_known: &'a [bool],
    /// Standard deviation of one person's measured velocity along either axis, m/s; `None` where nobody knows, which
    /// leaves out whatever needs it.
    pub sigma_m_per_s: Option<f64>,
}

/// Smoothed density and velocity of the cells of a grid.
///
/// `rho = sum f p / sum f a` over the measured cells, with `p` the people and `a` the area of a cell: normalised, so
/// that what is not seen and what lies behind a wall does not thin the crowd out. `V = sum f p v / sum f p` (Helbing,
/// Johansson and Al-Abideen 2007; analytics specification 2.1, 2.2).
#[derive(Clone, Debug)]
pub struct FlowField {
    shape: [usize; 2],
    /// `exp(-d^2/R^2)` from the middle outwards, and its square: the kernel is a product of both axes, so rows are
    /// smoothed first and columns after.
    taps: Vec<f32>,
    squared_taps: Vec<f32>,
    /// `sum f a` over the measured cells.
    seen_m2: Vec<f32>,
    people: Vec<f32>,
    moving: Vec<f32>,
    momentum: [Vec<f32>; 2],
    squares: Vec<f32>,
    raw: Vec<f32>,
    weighted: Vec<f32>,
    rows: Vec<f32>,
    sigma_m_per_s: Option<f64>,
    has_motion: bool,
}

impl FlowField {
    /// An empty field on `grid`, of which only the cells in `measured` count.
    pub fn new(grid: &GroundGrid, measured: &[bool]) -> Self {
        // Beyond 2.5 R less than 0.2 % of the kernel's mass is left out.
        let reach_cells = (2.5 * RADIUS_M / grid.cell_m).ceil().max(1.0) as usize;
        let tap = |k: usize, power: f64| (-power * (k as f64 * grid.cell_m / RADIUS_M).powi(2)).exp() as f32;
        let cells = grid.len();
        let mut field = Self {
            shape: [grid.width_cells, grid.height_cells],
            taps: (0..=reach_cells).map(|k| tap(k, 1.0)).collect(),
            squared_taps: (0..=reach_cells).map(|k| tap(k, 2.0)).collect(),
            seen_m2: vec![0.0; cells],
            people: vec![0.0; cells],
            moving: vec![0.0; cells],
            momentum: [vec![0.0; cells], vec![0.0; cells]],
            squares: vec![0.0; cells],
            raw: measured.iter().map(|seen| if *seen { grid.cell_area_m2() as f32 } else { 0.0 }).collect(),
            weighted: vec![0.0; cells],
            rows: vec![0.0; cells],
            sigma_m_per_s: None,
            has_motion: false,
        };
        field.raw.resize(cells, 0.0);
        smooth(&field.raw, &field.taps, field.shape, &mut field.rows, &mut field.seen_m2);
        field
    }

    /// The same field of another part of the ground: a camera that moves measures other cells in every picture.
    pub fn look_at(&mut self, grid: &GroundGrid, measured: &[bool]) {
        let cell_m2 = grid.cell_area_m2() as f32;
        for (raw, seen) in self.raw.iter_mut().zip(measured) {
            *raw = if *seen { cell_m2 } else { 0.0 };
        }
        smooth(&self.raw, &self.taps, self.shape, &mut self.rows, &mut self.seen_m2);
    }

    /// Takes in a picture: people in each cell, those of unmeasured cells left out, and their motion where measured.
    /// Nothing is allocated.
    pub fn update(&mut self, people_per_cell: &[f64], measured: &[bool], motion: Option<CellMotion<'_>>) {
        let Self { shape, taps, raw, rows, .. } = self;
        for ((raw, people), seen) in raw.iter_mut().zip(people_per_cell).zip(measured) {
            *raw = if *seen { *people as f32 } else { 0.0 };
        }
        smooth(raw, taps, *shape, rows, &mut self.people);
        self.has_motion = motion.is_some();
        self.sigma_m_per_s = motion.and_then(|motion| motion.sigma_m_per_s);
        let Some(motion) = motion else { return };
        for (raw, known) in raw.iter_mut().zip(motion.is_known) {
            *raw *= f32::from(u8::from(*known));
        }
        smooth(raw, taps, *shape, rows, &mut self.moving);
        smooth(raw, &self.squared_taps, *shape, rows, &mut self.squares);
        for (axis, smoothed) in self.momentum.iter_mut().enumerate() {
            for (weighted, (people, velocity)) in
                self.weighted.iter_mut().zip(raw.iter().zip(motion.velocity_m_per_s))
            {
                *weighted = people * velocity[axis];
            }
            smooth(&self.weighted, taps, *shape, rows, smoothed);
        }
    }

    /// Density around the centre of a cell, people/m2; `None` where nothing around is measured.
    pub fn density_people_per_m2(&self, index: usize) -> Option<f64> {
        let seen_m2 = *self.seen_m2.get(index)?;
        (seen_m2 > 0.0).then(|| f64::from(self.people[index] / seen_m2).max(0.0))
    }

    /// Mean velocity of the people around the centre of a cell, m/s; `None` with hardly anybody there, or where motion
    /// is not measured.
    pub fn velocity_m_per_s(&self, index: usize) -> Option<[f64; 2]> {
        let people = *self.moving.get(index).filter(|_| self.has_motion)?;
        (people >= PEOPLE_MIN).then(|| [0, 1].map(|axis| f64::from(self.momentum[axis][index] / people)))
    }

    /// Variance that the error of measurement alone gives that velocity, both axes together, m2/s2:
    /// `2 sigma^2 sum f^2 p / (sum f p)^2` (analytics specification 2.4 b); `None` where the error is not known.
    pub fn velocity_noise_m2_per_s2(&self, index: usize) -> Option<f64> {
        let sigma = self.sigma_m_per_s?;
        let people = *self.moving.get(index).filter(|_| self.has_motion)?;
        (people >= PEOPLE_MIN)
            .then(|| 2.0 * sigma * sigma * f64::from(self.squares[index].max(0.0) / (people * people)))
    }
}

/// Smooths along rows into `rows`, then along columns into `smoothed`; nothing lies beyond the grid's edges.
fn smooth(raw: &[f32], taps: &[f32], [width, height]: [usize; 2], rows: &mut [f32], smoothed: &mut [f32]) {
    let Some((middle, arms)) = taps.split_first() else { return };
    if width == 0 {
        return;
    }
    for (from, to) in raw.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = middle * from;
        }
        for (k, tap) in (1..width).zip(arms) {
            add(&mut to[k..], &from[..width - k], *tap);
            add(&mut to[..width - k], &from[k..], *tap);
        }
    }
    for (to, from) in smoothed.iter_mut().zip(rows.iter()) {
        *to = middle * from;
    }
    for (k, tap) in (1..height).zip(arms) {
        let (shift, cells) = (k * width, width * height);
        add(&mut smoothed[shift..cells], &rows[..cells - shift], *tap);
        add(&mut smoothed[..cells - shift], &rows[shift..cells], *tap);
    }
}

fn add(to: &mut [f32], from: &[f32], factor: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(side_cells: usize, cell_m: f64) -> GroundGrid {
        GroundGrid { origin_m: [0.0, 0.0], cell_m, width_cells: side_cells, height_cells: side_cells }
    }

    #[test]
    fn a_uniform_crowd_has_its_density_everywhere_and_at_the_edge() {
        let mut measured = [true; 400];
        // A wall in the middle and an unseen corner do not thin the crowd out.
        measured[190..195].fill(false);
        let mut field = FlowField::new(&grid(20, 0.5), &measured);
        field.update(&[4.0 * 0.25; 400], &measured, None);
        for index in [0, 19, 191, 210, 399] {
            assert!((field.density_people_per_m2(index).unwrap() - 4.0).abs() < 1e-5);
            assert_eq!(field.velocity_m_per_s(index), None);
        }
        let unseen = FlowField::new(&grid(20, 0.5), &[false; 400]);
        assert_eq!(unseen.density_people_per_m2(210), None);
    }

    #[test]
    fn one_person_peaks_at_one_over_pi() {
        let mut people = vec![0.0; 101 * 101];
        people[50 * 101 + 50] = 1.0;
        let measured = vec![true; 101 * 101];
        let mut field = FlowField::new(&grid(101, 0.1), &measured);
        field.update(&people, &measured, None);
        let peak = field.density_people_per_m2(50 * 101 + 50).unwrap();
        assert!((peak - std::f64::consts::FRAC_1_PI).abs() < 2e-3, "{peak}");
    }

    #[test]
    fn velocity_is_that_of_the_people_not_of_the_ground() {
        let measured = [true; 400];
        let mut field = FlowField::new(&grid(20, 0.5), &measured);
        let mut people = [0.0; 400];
        people[210] = 2.0;
        people[211] = 1.0;
        let motion = |sigma_m_per_s| CellMotion {
            velocity_m_per_s: &[[1.0, 0.5]; 400],
            is_known: &measured,
            sigma_m_per_s,
        };
        field.update(&people, &measured, Some(motion(Some(0.1))));
        let velocity = field.velocity_m_per_s(210).unwrap();
        assert!((velocity[0] - 1.0).abs() < 1e-6 && (velocity[1] - 0.5).abs() < 1e-6, "{velocity:?}");
        assert_eq!(field.velocity_m_per_s(0), None, "nobody is there");
        // Two people at the kernel's middle and one 0.5 m away.
        let f = (-0.25_f64).exp();
        let expected = 2.0 * 0.01 * (2.0 + f * f) / (2.0 + f).powi(2);
        assert!((field.velocity_noise_m2_per_s2(210).unwrap() - expected).abs() < 1e-7);
        field.update(&people, &measured, Some(motion(None)));
        assert_eq!(field.velocity_noise_m2_per_s2(210), None, "an unknown error is not zero");
    }
}
