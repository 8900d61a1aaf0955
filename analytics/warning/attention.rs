//! Who must still be told: reminders while nobody answers, and shelves that run out.

use super::Incident;
use crate::{
    level::Level,
    profile::{PerLevel, per_level},
    time::Timestamp,
    wire::WarningTransition,
};

/// Seconds without an acknowledgement after which the next contact is told, blue to red (analytics specification 5.3);
/// the lower two wait for no answer.
pub const UNACKNOWLEDGED_SECS: PerLevel = [f64::INFINITY, f64::INFINITY, 60.0, 20.0];

/// Longest time for which an incident may be shelved, seconds: an hour, so that no shift inherits a silence it does
/// not know of (our proposal; ISA-18.2 asks for a limit and leaves it to the site).
pub const SHELF_SECS_MAX: f64 = 3600.0;

/// Since when an answer is awaited.
#[derive(Clone, Debug, Default)]
pub(super) struct Attention {
    waiting_since: Option<Timestamp>,
}

impl Attention {
    /// Begins to wait anew: the level rose, or the clock was set back.
    pub(super) fn restart(&mut self, now: Timestamp) {
        self.waiting_since = Some(now);
    }

    /// One step in time for the incident that is going on at `level`. A shelf that has run out takes the
    /// acknowledgement with it.
    pub(super) fn step(
        &mut self,
        now: Timestamp,
        level: Level,
        incident: &mut Incident,
    ) -> Option<WarningTransition> {
        if let Some(ack) = &incident.ack {
            self.waiting_since = None;
            let is_over = ack.shelved_until.is_some_and(|until| now >= until);
            if !is_over {
                return None;
            }
            incident.ack = None;
            self.waiting_since = Some(now);
            return Some(WarningTransition::Unshelved);
        }
        let waiting_since = *self.waiting_since.get_or_insert(now);
        if now.secs_since(waiting_since) < per_level(&UNACKNOWLEDGED_SECS, level) {
            return None;
        }
        self.waiting_since = Some(now);
        Some(WarningTransition::Unacknowledged)
    }
}
