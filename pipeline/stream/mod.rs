//! From a file or a stream to frames. GStreamer is used only in here.
//!
//! A [`SourceUri`](uri::SourceUri) is opened by a [`CameraStream`](source::CameraStream), one connection, which hands
//! [`Frame`](frame::Frame)s over through a slot of one and tells what happened by
//! [`StreamEvent`](options::StreamEvent)s. A [`Camera`](camera::Camera) makes one connection after the other for as long
//! as a site runs. [`VideoWriter`](writer::VideoWriter) is the way back, from pictures to a file.

mod bus;
pub mod camera;
pub mod counters;
mod cut_off;
pub mod decode;
pub mod fault;
pub mod frame;
mod intake;
pub mod lifecycle;
mod open;
pub mod options;
mod passage;
mod rate;
mod shield;
mod slot;
pub mod source;
pub mod uri;
pub mod writer;

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use gstreamer as gst;

/// Starts GStreamer; any number of calls start it once.
fn init() -> anyhow::Result<()> {
    gst::init().context("GStreamer cannot be started; run deploy/setup.sh to install it")
}

/// Makes an element, with an error that names the missing plug-in.
fn element(factory: &str) -> anyhow::Result<gst::Element> {
    gst::ElementFactory::make(factory).build().with_context(|| {
        format!("GStreamer has no element {factory:?}; run deploy/setup.sh to install its plug-ins")
    })
}

/// A lock whose holder cannot leave broken state behind: every critical section in here is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
