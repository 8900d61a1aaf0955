//! A film for measuring with: 1080p, 25 pictures a second, H.264, a test picture that moves. Of three pictures two are such that
//! no other is predicted from them, as cameras with temporal layers send them.

use std::path::Path;

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};

/// Pictures a second.
pub const FPS: u32 = 25;

/// How long writing may take, even on a busy machine.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(600);

/// Writes `secs` of it to `path` as Matroska, with a key frame every `key_every` pictures.
///
/// # Errors
/// No H.264 encoder is installed, or the file cannot be written.
pub fn write(path: &Path, secs: u32, key_every: u32) -> anyhow::Result<()> {
    super::init()?;
    let location = path.to_str().context("the name of the film is not UTF-8")?;
    let launch = format!(
        "videotestsrc num-buffers={} pattern=smpte horizontal-speed=6 ! video/x-raw,width=1920,height=1080,\
         framerate={FPS}/1,format=I420 ! x264enc speed-preset=veryfast tune=zerolatency bitrate=4000 threads=2 \
         bframes=2 b-adapt=false b-pyramid=false key-int-max={key_every} ! h264parse ! matroskamux ! filesink name=file",
        secs * FPS
    );
    let pipeline = gst::parse::launch(&launch).context("the film needs x264enc; run deploy/setup.sh")?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().ok().context("GStreamer made no pipeline")?;
    let file = pipeline.by_name("file").context("the film has no file")?;
    file.set_property("location", location);
    let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
    pipeline.set_state(gst::State::Playing)?;
    let end = bus.timed_pop_filtered(PATIENCE, &[gst::MessageType::Eos, gst::MessageType::Error]);
    pipeline.set_state(gst::State::Null)?;
    match end.as_ref().map(|end| end.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(error)) => {
            anyhow::bail!("the film cannot be written: {}", error.error())
        }
        _ => anyhow::bail!("the film was not written within {} s", PATIENCE.seconds()),
    }
}
