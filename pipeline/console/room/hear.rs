//! What each event changes in the room.

use std::{collections::BTreeMap, sync::Arc};

use throng_analytics::{time::Timestamp, wire::exercised_site};

use super::{
    CameraRecord, Heard, Key, Kind, Room, THINGS_MAX, ZoneRecord, site::SiteRecord, speaker::SpeakerRecord,
};
use crate::{
    description::{LineDescription, SiteDescription},
    event::{Alive, RoomEvent},
};

impl Room {
    /// Takes an event in. Answers with what became of alarms, and whether the pages must be told at once.
    pub(crate) fn hear(&mut self, event: RoomEvent, now: Timestamp) -> Heard {
        let mut heard = Heard::default();
        match event {
            RoomEvent::Site(description) => heard = self.hear_site(description, now),
            RoomEvent::ZoneDensity(message) => {
                self.hear_zone(&message.envelope.site.clone(), &message.zone.clone(), now, |zone| {
                    zone.density = Some(message);
                });
            }
            RoomEvent::ZoneFlow(message) => {
                self.hear_zone(&message.envelope.site.clone(), &message.zone.clone(), now, |zone| {
                    zone.flow = Some(message);
                });
            }
            RoomEvent::ZoneRisk(message) => {
                self.hear_zone(&message.envelope.site.clone(), &message.zone.clone(), now, |zone| {
                    zone.risk = Some(message);
                });
            }
            RoomEvent::ZoneState(message) => {
                let (site, id) = (message.envelope.site.clone(), message.zone.clone());
                let before = self.zone(&site, &id).and_then(|zone| zone.level(now));
                heard.is_urgent = before != message.level;
                self.hear_zone(&site, &id, now, |zone| zone.state = Some(message));
            }
            RoomEvent::LineFlow(message) => {
                let key = (message.envelope.site.clone(), message.line.clone());
                // What comes late of a line that was taken out is of before.
                let listed = self.lines_of(&key.0, &message.envelope.node);
                if listed.is_some_and(|lines| lines.iter().all(|line| line.id != key.1)) {
                    return heard;
                }
                if let Some(line) = entry(&mut self.lines, &key, &mut self.refused) {
                    line.heard(message, now);
                    self.changed.insert((Kind::Line, key));
                }
            }
            RoomEvent::Count(message) => {
                self.hear_camera(&message.envelope.site.clone(), &message.camera.clone(), now, |camera| {
                    camera.count = Some(message);
                });
            }
            RoomEvent::CameraState(message) => {
                self.hear_camera(&message.envelope.site.clone(), &message.camera.clone(), now, |camera| {
                    camera.state = Some(message);
                });
            }
            RoomEvent::Footprint(message) => {
                let id = message.properties.camera.clone();
                self.hear_camera(&message.envelope.site.clone(), &id, now, |camera| {
                    camera.footprint = Some(message);
                });
            }
            RoomEvent::Warning(message) => {
                heard = self.alarms.hear(message, now, &self.times.clone());
                self.mark(&heard);
            }
            RoomEvent::Ack { site, ack } => {
                heard = self.alarms.hear_ack(&site, &ack, now);
                self.mark(&heard);
            }
            RoomEvent::SpeakerState(message) => {
                let (site, id) = (message.envelope.site.clone(), message.envelope.speaker.clone());
                heard.is_urgent = self.hear_speaker(&site, &id, |speaker| speaker.heard_state(message, now));
            }
            RoomEvent::SpeakerReceipt(message) => {
                let (site, id) = (message.envelope.site.clone(), message.envelope.speaker.clone());
                heard.is_urgent = self.hear_speaker(&site, &id, |speaker| speaker.heard_receipt(*message));
            }
            RoomEvent::SpeakerEffect(message) => {
                let (site, id) = (message.envelope.site.clone(), message.speaker.clone());
                heard.is_urgent = self.hear_speaker(&site, &id, |speaker| speaker.heard_effect(message));
            }
            RoomEvent::Alive { site, what } => self.hear_alive(&site, &what, true, now),
            RoomEvent::Lost { site, what } => {
                self.hear_alive(&site, &what, false, now);
                heard.is_urgent = true;
            }
            RoomEvent::Field(field) => {
                if self.sites.contains_key(&field.site) {
                    self.fields.insert(field.site.clone(), Arc::new(*field));
                }
            }
            RoomEvent::Signal(signal) => heard = self.hear_signal(*signal),
            RoomEvent::SiteSignals(told) => heard = self.hear_site_signals(*told, now),
        }
        heard
    }

    /// A site is known: its things are listed from now on, UNKNOWN until they speak.
    fn hear_site(&mut self, description: Box<SiteDescription>, now: Timestamp) -> Heard {
        let id = description.id.clone();
        let heard = self.retire_zones(&description, now);
        self.retire_lines(&description);
        let key = |thing: &str| (id.clone(), thing.to_owned());
        for zone in &description.zones {
            if entry(&mut self.zones, &key(&zone.id), &mut self.refused).is_some() {
                self.changed.insert((Kind::Zone, key(&zone.id)));
            }
        }
        for line in &description.lines {
            if entry(&mut self.lines, &key(&line.id), &mut self.refused).is_some() {
                self.changed.insert((Kind::Line, key(&line.id)));
            }
        }
        for camera in &description.cameras {
            if entry(&mut self.cameras, &key(&camera.id), &mut self.refused).is_some() {
                self.changed.insert((Kind::Camera, key(&camera.id)));
            }
        }
        for speaker in &description.speakers {
            if entry(&mut self.speakers, &key(&speaker.id), &mut self.refused).is_some() {
                self.changed.insert((Kind::Speaker, key(&speaker.id)));
            }
        }
        if let Some(site) = self.site_mut(&id) {
            site.description = Some(description);
        }
        heard
    }

    /// Takes out the zones that a site's process has told of and watches no longer. Of their open alarms nobody knows the
    /// level any more; they stay until people close them.
    fn retire_zones(&mut self, description: &SiteDescription, now: Timestamp) -> Heard {
        let Some(node) = &description.listed_by else { return Heard::default() };
        let is_listed = |id: &str| description.zones.iter().any(|zone| zone.id == id);
        let is_of_node = |zone: &ZoneRecord| zone.envelope().is_none() || zone.is_of_node(node);
        let of_site = self.zones.iter().filter(|(key, zone)| key.0 == description.id && is_of_node(zone));
        let gone: Vec<Key> = of_site.map(|(key, _)| key).filter(|key| !is_listed(&key.1)).cloned().collect();
        for key in &gone {
            self.zones.remove(key);
            self.tightened.remove(key);
            self.changed.insert((Kind::Zone, key.clone()));
        }
        if let Some(site) = self.site_mut(&description.id) {
            site.retired.extend(gone.into_iter().map(|(_, zone)| zone));
            site.retired.retain(|zone| !is_listed(zone));
            while site.retired.len() > THINGS_MAX {
                site.retired.pop_first();
            }
        }
        let heard = self.alarms.watch(&description.id, node, is_listed, now);
        self.mark(&heard);
        heard
    }

    /// Takes out the lines that a site's process has told of and counts across no longer.
    fn retire_lines(&mut self, description: &SiteDescription) {
        let Some(node) = &description.listed_by else { return };
        let is_listed = |id: &str| description.lines.iter().any(|line| line.id == id);
        let of_site = self.lines.iter().filter(|(key, _)| key.0 == description.id && !is_listed(&key.1));
        let gone: Vec<Key> =
            of_site.filter(|(_, line)| line.is_of_node(node)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.lines.remove(&key);
            self.changed.insert((Kind::Line, key));
        }
    }

    /// All lines across which a process of a site counts; none where it has not said so.
    fn lines_of(&self, site: &str, node: &str) -> Option<&[LineDescription]> {
        let description = self.sites.get(site)?.description.as_deref()?;
        (description.listed_by.as_deref() == Some(node)).then_some(&description.lines)
    }

    fn hear_zone(&mut self, site: &str, zone: &str, now: Timestamp, take: impl FnOnce(&mut ZoneRecord)) {
        let key = (site.to_owned(), zone.to_owned());
        match self.sites.get(site) {
            Some(site) if site.retired.contains(zone) => return,
            Some(_) => {}
            None => {
                self.site_mut(site);
            }
        }
        if let Some(zone) = entry(&mut self.zones, &key, &mut self.refused) {
            take(zone);
            zone.heard(now);
            self.changed.insert((Kind::Zone, key));
        }
    }

    fn hear_camera(
        &mut self,
        site: &str,
        camera: &str,
        now: Timestamp,
        take: impl FnOnce(&mut CameraRecord),
    ) {
        let key = (site.to_owned(), camera.to_owned());
        if let Some(camera) = entry(&mut self.cameras, &key, &mut self.refused) {
            take(camera);
            camera.heard(now);
            self.changed.insert((Kind::Camera, key));
        }
    }

    /// Answers with whether `take` finds that the pages must be told at once.
    fn hear_speaker(
        &mut self,
        site: &str,
        speaker: &str,
        take: impl FnOnce(&mut SpeakerRecord) -> bool,
    ) -> bool {
        let key = (site.to_owned(), speaker.to_owned());
        let Some(speaker) = entry(&mut self.speakers, &key, &mut self.refused) else { return false };
        self.changed.insert((Kind::Speaker, key));
        take(speaker)
    }

    fn hear_alive(&mut self, site: &str, what: &Alive, is_alive: bool, now: Timestamp) {
        match what {
            Alive::Node(node) => {
                if let Some(record) = self.site_mut(site)
                    && record.nodes.len() < THINGS_MAX
                {
                    record.nodes.insert(node.clone(), is_alive);
                }
                if !is_alive && exercised_site(site).is_some() {
                    self.forget_exercise(site);
                } else if !is_alive {
                    // Whoever told of these zones is gone: nobody knows how they are now.
                    for (key, zone) in &mut self.zones {
                        if key.0 == site && zone.is_of_node(node) && zone.lost(now) {
                            self.changed.insert((Kind::Zone, key.clone()));
                        }
                    }
                }
            }
            Alive::Camera(camera) => {
                let key = (site.to_owned(), camera.clone());
                if let Some(record) = entry(&mut self.cameras, &key, &mut self.refused) {
                    record.alive = Some(is_alive);
                    self.changed.insert((Kind::Camera, key));
                }
            }
            Alive::Speaker(speaker) => {
                let key = (site.to_owned(), speaker.clone());
                if let Some(record) = entry(&mut self.speakers, &key, &mut self.refused) {
                    record.alive = Some(is_alive);
                    self.changed.insert((Kind::Speaker, key));
                }
            }
        }
    }

    /// The record of a site, made where it is new.
    fn site_mut(&mut self, site: &str) -> Option<&mut SiteRecord> {
        if self.sites.len() >= THINGS_MAX && !self.sites.contains_key(site) {
            self.refused += 1;
            return None;
        }
        self.changed.insert((Kind::Site, (site.to_owned(), String::new())));
        let record = self.sites.entry(site.to_owned()).or_default();
        if record.id.is_empty() {
            site.clone_into(&mut record.id);
        }
        Some(record)
    }
}

/// The record of a thing, made where it is new; none where there are too many.
fn entry<'a, T: Default>(
    things: &'a mut BTreeMap<Key, T>,
    key: &Key,
    refused: &mut u64,
) -> Option<&'a mut T> {
    if things.len() >= THINGS_MAX && !things.contains_key(key) {
        *refused += 1;
        return None;
    }
    Some(things.entry(key.clone()).or_default())
}
