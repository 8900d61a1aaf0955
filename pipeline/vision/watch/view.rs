//! What a fixed camera shows, roughly: textures and light of its view, against what was learned.
//!
//! A hand, a flag or paint before the lens takes texture *and* shapes away; rain, snow and glare leave the shapes. A
//! crowd brings texture, dusk takes it slowly and is learned.

use throng_analytics::time::Timestamp;

use super::{
    change::{BLOCK_PX, Change},
    history::{History, Lasting},
    lie::{Lie, Trouble},
};
use crate::vision::grey::Grey;

/// A block with a mean difference of neighbouring pixels above this shows something, luma.
const TEXTURE_LUMA: f32 = 2.0;

/// A block that keeps less than this part of its texture has lost it.
const TEXTURE_KEPT: f32 = 0.3;

/// Share of the blocks with texture that must have lost it: "most of the picture".
const LOST_SHARE: f64 = 0.6;

/// Correlation of the rough picture with the learned one below which it shows something else.
const SAME_SHAPES: f64 = 0.6;

/// Time over which the view is learned, seconds: the sun, clouds and parked cars take longer, passers-by less.
const LEARN_SECS: f64 = 120.0;

/// Time before which the view is not known, seconds.
const KNOWN_AFTER_SECS: f64 = 8.0;

/// Share of blown-out pixels that glare adds over what is usual.
const GLARE_SHARE: f64 = 0.25;

/// Luma from which a pixel is blown out, as for the counter's guard.
const BLOWN_OUT_LUMA: u8 = 245;

/// Rain and snow before the lens: noise in the median block this many times the usual, and this much at least, luma.
const FLICKER_RATIO: f64 = 4.0;
const FLICKER_LUMA: f64 = 5.0;

/// While the rough picture changes by less than this part of that: a crowd's motion changes it as much.
const ROUGH_PART: f64 = 0.35;

/// Columns and rows of the rough picture.
const ROUGH: (usize, usize) = (24, 18);

/// What the view tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) covered: Option<Trouble>,
    pub(super) veiled: Option<Trouble>,
    /// Whether it differs from the learned one so much that nothing should be concluded from it.
    pub(super) is_strange: bool,
}

/// Learns and compares views.
#[derive(Clone, Debug)]
pub(super) struct ViewWatch {
    confirm_secs: f64,
    learned: Option<Learned>,
    noise: History,
    glare: History,
    rough_before: Vec<f32>,
    covered: Lasting,
    veiled: Lasting,
}

/// The usual view.
#[derive(Clone, Debug)]
struct Learned {
    size_px: (usize, usize),
    since: Timestamp,
    at: Timestamp,
    /// Mean difference of neighbouring pixels in each block.
    texture: Vec<f32>,
    rough: Vec<f32>,
}

impl ViewWatch {
    pub(super) fn new(confirm_secs: f64) -> Self {
        Self {
            confirm_secs,
            learned: None,
            noise: History::default(),
            glare: History::default(),
            rough_before: Vec::new(),
            covered: Lasting::default(),
            veiled: Lasting::default(),
        }
    }

    /// Takes in a picture; `None` before the view is known.
    pub(super) fn observe(
        &mut self,
        now: &Grey,
        change: Option<&Change>,
        at: Timestamp,
        learns: bool,
    ) -> Option<Look> {
        let (texture, rough) = (textures(now), rough(now, ROUGH));
        let rough_change = median_difference(&self.rough_before, &rough);
        self.rough_before.clone_from(&rough);
        let blown_out = now.luma.iter().filter(|luma| **luma > BLOWN_OUT_LUMA).count();
        let glare = blown_out as f64 / now.luma.len().max(1) as f64;
        let size_px = (now.width_px, now.height_px);
        let learned = match &mut self.learned {
            Some(learned) if learned.size_px == size_px => learned,
            other => {
                *other = Some(Learned { size_px, since: at, at, texture, rough });
                return None;
            }
        };
        let is_known = at.secs_since(learned.since) >= KNOWN_AFTER_SECS;
        let lost = lost_share(&learned.texture, &texture);
        let shapes = correlation(&learned.rough, &rough);
        let usual_noise = self.noise.quantile(0.5);
        let flicker = change.zip(usual_noise).zip(rough_change).and_then(|((change, usual), rough)| {
            let limit = (FLICKER_RATIO * usual).max(FLICKER_LUMA);
            (change.quiet > limit && rough < ROUGH_PART * change.quiet).then_some(change.quiet)
        });
        let is_glaring = self.glare.quantile(0.9).is_some_and(|usual| glare > usual + GLARE_SHARE);
        let is_covered = is_known && !is_glaring && lost >= LOST_SHARE && shapes < SAME_SHAPES;
        let is_faded = is_known && lost >= LOST_SHARE && !is_covered;
        let is_veiled = is_known && (flicker.is_some() || is_glaring || is_faded);
        let is_strange = is_covered || (is_known && (lost >= LOST_SHARE / 2.0 || is_glaring));
        if learns && !is_covered && !is_veiled {
            let step_secs = at.secs_since(learned.at).clamp(0.0, 1.0);
            // A mean of all so far, until that is as long as the memory.
            let part =
                (step_secs / at.secs_since(learned.since).clamp(step_secs.max(1e-3), LEARN_SECS)) as f32;
            learned.at = at;
            learn(&mut learned.texture, &texture, part);
            learn(&mut learned.rough, &rough, part);
            self.glare.keep(glare, at);
            if let Some(change) = change {
                self.noise.keep(change.quiet, at);
            }
        }
        let covered = self.covered.observe(is_covered, at, self.confirm_secs).map(|since| {
            let cause = format!(
                "the camera is covered or dark: {:.0} % of what the picture usually shows is gone; look at the lens",
                100.0 * lost
            );
            Trouble::new(Lie::Covered, cause, since)
        });
        let veiled = self.veiled.observe(is_veiled, at, self.confirm_secs).map(|since| {
            let cause = if let Some(flicker) = flicker {
                format!("rain, snow or noise over most of the picture: it flickers by {flicker:.0} of 255")
            } else if is_glaring {
                format!("glare: {:.0} % of the picture is blown out", 100.0 * glare)
            } else {
                format!("fog, spray or glare: {:.0} % of the picture has lost its contrast", 100.0 * lost)
            };
            Trouble::new(Lie::Veiled, cause, since)
        });
        Some(Look { covered, veiled, is_strange })
    }
}

/// Mean difference of neighbouring pixels, block by block.
fn textures(grey: &Grey) -> Vec<f32> {
    let (columns, rows) = (grey.width_px / BLOCK_PX, grey.height_px / BLOCK_PX);
    let mut sums = vec![0_u32; columns * rows];
    for (y, line) in grey.luma.chunks_exact(grey.width_px.max(1)).take(rows * BLOCK_PX).enumerate() {
        let row = &mut sums[y / BLOCK_PX * columns..][..columns];
        for (sum, block) in row.iter_mut().zip(line.chunks_exact(BLOCK_PX)) {
            *sum += block.windows(2).map(|pair| u32::from(pair[0].abs_diff(pair[1]))).sum::<u32>();
        }
    }
    let pairs = (BLOCK_PX * (BLOCK_PX - 1)) as f32;
    sums.into_iter().map(|sum| sum as f32 / pairs).collect()
}

/// The mean light of each of `columns` x `rows` fields.
pub(super) fn rough(grey: &Grey, (columns, rows): (usize, usize)) -> Vec<f32> {
    let (mut sums, mut pixels) = (vec![0_u32; columns * rows], vec![0_u32; columns * rows]);
    for (y, line) in grey.luma.chunks_exact(grey.width_px.max(1)).enumerate() {
        let row = y * rows / grey.height_px * columns;
        for (x, luma) in line.iter().enumerate() {
            let field = row + x * columns / grey.width_px;
            sums[field] += u32::from(*luma);
            pixels[field] += 1;
        }
    }
    sums.iter().zip(&pixels).map(|(sum, pixels)| *sum as f32 / (*pixels).max(1) as f32).collect()
}

/// Share of the blocks that usually show something and do not now; 0 where too few ever do.
fn lost_share(usual: &[f32], now: &[f32]) -> f64 {
    let shows = |texture: &f32| *texture >= TEXTURE_LUMA;
    let textured = usual.iter().filter(|texture| shows(texture)).count();
    if textured * 10 < usual.len() {
        return 0.0;
    }
    let lost =
        usual.iter().zip(now).filter(|(usual, now)| shows(usual) && **now < TEXTURE_KEPT * **usual).count();
    lost as f64 / textured as f64
}

fn learn(usual: &mut [f32], now: &[f32], part: f32) {
    for (usual, now) in usual.iter_mut().zip(now) {
        *usual += part * (now - *usual);
    }
}

/// Median difference of two rough pictures; `None` where they cannot be compared.
fn median_difference(before: &[f32], now: &[f32]) -> Option<f64> {
    if before.len() != now.len() || now.is_empty() {
        return None;
    }
    let mut differences: Vec<f32> = before.iter().zip(now).map(|(a, b)| (a - b).abs()).collect();
    let middle = differences.len() / 2;
    Some(f64::from(*differences.select_nth_unstable_by(middle, f32::total_cmp).1))
}

/// Pearson's correlation; 0 where one of them is flat.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len().min(b.len()).max(1) as f64;
    let mean = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}
