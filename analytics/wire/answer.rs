//! What a site answers when it is asked: its configuration, and the warnings it has given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SiteLayout, Warning};
use crate::time::Timestamp;

/// The configuration a site runs; answer of the queryable `throng/v1/{site}/config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SiteConfig {
    /// Schema name of the message: `throng.config.v1`.
    pub schema: String,
    /// Id of the site.
    pub site: String,
    /// Name of the process.
    pub node: String,
    /// Version of the program.
    pub version: String,
    /// When the process read it.
    pub read_at: Timestamp,
    /// SHA-256 of the site file, hexadecimal: what `config_sha256` of every message says.
    pub config_sha256: String,
    /// The site file (TOML) without credentials.
    pub text: String,
    /// What the site is made of. Absent from sites that ran before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<SiteLayout>,
}

/// Warnings that a site has given; answer of the queryable `throng/v1/{site}/history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// Schema name of the message: `throng.history.v1`.
    pub schema: String,
    /// Id of the site.
    pub site: String,
    /// When this was answered.
    pub published_at: Timestamp,
    /// The newest warnings, oldest first: of every zone, or of the one that `?zone=` names; at most as many as
    /// `?limit=` says (100 without it, 1000 at most).
    pub warnings: Vec<Warning>,
}
