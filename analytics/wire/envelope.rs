//! What every message says about itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The fields that every message starts with; flattened into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// Schema name of the message, for example `throng.warning.v1`.
    pub schema: String,
    /// Id of the site.
    pub site: String,
    /// Number of this message on its key, from 0, without gaps; it starts anew with the process, or with `numbering`
    /// where that is given.
    pub seq: u64,
    /// Id of the series that `seq` belongs to: it outlives restarts, and two messages of a key with the same
    /// `numbering` and `seq` are one and the same. Given on warnings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbering: Option<String>,
    /// When the newest frame behind this message was taken. Absent where there has been no frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Timestamp>,
    /// When this message was published.
    pub published_at: Timestamp,
    /// Name of the machine or process that published it.
    pub node: String,
    /// The counter behind the numbers.
    pub model: ModelRef,
    /// SHA-256 of the site's configuration, hexadecimal.
    pub config_sha256: String,
    /// Whether this is an exercise: nothing real happened.
    pub drill: bool,
    /// How far the message can be trusted.
    pub quality: Quality,
}

/// Which model counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRef {
    /// Name on the model card.
    pub name: String,
    /// SHA-256 of the model file, hexadecimal.
    pub sha256: String,
}

/// How far a message can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Share of the zone (or picture) that was measured, 0 to 1. Absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Age of the newest valid frame at publication, in seconds. Absent where there has been none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_secs: Option<f64>,
    /// Whether lengths come from measured points; if not, densities are rough and levels stop at yellow.
    pub calibrated: bool,
    /// What a reader should know, in plain words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
