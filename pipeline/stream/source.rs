//! One camera: a GStreamer pipeline from its URI to frames in the slot.
//!
//! ```text
//! uridecodebin ! (count, choose, measure) videoconvertscale ! RGB caps ! appsink -> slot
//! ```
//!
//! Frames that are not to be counted are dropped before they are converted, and scaling happens before the one copy.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, Sender, bounded};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video::{VideoCapsBuilder, VideoFormat, VideoFrame, VideoInfo};
use throng_analytics::time::Timestamp;

use super::{
    bus::{self, End, Patience},
    counters::{DropCause, FrameCounters},
    cut_off::missing_avi_bytes,
    fault::{SourceFault, preflight},
    frame::Frame,
    open::{decoder, first_picture_within},
    options::{Pace, StreamEvent, StreamInfo, StreamOptions},
    rate::RateGate,
    shield::shielded,
    slot::{SlotSender, WhenFull, slot},
    uri::SourceUri,
};
use crate::clock::wall_clock;

/// A running camera.
pub struct CameraStream {
    pipeline: gst::Pipeline,
    frames: Receiver<Frame>,
    events: Receiver<StreamEvent>,
    counters: Arc<FrameCounters>,
    stopping: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

/// What the streaming thread and the bus thread share.
struct Shared {
    camera: Arc<str>,
    uri: SourceUri,
    options: StreamOptions,
    counters: Arc<FrameCounters>,
    /// Taken at the end of the stream, which tells the counter that no more frames come.
    slot: Mutex<Option<SlotSender<Frame>>>,
    /// Size and rate as decoded, before scaling.
    source: Mutex<Option<VideoInfo>>,
    origin: OnceLock<Timestamp>,
    last_running_nanos: AtomicU64,
    events: Sender<StreamEvent>,
}

impl CameraStream {
    /// Starts reading `uri`. What goes wrong later comes as a [`StreamEvent`].
    ///
    /// # Errors
    /// A file that is absent, empty or not readable, or a GStreamer installation without the needed elements.
    pub fn start(camera: &str, uri: &SourceUri, mut options: StreamOptions) -> anyhow::Result<Self> {
        preflight(uri)?;
        super::init()?;
        if uri.path().is_none() {
            options.pace = Pace::Realtime;
        }
        let counters = Arc::new(FrameCounters::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let when_full = match options.pace {
            Pace::Realtime => WhenFull::ReplaceOldest,
            Pace::AsFastAsPossible => WhenFull::Wait,
        };
        let (slot, frames) = slot(when_full, Arc::clone(&counters), Arc::clone(&stopping));
        // A stream has one beginning and one end; four events leave room.
        let (event_sender, events) = bounded(4);
        let shared = Arc::new(Shared {
            camera: camera.into(),
            uri: uri.clone(),
            options,
            counters: Arc::clone(&counters),
            slot: Mutex::new(Some(slot)),
            source: Mutex::new(None),
            origin: OnceLock::new(),
            last_running_nanos: AtomicU64::new(0),
            events: event_sender,
        });
        let pipeline = build(&shared)?;
        let (at_end, decoded) = (Arc::clone(&shared), Arc::clone(&counters));
        let patience = Patience {
            first_picture_within: first_picture_within(uri),
            has_picture: move || decoded.decoded() > 0,
        };
        let stop = Arc::clone(&stopping);
        let watcher = bus::watch(&shared.camera, &pipeline, stop, patience, move |end| at_end.end(end))?;
        if pipeline.set_state(gst::State::Playing).is_err() {
            // The reason is on the bus; the watcher turns it into an event.
            tracing::debug!(camera, "GStreamer refused to start the source.");
        }
        Ok(Self { pipeline, frames, events, counters, stopping, watcher: Some(watcher) })
    }

    /// Frames as they are to be counted; disconnected after the last one.
    pub fn frames(&self) -> &Receiver<Frame> {
        &self.frames
    }

    /// What happened to the stream.
    pub fn events(&self) -> &Receiver<StreamEvent> {
        &self.events
    }

    /// What became of its frames.
    pub fn counters(&self) -> &Arc<FrameCounters> {
        &self.counters
    }
}

/// Stops decoding and waits for the threads.
impl Drop for CameraStream {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("GStreamer did not stop a source cleanly.");
        }
        if let Some(watcher) = self.watcher.take()
            && watcher.join().is_err()
        {
            tracing::error!("The thread that watched a source ended by a panic.");
        }
    }
}

fn build(shared: &Arc<Shared>) -> anyhow::Result<gst::Pipeline> {
    let pipeline = gst::Pipeline::new();
    let convert = super::element("videoconvertscale")?;
    let caps = super::element("capsfilter")?;
    caps.set_property("caps", VideoCapsBuilder::new().format(VideoFormat::Rgb).build());
    let sink = AppSink::builder()
        .max_buffers(1)
        .sync(shared.options.pace == Pace::Realtime)
        .enable_last_sample(false)
        .build();
    let input =
        convert.static_pad("sink").ok_or_else(|| anyhow::anyhow!("videoconvertscale has no input"))?;
    let source = decoder(&shared.uri, &input)?;
    pipeline.add_many([&source, &convert, &caps, sink.upcast_ref()])?;
    gst::Element::link_many([&convert, &caps, sink.upcast_ref()])?;
    choose_frames(&input, &caps, shared);
    deliver_frames(&sink, &pipeline, shared);
    Ok(pipeline)
}

/// Before conversion: learns the picture's size, counts what was decoded and drops what is not to be counted.
fn choose_frames(input: &gst::Pad, caps: &gst::Element, shared: &Arc<Shared>) {
    let (shared, caps) = (Arc::clone(shared), caps.clone());
    let gate = Mutex::new(RateGate::new(shared.options.count_fps));
    let segment = Mutex::new(gst::FormattedSegment::<gst::ClockTime>::new());
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    let look = move |pad: &gst::Pad, data: &mut gst::PadProbeData<'_>| match data {
        gst::PadProbeData::Event(event) => {
            match event.view() {
                gst::EventView::Caps(event) => {
                    shared.learn_size(event.caps(), &caps, pad.peer_query_duration::<gst::ClockTime>());
                }
                gst::EventView::Segment(event) => {
                    if let Some(time) = event.segment().downcast_ref::<gst::ClockTime>() {
                        *lock(&segment) = time.clone();
                    }
                }
                _ => {}
            }
            gst::PadProbeReturn::Ok
        }
        gst::PadProbeData::Buffer(buffer) => shared.choose(buffer, &lock(&segment), &mut lock(&gate)),
        _ => gst::PadProbeReturn::Ok,
    };
    input.add_probe(kinds, move |pad, probe| {
        let Some(data) = &mut probe.data else { return gst::PadProbeReturn::Ok };
        match pad.parent_element() {
            Some(element) => shielded(&element, gst::PadProbeReturn::Handled, || look(pad, data)),
            None => gst::PadProbeReturn::Handled,
        }
    });
}

/// After conversion: each sample becomes a [`Frame`] in the slot.
fn deliver_frames(sink: &AppSink, pipeline: &gst::Pipeline, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let pipeline = pipeline.downgrade();
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_eos| gst::FlowError::Eos)?;
                match shared.frame(&sample, pipeline.upgrade().as_ref()) {
                    Some(frame) => {
                        if let Some(slot) = lock(&shared.slot).as_ref() {
                            slot.put(frame);
                        }
                    }
                    None => shared.counters.add_dropped(DropCause::Unreadable),
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
}

impl Shared {
    /// Fixes the size of the frames handed over once the size as decoded is known.
    fn learn_size(&self, decoded: &gst::CapsRef, caps: &gst::Element, duration: Option<gst::ClockTime>) {
        let Ok(info) = VideoInfo::from_caps(decoded) else { return };
        let width = self.options.width_px.unwrap_or(info.width()).min(info.width()).max(1);
        let height = (f64::from(info.height()) * f64::from(width) / f64::from(info.width())).round().max(1.0);
        let (width, height) = (i32::try_from(width).unwrap_or(i32::MAX), height as i32);
        let rgb = VideoCapsBuilder::new().format(VideoFormat::Rgb).width(width).height(height).build();
        caps.set_property("caps", rgb);
        let first = lock(&self.source).replace(info.clone()).is_none();
        if first {
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
    fn choose(
        &self,
        buffer: &mut gst::Buffer,
        segment: &gst::FormattedSegment<gst::ClockTime>,
        gate: &mut RateGate,
    ) -> gst::PadProbeReturn {
        let seq = self.counters.add_decoded();
        let Some(running) = buffer.pts().and_then(|pts| segment.to_running_time(pts)) else {
            self.counters.add_dropped(DropCause::Unreadable);
            return gst::PadProbeReturn::Handled;
        };
        self.last_running_nanos.store(running.nseconds(), Ordering::Relaxed);
        if !gate.passes(running.nseconds() as f64 * 1e-9) {
            self.counters.add_dropped(DropCause::Rate);
            return gst::PadProbeReturn::Handled;
        }
        // The number travels with the buffer, because later elements do not know what was dropped here.
        buffer.make_mut().set_offset(seq);
        gst::PadProbeReturn::Ok
    }

    fn frame(&self, sample: &gst::Sample, pipeline: Option<&gst::Pipeline>) -> Option<Frame> {
        let buffer = sample.buffer_owned()?;
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        let running = segment.to_running_time(buffer.pts()?)?;
        let (seq, info) = (buffer.offset(), VideoInfo::from_caps(sample.caps()?).ok()?);
        let (captured_at, captured_instant) = self.capture_time(running, pipeline?);
        let (source_width_px, source_height_px) = {
            let source = lock(&self.source);
            let source = source.as_ref()?;
            (source.width(), source.height())
        };
        Some(Frame {
            camera: Arc::clone(&self.camera),
            session: self.options.session,
            seq,
            captured_at,
            captured_instant,
            source_width_px,
            source_height_px,
            picture: VideoFrame::from_buffer_readable(buffer, &info).ok()?,
        })
    }

    /// Capture time on both clocks, from stream time: the stream's clock says how long ago the frame was due, which
    /// is not when it arrived here.
    fn capture_time(&self, running: gst::ClockTime, pipeline: &gst::Pipeline) -> (Timestamp, Instant) {
        let now = Instant::now();
        let secs = running.nseconds() as f64 * 1e-9;
        let origin_without_clock = self.options.origin;
        let elapsed = match self.options.pace {
            Pace::AsFastAsPossible => None,
            Pace::Realtime => pipeline.current_running_time(),
        };
        let Some(elapsed) = elapsed else { return (origin_without_clock + secs, now) };
        let origin = *self.origin.get_or_init(|| wall_clock() - elapsed.nseconds() as f64 * 1e-9);
        let late = elapsed.saturating_sub(running);
        let instant = now.checked_sub(Duration::from_nanos(late.nseconds())).unwrap_or(now);
        (origin + secs, instant)
    }

    /// Reports an event; a receiver that has gone away needs none.
    fn emit(&self, event: StreamEvent) {
        if self.events.try_send(event).is_err() {
            tracing::debug!(camera = &*self.camera, "An event of a source found nobody listening.");
        }
    }

    /// Tells how the stream ended. First the event, then the end of the frames: who sees no more frames finds the
    /// reason.
    fn end(&self, end: &End<'_>) {
        self.emit(match end {
            End::Failed(error) => StreamEvent::Failed(SourceFault::from_gstreamer(error, &self.uri)),
            End::Silent => {
                let waited = first_picture_within(&self.uri).as_secs();
                StreamEvent::Failed(SourceFault::silent(waited, &self.uri))
            }
            End::Read { .. } if self.counters.decoded() == 0 => {
                StreamEvent::Failed(SourceFault::no_picture(&self.uri))
            }
            End::Read { duration } => StreamEvent::Ended { early: self.cut_off(*duration) },
        });
        drop(lock(&self.slot).take());
    }

    fn missing_avi_bytes(&self) -> Option<u64> {
        missing_avi_bytes(&mut std::fs::File::open(self.uri.path()?).ok()?)
    }

    /// How footage that was read to its end is nevertheless not whole, if it is not.
    fn cut_off(&self, duration: Option<gst::ClockTime>) -> Option<String> {
        let reached_secs = self.last_running_nanos.load(Ordering::Relaxed) as f64 * 1e-9;
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

/// A lock whose holder cannot leave broken state behind: every critical section here is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
