//! Sound files to samples.

use std::path::Path;

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSink;

use super::shield::shielded;

/// Samples a second of all sound in the program: what Opus and sound cards work with.
pub const SAMPLE_RATE_HZ: u32 = 48_000;

/// Longest recording taken, seconds: nobody listens to a longer announcement.
const SECS_MAX: usize = 120;
/// How long the decoder may say nothing before the file counts as unreadable.
const SILENCE_MAX: gst::ClockTime = gst::ClockTime::from_seconds(10);

/// The caps of sound inside the program: one channel of 32-bit floats.
pub(super) fn caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "F32LE")
        .field("rate", SAMPLE_RATE_HZ.cast_signed())
        .field("channels", 1_i32)
        .field("layout", "interleaved")
        .build()
}

/// Decodes a sound file of any kind that GStreamer knows; samples in -1 to 1, one channel, [`SAMPLE_RATE_HZ`].
///
/// # Errors
/// A file that cannot be read, holds no sound, or is longer than two minutes.
pub fn decode(path: &Path) -> anyhow::Result<Vec<f32>> {
    super::init()?;
    let shown = path.display();
    let source = super::element("filesrc")?;
    source.set_property("location", path.to_str().with_context(|| format!("{shown} is not UTF-8"))?);
    let decoder = super::element("decodebin")?;
    let convert = super::element("audioconvert")?;
    let resample = super::element("audioresample")?;
    let sink = AppSink::builder().caps(&caps()).sync(false).build();
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &decoder, &convert, &resample, sink.upcast_ref()])?;
    source.link(&decoder)?;
    gst::Element::link_many([&convert, &resample, sink.upcast_ref()])?;
    let to_link = convert.static_pad("sink").context("audioconvert has no sink")?;
    decoder.connect_pad_added(move |decoder, pad| {
        shielded(decoder, (), || {
            if !to_link.is_linked()
                && pad.query_caps(None).iter().any(|caps| caps.name().starts_with("audio/"))
            {
                // A pad that does not fit leaves the sink without data, which ends in an error below.
                pad.link(&to_link).ok();
            }
        });
    });
    let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
    let read = || {
        pipeline.set_state(gst::State::Playing).map_err(|_refused| failure(&bus))?;
        samples(&sink).map_err(|()| failure(&bus))
    };
    let decoded = read();
    pipeline.set_state(gst::State::Null).ok();
    let samples = decoded.with_context(|| format!("cannot read the sound file {shown}"))?;
    anyhow::ensure!(
        samples.len() <= SECS_MAX * SAMPLE_RATE_HZ as usize,
        "the sound file {shown} is longer than {SECS_MAX} s: use a shorter recording"
    );
    Ok(samples)
}

/// Everything until the end of the stream; `Err` where it breaks off or nothing comes.
fn samples(sink: &AppSink) -> Result<Vec<f32>, ()> {
    let mut samples = Vec::new();
    while let Some(sample) = sink.try_pull_sample(SILENCE_MAX) {
        let buffer = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
        let bytes = buffer.ok_or(())?;
        samples.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        if samples.len() > SECS_MAX * SAMPLE_RATE_HZ as usize {
            return Ok(samples);
        }
    }
    if sink.is_eos() && !samples.is_empty() { Ok(samples) } else { Err(()) }
}

fn failure(bus: &gst::Bus) -> anyhow::Error {
    let message = bus.pop_filtered(&[gst::MessageType::Error]);
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => {
            anyhow::anyhow!("{}", error.error().message().trim_end_matches('.'))
        }
        _ => anyhow::anyhow!("it holds no sound"),
    }
}
