//! The site file word for word: what the user wrote, before any meaning is checked.
//!
//! The doc comments here are the manual of the site file, and `throng schema` prints them as JSON Schema. Every key
//! that carries a unit names it. Ranges and titles that stand in the attributes drive the structural check
//! (`structure.rs`), so a limit is written down once.
//!
//! A required key is an `Option` marked `#[schemars(required)]`: the structural check reports it when it is missing
//! and takes away what is broken, and the rest of the file can still be read and checked in the same run.

use schemars::JsonSchema;
use serde::Deserialize;
use throng_analytics::wire::SignalKind;

use super::source_text::SourceText;
use crate::vision::watch::Lie;

/// A site: cameras, the ground they see, zones on it, and how warnings leave.
///
/// Lengths are metres on one common ground plane, picture coordinates are pixels from the top left corner. Relative
/// file names are relative to the folder of this file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteFile {
    /// Who and where this site is.
    #[schemars(required)]
    pub site: Option<Site>,
    /// The network that counts, and the processor it runs on.
    pub model: Option<Model>,
    /// How results reach the zenoh bus. Without this table the site is a peer on loopback and needs no router.
    pub bus: Option<Bus>,
    /// The cameras, one `[[camera]]` each.
    #[schemars(required, length(min = 1))]
    pub camera: Option<Vec<Camera>>,
    /// The watched areas, one `[[zone]]` each. A site without zones counts people and never warns.
    #[serde(default)]
    pub zone: Vec<Zone>,
    /// The lines that people cross, one `[[line]]` each: who comes in, who goes out, and how many since.
    #[serde(default)]
    pub line: Vec<Line>,
    /// Other ways in which warnings leave, beside the bus.
    pub publish: Option<Publish>,
    /// What loudspeakers are asked to say, one `[[speaker]]` each; each decides by its own file whether it does.
    #[serde(default)]
    pub speaker: Vec<SiteSpeaker>,
    /// The key that signs what this site asks of loudspeakers.
    pub speaker_key: Option<SpeakerKey>,
    /// Who may tell of what happens outside (weather, trains, events), one `[[signal_source]]` each: thresholds are lowered while it
    /// lasts. Without one nothing from outside is taken.
    #[serde(default)]
    pub signal_source: Vec<SignalSource>,
    /// What is kept of alarms. Without this table no picture is stored.
    pub evidence: Option<Evidence>,
    /// Threshold profiles of this site, beside the shipped `street_flat`, `narrow_slope_stairs` and `standing_event`.
    #[serde(default)]
    pub profile: Vec<Profile>,
}

/// Who and where a site is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Name of the site on the bus: `throng/v1/{id}/...`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate-north")]
    pub id: Option<String>,
    /// IANA time zone in which times are shown to people; messages are always UTC. Default: `UTC`.
    #[schemars(title = "an IANA time zone", example = &"Asia/Shanghai")]
    pub time_zone: Option<String>,
    /// `true` marks everything this site publishes as a drill. Default: `false`.
    pub drill: Option<bool>,
    /// Where the site lies on Earth. Without it nothing is placed on a map, and no drone's position can be used.
    pub origin: Option<Origin>,
}

/// Where the point `[0, 0]` of the site's ground lies on Earth (WGS 84), and where its y axis points.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Degrees north.
    #[schemars(required, range(min = -89, max = 89), example = 39.9087)]
    pub latitude_deg: Option<f64>,
    /// Degrees east.
    #[schemars(required, range(min = -180, max = 180), example = 116.3975)]
    pub longitude_deg: Option<f64>,
    /// Height of the ground above the ellipsoid, in metres. Drones need it. Default: 0.
    #[schemars(range(min = -500, max = 9000), example = 44)]
    pub height_m: Option<f64>,
    /// Where the y axis points, in degrees clockwise from true north; x points 90 degrees further. Default: 0.
    #[schemars(range(min = -360, max = 360), example = 12.5)]
    pub y_axis_bearing_deg: Option<f64>,
}

/// The network that counts, and the processor it runs on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Model card (TOML) of the network. Default: the card shipped with throng.
    #[schemars(title = "the file name of a model card", example = &"models/cards/compact.toml")]
    pub card: Option<String>,
    /// Processor: `auto`, `cpu`, `cuda:N` or `tensorrt:N`. Default: `auto`.
    #[schemars(title = "`auto`, `cpu`, `cuda:N` or `tensorrt:N`", example = &"auto")]
    pub device: Option<String>,
    /// Threads of one inference on a CPU. Default: one for each core.
    #[schemars(range(min = 1, max = 1024), example = 2)]
    pub threads: Option<u16>,
    /// Most frames of different cameras that are counted in one run of the network. Default: 1 on a CPU, 8 on a GPU.
    #[schemars(range(min = 1, max = 64), example = 8)]
    pub batch_frames: Option<u16>,
    /// How long a frame waits for those of other cameras to be counted together, in milliseconds. Default: 5.
    #[schemars(range(min = 0, max = 1000), example = 5)]
    pub batch_wait_ms: Option<f64>,
}

/// How results reach the zenoh bus.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// `peer` talks to other peers and routers directly, `client` only through the routers of `connect`.
    /// Default: `peer`.
    pub mode: Option<BusMode>,
    /// Endpoints of routers or peers to connect to. One that is down is tried again for as long as the site runs.
    #[serde(default)]
    #[schemars(example = ["tcp/127.0.0.1:7447"])]
    pub connect: Vec<String>,
    /// Endpoints on which this site listens. With neither `connect` nor `listen`, the processes of one machine meet on
    /// loopback, port 7447, and nothing leaves the machine.
    #[serde(default)]
    #[schemars(example = ["tcp/127.0.0.1:7447"])]
    pub listen: Vec<String>,
    /// zenoh configuration file (JSON5), for certificates and access control; `connect` and `listen`, where given,
    /// replace the endpoints in it.
    #[schemars(title = "the file name of a zenoh configuration", example = "zenoh.json5")]
    pub config_file: Option<String>,
    /// File in which warnings wait until they have arrived (`SQLite`), so that neither a restart nor an outage of the bus
    /// loses one. Not used with `--as-fast-as-possible`. Default: `outbox-SITE.sqlite` in the state folder of the
    /// systemd unit (`StateDirectory=`); without one, warnings wait in memory.
    #[schemars(title = "the file name of an outbox", example = "outbox.sqlite")]
    pub outbox: Option<String>,
    /// Groups of subscribers, such as command rooms, that must each confirm a warning before it leaves the outbox
    /// (`throng watch --confirm GROUP`). Without any, it leaves when it is handed to somebody who listens.
    #[serde(default)]
    #[schemars(title = "ids of groups", example = ["room"])]
    pub confirm_groups: Vec<String>,
    /// Side of a cell of the density raster on the bus, metres. A radio link asks for larger ones. Default: 0.5, or as much
    /// more as 20 000 cells need to cover the site.
    #[schemars(range(min = 0.5, max = 100), example = 2)]
    pub field_cell_m: Option<f64>,
    /// How often the density raster is published while somebody listens to it, seconds. Default: 1.
    #[schemars(range(min = 0.2, max = 3600), example = 5)]
    pub field_every_secs: Option<f64>,
}

/// Role on the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BusMode {
    /// Talks to other peers and to routers directly.
    #[default]
    Peer,
    /// Talks only through the routers named in `connect`.
    Client,
}

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

/// A watched area on the ground.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Name of the zone on the bus: `throng/v1/{site}/zone/{id}/...`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate")]
    pub id: Option<String>,
    /// Name shown to people. Default: the id.
    pub name: Option<String>,
    /// Corners `[x, y]` in metres on the ground, in order, the first not repeated. Sides must not cross.
    #[schemars(
        required,
        length(min = 3),
        inner(inner(range(min = -1e7, max = 1e7))),
        title = "at least 3 corners [x, y] in metres"
    )]
    pub polygon_m: Option<Vec<[f64; 2]>>,
    /// Threshold profile: `street_flat`, `narrow_slope_stairs`, `standing_event` or one of this file.
    #[schemars(required, title = "the id of a threshold profile", example = &"street_flat")]
    pub profile: Option<String>,
    /// People the zone may hold. The occupancy ladder raises at 50, 60, 80 and 100 % of it.
    #[schemars(required, range(min = 1, max = 10_000_000), example = 200)]
    pub capacity_people: Option<u32>,
    /// How fast people walk here at a density, as `throng analyse` fits it to measured tracks. Default: Weidmann's curve.
    pub walking: Option<Walking>,
    /// How near it is to what draws the crowd: `core`, `district` (the streets around it) or `periphery` (where people come
    /// from). Consoles show zones by rings. Default: none.
    pub ring: Option<Ring>,
    /// What makes the place worse for a dense crowd than level open ground: `slope`, `stairs`, `dead_end`, `narrow` (less
    /// than about 4 m between walls). Each weighs up the risk score. Default: none.
    #[schemars(example = ["stairs", "narrow"])]
    pub features: Option<Vec<SiteFeature>>,
    /// `true`: the lines with this `zone` cover every way in and out of it. Their balance then says how the zone fills, which
    /// the count alone tells later. Default: `false`.
    pub enclosed_by_lines: Option<bool>,
    /// Cameras that measure this zone. Default: every camera that sees it.
    #[schemars(example = ["cam-1"])]
    pub cameras: Option<Vec<String>>,
}

/// How near a zone is to what draws the crowd.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Where the crowd is.
    Core,
    /// The streets around it.
    District,
    /// Where people come from.
    Periphery,
}

/// A line on the ground that people cross: a door, a gate, the edge of a zone. Crossings are counted both ways from
/// where people are and how they move along the line; nobody is recognised or followed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Name of the line on the bus: `throng/v1/{site}/line/{id}/flow`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"north-door")]
    pub id: Option<String>,
    /// Name shown to people. Default: the id.
    pub name: Option<String>,
    /// Two or more points `[x, y]` in metres on the ground, in order. Draw it a little longer than the way is wide.
    #[schemars(
        required,
        length(min = 2),
        inner(inner(range(min = -1e7, max = 1e7))),
        title = "at least 2 points [x, y] in metres"
    )]
    pub points_m: Option<Vec<[f64; 2]>>,
    /// Id of the zone that the line bounds: "in" is into it.
    #[schemars(title = "the id of a zone", example = &"gate")]
    pub zone: Option<String>,
    /// The side that is "in", seen from the first point to the last. Default: the side on which the zone lies, else `left`.
    pub inside: Option<Side>,
    /// Cameras that measure this line. Default: every camera that sees it.
    #[schemars(example = ["cam-1"])]
    pub cameras: Option<Vec<String>>,
}

/// A side of a line, seen from its first point to its last.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// A feature of a place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteFeature {
    /// A ramp or a sloping street.
    Slope,
    /// Stairs.
    Stairs,
    /// No way out at the far end.
    DeadEnd,
    /// Less than about four metres between walls.
    Narrow,
}

/// Speed by density: `free_speed (1 - exp(-decay (1/density - 1/jam_density)))`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Walking {
    /// Speed of people who are alone, m/s.
    #[schemars(required, range(min = 0.3, max = 3), example = 1.34)]
    pub free_speed_m_per_s: Option<f64>,
    /// How fast speed falls with density, people per square metre.
    #[schemars(required, range(min = 0.1, max = 10), example = 1.913)]
    pub decay_people_per_m2: Option<f64>,
    /// Density at which nobody moves, people per square metre.
    #[schemars(required, range(min = 1, max = 20), example = 5.4)]
    pub jam_density_people_per_m2: Option<f64>,
    /// Share of that speed which 95 % of what is normal reaches. Default: 1.
    #[schemars(range(min = 0, max = 1), example = 0.8)]
    pub envelope: Option<f64>,
}

/// A threshold profile: the densities at which a zone's level rises, and for how long they must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name by which zones refer to it.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"platform")]
    pub id: Option<String>,
    /// Density at which each level begins, in people per square metre; strictly increasing.
    #[schemars(required)]
    pub density_people_per_m2: Option<Densities>,
    /// Seconds for which a density must hold before the level rises to it. Default: 30, 15, 10, 5.
    pub raise_dwell_secs: Option<DwellSecs>,
    /// Seconds for which the density must stay lower before the level falls. Default: 120, 120, 180, 300.
    pub clear_dwell_secs: Option<DwellSecs>,
}

/// A density for each level, in people per square metre.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Densities {
    /// Interest.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 2)]
    pub blue: Option<f64>,
    /// Caution.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 3)]
    pub yellow: Option<f64>,
    /// Alert.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 4)]
    pub orange: Option<f64>,
    /// Serious.
    #[schemars(required, extend("exclusiveMinimum" = 0), range(max = 16), example = 5)]
    pub red: Option<f64>,
}

/// A duration for each level, in seconds; a level left out keeps its default.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DwellSecs {
    /// Interest.
    #[schemars(range(min = 0, max = 3600), example = 30)]
    pub blue: Option<f64>,
    /// Caution.
    #[schemars(range(min = 0, max = 3600), example = 15)]
    pub yellow: Option<f64>,
    /// Alert.
    #[schemars(range(min = 0, max = 3600), example = 10)]
    pub orange: Option<f64>,
    /// Serious.
    #[schemars(range(min = 0, max = 3600), example = 5)]
    pub red: Option<f64>,
}

/// Other ways in which warnings leave.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// File with the words of advice. Default: those shipped with throng.
    pub advice: Option<String>,
    /// Common Alerting Protocol 1.2.
    pub cap: Option<PublishCap>,
    /// Cursor on Target, for maps of TAK: `udp://239.2.3.1:6969`, `tcp://HOST:8087` or
    /// `tls://HOST:8089`.
    pub cot: Option<PublishTo>,
    /// GeoJSON.
    pub geojson: Option<PublishFile>,
    /// Syslog: `udp://HOST:514`, `tcp://HOST:601` or `tls://HOST:6514`.
    pub syslog: Option<PublishTo>,
    /// A webhook: `https://HOST/path` or `http://HOST/path`.
    pub webhook: Option<PublishWebhook>,
    /// ONVIF Profile M events in JSON over MQTT: `mqtt://HOST:1883` or `mqtts://HOST:8883`; a path is put before
    /// the topics.
    pub onvif: Option<PublishTo>,
    /// A relay by Modbus TCP.
    pub modbus: Option<PublishModbus>,
    /// GB/T 28181 alarms: `sip://DEVICE:${PASSWORD}@HOST:5060/SERVER`, both with 20 digits.
    pub gb28181: Option<PublishTo>,
}

/// CAP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishCap {
    /// Name of the sender, such as a host name.
    #[schemars(required, title = "a name without spaces", example = &"crowd.police.example")]
    pub sender: Option<String>,
    /// Folder to which each message is written.
    #[schemars(required, title = "a folder", example = &"cap")]
    pub folder: Option<String>,
}

/// An address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishTo {
    /// Where to. Write a password as `${NAME}` and set the environment variable `NAME`.
    #[schemars(required, title = "an address", example = &"udp://10.0.0.9:514")]
    pub uri: Option<SourceText>,
    /// Certificate (PEM) of the authority that the receiver's must come from. Default: those that the system trusts.
    #[schemars(title = "the file name of a certificate", example = &"tls/ca.pem")]
    pub ca: Option<String>,
}

/// A file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishFile {
    /// The file.
    #[schemars(required, title = "a file name", example = &"zones.geojson")]
    pub file: Option<String>,
}

/// A webhook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishWebhook {
    /// Where to.
    #[schemars(required, title = "an address", example = &"https://signs.police.example/warning")]
    pub uri: Option<SourceText>,
    /// Certificate (PEM) of the authority that the receiver's must come from. Default: those that the system trusts.
    #[schemars(title = "the file name of a certificate", example = &"tls/ca.pem")]
    pub ca: Option<String>,
    /// Name of the environment variable with the secret that signs.
    #[schemars(required, title = "the name of an environment variable", example = &"SIGN_SECRET")]
    pub secret_variable: Option<String>,
}

/// A relay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishModbus {
    /// Where it is: `tcp://HOST:502`.
    #[schemars(required, title = "an address", example = &"tcp://10.0.0.9:502")]
    pub uri: Option<SourceText>,
    /// Its unit. Default: 1.
    #[schemars(range(min = 0, max = 247), example = 1)]
    pub unit: Option<u8>,
    /// The first of its four coils, for blue, yellow, orange and red. Default: 0.
    #[schemars(range(min = 0, max = 65532), example = 16)]
    pub first_coil: Option<u16>,
}

/// What a loudspeaker is asked to say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSpeaker {
    /// The loudspeaker.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate-pole")]
    pub id: Option<String>,
    /// Where it hangs, in metres on the ground: drawn on the map, and used for nothing else.
    #[schemars(inner(range(min = -1e7, max = 1e7)), title = "[x, y] in metres", example = [12.5, -4.0])]
    pub position_m: Option<[f64; 2]>,
    /// Zones for which it is asked. Default: all.
    #[schemars(example = ["gate"])]
    pub zones: Option<Vec<String>>,
    /// Announcement at orange.
    #[schemars(example = &"do-not-crowd")]
    pub orange: Option<String>,
    /// Announcement at red.
    #[schemars(example = &"stop-pushing")]
    pub red: Option<String>,
    /// How often it is said. Default: 2.
    #[schemars(range(min = 1, max = 10), example = 2)]
    pub times: Option<u8>,
}

/// The key that signs what this site asks of loudspeakers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeakerKey {
    /// Private key in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    #[schemars(required, title = "the file name of a private key", example = &"keys/site.pem")]
    pub file: Option<String>,
    /// Name of the key, as the loudspeakers know it.
    #[schemars(required, title = "the name of a key", example = &"site-gate-north")]
    pub id: Option<String>,
    /// Whose it is, as the loudspeakers know it.
    #[schemars(required, title = "a name", example = &"site gate-north")]
    pub issuer: Option<String>,
}

/// Who may tell of what happens outside. Each signal is signed; it lowers thresholds, and never raises them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalSource {
    /// Name of the key; signals name it.
    #[schemars(required, title = "the name of a key", example = &"weather-1")]
    pub id: Option<String>,
    /// Whose it is.
    #[schemars(required, title = "a name", example = &"weather service")]
    pub issuer: Option<String>,
    /// Public key in PEM, as `openssl pkey -in KEY.pem -pubout` writes it.
    #[schemars(required, title = "the file name of a public key", example = &"keys/weather-1.pub.pem")]
    pub file: Option<String>,
    /// What it may tell: `weather`, `road_closure`, `flooding`, `train_arrival`, `event`. Default: all of them.
    #[schemars(example = ["weather", "flooding"])]
    pub kinds: Option<Vec<SignalKind>>,
}

/// What is kept of alarms: at orange and red a signed folder with a short clip, densities, messages and every input, which
/// `throng replay` plays again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Where the folders go.
    #[schemars(required, title = "the name of a folder", example = &"evidence")]
    pub folder: Option<String>,
    /// Private key in PEM that seals them, as `openssl genpkey -algorithm ed25519` writes it.
    #[schemars(required, title = "the file name of a private key", example = &"keys/evidence.pem")]
    pub key: Option<String>,
    /// Name of the key. Default: `evidence`.
    #[schemars(title = "the name of a key", example = &"evidence-2026")]
    pub key_id: Option<String>,
    /// Seconds of clip before the alarm. Default: 30.
    #[schemars(range(min = 0, max = 120), example = 30)]
    pub before_secs: Option<f64>,
    /// Seconds of clip and of inputs after it. Default: 30.
    #[schemars(range(min = 0, max = 300), example = 30)]
    pub after_secs: Option<f64>,
    /// `false` keeps clips in which faces and number plates can be recognised: ask whoever answers for privacy. Default:
    /// `true`, no head keeps more than 8 pixels across.
    pub conceal: Option<bool>,
}
