//! Messages about one camera.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;

/// People in one counted frame; key `throng/v1/{site}/camera/{camera}/count`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the camera.
    pub camera: String,
    /// Whether the frame could be counted.
    pub valid: bool,
    /// Why not, where it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// People in the whole picture. Absent where the frame could not be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<f64>,
    /// Lower end of the 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_lo: Option<f64>,
    /// Upper end of the 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_hi: Option<f64>,
}

/// Where a stream is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// Not started yet.
    Idle,
    /// Connecting, or waiting for the first frame.
    Waking,
    /// Frames arrive.
    Running,
    /// Stopping: the last frames are being worked off.
    Draining,
    /// Failed; waiting before the next attempt.
    BackingOff,
    /// A file came to its end, or the site stopped the stream.
    Ended,
}

/// How a camera is doing; key `throng/v1/{site}/camera/{camera}/state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CameraState {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the camera.
    pub camera: String,
    /// Where the stream is in its life.
    pub state: StreamState,
    /// Frames decoded a second, lately. Absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded_fps: Option<f64>,
    /// Frames decoded since start.
    pub frames_decoded: u64,
    /// Frames counted since start.
    pub frames_counted: u64,
    /// Frames dropped since start, by cause.
    pub frames_dropped: BTreeMap<String, u64>,
    /// Number of the connection, from 1; it grows with each reconnection. 0: none yet.
    pub session: u64,
    /// The last error of the stream, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What is wrong with the bus, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
}
