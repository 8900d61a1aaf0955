//! What happens outside: what a site goes by, what this console alone knows of, and what each means for zones in words.
//!
//! A site lowers the thresholds of its zones by the signals it has taken, and says so; the console shows that and does nothing of
//! its own.

use std::collections::BTreeMap;

use serde::Serialize;
use throng_analytics::{
    time::Timestamp,
    wire::{Signal, SignalKind, SiteSignals, TightenedZone},
};

use super::{Heard, Key, Kind, Part, Room, THINGS_MAX};
use crate::description::{SiteDescription, ZoneDescription};

/// A signal, and whether its site goes by it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SignalRecord {
    signal: Signal,
    is_in_force: bool,
}

/// What a signal means for a zone, in words.
#[derive(Debug, PartialEq, Serialize)]
struct Advice<'a> {
    site: &'a str,
    zone: &'a str,
    en: String,
    zh: String,
}

/// A signal in the pages' words.
#[derive(Debug, Serialize)]
struct SignalView<'a> {
    #[serde(flatten)]
    signal: &'a Signal,
    over: bool,
    /// Whether its site goes by it.
    is_in_force: bool,
    /// Zones whose thresholds it lowers now.
    tightened: Vec<&'a TightenedZone>,
    advice: Vec<Advice<'a>>,
}

/// A signal as a part; one that is over says so.
pub(super) fn part(record: &SignalRecord, room: &Room, now: Timestamp) -> Option<Part> {
    let signal = &record.signal;
    let over = signal.until <= now;
    let site = room.site(&signal.site).and_then(|site| site.description.as_deref()).filter(|_| !over);
    let lowered =
        room.tightened.iter().filter(|((site, _), zone)| *site == signal.site && zone.signal == signal.id);
    let view = SignalView {
        signal,
        over,
        is_in_force: record.is_in_force,
        tightened: lowered.map(|(_, zone)| zone).collect(),
        advice: site.map(|site| advice(signal, site)).unwrap_or_default(),
    };
    super::part(Kind::Signal, &(signal.site.clone(), signal.id.clone()), &view)
}

impl Room {
    /// Something that this console alone knows of, until its site goes by it.
    pub(super) fn hear_signal(&mut self, signal: Signal) -> Heard {
        let key = (signal.site.clone(), signal.id.clone());
        if self.signals.get(&key).is_some_and(|known| known.is_in_force) {
            return Heard::default();
        }
        self.put_signal(key, SignalRecord { signal, is_in_force: false })
    }

    /// What a site goes by: all of it, so what is missing is over.
    pub(super) fn hear_site_signals(&mut self, told: SiteSignals, now: Timestamp) -> Heard {
        let site = told.envelope.site;
        if !self.sites.contains_key(&site) {
            return Heard::default();
        }
        let mut heard = Heard::default();
        let is_told = |id: &str| told.signals.iter().any(|signal| signal.id == id);
        let is_over =
            |(key, record): &(&Key, &SignalRecord)| key.0 == site && record.is_in_force && !is_told(&key.1);
        let over: Vec<Key> = self.signals.iter().filter(is_over).map(|(key, _)| key.clone()).collect();
        for key in over {
            heard.join(self.end_signal(&key, now));
        }
        let mut tightened: BTreeMap<Key, TightenedZone> =
            told.tightened.into_iter().map(|zone| ((site.clone(), zone.zone.clone()), zone)).collect();
        tightened.retain(|key, _| self.zones.contains_key(key));
        for signal in told.signals {
            let key = (site.clone(), signal.id.clone());
            let record = SignalRecord { signal, is_in_force: true };
            if self.signals.get(&key) != Some(&record) {
                heard.signals.push((record.signal.clone(), false));
                heard.join(self.put_signal(key, record));
            }
        }
        self.tighten(&site, &tightened, &mut heard);
        heard
    }

    /// Signals and lowered thresholds whose time is over.
    pub(super) fn end_signals(&mut self, now: Timestamp) -> Heard {
        let mut heard = Heard::default();
        let is_over = |(_, record): &(&Key, &SignalRecord)| record.signal.until <= now;
        let over: Vec<Key> = self.signals.iter().filter(is_over).map(|(key, _)| key.clone()).collect();
        for key in over {
            heard.join(self.end_signal(&key, now));
        }
        let ended: Vec<Key> =
            self.tightened.iter().filter(|(_, zone)| zone.until <= now).map(|(key, _)| key.clone()).collect();
        for key in ended {
            self.tightened.remove(&key);
            self.changed.insert((Kind::Zone, key));
        }
        heard
    }

    fn put_signal(&mut self, key: Key, record: SignalRecord) -> Heard {
        if self.signals.len() >= THINGS_MAX && !self.signals.contains_key(&key) {
            self.refused += 1;
            return Heard::default();
        }
        self.changed.insert((Kind::Signal, key.clone()));
        self.signals.insert(key, record);
        Heard { is_urgent: true, ..Heard::default() }
    }

    fn end_signal(&mut self, key: &Key, now: Timestamp) -> Heard {
        let Some(mut record) = self.signals.remove(key) else { return Heard::default() };
        record.signal.until = record.signal.until.min(now);
        let signals = record.is_in_force.then(|| (record.signal.clone(), true)).into_iter().collect();
        self.over.push(record);
        Heard { signals, is_urgent: true, ..Heard::default() }
    }

    /// Takes over which zones of a site have lowered thresholds.
    fn tighten(&mut self, site: &str, now: &BTreeMap<Key, TightenedZone>, heard: &mut Heard) {
        let known: Vec<Key> =
            self.tightened.keys().filter(|key| key.0 == site).chain(now.keys()).cloned().collect();
        for key in known {
            let (before, after) = (self.tightened.get(&key), now.get(&key));
            if before == after {
                continue;
            }
            heard.is_urgent = true;
            let signals =
                [before, after].into_iter().flatten().map(|zone| (site.to_owned(), zone.signal.clone()));
            self.changed.extend(signals.map(|signal| (Kind::Signal, signal)));
            self.changed.insert((Kind::Zone, key.clone()));
            match after {
                Some(after) => drop(self.tightened.insert(key, after.clone())),
                None => drop(self.tightened.remove(&key)),
            }
        }
    }

    /// The signal of a site with that id.
    pub(crate) fn signal(&self, site: &str, id: &str) -> Option<&Signal> {
        self.signals.get(&(site.to_owned(), id.to_owned())).map(|record| &record.signal)
    }
}

/// What a signal means for the zones of a site.
fn advice<'a>(signal: &Signal, site: &'a SiteDescription) -> Vec<Advice<'a>> {
    let concerned = |zone: &&ZoneDescription| signal.zones.is_empty() || signal.zones.contains(&zone.id);
    site.zones.iter().filter(concerned).filter_map(|zone| rule(signal, site, zone)).collect()
}

fn rule<'a>(signal: &Signal, site: &'a SiteDescription, zone: &'a ZoneDescription) -> Option<Advice<'a>> {
    let is_steep = zone.features.iter().any(|feature| feature == "stairs" || feature == "slope");
    let advice = |en: &str, zh: &str| {
        Some(Advice { site: &site.id, zone: &zone.id, en: en.to_owned(), zh: zh.to_owned() })
    };
    match signal.kind {
        // Wet stairs are to dry ones what stairs are to the level: people slip, and whoever falls is fallen upon.
        SignalKind::Weather if is_steep => advice(
            "Wet stairs and slopes: people slip, and whoever falls is fallen upon.",
            "楼梯和坡道湿滑，易摔倒，后方人群会压上。",
        ),
        SignalKind::Flooding => {
            advice("Water closes ways out: the zone is a dead end.", "积水会堵塞出口，应视同死胡同。")
        }
        // What is closed here fills another place: only people can tell which.
        SignalKind::RoadClosure => advice(
            "A way is closed: those who would have taken it come elsewhere. Watch the neighbouring zones.",
            "道路封闭，人流会转向他处。请关注相邻区域。",
        ),
        SignalKind::TrainArrival | SignalKind::Event => {
            let capacity = zone.capacity_people?;
            let people = signal.people?;
            advice(
                &format!("About {people:.0} people come; this zone holds {capacity:.0}."),
                &format!("将到来约 {people:.0} 人；该区域容量为 {capacity:.0} 人。"),
            )
        }
        SignalKind::Weather => None,
    }
}
