//! Signals from outside, and which thresholds they lower for how long.
//!
//! They only ever tighten: a factor above 1 is refused, and of several signals the strictest counts for a zone. Nothing has to
//! be taken back, since each ends by itself.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    profile::Profile,
    site_feature::SiteFeature,
    time::Timestamp,
    wire::{Signal, SignalKind, TightenedZone},
    zone::Zone,
};

/// Thresholds are at most halved (our proposal): below that a message alone could raise alarms in an empty street.
pub const FACTOR_MIN: f64 = 0.5;
/// Longest time ahead that a signal may end, seconds: a week. What lasts longer is a change of the site's file.
pub const AHEAD_SECS_MAX: f64 = 7.0 * 86_400.0;
/// Signals that are kept of a site at most.
pub const SIGNALS_MAX: usize = 256;

/// Why a signal is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignalRefused {
    /// It would loosen thresholds, or lower them too far.
    #[error("thresholds_factor is {0}, and thresholds are only lowered: {FACTOR_MIN} to 1")]
    Factor(String),
    /// It ends before it begins, or too far ahead.
    #[error("it lasts from {from} until {until}: it must end after it begins, and within a week")]
    Span {
        /// From when.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// A zone that the site does not have.
    #[error("the site has no zone {0:?}")]
    Zone(String),
    /// Its id is that of another issuer's signal.
    #[error("the id {id:?} is of a signal of {issuer}")]
    Id {
        /// The id.
        id: String,
        /// Whose it is.
        issuer: String,
    },
    /// It is older than what is known of it.
    #[error("a later one of {issuer} is known: a replay, or overtaken")]
    Overtaken {
        /// Whose.
        issuer: String,
    },
    /// Too many.
    #[error("{SIGNALS_MAX} signals are known already")]
    TooMany,
}

/// What came of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new, or says something new.
    New,
    /// It was known.
    Known,
    /// It takes back what was known.
    Over,
}

/// How a zone's thresholds are lowered now.
#[derive(Clone, Debug, PartialEq)]
pub struct Tightening {
    /// What they are multiplied by, below 1.
    pub factor: f64,
    /// The signal that asks for it.
    pub signal: Signal,
}

/// What a signal multiplies the thresholds of a zone by; 1 where it leaves them alone.
///
/// Where the signal names no factor the rules are: rain on stairs and slopes is to dry ones what stairs are to level ground;
/// water makes a dead end of any place. Closed roads, trains and events only say so: what they fill is for people to tell.
pub fn factor(signal: &Signal, features: &[SiteFeature]) -> f64 {
    let is_steep = features.iter().any(|of| matches!(of, SiteFeature::Stairs | SiteFeature::Slope));
    let by_rule = match signal.kind {
        SignalKind::Weather if is_steep => 1.0 / SiteFeature::Stairs.factor(),
        SignalKind::Flooding => 1.0 / SiteFeature::DeadEnd.factor(),
        _ => 1.0,
    };
    signal.thresholds_factor.unwrap_or(by_rule)
}

/// The signals of a site.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    known: BTreeMap<String, Known>,
    /// When another set of them lasts; none: not before another one comes.
    next_change: Option<Timestamp>,
}

/// A signal, kept until all that was ever said of it is over: an old one could be said again.
#[derive(Clone, Debug)]
struct Known {
    signal: Signal,
    forgotten_at: Timestamp,
}

impl Signals {
    /// Takes a signal for a site that has these zones.
    ///
    /// # Errors
    /// [`SignalRefused`]; what was known stays.
    pub fn take<'a>(
        &mut self,
        signal: Signal,
        mut zones: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Result<Taken, SignalRefused> {
        if let Some(factor) = signal.thresholds_factor.filter(|factor| !(FACTOR_MIN..=1.0).contains(factor)) {
            return Err(SignalRefused::Factor(factor.to_string()));
        }
        let is_over = signal.until <= now;
        let ends_in_time = signal.until > signal.from && signal.until.secs_since(now) <= AHEAD_SECS_MAX;
        if !is_over && !ends_in_time {
            return Err(SignalRefused::Span { from: signal.from, until: signal.until });
        }
        let mut absent = signal.zones.clone();
        while let (false, Some(zone)) = (absent.is_empty(), zones.next()) {
            absent.retain(|named| named != zone);
        }
        if let Some(zone) = absent.into_iter().next() {
            return Err(SignalRefused::Zone(zone));
        }
        let until = signal.until;
        match self.known.get(&signal.id) {
            Some(Known { signal: known, .. }) if known.issuer != signal.issuer => {
                return Err(SignalRefused::Id { id: signal.id, issuer: known.issuer.clone() });
            }
            Some(Known { signal: known, .. }) if *known == signal => return Ok(Taken::Known),
            Some(Known { signal: known, .. }) if known.issued_at >= signal.issued_at => {
                return Err(SignalRefused::Overtaken { issuer: signal.issuer });
            }
            None if is_over => return Ok(Taken::Known),
            None if self.known.len() >= SIGNALS_MAX => return Err(SignalRefused::TooMany),
            _ => {}
        }
        let id = signal.id.clone();
        let forgotten_at = self.known.get(&id).map_or(until, |known| known.forgotten_at.max(until));
        self.known.insert(id, Known { signal, forgotten_at });
        self.next_change = Some(now);
        Ok(if is_over { Taken::Over } else { Taken::New })
    }

    /// Whether another set of signals lasts than at the last call; to be asked before [`Signals::tightening`].
    pub(crate) fn has_changed(&mut self, now: Timestamp) -> bool {
        if self.next_change.is_none_or(|at| now < at) {
            return false;
        }
        self.known.retain(|_, known| known.forgotten_at > now);
        let signals = self.known.values().map(|known| &known.signal);
        let times = signals.flat_map(|signal| [signal.from, signal.until]);
        self.next_change =
            times.chain(self.known.values().map(|known| known.forgotten_at)).filter(|at| *at > now).min();
        true
    }

    /// Has everything looked at anew, for zones that are others.
    pub(crate) fn look_again(&mut self) {
        self.next_change = Some(Timestamp::from_unix_nanos(i64::MIN));
    }

    /// Signals that last or will begin, by their ids.
    pub fn lasting(&self, now: Timestamp) -> impl Iterator<Item = &Signal> {
        self.known.values().map(|known| &known.signal).filter(move |signal| signal.until > now)
    }

    /// How a zone's thresholds are lowered: by the strictest of the signals, of several alike by the one that lasts longest.
    pub fn tightening(&self, zone: &Zone, now: Timestamp) -> Option<Tightening> {
        self.lasting(now)
            .filter(|signal| signal.from <= now)
            .filter(|signal| signal.zones.is_empty() || signal.zones.contains(&zone.id))
            .map(|signal| (factor(signal, &zone.features), signal))
            .filter(|(factor, _)| *factor < 1.0)
            .min_by(|(a, by_a), (b, by_b)| a.total_cmp(b).then(by_b.until.cmp(&by_a.until)))
            .map(|(factor, signal)| Tightening { factor, signal: signal.clone() })
    }
}

impl Tightening {
    /// A profile with its thresholds lowered; how long levels must hold stays.
    pub fn of(&self, profile: &Profile) -> Profile {
        let theta_up_people_per_m2 = profile.theta_up_people_per_m2.map(|theta| theta * self.factor);
        Profile { theta_up_people_per_m2, ..profile.clone() }
    }

    /// As it is published of a zone.
    pub fn told_of(&self, zone: &Zone) -> TightenedZone {
        TightenedZone {
            zone: zone.id.clone(),
            signal: self.signal.id.clone(),
            factor: self.factor,
            thresholds_people_per_m2: self.of(&zone.profile).theta_up_people_per_m2,
            until: self.signal.until,
        }
    }

    /// In words, for the notes of the zone.
    pub(crate) fn note(&self) -> String {
        let Signal { until, text, source, .. } = &self.signal;
        format!("thresholds lowered to {:.0} % until {until}: {text} ({source})", self.factor * 100.0)
    }
}

#[cfg(test)]
mod tests;
