//! Flow breakdown: ever more people in a place, and ever fewer who get through (analytics specification 2.2).

use std::collections::VecDeque;

use crate::time::Timestamp;

/// How long it must go on, seconds (analytics specification 2.2).
const LASTING_SECS: f64 = 20.0;
/// Only crowds denser than this break down, people/m2 (analytics specification 2.2).
const DENSITY_MIN_PEOPLE_PER_M2: f64 = 2.0;
/// Least change over the time, as a share of the mean: what a second's mean leaves of noise stays below it (our
/// proposal).
const CHANGE_MIN: f64 = 0.05;
/// Samples are averaged over this time, seconds (our proposal).
const SLOT_SECS: f64 = 1.0;
/// A longer gap begins anew, seconds.
const GAP_MAX_SECS: f64 = 5.0;

/// Means of density and specific flow over a second.
#[derive(Clone, Copy, Debug)]
struct Slot {
    began: Timestamp,
    density: f64,
    flow: f64,
    samples: f64,
}

/// Watches density and specific flow of a zone.
#[derive(Clone, Debug, Default)]
pub struct FlowBreakdownWatch {
    slots: VecDeque<Slot>,
    last: Option<Timestamp>,
}

impl FlowBreakdownWatch {
    /// Takes in the density, people/m2, and the specific flow, people/m/s, of a picture.
    pub fn observe(&mut self, captured_at: Timestamp, density_people_per_m2: f64, flow_people_per_m_s: f64) {
        if !(density_people_per_m2.is_finite() && flow_people_per_m_s.is_finite()) {
            return;
        }
        let passed = self.last.map(|last| captured_at.secs_since(last));
        if passed.is_some_and(|secs| secs <= 0.0 || secs > GAP_MAX_SECS) {
            self.slots.clear();
        }
        self.last = Some(captured_at);
        match self.slots.back_mut().filter(|slot| captured_at.secs_since(slot.began) < SLOT_SECS) {
            Some(slot) => {
                slot.density += density_people_per_m2;
                slot.flow += flow_people_per_m_s;
                slot.samples += 1.0;
            }
            None => self.slots.push_back(Slot {
                began: captured_at,
                density: density_people_per_m2,
                flow: flow_people_per_m_s,
                samples: 1.0,
            }),
        }
        while self.slots.get(1).is_some_and(|second| captured_at.secs_since(second.began) >= LASTING_SECS) {
            self.slots.pop_front();
        }
    }

    /// Whether density has grown and flow has fallen for 20 s above 2 people/m2; `None` before 20 s are known.
    pub fn is_breaking_down(&self) -> Option<bool> {
        let (first, last) = (self.slots.front()?, self.last?);
        if last.secs_since(first.began) < LASTING_SECS {
            return None;
        }
        let changes = [|slot: &Slot| slot.density / slot.samples, |slot: &Slot| slot.flow / slot.samples]
            .map(|value| self.change(value));
        let [(density, density_change), (flow, flow_change)] = changes;
        Some(
            density > DENSITY_MIN_PEOPLE_PER_M2
                && density_change > CHANGE_MIN * density
                && flow_change < -CHANGE_MIN * flow,
        )
    }

    /// Mean of a value over the slots, and its change over [`LASTING_SECS`] by the least-squares line through them.
    fn change(&self, value: impl Fn(&Slot) -> f64) -> (f64, f64) {
        let n = self.slots.len() as f64;
        let Some(first) = self.slots.front() else { return (0.0, 0.0) };
        let points = || self.slots.iter().map(|slot| (slot.began.secs_since(first.began), value(slot)));
        let (t_mean, mean) = points().fold((0.0, 0.0), |(a, b), (t, v)| (a + t / n, b + v / n));
        let (along, square) = points().fold((0.0, 0.0), |(a, b), (t, v)| {
            (a + (t - t_mean) * (v - mean), b + (t - t_mean) * (t - t_mean))
        });
        (mean, if square > 0.0 { along / square * LASTING_SECS } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(secs: f64, density: impl Fn(f64) -> f64, flow: impl Fn(f64) -> f64) -> Option<bool> {
        let mut watch = FlowBreakdownWatch::default();
        for k in 0..=(secs * 5.0) as u32 {
            let t = f64::from(k) * 0.2;
            // A tremble as counts have it.
            let tremble = 1.0 + 0.02 * (17.0 * t).sin();
            watch.observe(Timestamp::from_unix_nanos(0) + t, density(t) * tremble, flow(t) * tremble);
        }
        watch.is_breaking_down()
    }

    #[test]
    fn more_people_and_less_flow_is_a_breakdown() {
        assert_eq!(after(30.0, |t| 2.5 + 0.05 * t, |t| 1.2 - 0.03 * t), Some(true));
        assert_eq!(after(15.0, |t| 2.5 + 0.05 * t, |t| 1.2 - 0.03 * t), None, "not for long enough");
    }

    #[test]
    fn a_filling_street_that_still_flows_and_a_sparse_one_are_none() {
        assert_eq!(after(30.0, |t| 2.5 + 0.05 * t, |t| 1.0 + 0.02 * t), Some(false));
        assert_eq!(after(30.0, |t| 0.8 + 0.02 * t, |t| 1.0 - 0.03 * t), Some(false));
        assert_eq!(after(30.0, |_| 4.0, |_| 0.6), Some(false), "steady");
        assert_eq!(after(30.0, |t| 5.0 - 0.05 * t, |t| 1.2 - 0.03 * t), Some(false), "it empties");
    }

    #[test]
    fn a_gap_begins_anew() {
        let mut watch = FlowBreakdownWatch::default();
        for t in (0..25).chain(40..55).map(f64::from) {
            watch.observe(Timestamp::from_unix_nanos(0) + t, 3.0 + 0.05 * t, 1.2 - 0.015 * t);
        }
        assert_eq!(watch.is_breaking_down(), None);
    }
}
