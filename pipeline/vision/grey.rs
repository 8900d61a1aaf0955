//! Small grey pictures: what motion is measured on.

use throng_models::picture::RgbView;

/// A packed 8-bit grey picture, reused from frame to frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grey {
    /// Width in pixels.
    pub(super) width_px: usize,
    /// Height in pixels.
    pub(super) height_px: usize,
    /// Luma, row-major.
    pub(super) luma: Vec<u8>,
}

impl Grey {
    /// Fills `self` from `picture`, averaging blocks of `factor` x `factor` pixels; what is left at the right and
    /// bottom edge is dropped.
    pub(super) fn reduce(&mut self, picture: RgbView<'_>, factor: usize) {
        self.width_px = picture.width_px() / factor;
        self.height_px = picture.height_px() / factor;
        self.luma.clear();
        self.luma.reserve(self.width_px * self.height_px);
        let mut sums = vec![0_u32; self.width_px];
        // Luma of BT.601 in 1/256 parts, averaged over the block in the same division.
        let divisor = 256 * (factor * factor) as u32;
        for y in 0..self.height_px {
            sums.fill(0);
            for row in 0..factor {
                let pixels = picture.row(y * factor + row);
                for (sum, block) in sums.iter_mut().zip(pixels.chunks_exact(3 * factor)) {
                    for pixel in block.chunks_exact(3) {
                        *sum +=
                            77 * u32::from(pixel[0]) + 150 * u32::from(pixel[1]) + 29 * u32::from(pixel[2]);
                    }
                }
            }
            self.luma.extend(sums.iter().map(|sum| (sum / divisor) as u8));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged_and_the_remainder_is_dropped() {
        let (width, height) = (7_usize, 5_usize);
        let rgb: Vec<u8> = (0..width * height).flat_map(|i| [(i % width * 30) as u8; 3]).collect();
        let mut grey = Grey::default();
        grey.reduce(RgbView::new(&rgb, width, height, 3 * width).unwrap(), 2);
        assert_eq!((grey.width_px, grey.height_px), (3, 2));
        assert_eq!(grey.luma, [15, 75, 135, 15, 75, 135]);
    }
}
