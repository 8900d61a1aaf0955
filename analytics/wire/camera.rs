//! Messages about one camera.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{envelope::Envelope, warning::Geometry};
use crate::time::Timestamp;

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
    /// No picture has ever come; waiting for the next attempt.
    Waiting,
    /// Connecting, or connected and waiting for the first picture.
    Connecting,
    /// Pictures come and show what is there, as far as can be told.
    Live,
    /// Pictures come, but cannot be trusted, or come late; the cause is stated.
    Degraded,
    /// The connection stands, but no new picture has come for a while.
    Stale,
    /// The connection broke after pictures had come; waiting for the next attempt.
    Lost,
    /// The source refuses the credentials; tried again seldom, so that it does not lock the account.
    HeldBack,
    /// Footage came to its end, or cannot be read at all.
    Ended,
}

impl StreamState {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Degraded => "degraded",
            Self::Stale => "stale",
            Self::Lost => "lost",
            Self::HeldBack => "held_back",
            Self::Ended => "ended",
        }
    }
}

/// What a connection brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VideoInfo {
    /// Width as decoded, in pixels.
    pub width_px: u32,
    /// Height as decoded, in pixels.
    pub height_px: u32,
    /// Format as sent, such as `video/x-h264`. Absent where the source is not coded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The decoder, an element of `gstreamer`, and whether it runs in hardware or in software. Absent where the source is not coded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoder: Option<String>,
}

/// Where pictures are counted. Devices are named as in a site file: `cpu`, `cuda:0`, `tensorrt:1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CountedOn {
    /// The devices in use.
    pub devices: Vec<String>,
    /// The devices that the site file asks for; `auto` where it leaves the choice open.
    pub asked: Vec<String>,
    /// Why not all of those are in use, or not for everything. Absent where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// How the telemetry of a camera that moves is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TelemetryState {
    /// Where it comes from: `klv`, `mavlink`, `recorded` or `zenoh`.
    pub source: String,
    /// Messages read since start.
    pub messages: u64,
    /// Messages that could not be read.
    pub messages_unreadable: u64,
    /// How far in time the message nearest to the newest picture is, seconds. Absent where there is none near enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_secs: Option<f64>,
    /// How much later a picture comes than the telemetry of its moment, seconds, measured by the motion in both. Absent
    /// until enough motion was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_secs: Option<f64>,
    /// How well both motions agree at that delay, at most 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_correlation: Option<f64>,
    /// How far below the horizon the camera looks, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depression_deg: Option<f64>,
    /// How high the camera is above the ground, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_above_ground_m: Option<f64>,
    /// How far the ground still moved between two counted pictures once the camera's motion by its poses was taken out,
    /// pixels of the calibration image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ego_motion_by_poses_px: Option<f64>,
    /// How far it still moves once the ground's own word was taken too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ego_motion_left_px: Option<f64>,
    /// Why no density is made of the newest picture, if none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

/// The ground that a picture of a moving camera shows; key `throng/v1/{site}/camera/{camera}/footprint`. A `GeoJSON` feature
/// (RFC 7946), so that any map shows it as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Footprint {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// `Feature`.
    #[serde(rename = "type")]
    pub kind: FeatureKind,
    /// The corners on the ground, upper left of the picture first. `null` where the picture shows the horizon.
    pub geometry: Option<Geometry>,
    /// What is known of the picture.
    pub properties: FootprintProperties,
}

/// The `type` of a `GeoJSON` feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FeatureKind {
    /// One feature.
    #[default]
    Feature,
}

/// What is known of a picture on the ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FootprintProperties {
    /// Id of the camera.
    pub camera: String,
    /// Where the camera is, `[longitude, latitude]` in degrees.
    pub camera_position: [f64; 2],
    /// How high it is above the ground, metres.
    pub height_above_ground_m: f64,
    /// How far below the horizon it looks, degrees.
    pub depression_deg: f64,
    /// The same corners in metres on the site's ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corners_in_ground_m: Option<[[f64; 2]; 4]>,
    /// Why no density is made of the picture, if none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
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
    /// Why it is in that state. Absent while it is simply live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Since when, on the publisher's clock.
    pub since: Timestamp,
    /// What the connection brings. Absent before the first picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoInfo>,
    /// Frames decoded a second, lately. Absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded_fps: Option<f64>,
    /// Frames decoded since start.
    pub frames_decoded: u64,
    /// Coded pictures since start that were not decoded, since none of them was to be counted or decoding was behind.
    #[serde(default)]
    pub frames_skipped: u64,
    /// Frames counted since start.
    pub frames_counted: u64,
    /// Frames dropped since start, by cause.
    pub frames_dropped: BTreeMap<String, u64>,
    /// Number of the latest attempt to connect, from 1; places and times of two sessions have nothing in common.
    pub session: u64,
    /// The camera's clock behind this one, seconds, as its sender reports tell; it includes the way through the
    /// network. Absent where the stream carries no clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_behind_secs: Option<f64>,
    /// How the telemetry of a camera that moves is doing. Absent for one that stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryState>,
    /// What is wrong with the bus, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
    /// Where its pictures are counted. Absent from sites that ran before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_on: Option<CountedOn>,
}
