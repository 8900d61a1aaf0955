//! Velocity and density of a zone's cells over the last seconds, in slots of time.

use std::collections::VecDeque;

use crate::{danger::pressure::PressureDefinition, flow_field::FlowField, time::Timestamp};

/// A longer gap between pictures breaks the window, seconds: from there on data is degraded (analytics specification
/// 5.2).
const GAP_MAX_SECS: f64 = 2.0;

/// Nobody in a crowd is faster, m/s: a fault of measurement, taken as not measured.
const SPEED_MAX_M_PER_S: f64 = 12.0;

/// No crowd is denser, people/m2: likewise.
const DENSITY_MAX_PEOPLE_PER_M2: f64 = 50.0;

/// What a cell saw in a slot of time. In single precision, so that its square is exact in double precision and sums
/// over the window do not drift as samples come and go.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    velocity_m_per_s: [f32; 2],
    noise_m2_per_s2: f32,
    density_people_per_m2: f32,
}

/// Sums over the pictures of the slot under way.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    velocity: [f64; 2],
    noise: f64,
    density: f64,
    pictures: f64,
}

/// Slow part of a cell's velocity, and how much noise it carries.
#[derive(Clone, Copy, Debug, Default)]
struct Slow {
    velocity: [f64; 2],
    noise: f64,
    age_secs: f64,
}

/// Sums over the window.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    velocity: [f64; 2],
    squares: f64,
    noise: f64,
    density: f64,
    /// Slots on end up to now that count: known, dense enough and past the filter's start.
    run_slots: usize,
}

/// Temporal moments of each cell over a sliding window. Fixed memory; nothing is allocated after `new`.
#[derive(Clone, Debug)]
pub(super) struct VelocityWindow {
    definition: PressureDefinition,
    slot: Vec<Slot>,
    slow: Vec<Slow>,
    sums: Vec<Sums>,
    /// `[slot, cell]`, slots in a ring.
    samples: Vec<Sample>,
    /// First pictures of the slots in the window, oldest first.
    starts: VecDeque<Timestamp>,
    oldest: usize,
    slot_start: Option<Timestamp>,
    last: Option<Timestamp>,
    is_full: bool,
}

impl VelocityWindow {
    pub(super) fn new(cells: usize, definition: PressureDefinition) -> Self {
        let slots = (definition.window_secs / definition.slot_secs).ceil().clamp(1.0, 1e4) as usize + 1;
        Self {
            definition,
            slot: vec![Slot::default(); cells],
            slow: vec![Slow::default(); cells],
            sums: vec![Sums::default(); cells],
            samples: vec![Sample::default(); cells * slots],
            starts: VecDeque::with_capacity(slots),
            oldest: 0,
            slot_start: None,
            last: None,
            is_full: false,
        }
    }

    /// Takes in a picture; `true` where it closed a slot, so that the moments are new. A clock that jumps back and a
    /// long gap begin anew.
    pub(super) fn observe(&mut self, at: Timestamp, field: &FlowField, cells: &[(usize, f64)]) -> bool {
        if let Some(last) = self.last {
            let dt = at.secs_since(last);
            if !(0.0..=GAP_MAX_SECS).contains(&dt) {
                self.begin_anew();
            } else if dt <= 0.0 {
                return false;
            }
        }
        self.last = Some(at);
        let closes =
            self.slot_start.filter(|start| at.secs_since(*start) >= self.definition.slot_secs - 1e-6);
        if let Some(start) = closes {
            self.close_slot(start);
        }
        if closes.is_some() || self.slot_start.is_none() {
            self.slot_start = Some(at);
        }
        self.add(field, cells);
        closes.is_some()
    }

    /// Mean density in people/m2 and variance of velocity, both axes together, in m2/s2 of a cell over the window,
    /// noise subtracted where the definition says so, so that it may be negative. `None` until the window is full and
    /// where the cell did not count throughout.
    pub(super) fn moments(&self, cell: usize) -> Option<(f64, f64)> {
        let slots = self.starts.len();
        let sums = self.sums.get(cell).filter(|sums| self.is_full && slots > 1 && sums.run_slots >= slots)?;
        let n = slots as f64;
        let [x, y] = sums.velocity;
        let variance = (sums.squares - (x * x + y * y) / n) / n;
        // A mean over n samples takes its own part of the noise along.
        let noise = if self.definition.is_noise_subtracted { sums.noise / n * (n - 1.0) / n } else { 0.0 };
        Some((sums.density / n, variance - noise))
    }

    /// Whether no slot has closed since the beginning.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    fn begin_anew(&mut self) {
        self.slot.fill(Slot::default());
        self.slow.fill(Slow::default());
        self.sums.fill(Sums::default());
        self.samples.fill(Sample::default());
        self.starts.clear();
        (self.oldest, self.slot_start, self.last, self.is_full) = (0, None, None, false);
    }

    fn add(&mut self, field: &FlowField, cells: &[(usize, f64)]) {
        for (slot, (index, _)) in self.slot.iter_mut().zip(cells) {
            let (Some(density), Some(velocity)) =
                (field.density_people_per_m2(*index), field.velocity_m_per_s(*index))
            else {
                continue;
            };
            let noise = field.velocity_noise_m2_per_s2(*index);
            let is_plausible = velocity[0] * velocity[0] + velocity[1] * velocity[1]
                <= SPEED_MAX_M_PER_S * SPEED_MAX_M_PER_S
                && density <= DENSITY_MAX_PEOPLE_PER_M2
                && noise.is_none_or(|noise| noise <= SPEED_MAX_M_PER_S * SPEED_MAX_M_PER_S);
            if !is_plausible || (noise.is_none() && self.definition.is_noise_subtracted) {
                continue;
            }
            slot.velocity = [slot.velocity[0] + velocity[0], slot.velocity[1] + velocity[1]];
            slot.noise += noise.unwrap_or(0.0);
            slot.density += density;
            slot.pictures += 1.0;
        }
    }

    fn close_slot(&mut self, start: Timestamp) {
        let cells = self.slot.len();
        let dt_secs = self.starts.back().map_or(0.0, |before| start.secs_since(*before));
        let slots = self.samples.len() / cells.max(1);
        while self.starts.front().is_some_and(|oldest| {
            self.starts.len() >= slots || start.secs_since(*oldest) >= self.definition.window_secs - 1e-6
        }) {
            self.starts.pop_front();
            self.is_full = true;
            for (sums, sample) in self.sums.iter_mut().zip(&self.samples[self.oldest * cells..]) {
                accumulate(sums, *sample, -1.0);
            }
            self.oldest = (self.oldest + 1) % slots;
        }
        let newest = (self.oldest + self.starts.len()) % slots.max(1);
        self.starts.push_back(start);
        let kept = self.samples[newest * cells..].iter_mut();
        let states = self.slot.iter_mut().zip(&mut self.slow).zip(&mut self.sums);
        for (((slot, slow), sums), kept) in states.zip(kept) {
            let sample = sample(*slot, slow, dt_secs, &self.definition);
            sums.run_slots = if sample.is_some() { sums.run_slots + 1 } else { 0 };
            *kept = sample.unwrap_or_default();
            accumulate(sums, *kept, 1.0);
            *slot = Slot::default();
        }
    }
}

fn accumulate(sums: &mut Sums, sample: Sample, sign: f64) {
    let [x, y] = sample.velocity_m_per_s.map(f64::from);
    sums.velocity = [sums.velocity[0] + sign * x, sums.velocity[1] + sign * y];
    sums.squares += sign * (x * x + y * y);
    sums.noise += sign * f64::from(sample.noise_m2_per_s2);
    sums.density += sign * f64::from(sample.density_people_per_m2);
}

/// A slot's sample of a cell, freed of what changes slowly; `None` where it does not count.
///
/// The slow part is an exponential mean `m` with `m += a (v - m)`, `a = 1 - exp(-dt/tau)`. The rest is
/// `(1 - a/2) (v - m)` with the mean before this slot, which lets the fastest changes pass at their full height. Its
/// noise follows by the same recursion, `(1 - a/2)^2 (s + var m)` for a slot of noise `s`. A mean over n pictures has
/// the noise of one divided by n, taking their errors for independent.
fn sample(slot: Slot, slow: &mut Slow, dt_secs: f64, definition: &PressureDefinition) -> Option<Sample> {
    if slot.pictures <= 0.0 {
        *slow = Slow::default();
        return None;
    }
    let n = slot.pictures;
    let mut velocity = slot.velocity.map(|sum| sum / n);
    let mut noise = slot.noise / (n * n);
    let density = slot.density / n;
    let mut counts = definition.gate_people_per_m2.is_none_or(|gate| density >= gate);
    if let Some(tau_secs) = definition.high_pass_tau_secs {
        if slow.age_secs <= 0.0 {
            *slow = Slow { velocity, noise, age_secs: definition.slot_secs };
            return None;
        }
        // What the filter's start leaves behind has faded to a third after one time constant.
        counts &= slow.age_secs >= tau_secs;
        slow.age_secs += dt_secs;
        let a = -(-dt_secs / tau_secs).exp_m1();
        let passed = 1.0 - 0.5 * a;
        (noise, slow.noise) =
            (passed * passed * (noise + slow.noise), (1.0 - a) * (1.0 - a) * slow.noise + a * a * noise);
        for (slow, velocity) in slow.velocity.iter_mut().zip(&mut velocity) {
            let rest = *velocity - *slow;
            *slow += a * rest;
            *velocity = passed * rest;
        }
    }
    counts.then(|| Sample {
        velocity_m_per_s: velocity.map(|v| v as f32),
        noise_m2_per_s2: noise as f32,
        density_people_per_m2: density as f32,
    })
}
