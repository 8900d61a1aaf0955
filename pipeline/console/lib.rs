//! The console: what an officer sees and does, served to browsers.
//!
//! **Events** come in ([`Console::hear`]): what the bus tells of sites, zones, cameras, loudspeakers and incidents. They
//! change the **room**, which is everything that is known now; what falls silent in it is UNKNOWN. The **pages** get the
//! room once and then what changes, as server-sent events. What officers do goes through the **alarm's life**, is written
//! into the **audit trail**, and leaves by the **ports** ([`Commands`], [`Desk`], [`Drills`]) for the rest of the product,
//! which this crate does not know: no bus, no camera, no site is needed to build or test it.

mod alarm;
mod app;
mod clock;
mod console;
mod description;
mod event;
mod ground;
mod http;
mod level_name;
mod limits;
mod options;
mod ports;
mod rights;
mod role;
mod room;
mod secret;
mod session;
mod store;
mod tls;

pub use clock::Clock;
pub use console::{Console, StartError};
pub use description::{
    Announcement, CameraDescription, LineDescription, SiteDescription, SpeakerDescription, ZoneDescription,
};
pub use event::{Alive, FieldView, RoomEvent};
pub use ground::{DrawingPlace, Ground, GroundPicture, TileAt, Tiles};
pub use options::{AnswerTimes, Language, LivePictures, Options, Rates, Tls};
pub use ports::{
    AlsoChanged, ChangeRecord, Commands, Desk, Drills, Evidence, Fit, LineWay, NamedBy, NewZone, Overlay,
    Picture, Pictures, Placed, Places, PointPair, Ports, Projected, Proposal, SiteChange, SpeakOrder,
    ZoneOutline, ZoneTrust,
};
pub use role::Role;
pub use secret::SecretError;
pub use store::StoreError;
