//! KLV that travels beside the picture in a stream, read on the stream's own clock.

use std::sync::Arc;

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks};

use super::{
    passage::Passage,
    shield::shielded,
    telemetry::{book::PoseBook, klv, sample::PoseSample},
};

/// Packets that may wait; one comes with every picture.
const WAITING_MAX: u32 = 64;

/// The media type of KLV.
const KLV: &str = "meta/x-klv";

/// Writes what `source`, a `uridecodebin`, finds of KLV into `book`.
pub(super) fn tap(
    source: &gst::Element,
    pipeline: &gst::Pipeline,
    passage: &Arc<Passage>,
    book: &Arc<PoseBook>,
) {
    let mut wanted = source.property::<Option<gst::Caps>>("caps").unwrap_or_else(gst::Caps::new_empty);
    wanted.make_mut().append(gst::Caps::builder(KLV).build());
    source.set_property("caps", &wanted);
    let (pipeline, passage, book) = (pipeline.downgrade(), Arc::clone(passage), Arc::clone(book));
    source.connect_pad_added(move |source, pad| {
        shielded(source, (), || {
            let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
            let is_klv = caps.structure(0).is_some_and(|s| s.name() == KLV);
            if let (true, Some(pipeline)) = (is_klv, pipeline.upgrade())
                && let Err(error) = link(pad, &pipeline, &passage, &book)
            {
                tracing::warn!(
                    camera = &*passage.camera,
                    "The telemetry in the stream cannot be read: {error:#}."
                );
            }
        });
    });
}

fn link(
    pad: &gst::Pad,
    pipeline: &gst::Pipeline,
    passage: &Arc<Passage>,
    book: &Arc<PoseBook>,
) -> anyhow::Result<()> {
    // Ahead of the pictures, which wait for their time, and without a say in when the pipeline starts.
    let sink = AppSink::builder()
        .sync(false)
        .async_(false)
        .max_buffers(WAITING_MAX)
        .enable_last_sample(false)
        .build();
    let (passage, book) = (Arc::clone(passage), Arc::clone(book));
    let take = move |sink: &AppSink| {
        let sample = sink.pull_sample().map_err(|_eos| gst::FlowError::Eos)?;
        shielded(sink, (), || read(&sample, &passage, &book));
        Ok(gst::FlowSuccess::Ok)
    };
    sink.set_callbacks(AppSinkCallbacks::builder().new_sample(take).build());
    pipeline.add(&sink)?;
    sink.sync_state_with_parent()?;
    let input = sink.static_pad("sink").context("an appsink has no input")?;
    pad.link(&input)?;
    Ok(())
}

/// Reads the packets of a buffer. One without a time of its own, as in streams whose telemetry is not synchronous, belongs to
/// the newest picture.
fn read(sample: &gst::Sample, passage: &Passage, book: &PoseBook) {
    let Some(buffer) = sample.buffer() else { return };
    let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
    let running = buffer.pts().zip(segment).and_then(|(pts, segment)| segment.to_running_time(pts));
    let at_secs =
        running.map_or_else(|| passage.progress.reached_secs(), |running| running.nseconds() as f64 * 1e-9);
    let Ok(bytes) = buffer.map_readable() else { return };
    let (packets, bad) = klv::packets(&bytes);
    book.add_unreadable(bad as u64);
    for packet in &packets {
        book.write(passage.options.session, at_secs, PoseSample::from(packet));
    }
}
