//! A folder of stills as footage: one picture after the other, in the order of their names.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSrc, AppSrcCallbacks};

use super::shield::shielded;
use crate::locked::locked;

/// Stills that wait for the decoder.
const WAITING: u64 = 2;

/// The stills in `folder` in the order of their names, all of the kind that its first one has.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn stills(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| format_of(path).is_some());
    paths.sort();
    let first = paths.first().and_then(|path| format_of(path));
    paths.retain(|path| format_of(path) == first);
    Ok(paths)
}

fn format_of(path: &Path) -> Option<&'static str> {
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        _ => None,
    }
}

/// An element that gives the coded stills of `folder`, `fps` of them a second of stream time.
pub(super) fn source(folder: &Path, fps: f64) -> anyhow::Result<gst::Element> {
    let shown = folder.display();
    let paths = stills(folder).with_context(|| format!("cannot read the folder {shown}"))?;
    let format = paths.first().and_then(|path| format_of(path));
    let format = format.with_context(|| format!("the folder {shown} holds no JPEG and no PNG picture"))?;
    let rate = gst::Fraction::approximate_f64(fps).context("the rate of stills must be a number")?;
    let caps = gst::Caps::builder(format).field("framerate", rate).build();
    let source =
        AppSrc::builder().caps(&caps).format(gst::Format::Time).max_buffers(WAITING).max_bytes(0).build();
    let next = Mutex::new(paths.into_iter().enumerate());
    let give = move |source: &AppSrc| {
        let Some((index, path)) = locked(&next).next() else {
            source.end_of_stream().ok();
            return;
        };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let mut buffer = gst::Buffer::from_mut_slice(bytes);
                if let Some(buffer) = buffer.get_mut() {
                    buffer.set_pts(gst::ClockTime::from_nseconds((index as f64 / fps * 1e9) as u64));
                    buffer.set_duration(gst::ClockTime::from_nseconds((1e9 / fps) as u64));
                }
                source.push_buffer(buffer).ok();
            }
            Err(error) => {
                gst::element_error!(source, gst::ResourceError::Read, ("{}: {error}", path.display()));
            }
        }
    };
    source.set_callbacks(
        AppSrcCallbacks::builder()
            .need_data(move |source, _bytes| shielded(source, (), || give(source)))
            .build(),
    );
    Ok(source.upcast())
}
