//! What a room sends back: the warnings up to here have arrived.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A group of subscribers has the warnings of a zone up to a number; key
/// `throng/v1/{site}/receipt/{group}/{zone}`. The first member of the group to confirm speaks for all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WarningReceipt {
    /// Schema name of the message: `throng.receipt.v1`.
    pub schema: String,
    /// Id of the site.
    pub site: String,
    /// Name of the group, as the site file lists it.
    pub group: String,
    /// Who of the group confirms: the name of a program or a console.
    pub by: String,
    /// Id of the zone.
    pub zone: String,
    /// The `numbering` of the warnings: numbers of another one mean nothing here.
    pub numbering: String,
    /// Every warning of the zone with this `seq` or a lower one has arrived.
    pub up_to_seq: u64,
    /// When.
    pub at: Timestamp,
}
