//! Opposed streams: how many walk against each other, and whether lanes keep them apart (analytics specification 2.7).

use crate::{flow_field::CellMotion, ground::GroundGrid};

/// Width of the bands along the streams, metres: a lane of one person and a little.
const BAND_M: f64 = 1.0;
/// Bands that are told apart; beyond them they come round again, far enough away not to matter.
const BANDS: usize = 64;
/// More bands than a site reaches from its origin.
const FAR_BANDS: f64 = 1e6;
/// Speeds below this many standard deviations of their error say nothing, and below this in m/s in any case (our
/// proposal).
const NOISE_SIGMAS: f64 = 2.0;
const SPEED_MIN_M_PER_S: f64 = 0.1;
/// Fewest moving people that make streams (our proposal).
const PEOPLE_MIN: f64 = 4.0;
/// Directions of the entropy (analytics specification 2.7).
const SECTORS: usize = 16;

/// Where the first of a quadrant's four sectors ends.
const TAN_22_5: f64 = std::f64::consts::SQRT_2 - 1.0;

/// How the streams of a zone meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conflict {
    /// `phi = 4 f+ f-` of the shares walking either way along the main axis: 0 one way, 1 as many as against.
    pub counter_flow: f64,
    /// Lane order `Phi`, mean over bands along the axis of `((n+ - n-) / (n+ + n-))^2`, less what chance gives so few
    /// people: 1 lanes, 0 mixed.
    pub lane_order: f64,
    /// Entropy of the directions over sixteen sectors, over its largest value: 0 one direction, 1 all alike.
    pub direction_entropy: f64,
    /// People who move, counted by density.
    pub moving_people: f64,
}

impl Conflict {
    /// `phi (1 - Phi)`, 0 to 1: opposed streams that no lanes keep apart.
    pub fn index(&self) -> f64 {
        self.counter_flow * (1.0 - self.lane_order)
    }
}

/// The conflict of the streams in a zone's cells (index and share of each), where `people_per_cell` are; `None` with
/// fewer than four people on the move.
pub fn conflict(
    grid: &GroundGrid,
    motion: &CellMotion<'_>,
    people_per_cell: &[f64],
    cells: &[(usize, f64)],
) -> Option<Conflict> {
    let speed_min = SPEED_MIN_M_PER_S.max(NOISE_SIGMAS * motion.sigma_m_per_s.unwrap_or(0.0));
    let square_min = speed_min * speed_min;
    let moving = || {
        cells.iter().filter_map(|(index, share)| {
            let people = people_per_cell[*index] * share;
            let [vx, vy] = motion.velocity_m_per_s[*index].map(f64::from);
            let counts = motion.is_known[*index] && people > 0.0 && vx * vx + vy * vy >= square_min;
            counts.then_some((*index, people, [vx, vy]))
        })
    };
    // The main axis is that of the doubled angles' mean: opposed directions are one axis.
    let (mut people, mut axis, mut sectors) = (0.0, [0.0; 2], [0.0; SECTORS]);
    for (_, here, [vx, vy]) in moving() {
        people += here;
        // The doubled angle by its half: cos 2a = cos^2 - sin^2, sin 2a = 2 sin cos.
        let square = vx * vx + vy * vy;
        axis = [axis[0] + here * (vx * vx - vy * vy) / square, axis[1] + here * 2.0 * vx * vy / square];
        sectors[sector(vx, vy)] += here;
    }
    if people < PEOPLE_MIN {
        return None;
    }
    let (sin, cos) = (0.5 * axis[1].atan2(axis[0])).sin_cos();
    let mut bands = [(0.0, 0.0); BANDS];
    for (index, here, [vx, vy]) in moving() {
        let [x, y] = grid.centre_m(index);
        let across_m = y * cos - x * sin;
        // Shifted so that every place of a site counts from above 0: whole numbers come round cheaply, fractions do not.
        let band = &mut bands[(across_m / BAND_M + FAR_BANDS) as usize % BANDS];
        if vx * cos + vy * sin >= 0.0 { band.0 += here } else { band.1 += here }
    }
    let ahead: f64 = bands.iter().map(|(ahead, _)| ahead).sum();
    // Chance alone gives n people in a band a squared surplus of 1/n, so that is taken off the sum and off its largest
    // value alike.
    let (mut surplus, mut by_chance) = (0.0, 0.0);
    for (ahead, against) in bands {
        let n = ahead + against;
        if n > 0.0 {
            surplus += (ahead - against).powi(2) / n;
            by_chance += n.min(1.0);
        }
    }
    let room = people - by_chance;
    let lane_order = if room > 0.0 { ((surplus - by_chance) / room).clamp(0.0, 1.0) } else { 1.0 };
    let share = (ahead / people).clamp(0.0, 1.0);
    let entropy: f64 =
        sectors.iter().map(|s| s / people).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum::<f64>();
    Some(Conflict {
        counter_flow: 4.0 * share * (1.0 - share),
        lane_order,
        direction_entropy: (entropy / (SECTORS as f64).ln()).clamp(0.0, 1.0),
        moving_people: people,
    })
}

/// Which of sixteen sectors a direction lies in, counter-clockwise from x; no angle is taken, since every cell of every
/// picture comes through here.
pub(super) fn sector(x: f64, y: f64) -> usize {
    // Each quadrant is turned onto the first, whose sectors end at 22.5, 45 and 67.5 degrees.
    let (quadrant, x, y) = match (x >= 0.0, y >= 0.0) {
        (true, true) => (0, x, y),
        (false, true) => (1, y, -x),
        (false, false) => (2, -x, -y),
        (true, false) => (3, -y, x),
    };
    let within = if y < x { usize::from(y >= TAN_22_5 * x) } else { 2 + usize::from(x <= TAN_22_5 * y) };
    4 * quadrant + within
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: GroundGrid =
        GroundGrid { origin_m: [0.0, 0.0], cell_m: 0.5, width_cells: 20, height_cells: 12 };

    /// The conflict of one person in every cell, whose velocity depends on column and row.
    fn of(velocity: impl Fn(usize, usize) -> [f64; 2], sigma_m_per_s: Option<f64>) -> Option<Conflict> {
        let cells: Vec<(usize, f64)> = (0..GRID.len()).map(|index| (index, 1.0)).collect();
        let velocities: Vec<[f32; 2]> =
            (0..GRID.len()).map(|i| velocity(i % 20, i / 20).map(|v| v as f32)).collect();
        let known = vec![true; GRID.len()];
        let motion = CellMotion { velocity_m_per_s: &velocities, is_known: &known, sigma_m_per_s };
        conflict(&GRID, &motion, &vec![1.0; GRID.len()], &cells)
    }

    /// A fair coin for each cell.
    fn coin(column: usize, row: usize) -> f64 {
        if ((column * 7919 + row * 104_729) as f64 * 0.618_033_988_75).fract() < 0.5 { 1.0 } else { -1.0 }
    }

    #[test]
    fn sectors_are_those_of_the_angle() {
        for k in 0..720 {
            let degrees = f64::from(k) * 0.5 + 0.1;
            let (sin, cos) = degrees.to_radians().sin_cos();
            assert_eq!(sector(3.0 * cos, 3.0 * sin), (degrees / 22.5) as usize, "{degrees}");
        }
    }

    #[test]
    fn one_stream_has_no_conflict_and_two_lanes_have_order() {
        let one = of(|_, _| [1.0, 0.2], None).unwrap();
        assert!(one.counter_flow.abs() < 1e-9 && one.index().abs() < 1e-9);
        assert!(one.direction_entropy.abs() < 1e-9);
        let lanes = of(|_, row| if row < 6 { [1.0, 0.0] } else { [-1.0, 0.0] }, None).unwrap();
        assert!((lanes.counter_flow - 1.0).abs() < 1e-9 && (lanes.lane_order - 1.0).abs() < 1e-9);
        assert!(lanes.index() < 1e-9);
    }

    #[test]
    fn mixed_streams_are_in_conflict_whatever_their_axis() {
        for angle in [0.0_f64, 0.6, 1.5, 2.8] {
            let (sin, cos) = angle.sin_cos();
            let mixed = of(|c, r| [cos * coin(c, r), sin * coin(c, r)], None).unwrap();
            assert!(mixed.counter_flow > 0.9 && mixed.lane_order < 0.15, "{angle}: {mixed:?}");
            assert!(mixed.index() > 0.8);
        }
    }

    #[test]
    fn every_direction_has_full_entropy_and_rest_has_none() {
        let all = of(
            |c, r| {
                let (sin, cos) = (((c + 20 * r) % 16) as f64 / 16.0 * std::f64::consts::TAU + 0.1).sin_cos();
                [cos, sin]
            },
            None,
        );
        assert!((all.unwrap().direction_entropy - 1.0).abs() < 1e-6);
        assert_eq!(of(|_, _| [0.0, 0.0], None), None);
        assert_eq!(of(|_, _| [0.25, 0.0], Some(0.2)), None, "within the error of measurement");
    }
}
