//! Axis network loudspeakers, by VAPIX: a clip that was put onto the device is played by its number.
//!
//! Clips, not a live stream: the device then needs no network while it speaks, and the wording is the one that was
//! approved. `playclip.cgi` needs the viewer's right and digest authentication.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{Driver, Playback, http::call, remote::Remote};
use crate::{config::speaker_plan::Address, http_call::Method, speaker::voice::Clip};

/// An Axis loudspeaker.
pub(super) struct Vapix {
    to: Address,
}

impl Vapix {
    pub(super) fn new(to: Address) -> Self {
        Self { to }
    }
}

impl Driver for Vapix {
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>> {
        // In an exercise the clip without the word "drill" would be the real thing.
        let key = if clip.says_drill { "vapix_drill_clip" } else { "vapix_clip" };
        let number = clip.vapix_clip.with_context(|| {
            format!(
                "the announcement {:?} has no `{key}`: put it onto the device and give its number",
                clip.id
            )
        })?;
        let (to, secs) = (self.to.clone(), clip.secs());
        Remote::start("speaker-vapix", move |stop| {
            let get = |path: &str| call(&to, Method::Get, path, "text/plain", &[]);
            get(&format!("/axis-cgi/playclip.cgi?clip={number}"))?;
            if stop.within(Duration::from_secs_f64(secs)) {
                get("/axis-cgi/stopclip.cgi")?;
            }
            Ok(())
        })
    }
}
