//! Motion between successive counted pictures of a camera, by dense optical flow (dense inverse search, Kroeger et
//! al. 2016, as OpenCV implements it: the fastest dense method there).

use anyhow::Context;
use opencv::{
    core::{CV_32FC2, Mat, MatTraitConst, MatTraitConstManual, Ptr, Vec2f},
    prelude::*,
    video::{DISOpticalFlow, DISOpticalFlow_PRESET_ULTRAFAST},
};
use throng_analytics::{motion_field::MotionField, time::Timestamp};
use throng_models::picture::RgbView;

use super::{
    grey::Grey,
    shake::{ShakeChange, ShakeWatch},
};
use crate::stream::frame::Frame;

/// Width that pictures are reduced to, at least: below it walkers at a street camera's distance vanish.
const FLOW_WIDTH_PX: usize = 320;

/// Side of a cell of the published field, in reduced pixels; flow is averaged in it.
const CELL_PX: usize = 8;

/// Longest time between two pictures whose flow is still motion, seconds: beyond it people have moved by more than
/// the method can follow. Two counted pictures a second, which come unevenly from most sources, are just inside.
pub(super) const LONGEST_STEP_SECS: f64 = 0.6;

/// Smallest side that the method can work on, in reduced pixels: its patches are 8 pixels wide, on up to three
/// coarser levels.
const LEAST_SIDE_PX: usize = 64;

/// Measures motion for one camera that stands still.
pub struct MotionMeter {
    flow: Ptr<DISOpticalFlow>,
    before: Option<Before>,
    now: Grey,
    vectors: Mat,
    shake: ShakeWatch,
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
        Ok(Self {
            flow,
            before: None,
            now: Grey::default(),
            vectors: Mat::default(),
            shake: ShakeWatch::default(),
        })
    }

    /// Velocities since the picture before, in pixels a second of an image `image_width_px` wide; `None` for the first
    /// picture of a session, after a gap, and after a change of size: nothing is subtracted across those. A picture
    /// that moves as a whole is logged.
    ///
    /// # Errors
    /// OpenCV's, when the flow cannot be computed.
    pub fn measure(&mut self, frame: &Frame, image_width_px: u32) -> anyhow::Result<Option<MotionField>> {
        let Some(picture) = frame.rgb() else { return Ok(None) };
        let image_px_per_px = f64::from(image_width_px) / picture.width_px() as f64;
        let Some(motion) = self.follow(picture, frame.session, frame.captured_at)? else { return Ok(None) };
        match self.shake.observe(&motion.shifts_px, frame.captured_at) {
            Some(ShakeChange::Began(shift)) => tracing::warn!(
                camera = &*frame.camera,
                "The picture moves as a whole, by {:.1} px in {:.2} s: the camera shakes or is turned, and places \
                 and speeds on the ground are wrong meanwhile. Fix its mount or calibrate it anew.",
                f64::from(shift[0].hypot(shift[1])) * motion.px_per_reduced_px * image_px_per_px,
                motion.step_secs,
            ),
            Some(ShakeChange::Ended) => {
                tracing::info!(camera = &*frame.camera, "The picture is steady again.");
            }
            None => {}
        }
        Ok(motion.field(image_px_per_px))
    }

    /// Motion since the picture before, which `picture` then takes the place of.
    fn follow(
        &mut self,
        picture: RgbView<'_>,
        session: u64,
        captured_at: Timestamp,
    ) -> anyhow::Result<Option<Motion>> {
        let factor = (picture.width_px() / FLOW_WIDTH_PX).max(1);
        self.now.reduce(picture, factor);
        let motion = match &self.before {
            Some(before) if before.session == session => {
                let step_secs = captured_at.secs_since(before.captured_at);
                let (width, height) = (self.now.width_px, self.now.height_px);
                let comparable = (before.grey.width_px, before.grey.height_px) == (width, height)
                    && width.min(height) >= LEAST_SIDE_PX;
                if comparable && step_secs > 0.0 && step_secs <= LONGEST_STEP_SECS {
                    let shifts_px = cell_shifts(&mut self.flow, &before.grey, &self.now, &mut self.vectors)?;
                    Some(Motion {
                        columns: width / CELL_PX,
                        rows: height / CELL_PX,
                        shifts_px,
                        step_secs,
                        px_per_reduced_px: factor as f64,
                    })
                } else {
                    None
                }
            }
            _ => None,
        };
        let recycled = self.before.take().map_or_else(Grey::default, |before| before.grey);
        let grey = std::mem::replace(&mut self.now, recycled);
        self.before = Some(Before { grey, session, captured_at });
        Ok(motion)
    }
}

/// How far each cell of a picture has moved since the picture before.
struct Motion {
    columns: usize,
    rows: usize,
    /// `[rows, columns]`, row-major, in reduced pixels.
    shifts_px: Vec<[f32; 2]>,
    step_secs: f64,
    /// Pixels of the counted picture to one of the reduced picture.
    px_per_reduced_px: f64,
}

impl Motion {
    /// As velocities in an image of which `image_px_per_px` pixels make one of the counted picture.
    fn field(&self, image_px_per_px: f64) -> Option<MotionField> {
        let image_px_per_reduced_px = self.px_per_reduced_px * image_px_per_px;
        let scale = (image_px_per_reduced_px / self.step_secs) as f32;
        let velocity_px_per_s = self.shifts_px.iter().map(|[u, v]| [u * scale, v * scale]).collect();
        let px_per_cell = CELL_PX as f64 * image_px_per_reduced_px;
        MotionField::new(self.columns, self.rows, px_per_cell, px_per_cell, velocity_px_per_s).ok()
    }
}

/// The mean flow in each cell from `before` to `now`, in pixels.
fn cell_shifts(
    flow: &mut Ptr<DISOpticalFlow>,
    before: &Grey,
    now: &Grey,
    vectors: &mut Mat,
) -> anyhow::Result<Vec<[f32; 2]>> {
    let (width, height) = (now.width_px, now.height_px);
    let (w, h) = (i32::try_from(width)?, i32::try_from(height)?);
    let from = Mat::new_rows_cols_with_data(h, w, &before.luma)?;
    let to = Mat::new_rows_cols_with_data(h, w, &now.luma)?;
    flow.calc(&from, &to, vectors).context("OpenCV cannot compute the optical flow")?;
    anyhow::ensure!(
        vectors.typ() == CV_32FC2 && vectors.rows() == h && vectors.cols() == w,
        "OpenCV's optical flow has an unexpected type or size"
    );
    let vectors = vectors.data_typed::<Vec2f>()?;
    let (columns, rows) = (width / CELL_PX, height / CELL_PX);
    let mut sums = vec![[0.0_f32; 2]; columns * rows];
    for (y, line) in vectors.chunks_exact(width).take(rows * CELL_PX).enumerate() {
        let row = &mut sums[y / CELL_PX * columns..][..columns];
        for (sum, cell) in row.iter_mut().zip(line.chunks_exact(CELL_PX)) {
            for vector in cell {
                sum[0] += vector[0];
                sum[1] += vector[1];
            }
        }
    }
    let cell_area = (CELL_PX * CELL_PX) as f32;
    Ok(sums.into_iter().map(|[u, v]| [u / cell_area, v / cell_area]).collect())
}

#[cfg(test)]
mod tests;
