//! What is known of the people in one picture.

use throng_analytics::density_map::DensityMap;

use crate::{density, heads, interval};

/// Whether a count may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It may.
    Valid,
    /// It may not: this picture says nothing about how many people there are.
    NotValid {
        /// Why.
        reason: String,
    },
}

/// People in one picture.
#[derive(Clone, Debug)]
pub struct PictureCount {
    /// People; NaN where not valid, so that it can never pass for a number.
    pub people: f64,
    /// Lower end of the 90 % interval, people; NaN where not valid.
    pub people_lo: f64,
    /// Upper end of the 90 % interval, people; NaN where not valid.
    pub people_hi: f64,
    /// Where they are, in pixels of the picture; without cells where not valid.
    pub density: DensityMap,
    /// Heads that the model itself points at, in pixels of the picture; `None` from a model that gives a density.
    pub detected_heads_px: Option<Vec<[f64; 2]>>,
    /// How wide each of them is, in pixels of the picture; `None` from a model that does not tell.
    pub detected_head_widths_px: Option<Vec<f64>>,
    /// Whether the count may be used.
    pub validity: Validity,
    /// Seconds the network took; 0 where it did not run.
    pub inference_secs: f64,
}

impl PictureCount {
    /// Of a picture that nobody has looked at; also memory for [`crate::counter::Counter::count_into`].
    pub fn nothing() -> Self {
        let reason = "the picture has not been counted".to_owned();
        Self { validity: Validity::NotValid { reason }, ..Self::being_counted() }
    }

    /// Stands for a count that is being made elsewhere; allocates nothing.
    pub(super) fn being_counted() -> Self {
        Self {
            people: f64::NAN,
            people_lo: f64::NAN,
            people_hi: f64::NAN,
            density: density::nothing(),
            detected_heads_px: None,
            detected_head_widths_px: None,
            validity: Validity::NotValid { reason: String::new() },
            inference_secs: 0.0,
        }
    }

    /// Makes this the count of a picture that cannot be counted; its memory is kept.
    pub(super) fn refuse(&mut self, reason: String, inference_secs: f64) {
        let mut people_per_cell = std::mem::take(&mut self.density.people_per_cell);
        people_per_cell.clear();
        *self = Self {
            density: DensityMap { people_per_cell, ..density::nothing() },
            validity: Validity::NotValid { reason },
            inference_secs,
            ..Self::being_counted()
        };
    }

    /// Head points `[x, y]` in pixels of the picture: the model's own, else decoded from the density.
    pub fn heads_px(&self) -> Vec<[f64; 2]> {
        self.detected_heads_px.clone().unwrap_or_else(|| heads::from_density(&self.density))
    }

    /// The same count with the interval that holds where heads are of a size that the model was not trained for.
    #[must_use]
    pub fn off_head_size_range(mut self) -> Self {
        self.widen();
        self
    }

    /// Takes the interval that holds off the trained range; what is not valid has none.
    pub(super) fn widen(&mut self) {
        if self.validity != Validity::Valid {
            return;
        }
        (self.people_lo, self.people_hi) = interval::off_range(self.people, (self.people_lo, self.people_hi));
    }
}
