//! What the interlock has done, and what became of each request.

use super::order::{Refusal, Request};
use crate::time::Timestamp;

/// What must happen now.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Begin to play; whatever plays was stopped before.
    Play {
        /// The request.
        request: Request,
        /// Whether the word "drill" comes first.
        drill_first: bool,
    },
    /// Stop whatever plays, within 200 ms.
    Stop,
    /// Tell whoever asked.
    Tell(Receipt),
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The request; empty where an order named none.
    pub request: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub stage: Stage,
}

/// A stage in the life of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It will be said.
    Accepted,
    /// It waits.
    Waits {
        /// People who still must agree.
        people: usize,
        /// Until when.
        until: Timestamp,
    },
    /// A person agreed.
    Confirmed {
        /// Whose key.
        by: String,
    },
    /// It will not be said.
    Refused(Refusal),
    /// It is being said.
    Started {
        /// Whether it can be heard; a silent drill cannot.
        aloud: bool,
    },
    /// It was said to its end.
    Finished,
    /// It was cut off.
    Stopped(StopCause),
    /// The loudspeaker failed.
    Failed(String),
    /// It was armed or disarmed.
    Armed(bool),
}

/// Why an announcement was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Somebody said so.
    Aborted,
    /// The mute switch.
    Muted,
    /// It was disarmed.
    Disarmed,
    /// Something more serious.
    Preempted,
}
