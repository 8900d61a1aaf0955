//! The agent of one loudspeaker: orders in, sound and messages out. It waits for nothing: neither the network nor the
//! amplifier can hold up an abort.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
};

use anyhow::{Context, Result};
use crossbeam::channel::{Receiver, TryRecvError, bounded};
use serde_json::json;
use throng_analytics::{
    speaker::{Action, Authority, Drill, Interlock, Moment, Order, Receipt, Request, Say, What},
    time::Timestamp,
    wire::{
        Message, SpeakerCommand, SpeakerEnvelope, SpeakerOrder, SpeakerOutcome, SpeakerReceipt, SpeakerState,
    },
};

use super::{
    contract::{outcome, what},
    driver::{Driver, Playback},
    heard,
    microphone::Microphone,
    trail::Trail,
    voice::{Clip, Voice, free_text},
};
use crate::{
    config::speaker_plan::SpeakerPlan,
    publish::{Id, Outgoing, SpeakerHeard, Topic, signature::CommandVerifier},
    stream::microphone::Recording,
};

/// How often the state is told without a change, seconds.
const STATE_EVERY_SECS: f64 = 1.0;
/// How often refused messages are logged, seconds.
const REFUSED_EVERY_SECS: f64 = 60.0;
/// Requests whose names are remembered for receipts.
const REMEMBERED_MAX: usize = 64;
/// Messages that wait to be taken; more are not kept.
const MESSAGES_MAX: usize = 1024;

/// The agent.
pub struct Agent {
    plan: SpeakerPlan,
    node: Id,
    interlock: Interlock,
    verifier: CommandVerifier,
    trail: Trail,
    voice: Voice,
    clips: BTreeMap<(String, bool), Clip>,
    driver: Box<dyn Driver>,
    job: Option<Job>,
    microphone: Microphone,
    requests: VecDeque<Asked>,
    messages: VecDeque<Outgoing>,
    next_seq: BTreeMap<Topic, u64>,
    told_at: Option<Timestamp>,
    refused: u64,
    refused_logged: Option<(Timestamp, u64)>,
    last_played_at: Option<Timestamp>,
    last_error: Option<String>,
}

/// Who asked for what.
struct Asked {
    id: String,
    issuer: String,
    announcement: Option<String>,
    incident: Option<String>,
}

/// What is being played.
struct Job {
    times_left: u32,
    stage: JobStage,
    recording: Option<Recording>,
}

enum JobStage {
    /// Free text is being spoken into a file.
    Rendering(Receiver<Result<Clip>>),
    Playing(Clip, Box<dyn Playback>),
}

impl Agent {
    /// Opens the trail and makes every announcement, so that nothing has to be made later.
    ///
    /// # Errors
    /// The trail cannot be written, or an announcement cannot be made.
    pub fn new(plan: SpeakerPlan, node: Id, driver: Box<dyn Driver>, now: Timestamp) -> Result<Self> {
        let (mut trail, checked) = Trail::open(&plan.trail, now)?;
        let voice = Voice::new(plan.sound.clone());
        let mut clips = BTreeMap::new();
        for (id, announcement) in &plan.announcements {
            clips.insert((id.clone(), false), voice.clip(id, announcement, false)?);
            if plan.policy.drill == Drill::WordFirst {
                clips.insert((id.clone(), true), voice.clip(id, announcement, true)?);
            }
        }
        let trusted = plan.keys.iter().map(|(id, key)| (id.clone(), key.key.clone())).collect();
        let verifier = CommandVerifier::new(plan.site_id.clone(), plan.id.clone(), trusted);
        let microphone = Microphone::new(plan.microphone.clone());
        let interlock = Interlock::new(plan.policy.clone(), plan.armed_at_start, checked.last_sequence);
        let start =
            json!({ "node": node, "config_sha256": plan.config_sha256, "armed": plan.armed_at_start });
        trail.append(now, "start", start)?;
        Ok(Self {
            plan,
            node,
            interlock,
            verifier,
            trail,
            voice,
            clips,
            driver,
            job: None,
            microphone,
            requests: VecDeque::new(),
            messages: VecDeque::new(),
            next_seq: BTreeMap::new(),
            told_at: None,
            refused: 0,
            refused_logged: None,
            last_played_at: None,
            last_error: None,
        })
    }

    /// Takes what was heard on the bus.
    ///
    /// # Errors
    /// The audit trail cannot be written. Nothing may be said that is not in it.
    pub fn hear(&mut self, heard: &SpeakerHeard, now: Moment) -> Result<()> {
        match heard {
            SpeakerHeard::Order(payload) => match self.verifier.authentic(payload) {
                Ok(known) => self.order(&known.command, &known.key_id, now),
                Err(error) => {
                    self.refuse(1, now.at, &error.to_string());
                    Ok(())
                }
            },
            SpeakerHeard::Receipt(payload) => {
                if let Ok(receipt) = serde_json::from_slice::<SpeakerReceipt>(payload) {
                    let speaks = receipt.outcome == SpeakerOutcome::Started;
                    let says_nothing_of_it = matches!(
                        receipt.outcome,
                        SpeakerOutcome::Accepted
                            | SpeakerOutcome::AwaitingConfirmation
                            | SpeakerOutcome::Refused
                            | SpeakerOutcome::Heard
                            | SpeakerOutcome::NotHeard
                    );
                    if !says_nothing_of_it {
                        self.interlock.heard_elsewhere(
                            &receipt.envelope.speaker,
                            receipt.incident.as_deref(),
                            speaks,
                        );
                    }
                }
                Ok(())
            }
            SpeakerHeard::Gone(speaker) => {
                self.interlock.heard_elsewhere(speaker.as_str(), None, false);
                Ok(())
            }
        }
    }

    /// Counts messages that were refused before they came here.
    pub fn refuse(&mut self, count: u64, now: Timestamp, why: &str) {
        self.refused += count;
        let (logged_at, logged) = self.refused_logged.unwrap_or((now - 2.0 * REFUSED_EVERY_SECS, 0));
        if now.secs_since(logged_at) >= REFUSED_EVERY_SECS {
            tracing::warn!(refused = self.refused - logged, "Order refused: {why}.");
            self.refused_logged = Some((now, self.refused));
        }
    }

    /// The mute switch.
    ///
    /// # Errors
    /// The audit trail cannot be written.
    pub fn mute(&mut self, is_muted: bool, now: Moment) -> Result<()> {
        if is_muted == self.interlock.is_muted() {
            return Ok(());
        }
        let actions = self.interlock.mute(is_muted, now.at);
        self.perform(actions, None, now, Some(("mute", json!({ "muted": is_muted }))))
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// The audit trail cannot be written.
    pub fn tick(&mut self, now: Moment) -> Result<()> {
        let actions = self.interlock.tick(now);
        if !actions.is_empty() {
            self.perform(actions, None, now, None)?;
        }
        self.tell_heard(now.at);
        match self.follow() {
            Ok(false) => {}
            Ok(true) => {
                self.last_played_at = Some(now.at);
                let actions = self.interlock.finished(now.at);
                self.perform(actions, None, now, None)?;
            }
            Err(error) => self.fail(&error, now)?,
        }
        if self.told_at.is_none_or(|at| now.at.secs_since(at) >= STATE_EVERY_SECS) {
            self.tell_state(now.at);
        }
        Ok(())
    }

    /// The messages that wait to be published.
    pub fn take_messages(&mut self) -> Vec<Outgoing> {
        self.messages.drain(..).collect()
    }

    /// Whether it may speak.
    pub fn is_armed(&self) -> bool {
        self.interlock.is_armed()
    }

    /// Falls silent for good.
    pub fn stop(&mut self) {
        self.silence();
    }

    fn order(&mut self, command: &SpeakerCommand, key_id: &str, now: Moment) -> Result<()> {
        let is_person = self.plan.keys.get(key_id).is_some_and(|key| key.is_person);
        let Some(what) = what(command) else {
            self.refuse(1, now.at, "the order says neither what nor about what");
            return Ok(());
        };
        let authority = Authority {
            signer: key_id.to_owned(),
            is_person,
            sequence: command.seq,
            issued_at: command.issued_at,
            expires_at: command.expires_at,
        };
        if matches!(what, What::Say(_)) {
            if self.requests.len() >= REMEMBERED_MAX {
                self.requests.pop_front();
            }
            self.requests.push_back(Asked {
                id: command.command_id.clone(),
                issuer: command.issuer.clone(),
                announcement: command.announcement.clone(),
                incident: command.incident.clone(),
            });
        }
        let actions = self.interlock.order(&Order { authority, what }, now);
        let entry = json!({
            "signer": key_id,
            "sequence": command.seq,
            "issuer": command.issuer,
            "command": command,
        });
        self.perform(actions, Some(command), now, Some(("order", entry)))
    }

    /// Does what the interlock says: silence first, then the trail, then sound.
    fn perform(
        &mut self,
        actions: Vec<Action>,
        command: Option<&SpeakerCommand>,
        now: Moment,
        entry: Option<(&str, serde_json::Value)>,
    ) -> Result<()> {
        if actions.contains(&Action::Stop) {
            self.silence();
        }
        if let Some((event, details)) = entry {
            self.trail.append(now.at, event, details)?;
        }
        if let Some(command) = command.filter(|command| command.order == SpeakerOrder::Abort) {
            self.tell(
                &command.command_id,
                &command.issuer,
                SpeakerOutcome::Accepted,
                Some("silent".to_owned()),
                now.at,
            );
        }
        let mut failed = None;
        for action in actions {
            match action {
                Action::Stop => {}
                Action::Tell(receipt) => {
                    let details =
                        json!({ "request": receipt.request, "stage": format!("{:?}", receipt.stage) });
                    self.trail.append(now.at, "receipt", details)?;
                    self.receipt(&receipt, command);
                }
                Action::Play { request, drill_first } => {
                    if let Err(error) = self.play(&request, drill_first) {
                        failed = Some(error);
                    }
                }
            }
        }
        self.tell_state(now.at);
        failed.map_or(Ok(()), |error| self.fail(&error, now))
    }

    fn fail(&mut self, error: &anyhow::Error, now: Moment) -> Result<()> {
        let why = format!("{error:#}");
        tracing::error!("Announcement failed: {why}.");
        self.silence();
        self.last_error = Some(why.clone());
        let actions = self.interlock.failed(&why, now.at);
        if actions.is_empty() { Ok(()) } else { self.perform(actions, None, now, None) }
    }

    fn play(&mut self, request: &Request, drill_first: bool) -> Result<()> {
        let mut recording = None;
        let stage = match &request.say {
            Say::Announcement(id) => {
                let clip = self.clips.get(&(id.clone(), drill_first)).cloned();
                let clip = clip.with_context(|| format!("the announcement {id:?} was not made"))?;
                // One that fails keeps nothing from being said.
                let begun = self.microphone.record();
                recording = begun
                    .inspect_err(|error| self.last_error = Some(format!("the microphone: {error:#}")))
                    .unwrap_or_default();
                let playback = self.driver.start(&clip)?;
                JobStage::Playing(clip, playback)
            }
            Say::Text(text) => {
                let (voice, text) = (self.voice.clone(), text.clone());
                let (tell, made) = bounded(1);
                let work = move || {
                    // Nobody listens any more after an abort.
                    tell.send(voice.clip("", &free_text(&text), drill_first)).ok();
                };
                std::thread::Builder::new().name("voice".to_owned()).spawn(work)?;
                JobStage::Rendering(made)
            }
        };
        self.job = Some(Job { times_left: request.times.max(1) - 1, stage, recording });
        Ok(())
    }

    /// Tells what the microphone heard.
    fn tell_heard(&mut self, now: Timestamp) {
        for (request, heard) in self.microphone.compared() {
            match heard {
                Err(error) => self.last_error = Some(format!("the microphone: {error:#}")),
                Ok(ratio) => {
                    let (outcome, reason) = if ratio >= heard::HEARD_MIN {
                        (SpeakerOutcome::Heard, None)
                    } else {
                        let why = "the microphone did not recognise it; look whether the amplifier is on";
                        (SpeakerOutcome::NotHeard, Some(why.to_owned()))
                    };
                    tracing::info!(command = request, "{outcome:?}, agreement {ratio:.2}.");
                    self.tell_with(&request, "", outcome, reason, Some(ratio), now);
                }
            }
        }
    }

    /// Looks at what plays; whether it has come to its end.
    fn follow(&mut self) -> Result<bool> {
        let Some(job) = &mut self.job else { return Ok(false) };
        match &mut job.stage {
            JobStage::Rendering(made) => match made.try_recv() {
                Ok(clip) => {
                    let clip = clip?;
                    let playback = self.driver.start(&clip)?;
                    job.stage = JobStage::Playing(clip, playback);
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => anyhow::bail!("the voice broke off"),
            },
            JobStage::Playing(clip, playback) => {
                if !playback.has_ended()? {
                    return Ok(false);
                }
                // Once is enough to know whether it sounds.
                let recorded = job.recording.take().map(|recording| (clip.clone(), recording));
                let is_over = job.times_left == 0;
                if is_over {
                    self.job = None;
                } else {
                    job.times_left -= 1;
                    *playback = self.driver.start(clip)?;
                }
                let request = self.interlock.speaking().map(|speaking| speaking.request.id.clone());
                if let Some((request, (clip, recording))) = request.zip(recorded) {
                    self.microphone.compare(request, clip, recording);
                }
                return Ok(is_over);
            }
        }
        Ok(false)
    }

    fn silence(&mut self) {
        if let Some(Job { stage: JobStage::Playing(_, mut playback), .. }) = self.job.take() {
            playback.stop();
        }
    }

    /// Tells what became of a request. What the interlock says of no request is about the command itself.
    fn receipt(&mut self, receipt: &Receipt, command: Option<&SpeakerCommand>) {
        let (outcome, reason) = outcome(&receipt.stage);
        let issuer = command.map_or("", |command| command.issuer.as_str()).to_owned();
        let own = command.map(|command| command.command_id.clone()).unwrap_or_default();
        let request = if receipt.request.is_empty() { own } else { receipt.request.clone() };
        tracing::info!(
            command = request,
            "{outcome:?}{}.",
            reason.as_ref().map_or(String::new(), |r| format!(": {r}"))
        );
        self.tell(&request, &issuer, outcome, reason, receipt.at);
    }

    fn tell(
        &mut self,
        request: &str,
        issuer: &str,
        outcome: SpeakerOutcome,
        reason: Option<String>,
        now: Timestamp,
    ) {
        self.tell_with(request, issuer, outcome, reason, None, now);
    }

    fn tell_with(
        &mut self,
        request: &str,
        issuer: &str,
        outcome: SpeakerOutcome,
        reason: Option<String>,
        heard_ratio: Option<f64>,
        now: Timestamp,
    ) {
        let topic = Topic::SpeakerReceipt(self.plan.id.clone());
        let envelope = self.envelope::<SpeakerReceipt>(&topic, now);
        let asked = self.requests.iter().rfind(|asked| asked.id == request);
        let message = SpeakerReceipt {
            envelope,
            command_id: request.to_owned(),
            issuer: asked.map_or(issuer, |asked| &asked.issuer).to_owned(),
            outcome,
            reason,
            announcement: asked.and_then(|asked| asked.announcement.clone()),
            incident: asked.and_then(|asked| asked.incident.clone()),
            heard_ratio,
        };
        self.publish(topic, &message);
    }

    fn tell_state(&mut self, now: Timestamp) {
        self.told_at = Some(now);
        let topic = Topic::SpeakerState(self.plan.id.clone());
        let envelope = self.envelope::<SpeakerState>(&topic, now);
        let message = SpeakerState {
            envelope,
            armed: self.interlock.is_armed(),
            muted: self.plan.mute_file.is_some().then(|| self.interlock.is_muted()),
            reachable: None,
            playing: self.interlock.speaking().map(|speaking| speaking.request.id.clone()),
            awaiting_confirmation: self
                .interlock
                .waiting()
                .map(|waiting| waiting.request.id.clone())
                .into_iter()
                .collect(),
            announcements: self.plan.announcements.keys().cloned().collect(),
            last_played_at: self.last_played_at,
            refused: self.refused,
            trail_sha256: Some(self.trail.hash().to_owned()),
            last_error: self.last_error.clone(),
        };
        self.publish(topic, &message);
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
            site: self.plan.site_id.as_str().to_owned(),
            seq,
            published_at: now,
            node: self.node.as_str().to_owned(),
            config_sha256: self.plan.config_sha256.clone(),
            drill: self.plan.policy.is_drill,
            speaker: self.plan.id.as_str().to_owned(),
        }
    }
}

/// Whether the mute switch is on. A switch that cannot be read counts as on: silence is the safe side.
pub fn is_muted(file: &Path) -> bool {
    std::fs::read_to_string(file).map_or(true, |text| text.trim_start().starts_with('1'))
}
