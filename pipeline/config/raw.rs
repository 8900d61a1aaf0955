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

mod camera;
mod ground_plan;
mod publish;
mod signal_source;
mod zone;

pub use camera::{
    Calibration, Camera, CountCorrection, Drone, HeadInPicture, Lens, LensModel, PictureWatch, PointPair,
    Stream, StreamTransport, Uncalibrated,
};
pub use ground_plan::GroundPlan;
pub use publish::{
    Evidence, Publish, PublishAt, PublishCap, PublishFile, PublishModbus, PublishTo, PublishWebhook,
    SiteSpeaker, SpeakerKey,
};
pub use signal_source::SignalSource;
pub use zone::{Densities, DwellSecs, Line, Profile, Ring, SiteFeature, Walking, Zone};

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
    /// A drawing under the console's map. Default: none.
    pub plan: Option<GroundPlan>,
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
    /// Processor: `auto`, `cpu`, `cuda:N` or `tensorrt:N`; several GPUs, with commas between, share the frames of several
    /// cameras. Default: `auto`.
    #[schemars(title = "`auto`, `cpu`, `cuda:N` or `tensorrt:N`", example = &"auto")]
    pub device: Option<String>,
    /// Threads of one inference on a CPU. Default: what the model's card says, else one for each core.
    #[schemars(range(min = 1, max = 1024), example = 2)]
    pub threads: Option<u16>,
    /// Most frames of different cameras that are counted in one run of the network. Default: what the model's card says,
    /// else 1 on a CPU and 8 on a GPU.
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
