//! From what the console hears to the history.

use std::{collections::BTreeMap, sync::Arc};

use throng_analytics::{level::Level, wire};
use throng_console::RoomEvent;
use throng_history::{History, LineSample, ZoneSample};

/// What came last of a zone beside its density.
#[derive(Debug, Default)]
struct Beside {
    speed_m_per_s: Option<f64>,
    flow_people_per_m_s: Option<f64>,
    score: Option<f64>,
    level: Option<Level>,
}

/// Records zones and lines.
#[derive(Debug)]
pub(super) struct Recording {
    history: Arc<History>,
    zones: BTreeMap<(String, String), Beside>,
}

impl Recording {
    pub(super) fn new(history: Arc<History>) -> Self {
        Self { history, zones: BTreeMap::new() }
    }

    /// Takes in what was heard. Never waits.
    pub(super) fn take(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::ZoneFlow(flow) => {
                let beside = self.beside(&flow.envelope, &flow.zone);
                beside.speed_m_per_s = flow.speed_m_per_s;
                beside.flow_people_per_m_s = flow.flow_people_per_m_s;
            }
            RoomEvent::ZoneRisk(risk) => self.beside(&risk.envelope, &risk.zone).score = risk.score,
            RoomEvent::ZoneState(state) => self.beside(&state.envelope, &state.zone).level = state.level,
            RoomEvent::ZoneDensity(density) => {
                let sample = self.zone(density);
                self.history.record_zone(&sample);
            }
            RoomEvent::LineFlow(flow) => {
                if let Some(at) = flow.envelope.captured_at {
                    self.history.record_line(&LineSample {
                        site: flow.envelope.site.clone(),
                        line: flow.line.clone(),
                        at,
                        in_people_per_s: flow.in_people_per_s,
                        out_people_per_s: flow.out_people_per_s,
                        drill: flow.envelope.drill,
                    });
                }
            }
            _ => {}
        }
    }

    fn beside(&mut self, envelope: &wire::Envelope, zone: &str) -> &mut Beside {
        self.zones.entry((envelope.site.clone(), zone.to_owned())).or_default()
    }

    /// A density with what came last beside it. Where the density is not known, nothing is.
    fn zone(&mut self, density: &wire::ZoneDensity) -> ZoneSample {
        let beside = self.beside(&density.envelope, &density.zone);
        let is_known = density.density_people_per_m2.is_some();
        ZoneSample {
            site: density.envelope.site.clone(),
            zone: density.zone.clone(),
            at: density.envelope.published_at,
            people: density.people,
            density_mean_people_per_m2: density.density_people_per_m2,
            density_p95_people_per_m2: density.density_p95_people_per_m2,
            density_max_people_per_m2: density.hot_spot_people_per_m2,
            speed_m_per_s: beside.speed_m_per_s.filter(|_| is_known),
            flow_people_per_m_s: beside.flow_people_per_m_s.filter(|_| is_known),
            score: beside.score.filter(|_| is_known),
            level: beside.level.filter(|_| is_known),
            coverage: density.envelope.quality.coverage,
            calibrated: density.envelope.quality.calibrated,
            drill: density.envelope.drill,
        }
    }
}
