//! How large a camera's pictures are made where no calibration tells how large heads are: by the people that a detector
//! finds in the pictures themselves.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    card::Card,
    counter::{Counter, Options},
    error::{ModelError, Result},
    fit::Scale,
    picture::RgbView,
};

/// With fewer people found than this, nothing is known of heads. It bounds what one mistaken box can do.
const PEOPLE_MIN: usize = 3;

/// Measurements of a camera that its scale follows from.
const REMEMBERED: usize = 5;

/// Most pictures from one measurement to the next; the first ones follow one another closer.
const PICTURES_BETWEEN: u32 = 64;

/// Longest side at which people are looked for, pixels: a bound on the time of one look.
const LOOK_MAX_SIDE_PX: f64 = 2560.0;

/// What a card says about measuring heads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSizes {
    /// Card of a person detector with boxes, relative to the counter's card.
    pub card: PathBuf,
    /// Pictures whose median head is narrower are doubled, and halved where it is wider; pixels.
    pub range_px: [f64; 2],
}

/// A person detector that tells how large heads are.
#[derive(Debug)]
pub(crate) struct HeadMeter {
    detector: Box<Counter>,
    range_px: [f64; 2],
}

impl HeadMeter {
    /// Opens the detector that the card at `card_path` names.
    ///
    /// # Errors
    /// As [`Counter::open`]; [`ModelError::CardValue`] where its card is not that of a detector with boxes.
    pub(crate) fn open(sizes: &HeadSizes, card_path: &Path, options: &Options) -> Result<Self> {
        let path = card_path.parent().unwrap_or(Path::new(".")).join(&sizes.card);
        // A detector has no detector of its own, so this ends here.
        if Card::load(&path)?.output.boxes.is_none() {
            return Err(ModelError::CardValue {
                path: card_path.to_owned(),
                key: "head_sizes.card",
                problem: format!("must name a detector with boxes, and {} is none", path.display()),
            });
        }
        let detector = Counter::open(&path, &Options { scale: Scale::AsCard, ..options.clone() })?;
        Ok(Self { detector: Box::new(detector), range_px: sizes.range_px })
    }

    /// Name of the detector.
    pub(crate) fn name(&self) -> &str {
        &self.detector.info().name
    }

    /// Why the detector does not run where it was asked to.
    pub(crate) fn device_fallback(&self) -> Option<&str> {
        self.detector.info().device_fallback.as_deref()
    }

    /// The heads in pixels of `picture`: middle and width; `None` where too few people are found.
    ///
    /// Where they are too few at the picture's own size, they are looked for at twice that: the smallest that the
    /// detector knows may be half as large as those that the counter does.
    fn heads(&mut self, picture: RgbView<'_>) -> Result<Option<Vec<HeadFound>>> {
        let side_px = picture.width_px().max(picture.height_px()) as f64;
        let first = (LOOK_MAX_SIDE_PX / side_px).min(1.0);
        for factor in [first, (LOOK_MAX_SIDE_PX / side_px).min(2.0)] {
            let found = self.detector.count_at(picture, Scale::Factor(factor))?;
            let middles_px = found.detected_heads_px.unwrap_or_default();
            let widths_px = found.detected_head_widths_px.unwrap_or_default();
            if widths_px.len() >= PEOPLE_MIN {
                return Ok(Some(middles_px.into_iter().zip(widths_px).collect()));
            }
        }
        Ok(None)
    }

    /// Width of the median head in pixels of `picture`; `None` where too few people are found.
    fn median_head_px(&mut self, picture: RgbView<'_>) -> Result<Option<f64>> {
        let heads = self.heads(picture)?;
        Ok(heads
            .map(|heads| median(&mut heads.into_iter().map(|(_, width_px)| width_px).collect::<Vec<_>>())))
    }
}

/// A head in a picture: its middle and its width, pixels.
pub type HeadFound = ([f64; 2], f64);

impl Counter {
    /// The heads that the detector of this counter's card finds in `picture`, in its pixels: far from all, but with their
    /// sizes. Empty where fewer than three people are found, and without such a detector.
    ///
    /// # Errors
    /// As [`Counter::count`].
    pub fn measured_heads(&mut self, picture: RgbView<'_>) -> Result<Vec<HeadFound>> {
        let Some(meter) = self.head_meter() else { return Ok(Vec::new()) };
        Ok(meter.heads(picture)?.unwrap_or_default())
    }
}

/// The scale of one camera's pictures, by the heads that were seen in them last.
#[derive(Clone, Debug, Default)]
pub struct HeadScale {
    medians_px: VecDeque<f64>,
    pictures_to_next: u32,
    pictures_between: u32,
    is_off_range: bool,
}

impl HeadScale {
    /// How the next picture of the camera is scaled: as `scale` says, and where that is by the heads, by those in the
    /// latest of its pictures.
    ///
    /// # Errors
    /// As [`Counter::count`].
    pub fn resolve(&mut self, scale: Scale, counter: &mut Counter, picture: RgbView<'_>) -> Result<Scale> {
        if scale != Scale::ByHeads {
            return Ok(scale);
        }
        let as_card = counter.factor_as_card(picture);
        let Some(meter) = counter.head_meter() else { return Ok(Scale::AsCard) };
        if self.pictures_to_next == 0 {
            if let Some(median_px) = meter.median_head_px(picture)? {
                self.medians_px.push_back(median_px);
                if self.medians_px.len() > REMEMBERED {
                    self.medians_px.pop_front();
                }
            }
            self.pictures_between = (2 * self.pictures_between).clamp(1, PICTURES_BETWEEN);
            self.pictures_to_next = self.pictures_between;
        }
        self.pictures_to_next -= 1;
        let range_px = meter.range_px;
        let mut medians_px = [0.0; REMEMBERED];
        for (copy, median_px) in medians_px.iter_mut().zip(&self.medians_px) {
            *copy = *median_px;
        }
        let medians_px = &mut medians_px[..self.medians_px.len()];
        if medians_px.is_empty() {
            return Ok(Scale::AsCard);
        }
        let head_px = median(medians_px) * as_card;
        let change = change(head_px, range_px);
        let [lo_px, hi_px] = counter.info().head_size_range_px;
        self.is_off_range = !(lo_px..=hi_px).contains(&(head_px * change.factor()));
        // As the card says, a picture goes in whole; there is no need of tiles.
        Ok(if change == Change::None { Scale::AsCard } else { Scale::Factor(as_card * change.factor()) })
    }

    /// Whether heads are of a size that the counter was not trained for, however the picture is scaled here: the interval
    /// of its counts is then [wider](crate::counter::PictureCount::off_head_size_range).
    pub fn is_off_range(&self) -> bool {
        self.is_off_range
    }
}

/// What is done to a picture beyond what its card says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Double,
    None,
    Halve,
}

impl Change {
    fn factor(self) -> f64 {
        match self {
            Self::Double => 2.0,
            Self::None => 1.0,
            Self::Halve => 0.5,
        }
    }
}

fn change(head_px: f64, [lo_px, hi_px]: [f64; 2]) -> Change {
    if head_px < lo_px {
        Change::Double
    } else if head_px > hi_px {
        Change::Halve
    } else {
        Change::None
    }
}

/// Median of at least one value.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_heads_double_a_picture_and_large_ones_halve_it() {
        let range_px = [7.0, 25.0];
        let changes = [4.0, 10.0, 30.0].map(|head_px| change(head_px, range_px));
        assert_eq!(changes, [Change::Double, Change::None, Change::Halve]);
        // A doubled or halved picture is never changed back.
        for head_px in [3.6, 6.9, 25.1, 40.0] {
            let factor = change(head_px, range_px).factor();
            assert_eq!(change(head_px * factor, range_px), Change::None, "{head_px}");
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert!((median(&mut [9.0, 1.0, 4.0, 2.0]) - 3.0).abs() < 1e-12);
        assert!((median(&mut [9.0, 1.0, 4.0]) - 4.0).abs() < 1e-12);
    }
}
