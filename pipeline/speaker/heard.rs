//! Whether an announcement can be heard in what a microphone recorded.
//!
//! Waves do not agree after a horn, a square and a microphone; loudness over time does, in bands that speech fills. So both
//! are reduced to the logarithm of their energy in four bands every 20 ms, and compared by correlation at the best delay. A
//! crowd that is as loud as the announcement fills its pauses and lowers the agreement; what is not there at all agrees by
//! chance only.

use crate::stream::sound::SAMPLE_RATE_HZ;

/// Agreement from which on it counts as heard: in the tests speech in noise as loud as itself reaches 0.7, other speech 0.3.
pub const HEARD_MIN: f64 = 0.5;
/// Length of a frame, seconds.
const FRAME_SECS: f64 = 0.02;
/// Longest delay from the loudspeaker to the recording, seconds: buffers of a sound card, and 200 m of air.
const DELAY_MAX_SECS: f64 = 1.5;
/// Middles of the bands, hertz: an octave each, as far as telephones carry.
const BANDS_HZ: [f64; 4] = [400.0, 800.0, 1600.0, 3000.0];
/// Width of a band, as its middle over it.
const QUALITY: f64 = 1.4;
/// What is quieter than the loudest frame by more than this is silence, as a share of energy: 40 dB.
const FLOOR: f64 = 1e-4;

/// How well what was recorded agrees with what was said, 0 to 1; `None` where one of them is silent or too short. Both one
/// channel, [`SAMPLE_RATE_HZ`].
pub fn agreement(said: &[f32], heard: &[f32]) -> Option<f64> {
    let said = loudness(said)?;
    let heard = loudness(heard)?;
    let delays = (DELAY_MAX_SECS / FRAME_SECS) as usize;
    let frames = said[0].len();
    let best = (0..=delays).filter_map(|delay| {
        let overlap = frames.min(heard[0].len().checked_sub(delay)?);
        // Half of it must have been recorded.
        if 2 * overlap < frames || overlap < 10 {
            return None;
        }
        let bands = said.iter().zip(&heard);
        let by_band =
            bands.map(|(said, heard)| correlation(&said[..overlap], &heard[delay..delay + overlap]));
        Some(by_band.sum::<f64>() / BANDS_HZ.len() as f64)
    });
    best.reduce(f64::max).map(|best| best.clamp(0.0, 1.0))
}

/// The logarithm of the energy in each band, frame by frame; `None` for silence and for less than a frame.
fn loudness(samples: &[f32]) -> Option<Vec<Vec<f64>>> {
    let frame = (FRAME_SECS * f64::from(SAMPLE_RATE_HZ)) as usize;
    BANDS_HZ
        .iter()
        .map(|middle_hz| {
            let mut band = Band::new(*middle_hz);
            let energies: Vec<f64> = samples
                .chunks_exact(frame)
                .map(|chunk| chunk.iter().map(|sample| band.pass(f64::from(*sample)).powi(2)).sum())
                .collect();
            let loudest = energies.iter().copied().fold(0.0, f64::max);
            (loudest > 1e-9)
                .then(|| energies.iter().map(|energy| (energy / loudest).max(FLOOR).ln()).collect())
        })
        .collect()
}

/// Pearson's; 0 where one of them does not change.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// A band-pass of second order (Bristow-Johnson's cookbook, constant peak gain).
struct Band {
    b0: f64,
    a1: f64,
    a2: f64,
    x: [f64; 2],
    y: [f64; 2],
}

impl Band {
    fn new(middle_hz: f64) -> Self {
        let w = 2.0 * std::f64::consts::PI * middle_hz / f64::from(SAMPLE_RATE_HZ);
        let alpha = w.sin() / (2.0 * QUALITY);
        let a0 = 1.0 + alpha;
        Self { b0: alpha / a0, a1: -2.0 * w.cos() / a0, a2: (1.0 - alpha) / a0, x: [0.0; 2], y: [0.0; 2] }
    }

    fn pass(&mut self, x: f64) -> f64 {
        let y = self.b0 * (x - self.x[1]) - self.a1 * self.y[0] - self.a2 * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::speaker_plan::AnnouncementPlan,
        speaker::voice::{Voice, plan_in},
    };

    fn said(folder: &std::path::Path, zh: &str) -> Vec<f32> {
        let announcement = AnnouncementPlan { zh: Some(zh.to_owned()), ..AnnouncementPlan::default() };
        let mut plan = plan_in(folder);
        // The gong is the same before every announcement.
        plan.chime = false;
        Voice::new(plan).clip("test", &announcement, false).unwrap().samples.to_vec()
    }

    /// Noise of a root mean square, the same in every run.
    fn noise(length: usize, rms: f32) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..length).map(|_| 3.0_f32.sqrt() * rms * next()).collect()
    }

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn speech_is_heard_late_with_echoes_and_in_noise_and_other_speech_is_not_taken_for_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let words = said(folder.path(), "请不要拥挤，避免发生踩踏事故。请听从工作人员指挥。");
        let other = said(folder.path(), "出口在您的左侧，请慢慢走，谢谢合作，祝您节日愉快，再见。");
        let late = SAMPLE_RATE_HZ as usize / 3;
        let mut heard = noise(words.len() + 2 * late, rms(&words));
        for (index, sample) in words.iter().enumerate() {
            heard[index + late] += sample;
            // A wall 50 m away.
            heard[index + late + SAMPLE_RATE_HZ as usize * 3 / 10] += 0.4 * sample;
        }
        let in_noise = agreement(&words, &heard).unwrap();
        let by_chance = agreement(&words, &other).unwrap();
        let nothing = agreement(&words, &noise(words.len(), 0.1)).unwrap();
        println!("in noise {in_noise:.2}, other speech {by_chance:.2}, noise alone {nothing:.2}");
        assert!(in_noise > HEARD_MIN, "{in_noise}");
        assert!(by_chance < HEARD_MIN && nothing < HEARD_MIN, "{by_chance} {nothing}");
    }

    #[test]
    fn silence_says_nothing() {
        assert_eq!(agreement(&noise(48_000, 0.0), &noise(48_000, 0.1)), None);
        assert_eq!(agreement(&noise(48_000, 0.1), &[]), None);
    }
}
