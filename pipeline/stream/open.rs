//! The element that opens a URI and decodes its picture.

use std::{sync::Arc, time::Duration};

use gstreamer::{self as gst, prelude::*};

use super::{intake::Intake, shield::shielded, uri::SourceUri};

/// Threads that one software decoder may use. Each holds pictures of its own, and each but one holds back a picture
/// of a live stream; the cores are needed for counting.
const MOST_DECODER_THREADS: i32 = 2;

/// How long a file may take to give its first picture, even from a slow disk on a busy machine.
const FILE_PATIENCE: Duration = Duration::from_secs(15);

/// The same for a stream, which is connected first and then begins with the next key frame.
const STREAM_PATIENCE: Duration = Duration::from_secs(30);

/// How long `uri` may take to give its first picture before it counts as silent.
pub(super) fn first_picture_within(uri: &SourceUri) -> Duration {
    if uri.path().is_some() { FILE_PATIENCE } else { STREAM_PATIENCE }
}

/// Makes a `uridecodebin` for `uri` whose picture goes to `input`; sound and subtitles are left alone. A source
/// without a picture posts a `StreamError::CodecNotFound`. What reaches the decoder is told to `intake`.
pub(super) fn decoder(
    uri: &SourceUri,
    input: &gst::Pad,
    intake: &Arc<Intake>,
) -> anyhow::Result<gst::Element> {
    let source = super::element("uridecodebin")?;
    source.set_property("uri", uri.expose());
    let (to_link, to_check) = (input.clone(), input.clone());
    source.connect_pad_added(move |source, pad| {
        shielded(source, (), || link_picture(pad, &to_link));
    });
    source.connect_no_more_pads(move |source| {
        if !to_check.is_linked() {
            gst::element_error!(source, gst::StreamError::CodecNotFound, ["it holds no picture"]);
        }
    });
    if let Some(bin) = source.downcast_ref::<gst::Bin>() {
        let intake = Arc::clone(intake);
        bin.connect_deep_element_added(move |bin, _, element| {
            shielded(bin, (), || {
                limit_threads(element);
                intake.watch(element);
            });
        });
    }
    Ok(source)
}

/// Links the first decoded picture stream to `input`.
fn link_picture(decoded: &gst::Pad, input: &gst::Pad) {
    let caps = decoded.current_caps().unwrap_or_else(|| decoded.query_caps(None));
    let is_picture = caps.structure(0).is_some_and(|s| s.name().starts_with("video/"));
    if is_picture
        && !input.is_linked()
        && let Err(error) = decoded.link(input)
    {
        tracing::warn!("A decoded stream cannot be linked: {error}.");
    }
}

/// Keeps libav's decoders, which otherwise take every core, to a few threads.
fn limit_threads(element: &gst::Element) {
    let is_libav = element.factory().is_some_and(|factory| factory.name().starts_with("avdec_"));
    if is_libav && element.has_property_with_type("max-threads", i32::static_type()) {
        element.set_property("max-threads", MOST_DECODER_THREADS);
    }
}
