//! The demonstration's loudspeaker: asked at orange, confirmed by a person, spoken into a file, and looked at whether it
//! helped. The agent is the real one.
//!
//! Where footage keeps its own speed the loudspeaker is on the bus, as a real one is, and officers at a console confirm
//! ([`on_bus`]). Footage that is read fast has a clock of its own, which no bus knows: then the agent lives by it
//! ([`by_film`]).

pub mod by_film;
pub mod on_bus;

use std::{
    collections::BTreeMap, fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path,
};

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use throng_analytics::{
    speaker::{
        Draw, Drill, Policy,
        effect::{Advice, Comparison, Verdict},
    },
    time::Timestamp,
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome, SpeakerReceipt},
};
use uuid::Uuid;

use super::output;
use crate::{
    config::{
        plan::{SpeakerKeyPlan, SpeakerRequestPlan},
        speaker_plan::{AnnouncementPlan, KeyPlan, OutputPlan, SpeakerPlan},
    },
    publish::{
        Id, Network, Outgoing, Topic,
        signature::{CommandSigner, TrustedKey, generated_key},
    },
    speaker::voice::plan_in,
};

/// The loudspeaker.
const SPEAKER: &str = "demo-pole";
/// The announcement.
const ANNOUNCEMENT: &str = "do-not-crowd";

/// A pair of keys: whose, and whether a person holds it.
pub struct DemoKey {
    /// Its name, and that of whoever holds it.
    id: &'static str,
    is_person: bool,
    private_pem: String,
    public_pem: String,
}

/// The keys of the demonstration, made anew at each start.
pub struct DemoKeys {
    /// The site's, which only asks.
    pub site: DemoKey,
    /// That of the officers at a console.
    pub room: DemoKey,
    /// That of the demonstration's own officer, who agrees where nobody else does.
    pub stand_in: DemoKey,
}

impl DemoKey {
    fn new(id: &'static str, is_person: bool) -> Result<Self> {
        let (private_pem, public_pem) = generated_key()?;
        Ok(Self { id, is_person, private_pem, public_pem })
    }

    fn signer(&self) -> Result<CommandSigner> {
        CommandSigner::from_pem(self.id, self.id, &self.private_pem)
    }

    /// The key as those who sign with it in another place read it: a file in a folder, for its owner's eyes only.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn kept_in(&self, folder: &Path) -> Result<SpeakerKeyPlan> {
        let file = folder.join(format!("{}.pem", self.id));
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&file);
        opened
            .and_then(|mut opened| opened.write_all(self.private_pem.as_bytes()))
            .with_context(|| format!("cannot write the key {}", file.display()))?;
        Ok(SpeakerKeyPlan { file, id: self.id.to_owned(), issuer: self.id.to_owned() })
    }

    fn trusted(&self) -> Result<(String, KeyPlan)> {
        let key = TrustedKey::from_pem(self.id, &self.public_pem)?;
        Ok((self.id.to_owned(), KeyPlan { key, is_person: self.is_person }))
    }
}

impl DemoKeys {
    /// Makes all of them.
    ///
    /// # Errors
    /// A key cannot be written as PEM.
    pub fn new() -> Result<Self> {
        Ok(Self {
            site: DemoKey::new("site", false)?,
            room: DemoKey::new("room", true)?,
            stand_in: DemoKey::new("stand-in", true)?,
        })
    }
}

/// What a site asks of the loudspeaker: the same words at orange and red, for every zone.
fn request() -> Result<SpeakerRequestPlan> {
    let words = Some(ANNOUNCEMENT.to_owned());
    Ok(SpeakerRequestPlan {
        id: Id::new(SPEAKER)?,
        position_m: None,
        zones: None,
        orange: words.clone(),
        red: words,
        times: 1,
    })
}

/// The loudspeaker of a site, whose files go into a folder. One person must agree, within a minute.
fn speaker_plan(site: &Id, bus: Network, keys: &DemoKeys, folder: &Path) -> Result<SpeakerPlan> {
    let announcement = AnnouncementPlan {
        zh: Some("请不要拥挤，避免发生踩踏事故。".to_owned()),
        en: Some("Please do not crowd together, to avoid a stampede.".to_owned()),
        ..AnnouncementPlan::default()
    };
    let policy = Policy {
        announcements: BTreeMap::from([(ANNOUNCEMENT.to_owned(), Draw::Nowhere)]),
        drill: Drill::WordFirst,
        ..Policy::default()
    };
    Ok(SpeakerPlan {
        site_id: site.clone(),
        id: Id::new(SPEAKER)?,
        time_zone: TimeZone::UTC,
        bus,
        armed_at_start: true,
        trail: folder.join("loudspeaker.trail"),
        mute_file: None,
        output: OutputPlan::File { folder: folder.join("announcements") },
        microphone: None,
        policy,
        sound: plan_in(&folder.join("announcements/cache")),
        announcements: BTreeMap::from([(ANNOUNCEMENT.to_owned(), announcement)]),
        keys: [&keys.site, &keys.room, &keys.stand_in]
            .map(DemoKey::trusted)
            .into_iter()
            .collect::<Result<_>>()?,
        config_sha256: String::new(),
    })
}

/// The demonstration's own officer: agrees where nobody else has after a while.
struct StandIn {
    site: Id,
    signer: CommandSigner,
    takes_secs: f64,
    /// What waits for somebody's word, and since when.
    waiting: Option<(String, Timestamp)>,
}

impl StandIn {
    fn new(site: &Id, keys: &DemoKeys, takes_secs: f64) -> Result<Self> {
        Ok(Self { site: site.clone(), signer: keys.stand_in.signer()?, takes_secs, waiting: None })
    }

    /// Takes in what became of a request.
    fn hear(&mut self, receipt: &SpeakerReceipt, now: Timestamp) {
        let is_known = self.waiting.as_ref().is_some_and(|(request, _)| *request == receipt.command_id);
        if receipt.outcome != SpeakerOutcome::AwaitingConfirmation {
            self.waiting.take_if(|_| is_known);
        } else if !is_known {
            self.waiting = Some((receipt.command_id.clone(), now));
        }
    }

    /// The word, once it is time.
    fn agree(&mut self, now: Timestamp) -> Result<Option<Outgoing>> {
        let takes_secs = self.takes_secs;
        let Some((request, _)) = self.waiting.take_if(|(_, since)| now.secs_since(*since) >= takes_secs)
        else {
            return Ok(None);
        };
        let (id, site) = (Uuid::now_v7().to_string(), self.site.as_str());
        let command = SpeakerCommand {
            refers_to: Some(request),
            ..SpeakerCommand::given(id, site, SPEAKER, SpeakerOrder::Confirm, now)
        };
        Outgoing::message(Topic::SpeakerCommand(Id::new(SPEAKER)?), &self.signer.sign(command)?).map(Some)
    }
}

fn tell_receipt(receipt: &SpeakerReceipt) {
    let reason = receipt.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    output::note(format!("Loudspeaker: {:?}{reason}", receipt.outcome));
}

fn tell_effect(verdict: Verdict, advice: Advice, density: Option<Comparison>) {
    let figures = density.map_or_else(String::new, |density| {
        format!(
            ": {:.2} before, {:.2} people/m2 after, the difference within [{:+.2}, {:+.2}]",
            density.before, density.after, density.difference_lo, density.difference_hi
        )
    });
    output::note(format!("Loudspeaker: did it help? {verdict:?}{figures}; advice: {advice:?}"));
}
