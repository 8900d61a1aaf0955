//! What is known of a camera.

use std::collections::BTreeMap;

use serde::Serialize;
use throng_analytics::{time::Timestamp, wire};

use super::{
    Key,
    zone::{SILENCE_SECS, tenths},
};

/// What was heard of a camera.
#[derive(Clone, Debug, Default)]
pub(crate) struct CameraRecord {
    /// Whether its liveliness token is there; absent before one was seen or lost.
    pub(super) alive: Option<bool>,
    pub(crate) state: Option<Box<wire::CameraState>>,
    pub(super) count: Option<Box<wire::Count>>,
    pub(super) footprint: Option<Box<wire::Footprint>>,
    pub(super) heard_at: Option<Timestamp>,
    pub(super) is_silent: bool,
}

impl CameraRecord {
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.heard_at = Some(now);
        self.is_silent = false;
    }

    /// Whether this is the moment at which it fell silent.
    pub(super) fn fell_silent(&mut self, now: Timestamp) -> bool {
        let is_silent = self.heard_at.is_some_and(|at| now.secs_since(at) > SILENCE_SECS);
        is_silent && !std::mem::replace(&mut self.is_silent, true)
    }

    /// Whether what it last said is more than the past.
    pub(super) fn is_heard(&self, now: Timestamp) -> bool {
        self.heard_at.is_some_and(|at| now.secs_since(at) <= SILENCE_SECS)
    }

    /// Whether pictures come from it.
    pub(crate) fn is_up(&self, now: Timestamp) -> bool {
        self.is_heard(now)
            && self.alive != Some(false)
            && self.state.as_ref().is_some_and(|state| {
                matches!(state.state, wire::StreamState::Live | wire::StreamState::Degraded)
            })
    }

    pub(super) fn view<'a>(&'a self, (site, id): &'a Key, now: Timestamp) -> CameraView<'a> {
        let is_heard = self.is_heard(now);
        let alive = self.alive.unwrap_or(is_heard) && (is_heard || self.heard_at.is_none());
        let state = self.state.as_deref();
        let count = self.count.as_deref();
        let captured_at = state
            .and_then(|state| state.envelope.captured_at)
            .max(count.and_then(|count| count.envelope.captured_at));
        let stale = count
            .map(|count| &count.envelope.quality)
            .or_else(|| Some(&state?.envelope.quality))
            .and_then(|quality| quality.stale_secs);
        let waited = self.heard_at.map(|at| now.secs_since(at).max(0.0));
        CameraView {
            site,
            id,
            alive,
            // What was said before the silence is the past.
            state: match state {
                Some(state) if alive => Some(state.state.name()),
                _ => Some("lost"),
            },
            cause: match state {
                Some(state) if alive => state.cause.as_deref(),
                _ if self.heard_at.is_none() => Some("nothing has been heard of it yet"),
                _ => Some("nothing is heard of it any more"),
            },
            since: state.map(|state| state.since),
            captured_at,
            picture_age_secs: stale.zip(waited).map(|(stale, waited)| tenths(stale + waited)),
            decoded_fps: state.and_then(|state| state.decoded_fps).filter(|_| alive),
            frames_counted: state.map(|state| state.frames_counted),
            frames_dropped: state.map(|state| &state.frames_dropped),
            people: count.and_then(|count| count.people).filter(|_| alive),
            valid: count.map(|count| count.valid && alive),
            reason: count.and_then(|count| count.reason.as_deref()),
            video: state.and_then(|state| state.video.as_ref()),
            footprint: self.footprint.as_deref(),
            footprint_in_ground_m: self
                .footprint
                .as_deref()
                .and_then(|footprint| footprint.properties.corners_in_ground_m),
            telemetry: state.and_then(|state| state.telemetry.as_ref()),
            clock_behind_secs: state.and_then(|state| state.clock_behind_secs),
            bus: state.and_then(|state| state.bus.as_deref()),
            notes: state.map(|state| state.envelope.quality.notes.as_slice()).unwrap_or_default(),
        }
    }
}

/// A camera in the pages' words.
#[derive(Debug, Serialize)]
pub(super) struct CameraView<'a> {
    site: &'a str,
    id: &'a str,
    alive: bool,
    state: Option<&'a str>,
    cause: Option<&'a str>,
    since: Option<Timestamp>,
    captured_at: Option<Timestamp>,
    picture_age_secs: Option<f64>,
    decoded_fps: Option<f64>,
    frames_counted: Option<u64>,
    frames_dropped: Option<&'a BTreeMap<String, u64>>,
    people: Option<f64>,
    valid: Option<bool>,
    reason: Option<&'a str>,
    video: Option<&'a wire::VideoInfo>,
    footprint: Option<&'a wire::Footprint>,
    footprint_in_ground_m: Option<[[f64; 2]; 4]>,
    telemetry: Option<&'a wire::TelemetryState>,
    clock_behind_secs: Option<f64>,
    bus: Option<&'a str>,
    notes: &'a [String],
}
