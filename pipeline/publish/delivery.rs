//! How each topic travels: encoding, priority, what happens under congestion. One table.

use throng_analytics::wire::{self, Message};
use zenoh::{
    bytes::Encoding,
    qos::{CongestionControl, Priority},
};

use super::Topic;

/// The form of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object; the schema's name (`throng.warning.v1`) goes with the encoding.
    Json {
        /// Name of the schema.
        schema: &'static str,
    },
    /// A plain decimal number in text, for controllers and dashboards that take nothing else.
    Number,
    /// A JSON Schema document.
    JsonSchema,
    /// No payload: a liveliness token.
    Token,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Short name: label of the drop counters, and the name of the schema on the bus.
    pub name: &'static str,
    /// What the payload is.
    pub form: Form,
    /// Zenoh priority (`RealTime` is served first).
    pub priority: Priority,
    /// Whether the newest is dropped or the sender waits when a link is full.
    pub congestion: CongestionControl,
    /// Sent at once, without waiting for a batch to fill.
    pub express: bool,
    /// Never dropped before the bus, kept for whoever joins late, and its loss detected.
    pub kept: bool,
    /// The newest value is sent again every second, for subscribers that know nothing of history, such as MQTT
    /// clients behind a bridge. Never for commands: said once is meant once.
    pub repeated: bool,
}

/// Decisions that people act on: they wait for room, and they are kept.
const fn kept(name: &'static str, schema: &'static str) -> Delivery {
    Delivery {
        name,
        form: Form::Json { schema },
        priority: Priority::RealTime,
        congestion: CongestionControl::Block,
        express: true,
        kept: true,
        repeated: false,
    }
}

/// Measurements that the next one supersedes: dropped rather than delayed.
const fn measured(name: &'static str, form: Form) -> Delivery {
    Delivery {
        name,
        form,
        priority: Priority::Data,
        congestion: CongestionControl::Drop,
        express: false,
        kept: false,
        repeated: false,
    }
}

/// JSON of a public message.
const fn json<M: Message>() -> Form {
    Form::Json { schema: M::SCHEMA }
}

impl Topic {
    /// The row of this topic.
    pub const fn delivery(&self) -> Delivery {
        match self {
            Self::CameraCount(_) => measured("count", json::<wire::Count>()),
            Self::CameraState(_) => measured("camera_state", json::<wire::CameraState>()),
            Self::CameraFootprint(_) => measured("footprint", json::<wire::Footprint>()),
            Self::CameraAlive(_) => measured("camera_alive", Form::Token),
            Self::Node(_) => measured("node", Form::Token),
            Self::Field => {
                Delivery { priority: Priority::DataLow, ..measured("field", json::<wire::Field>()) }
            }
            Self::ZoneDensity(_) => measured("density", json::<wire::ZoneDensity>()),
            Self::ZoneFlow(_) => measured("flow", json::<wire::ZoneFlow>()),
            Self::ZoneRisk(_) => measured("risk", json::<wire::ZoneRisk>()),
            Self::ZoneState(_) => measured("zone_state", json::<wire::ZoneState>()),
            Self::LineFlow(_) => measured("line_flow", json::<wire::LineFlow>()),
            Self::ZonePeople(_) => measured("people", Form::Number),
            Self::Warning(_) => Delivery { repeated: true, ..kept("warning", wire::Warning::SCHEMA) },
            Self::Ack(_) => kept("ack", wire::Ack::SCHEMA),
            Self::SpeakerCommand(_) => kept("speaker_command", wire::SignedSpeakerCommand::SCHEMA),
            Self::SpeakerState(_) => measured("speaker_state", json::<wire::SpeakerState>()),
            Self::SpeakerReceipt(_) => kept("speaker_receipt", wire::SpeakerReceipt::SCHEMA),
            Self::SpeakerEffect(_) => kept("speaker_effect", wire::SpeakerEffect::SCHEMA),
            Self::SpeakerAlive(_) => measured("speaker_alive", Form::Token),
            Self::Receipt(..) => kept("receipt", wire::WarningReceipt::SCHEMA),
            Self::Signal(_) => kept("signal", wire::SignedSignal::SCHEMA),
            Self::Signals => measured("signals", json::<wire::SiteSignals>()),
            Self::History => measured("history", json::<wire::History>()),
            Self::Config => measured("config", json::<wire::SiteConfig>()),
            Self::Schema(_) => measured("schema", Form::JsonSchema),
        }
    }
}

impl Form {
    /// The zenoh encoding, schema included.
    pub fn encoding(self) -> Encoding {
        match self {
            Self::Json { schema } => Encoding::APPLICATION_JSON.with_schema(schema),
            Self::Number => Encoding::TEXT_PLAIN,
            Self::JsonSchema => {
                Encoding::APPLICATION_JSON.with_schema("https://json-schema.org/draft/2020-12/schema")
            }
            Self::Token => Encoding::ZENOH_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Id;

    #[test]
    fn what_people_act_on_waits_and_is_kept_and_measurements_are_dropped() {
        let id = || Id::new("gate").unwrap();
        for topic in [Topic::Warning(id()), Topic::Ack(id()), Topic::SpeakerCommand(id())] {
            let row = topic.delivery();
            assert_eq!(
                (row.priority, row.congestion, row.express, row.kept),
                (Priority::RealTime, CongestionControl::Block, true, true),
                "{topic:?}"
            );
        }
        for topic in [
            Topic::CameraCount(id()),
            Topic::CameraState(id()),
            Topic::ZoneDensity(id()),
            Topic::ZoneFlow(id()),
            Topic::LineFlow(id()),
            Topic::ZoneRisk(id()),
            Topic::ZonePeople(id()),
        ] {
            let row = topic.delivery();
            assert_eq!(
                (row.priority, row.congestion, row.express, row.kept),
                (Priority::Data, CongestionControl::Drop, false, false),
                "{topic:?}"
            );
        }
        assert_eq!(Topic::Field.delivery().priority, Priority::DataLow);
        assert!(Topic::Warning(id()).delivery().repeated);
        assert!(!Topic::SpeakerCommand(id()).delivery().repeated);
    }

    #[test]
    fn the_encoding_names_the_schema() {
        let id = Id::new("gate").unwrap();
        for (topic, encoding) in [
            (Topic::Warning(id.clone()), "application/json;throng.warning.v1"),
            (Topic::ZoneDensity(id.clone()), "application/json;throng.density.v1"),
            (Topic::Field, "application/json;throng.field.v1"),
            (Topic::ZonePeople(id), "text/plain"),
        ] {
            assert_eq!(topic.delivery().form.encoding().to_string(), encoding);
        }
    }
}
