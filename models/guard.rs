//! Is this a picture of anything? Counters see people in black, white and noisy frames, so such frames must not be
//! counted at all: their count would pass for knowledge.

mod blur;

pub use blur::of as blur;

use crate::{picture::RgbView, preprocess::LUMA_OF_RGB};

/// Sampling: every 4th pixel of every 4th row tells light and contrast well enough, at 1/16 of the work.
const SAMPLE_STEP_PX: usize = 4;

/// A pixel is dark below this luma (0..255): video black is 16, and sensors add a little noise to it.
const DARK_LUMA: f32 = 24.0;

/// A pixel is blown out above this luma (0..255).
const BLOWN_OUT_LUMA: f32 = 245.0;

/// A frame with all but this share of its pixels dark, or blown out, shows nothing. A lit lamp in a dark scene is more.
const SHARE_THAT_SHOWS: f64 = 0.002;

/// Standard deviation of luma (0..255) under which a frame is a plain surface: fog, a covered lens, a test card's grey.
const CONTRAST_MIN: f64 = 3.0;

/// Correlation of neighbouring pixels under which a frame is noise. Street and crowd photographs stay above 0.8, random
/// pixels give 0 and random pixels smoothed by a decoder's scaling up to 0.5.
const CORRELATION_MIN: f64 = 0.5;

/// Blur (0..1) above which people can no longer be told apart. Of 66 photographs and camera frames of eleven kinds none
/// exceeds 0.37. Smoothed by a Gaussian of 2 pixels they reach 0.65 and the counter still finds 64 % of the people in the
/// median; at 3 pixels 0.77 and 43 %; at 4 pixels 0.84 and 21 %.
const BLUR_MAX: f64 = 0.7;

/// Why `picture` cannot be counted; `None` where it can.
pub fn reason_not_to_count(picture: RgbView<'_>) -> Option<String> {
    let light = Light::of(picture);
    let share = |pixels: u64| pixels as f64 / light.samples as f64;
    if share(light.dark) > 1.0 - SHARE_THAT_SHOWS {
        return Some(format!("picture is black (mean luma {:.0} of 255)", light.mean()));
    }
    if share(light.blown_out) > 1.0 - SHARE_THAT_SHOWS {
        return Some(format!("picture is white (mean luma {:.0} of 255)", light.mean()));
    }
    let variance = light.variance();
    if variance < CONTRAST_MIN * CONTRAST_MIN {
        return Some(format!("picture has no contrast (standard deviation {:.1} of 255)", variance.sqrt()));
    }
    let correlation = light.neighbour_correlation();
    if correlation < CORRELATION_MIN {
        return Some(format!("picture is noise (neighbouring pixels correlate by {correlation:.2})"));
    }
    let blur = blur::of(picture);
    if blur > BLUR_MAX {
        return Some(format!(
            "picture is blurred ({blur:.2} of 1): clean and focus the lens, or hold the camera still"
        ));
    }
    None
}

/// Why `people` in an input of `area_px` pixels cannot be; `None` where they can. `head_lo_px` is the smallest head the
/// model knows: with heads of that size side by side the input is full.
pub(crate) fn reason_not_to_believe(people: f64, area_px: f64, head_lo_px: f64) -> Option<String> {
    let people_max = area_px / (head_lo_px * head_lo_px);
    (people > people_max).then(|| {
        format!(
            "count is implausible: {people:.0} people where {people_max:.0} of the smallest heads fill the picture"
        )
    })
}

/// Sums over sampled pixels.
#[derive(Default)]
struct Light {
    samples: u64,
    dark: u64,
    blown_out: u64,
    sum: f64,
    sum_of_squares: f64,
    neighbour_pairs: u64,
    neighbour_difference_squares: f64,
}

impl Light {
    fn of(picture: RgbView<'_>) -> Self {
        let mut light = Self::default();
        for y in (0..picture.height_px()).step_by(SAMPLE_STEP_PX) {
            let (pixels, _) = picture.row(y).as_chunks::<3>();
            let (below, _) = picture.row(y + 1).as_chunks::<3>();
            for x in (0..pixels.len()).step_by(SAMPLE_STEP_PX) {
                let luma = luma(pixels[x]);
                light.samples += 1;
                light.dark += u64::from(luma < DARK_LUMA);
                light.blown_out += u64::from(luma > BLOWN_OUT_LUMA);
                light.sum += f64::from(luma);
                light.sum_of_squares += f64::from(luma * luma);
                for neighbour in pixels.get(x + 1).into_iter().chain(below.get(x)) {
                    let difference = self::luma(*neighbour) - luma;
                    light.neighbour_pairs += 1;
                    light.neighbour_difference_squares += f64::from(difference * difference);
                }
            }
        }
        light
    }

    fn mean(&self) -> f64 {
        self.sum / self.samples as f64
    }

    fn variance(&self) -> f64 {
        (self.sum_of_squares / self.samples as f64 - self.mean().powi(2)).max(0.0)
    }

    /// 1 for a smooth picture, 0 for independent pixels: the mean squared difference of neighbours is twice the
    /// variance times one minus their correlation.
    fn neighbour_correlation(&self) -> f64 {
        if self.neighbour_pairs == 0 {
            return 1.0;
        }
        let difference_squared = self.neighbour_difference_squares / self.neighbour_pairs as f64;
        1.0 - difference_squared / (2.0 * self.variance())
    }
}

fn luma([r, g, b]: [u8; 3]) -> f32 {
    let [from_r, from_g, from_b] = LUMA_OF_RGB;
    from_r * f32::from(r) + from_g * f32::from(g) + from_b * f32::from(b)
}

#[cfg(test)]
mod tests;
