//! The last pictures of a camera, small and concealed, for the clip of a bundle.
//!
//! What is kept is concealed *before* it is kept. No detector of faces decides what, since one that misses a face shows it:
//! every place is averaged to blocks of an eighth of a head's width there, so that no face has more than 8 pixels across. A
//! letter of a number plate, a quarter of a head wide, then has two.

use std::{collections::VecDeque, path::Path};

use anyhow::{Context as _, Result};
use image::RgbImage;
use throng_analytics::{camera::Calibration, ground::head_width_px, time::Timestamp};

use crate::{counting::CountedFrame, jpeg::jpeg, stream::writer::VideoWriter};

/// Pictures a second that are kept.
pub const CLIP_FPS: f64 = 5.0;
/// Pixels across a head that are left: fewer than any recogniser of faces works on (our choice).
const HEAD_LEFT_PX: f64 = 8.0;
/// A head nobody has measured is taken to be this share of the picture's height.
const HEAD_UNMEASURED_SHARE: f64 = 0.25;
/// Side of the tiles that have one size of blocks, pixels.
const TILE_PX: u32 = 64;
/// Quality of JPEG, 1 to 100.
const JPEG_QUALITY: u8 = 75;

/// A picture as it is kept: JPEG.
#[derive(Clone, Debug)]
pub struct Kept {
    /// When it was captured.
    pub captured_at: Timestamp,
    jpeg: std::sync::Arc<[u8]>,
}

/// The last pictures of one camera.
#[derive(Debug, Default)]
pub struct ClipRing {
    pictures: VecDeque<Kept>,
}

impl ClipRing {
    /// Takes in a frame of a camera with this calibration, where the last one kept is long enough ago.
    ///
    /// # Errors
    /// The frame's pixels cannot be read or compressed.
    pub fn observe(
        &mut self,
        counted: &CountedFrame,
        calibration: &Calibration,
        is_concealed: bool,
    ) -> Result<()> {
        let captured_at = counted.frame.captured_at;
        let is_due = self.pictures.back().is_none_or(|last| {
            // A clock that went back begins anew.
            let secs = captured_at.secs_since(last.captured_at);
            !(0.0..1.0 / CLIP_FPS - 1e-3).contains(&secs)
        });
        if !is_due {
            return Ok(());
        }
        let mut picture = counted.frame.to_image().context("a frame cannot be read")?;
        if is_concealed {
            let scale = f64::from(calibration.image_size_px()[0]) / f64::from(picture.width());
            conceal(&mut picture, &|[x, y]| {
                head_width_px(calibration, [x * scale, y * scale]).map(|head_px| head_px / scale)
            });
        }
        let jpeg = jpeg(&picture, JPEG_QUALITY).context("a picture cannot be compressed")?;
        self.pictures.push_back(Kept { captured_at, jpeg: jpeg.into() });
        Ok(())
    }

    /// Lets go of what is older.
    pub fn forget_before(&mut self, at: Timestamp) {
        while self.pictures.front().is_some_and(|first| first.captured_at < at) {
            self.pictures.pop_front();
        }
    }

    /// The pictures since.
    pub fn since(&self, at: Timestamp) -> Vec<Kept> {
        self.pictures.iter().filter(|kept| kept.captured_at >= at).cloned().collect()
    }
}

/// Averages every place to blocks of an eighth of a head's width there; `head_px` tells how wide one is, where known.
pub fn conceal(picture: &mut RgbImage, head_px: &dyn Fn([f64; 2]) -> Option<f64>) {
    let (width, height) = picture.dimensions();
    let unmeasured_px = HEAD_UNMEASURED_SHARE * f64::from(height);
    for top in (0..height).step_by(TILE_PX as usize) {
        for left in (0..width).step_by(TILE_PX as usize) {
            let (right, bottom) = ((left + TILE_PX).min(width), (top + TILE_PX).min(height));
            // The nearest ground of a tile has its largest heads.
            let places = [[left, bottom], [right, bottom], [left, top], [right, top]];
            let largest_px = places
                .iter()
                .filter_map(|[x, y]| head_px([f64::from(*x), f64::from(*y)]))
                .filter(|px| px.is_finite())
                .fold(None, |largest: Option<f64>, px| Some(largest.map_or(px, |l| l.max(px))));
            // Beyond the horizon no head is larger than just below it, but a wall with a window there could be near.
            let largest_px = largest_px.unwrap_or(unmeasured_px).min(unmeasured_px.max(1.0));
            let block_px = (largest_px / HEAD_LEFT_PX).ceil().clamp(1.0, f64::from(TILE_PX)) as u32;
            if block_px > 1 {
                average(picture, [left, top, right, bottom], block_px);
            }
        }
    }
}

/// Averages the blocks of a rectangle.
fn average(picture: &mut RgbImage, [left, top, right, bottom]: [u32; 4], block_px: u32) {
    for y0 in (top..bottom).step_by(block_px as usize) {
        for x0 in (left..right).step_by(block_px as usize) {
            let (x1, y1) = ((x0 + block_px).min(right), (y0 + block_px).min(bottom));
            let mut sum = [0_u32; 3];
            for y in y0..y1 {
                for x in x0..x1 {
                    let pixel = picture.get_pixel(x, y);
                    sum.iter_mut().zip(pixel.0).for_each(|(sum, value)| *sum += u32::from(value));
                }
            }
            let count = (x1 - x0) * (y1 - y0);
            let mean = image::Rgb(sum.map(|sum| (sum / count) as u8));
            for y in y0..y1 {
                for x in x0..x1 {
                    picture.put_pixel(x, y, mean);
                }
            }
        }
    }
}

/// Writes pictures as a video, each at its time.
///
/// # Errors
/// None can be read, or the video cannot be written.
pub fn write(pictures: &[Kept], path: &Path) -> Result<()> {
    let first = pictures.first().context("a clip has no pictures")?;
    let mut video: Option<(VideoWriter, (u32, u32))> = None;
    for kept in pictures {
        let picture = image::load_from_memory(&kept.jpeg).context("a kept picture cannot be read")?.to_rgb8();
        let size = picture.dimensions();
        let (writer, first_size) = match &mut video {
            Some(video) => video,
            None => video.insert((VideoWriter::create(path, size.0, size.1, CLIP_FPS)?, size)),
        };
        // A camera that was connected anew may have another size: a clip has one.
        if size == *first_size {
            writer.push(&picture, kept.captured_at.secs_since(first.captured_at))?;
        }
    }
    match video {
        Some((writer, _)) => writer.finish(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// Black and white columns one pixel wide: any detail at all.
    fn stripes() -> RgbImage {
        RgbImage::from_fn(128, 128, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]))
    }

    #[test]
    fn no_head_keeps_more_than_eight_pixels() {
        let mut picture = stripes();
        // Heads of 16 pixels above, of 40 below.
        conceal(&mut picture, &|[_, y]| Some(if y < 64.0 { 16.0 } else { 40.0 }));
        let values = |y: u32, width: u32| {
            let row: Vec<u8> = (0..width).map(|x| picture.get_pixel(x, y).0[0]).collect();
            let mut runs = 1;
            row.windows(2).for_each(|pair| runs += u32::from(pair[0] != pair[1]));
            runs
        };
        assert!(values(100, 40) <= 8, "a head of 40 pixels has {} values", values(100, 40));
        assert_eq!(picture.get_pixel(0, 100).0[0], picture.get_pixel(4, 100).0[0]);
    }

    #[test]
    fn heads_that_are_small_already_stay_as_they_are() {
        let mut picture = stripes();
        conceal(&mut picture, &|_| Some(8.0));
        assert_eq!(picture, stripes());
    }

    #[test]
    fn a_view_nobody_measured_is_concealed_for_the_largest_head() {
        let mut picture = stripes();
        conceal(&mut picture, &|_| None);
        // A quarter of 128 pixels, in 8: blocks of 4.
        assert!((0..4).all(|x| picture.get_pixel(x, 0) == picture.get_pixel(0, 0)));
    }
}
