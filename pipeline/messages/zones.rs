//! What is told of the zones: density, flow, risk and state at every step, and warnings where something changed or must be
//! said again.

use std::collections::BTreeMap;

use throng_analytics::{
    level_of_service::LevelOfService,
    site::{SiteReport, ZoneReport},
    time::Timestamp,
    warning::{Change, Incident},
    wire::{
        self, Density, Geometry, Quality, RiskSummary, WarningTransition, ZoneDensity, ZoneFlow, ZoneRisk,
        ZoneState,
    },
    zone::Zone,
};

use super::{
    Messages,
    words::{action, text},
};
use crate::publish::{Id, Outgoing, Topic};

/// How long a warning is valid without a refresh, seconds (analytics specification 5.3).
const WARNING_VALID_SECS: f64 = 300.0;

impl Messages {
    /// Everything about the zones at one step; warnings last, so that the numbers behind them are there first.
    ///
    /// # Errors
    /// A message cannot be written.
    pub fn zones(&mut self, report: &SiteReport) -> anyhow::Result<Vec<Outgoing>> {
        let mut messages = Vec::with_capacity(6 * report.zones.len());
        for zone in &report.zones {
            let Some((id, model)) = self.zones.get(&zone.zone).cloned() else { continue };
            self.zone_facts(&id, zone, report.now, &mut messages)?;
            for change in &zone.changes {
                messages.push(self.warning(&id, &model, zone, report.now, Told::Change(change))?);
            }
            let told = self.warned_at.get(&zone.zone).copied();
            let due = told.is_none_or(|at| report.now.secs_since(at) > WARNING_VALID_SECS / 5.0);
            if let (Some(incident), true) = (&zone.incident, due) {
                messages.push(self.warning(&id, &model, zone, report.now, Told::Refresh(incident))?);
            }
        }
        Ok(messages)
    }

    fn zone_facts(
        &mut self,
        id: &Id,
        zone: &ZoneReport,
        now: Timestamp,
        messages: &mut Vec<Outgoing>,
    ) -> anyhow::Result<()> {
        let quality = quality(zone, now);
        let (name, freshness) = (zone.zone.clone(), zone.freshness);
        let density = zone.density_people_per_m2;

        let topic = Topic::ZoneDensity(id.clone());
        let message = ZoneDensity {
            envelope: self.envelope::<ZoneDensity>(&topic, now, zone.captured_at, quality.clone()),
            zone: name.clone(),
            freshness,
            density_people_per_m2: density.map(|d| d.value),
            density_lo_people_per_m2: density.map(|d| d.lo),
            density_hi_people_per_m2: density.map(|d| d.hi),
            density_p95_people_per_m2: zone.hot_spot.map(|h| h.p95_people_per_m2),
            hot_spot_people_per_m2: zone.hot_spot.map(|h| h.max_people_per_m2),
            hot_spot_in_ground_m: zone.hot_spot.map(|h| h.at_in_ground_m),
            people: zone.people.map(|p| p.value),
            people_lo: zone.people.map(|p| p.lo),
            people_hi: zone.people.map(|p| p.hi),
            area_m2: zone.area_m2,
            occupancy_ratio: zone.occupancy_ratio,
            time_to_capacity_secs: zone.secs_to_capacity,
            capacity_within_5_min_probability: zone.capacity_probability,
            level_of_service: density.and_then(|d| LevelOfService::of_walkway(d.value)),
            trend_people_per_m2_per_min: zone.trend_people_per_m2_per_sec.map(|t| 60.0 * t),
        };
        messages.push(Outgoing::message(topic, &message)?);
        if let Some(people) = zone.people {
            messages.push(Outgoing::number(Topic::ZonePeople(id.clone()), people.value)?);
        }

        let topic = Topic::ZoneFlow(id.clone());
        let message = ZoneFlow {
            envelope: self.envelope::<ZoneFlow>(&topic, now, zone.captured_at, quality.clone()),
            zone: name.clone(),
            freshness,
            velocity_m_per_s: zone.motion.map(|m| m.velocity_m_per_s),
            speed_m_per_s: zone.motion.map(|m| m.speed_m_per_s),
            flow_people_per_m_s: flow(zone),
            is_breaking_down: zone.is_breaking_down,
            filling_people_per_s: zone.filling.map(|f| f.people_per_s.value),
            filling_lo_people_per_s: zone.filling.map(|f| f.people_per_s.lo),
            filling_hi_people_per_s: zone.filling.map(|f| f.people_per_s.hi),
            line_drift_people_per_s: zone.filling.map(|f| f.line_drift_people_per_s.value),
            divergence_per_s: zone.deformation.map(|d| d.divergence_per_s),
            congestion_level_per_m: zone.deformation.and_then(|d| d.congestion_level_per_m),
            congestion_number: zone.deformation.and_then(|d| d.congestion_number),
            micro_motion_symmetry: zone.micro_motion.map(|m| m.symmetry),
            slow_share: zone.micro_motion.map(|m| m.slow_share),
        };
        messages.push(Outgoing::message(topic, &message)?);

        let topic = Topic::ZoneRisk(id.clone());
        let envelope = self.envelope::<ZoneRisk>(&topic, now, zone.captured_at, quality.clone());
        let risk = zone.risk.clone();
        let message = ZoneRisk {
            envelope,
            zone: name.clone(),
            freshness,
            score: risk.as_ref().map(|r| r.score),
            level: zone.risk_level,
            interval: risk.as_ref().map(|r| r.interval),
            contributions: risk.as_ref().map_or_else(Vec::new, |r| r.contributions.clone()),
            raw: risk.as_ref().map_or_else(Vec::new, |r| r.raw.clone()),
            missing_inputs: risk.as_ref().map_or_else(Vec::new, |r| r.missing_inputs.clone()),
            counterfactual: risk.and_then(|r| r.counterfactual),
        };
        messages.push(Outgoing::message(topic, &message)?);

        let topic = Topic::ZoneState(id.clone());
        let message = ZoneState {
            envelope: self.envelope::<ZoneState>(&topic, now, zone.captured_at, quality),
            zone: name,
            freshness,
            level: zone.level,
            last_level: zone.last_level.filter(|_| zone.level.is_none()),
            since: zone.since,
            incident: zone.incident.as_ref().map(|i| i.id.clone()),
        };
        messages.push(Outgoing::message(topic, &message)?);
        Ok(())
    }

    fn warning(
        &mut self,
        id: &Id,
        model: &Zone,
        zone: &ZoneReport,
        now: Timestamp,
        told: Told<'_>,
    ) -> anyhow::Result<Outgoing> {
        let (incident, transition, level, previous_level, escalate) = match told {
            Told::Change(change) => {
                (&change.incident, change.transition, change.to, change.from, change.escalate)
            }
            Told::Refresh(incident) => {
                (incident, WarningTransition::Refreshed, zone.level, zone.level, false)
            }
        };
        self.warned_at.insert(zone.zone.clone(), now);
        let topic = Topic::Warning(id.clone());
        let density = zone.density_people_per_m2;
        let kind =
            if transition == WarningTransition::Lost { wire::WarningKind::SensorLost } else { incident.kind };
        let message = wire::Warning {
            envelope: self.envelope::<wire::Warning>(&topic, now, zone.captured_at, quality(zone, now)),
            incident: incident.id.clone(),
            zone: zone.zone.clone(),
            level,
            previous_level,
            transition,
            escalate,
            kind,
            density_people_per_m2: Density {
                mean: density.map(|d| d.value),
                lo: density.map(|d| d.lo),
                hi: density.map(|d| d.hi),
                p95: zone.hot_spot.map(|h| h.p95_people_per_m2),
                max: zone.hot_spot.map(|h| h.max_people_per_m2),
            },
            people: zone.people.map(|p| p.value),
            occupancy_ratio: zone.occupancy_ratio,
            flow_people_per_m_s: flow(zone),
            risk: zone.risk.as_ref().map(|risk| RiskSummary {
                score: risk.score,
                factors: risk
                    .contributions
                    .iter()
                    .filter_map(|c| Some((c.factor, c.share?)))
                    .collect::<BTreeMap<_, _>>(),
            }),
            trend_per_min: zone.trend_people_per_m2_per_sec.map(|t| 60.0 * t),
            time_to_critical_secs: zone.secs_to_red,
            since: incident.since,
            expires_at: now + WARNING_VALID_SECS,
            expired: false,
            geometry: self.header.place.map(|place| Geometry::Polygon {
                coordinates: vec![place.ring_lon_lat_deg(model.outline.corners_m())],
            }),
            outline_in_ground_m: model.outline.corners_m().to_vec(),
            action: action(level),
            text: text(&model.name, level, zone, self.header.drill),
            ack: incident.ack.clone(),
        };
        Outgoing::warning(&message)
    }
}

/// What a warning message tells.
#[derive(Clone, Copy)]
enum Told<'a> {
    Change(&'a Change),
    Refresh(&'a Incident),
}

/// Specific flow: density times the length of the mean velocity, people a metre of width a second.
fn flow(zone: &ZoneReport) -> Option<f64> {
    Some(zone.motion?.specific_flow_people_per_m_per_s(zone.density_people_per_m2?.value))
}

fn quality(zone: &ZoneReport, now: Timestamp) -> Quality {
    Quality {
        coverage: zone.coverage,
        stale_secs: zone.captured_at.map(|at| now.secs_since(at).max(0.0)),
        calibrated: zone.is_calibrated,
        notes: zone.notes.clone(),
    }
}
