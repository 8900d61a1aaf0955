//! How a picture lies in the network's input: scaled by one factor, at the top left, padded to the right and below.

/// Sizes of a picture, of its scaled copy and of the network's input around it, in pixels.
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
    /// Width of the input.
    pub input_width_px: usize,
    /// Height of the input.
    pub input_height_px: usize,
}

impl Fit {
    /// For a network that takes any multiple of `multiple_of_px`: the picture keeps its size unless its longer side
    /// exceeds `max_side_px`.
    pub(crate) fn to_multiple(
        (width_px, height_px): (usize, usize),
        multiple_of_px: usize,
        max_side_px: usize,
    ) -> Self {
        let scale = (max_side_px as f64 / width_px.max(height_px) as f64).min(1.0);
        let (scaled_width_px, scaled_height_px) = (scaled(width_px, scale), scaled(height_px, scale));
        Self {
            picture_width_px: width_px,
            picture_height_px: height_px,
            scaled_width_px,
            scaled_height_px,
            input_width_px: scaled_width_px.next_multiple_of(multiple_of_px),
            input_height_px: scaled_height_px.next_multiple_of(multiple_of_px),
        }
    }

    /// For a network with an input of fixed size: the picture is scaled, up or down, to fill it on one side.
    pub(crate) fn to_fixed(
        (width_px, height_px): (usize, usize),
        (input_w, input_h): (usize, usize),
    ) -> Self {
        let scale = (input_w as f64 / width_px as f64).min(input_h as f64 / height_px as f64);
        Self {
            picture_width_px: width_px,
            picture_height_px: height_px,
            scaled_width_px: scaled(width_px, scale).min(input_w),
            scaled_height_px: scaled(height_px, scale).min(input_h),
            input_width_px: input_w,
            input_height_px: input_h,
        }
    }

    /// Picture pixels across for one input pixel across.
    pub fn picture_px_per_input_px_x(&self) -> f64 {
        self.picture_width_px as f64 / self.scaled_width_px as f64
    }

    /// Picture pixels down for one input pixel down.
    pub fn picture_px_per_input_px_y(&self) -> f64 {
        self.picture_height_px as f64 / self.scaled_height_px as f64
    }

    /// Whether the picture goes in as it is.
    pub(crate) fn is_unscaled(&self) -> bool {
        (self.picture_width_px, self.picture_height_px) == (self.scaled_width_px, self.scaled_height_px)
    }
}

fn scaled(side_px: usize, scale: f64) -> usize {
    ((side_px as f64 * scale).round() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_is_only_padded() {
        let fit = Fit::to_multiple((640, 360), 16, 2048);
        assert!(fit.is_unscaled());
        assert_eq!((fit.input_width_px, fit.input_height_px), (640, 368));
    }

    #[test]
    fn a_large_picture_is_limited_on_its_longer_side() {
        let fit = Fit::to_multiple((3000, 4000), 16, 2048);
        assert_eq!((fit.scaled_width_px, fit.scaled_height_px), (1536, 2048));
        assert!((fit.picture_px_per_input_px_y() - 4000.0 / 2048.0).abs() < 1e-12);
    }

    #[test]
    fn a_sliver_keeps_at_least_one_pixel() {
        let fit = Fit::to_multiple((100_000, 1), 16, 2048);
        assert_eq!((fit.scaled_width_px, fit.scaled_height_px, fit.input_height_px), (2048, 1, 16));
    }

    #[test]
    fn a_fixed_input_is_filled_on_one_side() {
        let fit = Fit::to_fixed((768, 576), (416, 416));
        assert_eq!((fit.scaled_width_px, fit.scaled_height_px), (416, 312));
        assert_eq!((fit.input_width_px, fit.input_height_px), (416, 416));
    }
}
