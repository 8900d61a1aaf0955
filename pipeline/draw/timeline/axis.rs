//! The time axis, with labels at round moments of the clock.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use super::spans::TimeSpan;

/// A stretch of time as one axis of a chart.
pub(super) struct TimeAxis(pub(super) TimeSpan);

impl Ranged for TimeAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, t_secs: &f64, (first_px, last_px): (i32, i32)) -> i32 {
        let share = (t_secs - self.0.from_secs) / self.0.length_secs();
        first_px + (f64::from(last_px - first_px) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.0.ticks(hint.max_num_points())
    }

    fn range(&self) -> Range<f64> {
        self.0.from_secs..self.0.to_secs
    }
}
