//! What is known of a loudspeaker.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use throng_analytics::{
    time::Timestamp,
    wire::{self, SpeakerOutcome},
};

use super::{Key, zone::SILENCE_SECS};

/// Receipts that are shown.
const RECEIPTS_MAX: usize = 20;
/// Announcements remembered by their command.
const COMMANDS_MAX: usize = 100;

/// What was heard of a loudspeaker.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpeakerRecord {
    pub(super) alive: Option<bool>,
    pub(crate) state: Option<Box<wire::SpeakerState>>,
    receipts: VecDeque<wire::SpeakerReceipt>,
    /// Announcement and incident of commands, by their id, as their receipts tell.
    commands: BTreeMap<String, (Option<String>, Option<String>)>,
    effect: Option<Box<wire::SpeakerEffect>>,
    heard_at: Option<Timestamp>,
    is_silent: bool,
}

impl SpeakerRecord {
    /// Answers with whether it says something new: it repeats itself every second.
    pub(super) fn heard_state(&mut self, state: Box<wire::SpeakerState>, now: Timestamp) -> bool {
        let is_new = self.state.as_ref().is_none_or(|before| {
            before.playing != state.playing
                || before.awaiting_confirmation != state.awaiting_confirmation
                || before.armed != state.armed
                || before.muted != state.muted
                || before.reachable != state.reachable
        });
        self.state = Some(state);
        self.heard_at = Some(now);
        self.is_silent = false;
        is_new
    }

    /// Always new.
    pub(super) fn heard_receipt(&mut self, receipt: wire::SpeakerReceipt) -> bool {
        if self.commands.len() >= COMMANDS_MAX {
            // Ids sort by time (UUIDv7): the first is the oldest.
            self.commands.pop_first();
        }
        self.commands
            .insert(receipt.command_id.clone(), (receipt.announcement.clone(), receipt.incident.clone()));
        self.receipts.push_front(receipt);
        self.receipts.truncate(RECEIPTS_MAX);
        true
    }

    /// Always new.
    pub(super) fn heard_effect(&mut self, effect: Box<wire::SpeakerEffect>) -> bool {
        self.effect = Some(effect);
        true
    }

    /// Whether this is the moment at which it fell silent.
    pub(super) fn fell_silent(&mut self, now: Timestamp) -> bool {
        let is_silent = self.heard_at.is_some_and(|at| now.secs_since(at) > SILENCE_SECS);
        is_silent && !std::mem::replace(&mut self.is_silent, true)
    }

    /// Whether it can be spoken to.
    pub(crate) fn is_up(&self, now: Timestamp) -> bool {
        self.alive != Some(false)
            && self.heard_at.is_some_and(|at| now.secs_since(at) <= SILENCE_SECS)
            && self.state.as_ref().is_some_and(|state| state.reachable != Some(false))
    }

    pub(super) fn view<'a>(&'a self, (site, id): &'a Key, now: Timestamp) -> SpeakerView<'a> {
        let is_heard = self.heard_at.is_some_and(|at| now.secs_since(at) <= SILENCE_SECS);
        let alive = self.alive != Some(false) && is_heard;
        let state = self.state.as_deref();
        let word = match state {
            _ if !alive => "lost",
            Some(state) if state.reachable == Some(false) => "unreachable",
            Some(state) if state.playing.is_some() => "speaking",
            Some(state) if state.muted == Some(true) => "muted",
            Some(state) if !state.armed => "disarmed",
            _ => "idle",
        };
        let pending = state.filter(|_| alive).map(|state| state.awaiting_confirmation.as_slice());
        SpeakerView {
            site,
            id,
            alive,
            state: word,
            detail: state.and_then(|state| state.last_error.as_deref()),
            playing: state.and_then(|state| state.playing.as_deref()).filter(|_| alive),
            pending: pending.unwrap_or_default().iter().map(|command| self.pending(command)).collect(),
            receipts: self.receipts.iter().collect(),
            effect: self.effect.as_deref(),
            announcements: state.map(|state| state.announcements.as_slice()).unwrap_or_default(),
            last_played_at: state.and_then(|state| state.last_played_at),
            drill: state.is_some_and(|state| state.envelope.drill),
        }
    }

    fn pending<'a>(&'a self, command_id: &'a str) -> Pending<'a> {
        let known = self.commands.get(command_id);
        let asked = self.receipts.iter().find(|receipt| {
            receipt.command_id == command_id && receipt.outcome == SpeakerOutcome::AwaitingConfirmation
        });
        Pending {
            command_id,
            announcement: known.and_then(|(announcement, _)| announcement.as_deref()),
            incident: known.and_then(|(_, incident)| incident.as_deref()),
            needs: asked.and_then(|receipt| receipt.reason.as_deref()),
            asked_at: asked.map(|receipt| receipt.envelope.published_at),
            by: asked.map(|receipt| receipt.issuer.as_str()),
        }
    }
}

/// A command that waits for people.
#[derive(Debug, Serialize)]
struct Pending<'a> {
    command_id: &'a str,
    announcement: Option<&'a str>,
    incident: Option<&'a str>,
    needs: Option<&'a str>,
    asked_at: Option<Timestamp>,
    by: Option<&'a str>,
}

/// A loudspeaker in the pages' words.
#[derive(Debug, Serialize)]
pub(super) struct SpeakerView<'a> {
    site: &'a str,
    id: &'a str,
    alive: bool,
    state: &'static str,
    detail: Option<&'a str>,
    playing: Option<&'a str>,
    pending: Vec<Pending<'a>>,
    receipts: Vec<&'a wire::SpeakerReceipt>,
    effect: Option<&'a wire::SpeakerEffect>,
    /// Names of what it may say.
    announcements: &'a [String],
    last_played_at: Option<Timestamp>,
    drill: bool,
}
