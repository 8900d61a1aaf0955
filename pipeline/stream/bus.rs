//! The thread that waits for a stream's end, for its errors, for its silence, and for the request to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};

use crate::config::redact;

/// How often it looks whether it should stop, while nothing happens.
const STOP_CHECK: gst::ClockTime = gst::ClockTime::from_mseconds(50);

/// How a stream ended, as GStreamer tells it.
pub(super) enum End<'a> {
    /// It was read to its end.
    Read {
        /// The length that the source states, where it does.
        duration: Option<gst::ClockTime>,
    },
    /// It failed.
    Failed(&'a gst::message::Error),
    /// No first picture came in time, and no error either.
    Silent {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// How long the first picture may take.
pub(super) struct Patience<F> {
    /// After this a stream without a picture has failed.
    pub(super) first_picture_within: Duration,
    /// Whether the first picture has come.
    pub(super) has_picture: F,
}

/// Starts the thread; `on_end` is called once, unless the request to stop comes first. After it nothing is decoded
/// any more.
pub(super) fn watch(
    camera: &Arc<str>,
    pipeline: &gst::Pipeline,
    stopping: Arc<AtomicBool>,
    patience: Patience<impl Fn() -> bool + Send + 'static>,
    on_end: impl FnOnce(&End<'_>) + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
    let (pipeline, camera) = (pipeline.downgrade(), Arc::clone(camera));
    let name = format!("bus-{camera}");
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error, gst::MessageType::Latency];
    let work = move || {
        let began = Instant::now();
        let end = |end: End<'_>| {
            on_end(&end);
            if pipeline.upgrade().is_some_and(|pipeline| pipeline.set_state(gst::State::Null).is_err()) {
                tracing::warn!(camera = &*camera, "GStreamer did not stop a source cleanly.");
            }
        };
        while !stopping.load(Ordering::Relaxed) {
            let Some(message) = bus.timed_pop_filtered(STOP_CHECK, &kinds) else {
                if began.elapsed() >= patience.first_picture_within && !(patience.has_picture)() {
                    return end(End::Silent { waited: patience.first_picture_within });
                }
                continue;
            };
            match message.view() {
                gst::MessageView::Latency(_) => take_in_latency(&pipeline, &camera),
                gst::MessageView::Eos(_) => {
                    let duration = pipeline.upgrade().and_then(|p| p.query_duration::<gst::ClockTime>());
                    return end(End::Read { duration });
                }
                gst::MessageView::Error(error) => {
                    let detail = redact::credentials(&format!("{:?}", error.debug()));
                    tracing::debug!(camera = &*camera, "GStreamer: {detail}");
                    return end(End::Failed(error));
                }
                _ => {}
            }
        }
    };
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .context("cannot start the thread that watches a source")
}

/// A live source learns late how long it buffers; without this its frames would come late too.
fn take_in_latency(pipeline: &gst::glib::WeakRef<gst::Pipeline>, camera: &str) {
    if pipeline.upgrade().is_some_and(|pipeline| pipeline.recalculate_latency().is_err()) {
        tracing::debug!(camera, "GStreamer could not take in a new latency.");
    }
}

#[cfg(test)]
mod tests {
    use crossbeam::channel::bounded;

    use super::*;

    /// How the watched pipeline of a source that says nothing at all ends.
    fn end_of_silence(has_picture: bool) -> Option<bool> {
        super::super::init().unwrap();
        let pipeline = gst::Pipeline::new();
        let source = gst::ElementFactory::make("appsrc").build().unwrap();
        let sink = gst::ElementFactory::make("fakesink").build().unwrap();
        pipeline.add_many([&source, &sink]).unwrap();
        source.link(&sink).unwrap();
        let stopping = Arc::new(AtomicBool::new(false));
        let (looked, looks) = bounded(1);
        let look = move || {
            looked.try_send(()).ok();
            has_picture
        };
        let patience = Patience { first_picture_within: Duration::ZERO, has_picture: look };
        let (ended, ends) = bounded(1);
        let on_end = move |end: &End<'_>| ended.send(matches!(end, End::Silent { .. })).unwrap();
        let thread = watch(&"cam".into(), &pipeline, Arc::clone(&stopping), patience, on_end).unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        looks.recv().unwrap();
        stopping.store(has_picture, Ordering::Relaxed);
        thread.join().unwrap();
        pipeline.set_state(gst::State::Null).unwrap();
        ends.try_recv().ok()
    }

    #[test]
    fn silence_ends_a_stream_that_never_gave_a_picture() {
        assert_eq!(end_of_silence(false), Some(true));
        assert_eq!(end_of_silence(true), None);
    }
}
