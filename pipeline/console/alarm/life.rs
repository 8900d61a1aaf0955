//! The life of an alarm as a pure machine: what people do to it, what the site tells of it, and the time. Nothing here
//! reads a clock or a disk.
//!
//! A stage is only ever left forwards, and a later one implies the earlier ones: who has arrived has also answered. The
//! exceptions lead back to `raised`, because somebody must look anew: a higher level, a shelf that ran out, and a closed
//! alarm that got worse.

use serde::{Deserialize, Serialize};
use throng_analytics::{level::Level, time::Timestamp};

use super::{
    refusal::Refusal,
    timers::{Timer, TimerName, timers},
};
use crate::{options::AnswerTimes, role::Role};

/// Longest shelf, minutes: sites take no longer one either.
pub(crate) const SHELF_MINUTES_MAX: f64 = 60.0;
/// Entries of a journal kept in full; an alarm of a day with an entry a minute. The audit trail has all of them.
const JOURNAL_MAX: usize = 1500;

/// How far people have come with an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Nobody has answered yet.
    #[default]
    Raised,
    /// Somebody has seen it.
    Acknowledged,
    /// Somebody is to deal with it.
    Assigned,
    /// Somebody is going there.
    OnTheWay,
    /// Somebody is there.
    Arrived,
    /// Something was done.
    MeasuresTaken,
    /// It is over, with a reason.
    Closed,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The account's name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
}

/// What somebody does to an alarm.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Has seen it.
    Acknowledge,
    /// Gives it to somebody.
    Assign {
        /// To whom.
        to: String,
    },
    /// Somebody is going there.
    OnTheWay,
    /// Somebody is there.
    Arrived,
    /// Something was done.
    Measures {
        /// What.
        text: String,
    },
    /// It is over.
    Close {
        /// Why, as a word: `resolved`, `false_alarm`, `drill` and so on.
        reason: String,
        /// In words.
        text: String,
    },
    /// Nobody wants to hear of it for a while.
    Shelve {
        /// How long, minutes.
        minutes: f64,
        /// Why.
        reason: String,
    },
    /// It is heard again.
    Unshelve,
    /// It is part of another alarm.
    Merge {
        /// The other's incident.
        into: String,
        /// The other's highest level so far.
        into_peak: Level,
    },
    /// A remark.
    Comment {
        /// The words.
        text: String,
    },
}

impl Action {
    /// Its name in the journal.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Assign { .. } => "assigned",
            Self::OnTheWay => "on_the_way",
            Self::Arrived => "arrived",
            Self::Measures { .. } => "measures_taken",
            Self::Close { .. } => "closed",
            Self::Shelve { .. } => "shelved",
            Self::Unshelve => "unshelved",
            Self::Merge { .. } => "merged",
            Self::Comment { .. } => "comment",
        }
    }

    /// Who may do it at least.
    pub(crate) const fn role(&self) -> Role {
        match self {
            Self::Shelve { .. } | Self::Unshelve | Self::Merge { .. } => Role::Commander,
            _ => Role::Operator,
        }
    }
}

/// A line of an alarm's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JournalEntry {
    /// When.
    pub(crate) at: Timestamp,
    /// Who: an account, or `system`.
    pub(crate) by: String,
    /// What, as a word.
    pub(crate) what: String,
    /// In words; may be empty.
    pub(crate) text: String,
}

/// What the site says of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// It is at this level.
    Level(Level),
    /// There is no data: the level is not known.
    Unknown,
    /// It is over as far as numbers go.
    Cleared,
}

/// What came of a step that the audit trail should know.
pub(crate) type Note = JournalEntry;

/// What people have done about an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Life {
    /// How far they have come.
    pub(crate) stage: Stage,
    /// When the console first heard of it.
    pub(crate) raised_at: Timestamp,
    /// Level now; absent: not known.
    #[serde(with = "crate::level_name::optional")]
    pub(crate) level: Option<Level>,
    /// Level last known.
    #[serde(with = "crate::level_name::plain")]
    pub(crate) last_level: Level,
    /// Highest level so far.
    #[serde(with = "crate::level_name::plain")]
    pub(crate) peak: Level,
    /// Who is to deal with it.
    pub(crate) assigned_to: Option<String>,
    /// Who answered, and whether anybody has since the level last rose.
    pub(crate) answered_by: Option<String>,
    /// Until when nobody wants to hear of it.
    pub(crate) shelved_until: Option<Timestamp>,
    /// The incident it is a part of.
    pub(crate) merged_into: Option<String>,
    /// Whether somebody higher up must look.
    pub(crate) escalated: bool,
    /// By when what must have happened.
    pub(crate) timers: Vec<Timer>,
    /// What happened, oldest first.
    pub(crate) journal: Vec<JournalEntry>,
    /// When it was closed.
    pub(crate) closed_at: Option<Timestamp>,
    /// Why.
    pub(crate) close_reason: Option<String>,
    /// Whether its zone was taken out of the site file: no data of it will come.
    #[serde(default)]
    pub(crate) is_unwatched: bool,
}

impl Life {
    /// An alarm that a site has just raised.
    pub(crate) fn raised(level: Level, at: Timestamp, times: &AnswerTimes) -> Self {
        let mut life = Self {
            stage: Stage::Raised,
            raised_at: at,
            level: Some(level),
            last_level: level,
            peak: level,
            assigned_to: None,
            answered_by: None,
            shelved_until: None,
            merged_into: None,
            escalated: false,
            timers: timers(level, at, times),
            journal: Vec::new(),
            closed_at: None,
            close_reason: None,
            is_unwatched: false,
        };
        life.note(at, "system", "raised", level.name());
        life
    }

    /// What the site says. Answers with what is new.
    pub(crate) fn hear(&mut self, telling: Telling, now: Timestamp, times: &AnswerTimes) -> Vec<Note> {
        let known = self.journal.len();
        match telling {
            Telling::Level(level) => self.reached(level, now, times),
            Telling::Unknown => {
                if self.level.take().is_some() && self.stage != Stage::Closed {
                    self.note(now, "system", "unknown", "there is no data any more");
                    // At yellow or above somebody must look with their own eyes.
                    self.escalated |= self.last_level >= Level::Yellow;
                    self.unshelve(now, "there is no data any more");
                }
            }
            Telling::Cleared => {
                let was = self.level.replace(Level::Normal);
                self.last_level = Level::Normal;
                if self.stage == Stage::Closed {
                } else if self.peak == Level::Blue {
                    // Blue asks for a second look, and the look found nothing.
                    self.note(now, "system", "cleared", "it went down by itself");
                    self.close(now, "system", "cleared", "it was never above blue and went down by itself");
                } else if was != Some(Level::Normal) {
                    self.note(now, "system", "cleared", "below all thresholds; people close it");
                }
            }
        }
        self.journal.get(known..).unwrap_or_default().to_vec()
    }

    /// Whether its zone is in the site file. One that was taken out is not safe: nobody knows. Answers with what is new.
    pub(crate) fn watch(&mut self, is_watched: bool, now: Timestamp) -> Vec<Note> {
        let known = self.journal.len();
        if self.stage == Stage::Closed || self.is_unwatched != is_watched {
            return Vec::new();
        }
        self.is_unwatched = !is_watched;
        if is_watched {
            self.note(now, "system", "watched", "the zone is in the site file again");
        } else {
            self.level = None;
            self.note(now, "system", "unwatched", "the zone was taken out: nobody measures it any more");
            self.escalated |= self.last_level >= Level::Yellow;
            self.unshelve(now, "nobody measures the zone any more");
        }
        self.journal.get(known..).unwrap_or_default().to_vec()
    }

    fn reached(&mut self, level: Level, now: Timestamp, times: &AnswerTimes) {
        let before = self.last_level;
        let was_unknown = self.level.replace(level).is_none();
        self.last_level = level;
        if self.stage == Stage::Closed {
            // Merged alarms live on in the other one.
            if level > before && self.merged_into.is_none() {
                self.closed_at = None;
                self.close_reason = None;
                self.raise_again(level, now, times, "reopened");
            }
            return;
        }
        if level > self.peak {
            self.peak = level;
            self.raise_again(level, now, times, "escalated");
        } else if level > before {
            self.raise_again(level, now, times, "escalated");
        } else if level < before {
            self.note(now, "system", "lowered", level.name());
        } else if was_unknown {
            self.note(now, "system", "restored", level.name());
        }
    }

    /// A level above the one that was answered must be answered itself.
    fn raise_again(&mut self, level: Level, now: Timestamp, times: &AnswerTimes, what: &str) {
        self.note(now, "system", what, level.name());
        self.peak = self.peak.max(level);
        self.unshelve(now, "the level rose");
        self.answered_by = None;
        if self.stage <= Stage::Acknowledged || self.stage == Stage::Closed {
            self.stage = Stage::Raised;
            self.assigned_to = None;
        }
        self.timers = timers(level, now, times);
        // Whoever was on the way or there before is so now.
        for timer in &mut self.timers {
            let reached = match timer.name {
                TimerName::Answer => false,
                TimerName::OnTheWay => self.stage >= Stage::OnTheWay,
                TimerName::Arrived => self.stage >= Stage::Arrived,
            };
            timer.met_at = reached.then_some(now);
        }
    }

    /// What the time has brought. Answers with what is new.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<Note> {
        let known = self.journal.len();
        if self.stage == Stage::Closed {
            return Vec::new();
        }
        if self.shelved_until.is_some_and(|until| now >= until) {
            self.unshelve(now, "its time has run out");
            self.stage = Stage::Raised;
            self.answered_by = None;
            self.escalated = true;
        }
        let missed: Vec<TimerName> = self
            .timers
            .iter_mut()
            .filter(|timer| !timer.missed && timer.met_at.is_none() && now >= timer.due_at)
            .map(|timer| {
                timer.missed = true;
                timer.name
            })
            .collect();
        for name in missed {
            self.escalated = true;
            self.note(now, "system", "missed", name.words());
        }
        self.journal.get(known..).unwrap_or_default().to_vec()
    }

    /// Why it cannot be closed by a commander now, if so. `is_fresh`: the zone's numbers are of this moment.
    pub(crate) fn close_blocked(&self, is_fresh: bool) -> Option<Refusal> {
        if self.stage == Stage::Closed {
            Some(Refusal::Closed)
        } else if self.peak < Level::Red {
            None
        } else if self.level == Some(Level::Red) {
            Some(Refusal::StillRed)
        } else if (self.level.is_none() || !is_fresh) && !self.is_unwatched {
            Some(Refusal::NeedsFreshData)
        } else {
            None
        }
    }

    /// What somebody does. `is_fresh`: the zone's numbers are of this moment. Answers with what is new.
    pub(crate) fn act(
        &mut self,
        action: &Action,
        by: &Actor,
        now: Timestamp,
        is_fresh: bool,
    ) -> Result<Vec<Note>, Refusal> {
        if self.stage == Stage::Closed {
            return Err(Refusal::Closed);
        }
        if by.role < action.role() {
            return Err(Refusal::NeedsCommander);
        }
        let known = self.journal.len();
        let name = by.name.as_str();
        match action {
            Action::Acknowledge => {
                if self.answered_by.is_some() {
                    return Err(Refusal::Answered);
                }
                self.advance(Stage::Acknowledged, by, now);
                self.note(now, name, action.name(), "");
            }
            Action::Assign { to } => {
                if self.stage > Stage::Assigned {
                    return Err(Refusal::FurtherOn);
                }
                self.advance(Stage::Assigned, by, now);
                self.assigned_to = Some(to.clone());
                self.note(now, name, action.name(), to);
            }
            Action::OnTheWay => self.forward(Stage::OnTheWay, action.name(), by, now, "")?,
            Action::Arrived => self.forward(Stage::Arrived, action.name(), by, now, "")?,
            Action::Measures { text } => {
                // Several measures may be taken one after another.
                self.advance(Stage::MeasuresTaken, by, now);
                self.note(now, name, action.name(), text);
            }
            Action::Close { reason, text } => {
                if self.peak == Level::Red && by.role < Role::Commander {
                    return Err(Refusal::NeedsCommander);
                }
                if let Some(refusal) = self.close_blocked(is_fresh) {
                    return Err(refusal);
                }
                self.close(now, name, reason, text);
            }
            Action::Shelve { minutes, reason } => {
                match self.level {
                    Some(Level::Red) => return Err(Refusal::RedIsNeverShelved),
                    None => return Err(Refusal::UnknownIsNeverShelved),
                    Some(_) => {}
                }
                if !(1.0..=SHELF_MINUTES_MAX).contains(minutes) {
                    return Err(Refusal::ShelfLength);
                }
                self.advance(Stage::Acknowledged, by, now);
                self.shelved_until = Some(now + minutes * 60.0);
                self.note(now, name, action.name(), &format!("{minutes} min: {reason}"));
            }
            Action::Unshelve => {
                self.shelved_until.take().ok_or(Refusal::NotShelved)?;
                self.note(now, name, action.name(), "");
            }
            Action::Merge { into, into_peak } => {
                if *into_peak < self.peak {
                    return Err(Refusal::MergeIntoLower);
                }
                self.note(now, name, action.name(), into);
                self.merged_into = Some(into.clone());
                self.close(now, name, "merged", into);
            }
            Action::Comment { text } => self.note(now, name, action.name(), text),
        }
        Ok(self.journal.get(known..).unwrap_or_default().to_vec())
    }

    fn forward(
        &mut self,
        to: Stage,
        what: &str,
        by: &Actor,
        now: Timestamp,
        text: &str,
    ) -> Result<(), Refusal> {
        if self.stage >= to {
            return Err(Refusal::FurtherOn);
        }
        self.advance(to, by, now);
        self.assigned_to.get_or_insert_with(|| by.name.clone());
        self.note(now, &by.name, what, text);
        Ok(())
    }

    /// Goes on to a stage, or stays where it is further on, and meets the times that this implies.
    fn advance(&mut self, to: Stage, by: &Actor, now: Timestamp) {
        self.stage = self.stage.max(to);
        self.answered_by.get_or_insert_with(|| by.name.clone());
        for timer in &mut self.timers {
            let implied = match timer.name {
                TimerName::Answer => Stage::Acknowledged,
                TimerName::OnTheWay => Stage::OnTheWay,
                TimerName::Arrived => Stage::Arrived,
            };
            if self.stage >= implied && timer.met_at.is_none() {
                timer.met_at = Some(now);
            }
        }
        // Looked after again: nothing that was due is still open.
        if self.timers.iter().all(|timer| timer.met_at.is_some() || !timer.missed) {
            self.escalated = false;
        }
    }

    fn unshelve(&mut self, now: Timestamp, why: &str) {
        if self.shelved_until.take().is_some() {
            self.note(now, "system", "unshelved", why);
        }
    }

    fn close(&mut self, now: Timestamp, by: &str, reason: &str, text: &str) {
        self.stage = Stage::Closed;
        self.closed_at = Some(now);
        self.close_reason = Some(reason.to_owned());
        self.shelved_until = None;
        self.escalated = false;
        let words = if text.is_empty() { reason.to_owned() } else { format!("{reason}: {text}") };
        self.note(now, by, "closed", &words);
    }

    fn note(&mut self, at: Timestamp, by: &str, what: &str, text: &str) {
        if self.journal.len() >= JOURNAL_MAX {
            // The beginning is worth more than the middle.
            self.journal.remove(JOURNAL_MAX / 2);
        }
        self.journal.push(JournalEntry {
            at,
            by: by.to_owned(),
            what: what.to_owned(),
            text: text.to_owned(),
        });
    }
}
