//! Decoding alone, for the benchmark: the same decoder, nothing after it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use gstreamer::{self as gst, prelude::*};

use super::{
    connect::Connect,
    fault::{SourceFault, preflight},
    intake::Intake,
    open::{add_source, first_picture_within},
    uri::SourceUri,
};

/// What decoding alone took.
#[derive(Clone, Copy, Debug)]
pub struct Decoded {
    /// Frames decoded.
    pub frames: u64,
    /// Seconds from the first frame to the end.
    pub secs: f64,
}

/// Decodes the whole of `uri` as fast as possible and drops every frame undrawn.
///
/// # Errors
/// Whatever keeps the source from being decoded to its end.
pub fn decode_only(uri: &SourceUri) -> anyhow::Result<Decoded> {
    preflight(uri)?;
    super::init()?;
    let pipeline = gst::Pipeline::new();
    let sink = super::element("fakesink")?;
    sink.set_property("sync", false);
    let input = sink.static_pad("sink").ok_or_else(|| anyhow::anyhow!("fakesink has no input"))?;
    pipeline.add(&sink)?;
    add_source(&pipeline, uri, &Connect::default(), &input, &Arc::new(Intake::new(None, None)))?;
    let (frames, first_frame) = (Arc::new(AtomicU64::new(0)), Arc::new(std::sync::OnceLock::new()));
    let (counted, began) = (Arc::clone(&frames), Arc::clone(&first_frame));
    input.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        began.get_or_init(Instant::now);
        gst::PadProbeReturn::Ok
    });
    let bus = pipeline.bus().ok_or_else(|| anyhow::anyhow!("a GStreamer pipeline has no bus"))?;
    let started = pipeline.set_state(gst::State::Playing);
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let patience = first_picture_within(uri);
    let wait = gst::ClockTime::from_seconds(patience.as_secs());
    let end = loop {
        match bus.timed_pop_filtered(wait, &kinds) {
            Some(message) => break message,
            None if frames.load(Ordering::Relaxed) == 0 => {
                pipeline.set_state(gst::State::Null)?;
                return Err(SourceFault::silent(patience.as_secs(), uri).into());
            }
            None => {}
        }
    };
    let secs = first_frame.get().map_or(0.0, |began| began.elapsed().as_secs_f64());
    pipeline.set_state(gst::State::Null)?;
    if let gst::MessageView::Error(error) = end.view() {
        return Err(SourceFault::from_gstreamer(error, uri).into());
    }
    started?;
    match frames.load(Ordering::Relaxed) {
        0 => Err(SourceFault::no_picture(uri).into()),
        frames => Ok(Decoded { frames, secs }),
    }
}
