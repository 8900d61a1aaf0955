//! How far a picture has moved as a whole since the one before, by phase correlation: coarse, and without any pose.

use opencv::{
    core::{CV_32FC1, Mat},
    imgproc::phase_correlate,
    prelude::*,
};

use super::grey::Grey;
use crate::stream::frame::Frame;

/// Width that pictures are reduced to, at least.
const WIDTH_PX: usize = 160;

/// Response of the correlation below which the shift is a guess.
const RESPONSE_MIN: f64 = 0.05;

/// Measures the shift from picture to picture.
#[derive(Default)]
pub struct ShiftMeter {
    before: Option<(Mat, [usize; 2])>,
    now: Grey,
}

impl ShiftMeter {
    /// Forgets the picture before: nothing is compared across connections.
    pub fn forget(&mut self) {
        self.before = None;
    }

    /// The shift `[u, v]` since the picture before in pixels of an image `image_width_px` wide; `None` for the first one and
    /// where the pictures have too little in common.
    ///
    /// # Errors
    /// OpenCV's.
    pub fn measure(&mut self, frame: &Frame, image_width_px: u32) -> anyhow::Result<Option<[f64; 2]>> {
        let Some(picture) = frame.rgb() else { return Ok(None) };
        let factor = (picture.width_px() / WIDTH_PX).max(1);
        self.now.reduce(picture, factor);
        let size = [self.now.width_px, self.now.height_px];
        let luma: Vec<f32> = self.now.luma.iter().map(|luma| f32::from(*luma)).collect();
        let (w, h) = (i32::try_from(size[0])?, i32::try_from(size[1])?);
        let now = Mat::new_rows_cols_with_data(h, w, &luma)?.try_clone()?;
        anyhow::ensure!(now.typ() == CV_32FC1, "a picture for OpenCV has an unexpected type");
        let shift = match &self.before {
            Some((before, known)) if *known == size => {
                let mut response = 0.0;
                let shift = phase_correlate(before, &now, &Mat::default(), Some(&mut response))?;
                let image_px_per_px = f64::from(image_width_px) * factor as f64 / picture.width_px() as f64;
                (response >= RESPONSE_MIN).then(|| [shift.x, shift.y].map(|px| px * image_px_per_px))
            }
            _ => None,
        };
        self.before = Some((now, size));
        Ok(shift)
    }
}
