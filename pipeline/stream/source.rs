//! One connection: a GStreamer pipeline from a URI to frames in the slot.
//!
//! ```text
//! uridecodebin ! (count, choose, measure) videoconvertscale ! RGB caps ! appsink -> slot
//! ```
//!
//! Frames that are not to be counted are dropped before they are converted, and scaling happens before the one copy.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam::channel::{Receiver, bounded};
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video::{VideoCapsBuilder, VideoFormat};

use super::{
    bus::{self, Patience},
    counters::{DropCause, FrameCounters},
    fault::preflight,
    frame::Frame,
    intake::{Coding, Intake},
    klv_tap,
    open::{add_source, first_picture_within},
    options::{Pace, StreamEvent, StreamOptions},
    passage::{EVENTS_WAITING, Passage},
    rate::RateGate,
    shield::shielded,
    slot::{SlotSender, WhenFull, slot},
    telemetry::book::PoseBook,
    untimed,
    uri::SourceUri,
};
use crate::locked::locked;

/// A source that is being read: one connection, from its beginning to its end.
pub struct CameraStream {
    pipeline: gst::Pipeline,
    frames: Receiver<Frame>,
    counters: Arc<FrameCounters>,
    events: Receiver<StreamEvent>,
    passage: Arc<Passage>,
    intake: Arc<Intake>,
    stopping: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

/// Where a camera's frames go, whichever connection they come from.
#[derive(Clone)]
pub(super) struct Outlet {
    pub(super) slot: Arc<SlotSender<Frame>>,
    pub(super) frames: Receiver<Frame>,
    pub(super) counters: Arc<FrameCounters>,
    /// Ends a hand-over that waits.
    pub(super) stopping: Arc<AtomicBool>,
    /// Where the stream's own telemetry is written, where it is wanted.
    pub(super) poses: Option<Arc<PoseBook>>,
}

impl Outlet {
    /// For frames of `pace`.
    pub(super) fn new(pace: Pace) -> Self {
        let counters = Arc::new(FrameCounters::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let when_full = match pace {
            Pace::Realtime => WhenFull::ReplaceOldest,
            Pace::AsFastAsPossible => WhenFull::Wait,
        };
        let (slot, frames) = slot(when_full, Arc::clone(&counters), Arc::clone(&stopping));
        Self { slot: Arc::new(slot), frames, counters, stopping, poses: None }
    }
}

impl CameraStream {
    /// Starts reading `uri`. What goes wrong later comes as a [`StreamEvent`].
    ///
    /// # Errors
    /// A file that is absent, empty or not readable, or a GStreamer installation without the needed elements.
    pub fn start(camera: &str, uri: &SourceUri, options: StreamOptions) -> anyhow::Result<Self> {
        let outlet = Outlet::new(options.pace_of(uri));
        let stopping = Arc::clone(&outlet.stopping);
        Self::connect(camera, uri, options, outlet, stopping, first_picture_within(uri))
    }

    /// The same into an outlet that outlives the connection; `stopping` ends this connection alone.
    pub(super) fn connect(
        camera: &str,
        uri: &SourceUri,
        mut options: StreamOptions,
        outlet: Outlet,
        stopping: Arc<AtomicBool>,
        first_picture_within: Duration,
    ) -> anyhow::Result<Self> {
        preflight(uri)?;
        super::init()?;
        options.pace = options.pace_of(uri);
        let (event_sender, events) = bounded(EVENTS_WAITING);
        let Outlet { slot, frames, counters, poses, .. } = outlet;
        let passage = Arc::new(Passage::new(camera, uri, options, Arc::clone(&counters), slot, event_sender));
        let intake = Arc::new(Intake::new(passage.options.skip_to_fps(), passage.options.realtime_fps()));
        let pipeline = build(&passage, &intake, poses.as_ref())?;
        let (at_end, decoded) = (Arc::clone(&passage), Arc::clone(&passage));
        let patience = Patience { first_picture_within, has_picture: move || decoded.progress.decoded() > 0 };
        let stop = Arc::clone(&stopping);
        let watcher = bus::watch(&passage.camera, &pipeline, stop, patience, move |end| at_end.end(end))?;
        if pipeline.set_state(gst::State::Playing).is_err() {
            // The reason is on the bus; the watcher turns it into an event.
            tracing::debug!(camera, "GStreamer refused to start the source.");
        }
        Ok(Self { pipeline, frames, counters, events, passage, intake, stopping, watcher: Some(watcher) })
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

    /// Pictures whose time was later than that of all before them; what moves forward is not frozen.
    pub(super) fn pictures_forward(&self) -> u64 {
        self.passage.progress.forward()
    }

    /// Buffers that have come; they tell that the source speaks even before its first picture.
    pub(super) fn data(&self) -> u64 {
        self.intake.data()
    }

    /// Coded pictures that were not decoded, since none of them was to be counted.
    pub(super) fn skipped(&self) -> u64 {
        self.intake.skipped()
    }

    /// Whether pictures come too late to the decoder, or did lately.
    pub(super) fn is_behind(&self) -> bool {
        self.intake.is_behind()
    }

    /// Longest time between two decoded pictures while pictures are skipped, seconds; 0 while none is.
    pub(super) fn longest_quiet_secs(&self) -> f64 {
        self.intake.longest_quiet_secs()
    }

    /// The camera's clock behind ours, seconds, where the stream tells it.
    pub(super) fn clock_behind_secs(&self) -> Option<f64> {
        self.passage.clock_behind_secs()
    }

    /// Seconds between key frames, once two have come.
    pub(super) fn key_frames_every_secs(&self) -> Option<f64> {
        self.intake.key_frames_every_secs()
    }

    /// How the picture is coded, once that is known.
    pub(super) fn coding(&self) -> Option<Coding> {
        self.intake.coding()
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

fn build(
    passage: &Arc<Passage>,
    intake: &Arc<Intake>,
    poses: Option<&Arc<PoseBook>>,
) -> anyhow::Result<gst::Pipeline> {
    let pipeline = gst::Pipeline::new();
    let convert = super::element("videoconvertscale")?;
    let caps = super::element("capsfilter")?;
    caps.set_property("caps", VideoCapsBuilder::new().format(VideoFormat::Rgb).build());
    let sink = AppSink::builder()
        .max_buffers(1)
        // What is live comes at its own time, and must never be held up by a time stamp that is wrong.
        .sync(passage.options.pace == Pace::Realtime && !passage.uri.is_live())
        .enable_last_sample(false)
        .build();
    let input =
        convert.static_pad("sink").ok_or_else(|| anyhow::anyhow!("videoconvertscale has no input"))?;
    pipeline.add_many([&convert, &caps, sink.upcast_ref()])?;
    gst::Element::link_many([&convert, &caps, sink.upcast_ref()])?;
    let decoder = add_source(&pipeline, &passage.uri, &passage.options.connect, &input, intake)?;
    if let Some(book) = poses {
        klv_tap::tap(&decoder, &pipeline, passage, book);
    }
    choose_frames(&input, &caps, passage);
    deliver_frames(&sink, &pipeline, passage);
    Ok(pipeline)
}

/// Before conversion: learns the picture's size, counts what was decoded and drops what is not to be counted.
fn choose_frames(input: &gst::Pad, caps: &gst::Element, passage: &Arc<Passage>) {
    let (passage, caps) = (Arc::clone(passage), caps.clone());
    let gate = Mutex::new(RateGate::new(passage.options.count_fps));
    let segment = Mutex::new(gst::FormattedSegment::<gst::ClockTime>::new());
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    let look = move |pad: &gst::Pad, data: &mut gst::PadProbeData<'_>| match data {
        gst::PadProbeData::Event(event) => {
            match event.view() {
                gst::EventView::Caps(event) => {
                    passage.learn_size(event.caps(), &caps, pad.peer_query_duration::<gst::ClockTime>());
                }
                gst::EventView::Segment(event) => {
                    if let Some(time) = event.segment().downcast_ref::<gst::ClockTime>() {
                        *locked(&segment) = time.clone();
                    }
                }
                _ => {}
            }
            gst::PadProbeReturn::Ok
        }
        gst::PadProbeData::Buffer(buffer) => {
            if let (Pace::Realtime, Some(element)) = (passage.options.pace, pad.parent_element()) {
                untimed::stamp(buffer, &locked(&segment), &element);
            }
            passage.choose(buffer, &locked(&segment), &mut locked(&gate))
        }
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
fn deliver_frames(sink: &AppSink, pipeline: &gst::Pipeline, passage: &Arc<Passage>) {
    let passage = Arc::clone(passage);
    let pipeline = pipeline.downgrade();
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_eos| gst::FlowError::Eos)?;
                match passage.frame(&sample, pipeline.upgrade().as_ref()) {
                    Some(frame) => {
                        if let Some(slot) = locked(&passage.slot).as_ref() {
                            slot.put(frame);
                        }
                    }
                    None => passage.counters.add_dropped(DropCause::Unreadable),
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
}
