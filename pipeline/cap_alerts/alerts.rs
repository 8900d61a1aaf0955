//! Which alerts hold now, and the signals of them.
//!
//! An alert holds from when it says until it expires, unless a later one of the same sender takes its place or takes it back. One
//! that is gone from its feed holds on: only its sender ends it early. The order in which alerts come does not matter.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use throng_analytics::{
    digest::hex,
    time::Timestamp,
    wire::{Signal, SignalKind},
};

use super::{
    alert::{Alert, AlertKind, AlertName, Info},
    table::{Rule, Table},
};

/// Alerts that are remembered at most.
const ALERTS_MAX: usize = 10_000;
/// An alert that was not seen for so long is forgotten, seconds: longer than any signal lasts, so that one that was taken back does
/// not come to life again.
const FORGOTTEN_SECS: f64 = 9.0 * DAY_SECS;
/// A signal ends at most a week ahead. What lasts longer is told day by day, to the end of the sixth day from today.
const AHEAD_DAYS: f64 = 6.0;
const DAY_SECS: f64 = 86_400.0;
/// How long it is said that an alert is over, seconds: a site that was out of reach for a moment must hear it.
const OVER_SECS: f64 = 300.0;
/// Characters of a signal's text at most.
const TEXT_MAX: usize = 300;

/// Alerts that were seen.
#[derive(Debug, Default)]
pub struct Alerts {
    seen: BTreeMap<AlertName, Seen>,
}

#[derive(Debug)]
struct Seen {
    alert: Alert,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl Alerts {
    /// Takes what a document held; says how many alerts there was no room for.
    pub fn take(&mut self, alerts: impl IntoIterator<Item = Alert>, now: Timestamp) -> usize {
        let lasts =
            |alert: &Alert| alert.infos.iter().any(|info| info.until.is_some_and(|until| until > now));
        self.seen.retain(|_, seen| now.secs_since(seen.last_at) < FORGOTTEN_SECS || lasts(&seen.alert));
        let mut refused = 0;
        for alert in alerts {
            let is_full = self.seen.len() >= ALERTS_MAX;
            match self.seen.get_mut(&alert.name) {
                Some(seen) => seen.last_at = now,
                None if is_full => refused += 1,
                None => {
                    self.seen.insert(alert.name.clone(), Seen { alert, first_at: now, last_at: now });
                }
            }
        }
        refused
    }

    /// The signals for a site now, by their ids; those that are over are among them for a while, with an `until` that has passed.
    /// `issuer` and `issued_at` are left to who says them.
    pub fn signals(&self, site: &str, table: &Table, now: Timestamp) -> BTreeMap<String, Signal> {
        let superseded: BTreeSet<&AlertName> =
            self.seen.values().flat_map(|seen| &seen.alert.references).collect();
        let mut signals = BTreeMap::new();
        for Seen { alert, first_at, .. } in self.seen.values() {
            if now.secs_since(*first_at) >= OVER_SECS {
                continue;
            }
            // Also where an earlier run told of it, and this one has never seen it.
            for name in &alert.references {
                let over = |rule: &Rule| (id(name, rule), over(site, rule.kind, name, *first_at));
                signals.extend(table.rules.iter().map(over));
            }
        }
        for Seen { alert, .. } in self.seen.values() {
            if alert.kind == AlertKind::Cancel || superseded.contains(&alert.name) {
                continue;
            }
            for rule in &table.rules {
                if let Some(signal) = signal(site, table, rule, alert, now) {
                    signals.insert(id(&alert.name, rule), signal);
                }
            }
        }
        for (id, signal) in &mut signals {
            signal.id.clone_from(id);
        }
        signals
    }
}

/// Id of the signal of an alert by a rule: the same in every run.
fn id(name: &AlertName, rule: &Rule) -> String {
    let digest = Sha256::digest(format!("{}\n{}", name.sender, name.identifier));
    format!("cap-{}-{}", hex(&digest[..6]), rule.name)
}

/// What takes a signal back.
fn over(site: &str, kind: SignalKind, name: &AlertName, at: Timestamp) -> Signal {
    Signal {
        id: String::new(),
        site: site.to_owned(),
        zones: Vec::new(),
        kind,
        severity: None,
        from: at,
        until: at,
        people: None,
        thresholds_factor: None,
        source: name.sender.clone(),
        text: "taken back by its sender".to_owned(),
        issuer: String::new(),
        issued_at: at,
    }
}

/// What an alert comes to by a rule; none where it does not fall under it, is elsewhere, or is over.
fn signal(site: &str, table: &Table, rule: &Rule, alert: &Alert, now: Timestamp) -> Option<Signal> {
    let from_of = |info: &Info| info.from.unwrap_or(alert.sent);
    let until_of = |info: &Info| info.until.unwrap_or(alert.sent + rule.lasts_secs());
    let infos: Vec<&Info> = alert
        .infos
        .iter()
        .filter(|info| {
            !info.is_over && until_of(info) > now && rule.takes(info) && table.place.is_in(&info.areas)
        })
        .collect();
    let words = infos.iter().find(|info| table.prefers(info)).or(infos.first())?;
    let until = infos.iter().map(|info| until_of(info)).max()?;
    // One that ends before it begins is taken from when it was sent; one from tomorrow on begins tomorrow.
    let from = infos.iter().map(|info| from_of(info)).min().filter(|from| *from < until);
    let epoch = Timestamp::from_unix_nanos(0);
    let today = epoch + (now.secs_since(epoch) / DAY_SECS).floor() * DAY_SECS;
    let until = until.min(today + AHEAD_DAYS * DAY_SECS);
    let from = from.unwrap_or(alert.sent).min(until - 1.0);
    let text = words.headline.as_deref().unwrap_or(&words.event);
    Some(Signal {
        id: String::new(),
        site: site.to_owned(),
        zones: rule.zones.clone(),
        kind: rule.kind,
        severity: infos
            .iter()
            .filter_map(|info| info.severity)
            .max()
            .map(|severity| severity.name().to_owned()),
        from,
        until,
        people: None,
        thresholds_factor: rule.factor,
        source: words.sender_name.as_ref().unwrap_or(&alert.name.sender).chars().take(TEXT_MAX).collect(),
        text: text.chars().filter(|character| !character.is_control()).take(TEXT_MAX).collect(),
        issuer: String::new(),
        issued_at: now,
    })
}

#[cfg(test)]
mod tests;
