//! A loudspeaker that plays by itself once it is told to: the talk with it has a thread of its own, so that a slow network
//! holds up neither the next order nor an abort.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use crossbeam::channel::{Receiver, Sender, TryRecvError, bounded};

use super::Playback;

/// A talk with a loudspeaker.
pub(super) struct Remote {
    outcome: Receiver<Result<()>>,
    stop: Sender<()>,
}

/// Tells the talk when to end.
pub(super) struct Stop(Receiver<()>);

impl Stop {
    /// Waits until told to stop, or this long; whether it was told.
    pub(super) fn within(&self, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        // A sender that has gone is a playback that was dropped: it must fall silent too.
        !matches!(self.0.recv_deadline(deadline), Err(crossbeam::channel::RecvTimeoutError::Timeout))
    }

    /// Whether it was told to.
    pub(super) fn is_set(&self) -> bool {
        self.within(Duration::ZERO)
    }
}

impl Remote {
    /// Starts a talk.
    pub(super) fn start(
        name: &str,
        talk: impl FnOnce(&Stop) -> Result<()> + Send + 'static,
    ) -> Result<Box<dyn Playback>> {
        let (tell, outcome) = bounded(1);
        let (stop, stopped) = bounded(1);
        let work = move || {
            // The agent may have gone: then there is nobody to tell.
            tell.send(talk(&Stop(stopped))).ok();
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(work).context("cannot start a thread")?;
        Ok(Box::new(Self { outcome, stop }))
    }
}

impl Playback for Remote {
    fn has_ended(&mut self) -> Result<bool> {
        match self.outcome.try_recv() {
            Ok(outcome) => outcome.map(|()| true),
            Err(TryRecvError::Empty) => Ok(false),
            Err(TryRecvError::Disconnected) => bail!("the talk with the loudspeaker broke off"),
        }
    }

    fn stop(&mut self) {
        // Told once is enough.
        self.stop.try_send(()).ok();
    }
}
