//! Keeps the last minutes of a site in memory, and has a bundle written when a zone comes to orange or red.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result};
use throng_analytics::{
    camera::{Calibration, MovingView},
    site::{SiteModel, SiteReport},
    time::Timestamp,
    wire::{ModelRef, Signal, Warning},
};

use super::{
    bundle::{Bundle, Published},
    clip::ClipRing,
    event::{Acknowledged, Event, SeenPicture},
    manifest::{LevelChange, Manifest, SCHEMA},
    seal::Seal,
};
use crate::{
    clock::wall_clock,
    config::plan::{EvidencePlan, Plan},
    counting::CountedFrame,
    publish::{Outgoing, Topic},
};

/// Inputs before the alarm that are kept: the longest memory of what makes a level (20 s of crowd pressure, a minute of
/// trend, the dwells) several times over.
const INPUTS_BEFORE_SECS: f64 = 180.0;
/// Inputs in memory at most; beyond them the oldest go, and the manifest says from when there are any.
const INPUTS_BYTES_MAX: usize = 256 << 20;
/// Bundles that wait for the disk at most: a place with more at once than this has a picture of it all the same.
const WAITING_MAX: usize = 8;

/// What of a site stands in every bundle.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Id of the site.
    pub site: String,
    /// The counter behind the inputs.
    pub model: ModelRef,
    /// Whether it is an exercise.
    pub drill: bool,
    config_sha256: String,
    site_text: String,
    site_model: SiteModel,
    calibrations: BTreeMap<String, Calibration>,
}

impl Facts {
    /// Of a plan, counted by `model`.
    pub fn of(plan: &Plan, model: ModelRef) -> Self {
        let calibration =
            |camera: &crate::config::plan::CameraPlan| (camera.id.to_string(), camera.calibration.clone());
        Self {
            site: plan.site_id.to_string(),
            model,
            drill: plan.drill,
            config_sha256: plan.config_sha256.clone(),
            site_text: plan.config_text.clone(),
            site_model: plan.site_model(),
            calibrations: plan.cameras.iter().map(calibration).collect(),
        }
    }
}

/// A bundle that is not finished yet: what follows an alarm belongs to it.
#[derive(Debug)]
struct Pending {
    alarm_at: Timestamp,
    ends_at: Timestamp,
}

/// Keeps evidence.
pub struct Keeper {
    plan: EvidencePlan,
    facts: Facts,
    events: VecDeque<Arc<Event>>,
    events_bytes: usize,
    acks: Vec<Acknowledged>,
    signals: Vec<Signal>,
    /// Those that came before what is kept, by their ids.
    signals_before: BTreeMap<String, Signal>,
    changes: VecDeque<(String, LevelChange, String)>,
    messages: VecDeque<Arc<Published>>,
    warnings: VecDeque<Warning>,
    /// The last warning of each zone that is older than what is kept.
    before: BTreeMap<String, Warning>,
    clips: BTreeMap<String, ClipRing>,
    pending: BTreeMap<String, Pending>,
    writer: Option<(SyncSender<Bundle>, JoinHandle<()>)>,
}

impl Keeper {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// The folder cannot be made, the key cannot be read, or the thread cannot be started.
    pub fn start(plan: &EvidencePlan, facts: Facts) -> Result<Self> {
        std::fs::create_dir_all(&plan.folder)
            .with_context(|| format!("cannot make the folder for evidence {}", plan.folder.display()))?;
        let seal = Seal::from_pem_file(&plan.key_id, &plan.key)?;
        let (sender, bundles) = sync_channel(WAITING_MAX);
        let folder = plan.folder.clone();
        let writer = thread::Builder::new()
            .name("evidence".to_owned())
            .spawn(move || write(&bundles, &folder, &seal))
            .context("cannot start the thread that writes evidence")?;
        Ok(Self {
            plan: plan.clone(),
            facts,
            events: VecDeque::new(),
            events_bytes: 0,
            acks: Vec::new(),
            signals: Vec::new(),
            signals_before: BTreeMap::new(),
            changes: VecDeque::new(),
            messages: VecDeque::new(),
            warnings: VecDeque::new(),
            before: BTreeMap::new(),
            clips: BTreeMap::new(),
            pending: BTreeMap::new(),
            writer: Some((sender, writer)),
        })
    }

    /// Goes on under another site file: what is kept was made under the old one, so bundles that are pending end here.
    pub fn reconfigure(&mut self, plan: &Plan) {
        self.finish_all();
        self.facts = Facts::of(plan, self.facts.model.clone());
        let signals = self.events.drain(..).flat_map(|event| event.signals.clone());
        self.signals_before.extend(signals.map(|signal| (signal.id.clone(), signal)));
        self.events_bytes = 0;
        self.before.extend(self.warnings.drain(..).map(|warning| (warning.zone.clone(), warning)));
    }

    /// An acknowledgement that the site took.
    pub fn acknowledged(&mut self, ack: Acknowledged) {
        self.acks.push(ack);
    }

    /// A signal from outside that the site took.
    pub fn signalled(&mut self, signal: Signal) {
        self.signals.push(signal);
    }

    /// A step of the site: what came in, what is known now, and what is published of it.
    pub fn observe<'a>(
        &mut self,
        counted: Option<&CountedFrame>,
        report: &SiteReport,
        published: impl Iterator<Item = &'a Outgoing>,
    ) {
        let now = report.now;
        let acks = std::mem::take(&mut self.acks);
        let signals = std::mem::take(&mut self.signals);
        let event = Event { now, acks, signals, picture: counted.map(SeenPicture::of) };
        self.events_bytes += event.bytes();
        self.events.push_back(Arc::new(event));
        if let Some(counted) = counted {
            self.keep_picture(counted);
        }
        published.for_each(|message| self.keep_message(now, message));
        for zone in &report.zones {
            for change in &zone.changes {
                let density = zone.density_people_per_m2.map(|density| density.value);
                let record = LevelChange::of(now, change, density);
                if record.is_alarm() {
                    let ends_at = now + self.plan.after_secs;
                    let pending = self.pending.entry(zone.zone.clone());
                    pending
                        .and_modify(|pending| pending.ends_at = ends_at)
                        .or_insert(Pending { alarm_at: now, ends_at });
                }
                self.changes.push_back((zone.zone.clone(), record, change.incident.id.clone()));
            }
        }
        let ended = self.pending.iter().filter(|(_, pending)| now >= pending.ends_at);
        let over: Vec<String> = ended.map(|(zone, _)| zone.clone()).collect();
        for zone in &over {
            self.finish(zone);
        }
        self.forget(now);
    }

    fn keep_picture(&mut self, counted: &CountedFrame) {
        let camera = &*counted.frame.camera;
        let Some(fixed) = self.facts.calibrations.get(camera) else { return };
        let calibration = counted.moving_view().map_or(fixed, MovingView::calibration);
        let ring = self.clips.entry(camera.to_owned()).or_default();
        if let Err(error) = ring.observe(counted, calibration, self.plan.is_concealed) {
            tracing::warn!(camera, "A picture is missing in the evidence: {error:#}.");
        }
    }

    fn keep_message(&mut self, at: Timestamp, message: &Outgoing) {
        let about_levels = matches!(
            message.topic,
            Topic::Warning(_) | Topic::SpeakerCommand(_) | Topic::SpeakerEffect(_) | Topic::Ack(_)
        );
        if !about_levels {
            return;
        }
        if let Topic::Warning(_) = message.topic
            && let Ok(warning) = serde_json::from_slice(&message.payload)
        {
            self.warnings.push_back(warning);
        }
        let site = crate::publish::Id::new(self.facts.site.as_str());
        let key = site.ok().and_then(|site| message.topic.key(&site).ok());
        if let (Some(key), Ok(message)) = (key, serde_json::from_slice(&message.payload)) {
            self.messages.push_back(Arc::new(Published { at, key: key.to_string(), message }));
        }
    }

    /// Lets go of what no bundle will ask for any more.
    fn forget(&mut self, now: Timestamp) {
        let oldest_alarm = self.pending.values().map(|pending| pending.alarm_at).min().unwrap_or(now);
        let inputs_from = oldest_alarm + -INPUTS_BEFORE_SECS;
        while let Some(first) = self.events.front() {
            if first.now >= inputs_from && self.events_bytes <= INPUTS_BYTES_MAX {
                break;
            }
            self.events_bytes -= first.bytes().min(self.events_bytes);
            let gone = self.events.pop_front();
            let signals = gone.iter().flat_map(|event| event.signals.clone());
            self.signals_before.extend(signals.map(|signal| (signal.id.clone(), signal)));
        }
        let kept_from = self.events.front().map_or(now, |first| first.now);
        self.signals_before.retain(|_, signal| signal.until > kept_from);
        while self.warnings.front().is_some_and(|warning| warning.envelope.published_at < kept_from) {
            let Some(warning) = self.warnings.pop_front() else { break };
            self.before.insert(warning.zone.clone(), warning);
        }
        while self.messages.front().is_some_and(|message| message.at < kept_from) {
            self.messages.pop_front();
        }
        while self.changes.front().is_some_and(|(_, change, _)| change.at < kept_from) {
            self.changes.pop_front();
        }
        let clips_from = oldest_alarm + -self.plan.before_secs;
        self.clips.values_mut().for_each(|ring| ring.forget_before(clips_from));
    }

    fn finish_all(&mut self) {
        let zones: Vec<String> = self.pending.keys().cloned().collect();
        for zone in &zones {
            self.finish(zone);
        }
    }

    /// Hands a zone's bundle to the thread that writes.
    fn finish(&mut self, zone: &str) {
        let Some(pending) = self.pending.remove(zone) else { return };
        let Some(bundle) = self.bundle(zone, &pending) else { return };
        let Some((writer, _)) = &self.writer else { return };
        // Nothing waits for the disk: a bundle that finds no room is lost, and that is said.
        if writer.try_send(bundle).is_err() {
            tracing::error!(zone, "Evidence of {} is lost: the disk is too slow.", pending.alarm_at);
        }
    }

    fn bundle(&self, zone: &str, pending: &Pending) -> Option<Bundle> {
        let inputs_from = pending.alarm_at + -INPUTS_BEFORE_SECS;
        let events: Vec<Arc<Event>> =
            self.events.iter().filter(|event| event.now >= inputs_from).cloned().collect();
        let (from, until) = (events.first()?.now, events.last()?.now);
        let of_zone = self.changes.iter().filter(|(of, change, _)| of == zone && change.at >= from);
        let changes: Vec<LevelChange> = of_zone.clone().map(|(_, change, _)| change.clone()).collect();
        let highest = changes.iter().filter(|change| change.is_alarm()).max_by_key(|change| change.to)?;
        let incident = of_zone.clone().find(|(_, change, _)| change == highest)?.2.clone();
        let mut begins_with = self.before.clone();
        for warning in self.warnings.iter().filter(|warning| warning.envelope.published_at < from) {
            begins_with.insert(warning.zone.clone(), warning.clone());
        }
        let mut signals = self.signals_before.clone();
        for event in self.events.iter().filter(|event| event.now < from) {
            signals.extend(event.signals.iter().map(|signal| (signal.id.clone(), signal.clone())));
        }
        let clips_from = pending.alarm_at + -self.plan.before_secs;
        let manifest = Manifest {
            schema: SCHEMA.to_owned(),
            site: self.facts.site.clone(),
            zone: zone.to_owned(),
            incident,
            level: highest.to?,
            alarm_at: highest.at,
            from,
            until,
            made_at: wall_clock(),
            throng_version: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.facts.model.clone(),
            config_sha256: self.facts.config_sha256.clone(),
            drill: self.facts.drill,
            changes,
            begins_with: begins_with.into_values().collect(),
            signals: signals.into_values().collect(),
            clips: Vec::new(),
            replay_differs: Vec::new(),
            key_id: String::new(),
            files: BTreeMap::new(),
        };
        let messages = self.messages.iter().filter(|message| message.at >= from).cloned().collect();
        let clips = self.clips.iter().map(|(camera, ring)| (camera.clone(), ring.since(clips_from)));
        Some(Bundle {
            manifest,
            events,
            messages,
            clips: clips.collect(),
            is_concealed: self.plan.is_concealed,
            site_text: self.facts.site_text.clone(),
            model: self.facts.site_model.clone(),
        })
    }
}

impl Drop for Keeper {
    /// What is pending is written with what there is.
    fn drop(&mut self) {
        self.finish_all();
        if let Some((sender, writer)) = self.writer.take() {
            drop(sender);
            if writer.join().is_err() {
                tracing::error!("The thread that writes evidence ended by a panic.");
            }
        }
    }
}

fn write(bundles: &Receiver<Bundle>, folder: &Path, seal: &Seal) {
    while let Ok(bundle) = bundles.recv() {
        let (zone, level) = (bundle.manifest.zone.clone(), bundle.manifest.level.name());
        match bundle.write(folder, seal) {
            Ok(path) => tracing::info!(zone, level, "Evidence is kept in {}.", path.display()),
            Err(error) => tracing::error!(zone, level, "{error:#}."),
        }
    }
}
