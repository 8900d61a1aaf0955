//! Sound files to samples, and samples to what telephones carry.

use std::path::Path;

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSrc};

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

/// Samples as G.711 mu-law at 8 kHz, one byte each.
///
/// # Errors
/// A plug-in is missing.
pub fn mu_law(samples: &[f32]) -> anyhow::Result<Vec<u8>> {
    super::init()?;
    let source =
        AppSrc::builder().caps(&caps()).format(gst::Format::Time).max_buffers(0).max_bytes(0).build();
    let (convert, resample) = (super::element("audioconvert")?, super::element("audioresample")?);
    let telephone = gst::Caps::builder("audio/x-mulaw").field("rate", 8000_i32).field("channels", 1_i32);
    let encoder = super::element("mulawenc")?;
    let sink = AppSink::builder().caps(&telephone.build()).sync(false).build();
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([source.upcast_ref(), &convert, &resample, &encoder, sink.upcast_ref()])?;
    gst::Element::link_many([source.upcast_ref(), &convert, &resample, &encoder, sink.upcast_ref()])?;
    let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(gst::ClockTime::ZERO);
    }
    source.push_buffer(buffer).context("GStreamer takes no sound")?;
    source.end_of_stream().context("GStreamer takes no end of the sound")?;
    let mut encoded = Vec::with_capacity(samples.len() / 6);
    let mut read = || {
        pipeline.set_state(gst::State::Playing).map_err(|_refused| failure(&bus))?;
        while let Some(sample) = sink.try_pull_sample(SILENCE_MAX) {
            let buffer = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
            encoded.extend_from_slice(&buffer.context("a buffer cannot be read")?);
        }
        anyhow::ensure!(sink.is_eos(), failure(&bus));
        Ok(())
    };
    let outcome = read();
    pipeline.set_state(gst::State::Null).ok();
    outcome.context("cannot encode the sound for telephones")?;
    Ok(encoded)
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
