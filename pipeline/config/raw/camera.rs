//! A camera: its stream, where its pictures lie on the ground, and how it is counted.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{config::source_text::SourceText, vision::watch::Lie};

/// One camera. Give exactly one of `[camera.calibration]`, `[camera.drone]` and `[camera.uncalibrated]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Name of the camera on the bus: `throng/v1/{site}/camera/{id}/...`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"cam-1")]
    pub id: Option<String>,
    /// Where the video comes from: a file name or `file:///...`, or a stream such as `rtsp://host/path`. Write a
    /// password as `${NAME}` and set the environment variable `NAME`: secrets do not belong in this file.
    #[schemars(required, title = "a file name or a stream URI", example = &"rtsp://viewer:${CAM_1_PASSWORD}@10.0.0.7/main")]
    pub uri: Option<SourceText>,
    /// Where it stands, in metres on the ground: drawn on the map, and used for nothing else. Not for a camera on a drone.
    #[schemars(inner(range(min = -1e7, max = 1e7)), title = "[x, y] in metres", example = [12.5, -4.0])]
    pub position_m: Option<[f64; 2]>,
    /// Frames counted a second; the others are shown but not counted. Default: 5.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 60), example = 5)]
    pub count_fps: Option<f64>,
    /// Width to which a picture is scaled for counting, in pixels; the height follows. Default: such that heads in the
    /// zones come out at a size that the model knows; without calibration, as large as the model card allows.
    #[schemars(range(min = 64, max = 7680), example = 640)]
    pub count_width_px: Option<u32>,
    /// Where the picture lies on the ground, in metres.
    pub calibration: Option<Calibration>,
    /// Where the telemetry of a camera on a drone comes from: it tells where each picture lies.
    pub drone: Option<Drone>,
    /// The stated fallback for a camera nobody has measured: results are published as uncalibrated.
    pub uncalibrated: Option<Uncalibrated>,
    /// How this camera's counts are corrected; written by `throng calibrate-count`.
    pub count_correction: Option<CountCorrection>,
    /// How the source is connected to, and how long it is waited for. Every key has a default that suits most cameras.
    pub stream: Option<Stream>,
    /// `true` for a camera that pans, tilts, zooms or flies: its view is then expected to change. Default: `false`.
    pub moves: Option<bool>,
    /// How its pictures are watched for being frozen, looped, covered, out of focus, or of another view.
    pub watch: Option<PictureWatch>,
}

/// When a camera's pictures are not believed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PictureWatch {
    /// Seconds that pictures may repeat before they count as frozen. A camera that is seen to pause for longer by itself
    /// is given three times as long as that. Default: 3.
    #[schemars(range(min = 0.5, max = 600), example = 3)]
    pub frozen_after_secs: Option<f64>,
    /// Seconds for which a covered, blurred or veiled picture must last. Default: 3.
    #[schemars(range(min = 0.5, max = 600), example = 3)]
    pub confirm_secs: Option<f64>,
    /// Shift of the view that suspends the calibration, in shares of the picture's width. Default: 0.01.
    #[schemars(range(min = 0.003, max = 0.2), example = 0.01)]
    pub moved_share: Option<f64>,
    /// What is not watched for: `frozen`, `looped`, `covered`, `defocused`, `moved`, `veiled`. Default: everything is
    /// watched for. A large screen with a film in an empty place, for one, is a loop.
    #[serde(default)]
    #[schemars(example = ["looped"])]
    pub off: Vec<Lie>,
}

/// How a camera's source is connected to and looked after.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// How RTSP carries the picture: `tcp`, `udp`, `multicast`, or `auto`, which asks for packets first. Default: `tcp`.
    pub transport: Option<StreamTransport>,
    /// How long packets wait for others that were overtaken or sent again, in milliseconds (RTSP, SRT). Default: 200.
    #[schemars(range(min = 0, max = 10000), example = 200)]
    pub latency_ms: Option<u32>,
    /// Which picture of a source that has several, such as a sub-stream beside the main one, from 0. Default: 0.
    #[schemars(range(min = 0, max = 15), example = 0)]
    pub video_index: Option<u32>,
    /// `true` takes a certificate that nobody vouches for, as most cameras have (RTSPS, HTTPS). Default: `false`.
    pub accept_any_certificate: Option<bool>,
    /// Network interface on which multicast is received. Default: the system's choice.
    #[schemars(title = "the name of a network interface", example = &"eth1")]
    pub multicast_interface: Option<String>,
    /// `true` begins footage anew when it ends. Default: `false`.
    #[serde(rename = "loop")]
    pub loops: Option<bool>,
    /// Pictures of a folder of stills for a second of footage. Default: 1.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 60), example = 1)]
    pub stills_fps: Option<f64>,
    /// `false` decodes every picture even where key frames alone would be enough for `count_fps`. Default: `true`.
    pub skip_frames: Option<bool>,
    /// Without a new picture for this long a stream is published as stale, in seconds. Default: 1.5.
    #[schemars(range(min = 0.2, max = 3600), example = 1.5)]
    pub stale_after_secs: Option<f64>,
    /// Without a new picture for this long the connection is dropped and made anew, in seconds. Default: 3.
    #[schemars(range(min = 0.5, max = 3600), example = 3)]
    pub silent_after_secs: Option<f64>,
    /// How long a connection may be without any data before its first picture, in seconds. Default: 3.
    #[schemars(range(min = 0.5, max = 3600), example = 3)]
    pub data_within_secs: Option<f64>,
    /// How long a connection that gives data may take to give its first picture, in seconds. Default: 15.
    #[schemars(range(min = 0.5, max = 3600), example = 15)]
    pub first_picture_within_secs: Option<f64>,
    /// Longest wait between two attempts to connect, in seconds; the first is 0.5. Default: 2.
    #[schemars(range(min = 0.5, max = 3600), example = 2)]
    pub retry_most_secs: Option<f64>,
    /// Wait after refused credentials, in seconds: many cameras lock an account that is tried too often. Default: 60.
    #[schemars(range(min = 1, max = 86400), example = 60)]
    pub refused_retry_secs: Option<f64>,
}

/// How RTSP carries the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamTransport {
    /// Within the RTSP connection.
    Tcp,
    /// In packets of their own.
    Udp,
    /// In packets to a multicast group.
    Multicast,
    /// Packets, and TCP where none come.
    Auto,
}

/// How a camera's counts compare with counts by hand.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountCorrection {
    /// True people for each person counted.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 20), example = 0.8)]
    pub scale: Option<f64>,
    /// Lower end of the 90 % interval over the corrected count.
    #[schemars(required, range(min = 0, max = 1), example = 0.7)]
    pub ratio_lo: Option<f64>,
    /// Upper end of the 90 % interval over the corrected count.
    #[schemars(required, range(min = 1, max = 100), example = 1.4)]
    pub ratio_hi: Option<f64>,
    /// Hand counts that it was fitted to.
    #[schemars(range(min = 0, max = 1_000_000), example = 12)]
    pub hand_counts: Option<u32>,
}

/// Four or more points of which both the place in the picture and the place on the ground are known.
///
/// Choose points that surround the zones and are not on one line. With six or more the check also says how far each
/// point lies from where the others put it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Width and height of the picture in which the points were measured, in pixels.
    #[schemars(required, inner(range(min = 16, max = 16384)), title = "[width, height] in whole pixels", example = [768, 576])]
    pub image_size_px: Option<[u32; 2]>,
    /// Height above the ground at which heads are seen, in metres. Default: 1.6 (standing); 1.1 where people sit.
    #[schemars(range(min = 0, max = 2.5), example = 1.6)]
    pub head_height_m: Option<f64>,
    /// What the lens does to the picture, where somebody has measured it. A wide lens bends straight lines, and without this
    /// the edges of the picture measure wrong.
    pub lens: Option<Lens>,
    /// Points that contradict the rest and shall be left out, counted from 0. At least 6 others must agree. What is
    /// published says so.
    #[schemars(example = [4])]
    pub leave_out: Option<Vec<u32>>,
    /// The point pairs.
    #[schemars(
        required,
        length(min = 4),
        title = "at least 4 point pairs { image_px = [u, v], ground_m = [x, y] }"
    )]
    pub points: Option<Vec<PointPair>>,
}

/// A lens as OpenCV's calibration (`calibrateCamera`, or `fisheye::calibrate`) measures it, for pictures of
/// `image_size_px`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lens {
    /// `brown_conrady` for ordinary lenses (k1, k2, p1, p2, k3), `fisheye` for Kannala and Brandt's model (k1 to k4).
    #[schemars(required)]
    pub model: Option<LensModel>,
    /// Focal lengths along the picture's width and height, in pixels.
    #[schemars(required, inner(range(min = 10, max = 1e6)), title = "[fx, fy] in pixels", example = [1050, 1050])]
    pub focal_px: Option<[f64; 2]>,
    /// Principal point, in pixels. Default: the middle of the picture.
    #[schemars(inner(range(min = -1e5, max = 1e5)), title = "[cx, cy] in pixels", example = [640, 360])]
    pub principal_point_px: Option<[f64; 2]>,
    /// First radial coefficient. Default: 0, as of all others.
    #[schemars(range(min = -10, max = 10), example = -0.28)]
    pub k1: Option<f64>,
    /// Second radial coefficient.
    #[schemars(range(min = -10, max = 10), example = 0.09)]
    pub k2: Option<f64>,
    /// Third radial coefficient.
    #[schemars(range(min = -10, max = 10), example = -0.01)]
    pub k3: Option<f64>,
    /// Fourth radial coefficient; `fisheye` only.
    #[schemars(range(min = -10, max = 10), example = 0.001)]
    pub k4: Option<f64>,
    /// First tangential coefficient; `brown_conrady` only.
    #[schemars(range(min = -1, max = 1), example = 0.001)]
    pub p1: Option<f64>,
    /// Second tangential coefficient; `brown_conrady` only.
    #[schemars(range(min = -1, max = 1), example = -0.0005)]
    pub p2: Option<f64>,
}

/// A model of a lens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LensModel {
    /// Brown and Conrady's: an ordinary lens.
    BrownConrady,
    /// Kannala and Brandt's: a fisheye.
    Fisheye,
}

/// One point seen in the picture and measured on the ground.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointPair {
    /// `[u, v]` in pixels from the top left corner of the picture, on the ground (feet, kerb, paint).
    #[schemars(required, title = "[u, v] in pixels", example = [320, 240])]
    pub image_px: Option<[f64; 2]>,
    /// `[x, y]` in metres on the ground. Seen from above, y lies to the left of x.
    #[schemars(required, inner(range(min = -1e7, max = 1e7)), title = "[x, y] in metres", example = [2.5, 10.0])]
    pub ground_m: Option<[f64; 2]>,
}

/// A camera on a drone: every picture lies where its telemetry says. Needs `[site.origin]`.
///
/// Heights of drones are above the sea, above the ellipsoid or above the place of take-off. Give the ground's level in the
/// kind that yours sends, the ellipsoid's as `height_m` of `[site.origin]`; without one, only drones that tell their height
/// above the ground themselves can be used.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drone {
    /// `klv`: MISB ST 0601 in the video itself. `mavlink:ADDRESS:PORT`: `MAVLink` 2 over UDP, received there.
    /// `dji-srt:FILE` and `csv:FILE`: recorded beside the film. `zenoh:KEY`: DJI's Cloud API `osd` messages on the bus.
    #[schemars(
        required,
        title = "`klv`, `mavlink:ADDRESS:PORT`, `dji-srt:FILE`, `csv:FILE` or `zenoh:KEY`",
        example = &"klv"
    )]
    pub telemetry: Option<String>,
    /// Level of the ground above the sea, metres.
    #[schemars(range(min = -450, max = 9000), example = 4.0)]
    pub ground_above_sea_m: Option<f64>,
    /// Level of the ground above the place of take-off, metres; 0 where the drone took off from it.
    #[schemars(range(min = -1000, max = 1000), example = 0.0)]
    pub ground_above_take_off_m: Option<f64>,
    /// Width of the view without zoom, degrees, for drones that do not tell it.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 170), example = 73.7)]
    pub horizontal_fov_deg: Option<f64>,
    /// Width and height of the picture in pixels, of which only the shape matters. Default: `[1920, 1080]`.
    #[schemars(inner(range(min = 16, max = 16384)), title = "[width, height] in whole pixels", example = [1280, 720])]
    pub image_size_px: Option<[u32; 2]>,
    /// Height above the ground at which heads are seen, in metres. Default: 1.6 (standing); 1.1 where people sit.
    #[schemars(range(min = 0, max = 2.5), example = 1.6)]
    pub head_height_m: Option<f64>,
    /// How much later a picture comes than the telemetry of its moment, seconds. Default: measured.
    #[schemars(range(min = -10, max = 30), example = 0.4)]
    pub delay_secs: Option<f64>,
    /// Standard deviation of the drone's position to the east and to the north, metres. Default: 1; about 0.03 with RTK.
    #[schemars(range(min = 0, max = 100), example = 1.0)]
    pub error_sideways_m: Option<f64>,
    /// The same of its height above the ground. Default: 1.
    #[schemars(range(min = 0, max = 100), example = 1.0)]
    pub error_height_m: Option<f64>,
    /// The same of each angle of its camera, degrees. Default: 0.5.
    #[schemars(range(min = 0, max = 20), example = 0.5)]
    pub error_angle_deg: Option<f64>,
    /// The same of the width of the view, percent. Default: 1.
    #[schemars(range(min = 0, max = 50), example = 1.0)]
    pub error_fov_percent: Option<f64>,
}

/// A camera nobody has measured. Its metres come from the size of heads in its picture (`heads`), or the picture is taken as a
/// plan of a stated width (`ground_width_m`). Give one of the two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uncalibrated {
    /// Metres of ground across the middle of the picture, which is taken as a plan seen from above with the ground's origin at
    /// its lower left corner. Densities are only as good as this estimate.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 2000), example = 25)]
    pub ground_width_m: Option<f64>,
    /// How wide heads are in the picture, near and far: two at least, measured by hand or written by
    /// `throng calibrate --heads`. The ground's origin lies below the camera, y ahead of it and x to the right.
    pub heads: Option<Vec<HeadInPicture>>,
    /// View across the picture, degrees, for `heads`. Default: 70, with a wide interval.
    #[schemars(range(min = 5, max = 120), example = 70)]
    pub view_angle_deg: Option<f64>,
    /// Width and height of the picture in pixels, of which only the shape matters; for `heads`, that in which they were
    /// measured. Default: `[1920, 1080]`.
    #[schemars(inner(range(min = 16, max = 16384)), title = "[width, height] in whole pixels", example = [1280, 720])]
    pub image_size_px: Option<[u32; 2]>,
}

/// A head seen in the picture.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadInPicture {
    /// Pixels from the top of the picture to the middle of the head.
    #[schemars(required, range(min = 0, max = 16384), example = 410.0)]
    pub row_px: Option<f64>,
    /// Width of the head, hair included, pixels.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 4096), example = 14.5)]
    pub width_px: Option<f64>,
}
