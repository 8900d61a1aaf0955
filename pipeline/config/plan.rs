//! What the program needs: the checked site. Everything here holds, so nothing is asked again later.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

use jiff::tz::TimeZone;
use throng_analytics::{
    camera::Calibration,
    drawing::DrawingOnGround,
    line::Line,
    place::SitePlace,
    site::{CameraModel, SiteModel},
    zone::Zone,
};
use throng_models::{correction::Correction, device::Device};

use crate::publish::{Id, Network, OutboxOptions, conventions::OutletPlan, signature::SignalSource};
use crate::stream::{
    camera::Care,
    connect::Connect,
    telemetry::{placing::DroneSite, recorded::RecordedFlight},
    uri::SourceUri,
};
use crate::vision::watch::WatchSettings;

/// A site, checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the site on the bus.
    pub site_id: Id,
    /// Time zone in which times are shown to people.
    pub time_zone: TimeZone,
    /// Whether everything published is marked as a drill.
    pub drill: bool,
    /// Where the site lies on Earth; none where the site file does not say.
    pub place: Option<SitePlace>,
    /// The drawing under the console's map; none: the site file names none.
    pub ground_plan: Option<GroundPlanPlan>,
    /// The network that counts.
    pub model: ModelPlan,
    /// Where the bus is.
    pub bus: Network,
    /// Where warnings wait until they have arrived.
    pub outbox: OutboxOptions,
    /// The density raster on the bus.
    pub field: FieldPlan,
    /// The cameras; at least one.
    pub cameras: Vec<CameraPlan>,
    /// The watched areas.
    pub zones: Vec<Zone>,
    /// The lines that people cross.
    pub lines: Vec<Line>,
    /// Conventions that are switched on.
    pub conventions: Vec<OutletPlan>,
    /// What loudspeakers are asked to say.
    pub speakers: Vec<SpeakerRequestPlan>,
    /// The key that signs it.
    pub speaker_key: Option<SpeakerKeyPlan>,
    /// Who may tell of what happens outside, by the name of the key.
    pub signal_sources: BTreeMap<String, SignalSource>,
    /// Where evidence is kept; none: nowhere.
    pub evidence: Option<EvidencePlan>,
    /// The site file.
    pub source_path: PathBuf,
    /// SHA-256 of the site file, lower-case hexadecimal: which thresholds a warning was made under.
    pub config_sha256: String,
    /// The text of the site file without credentials.
    pub config_text: String,
}

impl Plan {
    /// The site as the analytics know it.
    pub fn site_model(&self) -> SiteModel {
        let model = |camera: &CameraPlan| CameraModel {
            id: camera.id.as_str().to_owned(),
            calibration: camera.calibration.clone(),
        };
        SiteModel {
            id: self.site_id.as_str().to_owned(),
            cameras: self.cameras.iter().map(model).collect(),
            zones: self.zones.clone(),
            lines: self.lines.clone(),
        }
    }
}

/// A drawing of the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundPlanPlan {
    /// The picture.
    pub file: PathBuf,
    /// What it is, such as `image/png`.
    pub media_type: &'static str,
    /// Its width and height, pixels.
    pub size_px: [u32; 2],
    /// Where it lies.
    pub on_ground: DrawingOnGround,
}

/// Where evidence is kept, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidencePlan {
    /// Folder of the bundles.
    pub folder: PathBuf,
    /// Private key in PEM that seals them.
    pub key: PathBuf,
    /// Name of the key.
    pub key_id: String,
    /// Seconds of clip before the alarm.
    pub before_secs: f64,
    /// Seconds of clip, and of inputs, after it.
    pub after_secs: f64,
    /// Whether faces and plates are made unrecognisable.
    pub is_concealed: bool,
}

/// The density raster on the bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldPlan {
    /// Least side of a cell, metres.
    pub cell_m: f64,
    /// Time from one to the next while somebody listens, seconds.
    pub every_secs: f64,
}

/// What a loudspeaker is asked to say.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeakerRequestPlan {
    /// The loudspeaker.
    pub id: Id,
    /// Where it hangs, metres on the ground; none: nobody said.
    pub position_m: Option<[f64; 2]>,
    /// Zones for which it is asked; none means all.
    pub zones: Option<Vec<String>>,
    /// Announcement at orange.
    pub orange: Option<String>,
    /// Announcement at red.
    pub red: Option<String>,
    /// How often it is said.
    pub times: u8,
}

/// The key that signs what loudspeakers are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakerKeyPlan {
    /// Private key in PEM.
    pub file: PathBuf,
    /// Name of the key.
    pub id: String,
    /// Whose it is.
    pub issuer: String,
}

/// The network that counts: its card was read and its file verified.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelPlan {
    /// The model card.
    pub card_path: PathBuf,
    /// The processor asked for.
    pub device: Device,
    /// Where it runs as well: frames of several cameras are shared out.
    pub also_on: Vec<Device>,
    /// Threads of one inference on a CPU; none leaves it to the runtime.
    pub threads: Option<usize>,
    /// Most frames of several cameras in one run of the network; none leaves it to the device.
    pub batch_frames: Option<usize>,
    /// How long a frame waits for those of other cameras, milliseconds.
    pub batch_wait_ms: f64,
}

/// Frames counted a second where the site does not say: crowds change over seconds, and a core counts 20 to 40.
pub const DEFAULT_COUNT_FPS: f64 = 5.0;

/// One camera.
#[derive(Clone, Debug)]
pub struct CameraPlan {
    /// Name of the camera on the bus.
    pub id: Id,
    /// Where the video comes from; shows no credentials.
    pub uri: SourceUri,
    /// Where it stands, metres on the ground; none: nobody said, or it moves.
    pub position_m: Option<[f64; 2]>,
    /// Frames counted a second, above 0 and at most 60.
    pub count_fps: f64,
    /// Width to which pictures are scaled for counting, in pixels; none leaves it to the model card.
    pub count_width_px: Option<u32>,
    /// Where the picture lies on the ground.
    pub calibration: Calibration,
    /// How its counts are corrected by counts made by hand.
    pub count_correction: Option<Correction>,
    /// How its pictures are watched.
    pub watch: WatchSettings,
    /// What tells where each of its pictures lies, for a camera on a drone.
    pub drone: Option<DronePlan>,
    /// How its source is connected to and looked after.
    pub stream: StreamPlan,
}

/// How a camera's source is connected to and looked after.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamPlan {
    /// How it is connected to.
    pub connect: Connect,
    /// How long it is waited for.
    pub care: Care,
}

impl StreamPlan {
    /// What suits `uri` where a site says nothing.
    pub fn of(uri: &SourceUri) -> Self {
        Self { connect: Connect::default(), care: Care::of(uri) }
    }
}

/// A camera on a drone.
#[derive(Clone, Debug, PartialEq)]
pub struct DronePlan {
    /// What the site states of it.
    pub site: DroneSite,
    /// Where its telemetry comes from.
    pub telemetry: TelemetryPlan,
    /// How much later a picture comes than its telemetry, seconds; none: measured.
    pub delay_secs: Option<f64>,
}

/// Where a drone's telemetry comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum TelemetryPlan {
    /// In the video, as MISB ST 0601.
    Klv,
    /// `MAVLink` 2, received on this address.
    Mavlink(SocketAddr),
    /// Recorded beside the film: what was read from the file.
    Recorded(Arc<RecordedFlight>),
    /// DJI's Cloud API on this key of the bus.
    Zenoh(String),
}

impl TelemetryPlan {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Klv => "klv",
            Self::Mavlink(_) => "mavlink",
            Self::Recorded(_) => "recorded",
            Self::Zenoh(_) => "zenoh",
        }
    }
}
