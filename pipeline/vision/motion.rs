//! Motion between successive counted pictures of a camera, by dense optical flow (dense inverse search, Kroeger et
//! al. 2016, as OpenCV implements it: the fastest dense method there).

use anyhow::Context;
use opencv::{
    core::{CV_32FC2, Mat, MatTraitConst, MatTraitConstManual, Ptr, Vec2f},
    prelude::*,
    video::{DISOpticalFlow, DISOpticalFlow_PRESET_ULTRAFAST},
};
use throng_analytics::{motion_field::MotionField, time::Timestamp};

use super::grey::Grey;
use crate::stream::frame::Frame;

/// Width that pictures are reduced to, at least: below it walkers at a street camera's distance vanish.
const FLOW_WIDTH_PX: usize = 320;

/// Side of a cell of the published field, in reduced pixels; flow is averaged in it.
const CELL_PX: usize = 8;

/// Longest time between two pictures whose flow is still motion, seconds: beyond it people have moved by more than
/// the method can follow.
const LONGEST_STEP_SECS: f64 = 0.5;

/// Measures motion for one camera.
pub struct MotionMeter {
    flow: Ptr<DISOpticalFlow>,
    before: Option<Before>,
    now: Grey,
    vectors: Mat,
}

/// The picture before, and when it was.
struct Before {
    grey: Grey,
    session: u64,
    captured_at: Timestamp,
}

impl MotionMeter {
    /// A meter that has seen nothing.
    ///
    /// # Errors
    /// OpenCV's, when it cannot make the flow algorithm.
    pub fn new() -> anyhow::Result<Self> {
        // One camera's motion must not take the cores from the counter.
        opencv::core::set_num_threads(1)?;
        let flow = DISOpticalFlow::create(DISOpticalFlow_PRESET_ULTRAFAST)
            .context("OpenCV cannot make its optical flow; run deploy/setup.sh to install it")?;
        Ok(Self { flow, before: None, now: Grey::default(), vectors: Mat::default() })
    }

    /// Velocities since the picture before, in pixels a second of an image `image_width_px` wide; `None` for the first picture
    /// of a session, after a gap, and after a change of size: nothing is subtracted across those.
    ///
    /// # Errors
    /// OpenCV's, when the flow cannot be computed.
    pub fn measure(&mut self, frame: &Frame, image_width_px: u32) -> anyhow::Result<Option<MotionField>> {
        let Some(picture) = frame.rgb() else { return Ok(None) };
        let factor = (picture.width_px() / FLOW_WIDTH_PX).max(1);
        self.now.reduce(picture, factor);
        let image_px_per_px = f64::from(image_width_px) / picture.width_px() as f64 * factor as f64;
        let field = match &self.before {
            Some(before) if before.session == frame.session => {
                let step_secs = frame.captured_at.secs_since(before.captured_at);
                let same_size =
                    (before.grey.width_px, before.grey.height_px) == (self.now.width_px, self.now.height_px);
                let follows = step_secs > 0.0 && step_secs <= LONGEST_STEP_SECS && same_size;
                if follows { self.field(step_secs, image_px_per_px)? } else { None }
            }
            _ => None,
        };
        let recycled = self.before.take().map_or_else(Grey::default, |before| before.grey);
        let grey = std::mem::replace(&mut self.now, recycled);
        self.before = Some(Before { grey, session: frame.session, captured_at: frame.captured_at });
        Ok(field)
    }

    fn field(&mut self, step_secs: f64, image_px_per_px: f64) -> anyhow::Result<Option<MotionField>> {
        let Some(before) = &self.before else { return Ok(None) };
        let (width, height) = (self.now.width_px, self.now.height_px);
        let (columns, rows) = (width / CELL_PX, height / CELL_PX);
        // The method's own patches are 8 pixels wide, on up to three coarser levels.
        if width < 64 || height < 64 {
            return Ok(None);
        }
        let (w, h) = (i32::try_from(width)?, i32::try_from(height)?);
        let from = Mat::new_rows_cols_with_data(h, w, &before.grey.luma)?;
        let to = Mat::new_rows_cols_with_data(h, w, &self.now.luma)?;
        self.flow.calc(&from, &to, &mut self.vectors).context("OpenCV cannot compute the optical flow")?;
        anyhow::ensure!(self.vectors.typ() == CV_32FC2, "OpenCV's optical flow has an unexpected type");
        let vectors = self.vectors.data_typed::<Vec2f>()?;
        let scale = (image_px_per_px / step_secs / (CELL_PX * CELL_PX) as f64) as f32;
        let mut velocity_px_per_s = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let mut sum = [0.0_f32; 2];
                for y in row * CELL_PX..(row + 1) * CELL_PX {
                    let start = y * width + column * CELL_PX;
                    for vector in &vectors[start..start + CELL_PX] {
                        sum[0] += vector[0];
                        sum[1] += vector[1];
                    }
                }
                velocity_px_per_s.push([sum[0] * scale, sum[1] * scale]);
            }
        }
        let px_per_cell = CELL_PX as f64 * image_px_per_px;
        Ok(MotionField::new(columns, rows, px_per_cell, px_per_cell, velocity_px_per_s).ok())
    }
}
