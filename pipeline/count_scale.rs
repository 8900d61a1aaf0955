//! How large a camera's pictures are made for counting, so that heads come out at a size that the network knows.

use throng_analytics::{ground::head_widths_px, zone::Zone};
use throng_models::{counter::Info, fit::Scale};

use crate::config::plan::CameraPlan;

/// Scales that are considered: four to each doubling, down to an eighth and up to twice. Beyond that, enlarging shows
/// nothing new and only costs time.
const STEPS_PER_DOUBLING: i32 = 4;
const STEPS: std::ops::RangeInclusive<i32> = -3 * STEPS_PER_DOUBLING..=STEPS_PER_DOUBLING;

/// With fewer of the heads than this in the model's range, its measured error says little of its error here.
const KNOWN_MIN: f64 = 0.5;

/// A scale this close to the best, in shares of the places with heads of a known size, is as good.
const AS_GOOD: f64 = 0.02;

/// How large a camera's pictures are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountScale {
    /// Width in pixels; `None` where the calibration tells nothing of the heads: by those found in the pictures.
    width_px: Option<u32>,
    card_max_side_px: u32,
    head_size_range_px: [f64; 2],
    is_off_range: bool,
    /// The site asks for this width, whatever the heads' size.
    is_stated: bool,
}

impl CountScale {
    /// As the site says for `camera`; else such that as many of the places in its zones as possible have heads of a size
    /// that the model of `info` was trained for; else, without calibration, by the heads found in the pictures.
    pub fn of(camera: &CameraPlan, zones: &[Zone], info: &Info) -> Self {
        let heads_px = heads_px(camera, zones);
        let [calibration_width_px, _] = camera.calibration.image_size_px().map(f64::from);
        let factor = match camera.count_width_px {
            Some(width_px) => Some(f64::from(width_px) / calibration_width_px),
            None => fitting_factor(&heads_px, info.head_size_range_px),
        };
        let width_px = factor.map(|factor| (calibration_width_px * factor).round() as u32);
        let is_off_range = !heads_px.is_empty()
            && share_known(&heads_px, factor.unwrap_or(1.0), info.head_size_range_px) < KNOWN_MIN;
        Self {
            width_px,
            card_max_side_px: u32::try_from(info.max_side_px).unwrap_or(u32::MAX),
            head_size_range_px: info.head_size_range_px,
            is_off_range,
            is_stated: camera.count_width_px.is_some(),
        }
    }

    /// Says how large the pictures of the camera that it was made for are counted, and where that is not good enough.
    pub fn tell(&self, camera: &CameraPlan, zones: &[Zone]) {
        let heads_px = heads_px(camera, zones);
        if let (Some(width_px), false) = (self.width_px, heads_px.is_empty()) {
            let factor = f64::from(width_px) / f64::from(camera.calibration.image_size_px()[0]);
            let [lo, hi] = [0.1, 0.9].map(|part| quantile(&heads_px, part) * factor);
            tracing::info!(
                camera = %camera.id,
                "Counting at {width_px} pixels' width: heads in the zones are {lo:.0} to {hi:.0} pixels wide there."
            );
        }
        if self.is_off_range {
            let [lo_px, hi_px] = self.head_size_range_px;
            tracing::warn!(
                camera = %camera.id,
                "Most heads in the zones are not of the {lo_px:.0} to {hi_px:.0} pixels that the model knows: counts are \
                 given with a wide interval. Use a closer view, or a model for such heads."
            );
        }
    }

    /// The same for a picture with other heads, of a camera that moves: their widths in pixels of an image
    /// `image_width_px` wide; at least one.
    #[must_use]
    pub fn for_heads(&self, heads_px: &[f64], image_width_px: u32) -> Self {
        let stated =
            self.width_px.filter(|_| self.is_stated).map(|px| f64::from(px) / f64::from(image_width_px));
        let factor = stated.or_else(|| fitting_factor(heads_px, self.head_size_range_px));
        let known = share_known(heads_px, factor.unwrap_or(1.0), self.head_size_range_px);
        Self {
            width_px: factor.map(|factor| (f64::from(image_width_px) * factor).round() as u32),
            is_off_range: known < KNOWN_MIN,
            ..*self
        }
    }

    /// Whether most heads are of a size that the model was not trained for.
    pub fn is_off_range(&self) -> bool {
        self.is_off_range
    }

    /// Width to which the decoder scales pictures down; it never enlarges them.
    pub fn decoded_width_px(&self) -> u32 {
        self.width_px.unwrap_or(self.card_max_side_px)
    }

    /// How the counter scales a decoded picture of this width.
    pub fn of_picture(&self, width_px: usize) -> Scale {
        self.width_px
            .map_or(Scale::ByHeads, |wanted_px| Scale::Factor(f64::from(wanted_px) / width_px as f64))
    }
}

/// Widths of heads over the zones that a camera measures, pixels of its calibration image.
fn heads_px(camera: &CameraPlan, zones: &[Zone]) -> Vec<f64> {
    let zones = zones.iter().filter(|zone| zone.is_measured_by(camera.id.as_str()));
    zones.flat_map(|zone| head_widths_px(&camera.calibration, &zone.outline)).collect()
}

/// Share of the heads that have a size in the model's range once they are scaled by `factor`.
fn share_known(heads_px: &[f64], factor: f64, [lo_px, hi_px]: [f64; 2]) -> f64 {
    let known = heads_px.iter().filter(|head_px| (lo_px..=hi_px).contains(&(**head_px * factor))).count();
    known as f64 / heads_px.len() as f64
}

/// The scale nearest to 1 among those that bring the most heads into the model's range; `None` without heads.
fn fitting_factor(heads_px: &[f64], range_px: [f64; 2]) -> Option<f64> {
    let factor_of = |step: i32| (f64::from(step) / f64::from(STEPS_PER_DOUBLING)).exp2();
    let candidates: Vec<(i32, f64)> =
        STEPS.map(|step| (step, share_known(heads_px, factor_of(step), range_px))).collect();
    let best = candidates.iter().map(|(_, share)| *share).fold(0.0, f64::max);
    let as_good = candidates.iter().filter(|(_, share)| best > 0.0 && *share >= best - AS_GOOD);
    as_good.min_by_key(|(step, _)| step.abs()).map(|(step, _)| factor_of(*step))
}

/// A value that `part` of the values lie below.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((part * values.len() as f64) as usize).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN_PX: [f64; 2] = [6.0, 48.0];

    #[test]
    fn heads_of_a_known_size_leave_the_picture_as_it_is() {
        assert_eq!(fitting_factor(&[9.0, 14.0, 40.0], KNOWN_PX), Some(1.0));
        assert_eq!(fitting_factor(&[], KNOWN_PX), None);
    }

    #[test]
    fn small_heads_are_enlarged_and_large_ones_made_smaller() {
        let factor = fitting_factor(&[4.0, 5.0, 8.0], KNOWN_PX).unwrap();
        assert!((6.0 / 4.0..=2.0).contains(&factor), "{factor}");
        let factor = fitting_factor(&[60.0, 90.0, 120.0], KNOWN_PX).unwrap();
        assert!((0.3..=48.0 / 120.0).contains(&factor), "{factor}");
    }

    #[test]
    fn where_sizes_differ_too_much_most_heads_decide() {
        // One head in ten is close to the camera.
        let heads_px: Vec<f64> = (0..100).map(|i| if i < 10 { 300.0 } else { 4.0 }).collect();
        assert!(fitting_factor(&heads_px, KNOWN_PX).unwrap() > 1.4);
        // Heads that no scale makes large enough: nothing is known, nothing is changed.
        assert_eq!(fitting_factor(&[1.0, 2.0], KNOWN_PX), None);
    }

    #[test]
    fn a_wanted_width_holds_for_pictures_of_any_size() {
        let scale = CountScale {
            width_px: Some(3840),
            card_max_side_px: 1920,
            head_size_range_px: KNOWN_PX,
            is_off_range: false,
            is_stated: true,
        };
        assert_eq!(scale.for_heads(&[12.0], 1920).decoded_width_px(), 3840, "what the site states, stays");
        assert_eq!(scale.decoded_width_px(), 3840);
        assert_eq!(scale.of_picture(1920), Scale::Factor(2.0));
        let unknown = CountScale { width_px: None, ..scale };
        assert_eq!((unknown.decoded_width_px(), unknown.of_picture(1920)), (1920, Scale::ByHeads));
    }
}
