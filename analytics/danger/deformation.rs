//! How a stream deforms: people drawn together, and swirls that two seconds of walking would not make (analytics
//! specification 2.5, 2.7).

use crate::{flow_field::FlowField, ground::GroundGrid, time::Timestamp};

/// Time over which velocities are averaged before they are differentiated, seconds (analytics specification
/// 2.5: 1 to 2 s).
const MEAN_SECS: f64 = 1.0;
/// Pictures that come sooner after one another are left out: they share most of their motion, and cost as much, seconds.
const APART_SECS: f64 = 0.3;
/// A longer gap between pictures begins anew, seconds.
const GAP_MAX_SECS: f64 = 2.0;
/// Radius of the region over which swirls are compared, metres (analytics specification 2.5).
const REGION_RADIUS_M: f64 = 2.0;
/// Length that makes the congestion number dimensionless, metres (our normalisation).
const UNIT_LENGTH_M: f64 = 1.0;
/// Mean speeds below this many standard deviations of their error divide nothing (analytics specification
/// 2.5).
const NOISE_SIGMAS: f64 = 3.0;
/// Slowest mean speed that divides in any case, m/s: below it a crowd stands.
const SPEED_MIN_M_PER_S: f64 = 0.05;
/// Fewest cells of a region with a known swirl (our proposal).
const REGION_CELLS_MIN: f64 = 4.0;

/// How the stream of a zone deforms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deformation {
    /// Divergence of the velocity, weighted by density, 1/s: negative where people are drawn together.
    pub divergence_per_s: f64,
    /// Congestion level `CL = (max w - min w) / mean |V|` of the worst region of 2 m radius, 1/m, with the vorticity
    /// `w = dVy/dx - dVx/dy` (Feliciani and Nishinari 2018; formula from memory). `None` where the crowd stands: a
    /// quotient of noise by rest means nothing.
    pub congestion_level_per_m: Option<f64>,
    /// Crowd danger `CD = CL rho` of the worst region, people/m3.
    pub crowd_danger_people_per_m3: Option<f64>,
    /// Congestion number `CN = l^2 <|grad w|> / <|V|>` of the worst region, with `l` = 1 m: far below 1 in regular streams,
    /// about 1 in congested ones (after Zanlungo et al. 2023, normalised by us; regimes from memory).
    pub congestion_number: Option<f64>,
}

/// Sums of a cell over the second under way. In single precision, as all of a cell's is: every zone has them for every
/// cell, and they must not push the rest out of the processor's cache.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    velocity: [f32; 2],
    noise: f32,
    density: f32,
    pictures: f32,
}

/// Means of a cell over the last whole second.
#[derive(Clone, Copy, Debug)]
struct Mean {
    /// Not a number where not known.
    velocity_m_per_s: [f32; 2],
    noise_m2_per_s2: f32,
    density_people_per_m2: f32,
    /// Not a number where not known.
    vorticity_per_s: f32,
    /// Length of the vorticity's gradient, 1/(m s); not a number where not known.
    bend_per_m_per_s: f32,
}

impl Mean {
    const UNKNOWN: Self = Self {
        velocity_m_per_s: [f32::NAN; 2],
        noise_m2_per_s2: 0.0,
        density_people_per_m2: 0.0,
        vorticity_per_s: f32::NAN,
        bend_per_m_per_s: f32::NAN,
    };
}

/// Measures the deformation of a zone's stream once a second. Nothing is allocated after `new`.
#[derive(Clone, Debug)]
pub struct DeformationMeter {
    /// Cells of the grid: the box around the zone, row by row.
    cells: Vec<usize>,
    width: usize,
    cell_m: f64,
    /// Offsets of a region's cells from its middle, columns and rows.
    region: Vec<[isize; 2]>,
    is_inside: Vec<bool>,
    sums: Vec<Sums>,
    means: Vec<Mean>,
    began: Option<Timestamp>,
    last: Option<Timestamp>,
    reading: Option<Deformation>,
}

impl DeformationMeter {
    /// For a zone's cells, index and share of each.
    pub fn new(grid: &GroundGrid, zone: &[(usize, f64)]) -> Self {
        let places = || zone.iter().map(|(index, _)| [index % grid.width_cells, index / grid.width_cells]);
        let lo = [0, 1].map(|k| places().map(|p| p[k]).min().unwrap_or(0));
        let size = [0, 1].map(|k| places().map(|p| p[k]).max().map_or(0, |hi| hi + 1 - lo[k]));
        let at = |i: usize| (lo[1] + i / size[0]) * grid.width_cells + lo[0] + i % size[0];
        let cells: Vec<usize> = (0..size[0] * size[1]).map(at).collect();
        let mut is_inside = vec![false; cells.len()];
        for [column, row] in places() {
            is_inside[(row - lo[1]) * size[0] + column - lo[0]] = true;
        }
        let reach = (REGION_RADIUS_M / grid.cell_m).floor() as isize;
        let near =
            |[dx, dy]: [isize; 2]| ((dx * dx + dy * dy) as f64).sqrt() * grid.cell_m <= REGION_RADIUS_M;
        let square = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| [dx, dy]));
        Self {
            sums: vec![Sums::default(); cells.len()],
            means: vec![Mean::UNKNOWN; cells.len()],
            region: square.filter(|offset| near(*offset)).collect(),
            cell_m: grid.cell_m,
            width: size[0],
            is_inside,
            cells,
            began: None,
            last: None,
            reading: None,
        }
    }

    /// Takes in the field of a picture.
    pub fn observe(&mut self, captured_at: Timestamp, flow: &FlowField) {
        if self.last.is_some_and(|last| (0.0..APART_SECS).contains(&captured_at.secs_since(last))) {
            return;
        }
        let is_broken = self.last.is_some_and(|last| {
            let secs = captured_at.secs_since(last);
            !(0.0..=GAP_MAX_SECS).contains(&secs)
        });
        if is_broken {
            self.sums.fill(Sums::default());
            self.began = None;
            self.reading = None;
        }
        self.last = Some(captured_at);
        let began = *self.began.get_or_insert(captured_at);
        if captured_at.secs_since(began) >= MEAN_SECS {
            self.reading = self.measure();
            self.sums.fill(Sums::default());
            self.began = Some(captured_at);
        }
        for ((sums, cell), inside) in self.sums.iter_mut().zip(&self.cells).zip(&self.is_inside) {
            let Some(velocity) = flow.velocity_m_per_s(*cell).filter(|_| *inside) else { continue };
            sums.velocity = [0, 1].map(|k| sums.velocity[k] + velocity[k] as f32);
            sums.noise += flow.velocity_noise_m2_per_s2(*cell).unwrap_or(0.0) as f32;
            sums.density += flow.density_people_per_m2(*cell).unwrap_or(0.0) as f32;
            sums.pictures += 1.0;
        }
    }

    /// The deformation of the last whole second; `None` before it, after a gap, and without enough people.
    pub fn reading(&self) -> Option<Deformation> {
        self.reading
    }

    fn measure(&mut self) -> Option<Deformation> {
        for (mean, sums) in self.means.iter_mut().zip(&self.sums) {
            // Nothing over nothing is not a number, as what is not known should be.
            let n = sums.pictures;
            *mean = Mean {
                velocity_m_per_s: sums.velocity.map(|v| v / n),
                // Pictures of one second share much of their error, so averaging is not trusted to lower it.
                noise_m2_per_s2: sums.noise / n.max(1.0),
                density_people_per_m2: sums.density / n.max(1.0),
                ..Mean::UNKNOWN
            };
        }
        let (mut weighted, mut density) = (0.0, 0.0);
        for index in 0..self.means.len() {
            let Some([along_x, along_y]) = self.gradient(index, |mean| mean.velocity_m_per_s) else {
                continue;
            };
            self.means[index].vorticity_per_s = (along_x[1] - along_y[0]) as f32;
            let here = f64::from(self.means[index].density_people_per_m2);
            weighted += here * (along_x[0] + along_y[1]);
            density += here;
        }
        if density <= 0.0 {
            return None;
        }
        for index in 0..self.means.len() {
            if let Some([along_x, along_y]) = self.gradient(index, |mean| [mean.vorticity_per_s, 0.0]) {
                self.means[index].bend_per_m_per_s =
                    (along_x[0] * along_x[0] + along_y[0] * along_y[0]).sqrt() as f32;
            }
        }
        let mut worst = Deformation {
            divergence_per_s: weighted / density,
            congestion_level_per_m: None,
            crowd_danger_people_per_m3: None,
            congestion_number: None,
        };
        let reach = (REGION_RADIUS_M / self.cell_m).floor().max(1.0) as usize;
        let height = self.means.len() / self.width.max(1);
        // Regions overlap by half: a swirl lies well inside one of them.
        for row in (0..height).step_by(reach) {
            for column in (0..self.width).step_by(reach) {
                let Some((level, danger, number)) = self.region([column, row]) else { continue };
                let raise =
                    |kept: &mut Option<f64>, value: f64| *kept = Some(kept.unwrap_or(value).max(value));
                raise(&mut worst.congestion_level_per_m, level);
                raise(&mut worst.crowd_danger_people_per_m3, danger);
                if let Some(number) = number {
                    raise(&mut worst.congestion_number, number);
                }
            }
        }
        Some(worst)
    }

    /// Congestion level, crowd danger and congestion number of the region around a cell of the box; `None` where too little
    /// is known, or where people stand.
    fn region(&self, [column, row]: [usize; 2]) -> Option<(f64, f64, Option<f64>)> {
        let height = self.means.len() / self.width.max(1);
        let (mut lo, mut hi, mut cells) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        let (mut speed, mut noise, mut density) = (0.0, 0.0, 0.0);
        let (mut bends, mut bent_cells) = (0.0, 0.0);
        for [dx, dy] in &self.region {
            let (Some(x), Some(y)) = (column.checked_add_signed(*dx), row.checked_add_signed(*dy)) else {
                continue;
            };
            if x >= self.width || y >= height {
                continue;
            }
            let index = y * self.width + x;
            let mean = &self.means[index];
            let vorticity = f64::from(mean.vorticity_per_s);
            if vorticity.is_nan() {
                continue;
            }
            (lo, hi, cells) = (lo.min(vorticity), hi.max(vorticity), cells + 1.0);
            let [vx, vy] = mean.velocity_m_per_s.map(f64::from);
            speed += (vx * vx + vy * vy).sqrt();
            noise += f64::from(mean.noise_m2_per_s2);
            density += f64::from(mean.density_people_per_m2);
            if !mean.bend_per_m_per_s.is_nan() {
                bends += f64::from(mean.bend_per_m_per_s);
                bent_cells += 1.0;
            }
        }
        if cells < REGION_CELLS_MIN {
            return None;
        }
        let speed = speed / cells;
        if speed < SPEED_MIN_M_PER_S.max(NOISE_SIGMAS * (noise / cells).sqrt()) {
            return None;
        }
        let level = (hi - lo) / speed;
        let number = (bent_cells >= REGION_CELLS_MIN)
            .then(|| UNIT_LENGTH_M * UNIT_LENGTH_M * bends / bent_cells / speed);
        Some((level, level * density / cells, number))
    }

    /// Derivatives of a pair of values along x and along y, from the neighbours on both sides; `None` where one of them is
    /// not known.
    fn gradient(&self, index: usize, value: impl Fn(&Mean) -> [f32; 2]) -> Option<[[f64; 2]; 2]> {
        let column = index % self.width;
        if column == 0 || column + 1 == self.width || index < self.width {
            return None;
        }
        let at = |i: usize| {
            let value = value(self.means.get(i)?).map(f64::from);
            (!value[0].is_nan()).then_some(value)
        };
        at(index)?;
        let slope = |before: usize, after: usize| {
            let (before, after) = (at(before)?, at(after)?);
            Some([0, 1].map(|k| (after[k] - before[k]) / (2.0 * self.cell_m)))
        };
        Some([slope(index - 1, index + 1)?, slope(index - self.width, index + self.width)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow_field::CellMotion;

    const GRID: GroundGrid =
        GroundGrid { origin_m: [0.0, 0.0], cell_m: 0.5, width_cells: 40, height_cells: 40 };

    /// The deformation of three people a square metre whose velocity depends on the place, over the grid's middle.
    fn of(velocity: impl Fn([f64; 2]) -> [f64; 2], sigma_m_per_s: f64) -> Option<Deformation> {
        let zone: Vec<(usize, f64)> = (0..GRID.len())
            .filter(|i| (10..30).contains(&(i % 40)) && (10..30).contains(&(i / 40)))
            .map(|i| (i, 1.0))
            .collect();
        let mut meter = DeformationMeter::new(&GRID, &zone);
        let measured = vec![true; GRID.len()];
        let mut flow = FlowField::new(&GRID, &measured);
        let velocities: Vec<[f32; 2]> =
            (0..GRID.len()).map(|i| velocity(GRID.centre_m(i)).map(|v| v as f32)).collect();
        let motion = CellMotion {
            velocity_m_per_s: &velocities,
            is_known: &measured,
            sigma_m_per_s: Some(sigma_m_per_s),
        };
        flow.update(&vec![0.75; GRID.len()], &measured, Some(motion));
        for k in 0..=6 {
            assert!(meter.reading().is_none());
            meter.observe(Timestamp::from_unix_nanos(0) + 0.2 * f64::from(k), &flow);
        }
        meter.reading()
    }

    #[test]
    fn turning_and_shearing_as_a_whole_are_no_congestion() {
        let turning = of(|[x, y]| [-0.3 * (y - 10.0), 0.3 * (x - 10.0)], 0.0).unwrap();
        assert!(turning.congestion_level_per_m.unwrap() < 1e-3, "{turning:?}");
        assert!(turning.congestion_number.unwrap() < 1e-2 && turning.divergence_per_s.abs() < 1e-5);
        let shearing = of(|[_, y]| [0.2 * y, 0.0], 0.0).unwrap();
        assert!(shearing.congestion_level_per_m.unwrap() < 1e-3, "{shearing:?}");
    }

    #[test]
    fn people_who_are_drawn_together_have_a_negative_divergence() {
        let gathering = of(|[x, y]| [-0.1 * (x - 10.0), -0.1 * (y - 10.0)], 0.0).unwrap();
        assert!((gathering.divergence_per_s + 0.2).abs() < 1e-4, "{gathering:?}");
        let apart = of(|[x, y]| [0.1 * (x - 10.0), 0.1 * (y - 10.0)], 0.0).unwrap();
        assert!((apart.divergence_per_s - 0.2).abs() < 1e-4);
    }

    #[test]
    fn swirls_are_congestion_and_slower_ones_on_the_same_way_are_the_same() {
        let swirls = |speed: f64| {
            of(move |[x, y]| [speed * (1.0 + 0.8 * (1.5 * y).sin()), speed * 0.8 * (1.5 * x).sin()], 0.0)
                .unwrap()
        };
        let (fast, slow) = (swirls(1.0), swirls(0.2));
        let level = fast.congestion_level_per_m.unwrap();
        assert!(level > 0.5, "{fast:?}");
        assert!((level - slow.congestion_level_per_m.unwrap()).abs() < 1e-3);
        assert!((fast.congestion_number.unwrap() - slow.congestion_number.unwrap()).abs() < 1e-3);
        let danger = fast.crowd_danger_people_per_m3.unwrap();
        assert!((danger / level - 3.0).abs() < 0.3, "times the density: {fast:?}");
    }

    #[test]
    fn the_noise_of_a_standing_crowd_is_not_divided_by_its_rest() {
        let standing = of(|[x, y]| [0.02 * (3.0 * y).sin(), 0.02 * (3.0 * x).sin()], 0.1).unwrap();
        assert_eq!((standing.congestion_level_per_m, standing.congestion_number), (None, None));
    }
}
