//! The warning machine of a zone: raise, hold, escalate, step down, clear, and lose sight (analytics specification 5).
//!
//! The rules, as a table:
//!
//! | event | condition | effect |
//! |---|---|---|
//! | raise | the level's condition held in 60 % of the samples of its raise dwell (half of it where it is near certain), on data that is not stale | up to that level, several steps at once |
//! | step down | the level's hold condition failed for the whole clear dwell, on fresh and confident data; red also needs an acknowledgement at red | one level down |
//! | freeze | data 5 to 30 s old | nothing changes, and every dwell begins anew |
//! | lose | data older than 30 s | level unknown; the last one is kept, and the loss is told, at normal as an incident of its own |
//! | restore | data again | the last level again |
//! | remind | orange or red unacknowledged for 60 or 20 s, whether data come or not | told again, for the next contact, until somebody answers |
//! | shelve | an acknowledgement with a time, below red | told no more until then; a higher level ends it at once, and when it runs out the incident must be acknowledged anew |
//! | clock set back | `now` before the last step | every dwell begins anew |
//!
//! Loss never lowers a level and never clears one.

mod attention;

use std::collections::VecDeque;

use crate::{
    freshness::Freshness,
    level::Level,
    profile::{PerLevel, Profile, per_level},
    time::Timestamp,
    wire::{AckRecord, WarningKind, WarningTransition},
};

pub use attention::{SHELF_SECS_MAX, UNACKNOWLEDGED_SECS};

use attention::Attention;

/// Share of the samples of a dwell in which a condition must hold (analytics specification 5.1).
const HOLD_SHARE: f64 = 0.6;

/// Fewest samples that a dwell must hold (analytics specification 5.1, for red; at low frame rates a dwell of a few
/// seconds would otherwise be a single picture).
const DWELL_SAMPLES_MIN: usize = 10;

/// Room for the samples of the longest dwell at 60 a second; older ones are dropped first.
const SAMPLES_MAX: usize = 4096;

/// What the site knows of a zone at one step, reduced to what the machine decides on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// State of the data.
    pub freshness: Freshness,
    /// Whether this step has a new sample; without one only time passes.
    pub is_new_sample: bool,
    /// `P(density >= theta_up)` of the warning levels, blue to red.
    pub probability_up: PerLevel,
    /// `P(density >= theta_down)` of the warning levels, blue to red.
    pub probability_down: PerLevel,
    /// Level of the occupancy ratio, and the same with the dead band for holding.
    pub occupancy: Held,
    /// Level of the risk score after its cap, and the same with the dead band for holding.
    pub score: Held,
    /// Level that the forecast asks for, at most orange.
    pub forecast: Level,
    /// Whether the interval is too wide to clear on.
    pub low_confidence: bool,
    /// Highest level that may be given (yellow without calibration).
    pub ceiling: Level,
}

/// A ladder's level, and the level it still holds with its dead band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Entered.
    pub up: Level,
    /// Not yet left.
    pub hold: Level,
}

/// One change of a zone's level.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What happened.
    pub transition: WarningTransition,
    /// The level before; `None`: not known.
    pub from: Option<Level>,
    /// The level now; `None`: not known.
    pub to: Option<Level>,
    /// The incident it belongs to.
    pub incident: Incident,
    /// Whether somebody higher up must be told at once.
    pub escalate: bool,
}

/// A stretch of time above normal.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Stable id, UUIDv7 in form: made of the onset and the zone, so that a replay gives the same.
    pub id: String,
    /// When it began.
    pub since: Timestamp,
    /// What it is about.
    pub kind: WarningKind,
    /// Who has seen it at its present level.
    pub ack: Option<AckRecord>,
}

/// One remembered sample: which levels' conditions held.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Timestamp,
    up: Level,
    /// The level that is near certain: its dwell is halved.
    up_early: Level,
}

/// The warning state of one zone.
#[derive(Clone, Debug)]
pub struct WarningMachine {
    zone_key: String,
    level: Level,
    /// Whether the level is known now; before the first valid data it is not.
    is_known: bool,
    /// Whether data have ever been seen.
    has_seen_data: bool,
    since: Option<Timestamp>,
    stepped_at: Option<Timestamp>,
    samples: VecDeque<Sample>,
    left_since: Option<Timestamp>,
    incident: Option<Incident>,
    attention: Attention,
}

impl WarningMachine {
    /// A machine that has seen nothing: its level is unknown. `zone_key` (site and zone) goes into incident ids.
    pub fn new(zone_key: &str) -> Self {
        Self {
            zone_key: zone_key.to_owned(),
            level: Level::Normal,
            is_known: false,
            has_seen_data: false,
            since: None,
            stepped_at: None,
            samples: VecDeque::new(),
            left_since: None,
            incident: None,
            attention: Attention::default(),
        }
    }

    /// Goes on from an incident that was told before a restart. Until data come its level is unknown, as after any
    /// loss; then it is that level again, with the same incident, and comes down by the same rules.
    pub fn recall(&mut self, level: Level, incident: Incident) {
        (self.level, self.has_seen_data, self.since) = (level, true, Some(incident.since));
        self.incident = Some(incident);
    }

    /// The level; `None`: unknown, which never means normal.
    pub fn level(&self) -> Option<Level> {
        self.is_known.then_some(self.level)
    }

    /// The level last held while there was data; `None` before the first data.
    pub fn last_level(&self) -> Option<Level> {
        self.has_seen_data.then_some(self.level)
    }

    /// Since when the present level, or its being unknown, has lasted.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// The incident that is going on.
    pub fn incident(&self) -> Option<&Incident> {
        self.incident.as_ref()
    }

    /// Takes an acknowledgement; `false` where that incident is not going on. It counts for the present level only.
    ///
    /// With `shelved_until` it lasts until then, [`SHELF_SECS_MAX`] at most. Red cannot be shelved: there it is an
    /// acknowledgement like any other.
    pub fn acknowledge(&mut self, incident_id: &str, ack: AckRecord) -> bool {
        match &mut self.incident {
            Some(incident) if incident.id == incident_id => {
                let latest = ack.at + SHELF_SECS_MAX;
                let shelved_until =
                    ack.shelved_until.map(|until| until.min(latest)).filter(|_| self.level < Level::Red);
                incident.ack = Some(AckRecord { shelved_until, ..ack });
                true
            }
            _ => false,
        }
    }

    /// One step in time. Returns what changed, in order.
    pub fn step(&mut self, now: Timestamp, evidence: &Evidence, profile: &Profile) -> Vec<Change> {
        if self.stepped_at.replace(now).is_some_and(|before| now < before) {
            self.forget_dwells();
            self.attention.restart(now);
        }
        let mut changes = self.judge(now, evidence, profile);
        changes.extend(self.remind(now));
        changes
    }

    fn judge(&mut self, now: Timestamp, evidence: &Evidence, profile: &Profile) -> Vec<Change> {
        match evidence.freshness {
            Freshness::Lost => self.lose(now).into_iter().collect(),
            Freshness::Stale => {
                // Frozen: no dwell may run on while nothing is seen.
                self.forget_dwells();
                Vec::new()
            }
            Freshness::Fresh | Freshness::Degraded => {
                let mut changes: Vec<Change> = self.restore(now).into_iter().collect();
                if evidence.is_new_sample {
                    self.remember(now, evidence, profile);
                }
                let change =
                    self.raise(now, evidence, profile).or_else(|| self.step_down(now, evidence, profile));
                changes.extend(change);
                changes
            }
        }
    }

    fn remind(&mut self, now: Timestamp) -> Option<Change> {
        let level = self.level();
        let incident = self.incident.as_mut()?;
        let transition = self.attention.step(now, self.level, incident)?;
        Some(Change { transition, from: level, to: level, incident: incident.clone(), escalate: true })
    }

    /// Every dwell begins anew: what was seen before was judged by another clock, or by other thresholds.
    pub(crate) fn forget_dwells(&mut self) {
        self.samples.clear();
        self.left_since = None;
    }

    fn lose(&mut self, now: Timestamp) -> Option<Change> {
        self.forget_dwells();
        if !self.is_known {
            return None;
        }
        self.is_known = false;
        self.since = Some(now);
        // A zone that was normal must not go blind unnoticed: the loss is an incident of its own.
        let incident = self
            .incident
            .get_or_insert_with(|| Incident {
                id: incident_id(&self.zone_key, now),
                since: now,
                kind: WarningKind::SensorLost,
                ack: None,
            })
            .clone();
        Some(Change {
            transition: WarningTransition::Lost,
            from: Some(self.level),
            to: None,
            incident,
            escalate: self.level >= Level::Yellow,
        })
    }

    fn restore(&mut self, now: Timestamp) -> Option<Change> {
        if self.is_known {
            return None;
        }
        let was_seen = self.has_seen_data;
        (self.is_known, self.has_seen_data, self.since) = (true, true, Some(now));
        let incident = self.incident.clone().filter(|_| was_seen)?;
        if self.level == Level::Normal {
            self.incident = None;
        }
        Some(Change {
            transition: WarningTransition::Restored,
            from: None,
            to: Some(self.level),
            incident,
            escalate: false,
        })
    }

    fn remember(&mut self, now: Timestamp, evidence: &Evidence, profile: &Profile) {
        let likely = |p_min: f64| highest(|level| per_level(&evidence.probability_up, level) >= p_min);
        let other = evidence.occupancy.up.max(evidence.score.up).max(evidence.forecast);
        let limit = |level: Level| level.min(evidence.ceiling);
        self.samples.push_back(Sample {
            at: now,
            up: limit(likely(0.5).max(other)),
            up_early: limit(likely(0.9)),
        });
        let longest = profile.raise_dwell_secs.iter().fold(0.0, |a: f64, b| a.max(*b));
        // One sample from before the dwell is kept: it shows that the dwell is covered. So are as many as a judgement
        // needs, however short the dwell and slow the camera.
        let is_over = |samples: &VecDeque<Sample>| {
            samples.len() > DWELL_SAMPLES_MIN
                && samples.get(1).is_some_and(|s| now.secs_since(s.at) > longest)
        };
        while self.samples.len() > SAMPLES_MAX || is_over(&self.samples) {
            self.samples.pop_front();
        }
    }

    /// Whether at least [`HOLD_SHARE`] of the samples of the last `dwell_secs` satisfy `holds`, the newest among them.
    fn held_for(&self, now: Timestamp, dwell_secs: f64, holds: impl Fn(&Sample) -> bool) -> bool {
        let covered = self.samples.front().is_some_and(|s| now.secs_since(s.at) >= dwell_secs);
        let recent = self.samples.iter().rev().take_while(|s| now.secs_since(s.at) <= dwell_secs);
        let (all, held) = recent.fold((0_usize, 0_usize), |(n, h), s| (n + 1, h + usize::from(holds(s))));
        // Where samples come slowly the dwell is stretched until there are enough of them.
        let (all, held) = if all < DWELL_SAMPLES_MIN {
            let last = self.samples.iter().rev().take(DWELL_SAMPLES_MIN);
            last.fold((0, 0), |(n, h), s| (n + 1, h + usize::from(holds(s))))
        } else {
            (all, held)
        };
        covered
            && all >= DWELL_SAMPLES_MIN
            && held as f64 >= HOLD_SHARE * all as f64
            && self.samples.back().is_some_and(&holds)
    }

    fn raise(&mut self, now: Timestamp, evidence: &Evidence, profile: &Profile) -> Option<Change> {
        let raised =
            Level::WARNING.into_iter().rev().take_while(|level| *level > self.level).find(|level| {
                let dwell = profile.raise_dwell(*level);
                self.held_for(now, dwell, |s| s.up >= *level)
                    || self.held_for(now, 0.5 * dwell, |s| s.up_early >= *level)
            })?;
        let from = std::mem::replace(&mut self.level, raised);
        (self.since, self.left_since) = (Some(now), None);
        let by_density = highest(|level| per_level(&evidence.probability_up, level) >= 0.5);
        let kind = if by_density.max(evidence.occupancy.up) >= raised {
            WarningKind::Crowding
        } else if evidence.score.up >= raised {
            WarningKind::CrushRisk
        } else {
            WarningKind::Surge
        };
        let (transition, incident) = if let Some(running) = self.incident.take() {
            // What was acknowledged was a lower level.
            (WarningTransition::Escalated, Incident { kind, ack: None, ..running })
        } else {
            let id = incident_id(&self.zone_key, now);
            (WarningTransition::Raised, Incident { id, since: now, kind, ack: None })
        };
        self.incident = Some(incident.clone());
        self.attention.restart(now);
        Some(Change { transition, from: Some(from), to: Some(raised), incident, escalate: true })
    }

    fn step_down(&mut self, now: Timestamp, evidence: &Evidence, profile: &Profile) -> Option<Change> {
        if self.level == Level::Normal {
            return None;
        }
        let level = self.level;
        let holds = per_level(&evidence.probability_down, level) > 0.1
            || evidence.occupancy.hold.max(evidence.score.hold) >= level
            || evidence.forecast >= level;
        if holds || evidence.low_confidence || !evidence.freshness.may_clear() {
            self.left_since = None;
            return None;
        }
        let left_since = *self.left_since.get_or_insert(now);
        let acknowledged = self.incident.as_ref().is_some_and(|incident| incident.ack.is_some());
        if now.secs_since(left_since) < profile.clear_dwell(level) || (level == Level::Red && !acknowledged) {
            return None;
        }
        self.level = level.below();
        (self.since, self.left_since) = (Some(now), None);
        let cleared = self.level == Level::Normal;
        let incident = if cleared { self.incident.take()? } else { self.incident.clone()? };
        Some(Change {
            transition: if cleared { WarningTransition::Cleared } else { WarningTransition::Lowered },
            from: Some(level),
            to: Some(self.level),
            incident,
            escalate: false,
        })
    }
}

/// The highest warning level that satisfies a condition; normal if none does.
fn highest(holds: impl Fn(Level) -> bool) -> Level {
    Level::WARNING.into_iter().rev().find(|level| holds(*level)).unwrap_or(Level::Normal)
}

/// A UUIDv7 of the onset (milliseconds) whose other bits come from the zone and the onset's nanoseconds by FNV-1a:
/// unique in practice, and the same whenever the same footage is replayed.
fn incident_id(zone_key: &str, onset: Timestamp) -> String {
    let nanos = onset.unix_nanos();
    let fnv = |seed: u64| {
        zone_key
            .bytes()
            .chain(nanos.to_be_bytes())
            .fold(0xcbf2_9ce4_8422_2325 ^ seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    };
    let (a, b) = (fnv(0), fnv(0x9e37_79b9_7f4a_7c15));
    let millis = u64::try_from(nanos.max(0) / 1_000_000).unwrap_or(0) & 0xffff_ffff_ffff;
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        millis >> 16,
        millis & 0xffff,
        a & 0xfff,
        0x8000 | ((a >> 12) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests;
