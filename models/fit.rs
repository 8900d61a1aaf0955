//! How large a picture is made for the network, and in which pieces it goes in.

/// How large a picture is made before it is counted. Heads must come out at a size that the model knows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scale {
    /// As it is, but no side longer than the card's `max_side_px`: a picture goes in whole.
    #[default]
    AsCard,
    /// As the card says, or twice or half as large as that, by the heads that a detector finds in the picture: see
    /// [`crate::head_scale`]. A card that names no detector is followed as it is.
    ByHeads,
    /// By this factor. What is then longer than the card's `max_side_px` goes in as overlapping tiles, so that a frame
    /// of any size is counted in the same memory.
    Factor(f64),
}

/// Sizes of a picture and of its scaled copy, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Width of the picture.
    pub picture_width_px: usize,
    /// Height of the picture.
    pub picture_height_px: usize,
    /// Width of its scaled copy.
    pub scaled_width_px: usize,
    /// Height of its scaled copy.
    pub scaled_height_px: usize,
}

impl Fit {
    /// For a picture that is scaled by one factor.
    pub(crate) fn by_factor((width_px, height_px): (usize, usize), factor: f64) -> Self {
        Self {
            picture_width_px: width_px,
            picture_height_px: height_px,
            scaled_width_px: scaled(width_px, factor),
            scaled_height_px: scaled(height_px, factor),
        }
    }

    /// For a picture that keeps its size unless its longer side exceeds `max_side_px`.
    pub(crate) fn within((width_px, height_px): (usize, usize), max_side_px: usize) -> Self {
        let factor = (max_side_px as f64 / width_px.max(height_px) as f64).min(1.0);
        Self::by_factor((width_px, height_px), factor)
    }

    /// For a network with an input of fixed size: the picture is scaled, up or down, to fill it on one side.
    pub(crate) fn to_fixed(
        (width_px, height_px): (usize, usize),
        (input_w, input_h): (usize, usize),
    ) -> Self {
        let factor = (input_w as f64 / width_px as f64).min(input_h as f64 / height_px as f64);
        let fit = Self::by_factor((width_px, height_px), factor);
        Self {
            scaled_width_px: fit.scaled_width_px.min(input_w),
            scaled_height_px: fit.scaled_height_px.min(input_h),
            ..fit
        }
    }

    /// Picture pixels across for one scaled pixel across.
    pub fn picture_px_per_scaled_px_x(&self) -> f64 {
        self.picture_width_px as f64 / self.scaled_width_px as f64
    }

    /// Picture pixels down for one scaled pixel down.
    pub fn picture_px_per_scaled_px_y(&self) -> f64 {
        self.picture_height_px as f64 / self.scaled_height_px as f64
    }

    /// Whether the picture goes in as it is.
    pub(crate) fn is_unscaled(&self) -> bool {
        (self.picture_width_px, self.picture_height_px) == (self.scaled_width_px, self.scaled_height_px)
    }
}

fn scaled(side_px: usize, factor: f64) -> usize {
    ((side_px as f64 * factor).round() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_keeps_its_size() {
        assert!(Fit::within((640, 360), 2048).is_unscaled());
    }

    #[test]
    fn a_large_picture_is_limited_on_its_longer_side() {
        let fit = Fit::within((3000, 4000), 2048);
        assert_eq!((fit.scaled_width_px, fit.scaled_height_px), (1536, 2048));
        assert!((fit.picture_px_per_scaled_px_y() - 4000.0 / 2048.0).abs() < 1e-12);
    }

    #[test]
    fn a_sliver_keeps_at_least_one_pixel() {
        let fit = Fit::within((100_000, 1), 2048);
        assert_eq!((fit.scaled_width_px, fit.scaled_height_px), (2048, 1));
    }

    #[test]
    fn a_fixed_input_is_filled_on_one_side() {
        let fit = Fit::to_fixed((768, 576), (416, 416));
        assert_eq!((fit.scaled_width_px, fit.scaled_height_px), (416, 312));
    }
}
