//! How people move: image motion carried to the ground.

use crate::{
    camera::Calibration,
    estimate::{Estimate, SIGMAS_OF_90_PERCENT},
    flow_field::CellMotion,
    ground::{GroundField, GroundGrid},
    motion_field::MotionField,
};

/// Fewest people whose motion has a mean (our proposal).
const PEOPLE_MIN: f64 = 0.5;

/// Density up to which ground counts as empty, people/m2: what moves there is error.
const EMPTY_PEOPLE_PER_M2: f64 = 0.02;

/// Fewest empty cells that tell the error of the motion (our proposal).
const EMPTY_CELLS_MIN: usize = 20;

/// Share of a new measurement of the error; the rest is kept, so that somebody the counter missed is outvoted.
const ERROR_GAIN: f64 = 0.05;

/// Ground over which motion errs alike, m2: tracks err person by person, image motion over its patches (our proposal).
const ERRS_ALIKE_M2: f64 = 1.0;

/// Median length of a vector whose components have a standard deviation of 1: `sqrt(2 ln 2)`.
const RAYLEIGH_MEDIAN: f64 = 1.177_410_022_5;

/// Motion of the people in a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneMotion {
    /// Mean velocity `[x, y]`, m/s.
    pub velocity_m_per_s: [f64; 2],
    /// Mean speed, m/s; not the length of the mean velocity.
    pub speed_m_per_s: f64,
    /// Standard deviation of the mean speed by the error of the motion, m/s; `None` where that is not known.
    pub speed_sigma_m_per_s: Option<f64>,
}

impl ZoneMotion {
    /// Mean speed with its 90 % interval, m/s; without width where the error is not known.
    pub fn speed(&self) -> Estimate {
        let half = SIGMAS_OF_90_PERCENT * self.speed_sigma_m_per_s.unwrap_or(0.0);
        let value = self.speed_m_per_s;
        Estimate { lo: (value - half).max(0.0), value, hi: value + half }
    }

    /// Specific flow at a density, people a metre of width a second: density times the length of the mean velocity.
    pub fn specific_flow_people_per_m_per_s(&self, density_people_per_m2: f64) -> f64 {
        density_people_per_m2 * self.velocity_m_per_s[0].hypot(self.velocity_m_per_s[1])
    }
}

/// Where a camera sees the middle of a cell, and how image motion there becomes motion on the head plane.
#[derive(Clone, Copy, Debug)]
struct Place {
    in_image_px: [f64; 2],
    /// m/px.
    jacobian: [[f64; 2]; 2],
}

/// The places of the cells that a camera measures.
fn places(grid: &GroundGrid, measured: &[bool], calibration: &Calibration) -> Vec<Option<Place>> {
    let place = |(index, seen): (usize, &bool)| {
        let in_image_px =
            calibration.image_from_head_plane().apply(grid.centre_m(index)).filter(|_| *seen)?;
        Some(Place { in_image_px, jacobian: calibration.head_plane_from_image().jacobian(in_image_px)? })
    };
    measured.iter().enumerate().map(place).collect()
}

/// A camera's image motion on the cells of the ground.
#[derive(Clone, Debug)]
pub struct GroundMotion {
    places: Vec<Option<Place>>,
    velocity_m_per_s: Vec<[f32; 2]>,
    is_known: Vec<bool>,
    /// Speeds over empty ground, kept for their room.
    empty_m_per_s: Vec<f64>,
    measured_sigma_m_per_s: Option<f64>,
    sigma_m_per_s: Option<f64>,
}

impl GroundMotion {
    /// For the cells of `grid` that are `measured` by a camera.
    pub fn new(grid: &GroundGrid, measured: &[bool], calibration: &Calibration) -> Self {
        Self {
            places: places(grid, measured, calibration),
            velocity_m_per_s: vec![[0.0; 2]; measured.len()],
            is_known: vec![false; measured.len()],
            empty_m_per_s: Vec::with_capacity(measured.len()),
            measured_sigma_m_per_s: None,
            sigma_m_per_s: None,
        }
    }

    /// The same through another calibration: a camera has moved. What is known of the motion's error stays.
    pub fn look_through(&mut self, grid: &GroundGrid, measured: &[bool], calibration: &Calibration) {
        self.places = places(grid, measured, calibration);
    }

    /// Takes in the motion of a picture whose people are `field`: the image velocity at each cell times the Jacobian
    /// of the projection. Nothing is allocated.
    pub fn update(&mut self, grid: &GroundGrid, motion: &MotionField, field: &GroundField) {
        let empty_people = EMPTY_PEOPLE_PER_M2 * grid.cell_area_m2();
        self.empty_m_per_s.clear();
        let (mut stated, mut stated_cells) = (0.0, 0.0);
        for (index, place) in self.places.iter().enumerate() {
            let Some((place, [du, dv])) = place.and_then(|p| Some((p, motion.at(p.in_image_px)?))) else {
                self.is_known[index] = false;
                continue;
            };
            let j = place.jacobian;
            let velocity = [j[0][0] * du + j[0][1] * dv, j[1][0] * du + j[1][1] * dv];
            self.velocity_m_per_s[index] = velocity.map(|v| v as f32);
            self.is_known[index] = true;
            if let Some(sigma_px_per_s) = motion.sigma_px_per_s() {
                // Half the sum of squares: the mean over both axes.
                let m2_per_px2 = 0.5 * j.iter().flatten().map(|v| v * v).sum::<f64>();
                stated += sigma_px_per_s * sigma_px_per_s * m2_per_px2;
                stated_cells += 1.0;
            } else if field.people_per_cell[index] <= empty_people {
                self.empty_m_per_s.push(velocity[0].hypot(velocity[1]));
            }
        }
        self.measure_error();
        self.sigma_m_per_s = if stated_cells > 0.0 {
            Some((stated / stated_cells).sqrt())
        } else {
            self.measured_sigma_m_per_s
        };
    }

    fn measure_error(&mut self) {
        if self.empty_m_per_s.len() < EMPTY_CELLS_MIN {
            return;
        }
        let middle = self.empty_m_per_s.len() / 2;
        let (_, median, _) = self.empty_m_per_s.select_nth_unstable_by(middle, f64::total_cmp);
        let now = *median / RAYLEIGH_MEDIAN;
        let sigma = self.measured_sigma_m_per_s.get_or_insert(now);
        *sigma += ERROR_GAIN * (now - *sigma);
    }

    /// The motion of each cell.
    pub fn cells(&self) -> CellMotion<'_> {
        CellMotion {
            velocity_m_per_s: &self.velocity_m_per_s,
            is_known: &self.is_known,
            sigma_m_per_s: self.sigma_m_per_s,
        }
    }
}

/// Motion over the cells of a zone (index and share of each), weighted by the people in them, so that still ground does
/// not dilute it. `None` with fewer than half a person in sight.
pub fn zone_motion(
    grid: &GroundGrid,
    motion: &CellMotion<'_>,
    field: &GroundField,
    cells: &[(usize, f64)],
) -> Option<ZoneMotion> {
    let (mut people, mut squares, mut velocity, mut speed) = (0.0, 0.0, [0.0; 2], 0.0);
    for (index, share) in cells {
        let here = field.people_per_cell[*index] * share;
        if here <= 0.0 || !motion.is_known[*index] {
            continue;
        }
        let [vx, vy] = motion.velocity_m_per_s[*index].map(f64::from);
        people += here;
        squares += here * here;
        velocity[0] += here * vx;
        velocity[1] += here * vy;
        // Not hypot: it guards against numbers that no speed has, at several times the cost, in every cell of every picture.
        speed += here * (vx * vx + vy * vy).sqrt();
    }
    let cells_alike = (ERRS_ALIKE_M2 / grid.cell_area_m2()).max(1.0);
    (people >= PEOPLE_MIN).then(|| ZoneMotion {
        velocity_m_per_s: velocity.map(|v| v / people),
        speed_m_per_s: speed / people,
        // The error of one place, by the weights of a mean over places of which `cells_alike` err as one.
        speed_sigma_m_per_s: motion
            .sigma_m_per_s
            .map(|sigma| sigma * (cells_alike * squares / (people * people)).min(1.0).sqrt()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{camera::PointPair, polygon::Polygon};

    /// Straight down, 0.05 m a pixel: 20 px/s to the right is 1 m/s along x.
    fn from_above() -> (Calibration, Polygon, GroundGrid) {
        let pairs: Vec<PointPair> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
            .into_iter()
            .map(|[u, v]| PointPair { in_image_px: [u, v], in_ground_m: [0.05 * u, 0.05 * (480.0 - v)] })
            .collect();
        let calibration = Calibration::from_point_pairs(&pairs, 640, 480, 1.6).unwrap();
        let zone = Polygon::new(vec![[4.0, 4.0], [12.0, 4.0], [12.0, 12.0], [4.0, 12.0]]).unwrap();
        let grid = GroundGrid::around(std::iter::once(&zone), 0.0, 0.5).unwrap();
        (calibration, zone, grid)
    }

    /// Two people in the left half, nobody in the right.
    fn half_empty(grid: &GroundGrid) -> GroundField {
        let people = |index| if grid.centre_m(index)[0] < 8.0 { 2.0 / 128.0 } else { 0.0 };
        GroundField {
            people_per_cell: (0..grid.len()).map(people).collect(),
            people_elsewhere: 0.0,
            people_at_borders: vec![],
        }
    }

    #[test]
    fn people_walk_while_the_ground_stands_still() {
        let (calibration, zone, grid) = from_above();
        let field = half_empty(&grid);
        // Only the left half of the picture moves.
        let velocities = (0..40 * 30).map(|i| if i % 40 < 10 { [20.0, 0.0] } else { [0.0, 0.0] }).collect();
        let motion = MotionField::new(40, 30, 16.0, 16.0, velocities).unwrap();
        let mut moving = GroundMotion::new(&grid, &vec![true; grid.len()], &calibration);
        moving.update(&grid, &motion, &field);
        let found = zone_motion(&grid, &moving.cells(), &field, &grid.rasterise(&zone)).unwrap();
        assert!((found.velocity_m_per_s[0] - 1.0).abs() < 1e-6 && found.velocity_m_per_s[1].abs() < 1e-6);
        assert!((found.speed_m_per_s - 1.0).abs() < 1e-6);
        let nobody = GroundField {
            people_per_cell: vec![0.0; grid.len()],
            people_elsewhere: 0.0,
            people_at_borders: vec![],
        };
        assert_eq!(zone_motion(&grid, &moving.cells(), &nobody, &grid.rasterise(&zone)), None);
    }

    #[test]
    fn the_error_of_motion_is_measured_where_nobody_is_unless_it_is_stated() {
        let (calibration, zone, grid) = from_above();
        let field = half_empty(&grid);
        // People walk at 20 px/s; the empty half trembles by a standard deviation of 2 px/s, 0.1 m/s.
        let tremble = |i: usize| {
            let u = ((i * 7919) % 1000) as f64 / 1000.0 + 0.0005;
            let radius = (-2.0 * u.ln()).sqrt() * 2.0;
            let angle = (i * 104_729 % 628) as f64 / 100.0;
            [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
        };
        let velocities = (0..80 * 60).map(|i| if i % 80 < 20 { [20.0, 0.0] } else { tremble(i) }).collect();
        let motion = MotionField::new(80, 60, 8.0, 8.0, velocities).unwrap();
        let mut moving = GroundMotion::new(&grid, &vec![true; grid.len()], &calibration);
        moving.update(&grid, &motion, &field);
        let sigma = moving.cells().sigma_m_per_s.unwrap();
        assert!((sigma - 0.1).abs() < 0.02, "{sigma}");
        moving.update(&grid, &motion.with_sigma_px_per_s(4.0), &field);
        let stated = moving.cells().sigma_m_per_s.unwrap();
        assert!((stated - 0.2).abs() < 1e-6, "{stated}");
        // Two people over 128 of the zone's cells, of which four err as one: a mean of 32 errors.
        let found = zone_motion(&grid, &moving.cells(), &field, &grid.rasterise(&zone)).unwrap();
        let speed = found.speed();
        assert!((found.speed_sigma_m_per_s.unwrap() - 0.2 / 32f64.sqrt()).abs() < 1e-3, "{found:?}");
        assert!(speed.lo < speed.value && speed.value < speed.hi, "{speed:?}");
    }
}
