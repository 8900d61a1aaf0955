//! The elements that open a source and decode its picture.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};

use super::{connect::Connect, hardware, intake::Intake, shield::shielded, stills, uri::SourceUri};

/// Threads that one software decoder may use: the cores are needed for counting.
const MOST_DECODER_THREADS: i32 = 2;

/// Pixels a second that one thread decodes with room to spare: a picture of 1920 x 1088, 30 times. A second one would hold pictures of
/// its own, 20 MB of them, and be woken for every picture, a tenth of the cost in real time.
const ONE_THREAD_PX_PER_S: f64 = 1920.0 * 1088.0 * 30.0;

/// Pictures a second of a stream that does not say.
const USUAL_FPS: f64 = 30.0;

/// How long a file may take to give its first picture, even from a slow disk on a busy machine.
const FILE_PATIENCE: Duration = Duration::from_secs(15);

/// The same for a stream, which is connected first and then begins with the next key frame.
const STREAM_PATIENCE: Duration = Duration::from_secs(30);

/// How long `uri` may take to give its first picture before it counts as silent.
pub(super) fn first_picture_within(uri: &SourceUri) -> Duration {
    if uri.path().is_some() { FILE_PATIENCE } else { STREAM_PATIENCE }
}

/// Adds to `pipeline` what opens `uri` and decodes its picture into `input`; sound and subtitles are left alone. A source
/// without a picture posts a `StreamError::CodecNotFound`. What reaches the decoder is told to `intake`.
pub(super) fn add_source(
    pipeline: &gst::Pipeline,
    uri: &SourceUri,
    connect: &Connect,
    input: &gst::Pad,
    intake: &Arc<Intake>,
) -> anyhow::Result<gst::Element> {
    let intake = Arc::clone(intake);
    pipeline.connect_deep_element_added(move |pipeline, _, element| {
        shielded(pipeline, (), || {
            limit_threads(element, intake.is_realtime());
            expect_one_part(element);
            intake.watch(element);
        });
    });
    let decoder = if let Some(source) = own_source(uri, connect)? {
        let decoder = super::element("decodebin")?;
        pipeline.add_many([&source, &decoder])?;
        source.link(&decoder)?;
        decoder
    } else {
        let decoder = super::element("uridecodebin")?;
        decoder.set_property("uri", uri.expose());
        let connect = connect.clone();
        decoder.connect("source-setup", false, move |arguments| {
            let source = arguments.get(1)?.get::<gst::Element>().ok()?;
            shielded(&source, (), || connect.set_up(&source));
            None
        });
        pipeline.add(&decoder)?;
        decoder
    };
    // Of RTSP only the picture that is wanted comes this far.
    let wanted = if uri.is_rtsp() { 0 } else { connect.video_index };
    let (to_link, to_check, pictures) = (input.clone(), input.clone(), AtomicU32::new(0));
    decoder.connect_pad_added(move |decoder, pad| {
        shielded(decoder, (), || {
            if is_picture(pad) && pictures.fetch_add(1, Ordering::Relaxed) == wanted {
                link_picture(decoder, pad, &to_link);
            }
        });
    });
    decoder.connect_no_more_pads(move |decoder| {
        if !to_check.is_linked() {
            gst::element_error!(decoder, gst::StreamError::CodecNotFound, ["it holds no picture"]);
        }
    });
    Ok(decoder)
}

/// The source of what is not opened by its URI.
fn own_source(uri: &SourceUri, connect: &Connect) -> anyhow::Result<Option<gst::Element>> {
    if let Some(description) = uri.launch() {
        // A description may end in caps, which need something after them.
        let bin = gst::parse::bin_from_description(&format!("{description} ! identity"), true)
            .with_context(|| format!("GStreamer does not understand {uri}; try it with gst-launch-1.0"))?;
        return Ok(Some(bin.upcast()));
    }
    match uri.path() {
        Some(folder) if folder.is_dir() => Ok(Some(stills::source(folder, connect.stills_fps)?)),
        _ => Ok(None),
    }
}

fn is_picture(decoded: &gst::Pad) -> bool {
    let caps = decoded.current_caps().unwrap_or_else(|| decoded.query_caps(None));
    caps.structure(0).is_some_and(|s| s.name().starts_with("video/"))
}

/// Links a decoded picture stream to `input`, through what brings it out of a device's memory.
fn link_picture(decoder: &gst::Element, decoded: &gst::Pad, input: &gst::Pad) {
    let caps = decoded.current_caps().unwrap_or_else(|| decoded.query_caps(None));
    let through = match hardware::downloader(&caps) {
        None => decoded.clone(),
        Some(downloader) => match downloader.and_then(|element| behind(decoder, decoded, &element)) {
            Ok(output) => output,
            Err(error) => {
                tracing::warn!("Pictures of a hardware decoder cannot be fetched: {error:#}.");
                return;
            }
        },
    };
    if !input.is_linked()
        && let Err(error) = through.link(input)
    {
        tracing::warn!("A decoded stream cannot be linked: {error}.");
    }
}

/// Puts `element` behind `decoded`; its output.
fn behind(decoder: &gst::Element, decoded: &gst::Pad, element: &gst::Element) -> anyhow::Result<gst::Pad> {
    let pipeline = decoder.parent().and_downcast::<gst::Bin>().context("a decoder stands alone")?;
    pipeline.add(element)?;
    element.sync_state_with_parent()?;
    decoded.link(&element.static_pad("sink").context("it has no input")?)?;
    element.static_pad("src").context("it has no output")
}

/// Keeps libav's decoders, which otherwise take every core, to a few threads; in real time to as few as the stream needs.
fn limit_threads(element: &gst::Element, is_realtime: bool) {
    let is_libav = element.factory().is_some_and(|factory| factory.name().starts_with("avdec_"));
    if !is_libav || !element.has_property_with_type("max-threads", i32::static_type()) {
        return;
    }
    element.set_property("max-threads", MOST_DECODER_THREADS);
    let Some(input) = element.static_pad("sink").filter(|_| is_realtime) else { return };
    // The decoder makes its threads when it has heard what comes.
    let decoder = element.downgrade();
    input.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, probe| {
        if let (Some(gst::PadProbeData::Event(event)), Some(decoder)) = (&probe.data, decoder.upgrade())
            && let gst::EventView::Caps(caps) = event.view()
        {
            shielded(&decoder, (), || decoder.set_property("max-threads", threads_for(caps.caps())));
        }
        gst::PadProbeReturn::Ok
    });
}

/// Threads for what comes in real time.
fn threads_for(coded: &gst::CapsRef) -> i32 {
    let number = |name: &str| coded.structure(0)?.get::<i32>(name).ok().map(f64::from);
    let Some((width, height)) = number("width").zip(number("height")) else { return MOST_DECODER_THREADS };
    let rate = coded.structure(0).and_then(|s| s.get::<gst::Fraction>("framerate").ok());
    let fps = rate.map(|rate| f64::from(rate.numer()) / f64::from(rate.denom().max(1)));
    let fps = fps.filter(|fps| *fps > 0.0).unwrap_or(USUAL_FPS);
    if width * height * fps <= ONE_THREAD_PX_PER_S { 1 } else { MOST_DECODER_THREADS }
}

/// Motion JPEG over HTTP has one picture; its demultiplexer would otherwise wait for others for a long time.
fn expect_one_part(element: &gst::Element) {
    if element.factory().is_some_and(|factory| factory.name() == "multipartdemux") {
        element.set_property("single-stream", true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_camera_needs_one_thread_and_a_large_or_unknown_picture_more() {
        gst::init().unwrap();
        let caps = |width: i32, height: i32, fps: i32| {
            let caps = gst::Caps::builder("video/x-h264").field("width", width).field("height", height);
            threads_for(&caps.field("framerate", gst::Fraction::new(fps, 1)).build())
        };
        assert_eq!([caps(1920, 1080, 25), caps(1920, 1080, 0), caps(1280, 720, 60)], [1; 3]);
        assert_eq!([caps(1920, 1080, 60), caps(3840, 2160, 25)], [MOST_DECODER_THREADS; 2]);
        assert_eq!(threads_for(&gst::Caps::new_empty_simple("video/x-h264")), MOST_DECODER_THREADS);
    }
}
