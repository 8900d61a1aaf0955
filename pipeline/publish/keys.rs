//! Every key of the bus: the only file in which a key is spelled.
//!
//! The version stands early, one fact has one key, and a key carries state, never a delta.

use zenoh::{
    Result as ZenohResult,
    key_expr::{OwnedKeyExpr, format::keformat, keyexpr},
};

use super::Id;

/// The formats, checked when compiled.
mod formats {
    use zenoh::key_expr::format::kedefine;

    kedefine!(
        pub(super) everything: "throng/v1/${rest:**}",
        pub(super) camera_count: "throng/v1/${site:*}/camera/${camera:*}/count",
        pub(super) camera_state: "throng/v1/${site:*}/camera/${camera:*}/state",
        pub(super) camera_footprint: "throng/v1/${site:*}/camera/${camera:*}/footprint",
        pub(super) camera_alive: "throng/v1/${site:*}/camera/${camera:*}/alive",
        pub(super) node: "throng/v1/${site:*}/node/${node:*}",
        pub(super) field: "throng/v1/${site:*}/field",
        pub(super) zone_density: "throng/v1/${site:*}/zone/${zone:*}/density",
        pub(super) zone_flow: "throng/v1/${site:*}/zone/${zone:*}/flow",
        pub(super) zone_risk: "throng/v1/${site:*}/zone/${zone:*}/risk",
        pub(super) zone_state: "throng/v1/${site:*}/zone/${zone:*}/state",
        pub(super) zone_people: "throng/v1/${site:*}/zone/${zone:*}/people",
        pub(super) line_flow: "throng/v1/${site:*}/line/${line:*}/flow",
        pub(super) warning: "throng/v1/${site:*}/warning/${zone:*}",
        pub(super) ack: "throng/v1/${site:*}/ack/${incident:*}",
        pub(super) speaker_command: "throng/v1/${site:*}/speaker/${speaker:*}/command",
        pub(super) speaker_state: "throng/v1/${site:*}/speaker/${speaker:*}/state",
        pub(super) speaker_receipt: "throng/v1/${site:*}/speaker/${speaker:*}/receipt",
        pub(super) speaker_effect: "throng/v1/${site:*}/speaker/${speaker:*}/effect",
        pub(super) speaker_alive: "throng/v1/${site:*}/speaker/${speaker:*}/alive",
        pub(super) receipt: "throng/v1/${site:*}/receipt/${group:*}/${zone:*}",
        pub(super) signal: "throng/v1/${site:*}/signal/${signal:*}",
        pub(super) signals: "throng/v1/${site:*}/signals",
        pub(super) history: "throng/v1/${site:*}/history",
        pub(super) config: "throng/v1/${site:*}/config",
        pub(super) schema: "throng/v1/${site:*}/schema/${name:*}",
    );
}

/// What a key of a site is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// People seen by a camera in one frame.
    CameraCount(Id),
    /// Whether a camera delivers, and what it loses.
    CameraState(Id),
    /// The ground that a picture of a moving camera shows.
    CameraFootprint(Id),
    /// Liveliness token of a camera.
    CameraAlive(Id),
    /// Liveliness token of a node (one process).
    Node(Id),
    /// Density raster over the whole ground of the site.
    Field,
    /// Density of a zone with its interval.
    ZoneDensity(Id),
    /// Flow through a zone.
    ZoneFlow(Id),
    /// Risk score of a zone with its factors.
    ZoneRisk(Id),
    /// Level of a zone and the state of its data.
    ZoneState(Id),
    /// People in a zone as a plain number.
    ZonePeople(Id),
    /// Who crosses a line.
    LineFlow(Id),
    /// Warning state of a zone.
    Warning(Id),
    /// A person's acknowledgement of an incident.
    Ack(Id),
    /// Command to a loudspeaker.
    SpeakerCommand(Id),
    /// What a loudspeaker is doing.
    SpeakerState(Id),
    /// What became of a command to a loudspeaker.
    SpeakerReceipt(Id),
    /// Whether what a loudspeaker said helped.
    SpeakerEffect(Id),
    /// Liveliness token of a loudspeaker.
    SpeakerAlive(Id),
    /// A group's confirmation that the warnings of a zone have arrived.
    Receipt(Id, Id),
    /// Something from outside, signed by its source.
    Signal(Id),
    /// What the site goes by of all that.
    Signals,
    /// Queryable: what was.
    History,
    /// Queryable: the plan the site runs.
    Config,
    /// Queryable: the JSON Schema of a message, by its short name (`warning`).
    Schema(Id),
}

impl Topic {
    /// The key at a site.
    ///
    /// # Errors
    /// None for any [`Id`]; the format's own check is passed on.
    pub fn key(&self, site: &Id) -> ZenohResult<OwnedKeyExpr> {
        match self {
            Self::CameraCount(camera) => keformat!(formats::camera_count::formatter(), site, camera),
            Self::CameraState(camera) => keformat!(formats::camera_state::formatter(), site, camera),
            Self::CameraFootprint(camera) => keformat!(formats::camera_footprint::formatter(), site, camera),
            Self::CameraAlive(camera) => keformat!(formats::camera_alive::formatter(), site, camera),
            Self::Node(node) => keformat!(formats::node::formatter(), site, node),
            Self::Field => keformat!(formats::field::formatter(), site),
            Self::ZoneDensity(zone) => keformat!(formats::zone_density::formatter(), site, zone),
            Self::ZoneFlow(zone) => keformat!(formats::zone_flow::formatter(), site, zone),
            Self::ZoneRisk(zone) => keformat!(formats::zone_risk::formatter(), site, zone),
            Self::ZoneState(zone) => keformat!(formats::zone_state::formatter(), site, zone),
            Self::ZonePeople(zone) => keformat!(formats::zone_people::formatter(), site, zone),
            Self::LineFlow(line) => keformat!(formats::line_flow::formatter(), site, line),
            Self::Warning(zone) => keformat!(formats::warning::formatter(), site, zone),
            Self::Ack(incident) => keformat!(formats::ack::formatter(), site, incident),
            Self::SpeakerCommand(speaker) => keformat!(formats::speaker_command::formatter(), site, speaker),
            Self::SpeakerState(speaker) => keformat!(formats::speaker_state::formatter(), site, speaker),
            Self::SpeakerReceipt(speaker) => keformat!(formats::speaker_receipt::formatter(), site, speaker),
            Self::SpeakerEffect(speaker) => keformat!(formats::speaker_effect::formatter(), site, speaker),
            Self::SpeakerAlive(speaker) => keformat!(formats::speaker_alive::formatter(), site, speaker),
            Self::Receipt(group, zone) => keformat!(formats::receipt::formatter(), site, group, zone),
            Self::Signal(signal) => keformat!(formats::signal::formatter(), site, signal),
            Self::Signals => keformat!(formats::signals::formatter(), site),
            Self::History => keformat!(formats::history::formatter(), site),
            Self::Config => keformat!(formats::config::formatter(), site),
            Self::Schema(name) => keformat!(formats::schema::formatter(), site, name),
        }
    }

    /// The site and the topic of a concrete key; `None` where the key is not one of ours.
    pub fn parse(key: &keyexpr) -> Option<(Id, Self)> {
        /// Tries one format: its site and its ids.
        macro_rules! try_format {
            ($format:ident, $topic:ident $(($($field:ident),+))?) => {
                if let Ok(parsed) = formats::$format::parse(key) {
                    return Some((id(parsed.site())?, Self::$topic $(($(id(parsed.$field())?),+))?));
                }
            };
        }
        try_format!(camera_count, CameraCount(camera));
        try_format!(camera_state, CameraState(camera));
        try_format!(camera_footprint, CameraFootprint(camera));
        try_format!(camera_alive, CameraAlive(camera));
        try_format!(node, Node(node));
        try_format!(field, Field);
        try_format!(zone_density, ZoneDensity(zone));
        try_format!(zone_flow, ZoneFlow(zone));
        try_format!(zone_risk, ZoneRisk(zone));
        try_format!(zone_state, ZoneState(zone));
        try_format!(zone_people, ZonePeople(zone));
        try_format!(line_flow, LineFlow(line));
        try_format!(warning, Warning(zone));
        try_format!(ack, Ack(incident));
        try_format!(speaker_command, SpeakerCommand(speaker));
        try_format!(speaker_state, SpeakerState(speaker));
        try_format!(speaker_receipt, SpeakerReceipt(speaker));
        try_format!(speaker_effect, SpeakerEffect(speaker));
        try_format!(speaker_alive, SpeakerAlive(speaker));
        try_format!(receipt, Receipt(group, zone));
        try_format!(signal, Signal(signal));
        try_format!(signals, Signals);
        try_format!(history, History);
        try_format!(config, Config);
        try_format!(schema, Schema(name));
        None
    }
}

/// Wildcard keys to subscribe to and to answer on.
pub mod patterns {
    use super::{Id, OwnedKeyExpr, ZenohResult, formats, keformat};

    /// Any one chunk.
    const ANY: &str = "*";

    /// Everything of every site: `throng/v1/**`.
    pub fn everything() -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::everything::formatter(), rest = "**")
    }

    /// Warnings of every zone of every site.
    pub fn warnings() -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::warning::formatter(), site = ANY, zone = ANY)
    }

    /// Liveliness of every node, camera and loudspeaker of every site.
    pub fn liveliness() -> ZenohResult<[OwnedKeyExpr; 3]> {
        Ok([
            keformat!(formats::node::formatter(), site = ANY, node = ANY)?,
            keformat!(formats::camera_alive::formatter(), site = ANY, camera = ANY)?,
            keformat!(formats::speaker_alive::formatter(), site = ANY, speaker = ANY)?,
        ])
    }

    /// Confirmations of every group for every zone of a site.
    pub fn receipts(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::receipt::formatter(), site, group = ANY, zone = ANY)
    }

    /// Receipts of every loudspeaker of a site.
    pub fn speaker_receipts(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::speaker_receipt::formatter(), site, speaker = ANY)
    }

    /// Liveliness of every loudspeaker of a site.
    pub fn speakers_alive(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::speaker_alive::formatter(), site, speaker = ANY)
    }

    /// States of every loudspeaker of a site.
    pub fn speaker_states(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::speaker_state::formatter(), site, speaker = ANY)
    }

    /// Acknowledgements of every incident of a site.
    pub fn acks(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::ack::formatter(), site, incident = ANY)
    }

    /// Signals for a site.
    pub fn signals(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::signal::formatter(), site, signal = ANY)
    }

    /// Schemas of a site.
    pub fn schemas(site: &Id) -> ZenohResult<OwnedKeyExpr> {
        keformat!(formats::schema::formatter(), site, name = ANY)
    }

    /// Every key of a site whose current value is answered to whoever joins late. Not the density raster, which is made only
    /// while somebody listens: an answer might be from long ago.
    pub fn current(site: &Id) -> ZenohResult<Vec<OwnedKeyExpr>> {
        Ok(vec![
            keformat!(formats::camera_count::formatter(), site, camera = ANY)?,
            keformat!(formats::camera_state::formatter(), site, camera = ANY)?,
            keformat!(formats::camera_footprint::formatter(), site, camera = ANY)?,
            keformat!(formats::zone_density::formatter(), site, zone = ANY)?,
            keformat!(formats::zone_flow::formatter(), site, zone = ANY)?,
            keformat!(formats::zone_risk::formatter(), site, zone = ANY)?,
            keformat!(formats::zone_state::formatter(), site, zone = ANY)?,
            keformat!(formats::zone_people::formatter(), site, zone = ANY)?,
            keformat!(formats::line_flow::formatter(), site, line = ANY)?,
            keformat!(formats::warning::formatter(), site, zone = ANY)?,
            keformat!(formats::signals::formatter(), site)?,
        ])
    }
}

/// The id in a chunk; `None` for wildcards and foreign characters.
fn id(chunk: &keyexpr) -> Option<Id> {
    Id::new(chunk.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    fn all_topics() -> Vec<(Topic, &'static str)> {
        let zone = || named("gate-3");
        let camera = || named("east");
        vec![
            (Topic::CameraCount(camera()), "throng/v1/stadium/camera/east/count"),
            (Topic::CameraState(camera()), "throng/v1/stadium/camera/east/state"),
            (Topic::CameraFootprint(camera()), "throng/v1/stadium/camera/east/footprint"),
            (Topic::CameraAlive(camera()), "throng/v1/stadium/camera/east/alive"),
            (Topic::Node(named("box-1")), "throng/v1/stadium/node/box-1"),
            (Topic::Field, "throng/v1/stadium/field"),
            (Topic::ZoneDensity(zone()), "throng/v1/stadium/zone/gate-3/density"),
            (Topic::ZoneFlow(zone()), "throng/v1/stadium/zone/gate-3/flow"),
            (Topic::ZoneRisk(zone()), "throng/v1/stadium/zone/gate-3/risk"),
            (Topic::ZoneState(zone()), "throng/v1/stadium/zone/gate-3/state"),
            (Topic::ZonePeople(zone()), "throng/v1/stadium/zone/gate-3/people"),
            (Topic::LineFlow(named("door")), "throng/v1/stadium/line/door/flow"),
            (Topic::Warning(zone()), "throng/v1/stadium/warning/gate-3"),
            (Topic::Ack(named("0190b6c2-7d0e")), "throng/v1/stadium/ack/0190b6c2-7d0e"),
            (Topic::SpeakerCommand(named("s1")), "throng/v1/stadium/speaker/s1/command"),
            (Topic::SpeakerState(named("s1")), "throng/v1/stadium/speaker/s1/state"),
            (Topic::SpeakerReceipt(named("s1")), "throng/v1/stadium/speaker/s1/receipt"),
            (Topic::SpeakerEffect(named("s1")), "throng/v1/stadium/speaker/s1/effect"),
            (Topic::SpeakerAlive(named("s1")), "throng/v1/stadium/speaker/s1/alive"),
            (Topic::Receipt(named("room"), zone()), "throng/v1/stadium/receipt/room/gate-3"),
            (Topic::Signal(named("rain-7")), "throng/v1/stadium/signal/rain-7"),
            (Topic::Signals, "throng/v1/stadium/signals"),
            (Topic::History, "throng/v1/stadium/history"),
            (Topic::Config, "throng/v1/stadium/config"),
            (Topic::Schema(named("warning")), "throng/v1/stadium/schema/warning"),
        ]
    }

    #[test]
    fn keys_read_as_the_contract_says_and_parse_back() {
        let site = named("stadium");
        for (topic, expected) in all_topics() {
            let key = topic.key(&site).unwrap();
            assert_eq!(key.as_str(), expected);
            assert_eq!(Topic::parse(&key), Some((site.clone(), topic)));
        }
    }

    #[test]
    fn foreign_keys_and_wildcards_are_no_topic() {
        for key in [
            "throng/v2/stadium/field",
            "throng/v1/stadium/zone/gate-3",
            "throng/v1/stadium/zone/gate-3/density/x",
            "throng/v1/*/field",
            "throng/v1/stadium/zone/*/density",
            "throng/v1/**",
            "throng/v1/Stadium/field",
            "other",
        ] {
            assert_eq!(Topic::parse(keyexpr::new(key).unwrap()), None, "{key}");
        }
    }

    #[test]
    fn patterns_take_in_the_keys_they_name() {
        let site = named("stadium");
        let everything = patterns::everything().unwrap();
        let current = patterns::current(&site).unwrap();
        let mut answered = Vec::new();
        for (topic, text) in all_topics() {
            let key = topic.key(&site).unwrap();
            assert!(everything.includes(&key), "{key}");
            if current.iter().any(|pattern| pattern.includes(&key)) {
                answered.push(text.trim_start_matches("throng/v1/stadium/"));
            }
        }
        assert_eq!(
            answered,
            [
                "camera/east/count",
                "camera/east/state",
                "camera/east/footprint",
                "zone/gate-3/density",
                "zone/gate-3/flow",
                "zone/gate-3/risk",
                "zone/gate-3/state",
                "zone/gate-3/people",
                "line/door/flow",
                "warning/gate-3",
                "signals",
            ]
        );
        assert_eq!(patterns::acks(&site).unwrap().as_str(), "throng/v1/stadium/ack/*");
        assert_eq!(patterns::schemas(&site).unwrap().as_str(), "throng/v1/stadium/schema/*");
        assert_eq!(patterns::warnings().unwrap().as_str(), "throng/v1/*/warning/*");
    }
}
