//! Tells systemd that a site is up, and for as long as its loop goes round, that it lives (`Type=notify`,
//! `WatchdogSec=`). Without systemd it does nothing.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// The site as systemd sees it. Dropped, it is stopping.
#[derive(Debug)]
pub struct Supervision {
    /// How often a sign of life is due; none is asked for without.
    period: Option<Duration>,
    told_at: Option<Instant>,
}

impl Supervision {
    /// As the unit asks for it.
    pub fn of_unit() -> Self {
        Self {
            // Half of what systemd waits, as its manual advises.
            period: sd_notify::watchdog_enabled().map(|longest| longest / 2),
            told_at: None,
        }
    }

    /// The loop has gone round: ready the first time, a sign of life when one is due.
    pub fn beat(&mut self) {
        let now = Instant::now();
        match (self.told_at, self.period) {
            (None, _) => tell(&[NotifyState::Ready, NotifyState::Watchdog]),
            (Some(at), Some(period)) if now.saturating_duration_since(at) >= period => {
                tell(&[NotifyState::Watchdog]);
            }
            _ => return,
        }
        self.told_at = Some(now);
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        tell(&[NotifyState::Stopping]);
    }
}

/// A message to systemd; that there is none is no fault.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd was not told {states:?}: {error}.");
    }
}
