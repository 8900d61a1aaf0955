//! What the console hears: everything that the bus tells, as one type.

use serde::Serialize;
use throng_analytics::{time::Timestamp, wire};

use crate::description::SiteDescription;

/// One thing that was heard. Whoever hears it hands it to [`crate::Console::hear`].
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// A site is known, or its configuration changed.
    Site(Box<SiteDescription>),
    /// How full a zone is.
    ZoneDensity(Box<wire::ZoneDensity>),
    /// How people move in a zone.
    ZoneFlow(Box<wire::ZoneFlow>),
    /// The risk score of a zone.
    ZoneRisk(Box<wire::ZoneRisk>),
    /// The level of a zone.
    ZoneState(Box<wire::ZoneState>),
    /// Who crosses a line.
    LineFlow(Box<wire::LineFlow>),
    /// People in a picture.
    Count(Box<wire::Count>),
    /// How a camera is doing.
    CameraState(Box<wire::CameraState>),
    /// The ground that a moving camera sees.
    Footprint(Box<wire::Footprint>),
    /// An incident began, changed or goes on.
    Warning(Box<wire::Warning>),
    /// Somebody acknowledged an incident, here or elsewhere.
    Ack {
        /// The site of the incident.
        site: String,
        /// The acknowledgement.
        ack: wire::Ack,
    },
    /// How a loudspeaker is doing.
    SpeakerState(Box<wire::SpeakerState>),
    /// What became of a command to a loudspeaker.
    SpeakerReceipt(Box<wire::SpeakerReceipt>),
    /// Whether an announcement helped.
    SpeakerEffect(Box<wire::SpeakerEffect>),
    /// Something is there.
    Alive {
        /// Its site.
        site: String,
        /// What.
        what: Alive,
    },
    /// Something is gone.
    Lost {
        /// Its site.
        site: String,
        /// What.
        what: Alive,
    },
    /// The density raster of a site's ground.
    Field(Box<FieldView>),
    /// Something from outside that matters here and that this console alone knows of.
    Signal(Box<wire::Signal>),
    /// What a site goes by of what happens outside.
    SiteSignals(Box<wire::SiteSignals>),
}

/// What has a liveliness token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alive {
    /// A process that analyses, by its node's name.
    Node(String),
    /// A camera, by its id.
    Camera(String),
    /// A loudspeaker, by its id.
    Speaker(String),
}

/// Density on a site's ground.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldView {
    /// Id of the site.
    pub site: String,
    /// When the newest picture behind it was taken.
    pub at: Timestamp,
    /// Lower left corner of the raster, metres on the site's ground.
    pub origin_in_ground_m: [f64; 2],
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells in x.
    pub columns: usize,
    /// Cells in y.
    pub rows: usize,
    /// People per square metre, row by row from `origin_in_ground_m`; absent where nobody looks.
    pub density_people_per_m2: Vec<Option<f32>>,
}
