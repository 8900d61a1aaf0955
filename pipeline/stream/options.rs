//! How a source is to be read.

use throng_analytics::time::Timestamp;

use super::{connect::Connect, uri::SourceUri};

/// How fast footage is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At the speed at which it was recorded; the newest frame wins. Live streams are always read so.
    Realtime,
    /// As fast as it can be counted; no frame is lost for lack of time.
    AsFastAsPossible,
}

/// How a source is to be read.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// Frames handed over a second of stream time; the others are decoded and dropped before any conversion.
    pub count_fps: f64,
    /// Width of the frames handed over, in pixels (height by the picture's shape); `None` keeps the size.
    pub width_px: Option<u32>,
    /// How fast footage is read.
    pub pace: Pace,
    /// Capture time of stream time zero when read as fast as possible. In real time it is the moment at which the
    /// stream's clock started.
    pub origin: Timestamp,
    /// Which connection to the source this is, from 1.
    pub session: u64,
    /// How it is connected to.
    pub connect: Connect,
}

impl StreamOptions {
    /// How fast `uri` is read: only footage can be read faster than it was recorded.
    pub(super) fn pace_of(&self, uri: &SourceUri) -> Pace {
        if uri.is_footage() { self.pace } else { Pace::Realtime }
    }

    /// Frames counted a second of what comes at its own speed.
    pub(super) fn realtime_fps(&self) -> Option<f64> {
        (self.pace == Pace::Realtime).then_some(self.count_fps)
    }

    /// Frames a second that the decoder is spared for, where it may be; footage that is read fast is decoded whole, so
    /// that what is counted depends on the footage alone.
    pub(super) fn skip_to_fps(&self) -> Option<f64> {
        self.realtime_fps().filter(|_| self.connect.may_skip)
    }
}

/// What is known of a stream once its first frame is decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// Width as decoded, in pixels.
    pub width_px: u32,
    /// Height as decoded, in pixels.
    pub height_px: u32,
    /// Frames a second as the stream states them; `None` where it varies or is not stated.
    pub fps: Option<f64>,
    /// Length of the footage in seconds; `None` for live streams.
    pub duration_secs: Option<f64>,
}

/// What happened to a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// Its first picture was decoded, or the first of another size.
    Live(StreamInfo),
    /// It was read to its end.
    Ended {
        /// Set where it stopped well before the length it states: the file is probably cut off.
        early: Option<String>,
    },
    /// It gives no more pictures.
    Failed(super::fault::SourceFault),
}
