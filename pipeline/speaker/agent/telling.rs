//! What the agent tells: its state, and what became of each request.

use std::collections::{BTreeMap, VecDeque};

use throng_analytics::{
    time::Timestamp,
    wire::{Message, SpeakerCommand, SpeakerEnvelope, SpeakerOutcome, SpeakerReceipt, SpeakerState},
};

use crate::{
    config::speaker_plan::SpeakerPlan,
    publish::{Id, Outgoing, Topic},
};

/// Requests whose names are remembered for receipts.
const REMEMBERED_MAX: usize = 64;
/// Messages that wait to be taken; more are not kept.
const MESSAGES_MAX: usize = 1024;

/// Makes messages, each numbered on its key, and keeps them until they are taken.
pub(super) struct Telling {
    site: Id,
    speaker: Id,
    node: Id,
    config_sha256: String,
    is_drill: bool,
    asked: VecDeque<Asked>,
    messages: VecDeque<Outgoing>,
    next_seq: BTreeMap<Topic, u64>,
}

/// Who asked for what.
struct Asked {
    id: String,
    issuer: String,
    announcement: Option<String>,
    incident: Option<String>,
}

/// What became of a request.
pub(super) struct Outcome<'a> {
    /// The command that asked for it.
    pub(super) request: &'a str,
    /// Who gave it, where that is not remembered.
    pub(super) issuer: &'a str,
    pub(super) outcome: SpeakerOutcome,
    pub(super) reason: Option<String>,
    pub(super) heard_ratio: Option<f64>,
}

impl Telling {
    pub(super) fn new(plan: &SpeakerPlan, node: Id) -> Self {
        Self {
            site: plan.site_id.clone(),
            speaker: plan.id.clone(),
            node,
            config_sha256: plan.config_sha256.clone(),
            is_drill: plan.policy.is_drill,
            asked: VecDeque::new(),
            messages: VecDeque::new(),
            next_seq: BTreeMap::new(),
        }
    }

    /// Remembers who asked for what, for the receipts.
    pub(super) fn remember(&mut self, command: &SpeakerCommand) {
        if self.asked.len() >= REMEMBERED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked {
            id: command.command_id.clone(),
            issuer: command.issuer.clone(),
            announcement: command.announcement.clone(),
            incident: command.incident.clone(),
        });
    }

    /// Tells what became of a request.
    pub(super) fn receipt(&mut self, told: Outcome<'_>, now: Timestamp) {
        let topic = Topic::SpeakerReceipt(self.speaker.clone());
        let envelope = self.envelope::<SpeakerReceipt>(&topic, now);
        let asked = self.asked.iter().rfind(|asked| asked.id == told.request);
        let message = SpeakerReceipt {
            envelope,
            command_id: told.request.to_owned(),
            issuer: asked.map_or(told.issuer, |asked| &asked.issuer).to_owned(),
            outcome: told.outcome,
            reason: told.reason,
            announcement: asked.and_then(|asked| asked.announcement.clone()),
            incident: asked.and_then(|asked| asked.incident.clone()),
            heard_ratio: told.heard_ratio,
        };
        self.publish(topic, &message);
    }

    /// Tells the state that `fill` makes.
    pub(super) fn state(&mut self, now: Timestamp, fill: impl FnOnce(SpeakerEnvelope) -> SpeakerState) {
        let topic = Topic::SpeakerState(self.speaker.clone());
        let message = fill(self.envelope::<SpeakerState>(&topic, now));
        self.publish(topic, &message);
    }

    /// The messages that wait to be published.
    pub(super) fn take(&mut self) -> Vec<Outgoing> {
        self.messages.drain(..).collect()
    }

    fn publish<M: Message>(&mut self, topic: Topic, message: &M) {
        match Outgoing::message(topic, message) {
            Ok(outgoing) if self.messages.len() < MESSAGES_MAX => self.messages.push_back(outgoing),
            Ok(_) => {}
            Err(error) => tracing::error!("Message lost: {error:#}."),
        }
    }

    fn envelope<M: Message>(&mut self, topic: &Topic, now: Timestamp) -> SpeakerEnvelope {
        let next = self.next_seq.entry(topic.clone()).or_default();
        let seq = *next;
        *next += 1;
        SpeakerEnvelope {
            schema: M::SCHEMA.to_owned(),
            site: self.site.as_str().to_owned(),
            seq,
            published_at: now,
            node: self.node.as_str().to_owned(),
            config_sha256: self.config_sha256.clone(),
            drill: self.is_drill,
            speaker: self.speaker.as_str().to_owned(),
        }
    }
}
