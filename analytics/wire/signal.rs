//! What happens outside and matters to a crowd: weather, closed roads, water, trains, events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use crate::time::Timestamp;

/// What kind of thing a signal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// A weather warning, as CAP services give it.
    Weather,
    /// A road or a way is closed.
    RoadClosure,
    /// A sensor stands in water.
    Flooding,
    /// A train brings people.
    TrainArrival,
    /// An event draws people: tickets sold, a calendar's entry.
    Event,
}

/// Something from outside. Sites take it only out of a [`SignedSignal`] whose signature holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// Id of the signal, as in its key; the same id of the same issuer with a later `issued_at` replaces it.
    pub id: String,
    /// Site it is about.
    pub site: String,
    /// Zones it is about. Empty: the whole site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// What kind.
    pub kind: SignalKind,
    /// How serious its source calls it, such as CAP's `severity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when: it ends by itself then. In the past: it is over, and what was told of it before is taken back.
    pub until: Timestamp,
    /// People it brings or sends away, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<f64>,
    /// What the thresholds of its zones are multiplied by while it lasts, 0.5 to 1. Absent: as the stated rules of the kind say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds_factor: Option<f64>,
    /// Where from: a service, a sensor, or who typed it in.
    pub source: String,
    /// The reason in words, in the language of its source.
    pub text: String,
    /// Who signed it, bound to the key by the site's file.
    #[serde(default)]
    pub issuer: String,
    /// When it was said.
    pub issued_at: Timestamp,
}

/// A signal as it travels; key `throng/v1/{site}/signal/{signal}`. Its source says it again every half minute while it lasts, for
/// sites that start meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedSignal {
    /// Schema name of the message: `throng.signal.v1`.
    pub schema: String,
    /// A [`Signal`] as JSON text: what was signed is what is read.
    pub signal: String,
    /// Name of the key that signed, as the site's file lists it.
    pub key_id: String,
    /// Ed25519 signature (RFC 8032), 128 hexadecimal digits, over the bytes `throng.signal.v1`, a zero byte, and the bytes of
    /// `signal`.
    pub signature: String,
}

/// What a site goes by of all that it was told from outside; key `throng/v1/{site}/signals`, every second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SiteSignals {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Signals that last, or will begin.
    pub signals: Vec<Signal>,
    /// Zones whose thresholds are lowered now.
    pub tightened: Vec<TightenedZone>,
}

/// A zone whose thresholds are lowered for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TightenedZone {
    /// Id of the zone.
    pub zone: String,
    /// Id of the signal that lowers them most.
    pub signal: String,
    /// What they are multiplied by.
    pub factor: f64,
    /// Density from which blue, yellow, orange and red begin meanwhile, people/m2.
    pub thresholds_people_per_m2: [f64; 4],
    /// Until when.
    pub until: Timestamp,
}
