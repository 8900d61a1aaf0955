//! What an operator sends back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// An operator has seen an incident; key `throng/v1/{site}/ack/{incident}`. Written by operators, so it has no
/// envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ack {
    /// The incident that is acknowledged.
    pub incident: String,
    /// Who acknowledges.
    pub operator: String,
    /// When.
    pub at: Timestamp,
    /// Until when the incident is to be shelved, an hour after `at` at most; red is never shelved. Absent: acknowledged for as long as it
    /// stays at this level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelve_until: Option<Timestamp>,
}
