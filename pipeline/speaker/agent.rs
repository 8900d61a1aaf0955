//! The agent of one loudspeaker: orders in, sound and messages out. It waits for nothing: neither the network nor the
//! amplifier can hold up an abort.

mod output;
mod telling;

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use throng_analytics::{
    speaker::{Action, Authority, Interlock, Moment, Order, Receipt, What},
    time::Timestamp,
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome, SpeakerReceipt, SpeakerState},
};

use self::{
    output::Output,
    telling::{Outcome, Telling},
};
use super::{
    contract::{outcome, what},
    driver::Driver,
    heard,
    trail::Trail,
};
use crate::{
    config::speaker_plan::SpeakerPlan,
    publish::{Id, Outgoing, SpeakerHeard, signature::CommandVerifier},
};

/// How often the state is told without a change, seconds.
const STATE_EVERY_SECS: f64 = 1.0;
/// How often refused messages are logged, seconds.
const REFUSED_EVERY_SECS: f64 = 60.0;

/// The agent.
pub struct Agent {
    plan: SpeakerPlan,
    interlock: Interlock,
    verifier: CommandVerifier,
    trail: Trail,
    output: Output,
    telling: Telling,
    told_at: Option<Timestamp>,
    refused: u64,
    refused_logged: Option<(Timestamp, u64)>,
    last_played_at: Option<Timestamp>,
}

impl Agent {
    /// Opens the trail and makes every announcement, so that nothing has to be made later.
    ///
    /// # Errors
    /// The trail cannot be written, or an announcement cannot be made.
    pub fn new(plan: SpeakerPlan, node: Id, driver: Box<dyn Driver>, now: Timestamp) -> Result<Self> {
        let (mut trail, checked) = Trail::open(&plan.trail, now)?;
        let output = Output::new(&plan, driver)?;
        let trusted = plan.keys.iter().map(|(id, key)| (id.clone(), key.key.clone())).collect();
        let verifier = CommandVerifier::new(plan.site_id.clone(), plan.id.clone(), trusted);
        let interlock = Interlock::new(plan.policy.clone(), plan.armed_at_start, checked.last_sequence);
        let start =
            json!({ "node": node, "config_sha256": plan.config_sha256, "armed": plan.armed_at_start });
        trail.append(now, "start", start)?;
        Ok(Self {
            telling: Telling::new(&plan, node),
            plan,
            interlock,
            verifier,
            trail,
            output,
            told_at: None,
            refused: 0,
            refused_logged: None,
            last_played_at: None,
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
        match self.output.follow() {
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
        self.telling.take()
    }

    /// Whether it may speak.
    pub fn is_armed(&self) -> bool {
        self.interlock.is_armed()
    }

    /// Falls silent for good.
    pub fn stop(&mut self) {
        self.output.silence();
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
            self.telling.remember(command);
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
            self.output.silence();
        }
        if let Some((event, details)) = entry {
            self.trail.append(now.at, event, details)?;
        }
        if let Some(command) = command.filter(|command| command.order == SpeakerOrder::Abort) {
            let (outcome, reason) = (SpeakerOutcome::Accepted, Some("silent".to_owned()));
            let (request, issuer) = (&command.command_id, &command.issuer);
            self.telling.receipt(Outcome { request, issuer, outcome, reason, heard_ratio: None }, now.at);
        }
        let mut failed = None;
        for action in actions {
            match action {
                Action::Stop => {}
                Action::Tell(receipt) => {
                    let details =
                        json!({ "request": receipt.request, "stage": format!("{:?}", receipt.stage) });
                    self.trail.append(now.at, "receipt", details)?;
                    self.tell(&receipt, command);
                }
                Action::Play { request, drill_first } => {
                    if let Err(error) = self.output.play(&request, drill_first) {
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
        self.output.silence();
        self.output.last_error = Some(why.clone());
        let actions = self.interlock.failed(&why, now.at);
        if actions.is_empty() { Ok(()) } else { self.perform(actions, None, now, None) }
    }

    /// Tells what became of a request. What the interlock says of no request is about the command itself.
    fn tell(&mut self, receipt: &Receipt, command: Option<&SpeakerCommand>) {
        let (outcome, reason) = outcome(&receipt.stage);
        let (own, issuer) =
            command.map_or(("", ""), |command| (command.command_id.as_str(), command.issuer.as_str()));
        let request = if receipt.request.is_empty() { own } else { receipt.request.as_str() };
        tracing::info!(
            command = request,
            "{outcome:?}{}.",
            reason.as_ref().map_or(String::new(), |r| format!(": {r}"))
        );
        self.telling.receipt(Outcome { request, issuer, outcome, reason, heard_ratio: None }, receipt.at);
    }

    /// Tells what the microphone heard.
    fn tell_heard(&mut self, now: Timestamp) {
        for (request, ratio) in self.output.heard() {
            let (outcome, reason) = if ratio >= heard::HEARD_MIN {
                (SpeakerOutcome::Heard, None)
            } else {
                let why = "the microphone did not recognise it; look whether the amplifier is on";
                (SpeakerOutcome::NotHeard, Some(why.to_owned()))
            };
            tracing::info!(command = request, "{outcome:?}, agreement {ratio:.2}.");
            let (request, heard_ratio) = (&request, Some(ratio));
            self.telling.receipt(Outcome { request, issuer: "", outcome, reason, heard_ratio }, now);
        }
    }

    fn tell_state(&mut self, now: Timestamp) {
        self.told_at = Some(now);
        let Self { plan, interlock, output, trail, .. } = self;
        self.telling.state(now, |envelope| SpeakerState {
            envelope,
            armed: interlock.is_armed(),
            muted: plan.mute_file.is_some().then(|| interlock.is_muted()),
            reachable: None,
            playing: interlock.speaking().map(|speaking| speaking.request.id.clone()),
            awaiting_confirmation: interlock
                .waiting()
                .map(|waiting| waiting.request.id.clone())
                .into_iter()
                .collect(),
            announcements: plan.announcements.keys().cloned().collect(),
            last_played_at: self.last_played_at,
            refused: self.refused,
            trail_sha256: Some(trail.hash().to_owned()),
            last_error: output.last_error.clone(),
        });
    }
}

/// Whether the mute switch is on. A switch that cannot be read counts as on: silence is the safe side.
pub fn is_muted(file: &Path) -> bool {
    std::fs::read_to_string(file).map_or(true, |text| text.trim_start().starts_with('1'))
}
