//! A decoded picture with the time at which it was captured.

use std::{sync::Arc, time::Instant};

use gstreamer_video::{VideoFrame, VideoFrameExt, video_frame::Readable};
use image::RgbImage;
use throng_analytics::time::Timestamp;
use throng_models::picture::RgbView;
use tracing::Span;

/// One picture of one camera: packed RGB, scaled for counting.
///
/// The pixels stay in the decoder's buffer, mapped for reading; cloning is not offered, moving is free.
pub struct Frame {
    /// Id of the camera.
    pub camera: Arc<str>,
    /// Which connection to the source this is, from 1. Times and pictures of two sessions must not be subtracted.
    pub session: u64,
    /// Number of the frame among those decoded in its session, from 0.
    pub seq: u64,
    /// When the picture was captured, from the stream's own time.
    pub captured_at: Timestamp,
    /// The same on the monotonic clock, for measuring latency; when footage is read as fast as possible, the instant
    /// at which the frame left the decoder.
    pub captured_instant: Instant,
    /// When it left the decoder, at its size for counting.
    pub decoded_instant: Instant,
    /// Seconds of the stream at which it is shown: what telemetry in the stream, or recorded beside it, is timed by.
    pub stream_secs: f64,
    /// Width of the picture as decoded, before scaling, in pixels.
    pub source_width_px: u32,
    /// Height of the picture as decoded, before scaling, in pixels.
    pub source_height_px: u32,
    /// Its way through the pipeline, from when it is taken to be counted; none before.
    pub span: Span,
    pub(super) picture: VideoFrame<Readable>,
}

impl Frame {
    /// The pixels; `None` only if the buffer does not hold what its caps promise.
    pub fn rgb(&self) -> Option<RgbView<'_>> {
        let stride_bytes = usize::try_from(*self.picture.plane_stride().first()?).ok()?;
        let data = self.picture.plane_data(0).ok()?;
        RgbView::new(data, self.picture.width() as usize, self.picture.height() as usize, stride_bytes)
    }

    /// A copy of the pixels; `None` as for [`rgb`](Self::rgb).
    pub fn to_image(&self) -> Option<RgbImage> {
        let view = self.rgb()?;
        let mut pixels = Vec::with_capacity(3 * view.width_px() * view.height_px());
        (0..view.height_px()).for_each(|y| pixels.extend_from_slice(view.row(y)));
        RgbImage::from_raw(self.picture.width(), self.picture.height(), pixels)
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("camera", &self.camera)
            .field("session", &self.session)
            .field("seq", &self.seq)
            .field("captured_at", &self.captured_at)
            .finish_non_exhaustive()
    }
}
