//! The demonstration's loudspeaker: asked at orange, confirmed by a person, spoken into a file, and looked at whether it
//! helped. The agent is the real one; it lives by the film's clock, and so needs no bus.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Result;
use jiff::tz::TimeZone;
use throng_analytics::{
    level::Level,
    site::SiteReport,
    speaker::{Consent, Draw, Drill, Moment, Policy},
    time::Timestamp,
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome, SpeakerReceipt},
};
use uuid::Uuid;

use super::output;
use crate::{
    config::{
        plan::SpeakerRequestPlan,
        speaker_plan::{AnnouncementPlan, KeyPlan, OutputPlan, SpeakerPlan},
    },
    publish::{
        Id, Network, Outgoing, SpeakerHeard, Topic,
        signature::{CommandSigner, TrustedKey, generated_key},
    },
    speaker::{agent::Agent, dispatch::Dispatch, driver::driver, voice::plan_in},
};

/// Site time that the demonstration's officer takes to agree, seconds.
const OFFICER_TAKES_SECS: f64 = 4.0;
/// The announcement.
const ANNOUNCEMENT: &str = "do-not-crowd";

/// The loudspeaker of the demonstration.
pub struct DemoSpeaker {
    agent: Agent,
    dispatch: Dispatch,
    officer: CommandSigner,
    site: Id,
    waiting: Option<(String, Timestamp)>,
}

impl DemoSpeaker {
    /// A loudspeaker at a site, whose files go into a folder.
    ///
    /// # Errors
    /// No voice is installed, or the folder cannot be written.
    pub fn new(site: &Id, drill: bool, folder: &Path, now: Timestamp) -> Result<Self> {
        let id = Id::new("demo-pole")?;
        let (site_private, site_public) = generated_key()?;
        let (officer_private, officer_public) = generated_key()?;
        let trusted = |issuer: &str, pem: &str, is_person| -> Result<KeyPlan> {
            Ok(KeyPlan { key: TrustedKey::from_pem(issuer, pem)?, is_person })
        };
        let announcement = AnnouncementPlan {
            zh: Some("请不要拥挤，避免发生踩踏事故。".to_owned()),
            en: Some("Please do not crowd together, to avoid a stampede.".to_owned()),
            ..AnnouncementPlan::default()
        };
        let policy = Policy {
            consent: BTreeMap::from([(Level::Orange, Consent::Confirmed { people: 1, within_secs: 60.0 })]),
            announcements: BTreeMap::from([(ANNOUNCEMENT.to_owned(), Draw::Nowhere)]),
            stands_in: BTreeSet::new(),
            drill: Drill::WordFirst,
            ..Policy::default()
        };
        let plan = SpeakerPlan {
            site_id: site.clone(),
            id: id.clone(),
            time_zone: TimeZone::UTC,
            bus: Network::default(),
            armed_at_start: true,
            trail: folder.join("loudspeaker.trail"),
            mute_file: None,
            output: OutputPlan::File { folder: folder.join("announcements") },
            microphone: None,
            policy,
            sound: plan_in(&folder.join("announcements/cache")),
            announcements: BTreeMap::from([(ANNOUNCEMENT.to_owned(), announcement)]),
            keys: BTreeMap::from([
                ("site".to_owned(), trusted("site", &site_public, false)?),
                ("officer".to_owned(), trusted("duty officer", &officer_public, true)?),
            ]),
            config_sha256: String::new(),
        };
        let request = SpeakerRequestPlan {
            id,
            zones: None,
            orange: Some(ANNOUNCEMENT.to_owned()),
            red: None,
            times: 1,
        };
        let loudspeaker = driver(&plan.output);
        Ok(Self {
            agent: Agent::new(plan, Id::new("demo")?, loudspeaker, now)?,
            dispatch: Dispatch::of(
                site,
                drill,
                vec![request],
                CommandSigner::from_pem("site", "site", &site_private)?,
            ),
            officer: CommandSigner::from_pem("duty officer", "officer", &officer_private)?,
            site: site.clone(),
            waiting: None,
        })
    }

    /// Takes a step of the site.
    ///
    /// # Errors
    /// The audit trail cannot be written.
    pub fn step(&mut self, report: &SiteReport) -> Result<()> {
        let now = Moment { at: report.now, minute_of_day: 12 * 60 };
        for command in self.dispatch.step(report)? {
            self.agent.hear(&SpeakerHeard::Order(command.payload), now)?;
        }
        if let Some((request, since)) = self.waiting.take() {
            if now.at.secs_since(since) < OFFICER_TAKES_SECS {
                self.waiting = Some((request, since));
            } else {
                let order = self.confirmation(&request, now.at)?;
                self.agent.hear(&SpeakerHeard::Order(order.payload), now)?;
            }
        }
        self.agent.tick(now)?;
        for message in self.agent.take_messages() {
            if matches!(message.topic, Topic::SpeakerReceipt(_)) {
                self.receipt(serde_json::from_slice(&message.payload)?, now.at);
            }
        }
        for looked in self.dispatch.looked(now.at) {
            let figures = looked.effect.density_people_per_m2.map_or_else(String::new, |density| {
                format!(
                    ": {:.2} before, {:.2} people/m2 after, the difference within [{:+.2}, {:+.2}]",
                    density.before, density.after, density.difference_lo, density.difference_hi
                )
            });
            output::note(format!(
                "Loudspeaker: did it help? {:?}{figures}; advice: {:?}",
                looked.effect.verdict, looked.effect.advice
            ));
        }
        Ok(())
    }

    fn receipt(&mut self, receipt: SpeakerReceipt, now: Timestamp) {
        let reason = receipt.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        output::note(format!("Loudspeaker: {:?}{reason}", receipt.outcome));
        if receipt.outcome == SpeakerOutcome::AwaitingConfirmation && self.waiting.is_none() {
            self.waiting = Some((receipt.command_id.clone(), now));
        }
        if receipt.outcome == SpeakerOutcome::Started {
            self.waiting = None;
        }
        self.dispatch.receipt(receipt, now);
    }

    fn confirmation(&mut self, request: &str, now: Timestamp) -> Result<Outgoing> {
        let speaker = Id::new("demo-pole")?;
        let command = SpeakerCommand {
            refers_to: Some(request.to_owned()),
            ..SpeakerCommand::given(
                Uuid::now_v7().to_string(),
                self.site.as_str(),
                speaker.as_str(),
                SpeakerOrder::Confirm,
                now,
            )
        };
        Outgoing::message(Topic::SpeakerCommand(speaker), &self.officer.sign(command)?)
    }
}
