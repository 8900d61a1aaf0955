//! The element that opens a URI and decodes its picture.

use gstreamer::{self as gst, prelude::*};

use super::uri::SourceUri;

/// Makes a `uridecodebin` for `uri` whose picture goes to `input`; sound and subtitles are left alone. A source
/// without a picture posts a `StreamError::CodecNotFound`.
pub(super) fn decoder(uri: &SourceUri, input: &gst::Pad) -> anyhow::Result<gst::Element> {
    let source = super::element("uridecodebin")?;
    source.set_property("uri", uri.expose());
    let (to_link, to_check) = (input.clone(), input.clone());
    source.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let is_picture = caps.structure(0).is_some_and(|s| s.name().starts_with("video/"));
        if is_picture
            && !to_link.is_linked()
            && let Err(error) = pad.link(&to_link)
        {
            tracing::warn!("A decoded stream cannot be linked: {error}.");
        }
    });
    source.connect_no_more_pads(move |source| {
        if !to_check.is_linked() {
            gst::element_error!(source, gst::StreamError::CodecNotFound, ["it holds no picture"]);
        }
    });
    Ok(source)
}
