//! What every drawing comes down to: mixing a colour over pixels.

use image::{Rgb, RgbImage};

/// Mixes `colour` over one pixel; `alpha` from 0 (nothing) to 1 (covers).
pub(super) fn blend(pixel: &mut [u8], colour: Rgb<u8>, alpha: f32) {
    // 8 bits of fraction are as many as the result has.
    let weight = (alpha.clamp(0.0, 1.0) * 256.0) as i32;
    for (under, over) in pixel.iter_mut().zip(colour.0) {
        let mixed = i32::from(*under) + (((i32::from(over) - i32::from(*under)) * weight) >> 8);
        *under = mixed as u8;
    }
}

/// Row `y` as packed RGB bytes; empty past the last row.
pub(super) fn row_mut(picture: &mut RgbImage, y: u32) -> &mut [u8] {
    let row_bytes = picture.width() as usize * 3;
    let start = y as usize * row_bytes;
    if y >= picture.height() {
        return &mut [];
    }
    let bytes: &mut [u8] = picture;
    bytes.get_mut(start..start + row_bytes).unwrap_or_default()
}

/// An axis-aligned rectangle in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// Fills `rect` to whole pixels with a translucent colour.
pub(super) fn fill_rect(picture: &mut RgbImage, rect: Rect, colour: Rgb<u8>, alpha: f32) {
    let (left, right) = whole_pixels(rect.x, rect.width, picture.width());
    let (top, bottom) = whole_pixels(rect.y, rect.height, picture.height());
    for y in top..bottom {
        let row = row_mut(picture, y);
        for pixel in row[left as usize * 3..right as usize * 3].as_chunks_mut::<3>().0 {
            blend(pixel, colour, alpha);
        }
    }
}

/// The whole pixels of `[start, start + length)` inside `[0, limit)`; empty where a number is NaN.
fn whole_pixels(start: f32, length: f32, limit: u32) -> (u32, u32) {
    let from = start.round().clamp(0.0, limit as f32) as u32;
    let to = (start + length).round().clamp(0.0, limit as f32) as u32;
    (from, to.max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blending_runs_from_nothing_to_covering() {
        let mut pixel = [10, 20, 30];
        blend(&mut pixel, Rgb([200, 100, 0]), 0.0);
        assert_eq!(pixel, [10, 20, 30]);
        blend(&mut pixel, Rgb([200, 100, 0]), 1.0);
        assert_eq!(pixel, [200, 100, 0]);
    }

    #[test]
    fn rectangles_are_clipped_and_nan_draws_nothing() {
        let mut picture = RgbImage::new(4, 3);
        let white = Rgb([255; 3]);
        fill_rect(&mut picture, Rect { x: f32::NAN, y: 0.0, width: 4.0, height: f32::NAN }, white, 1.0);
        assert!(picture.pixels().all(|p| p.0 == [0; 3]));
        fill_rect(&mut picture, Rect { x: -9.0, y: -9.0, width: 99.0, height: 99.0 }, white, 1.0);
        assert!(picture.pixels().all(|p| p.0 == [255; 3]));
        fill_rect(&mut RgbImage::new(0, 0), Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }, white, 1.0);
    }
}
