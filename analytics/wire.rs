//! Public messages, contract v1: what leaves the product and what comes back.
//!
//! A value that is not known is an absent field, never 0. Names carry units. Within v1 changes are additive only, so a
//! reader ignores fields it does not know.

mod ack;
mod answer;
mod camera;
mod envelope;
mod exercise;
mod field;
mod layout;
mod line;
mod receipt;
mod signal;
mod speaker;
mod warning;
mod zone;

pub use ack::Ack;
pub use answer::{History, SiteConfig};
pub use camera::{
    CameraState, Count, CountedOn, FeatureKind, Footprint, FootprintProperties, StreamState, TelemetryState,
    VideoInfo,
};
pub use envelope::{Envelope, ModelRef, Quality};
pub use exercise::{exercise_of, exercised_site};
pub use field::Field;
pub use layout::{CameraLayout, LayoutOrigin, LineLayout, SiteLayout, SpeakerLayout, ZoneLayout};
pub use line::LineFlow;
pub use receipt::WarningReceipt;
pub use signal::{Signal, SignalKind, SignedSignal, SiteSignals, TightenedZone};
pub use speaker::{
    SignedSpeakerCommand, SpeakerCommand, SpeakerConfirmation, SpeakerEffect, SpeakerEnvelope, SpeakerOrder,
    SpeakerOutcome, SpeakerReceipt, SpeakerState,
};
pub use warning::{
    AckRecord, Density, Geometry, RiskSummary, Text, Warning, WarningAction, WarningKind, WarningTransition,
};
pub use zone::{
    Contribution, Counterfactual, FactorKind, RawValue, ScoreInterval, ZoneDensity, ZoneFlow, ZoneRisk,
    ZoneState,
};

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Serialize, de::DeserializeOwned};

/// A public message: its schema name is part of the contract.
pub trait Message: Serialize + DeserializeOwned + JsonSchema {
    /// Name of the schema, for example `throng.warning.v1`; the value of the message's `schema` field.
    const SCHEMA: &'static str;
}

macro_rules! messages {
    ($($message:ty => $schema:literal),+ $(,)?) => {
        $(impl Message for $message {
            const SCHEMA: &'static str = $schema;
        })+

        /// The JSON Schema (draft 2020-12) of every message, by schema name.
        pub fn schemas() -> Vec<(&'static str, Schema)> {
            vec![$((<$message>::SCHEMA, schema_for!($message))),+]
        }

        /// A message read and written again.
        #[cfg(test)]
        fn round_trip(schema: &str, message: serde_json::Value) -> serde_json::Result<serde_json::Value> {
            match schema {
                $($schema => serde_json::to_value(serde_json::from_value::<$message>(message)?),)+
                _ => Err(serde::de::Error::custom("no such schema")),
            }
        }
    };
}

messages! {
    Count => "throng.count.v1",
    CameraState => "throng.camera_state.v1",
    Footprint => "throng.footprint.v1",
    Field => "throng.field.v1",
    ZoneDensity => "throng.density.v1",
    ZoneFlow => "throng.flow.v1",
    ZoneRisk => "throng.risk.v1",
    LineFlow => "throng.line_flow.v1",
    ZoneState => "throng.zone_state.v1",
    Warning => "throng.warning.v1",
    Ack => "throng.ack.v1",
    WarningReceipt => "throng.receipt.v1",
    History => "throng.history.v1",
    SiteConfig => "throng.config.v1",
    SignedSpeakerCommand => "throng.speaker_command.v1",
    SpeakerState => "throng.speaker_state.v1",
    SpeakerEffect => "throng.speaker_effect.v1",
    SpeakerReceipt => "throng.speaker_receipt.v1",
    SignedSignal => "throng.signal.v1",
    SiteSignals => "throng.signals.v1",
}

#[cfg(test)]
mod contract;
#[cfg(test)]
mod tests;
