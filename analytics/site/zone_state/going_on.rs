//! A zone that goes on in a site that was given another model.

use super::ZoneTracker;
use crate::{level::Level, site::exchange::Kept};

impl ZoneTracker {
    /// Whether an incident goes on at a level. That of a zone which was normal when its pictures stopped says no more than
    /// that nobody knows, which stays true of a zone that is not measured at all.
    pub(in crate::site) fn has_incident(&self) -> bool {
        self.machine.incident().is_some() && self.machine.last_level() != Some(Level::Normal)
    }

    /// Takes over what is known of the same zone from before.
    pub(in crate::site) fn go_on_from(&mut self, before: Self, kept: &Kept) {
        self.machine = before.machine;
        self.tightened = before.tightened;
        if before.zone.profile != self.zone.profile {
            self.machine.forget_dwells();
        }
        self.captured_at = before.captured_at;
        self.view = before.view.and_then(|view| kept.view(view));
        // What was measured elsewhere, or through another calibration, would look like a sudden rush or flight.
        let has_same_sight = kept.has_same_sight(&before.coverage, &self.coverage);
        if before.zone.outline != self.zone.outline || !has_same_sight {
            return;
        }
        self.tracker = before.tracker;
        self.implausible = before.implausible;
        self.hot_spot = before.hot_spot;
        self.motion = before.motion;
        self.conflict = before.conflict;
        self.oscillation = before.oscillation;
        self.flow_breakdown = before.flow_breakdown;
        self.is_new_sample = before.is_new_sample;
        if kept.has_same_lines && self.zone.is_enclosed_by_lines == before.zone.is_enclosed_by_lines {
            self.enclosure = before.enclosure;
        }
        if kept.has_same_grid && self.zone.cameras == before.zone.cameras {
            self.pressure = before.pressure;
            self.deformation = before.deformation;
            self.micro_motion = before.micro_motion;
            self.cells = before.cells;
            self.coverage = before.coverage;
        }
    }
}
