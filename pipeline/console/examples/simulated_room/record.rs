//! What the simulated site's history is made of.

use std::collections::BTreeMap;

use throng_analytics::level::Level;
use throng_console::RoomEvent;
use throng_history::{History, ZoneSample};

/// The last level of each zone, which comes in a message of its own.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    levels: BTreeMap<String, Option<Level>>,
}

impl Recording {
    /// Records what an event tells of a zone.
    pub(crate) fn take(&mut self, event: &RoomEvent, history: &History) {
        match event {
            RoomEvent::ZoneState(state) => {
                self.levels.insert(state.zone.clone(), state.level);
            }
            RoomEvent::ZoneDensity(density) => history.record_zone(&ZoneSample {
                site: density.envelope.site.clone(),
                zone: density.zone.clone(),
                at: density.envelope.published_at,
                people: density.people,
                density_mean_people_per_m2: density.density_people_per_m2,
                density_p95_people_per_m2: density.density_p95_people_per_m2,
                density_max_people_per_m2: density.hot_spot_people_per_m2,
                level: self.levels.get(&density.zone).copied().flatten(),
                coverage: density.envelope.quality.coverage,
                calibrated: true,
                ..ZoneSample::default()
            }),
            _ => {}
        }
    }
}
