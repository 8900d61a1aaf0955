//! Collective oscillation: a dense crowd that turns as one (Gu et al., Nature 2025; analytics specification 2.6).
//!
//! In a plaza of 50 x 20 m several hundred people at more than about 4 people/m2 moved in circles with a period of
//! 18 s, and the same signature preceded the 2010 Love Parade disaster. It takes music, a swaying camera and waving for the
//! same, so it feeds the score and never warns alone.

use crate::time::Timestamp;

/// Seconds of motion that are looked at: three cycles of the slowest oscillation known, almost.
const WINDOW_SECS: f64 = 60.0;
/// Seconds of motion from which on something is said (analytics specification 2.6: 30 to 60 s).
const WINDOW_SECS_MIN: f64 = 30.0;
/// Velocities are means over slots this long, seconds.
const SLOT_SECS: f64 = 0.5;
const SLOTS: usize = (WINDOW_SECS / SLOT_SECS) as usize;
const SLOTS_MIN: usize = (WINDOW_SECS_MIN / SLOT_SECS) as usize;
/// A longer gap begins anew, seconds.
const GAP_SECS: f64 = 2.0;
/// Frequencies looked at, Hz (analytics specification 2.6).
const BAND_HZ: (f64, f64) = (0.03, 0.5);
/// A crowd that moves less than this is at rest, m/s (our proposal).
const REST_M_PER_S: f64 = 1e-3;
/// Cycles that must be seen (analytics specification 2.6).
const CYCLES_MIN: f64 = 2.0;

/// An oscillation as measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oscillation {
    /// Period of the strongest frequency, seconds; known to about its square over the window.
    pub period_secs: f64,
    /// Share of the motion's power in the band that lies at that frequency and beside it, 0 to 1.
    pub peak_fraction: f64,
    /// `(S+ - S-) / (S+ + S-)` at that frequency: 1 turns counter-clockwise, -1 clockwise, 0 swings on a line.
    pub chirality: f64,
    /// Root mean square of the velocity about its mean, m/s.
    pub rms_m_per_s: f64,
    /// Cycles in the window.
    pub cycles: f64,
}

/// Measures the oscillation of a zone's mean velocity. Fixed memory; nothing is allocated after `default`.
#[derive(Clone, Debug)]
pub struct OscillationMeter {
    /// Newest last; a slot without pictures repeats the one before.
    slots: Vec<[f64; 2]>,
    open: Option<OpenSlot>,
    newest: Option<Timestamp>,
    reading: Option<Oscillation>,
}

#[derive(Clone, Copy, Debug)]
struct OpenSlot {
    since: Timestamp,
    sum: [f64; 2],
    pictures: f64,
}

impl Default for OscillationMeter {
    fn default() -> Self {
        Self { slots: Vec::with_capacity(SLOTS + 1), open: None, newest: None, reading: None }
    }
}

impl OscillationMeter {
    /// Takes in the mean velocity of a picture, weighted by density, m/s. A clock set back and a gap of 2 s begin anew.
    pub fn observe(&mut self, at: Timestamp, velocity_m_per_s: [f64; 2]) {
        if !velocity_m_per_s.iter().all(|v| v.is_finite()) {
            return;
        }
        let since_newest = self.newest.replace(at).map(|newest| at.secs_since(newest));
        if since_newest.is_some_and(|secs| !(0.0..=GAP_SECS).contains(&secs)) {
            (self.open, self.reading) = (None, None);
            self.slots.clear();
        }
        let fresh = OpenSlot { since: at, sum: [0.0; 2], pictures: 0.0 };
        let mut open = *self.open.get_or_insert(fresh);
        let mut closed = false;
        while at.secs_since(open.since) >= SLOT_SECS {
            let mean = if open.pictures > 0.0 {
                open.sum.map(|s| s / open.pictures)
            } else {
                self.slots.last().copied().unwrap_or(velocity_m_per_s)
            };
            if self.slots.len() == SLOTS {
                self.slots.rotate_left(1);
                self.slots.pop();
            }
            self.slots.push(mean);
            open = OpenSlot { since: open.since + SLOT_SECS, ..fresh };
            (open.sum, open.pictures, closed) = ([0.0; 2], 0.0, true);
        }
        open.sum = [0, 1].map(|k| open.sum[k] + velocity_m_per_s[k]);
        open.pictures += 1.0;
        self.open = Some(open);
        if closed {
            self.reading = read(&self.slots);
        }
    }

    /// The oscillation up to the last whole slot; `None` before half a minute has been seen, at rest, and where the strongest
    /// frequency has not had two cycles.
    pub fn reading(&self) -> Option<Oscillation> {
        self.reading
    }
}

/// The strongest frequency of a complex series `Vx + i Vy`, its mean removed, under a Hann window.
fn read(slots: &[[f64; 2]]) -> Option<Oscillation> {
    let n = slots.len();
    if n < SLOTS_MIN {
        return None;
    }
    let mean = [0, 1].map(|k| slots.iter().map(|v| v[k]).sum::<f64>() / n as f64);
    let squares = slots.iter().map(|v| (v[0] - mean[0]).powi(2) + (v[1] - mean[1]).powi(2)).sum::<f64>();
    let rms_m_per_s = (squares / n as f64).sqrt();
    if rms_m_per_s < REST_M_PER_S {
        return None;
    }
    let window_secs = n as f64 * SLOT_SECS;
    let first = (BAND_HZ.0 * window_secs).ceil() as usize;
    let last = (BAND_HZ.1 * window_secs).floor() as usize;
    let mut powers = [(0.0, 0.0); SLOTS];
    for (k, power) in powers.iter_mut().enumerate().take(last + 1).skip(first) {
        let turn = std::f64::consts::TAU * k as f64 / n as f64;
        let (step_sin, step_cos) = turn.sin_cos();
        let (mut cos, mut sin) = (1.0_f64, 0.0_f64);
        // Sums of c e^{-i w t} and c e^{+i w t}: counter-clockwise and clockwise.
        let mut sums = [[0.0_f64; 2]; 2];
        for (i, v) in slots.iter().enumerate() {
            let hann = 0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / n as f64).cos();
            let (x, y) = (hann * (v[0] - mean[0]), hann * (v[1] - mean[1]));
            sums[0] = [sums[0][0] + x * cos + y * sin, sums[0][1] + y * cos - x * sin];
            sums[1] = [sums[1][0] + x * cos - y * sin, sums[1][1] + y * cos + x * sin];
            (cos, sin) = (cos * step_cos - sin * step_sin, sin * step_cos + cos * step_sin);
        }
        *power = (sums[0][0].powi(2) + sums[0][1].powi(2), sums[1][0].powi(2) + sums[1][1].powi(2));
    }
    let both = |k: usize| powers[k].0 + powers[k].1;
    let total: f64 = (first..=last).map(both).sum();
    let peak = (first..=last).max_by(|a, b| both(*a).total_cmp(&both(*b)))?;
    // A Hann window spreads a line over its two neighbours.
    let around = peak.saturating_sub(1).max(first)..=(peak + 1).min(last);
    let (plus, minus) = around.fold((0.0, 0.0), |(plus, minus), k| (plus + powers[k].0, minus + powers[k].1));
    let cycles = peak as f64;
    (cycles >= CYCLES_MIN && total > 0.0).then(|| Oscillation {
        period_secs: window_secs / cycles,
        peak_fraction: (plus + minus) / total,
        chirality: (plus - minus) / (plus + minus),
        rms_m_per_s,
        cycles,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meter(secs: f64, fps: f64, velocity: impl Fn(f64) -> [f64; 2]) -> OscillationMeter {
        let mut meter = OscillationMeter::default();
        for i in 0..(secs * fps) as usize {
            let t = i as f64 / fps;
            meter.observe(Timestamp::from_unix_nanos(0) + t, velocity(t));
        }
        meter
    }

    fn turning(period_secs: f64) -> impl Fn(f64) -> [f64; 2] {
        move |t| {
            let (sin, cos) = (std::f64::consts::TAU * t / period_secs).sin_cos();
            // A drift and a tremble on top: neither is an oscillation.
            [0.2 * cos + 0.3 + 0.02 * (7.0 * t).sin(), 0.2 * sin + 0.02 * (9.0 * t).cos()]
        }
    }

    #[test]
    fn a_turning_crowd_has_its_period_and_its_hand() {
        for (period_secs, hand) in [(10.0, 1.0), (-10.0, -1.0), (18.0, 1.0), (-18.0, -1.0)] {
            for fps in [2.5, 10.0] {
                let found = meter(70.0, fps, turning(period_secs)).reading().unwrap();
                let error_secs = period_secs * period_secs / WINDOW_SECS;
                assert!((found.period_secs - period_secs.abs()).abs() <= error_secs, "{found:?}");
                assert!(found.chirality * hand > 0.8, "{found:?}");
                assert!(found.peak_fraction > 0.8 && (found.rms_m_per_s - 0.2).abs() < 0.02, "{found:?}");
            }
        }
    }

    #[test]
    fn swinging_on_a_line_has_no_hand_and_noise_no_peak() {
        let line = meter(70.0, 10.0, |t| [0.2 * (std::f64::consts::TAU * t / 6.0).sin(), 0.0]);
        assert!(line.reading().unwrap().chirality.abs() < 0.05);
        let noise = |t: f64| {
            let hash = |k: u64| {
                let mut z = ((t * 10.0).round() as u64 * 2 + k).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                (z >> 40) as f64 / 16_777_216.0 - 0.5
            };
            [hash(0), hash(1)]
        };
        let found = meter(70.0, 10.0, noise).reading();
        assert!(found.is_none_or(|o| o.peak_fraction < 0.4), "{found:?}");
    }

    #[test]
    fn too_short_a_look_and_standing_still_say_nothing() {
        assert_eq!(meter(25.0, 10.0, turning(10.0)).reading(), None);
        assert_eq!(meter(70.0, 10.0, |_| [0.4, 0.0]).reading(), None);
        let mut interrupted = meter(70.0, 10.0, turning(10.0));
        interrupted.observe(Timestamp::from_unix_nanos(0) + 80.0, [0.0; 2]);
        assert_eq!(interrupted.reading(), None, "a gap begins anew");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_nothing_but_numbers_comes_out(
            course in proptest::collection::vec((-3.0..40.0_f64, -1e6..1e6_f64, -1e6..1e6_f64), 1..300),
        ) {
            let mut meter = OscillationMeter::default();
            let mut t = 0.0;
            for (gap, x, y) in course {
                t += if gap > 3.0 { 0.2 } else { gap };
                meter.observe(Timestamp::from_unix_nanos(0) + t, [x, y]);
                if let Some(o) = meter.reading() {
                    for value in [o.period_secs, o.peak_fraction, o.chirality, o.rms_m_per_s] {
                        prop_assert!(value.is_finite());
                    }
                }
            }
        }
    }
}
