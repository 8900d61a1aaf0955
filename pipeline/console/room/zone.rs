//! What is known of a zone, put together from its four messages.

use serde::Serialize;
use throng_analytics::{freshness::Freshness, level::Level, time::Timestamp, wire};

use super::Key;
use crate::description::ZoneDescription;

/// After this long without any message a zone is UNKNOWN, seconds. Sites repeat the state of every zone at least once a
/// second, so five are missing in a row.
pub(super) const SILENCE_SECS: f64 = 5.0;

/// What was heard of a zone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ZoneRecord {
    pub(crate) density: Option<Box<wire::ZoneDensity>>,
    pub(crate) flow: Option<Box<wire::ZoneFlow>>,
    pub(crate) risk: Option<Box<wire::ZoneRisk>>,
    pub(crate) state: Option<Box<wire::ZoneState>>,
    /// When the newest message came.
    pub(super) heard_at: Option<Timestamp>,
    /// Since when it has been silent or its node gone; such a zone is UNKNOWN whatever was last said.
    pub(super) unknown_since: Option<Timestamp>,
}

impl ZoneRecord {
    /// A message came.
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.heard_at = Some(now);
        self.unknown_since = None;
    }

    /// Whether this is the moment at which it fell silent.
    pub(super) fn fell_silent(&mut self, now: Timestamp) -> bool {
        let is_silent = self.heard_at.is_some_and(|at| now.secs_since(at) > SILENCE_SECS);
        is_silent && self.unknown_since.is_none() && self.lost(now)
    }

    /// Its node is gone, or it fell silent.
    pub(super) fn lost(&mut self, now: Timestamp) -> bool {
        self.unknown_since.replace(now).is_none()
    }

    /// Whether `node` told the newest of it.
    pub(super) fn is_of_node(&self, node: &str) -> bool {
        self.envelope().is_some_and(|envelope| envelope.node == node)
    }

    pub(crate) fn envelope(&self) -> Option<&wire::Envelope> {
        self.state
            .as_ref()
            .map(|state| &state.envelope)
            .or_else(|| self.density.as_ref().map(|density| &density.envelope))
            .or_else(|| self.risk.as_ref().map(|risk| &risk.envelope))
            .or_else(|| self.flow.as_ref().map(|flow| &flow.envelope))
    }

    /// Whether its numbers are more than the past.
    pub(crate) fn is_heard(&self, now: Timestamp) -> bool {
        self.freshness(now) != Freshness::Lost
    }

    /// Arrival of its newest message after its publication, seconds; negative where its sender's clock is ahead.
    pub(crate) fn clock_off_secs(&self) -> Option<f64> {
        Some(tenths(self.heard_at?.secs_since(self.envelope()?.published_at)))
    }

    /// How old its data are in kind; lost where nothing is heard any more.
    pub(crate) fn freshness(&self, now: Timestamp) -> Freshness {
        let is_silent = self.heard_at.is_none_or(|at| now.secs_since(at) > SILENCE_SECS);
        if self.unknown_since.is_some() || is_silent {
            return Freshness::Lost;
        }
        let stated = [
            self.state.as_ref().map(|state| state.freshness),
            self.density.as_ref().map(|density| density.freshness),
        ];
        stated.into_iter().flatten().next().unwrap_or(Freshness::Lost)
    }

    /// Whether its numbers are of this moment, so that somebody may act on them.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        matches!(self.freshness(now), Freshness::Fresh | Freshness::Degraded) && self.level(now).is_some()
    }

    /// Its level; none is UNKNOWN.
    pub(crate) fn level(&self, now: Timestamp) -> Option<Level> {
        if self.freshness(now) == Freshness::Lost { None } else { self.state.as_ref()?.level }
    }

    /// Age of its newest valid picture, seconds.
    pub(crate) fn stale_secs(&self, now: Timestamp) -> Option<f64> {
        let waited = now.secs_since(self.heard_at?).max(0.0);
        Some(self.envelope()?.quality.stale_secs? + waited)
    }

    pub(super) fn view<'a>(
        &'a self,
        (site, id): &'a Key,
        description: Option<&ZoneDescription>,
        tightened: Option<&'a wire::TightenedZone>,
        now: Timestamp,
    ) -> ZoneView<'a> {
        let freshness = self.freshness(now);
        let level = self.level(now);
        let state = self.state.as_deref();
        let last_level = level.or_else(|| state?.level).or_else(|| state?.last_level);
        let envelope = self.envelope();
        let quality = envelope.map(|envelope| &envelope.quality);
        // Numbers of the past are not numbers of now.
        let is_lost = freshness == Freshness::Lost;
        let density = self.density.as_deref().filter(|_| !is_lost);
        let flow = self.flow.as_deref().filter(|_| !is_lost);
        let risk = self.risk.as_deref().filter(|_| !is_lost);
        let people = density.and_then(|density| density.people);
        ZoneView {
            site,
            id,
            level: level.map(Level::name),
            last_level: last_level.map(Level::name),
            freshness: freshness_name(freshness),
            since: if level.is_some() { state.and_then(|state| state.since) } else { self.unknown_since },
            stale_secs: self.stale_secs(now).map(tenths),
            density: DensityView {
                mean: density.and_then(|density| density.density_people_per_m2),
                lo: density.and_then(|density| density.density_lo_people_per_m2),
                hi: density.and_then(|density| density.density_hi_people_per_m2),
                p95: density.and_then(|density| density.density_p95_people_per_m2),
                max: density.and_then(|density| density.hot_spot_people_per_m2),
            },
            hot_spot_in_ground_m: density.and_then(|density| density.hot_spot_in_ground_m),
            people,
            people_lo: density.and_then(|density| density.people_lo),
            people_hi: density.and_then(|density| density.people_hi),
            occupancy_ratio: density
                .and_then(|density| density.occupancy_ratio)
                .or_else(|| Some(people? / description?.capacity_people?)),
            trend_per_min: density.and_then(|density| density.trend_people_per_m2_per_min),
            speed_m_per_s: flow.and_then(|flow| flow.speed_m_per_s),
            velocity_m_per_s: flow.and_then(|flow| flow.velocity_m_per_s),
            flow_people_per_m_s: flow.and_then(|flow| flow.flow_people_per_m_s),
            score: risk.and_then(|risk| risk.score),
            score_lo: risk.and_then(|risk| Some(risk.interval?.p5)),
            score_hi: risk.and_then(|risk| Some(risk.interval?.p95)),
            secs_to_red: density.and_then(|density| secs_to_red(density, description?, tightened)),
            secs_to_capacity: density.and_then(|density| density.time_to_capacity_secs),
            capacity_probability: density.and_then(|density| density.capacity_within_5_min_probability),
            tightened,
            incident: state.and_then(|state| state.incident.as_deref()),
            coverage: quality.and_then(|quality| quality.coverage).filter(|_| !is_lost),
            calibrated: quality.map(|quality| quality.calibrated),
            drill: envelope.is_some_and(|envelope| envelope.drill),
            captured_at: envelope.and_then(|envelope| envelope.captured_at),
            notes: quality.map(|quality| quality.notes.as_slice()).unwrap_or_default(),
        }
    }
}

/// Seconds until the red threshold at the present trend, where it leads there within an hour.
fn secs_to_red(
    density: &wire::ZoneDensity,
    description: &ZoneDescription,
    tightened: Option<&wire::TightenedZone>,
) -> Option<f64> {
    let stated = description.thresholds_people_per_m2.get(&Level::Red)?;
    let red = tightened.map_or(*stated, |zone| zone.thresholds_people_per_m2[3]);
    let missing = red - density.density_people_per_m2?;
    let trend = density.trend_people_per_m2_per_min.filter(|trend| *trend > 0.0)?;
    let secs = (missing / trend * 60.0).max(0.0);
    (secs <= 3600.0).then_some(secs)
}

/// Its name in messages.
pub(super) const fn freshness_name(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => "fresh",
        Freshness::Degraded => "degraded",
        Freshness::Stale => "stale",
        Freshness::Lost => "lost",
    }
}

/// Rounded, so that an age is not sent with nine digits.
pub(super) fn tenths(secs: f64) -> f64 {
    (secs * 10.0).round() / 10.0
}

/// Density in the pages' words, people/m2.
#[derive(Debug, Serialize)]
pub(super) struct DensityView {
    mean: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    p95: Option<f64>,
    max: Option<f64>,
}

/// A zone in the pages' words.
#[derive(Debug, Serialize)]
pub(super) struct ZoneView<'a> {
    site: &'a str,
    id: &'a str,
    level: Option<&'static str>,
    last_level: Option<&'static str>,
    freshness: &'static str,
    since: Option<Timestamp>,
    stale_secs: Option<f64>,
    density: DensityView,
    hot_spot_in_ground_m: Option<[f64; 2]>,
    people: Option<f64>,
    people_lo: Option<f64>,
    people_hi: Option<f64>,
    occupancy_ratio: Option<f64>,
    trend_per_min: Option<f64>,
    speed_m_per_s: Option<f64>,
    velocity_m_per_s: Option<[f64; 2]>,
    flow_people_per_m_s: Option<f64>,
    score: Option<f64>,
    score_lo: Option<f64>,
    score_hi: Option<f64>,
    secs_to_red: Option<f64>,
    secs_to_capacity: Option<f64>,
    capacity_probability: Option<f64>,
    /// How its thresholds are lowered for a while.
    tightened: Option<&'a wire::TightenedZone>,
    incident: Option<&'a str>,
    coverage: Option<f64>,
    calibrated: Option<bool>,
    drill: bool,
    captured_at: Option<Timestamp>,
    notes: &'a [String],
}
