//! One zone's density over time: the median of the last seconds, its interval and its trend.

use std::collections::VecDeque;

use crate::{
    estimate::{Estimate, SIGMAS_OF_90_PERCENT},
    forecast::Holt,
    time::Timestamp,
};

/// Window of the median in seconds: 2 to 5 s (analytics specification 5.1).
const MEDIAN_WINDOW_SECS: f64 = 3.0;

/// `phi` of `sigma_N^2 = phi (N + 1) + (beta N)^2`: Poisson scatter of misses at a recall of three quarters (analytics
/// specification 4.4; our proposal). The 1 is ours: nobody counted does not mean nobody there for certain. `beta` is
/// the counter's own interval.
pub(crate) const PHI: f64 = 0.25;

/// A gap after which the past no longer speaks for the present, seconds (our proposal).
const GAP_SECS: f64 = 5.0;

/// What one picture says of a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneSample {
    /// When the picture was captured.
    pub captured_at: Timestamp,
    /// Mean density over the measured part, people/m2.
    pub density_people_per_m2: f64,
    /// Area of the measured part, m2.
    pub measured_m2: f64,
    /// `people_lo / people` of the whole picture's count: the counter's 90 % interval, at most 1.
    pub count_ratio_lo: f64,
    /// `people_hi / people`, at least 1.
    pub count_ratio_hi: f64,
    /// Relative standard deviation of areas, from the calibration.
    pub sigma_area_relative: f64,
    /// Standard deviation of the density because nobody knows exactly where the picture lies, people/m2; 0 for a camera
    /// that stands still, whose calibration speaks for itself.
    pub sigma_placement_people_per_m2: f64,
}

/// Filters the density of one zone.
#[derive(Clone, Debug, Default)]
pub struct DensityTracker {
    recent: VecDeque<ZoneSample>,
    sorted: Vec<f64>,
    holt: Holt,
    estimate: Option<Estimate>,
}

impl DensityTracker {
    /// Takes a sample in; one that is not newer than the last is ignored, and so is one that is not finite. After a gap
    /// of more than 5 s, forwards or backwards, the past is forgotten.
    pub fn observe(&mut self, sample: ZoneSample) {
        let numbers = [
            sample.density_people_per_m2,
            sample.measured_m2,
            sample.count_ratio_lo,
            sample.count_ratio_hi,
            sample.sigma_area_relative,
            sample.sigma_placement_people_per_m2,
        ];
        if !numbers.iter().all(|n| n.is_finite()) {
            return;
        }
        let since_newest_secs = self.recent.back().map(|s| sample.captured_at.secs_since(s.captured_at));
        match since_newest_secs {
            // A gap either way: a pause, or a capture clock that began anew.
            Some(secs) if secs.abs() > GAP_SECS => *self = Self::default(),
            Some(secs) if secs <= 0.0 => return,
            _ => {}
        }
        self.recent.push_back(sample);
        while self
            .recent
            .front()
            .is_some_and(|s| sample.captured_at.secs_since(s.captured_at) > MEDIAN_WINDOW_SECS)
        {
            self.recent.pop_front();
        }
        let median = self.median();
        self.holt.observe(sample.captured_at, median);
        self.estimate = Some(with_interval(median, &sample));
    }

    /// Density with its 90 % interval, people/m2; `None` before the first sample.
    pub fn density_people_per_m2(&self) -> Option<Estimate> {
        self.estimate
    }

    /// Level and trend, for forecasts.
    pub fn trend(&self) -> &Holt {
        &self.holt
    }

    fn median(&mut self) -> f64 {
        self.sorted.clear();
        self.sorted.extend(self.recent.iter().map(|s| s.density_people_per_m2));
        self.sorted.sort_by(f64::total_cmp);
        let n = self.sorted.len();
        let middle = self.sorted[n / 2];
        if n.is_multiple_of(2) { 0.5 * (middle + self.sorted[n / 2 - 1]) } else { middle }
    }
}

/// The error budget of analytics specification 4.4: the counter's interval (lopsided), the scatter of few people, and
/// the calibration, added in squares.
fn with_interval(density: f64, sample: &ZoneSample) -> Estimate {
    let scatter = PHI * (density * sample.measured_m2 + 1.0) / sample.measured_m2.max(1e-6).powi(2);
    let area = (density * sample.sigma_area_relative).powi(2);
    let placement = sample.sigma_placement_people_per_m2.powi(2);
    let common = SIGMAS_OF_90_PERCENT.powi(2) * (scatter + area + placement);
    let half = |ratio: f64| ((density * (1.0 - ratio)).powi(2) + common).sqrt();
    Estimate {
        lo: (density - half(sample.count_ratio_lo.min(1.0))).max(0.0),
        value: density,
        hi: density + half(sample.count_ratio_hi.max(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(secs: f64, density: f64) -> ZoneSample {
        ZoneSample {
            captured_at: Timestamp::from_unix_nanos(0) + secs,
            density_people_per_m2: density,
            measured_m2: 25.0,
            count_ratio_lo: 0.8,
            count_ratio_hi: 1.3,
            sigma_area_relative: 0.05,
            sigma_placement_people_per_m2: 0.0,
        }
    }

    #[test]
    fn one_wild_picture_does_not_move_the_median() {
        let mut tracker = DensityTracker::default();
        for i in 0..15 {
            tracker.observe(sample(f64::from(i) * 0.2, if i == 9 { 40.0 } else { 2.0 }));
        }
        let density = tracker.density_people_per_m2().unwrap();
        assert!((density.value - 2.0).abs() < 1e-12);
        assert!(density.lo < 2.0 && density.hi > 2.0 && density.hi - 2.0 > 2.0 - density.lo);
    }

    #[test]
    fn old_and_broken_samples_are_ignored_and_a_gap_forgets_the_past() {
        let mut tracker = DensityTracker::default();
        tracker.observe(sample(10.0, 4.0));
        tracker.observe(sample(9.0, 1.0));
        tracker.observe(sample(10.2, f64::NAN));
        assert!((tracker.density_people_per_m2().unwrap().value - 4.0).abs() < 1e-12);
        tracker.observe(sample(40.0, 1.0));
        assert!((tracker.density_people_per_m2().unwrap().value - 1.0).abs() < 1e-12);
        tracker.observe(sample(0.0, 2.0));
        assert!((tracker.density_people_per_m2().unwrap().value - 2.0).abs() < 1e-12, "the clock began anew");
    }

    #[test]
    fn nobody_counted_is_not_nobody_for_certain() {
        let mut tracker = DensityTracker::default();
        tracker.observe(sample(0.0, 0.0));
        let density = tracker.density_people_per_m2().unwrap();
        assert!(density.lo.abs() < 1e-12 && density.value.abs() < 1e-12);
        assert!(density.hi > 0.02 && density.hi < 0.1, "{density:?}");
    }
}
