//! A zone whose thresholds are lowered for a while.

use super::ZoneTracker;
use crate::{profile::Profile, signal::Signals, time::Timestamp, wire::TightenedZone};

impl ZoneTracker {
    /// The thresholds that hold now.
    pub(super) fn profile(&self) -> &Profile {
        self.tightened.as_ref().map_or(&self.zone.profile, |(_, profile)| profile)
    }

    /// Goes by what lasts now. Where thresholds rise again, what was counted towards a level was counted by lower ones.
    pub(in crate::site) fn tighten(&mut self, signals: &Signals, now: Timestamp) {
        let before = self.tightened.take().map_or(1.0, |(tightening, _)| tightening.factor);
        let tightening = signals.tightening(&self.zone, now);
        self.tightened = tightening.map(|tightening| {
            let profile = tightening.of(&self.zone.profile);
            (tightening, profile)
        });
        let factor = self.tightened.as_ref().map_or(1.0, |(tightening, _)| tightening.factor);
        if factor > before {
            self.machine.forget_dwells();
        }
    }

    /// How they are lowered, as it is published.
    pub(in crate::site) fn tightened(&self) -> Option<TightenedZone> {
        self.tightened.as_ref().map(|(tightening, _)| tightening.told_of(&self.zone))
    }
}
