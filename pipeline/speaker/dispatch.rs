//! The site's side: asks loudspeakers to speak when a zone reaches orange or red, and looks whether it helped.
//!
//! Whether a loudspeaker speaks is its own decision, and in most places a person's; the site only asks, once for each
//! incident and level, and tells people what to do when words do not help.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;
use throng_analytics::{
    level::Level,
    site::{SiteReport, ZoneReport},
    speaker::effect::{Effect, Sample, Windows, effect},
    time::Timestamp,
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome, SpeakerReceipt},
};
use tracing::Span;
use uuid::Uuid;

use crate::{
    config::plan::{Plan, SpeakerRequestPlan},
    publish::{Id, Outgoing, Topic, signature::CommandSigner},
    traces,
};

/// How far back samples are kept, seconds: both windows, the settling, and a long announcement.
const KEPT_SECS: f64 = 180.0;
/// Time over which the net inflow is taken, seconds: people in the zone now less those then.
const INFLOW_OVER_SECS: f64 = 5.0;

/// Incidents that are remembered.
const INCIDENTS_MAX: usize = 1024;

/// Asks and looks.
pub struct Dispatch {
    site: Id,
    drill: bool,
    requests: Vec<SpeakerRequestPlan>,
    signer: CommandSigner,
    /// The highest level asked for, by incident and loudspeaker.
    asked: BTreeMap<(String, String), Level>,
    samples: BTreeMap<String, VecDeque<(Sample, Option<f64>)>>,
    zone_of: BTreeMap<String, String>,
    watched: Vec<Watched>,
    times: BTreeMap<String, u32>,
    /// Orders that no loudspeaker has answered, by their ids.
    unanswered: BTreeMap<String, Span>,
}

/// An announcement that is looked at.
struct Watched {
    receipt: SpeakerReceipt,
    zone: String,
    began: Timestamp,
}

/// An announcement that was looked at long enough.
pub struct Looked {
    /// What said it began.
    pub receipt: SpeakerReceipt,
    /// The zone.
    pub zone: String,
    /// When it began.
    pub began: Timestamp,
    /// What it came to.
    pub effect: Effect,
}

impl Dispatch {
    /// For a site that asks loudspeakers; `None` for one that does not.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn new(plan: &Plan) -> Result<Option<Self>> {
        let Some(key) = plan.speaker_key.as_ref().filter(|_| !plan.speakers.is_empty()) else {
            return Ok(None);
        };
        let signer = CommandSigner::from_pem_file(&key.issuer, &key.id, &key.file)?;
        Ok(Some(Self::of(&plan.site_id, plan.drill, plan.speakers.clone(), signer)))
    }

    /// The same from its parts.
    pub fn of(site: &Id, drill: bool, requests: Vec<SpeakerRequestPlan>, signer: CommandSigner) -> Self {
        Self {
            site: site.clone(),
            drill,
            requests,
            signer,
            asked: BTreeMap::new(),
            samples: BTreeMap::new(),
            zone_of: BTreeMap::new(),
            watched: Vec::new(),
            times: BTreeMap::new(),
            unanswered: BTreeMap::new(),
        }
    }

    /// Asks by other requests from now on, of a site file that was changed. What was asked for is not asked for again.
    pub fn exchange(&mut self, requests: Vec<SpeakerRequestPlan>) {
        self.requests = requests;
    }

    /// Takes a step of the site in, and the messages that tell of it; the commands that it asks for.
    ///
    /// # Errors
    /// A command cannot be written.
    pub fn step(&mut self, report: &SiteReport, published: &[Outgoing]) -> Result<Vec<Outgoing>> {
        let mut commands = Vec::new();
        for zone in &report.zones {
            self.sample(zone, report.now);
            let (Some(level), Some(incident)) = (zone.level, &zone.incident) else { continue };
            if level < Level::Orange {
                continue;
            }
            for index in 0..self.requests.len() {
                let request = self.requests[index].clone();
                if request.zones.as_ref().is_some_and(|zones| !zones.contains(&zone.zone)) {
                    continue;
                }
                let announcement = if level == Level::Red { &request.red } else { &request.orange };
                let key = (incident.id.clone(), request.id.as_str().to_owned());
                if announcement.is_none() || self.asked.get(&key).is_some_and(|asked| *asked >= level) {
                    continue;
                }
                self.asked.insert(key, level);
                if self.zone_of.len() >= INCIDENTS_MAX {
                    // UUIDv7 sorts by time: the first is the oldest.
                    self.zone_of.pop_first();
                    self.times.pop_first();
                }
                self.zone_of.insert(incident.id.clone(), zone.zone.clone());
                let announcement = announcement.clone();
                let command = self.command(&request, announcement, level, &incident.id, zone, report.now);
                let span =
                    traces::order(&command, warning_of(published, &zone.zone).map(|warning| &warning.span));
                self.follow(&command, &span);
                let message = Outgoing::message(
                    Topic::SpeakerCommand(request.id.clone()),
                    &self.signer.sign(command)?,
                )?;
                commands.push(Outgoing { span, ..message });
            }
        }
        let running = |incident: &str| {
            report
                .zones
                .iter()
                .any(|zone| zone.incident.as_ref().is_some_and(|running| running.id == incident))
        };
        self.asked.retain(|(incident, _), _| running(incident));
        Ok(commands)
    }

    /// Takes a loudspeaker's receipt in.
    pub fn receipt(&mut self, receipt: SpeakerReceipt, now: Timestamp) {
        self.answered(&receipt);
        if receipt.outcome != SpeakerOutcome::Started {
            return;
        }
        let Some(incident) = receipt.incident.clone() else { return };
        let Some(zone) = self.zone_of.get(&incident).cloned() else { return };
        *self.times.entry(incident).or_default() += 1;
        self.watched.push(Watched { receipt, zone, began: now });
    }

    /// Follows an order until it is answered, where somebody collects traces.
    fn follow(&mut self, command: &SpeakerCommand, span: &Span) {
        if span.is_disabled() {
            return;
        }
        if self.unanswered.len() >= INCIDENTS_MAX {
            self.unanswered.pop_first();
        }
        self.unanswered.insert(command.command_id.clone(), span.clone());
    }

    /// What became of an order; that people have yet to agree is no answer.
    fn answered(&mut self, receipt: &SpeakerReceipt) {
        let is_open =
            matches!(receipt.outcome, SpeakerOutcome::Accepted | SpeakerOutcome::AwaitingConfirmation);
        if !is_open && let Some(span) = self.unanswered.remove(&receipt.command_id) {
            traces::answered(&span, receipt.outcome);
        }
    }

    /// The announcements that have been looked at long enough at `now`.
    pub fn looked(&mut self, now: Timestamp) -> Vec<Looked> {
        let windows = Windows::default();
        let (over, still): (Vec<Watched>, Vec<Watched>) = std::mem::take(&mut self.watched)
            .into_iter()
            .partition(|watched| now.secs_since(watched.began) >= windows.settling_secs + windows.secs);
        self.watched = still;
        over.into_iter()
            .map(|Watched { receipt, zone, began }| {
                let samples: Vec<Sample> = self
                    .samples
                    .get(&zone)
                    .map(|kept| kept.iter().map(|(sample, _)| *sample).collect())
                    .unwrap_or_default();
                let times = receipt
                    .incident
                    .as_ref()
                    .and_then(|incident| self.times.get(incident))
                    .copied()
                    .unwrap_or(1);
                let effect = effect(&samples, began, windows, times);
                Looked { receipt, zone, began, effect }
            })
            .collect()
    }

    fn sample(&mut self, zone: &ZoneReport, now: Timestamp) {
        let kept = self.samples.entry(zone.zone.clone()).or_default();
        let people = zone.people.map(|people| people.value);
        let before = kept.iter().rfind(|(sample, _)| now.secs_since(sample.at) >= INFLOW_OVER_SECS);
        let net_inflow_people_per_s =
            before.and_then(|(sample, before)| Some((people? - (*before)?) / now.secs_since(sample.at)));
        let sample = Sample {
            at: now,
            density_people_per_m2: zone.density_people_per_m2.map(|density| density.value),
            net_inflow_people_per_s,
            speed_m_per_s: zone.motion.map(|motion| motion.speed_m_per_s),
        };
        kept.push_back((sample, people));
        while kept.front().is_some_and(|(sample, _)| now.secs_since(sample.at) > KEPT_SECS) {
            kept.pop_front();
        }
    }

    fn command(
        &mut self,
        request: &SpeakerRequestPlan,
        announcement: Option<String>,
        level: Level,
        incident: &str,
        zone: &ZoneReport,
        now: Timestamp,
    ) -> SpeakerCommand {
        let (site, speaker) = (self.site.as_str(), request.id.as_str());
        let command = SpeakerCommand {
            announcement,
            level: Some(level),
            incident: Some(incident.to_owned()),
            zone: Some(zone.zone.clone()),
            captured_at: zone.captured_at,
            priority: Level::Red.number() - level.number(),
            repeat: request.times,
            drill: self.drill,
            ..SpeakerCommand::given(Uuid::now_v7().to_string(), site, speaker, SpeakerOrder::Play, now)
        };
        tracing::info!(
            command = command.command_id,
            "Asking {} for {} at {level}.",
            request.id,
            command.announcement.as_deref().unwrap_or("words of a person's own")
        );
        command
    }
}

/// The warning of a zone among messages.
fn warning_of<'a>(messages: &'a [Outgoing], zone: &str) -> Option<&'a Outgoing> {
    messages.iter().find(|message| matches!(&message.topic, Topic::Warning(id) if id.as_str() == zone))
}
