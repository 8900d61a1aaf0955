//! A bundle's inputs played to a fresh site, and what is different from what was recorded.

use std::borrow::Borrow;

use throng_analytics::{
    site::{Site, SiteModel, SiteReport},
    time::Timestamp,
};

use super::{
    event::Event,
    manifest::{LevelChange, Manifest},
};

/// Densities may differ by this share: numbers are written in decimal, and sums depend on the compiler.
const DENSITY_TOLERANCE: f64 = 1e-6;

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// Changes of the zone's level, in order.
    pub changes: Vec<LevelChange>,
}

/// Plays inputs to a fresh site of `model` that goes on from the warnings of `manifest`; `look` sees the site after each step.
///
/// A site keeps what it saw for minutes, and a bundle begins somewhere: what the zone's level did in the first seconds may differ
/// from what it did then, and only the alarm itself is compared ([`differences`]).
pub fn play(
    model: SiteModel,
    manifest: &Manifest,
    events: impl Iterator<Item = anyhow::Result<impl Borrow<Event>>>,
    look: &mut dyn FnMut(&Site, Timestamp) -> anyhow::Result<()>,
) -> anyhow::Result<Played> {
    let mut site = Site::new(model);
    for warning in &manifest.begins_with {
        site.recall(warning);
    }
    for signal in &manifest.signals {
        // What refuses it now shows in the levels.
        site.take_signal(signal.clone(), manifest.from).ok();
    }
    let mut report = SiteReport { now: manifest.from, zones: Vec::new(), lines: Vec::new() };
    let mut changes = Vec::new();
    for event in events {
        event?.borrow().play(&mut site, &mut report);
        let zone = report.zones.iter().find(|zone| zone.zone == manifest.zone);
        for (zone, change) in zone.iter().flat_map(|zone| zone.changes.iter().map(move |c| (zone, c))) {
            let density = zone.density_people_per_m2.map(|density| density.value);
            changes.push(LevelChange::of(report.now, change, density));
        }
        look(&site, report.now)?;
    }
    Ok(Played { changes })
}

/// What is different about the alarms, a sentence each; empty where the same levels were reached in the same steps at the same
/// density.
pub fn differences(manifest: &Manifest, played: &Played) -> Vec<String> {
    let recorded: Vec<&LevelChange> = manifest.changes.iter().filter(|change| change.is_alarm()).collect();
    let replayed: Vec<&LevelChange> = played.changes.iter().filter(|change| change.is_alarm()).collect();
    let mut found = Vec::new();
    for alarm in &recorded {
        let level = alarm.to.map_or("unknown", throng_analytics::level::Level::name);
        // What rises past a level reaches it too: without the past that a bundle lacks, yellow may be passed over.
        let Some(twin) = replayed.iter().find(|twin| twin.to == alarm.to) else {
            found.push(format!("{level} of {} does not come", alarm.at));
            continue;
        };
        let late_secs = twin.at.secs_since(alarm.at);
        if twin.at != alarm.at {
            let later = if late_secs > 0.0 { "later" } else { "earlier" };
            found.push(format!("{level} of {} comes {:.2} s {later}", alarm.at, late_secs.abs()));
        } else if !is_alike(alarm.density_people_per_m2, twin.density_people_per_m2) {
            let shown =
                |density: Option<f64>| density.map_or("unknown".to_owned(), |value| format!("{value:.6}"));
            found.push(format!(
                "{level} of {} comes at {} people/m2 instead of {}",
                alarm.at,
                shown(twin.density_people_per_m2),
                shown(alarm.density_people_per_m2),
            ));
        }
    }
    for extra in replayed.iter().filter(|twin| recorded.iter().all(|alarm| alarm.to != twin.to)) {
        let level = extra.to.map_or("unknown", throng_analytics::level::Level::name);
        found.push(format!("{level} comes at {}, which it did not then", extra.at));
    }
    found
}

fn is_alike(recorded: Option<f64>, replayed: Option<f64>) -> bool {
    match (recorded, replayed) {
        (Some(a), Some(b)) => (a - b).abs() <= DENSITY_TOLERANCE * a.abs().max(1.0),
        (None, None) => true,
        _ => false,
    }
}
