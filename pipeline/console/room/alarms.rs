//! All alarms: what the sites tell of their incidents, joined with what people do about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{self, WarningTransition},
};

use super::Key;
use crate::{
    alarm::{Action, Actor, JournalEntry, Life, Note, Refusal, Stage, Telling, Timer},
    options::AnswerTimes,
    role::Role,
};

/// Site and incident.
pub(crate) type AlarmKey = Key;

/// Open alarms at most: hundreds of times what a room can work on. Beyond it the oldest closed ones go first.
const ALARMS_MAX: usize = 5000;

/// An incident and its life.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    /// The newest warning of it.
    pub(crate) warning: Box<wire::Warning>,
    pub(crate) life: Life,
    /// 1 is the worst.
    rank: usize,
}

impl Alarm {
    pub(crate) const fn new(warning: Box<wire::Warning>, life: Life) -> Self {
        Self { warning, life, rank: 0 }
    }
}

/// What a step brought.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Alarms that must be told to the pages.
    pub(crate) changed: BTreeSet<AlarmKey>,
    /// What is new in their journals, for the audit trail and the disk.
    pub(crate) notes: Vec<(AlarmKey, Note)>,
    /// Signals that a site goes by from now on, or (`true`) no longer; for the audit trail and the history.
    pub(crate) signals: Vec<(wire::Signal, bool)>,
    /// Whether the pages must be told at once.
    pub(crate) is_urgent: bool,
}

impl Heard {
    pub(super) fn alarm(key: &AlarmKey, notes: Vec<Note>) -> Self {
        let is_urgent = !notes.is_empty();
        Self {
            changed: [key.clone()].into(),
            notes: notes.into_iter().map(|note| (key.clone(), note)).collect(),
            is_urgent,
            ..Self::default()
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.notes.extend(other.notes);
        self.signals.extend(other.signals);
        self.is_urgent |= other.is_urgent;
    }
}

/// All alarms, open ones and those that were closed lately.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    alarms: BTreeMap<AlarmKey, Alarm>,
}

impl Alarms {
    pub(crate) fn get(&self, key: &AlarmKey) -> Option<&Alarm> {
        self.alarms.get(key)
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = (&AlarmKey, &Alarm)> {
        self.alarms.iter().filter(|(_, alarm)| alarm.life.stage != Stage::Closed)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&AlarmKey, &Alarm)> {
        self.alarms.iter()
    }

    /// Takes an alarm from the disk; its level is not known until its site speaks.
    pub(crate) fn restore(&mut self, key: AlarmKey, mut alarm: Alarm) {
        alarm.life.level = None;
        self.alarms.insert(key, alarm);
    }

    pub(super) fn hear(&mut self, warning: Box<wire::Warning>, now: Timestamp, times: &AnswerTimes) -> Heard {
        if warning.expired {
            // Kept by others for the record; it must never cause an action.
            return Heard::default();
        }
        let key = (warning.envelope.site.clone(), warning.incident.clone());
        let telling = match (warning.transition, warning.level) {
            (WarningTransition::Cleared, _) | (_, Some(Level::Normal)) => Telling::Cleared,
            (_, Some(level)) => Telling::Level(level),
            (_, None) => Telling::Unknown,
        };
        let unacknowledged = warning.transition == WarningTransition::Unacknowledged;
        let ack = warning.ack.clone();
        let mut notes = Vec::new();
        if let Some(alarm) = self.alarms.get_mut(&key) {
            alarm.warning = warning;
            notes.extend(alarm.life.hear(telling, now, times));
            if unacknowledged && alarm.life.stage == Stage::Raised {
                alarm.life.escalated = true;
            }
        } else {
            if telling == Telling::Cleared {
                // It was over before anybody here knew of it.
                return Heard::default();
            }
            self.make_room();
            // An incident that begins with lost data was at least worth a look.
            let level = warning.level.or(warning.previous_level).unwrap_or(Level::Yellow).max(Level::Blue);
            let mut life = Life::raised(level, now, times);
            notes.extend(life.journal.iter().cloned());
            if telling == Telling::Unknown {
                notes.extend(life.hear(telling, now, times));
            }
            self.alarms.insert(key.clone(), Alarm::new(warning, life));
        }
        if let Some(ack) = ack {
            notes.extend(self.acknowledged_elsewhere(&key, &ack.operator, ack.at.max(now)));
        }
        self.forget_the_dead(&key);
        Heard::alarm(&key, notes)
    }

    /// Somebody acknowledged an incident, here or at another console.
    pub(super) fn hear_ack(&mut self, site: &str, ack: &wire::Ack, now: Timestamp) -> Heard {
        let key = (site.to_owned(), ack.incident.clone());
        let notes = self.acknowledged_elsewhere(&key, &ack.operator, now);
        if notes.is_empty() { Heard::default() } else { Heard::alarm(&key, notes) }
    }

    fn acknowledged_elsewhere(&mut self, key: &AlarmKey, operator: &str, now: Timestamp) -> Vec<Note> {
        let Some(alarm) = self.alarms.get_mut(key) else { return Vec::new() };
        let by = Actor { name: operator.to_owned(), role: Role::Operator };
        // Whoever was faster has answered; that is no error.
        alarm.life.act(&Action::Acknowledge, &by, now, true).unwrap_or_default()
    }

    /// What somebody does to an alarm; none where there is no such alarm.
    pub(crate) fn act(
        &mut self,
        key: &AlarmKey,
        action: &Action,
        by: &Actor,
        now: Timestamp,
        is_fresh: bool,
    ) -> Option<Result<Heard, Refusal>> {
        let alarm = self.alarms.get_mut(key)?;
        Some(alarm.life.act(action, by, now, is_fresh).map(|notes| Heard::alarm(key, notes)))
    }

    /// Which zones of a site one of its processes watches: nobody measures the others any more.
    pub(super) fn watch(
        &mut self,
        site: &str,
        node: &str,
        is_watched: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Heard {
        let mut heard = Heard::default();
        let of_node = self
            .alarms
            .iter_mut()
            .filter(|(key, alarm)| key.0 == site && alarm.warning.envelope.node == node);
        for (key, alarm) in of_node {
            let notes = alarm.life.watch(is_watched(&alarm.warning.zone), now);
            if !notes.is_empty() {
                heard.join(Heard::alarm(key, notes));
            }
        }
        heard
    }

    pub(super) fn tick(&mut self, now: Timestamp, times: &AnswerTimes) -> Heard {
        let mut heard = Heard::default();
        for (key, alarm) in &mut self.alarms {
            let mut notes = alarm.life.tick(now);
            if alarm.life.level.is_some()
                && alarm.warning.transition != WarningTransition::Cleared
                && now > alarm.warning.expires_at
                && alarm.life.stage != Stage::Closed
            {
                // No refresh by then means UNKNOWN, not safe.
                notes.extend(alarm.life.hear(Telling::Unknown, now, times));
            }
            if !notes.is_empty() {
                heard.join(Heard::alarm(key, notes));
            }
        }
        heard
    }

    /// Ranks open alarms, the worst first; answers with those whose rank changed.
    pub(super) fn rank(&mut self) -> Vec<AlarmKey> {
        let mut open: Vec<(&AlarmKey, &mut Alarm)> =
            self.alarms.iter_mut().filter(|(_, alarm)| alarm.life.stage != Stage::Closed).collect();
        open.sort_by(|(_, a), (_, b)| {
            let weight = |alarm: &Alarm| {
                let life = &alarm.life;
                let score = alarm.warning.risk.as_ref().map_or(0.0, |risk| risk.score);
                // Not known weighs what was last known: no data is never safe.
                let is_heard = life.shelved_until.is_none();
                // What is real comes before every exercise.
                (!alarm.warning.envelope.drill, is_heard, life.level.unwrap_or(life.last_level), score)
            };
            let (a_real, a_heard, a_level, a_score) = weight(a);
            let (b_real, b_heard, b_level, b_score) = weight(b);
            b_real
                .cmp(&a_real)
                .then(b_heard.cmp(&a_heard))
                .then(b_level.cmp(&a_level))
                .then(b_score.total_cmp(&a_score))
                .then(a.life.raised_at.cmp(&b.life.raised_at))
        });
        let mut changed = Vec::new();
        for (index, (key, alarm)) in open.into_iter().enumerate() {
            if alarm.rank != index + 1 {
                alarm.rank = index + 1;
                changed.push(key.clone());
            }
        }
        changed
    }

    /// An alarm that people closed is remembered until its incident is over, so that a refresh does not raise it anew.
    fn forget_the_dead(&mut self, key: &AlarmKey) {
        let is_dead = self.alarms.get(key).is_some_and(|alarm| {
            alarm.life.stage == Stage::Closed
                && alarm.life.level == Some(Level::Normal)
                // Closed by this very message: it has to be told first.
                && alarm.life.journal.last().is_some_and(|last| last.what != "closed")
        });
        if is_dead {
            self.alarms.remove(key);
        }
    }

    fn make_room(&mut self) {
        if self.alarms.len() < ALARMS_MAX {
            return;
        }
        let closed = self.alarms.iter().filter(|(_, alarm)| alarm.life.stage == Stage::Closed);
        let oldest = closed.min_by_key(|(_, alarm)| alarm.life.closed_at).map(|(key, _)| key.clone());
        // All are open: the site's own warnings still tell, and the oldest has been worked on longest.
        let oldest = oldest.or_else(|| {
            self.alarms.iter().min_by_key(|(_, alarm)| alarm.life.raised_at).map(|(key, _)| key.clone())
        });
        if let Some(key) = oldest {
            self.alarms.remove(&key);
        }
    }
}

/// An alarm in the pages' words.
pub(crate) fn view<'a>((site, incident): &'a AlarmKey, alarm: &'a Alarm, is_fresh: bool) -> AlarmView<'a> {
    let (warning, life) = (&*alarm.warning, &alarm.life);
    AlarmView {
        site,
        incident,
        zone: &warning.zone,
        level: life.level.map(Level::name),
        last_level: life.last_level.name(),
        peak_level: life.peak.name(),
        kind: warning.kind,
        drill: warning.envelope.drill,
        transition: warning.transition,
        since: warning.since,
        raised_at: life.raised_at,
        updated_at: warning.envelope.published_at,
        expires_at: warning.expires_at,
        stage: life.stage,
        assigned_to: life.assigned_to.as_deref(),
        answered_by: life.answered_by.as_deref(),
        risk_rank: alarm.rank,
        score: warning.risk.as_ref().map(|risk| risk.score),
        density: warning.density_people_per_m2,
        people: warning.people,
        action: warning.action,
        text: &warning.text,
        shelved_until: life.shelved_until,
        merged_into: life.merged_into.as_deref(),
        escalated: life.escalated,
        timers: &life.timers,
        journal: &life.journal,
        closed_at: life.closed_at,
        close_reason: life.close_reason.as_deref(),
        close_blocked: life
            .close_blocked(is_fresh)
            .map(|refusal| Words { en: refusal.to_string(), zh: refusal.zh() }),
    }
}

#[derive(Debug, Serialize)]
struct Words {
    en: String,
    zh: &'static str,
}

/// An alarm in the pages' words.
#[derive(Debug, Serialize)]
pub(crate) struct AlarmView<'a> {
    site: &'a str,
    incident: &'a str,
    zone: &'a str,
    level: Option<&'static str>,
    last_level: &'static str,
    peak_level: &'static str,
    kind: wire::WarningKind,
    drill: bool,
    transition: WarningTransition,
    since: Timestamp,
    raised_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    stage: Stage,
    assigned_to: Option<&'a str>,
    answered_by: Option<&'a str>,
    risk_rank: usize,
    score: Option<f64>,
    density: wire::Density,
    people: Option<f64>,
    action: wire::WarningAction,
    text: &'a wire::Text,
    shelved_until: Option<Timestamp>,
    merged_into: Option<&'a str>,
    escalated: bool,
    timers: &'a [Timer],
    journal: &'a [JournalEntry],
    closed_at: Option<Timestamp>,
    close_reason: Option<&'a str>,
    close_blocked: Option<Words>,
}
