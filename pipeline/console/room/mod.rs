//! The room: what is known of all sites now, and what changed since the pages were last told.
//!
//! One value behind one lock. Events change it, time changes it ([`Room::tick`]: what falls silent is UNKNOWN), officers
//! change it; [`Room::delta`] says what the pages have not seen yet, each thing serialised once for all of them.

mod alarms;
mod camera;
mod delta;
mod hear;
mod line;
mod signals;
mod site;
mod speaker;
mod zone;

pub(crate) use alarms::{Alarm, AlarmKey, Alarms, Heard, view as alarm_view};
pub(crate) use camera::CameraRecord;
pub(crate) use delta::{Delta, Kind, Part, object};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;
use throng_analytics::{
    time::Timestamp,
    wire::{CountedOn, TightenedZone, exercised_site},
};

use crate::{event::FieldView, options::AnswerTimes};
use line::LineRecord;
use signals::SignalRecord;
use site::SiteRecord;
use speaker::SpeakerRecord;
pub(crate) use zone::ZoneRecord;

/// Site and id within it.
pub(crate) type Key = (String, String);

/// Most things of a kind that are kept: ten times the largest site that is measured. Beyond it a confused or hostile
/// sender would fill the memory.
const THINGS_MAX: usize = 2000;

/// What is known of all sites.
#[derive(Debug, Default)]
pub(crate) struct Room {
    times: AnswerTimes,
    sites: BTreeMap<String, SiteRecord>,
    zones: BTreeMap<Key, ZoneRecord>,
    lines: BTreeMap<Key, LineRecord>,
    cameras: BTreeMap<Key, CameraRecord>,
    speakers: BTreeMap<Key, SpeakerRecord>,
    pub(crate) alarms: Alarms,
    signals: BTreeMap<Key, SignalRecord>,
    /// Zones whose thresholds their site has lowered for a while.
    tightened: BTreeMap<Key, TightenedZone>,
    fields: BTreeMap<String, Arc<FieldView>>,
    changed: BTreeSet<(Kind, Key)>,
    /// Signals that are over, to be told once.
    over: Vec<SignalRecord>,
    rev: u64,
    refused: u64,
}

impl Room {
    pub(crate) fn new(times: AnswerTimes) -> Self {
        Self { times, ..Self::default() }
    }

    /// Things that were refused because there are too many.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) fn field(&self, site: &str) -> Option<Arc<FieldView>> {
        self.fields.get(site).cloned()
    }

    pub(crate) fn site(&self, site: &str) -> Option<&SiteRecord> {
        self.sites.get(site)
    }

    pub(crate) fn sites(&self) -> impl Iterator<Item = (&String, &SiteRecord)> {
        self.sites.iter()
    }

    pub(crate) fn zone(&self, site: &str, zone: &str) -> Option<&ZoneRecord> {
        self.zones.get(&(site.to_owned(), zone.to_owned()))
    }

    pub(crate) fn zones(&self) -> impl Iterator<Item = (&Key, &ZoneRecord)> {
        self.zones.iter()
    }

    /// Name and SHA-256 of the models behind the zones of the sites that `sees` lets through, each once.
    pub(crate) fn models(&self, sees: impl Fn(&str) -> bool) -> BTreeSet<(&str, &str)> {
        self.zones
            .iter()
            .filter(|((site, _), _)| sees(site))
            .filter_map(|(_, zone)| zone.envelope())
            .map(|envelope| (envelope.model.name.as_str(), envelope.model.sha256.as_str()))
            .collect()
    }

    /// Where pictures of the sites that `sees` lets through are counted now, by site, each once.
    pub(crate) fn counted_on(
        &self,
        sees: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> BTreeSet<(&str, &CountedOn)> {
        self.cameras
            .iter()
            .filter(|((site, _), camera)| sees(site) && camera.is_heard(now))
            .filter_map(|((site, _), camera)| {
                Some((site.as_str(), camera.state.as_ref()?.counted_on.as_ref()?))
            })
            .collect()
    }

    pub(crate) fn cameras(&self) -> impl Iterator<Item = (&Key, &CameraRecord)> {
        self.cameras.iter()
    }

    pub(crate) fn has_camera(&self, site: &str, camera: &str) -> bool {
        self.cameras.contains_key(&(site.to_owned(), camera.to_owned()))
    }

    pub(crate) fn speakers(&self) -> impl Iterator<Item = (&Key, &SpeakerRecord)> {
        self.speakers.iter()
    }

    pub(crate) fn speaker(&self, site: &str, speaker: &str) -> Option<&SpeakerRecord> {
        self.speakers.get(&(site.to_owned(), speaker.to_owned()))
    }

    /// What the time has brought: silence, alarms' times, signals that are over. `true` where the pages must know at once.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Heard {
        for (key, zone) in &mut self.zones {
            if zone.fell_silent(now) {
                self.changed.insert((Kind::Zone, key.clone()));
            }
        }
        for (key, line) in &mut self.lines {
            if line.fell_silent(now) {
                self.changed.insert((Kind::Line, key.clone()));
            }
        }
        for (key, camera) in &mut self.cameras {
            if camera.fell_silent(now) {
                self.changed.insert((Kind::Camera, key.clone()));
            }
        }
        for (key, speaker) in &mut self.speakers {
            if speaker.fell_silent(now) {
                self.changed.insert((Kind::Speaker, key.clone()));
            }
        }
        let mut heard = self.alarms.tick(now, &self.times);
        heard.join(self.end_signals(now));
        self.mark(&heard);
        heard
    }

    /// Marks what the pages must be told of an alarm.
    pub(crate) fn mark(&mut self, heard: &Heard) {
        for (site, incident) in &heard.changed {
            self.changed.insert((Kind::Alarm, (site.clone(), incident.clone())));
        }
    }

    /// Whether a zone's numbers are of this moment. Of an exercise that is over there are none to wait for.
    pub(crate) fn is_fresh(&self, site: &str, zone: &str, now: Timestamp) -> bool {
        match self.zone(site, zone) {
            Some(zone) => zone.is_fresh(now),
            None => exercised_site(site).is_some(),
        }
    }

    /// An exercise is over: nothing of it is there any more, and so nothing of it is unknown. Its alarms stay until people
    /// close them.
    fn forget_exercise(&mut self, site: &str) {
        self.sites.remove(site);
        self.fields.remove(site);
        self.zones.retain(|key, _| key.0 != site);
        self.lines.retain(|key, _| key.0 != site);
        self.cameras.retain(|key, _| key.0 != site);
        self.speakers.retain(|key, _| key.0 != site);
        self.tightened.retain(|key, _| key.0 != site);
        self.changed.insert((Kind::Site, (site.to_owned(), String::new())));
    }

    /// What changed since the last call; none where nothing did.
    pub(crate) fn delta(&mut self, now: Timestamp) -> Option<Delta> {
        let ranks = self.alarms.rank();
        for key in ranks {
            self.changed.insert((Kind::Alarm, key));
        }
        let changed = std::mem::take(&mut self.changed);
        let over = std::mem::take(&mut self.over);
        let mut parts: Vec<Part> =
            changed.iter().filter_map(|(kind, key)| self.part(*kind, key, now)).collect();
        parts.extend(over.iter().filter_map(|signal| signals::part(signal, self, now)));
        if parts.is_empty() {
            return None;
        }
        self.rev += 1;
        Some(Delta::new(now, self.rev, parts))
    }

    /// Everything, as the parts of a first picture.
    pub(crate) fn everything(&mut self, now: Timestamp) -> (u64, Vec<Part>) {
        self.alarms.rank();
        let keys = self
            .sites
            .keys()
            .map(|site| (Kind::Site, (site.clone(), String::new())))
            .chain(self.zones.keys().map(|key| (Kind::Zone, key.clone())))
            .chain(self.lines.keys().map(|key| (Kind::Line, key.clone())))
            .chain(self.cameras.keys().map(|key| (Kind::Camera, key.clone())))
            .chain(self.speakers.keys().map(|key| (Kind::Speaker, key.clone())))
            .chain(self.alarms.open().map(|(key, _)| (Kind::Alarm, key.clone())))
            .chain(self.signals.keys().map(|key| (Kind::Signal, key.clone())));
        let parts = keys.filter_map(|(kind, key)| self.part(kind, &key, now)).collect();
        (self.rev, parts)
    }

    fn part(&self, kind: Kind, key: &Key, now: Timestamp) -> Option<Part> {
        match kind {
            Kind::Site => match self.sites.get(&key.0) {
                Some(site) => part(kind, key, &site.view()),
                None => part(kind, key, &serde_json::json!({ "id": key.0, "gone": true })),
            },
            Kind::Zone => match self.zone_view(key, now) {
                Some(zone) => part(kind, key, &zone),
                None => gone(kind, key),
            },
            Kind::Line => match self.lines.get(key) {
                Some(line) => part(kind, key, &line.view(key, now)),
                None => gone(kind, key),
            },
            Kind::Camera => part(kind, key, &self.cameras.get(key)?.view(key, now)),
            Kind::Speaker => part(kind, key, &self.speakers.get(key)?.view(key, now)),
            Kind::Alarm => {
                let alarm = self.alarms.get(key)?;
                let is_fresh = self.is_fresh(&key.0, &alarm.warning.zone, now);
                part(kind, key, &alarms::view(key, alarm, is_fresh))
            }
            Kind::Signal => signals::part(self.signals.get(key)?, self, now),
        }
    }

    /// A zone with its messages as they came, and what its site file says of it.
    pub(crate) fn zone_in_full(&self, site: &str, zone: &str, now: Timestamp) -> Option<serde_json::Value> {
        let key = (site.to_owned(), zone.to_owned());
        let record = self.zones.get(&key)?;
        let description = self.zone_description(&key);
        let thresholds: Option<BTreeMap<&str, f64>> = description.map(|zone| {
            zone.thresholds_people_per_m2.iter().map(|(level, density)| (level.name(), *density)).collect()
        });
        Some(serde_json::json!({
            "zone": self.zone_view(&key, now),
            "risk": record.risk,
            "flow": record.flow,
            "density": record.density,
            "state": record.state,
            "thresholds": thresholds,
            "capacity_people": description.and_then(|zone| zone.capacity_people),
            "area_m2": description.map(|zone| zone.area_m2),
        }))
    }

    /// The signals in the pages' words.
    pub(crate) fn signal_views(&self, now: Timestamp) -> impl Iterator<Item = serde_json::Value> {
        let parts = self.signals.values().filter_map(move |signal| signals::part(signal, self, now));
        parts.filter_map(|part| serde_json::from_str(&part.json).ok())
    }

    fn zone_view<'a>(&'a self, key: &'a Key, now: Timestamp) -> Option<zone::ZoneView<'a>> {
        let tightened = self.tightened.get(key).filter(|zone| zone.until > now);
        Some(self.zones.get(key)?.view(key, self.zone_description(key), tightened, now))
    }

    fn zone_description(&self, (site, zone): &Key) -> Option<&crate::description::ZoneDescription> {
        self.sites.get(site)?.description.as_ref()?.zones.iter().find(|described| described.id == *zone)
    }
}

/// A thing that is there no longer.
fn gone(kind: Kind, key: &Key) -> Option<Part> {
    part(kind, key, &serde_json::json!({ "site": key.0, "id": key.1, "gone": true }))
}

/// One thing, serialised.
fn part(kind: Kind, (site, id): &Key, view: &impl Serialize) -> Option<Part> {
    // A view has string keys and finite or absent numbers only; serde writes others as null.
    let json = serde_json::to_string(view).ok()?;
    Some(Part {
        kind,
        site: (!site.is_empty()).then(|| site.clone()),
        camera: (kind == Kind::Camera).then(|| id.clone()),
        json: json.into(),
    })
}
