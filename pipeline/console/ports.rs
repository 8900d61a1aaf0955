//! What the console asks of the rest of the product. Each is a trait, so that the console is built and tested without
//! a bus, a camera or a site.

use std::{collections::BTreeMap, io::Read, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use throng_analytics::{line::Side, time::Timestamp, wire, zone::Ring};

use crate::ground::Ground;

/// All that a console asks for. What may be absent, its pages say so.
pub struct Ports {
    /// What goes out to sites.
    pub commands: Arc<dyn Commands>,
    /// Pictures of cameras.
    pub pictures: Arc<dyn Pictures>,
    /// Changes of site files.
    pub desk: Arc<dyn Desk>,
    /// Exercises.
    pub drills: Option<Arc<dyn Drills>>,
    /// What sites kept of their alarms.
    pub evidence: Option<Arc<dyn Evidence>>,
    /// What lies under the map.
    pub ground: Option<Arc<dyn Ground>>,
}

/// What goes out to a site. An error is a sentence for the officer who asked.
pub trait Commands: Send + Sync {
    /// Tells a site that an incident was seen.
    fn acknowledge(&self, site: &str, ack: &wire::Ack) -> Result<(), String>;
    /// Asks a loudspeaker to play an announcement; answers with the command's id.
    fn speak(&self, site: &str, speaker: &str, order: &SpeakOrder) -> Result<String, String>;
    /// Agrees to a command that waits for people.
    fn confirm(&self, site: &str, speaker: &str, command_id: &str, operator: &str) -> Result<(), String>;
    /// Tells a site of something outside, and again while it lasts.
    fn signal(&self, signal: &wire::Signal) -> Result<(), String>;
    /// Ends what a loudspeaker plays and forgets what waits.
    fn abort(&self, site: &str, speaker: &str, operator: &str) -> Result<(), String>;
}

/// What a loudspeaker is asked to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakOrder {
    /// Id of the announcement in the loudspeaker's library.
    pub announcement: String,
    /// How often, 1 to 10.
    pub repeats: u8,
    /// The incident behind it.
    pub incident: Option<String>,
    /// Who asks.
    pub operator: String,
}

/// The newest picture of a camera, encoded when somebody looks.
pub trait Pictures: Send + Sync {
    /// The newest picture; none where none has come.
    fn latest(&self, site: &str, camera: &str, overlay: Overlay) -> Option<Picture>;
}

/// What is drawn over a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Overlay {
    /// The density.
    pub heat: bool,
    /// The zones.
    pub zones: bool,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// JPEG.
    pub jpeg: Bytes,
    /// When it was taken.
    pub captured_at: Timestamp,
}

/// Calibration and changes of the site file. An error is a sentence for the officer who asked.
pub trait Desk: Send + Sync {
    /// A still of a camera as it is calibrated.
    fn still(&self, site: &str, camera: &str) -> Result<Picture, String>;
    /// What point pairs make of a camera. Nothing is changed.
    fn fit(&self, site: &str, camera: &str, points: &[PointPair]) -> Result<Fit, String>;
    /// Where places of a camera's still lie on the ground, and places of the ground in the still.
    fn project(&self, site: &str, camera: &str, places: &Places) -> Result<Projected, String>;
    /// The threshold profiles that a zone may have, by id: from which density its levels begin, people/m2, by their names.
    fn profiles(&self, site: &str) -> Result<BTreeMap<String, BTreeMap<&'static str, f64>>, String>;
    /// What a change would do. Nothing is changed.
    fn propose(&self, site: &str, change: &SiteChange, by: &str) -> Result<Proposal, String>;
    /// Makes a proposed change. A file that would be wrong is refused whole.
    fn apply(&self, site: &str, proposal_id: &str, by: &str) -> Result<(), String>;
    /// Takes the newest change back.
    fn undo(&self, site: &str, by: &str) -> Result<(), String>;
    /// The changes made, newest first.
    fn changes(&self, site: &str) -> Vec<ChangeRecord>;
}

/// A place in the picture and the same place on the ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointPair {
    /// Pixels from the upper left corner.
    pub image_px: [f64; 2],
    /// Metres on the site's ground.
    pub ground_m: [f64; 2],
}

/// What point pairs make of a camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fit {
    /// Width and height of the picture.
    pub image_size_px: [u32; 2],
    /// How far each point lies off, metres.
    pub residuals_m: Vec<f64>,
    /// Root of their mean square, metres.
    pub rms_m: f64,
    /// The ground's grid as lines in the picture.
    pub grid_px: Vec<Vec<[f64; 2]>>,
    /// How much of each zone can be trusted.
    pub zones: Vec<ZoneTrust>,
}

/// How much of a zone a camera can be trusted with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneTrust {
    /// Id of the zone.
    pub zone: String,
    /// Share of its area, 0 to 1.
    pub trusted_share: f64,
}

/// Places in a still and on the ground.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Places {
    /// Pixels from the upper left corner.
    pub image_px: Vec<[f64; 2]>,
    /// Metres on the site's ground.
    pub ground_m: Vec<[f64; 2]>,
}

/// Where such places lie in the other one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Projected {
    /// Of each pixel, metres on the ground; absent on and beyond the horizon.
    pub ground_m: Vec<Option<[f64; 2]>>,
    /// Of each place on the ground, pixels; absent where the camera does not see it.
    pub image_px: Vec<Option<[f64; 2]>>,
}

/// A change of a site file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SiteChange {
    /// A camera's points.
    Calibration {
        /// Id of the camera.
        camera: String,
        /// Its points.
        points: Vec<PointPair>,
    },
    /// Outlines of zones; zones that are not named stay as they are.
    Zones {
        /// The zones.
        zones: Vec<ZoneOutline>,
    },
    /// A zone that is watched from now on.
    NewZone(NewZone),
    /// A zone that is watched no longer.
    RemovedZone {
        /// Its id.
        zone: String,
        /// What becomes of the lines and loudspeakers that name it.
        #[serde(default)]
        named_by: NamedBy,
    },
    /// A line that is counted across from now on.
    NewLine(LineWay),
    /// A line that is drawn anew.
    Line(LineWay),
    /// A line that is counted across no longer.
    RemovedLine {
        /// Its id.
        line: String,
    },
    /// Where a camera or a loudspeaker is.
    Position {
        /// Which of the two.
        kind: Placed,
        /// Its id.
        id: String,
        /// Metres on the site's ground; absent: not stated any longer.
        position_in_ground_m: Option<[f64; 2]>,
    },
    /// From which density a zone's levels begin.
    Thresholds {
        /// Id of the zone.
        zone: String,
        /// By the level's name, people/m2.
        people_per_m2: BTreeMap<String, f64>,
    },
}

/// A zone as it was drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneOutline {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Corners, metres on the site's ground.
    pub outline_in_ground_m: Vec<[f64; 2]>,
}

/// A zone that is new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewZone {
    /// Id, as in keys.
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Corners, metres on the site's ground.
    pub outline_in_ground_m: Vec<[f64; 2]>,
    /// Id of its threshold profile.
    pub profile: String,
    /// People for whom there is room.
    pub capacity_people: u32,
    /// How near it is to what draws the crowd.
    #[serde(default)]
    pub ring: Option<Ring>,
}

/// A line as it was drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineWay {
    /// Id, as in keys.
    pub id: String,
    /// Name for people. Absent: the one it has.
    #[serde(default)]
    pub name: Option<String>,
    /// Two or more points in order, metres on the site's ground.
    pub points_in_ground_m: Vec<[f64; 2]>,
    /// Id of the zone it bounds. Absent: none.
    #[serde(default)]
    pub zone: Option<String>,
    /// The side that is "in", seen from its first point to its last. Absent: where the zone lies, without one to the left.
    #[serde(default)]
    pub inside: Option<Side>,
}

/// What becomes of what names a zone that is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// It stays as it is: a zone that something names is not taken out.
    #[default]
    Stays,
    /// Lines count on without the zone; loudspeakers lose it from their lists.
    IsFreed,
    /// Lines that bound the zone are taken out with it; loudspeakers lose it from their lists.
    GoesToo,
}

/// What else of a site file changes with what was asked for, because it named what goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum AlsoChanged {
    /// A line counts on, of no zone.
    LineFreed {
        /// Its id.
        line: String,
    },
    /// A line is taken out.
    LineRemoved {
        /// Its id.
        line: String,
    },
    /// A loudspeaker is asked for the zone no longer.
    SpeakerFreed {
        /// Its id.
        speaker: String,
        /// For how many zones it is still asked.
        zones_left: usize,
    },
    /// A zone is said to be enclosed by lines no longer.
    ZoneOpened {
        /// Its id.
        zone: String,
    },
}

/// What has a place on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placed {
    /// A camera.
    Camera,
    /// A loudspeaker.
    Speaker,
}

impl Placed {
    /// Its name, as its list in a site file is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Speaker => "speaker",
        }
    }
}

/// A change that waits for somebody's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Id, for [`Desk::apply`].
    pub id: String,
    /// The change of the file, line by line.
    pub diff: String,
    /// What has to restart: `nothing` or `camera restart`.
    pub needs: String,
    /// The cameras that start anew for it.
    pub restarts: Vec<String>,
    /// What `throng check` says of the new file.
    pub findings: Vec<String>,
    /// What else changes than was asked for.
    pub also: Vec<AlsoChanged>,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRecord {
    /// Id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What, in a line.
    pub what: String,
    /// The change of the file, line by line.
    pub diff: String,
    /// When it was taken back, if it was.
    pub undone_at: Option<Timestamp>,
}

/// What a site kept of its alarms. An error is a sentence for the officer who asked.
pub trait Evidence: Send + Sync {
    /// The bundles, newest first: `name`, `zone`, `level`, `alarm_at`, `incident`, `drill`; or `name` and `problem`.
    fn list(&self, site: &str) -> Result<Vec<serde_json::Value>, String>;
    /// What is in a bundle whose digests hold: `files`, `is_sealed`, `key_id`, `changes`, `clips`, and what made it.
    fn look(&self, site: &str, name: &str) -> Result<serde_json::Value, String>;
    /// A bundle as one file (tar), and its length in bytes.
    fn archive(&self, site: &str, name: &str) -> Result<(Box<dyn Read + Send>, u64), String>;
}

/// Exercises: a simulated crush in the live graph. An error is a sentence for the officer who asked.
pub trait Drills: Send + Sync {
    /// Begins an exercise; answers with its id.
    fn start(&self, site: &str, scenario: &str, by: &str) -> Result<String, String>;
    /// Ends the one that runs.
    fn stop(&self, site: &str, by: &str) -> Result<(), String>;
    /// What runs and what came of the last, JSON for the page: `scenarios` to choose from, `running_since`, and the `report`
    /// with the `site` under which the exercise is told, when it `started_at`, and the machine's times. What people did
    /// about its alarms the console adds as `people`.
    fn report(&self, site: &str) -> Result<serde_json::Value, String>;
}
