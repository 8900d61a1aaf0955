//! Messages about one line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use crate::{freshness::Freshness, time::Timestamp};

/// Who crosses a line; key `throng/v1/{site}/line/{line}/flow`. Every number is absent where it is not known now.
///
/// Flows are means of the last ten seconds. Intervals are those of the counter, with the scatter of few people. The sums
/// begin anew where the line has not been seen for five seconds, and then `since` says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineFlow {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the line.
    pub line: String,
    /// Id of the zone that it bounds: "in" is into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// State of the data behind the numbers.
    pub freshness: Freshness,
    /// Length of the line, metres: the width of the way across it.
    pub length_m: f64,
    /// People a second who come in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_people_per_s: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_lo_people_per_s: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_hi_people_per_s: Option<f64>,
    /// People a second who go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_people_per_s: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_lo_people_per_s: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_hi_people_per_s: Option<f64>,
    /// In less out, people a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_people_per_s: Option<f64>,
    /// Specific flow: in less out over the length, people a metre of width a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specific_flow_people_per_m_s: Option<f64>,
    /// Since when the sums below have been kept without a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// People who have come in since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_people: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_people_lo: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_people_hi: Option<f64>,
    /// People who have gone out since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_people: Option<f64>,
    /// Lower end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_people_lo: Option<f64>,
    /// Upper end of its 90 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_people_hi: Option<f64>,
}
