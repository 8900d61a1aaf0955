//! From a file or a stream to frames. GStreamer is used only in here.
//!
//! A [`SourceUri`](uri::SourceUri) is opened by a [`CameraStream`](source::CameraStream), one connection, which hands
//! [`Frame`](frame::Frame)s over through a slot of one and tells what happened by
//! [`StreamEvent`](options::StreamEvent)s. A [`Camera`](camera::Camera) makes one connection after the other for as long
//! as a site runs. [`VideoWriter`](writer::VideoWriter) is the way back, from pictures to a file.
//! [`sound`] and [`player`](player::Player) do the same for announcements.

mod backlog;
mod bus;
pub mod camera;
mod capture_clock;
pub mod connect;
pub mod counters;
mod cut_off;
pub mod decode;
mod disposable;
pub mod fault;
pub mod frame;
mod hardware;
mod intake;
pub mod inventory;
mod klv_tap;
pub mod lifecycle;
pub mod microphone;
mod open;
pub mod options;
mod passage;
pub mod player;
mod rate;
mod shield;
mod skip;
mod slot;
pub mod sound;
pub mod source;
mod stills;
pub mod telemetry;
pub mod test_film;
mod tls;
mod untimed;
pub mod uri;
pub mod writer;

use anyhow::Context;
use gstreamer as gst;

/// Starts GStreamer; any number of calls start it once.
fn init() -> anyhow::Result<()> {
    gst::init().context("GStreamer cannot be started; run deploy/setup.sh to install it")?;
    hardware::prefer();
    Ok(())
}

/// Whether a folder holds stills that can be read as footage.
pub fn holds_stills(folder: &std::path::Path) -> bool {
    stills::stills(folder).is_ok_and(|stills| !stills.is_empty())
}

/// Makes an element, with an error that names the missing plug-in.
fn element(factory: &str) -> anyhow::Result<gst::Element> {
    gst::ElementFactory::make(factory).build().with_context(|| {
        format!("GStreamer has no element {factory:?}; run deploy/setup.sh to install its plug-ins")
    })
}

#[cfg(test)]
mod tests;
