//! What happens outside: signals that the site takes, and what it tells of them.

use throng_analytics::{signal::Taken, time::Timestamp};
use tokio::sync::mpsc;

use super::SiteLoop;
use crate::publish::{RawSignal, signature::SignalVerifier};

/// How often a site tells what it goes by, seconds.
const TOLD_EVERY_SECS: f64 = 1.0;
/// Signals taken in one step at most: a site must not fall behind its cameras for them.
const STEP_MAX: usize = 32;

/// Where signals come in.
pub struct Outside {
    arriving: Option<mpsc::Receiver<RawSignal>>,
    verifier: SignalVerifier,
    told_at: Option<Timestamp>,
}

impl Outside {
    /// Signals that arrive, and who may give them.
    pub const fn new(arriving: Option<mpsc::Receiver<RawSignal>>, verifier: SignalVerifier) -> Self {
        Self { arriving, verifier, told_at: None }
    }

    /// Goes by other sources from now on. What was taken stays until it ends.
    pub fn exchange(&mut self, verifier: SignalVerifier) {
        self.verifier = verifier;
    }
}

impl SiteLoop<'_> {
    /// Takes the signals that wait.
    pub(super) fn take_signals(&mut self, now: Timestamp) {
        let Some(arriving) = &mut self.outside.arriving else { return };
        for _ in 0..STEP_MAX {
            let Ok((id, payload)) = arriving.try_recv() else { return };
            let verified =
                self.outside.verifier.verify(&id, &payload, now).map_err(|error| error.to_string());
            let taken = verified.and_then(|signal| {
                let taken = self.site.take_signal(signal.clone(), now).map_err(|error| error.to_string())?;
                Ok((signal, taken))
            });
            match taken {
                Err(why) => tracing::warn!(signal = %id, "A signal from outside is not taken: {why}."),
                // Said again, as its source should.
                Ok((_, Taken::Known)) => {}
                Ok((signal, taken)) => {
                    let over = if taken == Taken::Over { "Taken back" } else { "From outside" };
                    tracing::info!(signal = %id, issuer = signal.issuer, "{over}: {}.", signal.text);
                    self.outside.told_at = None;
                    if let Some(evidence) = &mut self.evidence {
                        evidence.signalled(signal);
                    }
                }
            }
        }
    }

    /// Tells what the site goes by, where that is due and it goes by anything.
    pub(super) fn publish_signals(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let is_due = self.outside.told_at.is_none_or(|at| now.secs_since(at).abs() >= TOLD_EVERY_SECS);
        if !is_due || !self.outside.verifier.has_sources() {
            return Ok(());
        }
        self.outside.told_at = Some(now);
        let (signals, tightened) = self.site.signals(now);
        self.bus.publish(self.messages.signals(signals, tightened, now)?);
        Ok(())
    }
}
