//! What becomes of every decoded picture on its way: counted, chosen or dropped, timed, handed over; and how it ends.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam::channel::Sender;
use gstreamer::{self as gst, prelude::*};
use gstreamer_video::{VideoCapsBuilder, VideoFormat, VideoFrame, VideoInfo};
use throng_analytics::time::Timestamp;
use tracing::Span;

use super::{
    bus::End,
    capture_clock::{CaptureClock, Jump},
    counters::{DropCause, FrameCounters},
    cut_off::missing_avi_bytes,
    fault::SourceFault,
    frame::Frame,
    options::{Pace, StreamEvent, StreamInfo, StreamOptions},
    rate::RateGate,
    slot::SlotSender,
    tls,
    uri::SourceUri,
};
use crate::{clock::wall_clock, locked::locked};

/// Events that may wait: a connection has one end, which must find room whatever came before it.
pub(super) const EVENTS_WAITING: usize = 4;

/// From the epoch of NTP, 1900, to that of Unix, 1970 (RFC 5905, section 6).
const NTP_TO_UNIX_SECS: u64 = 2_208_988_800;

/// What the streaming threads and the bus thread of one connection share.
pub(super) struct Passage {
    pub(super) camera: Arc<str>,
    pub(super) uri: SourceUri,
    pub(super) options: StreamOptions,
    pub(super) counters: Arc<FrameCounters>,
    /// Let go of at the end of the connection.
    pub(super) slot: Mutex<Option<Arc<SlotSender<Frame>>>>,
    pub(super) events: Sender<StreamEvent>,
    pub(super) progress: Progress,
    /// Size and rate as decoded, before scaling.
    source: Mutex<Option<VideoInfo>>,
    clock: Mutex<CaptureClock>,
    /// The camera's own time at stream time zero.
    sender_at_zero: Mutex<Option<Timestamp>>,
}

/// How far the pictures of one connection have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    decoded: AtomicU64,
    forward: AtomicU64,
    last_running_nanos: AtomicU64,
}

impl Progress {
    /// Pictures decoded in this connection.
    pub(super) fn decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    /// Pictures whose time was later than that of all before them.
    pub(super) fn forward(&self) -> u64 {
        self.forward.load(Ordering::Relaxed)
    }

    fn moved_to(&self, running: gst::ClockTime) {
        let before = self.last_running_nanos.fetch_max(running.nseconds(), Ordering::Relaxed);
        if running.nseconds() > before || self.forward() == 0 {
            self.forward.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How far the pictures have come, seconds of the stream.
    pub(super) fn reached_secs(&self) -> f64 {
        self.last_running_nanos.load(Ordering::Relaxed) as f64 * 1e-9
    }
}

impl Passage {
    pub(super) fn new(
        camera: &str,
        uri: &SourceUri,
        options: StreamOptions,
        counters: Arc<FrameCounters>,
        slot: Arc<SlotSender<Frame>>,
        events: Sender<StreamEvent>,
    ) -> Self {
        Self {
            camera: camera.into(),
            uri: uri.clone(),
            options,
            counters,
            slot: Mutex::new(Some(slot)),
            events,
            progress: Progress::default(),
            source: Mutex::new(None),
            clock: Mutex::new(CaptureClock::default()),
            sender_at_zero: Mutex::new(None),
        }
    }

    /// Fixes the size of the frames handed over once the size as decoded is known.
    pub(super) fn learn_size(
        &self,
        decoded: &gst::CapsRef,
        caps: &gst::Element,
        duration: Option<gst::ClockTime>,
    ) {
        let Ok(info) = VideoInfo::from_caps(decoded) else { return };
        let width = self.options.width_px.unwrap_or(info.width()).min(info.width()).max(1);
        let height = (f64::from(info.height()) * f64::from(width) / f64::from(info.width())).round().max(1.0);
        let (width, height) = (i32::try_from(width).unwrap_or(i32::MAX), height as i32);
        let rgb = VideoCapsBuilder::new().format(VideoFormat::Rgb).width(width).height(height).build();
        caps.set_property("caps", rgb);
        let before = locked(&self.source).replace(info.clone());
        let is_new = before.is_none_or(|b| (b.width(), b.height()) != (info.width(), info.height()));
        // A source that changes its size over and over must not take the room of the end.
        if is_new && self.events.len() + 1 < EVENTS_WAITING {
            let fps = info.fps();
            let stated_fps = f64::from(fps.numer()) / f64::from(fps.denom().max(1));
            self.emit(StreamEvent::Live(StreamInfo {
                width_px: info.width(),
                height_px: info.height(),
                fps: (stated_fps > 0.0).then_some(stated_fps),
                duration_secs: duration.map(|length| length.nseconds() as f64 * 1e-9),
            }));
        }
    }

    /// Counts a decoded picture and decides whether it goes on. One that does not is answered with `Handled`: after
    /// `Drop`, GStreamer 1.22 looks for a buffer that its bindings have already let go of, and complains.
    pub(super) fn choose(
        &self,
        buffer: &mut gst::Buffer,
        segment: &gst::FormattedSegment<gst::ClockTime>,
        gate: &mut RateGate,
    ) -> gst::PadProbeReturn {
        self.counters.add_decoded();
        let seq = self.progress.decoded.fetch_add(1, Ordering::Relaxed);
        let Some(running) = buffer.pts().and_then(|pts| segment.to_running_time(pts)) else {
            self.counters.add_dropped(DropCause::Unreadable);
            return gst::PadProbeReturn::Handled;
        };
        self.progress.moved_to(running);
        self.learn_sender_time(buffer, running);
        if !gate.passes(running.nseconds() as f64 * 1e-9) {
            self.counters.add_dropped(DropCause::Rate);
            return gst::PadProbeReturn::Handled;
        }
        // The number travels with the buffer, because later elements do not know what was dropped here.
        buffer.make_mut().set_offset(seq);
        gst::PadProbeReturn::Ok
    }

    pub(super) fn frame(&self, sample: &gst::Sample, pipeline: Option<&gst::Pipeline>) -> Option<Frame> {
        let buffer = sample.buffer_owned()?;
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        let running = segment.to_running_time(buffer.pts()?)?;
        let (seq, info) = (buffer.offset(), VideoInfo::from_caps(sample.caps()?).ok()?);
        let decoded_instant = Instant::now();
        let (captured_at, captured_instant) = self.capture_time(running, pipeline?, decoded_instant)?;
        let (source_width_px, source_height_px) = {
            let source = locked(&self.source);
            let source = source.as_ref()?;
            (source.width(), source.height())
        };
        Some(Frame {
            camera: Arc::clone(&self.camera),
            session: self.options.session,
            seq,
            captured_at,
            captured_instant,
            decoded_instant,
            stream_secs: running.nseconds() as f64 * 1e-9,
            source_width_px,
            source_height_px,
            span: Span::none(),
            picture: VideoFrame::from_buffer_readable(buffer, &info).ok()?,
        })
    }

    /// Capture time on both clocks, from stream time: the stream's clock says how long before `now` the frame was due, which
    /// is not when it arrived here. `None` after the stream's clock has jumped, which ends the connection.
    fn capture_time(
        &self,
        running: gst::ClockTime,
        pipeline: &gst::Pipeline,
        now: Instant,
    ) -> Option<(Timestamp, Instant)> {
        let running_secs = running.nseconds() as f64 * 1e-9;
        let elapsed = match self.options.pace {
            Pace::AsFastAsPossible => None,
            Pace::Realtime => pipeline.current_running_time(),
        };
        let Some(elapsed) = elapsed else { return Some((self.options.origin + running_secs, now)) };
        let elapsed_secs = elapsed.nseconds() as f64 * 1e-9;
        let sender_at_zero = *locked(&self.sender_at_zero);
        match locked(&self.clock).captured(running_secs, elapsed_secs, wall_clock(), sender_at_zero) {
            Ok(captured) => {
                let age = Duration::try_from_secs_f64(captured.age_secs).unwrap_or_default();
                Some((captured.at, now.checked_sub(age).unwrap_or(now)))
            }
            Err(Jump(secs)) => {
                let problem = format!("the stream's clock jumped by {secs:+.1} s");
                let advice = "it is read anew; check the source's clock";
                self.emit(StreamEvent::Failed(SourceFault::new(problem, advice, &self.uri)));
                None
            }
        }
    }

    /// The camera's clock behind ours, seconds, where the stream tells it.
    pub(super) fn clock_behind_secs(&self) -> Option<f64> {
        locked(&self.clock).behind_secs()
    }

    /// Notes the camera's own time of a picture, which RTCP sender reports or NTP header extensions told.
    fn learn_sender_time(&self, buffer: &gst::BufferRef, running: gst::ClockTime) {
        let Some(meta) = buffer.meta::<gst::ReferenceTimestampMeta>() else { return };
        let is_ntp = meta.reference().structure(0).is_some_and(|s| s.name() == "timestamp/x-ntp");
        let since_1970 = meta.timestamp().nseconds().checked_sub(NTP_TO_UNIX_SECS * 1_000_000_000);
        if let (true, Some(nanos)) = (is_ntp, since_1970.and_then(|nanos| i64::try_from(nanos).ok())) {
            let sender = Timestamp::from_unix_nanos(nanos);
            *locked(&self.sender_at_zero) = Some(sender - running.nseconds() as f64 * 1e-9);
        }
    }

    /// Reports an event; a receiver that has gone away needs none.
    fn emit(&self, event: StreamEvent) {
        if self.events.try_send(event).is_err() {
            tracing::debug!(camera = &*self.camera, "An event of a source found nobody listening.");
        }
    }

    /// Tells how the stream ended. First the event, then the end of the frames: who sees no more frames finds the
    /// reason.
    pub(super) fn end(&self, end: &End<'_>) {
        self.emit(match end {
            End::Failed(error) => StreamEvent::Failed(self.fault(error)),
            End::Silent { waited } => StreamEvent::Failed(SourceFault::silent(waited.as_secs(), &self.uri)),
            End::Read { .. } if self.progress.decoded() == 0 => {
                StreamEvent::Failed(SourceFault::no_picture(&self.uri))
            }
            End::Read { duration } => StreamEvent::Ended { early: self.cut_off(*duration) },
        });
        drop(locked(&self.slot).take());
    }

    /// GStreamer does not say that it was the certificate, or the picture that was asked for.
    fn fault(&self, error: &gst::message::Error) -> SourceFault {
        let connect = &self.options.connect;
        let distrusted = if connect.accepts_any_certificate { None } else { tls::why_distrusted(&self.uri) };
        match distrusted {
            Some(problem) => SourceFault::new(problem, tls::ADVICE, &self.uri),
            None => SourceFault::no_such_picture(error, connect.video_index, &self.uri)
                .unwrap_or_else(|| SourceFault::from_gstreamer(error, &self.uri)),
        }
    }

    fn missing_avi_bytes(&self) -> Option<u64> {
        missing_avi_bytes(&mut std::fs::File::open(self.uri.path()?).ok()?)
    }

    /// How footage that was read to its end is nevertheless not whole, if it is not.
    fn cut_off(&self, duration: Option<gst::ClockTime>) -> Option<String> {
        let reached_secs = self.progress.reached_secs();
        let stated_secs = duration.map_or(0.0, |d| d.nseconds() as f64 * 1e-9);
        let why = if let Some(missing) = self.missing_avi_bytes() {
            format!("{missing} bytes are missing at its end")
        } else if stated_secs - reached_secs > 1.0 + 0.02 * stated_secs {
            format!("it states {stated_secs:.1} s")
        } else {
            return None;
        };
        Some(format!("the footage was cut off: it ended at {reached_secs:.1} s, but {why} ({})", self.uri))
    }
}
