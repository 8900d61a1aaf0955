//! What no video shows: how long bodies were squeezed, and how hard (analytics specification 6.1).
//!
//! The squeeze of a person is half the summed radial contact load, in N. The levels are those that Fruin 1993 cites
//! from Hopkins and Evans and Hayden, from memory: 1112 N is what people bear for long with pain, 6227 N for a quarter of a
//! minute does harm.

use super::agent::Agent;
use super::simulation::STEP_SECS;

/// Mean squeeze over [`ONSET_SECS`] from which a person counts towards the onset, N.
pub const ONSET_N: f64 = 1112.0;
/// Window of the onset, seconds.
pub const ONSET_SECS: f64 = 30.0;
/// People who must be squeezed at once for the onset.
pub const ONSET_PEOPLE: usize = 5;
/// Mean squeeze over [`HARM_SECS`] that does harm, N.
pub const HARM_N: f64 = 6227.0;
/// Window of the harm, seconds.
pub const HARM_SECS: f64 = 15.0;

/// Steps that are drawn together before the windows move on.
const STEPS_PER_SLOT: u32 = 125;
const SLOT_SECS: f64 = STEPS_PER_SLOT as f64 * STEP_SECS;
const ONSET_SLOTS: usize = (ONSET_SECS / SLOT_SECS) as usize;
const HARM_SLOTS: usize = (HARM_SECS / SLOT_SECS) as usize;

/// One person's squeeze in the slots of the last half minute, N; before entry it was 0.
#[derive(Clone, Debug)]
struct Squeeze {
    slots_n: [f32; ONSET_SLOTS],
    running_n: f64,
}

/// The course of the squeeze in a simulation.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// By the person's number.
    squeezes: Vec<Squeeze>,
    steps: u32,
    slot: usize,
    onset_secs: Option<f64>,
    harm_secs: Option<f64>,
    squeeze_max_n: f64,
}

impl Truth {
    /// First time at which five people had been squeezed with 1112 N in the mean of 30 s, seconds of the scenario.
    pub fn onset_secs(&self) -> Option<f64> {
        self.onset_secs
    }

    /// First time at which anybody had been squeezed with 6227 N in the mean of 15 s, seconds of the scenario.
    pub fn harm_secs(&self) -> Option<f64> {
        self.harm_secs
    }

    /// Largest mean squeeze of 15 s so far, N.
    pub fn squeeze_max_n(&self) -> f64 {
        self.squeeze_max_n
    }

    /// Takes in one step.
    pub(super) fn observe(&mut self, t_secs: f64, agents: &[Agent]) {
        for agent in agents {
            let id = agent.id as usize;
            if id >= self.squeezes.len() {
                self.squeezes.resize(id + 1, Squeeze { slots_n: [0.0; ONSET_SLOTS], running_n: 0.0 });
            }
            self.squeezes[id].running_n += 0.5 * agent.contact_n;
        }
        self.steps += 1;
        if self.steps < STEPS_PER_SLOT {
            return;
        }
        self.steps = 0;
        let mut squeezed = 0;
        for agent in agents {
            let squeeze = &mut self.squeezes[agent.id as usize];
            squeeze.slots_n[self.slot] = (squeeze.running_n / f64::from(STEPS_PER_SLOT)) as f32;
            squeeze.running_n = 0.0;
            let all: f32 = squeeze.slots_n.iter().sum();
            let recent: f32 =
                (0..HARM_SLOTS).map(|k| squeeze.slots_n[(self.slot + ONSET_SLOTS - k) % ONSET_SLOTS]).sum();
            let recent_n = f64::from(recent) / HARM_SLOTS as f64;
            self.squeeze_max_n = self.squeeze_max_n.max(recent_n);
            squeezed += usize::from(f64::from(all) / ONSET_SLOTS as f64 >= ONSET_N);
            if recent_n >= HARM_N {
                self.harm_secs.get_or_insert(t_secs);
            }
        }
        if squeezed >= ONSET_PEOPLE {
            self.onset_secs.get_or_insert(t_secs);
        }
        self.slot = (self.slot + 1) % ONSET_SLOTS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::agent::Aim;
    use crate::rng::Rng;

    /// The times at which a constant contact load on some people becomes an onset and a harm.
    fn course(people: u32, contact_n: f64) -> (Option<f64>, Option<f64>) {
        let mut rng = Rng::new(1);
        let agents: Vec<Agent> = (0..people)
            .map(|id| {
                let agent = Agent::enter(id, [f64::from(id), 0.0], [1.0, 0.0], Aim::Walk(0), &mut rng);
                Agent { contact_n, ..agent }
            })
            .collect();
        let mut truth = Truth::default();
        for step in 0..(60.0 / STEP_SECS) as u32 {
            truth.observe(f64::from(step) * STEP_SECS, &agents);
        }
        (truth.onset_secs(), truth.harm_secs())
    }

    #[test]
    fn the_squeeze_is_half_the_load_and_must_last() {
        let (onset, harm) = course(5, 2.0 * 6300.0);
        // 6300 N for t of 30 s is 1112 N in the mean at t = 5.3 s.
        assert!((onset.unwrap() - 5.3).abs() <= 0.5, "{onset:?}");
        assert!((harm.unwrap() - 15.0).abs() <= 0.5, "{harm:?}");
        let (onset, harm) = course(5, 2.0 * 1200.0);
        assert!((onset.unwrap() - 27.8).abs() <= 0.5 && harm.is_none());
        assert_eq!(course(4, 2.0 * 1200.0), (None, None), "four are not five");
        assert_eq!(course(50, 2.0 * 1100.0), (None, None));
    }
}
