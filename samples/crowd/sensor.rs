//! A tracker watching the crowd: positions with its errors (analytics specification 6.1, measurement level).

use std::collections::BTreeMap;

use super::simulation::Simulation;
use crate::rng::Rng;

/// Mean time for which a person stays missed, seconds: whoever stands hidden stays hidden for a while.
const MISSED_SECS: f64 = 1.0;

/// A tracker's errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorConfig {
    /// Frames a second.
    pub frames_per_s: f64,
    /// Share of the people that are found.
    pub recall: f64,
    /// Standard deviation of a position along either axis, metres.
    pub sigma_x_m: f64,
    /// Share of the frames that never arrive.
    pub lost_frames: f64,
    /// What lengths on the ground are multiplied by, about the zones' middle: an error of calibration.
    pub ground_scale: f64,
}

impl Default for SensorConfig {
    fn default() -> Self {
        Self { frames_per_s: 10.0, recall: 0.9, sigma_x_m: 0.08, lost_frames: 0.0, ground_scale: 1.0 }
    }
}

/// A person as the tracker reports it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackedHead {
    /// The same for the same person.
    pub id: u32,
    /// Measured place, metres.
    pub at_in_ground_m: [f64; 2],
}

/// What the tracker reports at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackFrame {
    /// Time of the scenario, seconds.
    pub t_secs: f64,
    /// Everybody found.
    pub heads: Vec<TrackedHead>,
}

/// A tracker. The same seed makes the same errors.
#[derive(Clone, Debug)]
pub struct Tracks {
    config: SensorConfig,
    /// About which point the ground is scaled, metres.
    middle_m: [f64; 2],
    rng: Rng,
    frames: u32,
    /// Until when somebody stays missed or found, seconds.
    states: BTreeMap<u32, (bool, f64)>,
}

impl Tracks {
    /// A tracker for the ground around `middle_m`.
    pub fn new(config: SensorConfig, middle_m: [f64; 2], seed: u64) -> Self {
        Self { config, middle_m, rng: Rng::new(seed).fork(0x7261_636b), frames: 0, states: BTreeMap::new() }
    }

    /// When the next frame is due, seconds of the scenario.
    pub fn due_secs(&self) -> f64 {
        f64::from(self.frames) / self.config.frames_per_s
    }

    /// What is seen of the simulation now; `None` where the frame is lost.
    pub fn observe(&mut self, simulation: &Simulation) -> Option<TrackFrame> {
        self.frames += 1;
        let t_secs = simulation.t_secs();
        let is_lost = self.rng.chance(self.config.lost_frames);
        let mut heads = Vec::with_capacity(simulation.agents().len());
        for agent in simulation.agents() {
            let is_missed = self.is_missed(agent.id, t_secs);
            let measured = [0, 1].map(|axis| {
                let true_m =
                    self.middle_m[axis] + (agent.at[axis] - self.middle_m[axis]) * self.config.ground_scale;
                true_m + self.rng.normal(0.0, self.config.sigma_x_m)
            });
            if !is_missed {
                heads.push(TrackedHead { id: agent.id, at_in_ground_m: measured });
            }
        }
        (!is_lost).then_some(TrackFrame { t_secs, heads })
    }

    /// A two-state process: missed for a second on average, and found for as long as gives the recall.
    fn is_missed(&mut self, id: u32, t_secs: f64) -> bool {
        let recall = self.config.recall.clamp(0.0, 1.0);
        let found_secs = MISSED_SECS * recall / (1.0 - recall).max(1e-9);
        let rng = &mut self.rng;
        let (is_missed, until) = self.states.entry(id).or_insert_with(|| {
            let is_missed = !rng.chance(recall);
            (is_missed, t_secs + rng.exponential(if is_missed { MISSED_SECS } else { found_secs }))
        });
        while t_secs >= *until {
            *is_missed = !*is_missed;
            *until += rng.exponential(if *is_missed { MISSED_SECS } else { found_secs });
        }
        *is_missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate;

    fn watch(config: SensorConfig, seed: u64) -> (Vec<TrackFrame>, Vec<usize>) {
        let mut simulation = Simulation::new(gate::scenario(), 1);
        let mut tracks = Tracks::new(config, [27.7, 0.0], seed);
        let (mut frames, mut people) = (Vec::new(), Vec::new());
        while tracks.due_secs() < 20.0 {
            simulation.advance_to(tracks.due_secs());
            if let Some(frame) = tracks.observe(&simulation) {
                frames.push(frame);
                people.push(simulation.agents().len());
            }
        }
        (frames, people)
    }

    #[test]
    fn the_errors_are_those_asked_for() {
        let (frames, people) = watch(SensorConfig::default(), 3);
        assert_eq!(frames.len(), 200);
        let found: usize = frames.iter().map(|frame| frame.heads.len()).sum();
        let recall = found as f64 / people.iter().sum::<usize>() as f64;
        assert!((recall - 0.9).abs() < 0.03, "{recall}");
        // Somebody missed is mostly still missed a frame later.
        let ids = |k: usize| frames[k].heads.iter().map(|head| head.id).collect::<Vec<_>>();
        let (mut changed, mut same) = (0, 0);
        for k in 1..frames.len() {
            let (before, now) = (ids(k - 1), ids(k));
            changed += now.iter().filter(|id| !before.contains(id)).count();
            same += now.iter().filter(|id| before.contains(id)).count();
        }
        assert!((changed as f64) < 0.05 * same as f64, "{changed} {same}");
        assert_eq!(watch(SensorConfig::default(), 3).0, frames);
        assert_ne!(watch(SensorConfig::default(), 4).0, frames);
    }

    #[test]
    fn frames_are_lost_and_the_ground_is_scaled_as_asked() {
        let perfect = SensorConfig { recall: 1.0, sigma_x_m: 0.0, ..SensorConfig::default() };
        let (exact, _) = watch(perfect, 3);
        let (scaled, _) = watch(SensorConfig { ground_scale: 1.1, ..perfect }, 3);
        let [a, b] = [&exact, &scaled].map(|frames| frames[50].heads[0].at_in_ground_m);
        assert!(((b[0] - 27.7) - 1.1 * (a[0] - 27.7)).abs() < 1e-9);
        let (rest, _) = watch(SensorConfig { lost_frames: 0.5, ..perfect }, 3);
        assert!((70..130).contains(&rest.len()), "{}", rest.len());
    }
}
