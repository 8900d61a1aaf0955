//! Signals from outside, taken by a site from the sources that its file names.

use std::collections::BTreeMap;

use throng_analytics::{
    time::{CLOCK_AHEAD_SECS_MAX, Timestamp},
    wire::{Message as _, Signal, SignalKind, SignedSignal},
};

use super::{CommandRefused, Envelope, TrustedKey, parsed, read};
use crate::publish::Id;

/// A source that a site goes by.
#[derive(Clone, Debug)]
pub struct SignalSource {
    /// Its key, and whose that is.
    pub key: TrustedKey,
    /// What it may tell; none: everything.
    pub kinds: Option<Vec<SignalKind>>,
}

/// Takes signals for one site.
#[derive(Clone, Debug)]
pub struct SignalVerifier {
    site: Id,
    sources: BTreeMap<String, SignalSource>,
}

impl SignalVerifier {
    /// For a site that goes by these sources, by `key_id`.
    pub const fn new(site: Id, sources: BTreeMap<String, SignalSource>) -> Self {
        Self { site, sources }
    }

    /// Whether the site goes by any.
    pub fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// The signal in a payload that came on the key of `id`, where a source of the site signed it and may tell it. Whether it is
    /// new, and how far it may go, the analytics judge.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify(&self, id: &Id, payload: &[u8], now: Timestamp) -> Result<Signal, CommandRefused> {
        let signed: SignedSignal = read(payload)?;
        let source = |key_id: &str| self.sources.get(key_id);
        let trusted = Envelope::from(&signed)
            .opened(SignedSignal::SCHEMA, |key_id| source(key_id).map(|source| &source.key))?;
        let signal: Signal = parsed(SignedSignal::SCHEMA, &signed.signal)?;
        trusted.is_of(&signal.issuer)?;
        let not_here = |why: String| Err(CommandRefused::NotForHere(why));
        if signal.site != self.site.as_str() || signal.id != id.as_str() {
            return not_here(format!(
                "it is the signal {} of {} and this is the key of {id} of {}",
                signal.id, signal.site, self.site
            ));
        }
        let may_tell = source(&signed.key_id)
            .is_some_and(|source| source.kinds.as_ref().is_none_or(|kinds| kinds.contains(&signal.kind)));
        if !may_tell {
            return not_here(format!("{} may not tell of that kind of thing", signal.issuer));
        }
        let ahead_secs = signal.issued_at.secs_since(now);
        if ahead_secs > CLOCK_AHEAD_SECS_MAX {
            return Err(CommandRefused::ImplausibleTime(format!(
                "it was given {ahead_secs:.1} s from now: set the clocks by NTP"
            )));
        }
        Ok(signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::signature::{CommandSigner, generated_key};

    const NOW: Timestamp = Timestamp::from_unix_nanos(1_900_000_000_000_000_000);

    fn signal() -> Signal {
        Signal {
            id: "rain".to_owned(),
            site: "stadium".to_owned(),
            zones: Vec::new(),
            kind: SignalKind::Weather,
            severity: None,
            from: NOW,
            until: NOW + 600.0,
            people: None,
            thresholds_factor: None,
            source: "CAP".to_owned(),
            text: "heavy rain".to_owned(),
            issuer: String::new(),
            issued_at: NOW,
        }
    }

    #[test]
    fn a_source_tells_what_it_may_under_its_own_name_on_the_key_of_the_signal() {
        let ((private, public), (other, _)) = (generated_key().unwrap(), generated_key().unwrap());
        let signer = CommandSigner::from_pem("weather", "weather-1", &private).unwrap();
        let stranger = CommandSigner::from_pem("weather", "weather-1", &other).unwrap();
        let visitor = CommandSigner::from_pem("visitor", "weather-1", &private).unwrap();
        let unknown = CommandSigner::from_pem("weather", "weather-9", &private).unwrap();
        let key = TrustedKey::from_pem("weather", &public).unwrap();
        let source = SignalSource { key, kinds: Some(vec![SignalKind::Weather]) };
        let id = |text: &str| Id::new(text).unwrap();
        let verifier = SignalVerifier::new(id("stadium"), BTreeMap::from([("weather-1".to_owned(), source)]));
        let payload = |signer: &CommandSigner, signal: Signal| {
            serde_json::to_vec(&signer.sign_signal(signal).unwrap()).unwrap()
        };
        let taken = verifier.verify(&id("rain"), &payload(&signer, signal()), NOW).unwrap();
        assert_eq!((taken.issuer.as_str(), taken.text.as_str()), ("weather", "heavy rain"));

        let train = Signal { kind: SignalKind::TrainArrival, ..signal() };
        let elsewhere = Signal { site: "palace".to_owned(), ..signal() };
        let mut changed = signer.sign_signal(signal()).unwrap();
        changed.signal = changed.signal.replace("heavy", "no");
        for (payload, on, why) in [
            (payload(&stranger, signal()), "rain", "the signature does not hold"),
            (serde_json::to_vec(&changed).unwrap(), "rain", "the signature does not hold"),
            (payload(&visitor, signal()), "rain", "names \"visitor\" as its issuer"),
            (payload(&unknown, signal()), "rain", "the key \"weather-9\" is not trusted here"),
            (payload(&signer, signal()), "hail", "this is the key of hail of stadium"),
            (payload(&signer, elsewhere), "rain", "it is the signal rain of palace"),
            (payload(&signer, train), "rain", "weather may not tell of that kind of thing"),
            (payload(&signer, Signal { issued_at: NOW + 60.0, ..signal() }), "rain", "set the clocks by NTP"),
            (b"{}".to_vec(), "rain", "not a throng.signal.v1"),
        ] {
            let refused = verifier.verify(&id(on), &payload, NOW).unwrap_err().to_string();
            assert!(refused.contains(why), "{why:?} is not in {refused:?}");
        }
        // What is signed for a loudspeaker is no signal, and the other way round.
        let as_command = String::from_utf8(payload(&signer, signal())).unwrap();
        let as_command = as_command.replace("throng.signal.v1", "throng.speaker_command.v1");
        assert!(verifier.verify(&id("rain"), as_command.as_bytes(), NOW).is_err());
    }
}
