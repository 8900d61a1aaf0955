//! Symmetric micro-motion: people who are held up jostle to and fro, and their small motions go every way alike.
//!
//! After Krausz and Bauckhage 2012, whose strongest alert on footage of the Love Parade came about half an hour before the
//! disaster (analytics specification 2.7; the histogram here is ours). It needs no metres, so cameras without calibration
//! have it too. It warns of nothing by itself.

use crate::{flow_field::CellMotion, time::Timestamp};

/// Directions told apart; opposite ones are half of them apart.
const SECTORS: usize = 16;
/// Motion faster than this is walking, m/s (our proposal).
const MICRO_MAX_M_PER_S: f64 = 0.5;
/// Motion slower than this many standard deviations of its error is none (our proposal).
const NOISE_SIGMAS: f64 = 2.0;
/// Time over which directions are gathered, seconds (our proposal).
const TAU_SECS: f64 = 10.0;
/// Pictures that come sooner after one another are left out: they share most of their motion, seconds.
const APART_SECS: f64 = 0.3;
/// Fewest people-seconds of motion that make a histogram (our proposal).
const GATHERED_MIN: f64 = 10.0;

/// The small motions of a zone's people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MicroMotion {
    /// `2 sum min(h(a), h(a + 180 degrees)) / sum h` over the directions of slow people: 1 as many to as fro, 0 one way.
    pub symmetry: f64,
    /// Share of the moving people who are slow.
    pub slow_share: f64,
}

/// Gathers the directions of slow people, the older the fainter.
#[derive(Clone, Copy, Debug, Default)]
pub struct MicroMotionMeter {
    slow: [f64; SECTORS],
    fast: f64,
    last: Option<Timestamp>,
}

impl MicroMotionMeter {
    /// Takes in the motion of the people in a zone's cells (index and share of each).
    pub fn observe(
        &mut self,
        captured_at: Timestamp,
        motion: &CellMotion<'_>,
        people_per_cell: &[f64],
        cells: &[(usize, f64)],
    ) {
        let passed_secs = self.last.map_or(0.0, |last| captured_at.secs_since(last));
        if self.last.is_some() && (0.0..APART_SECS).contains(&passed_secs) {
            return;
        }
        self.last = Some(captured_at);
        if passed_secs <= 0.0 || passed_secs > TAU_SECS {
            // After a gap, or a clock that began anew, what was gathered is of another scene.
            (self.slow, self.fast) = Default::default();
            return;
        }
        let kept = (-passed_secs / TAU_SECS).exp();
        self.slow.iter_mut().for_each(|h| *h *= kept);
        self.fast *= kept;
        let least = NOISE_SIGMAS * motion.sigma_m_per_s.unwrap_or(0.0);
        for (index, share) in cells {
            let weight = people_per_cell[*index] * share * passed_secs;
            let [x, y] = motion.velocity_m_per_s[*index].map(f64::from);
            let square = x * x + y * y;
            if !motion.is_known[*index] || weight <= 0.0 || square <= least * least {
                continue;
            }
            if square > MICRO_MAX_M_PER_S * MICRO_MAX_M_PER_S {
                self.fast += weight;
            } else {
                self.slow[super::conflict::sector(x, y)] += weight;
            }
        }
    }

    /// What was gathered; `None` with too little of it.
    pub fn reading(&self) -> Option<MicroMotion> {
        let slow: f64 = self.slow.iter().sum();
        if slow < GATHERED_MIN {
            return None;
        }
        let (to, fro) = self.slow.split_at(SECTORS / 2);
        let both: f64 = to.iter().zip(fro).map(|(to, fro)| to.min(*fro)).sum();
        Some(MicroMotion { symmetry: 2.0 * both / slow, slow_share: slow / (slow + self.fast) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred people in as many cells whose velocity depends on cell and picture, seen for 20 s.
    fn of(velocity: impl Fn(usize, usize) -> [f64; 2]) -> Option<MicroMotion> {
        let cells: Vec<(usize, f64)> = (0..100).map(|index| (index, 1.0)).collect();
        let mut meter = MicroMotionMeter::default();
        for picture in 0..100 {
            let velocities: Vec<[f32; 2]> =
                (0..100).map(|i| velocity(i, picture).map(|v| v as f32)).collect();
            let motion = CellMotion {
                velocity_m_per_s: &velocities,
                is_known: &[true; 100],
                sigma_m_per_s: Some(0.02),
            };
            let at = Timestamp::from_unix_nanos(0) + picture as f64 * 0.2;
            meter.observe(at, &motion, &[1.0; 100], &cells);
        }
        meter.reading()
    }

    #[test]
    fn jostling_is_symmetric_and_shuffling_forward_is_not() {
        let angle = |i: usize, k: usize| (i * 7919 + k * 104_729) as f64 * 0.618;
        let jostling = of(|i, k| [0.2 * angle(i, k).cos(), 0.2 * angle(i, k).sin()]).unwrap();
        assert!(jostling.symmetry > 0.9 && jostling.slow_share > 0.999, "{jostling:?}");
        let shuffling = of(|i, _| [0.2, 0.001 * i as f64]).unwrap();
        assert!(shuffling.symmetry < 0.01, "{shuffling:?}");
    }

    #[test]
    fn walkers_either_way_are_not_micro_motion_and_noise_is_none() {
        let street = of(|i, _| if i < 50 { [1.2, 0.0] } else { [-1.2, 0.0] });
        assert_eq!(street, None);
        assert_eq!(of(|i, _| [0.01 * (i as f64).cos(), 0.01 * (i as f64).sin()]), None);
        let half = of(|i, _| if i < 50 { [1.2, 0.0] } else { [0.2, 0.0] }).unwrap();
        assert!((half.slow_share - 0.5).abs() < 1e-9);
    }
}
