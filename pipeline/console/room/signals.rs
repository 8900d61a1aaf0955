//! Signals from outside, and what they mean for zones by stated rules.
//!
//! The rules are few and said in words beside every advice. None acts by itself: a commander takes an advice over as a
//! change of thresholds, which is reviewed like any other.

use serde::Serialize;
use throng_analytics::{site_feature::SiteFeature, time::Timestamp};

use super::{Kind, Part, Room};
use crate::{
    description::{SiteDescription, ZoneDescription},
    event::{Signal, SignalKind},
};

/// What a signal means for a zone.
#[derive(Debug, PartialEq, Serialize)]
struct Advice<'a> {
    site: &'a str,
    zone: &'a str,
    /// What the zone's thresholds should be multiplied by while it lasts; absent: no change of thresholds.
    thresholds_factor: Option<f64>,
    en: String,
    zh: String,
}

/// A signal in the pages' words.
#[derive(Debug, Serialize)]
struct SignalView<'a> {
    #[serde(flatten)]
    signal: &'a Signal,
    over: bool,
    advice: Vec<Advice<'a>>,
}

fn in_room<'a>(signal: &'a Signal, room: &'a Room) -> Vec<Advice<'a>> {
    room.sites()
        .filter(|(id, _)| signal.site.as_ref().is_none_or(|site| site == *id))
        .filter_map(|(_, site)| site.description.as_deref())
        .flat_map(|site| advice(signal, site))
        .collect()
}

/// A signal as a part; one that is over says so.
pub(super) fn part(signal: &Signal, room: &Room, now: Timestamp) -> Option<Part> {
    let over = signal.until <= now;
    let advice = if over { Vec::new() } else { in_room(signal, room) };
    let key = (signal.site.clone().unwrap_or_default(), signal.id.clone());
    super::part(Kind::Signal, &key, &SignalView { signal, over, advice })
}

/// What a signal means for the zones of a site.
fn advice<'a>(signal: &Signal, site: &'a SiteDescription) -> Vec<Advice<'a>> {
    let concerned = |zone: &&ZoneDescription| signal.zones.is_empty() || signal.zones.contains(&zone.id);
    site.zones.iter().filter(concerned).filter_map(|zone| rule(signal, site, zone)).collect()
}

fn rule<'a>(signal: &Signal, site: &'a SiteDescription, zone: &'a ZoneDescription) -> Option<Advice<'a>> {
    let is_steep = zone.features.iter().any(|feature| feature == "stairs" || feature == "slope");
    let advice = |thresholds_factor, en: &str, zh: &str| {
        Some(Advice {
            site: &site.id,
            zone: &zone.id,
            thresholds_factor,
            en: en.to_owned(),
            zh: zh.to_owned(),
        })
    };
    match signal.kind {
        // Wet stairs are to dry ones what stairs are to the level: people slip, and whoever falls is fallen upon.
        SignalKind::Weather if is_steep => advice(
            Some(round(1.0 / SiteFeature::Stairs.factor())),
            "Wet stairs and slopes: people slip. Lower the thresholds while it lasts.",
            "楼梯和坡道湿滑，易摔倒。持续期间应降低阈值。",
        ),
        SignalKind::Flooding => advice(
            Some(round(1.0 / SiteFeature::DeadEnd.factor())),
            "Water closes ways out: treat the zone as a dead end. Lower the thresholds while it lasts.",
            "积水会堵塞出口，应视同死胡同。持续期间应降低阈值。",
        ),
        // What is closed here fills another place: only people can tell which.
        SignalKind::RoadClosure => advice(
            None,
            "A way is closed: those who would have taken it come elsewhere. Watch the neighbouring zones.",
            "道路封闭，人流会转向他处。请关注相邻区域。",
        ),
        SignalKind::TrainArrival => {
            let capacity = zone.capacity_people?;
            let people = signal.people?;
            advice(
                None,
                &format!("A train brings about {people:.0} people; this zone holds {capacity:.0}."),
                &format!("列车将带来约 {people:.0} 人；该区域容量为 {capacity:.0} 人。"),
            )
        }
        SignalKind::Weather => None,
    }
}

fn round(factor: f64) -> f64 {
    (factor * 100.0).round() / 100.0
}
