//! The loudspeaker on the bus: an agent as `throng speaker` runs it, asked by the site and by officers at a console, and
//! whoever looks at the terminal is told what it says.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result};
use throng_analytics::wire::{SpeakerEffect, SpeakerReceipt};
use tokio::time::timeout;

use super::{DemoKeys, StandIn, request, speaker_plan, tell_effect, tell_receipt};
use crate::{
    cli::output,
    clock::wall_clock,
    config::plan::Plan,
    publish::{Heard, Id, Network, Topic, Watcher},
    speaker::run,
};

/// How long the demonstration waits for an officer at the console before its own agrees, seconds.
const OFFICER_TAKES_SECS: f64 = 30.0;
/// How often the demonstration's officer looks at the clock.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A loudspeaker beside a site. Dropped, it falls silent and is gone.
pub struct BusSpeaker {
    must_stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl BusSpeaker {
    /// Puts a loudspeaker beside the site of a plan, and makes the site ask it. Files go into `folder`, the site's key into
    /// `keys_in`.
    ///
    /// # Errors
    /// A folder cannot be written, or a thread cannot be started.
    pub fn start(plan: &mut Plan, keys: &DemoKeys, folder: &Path, keys_in: &Path) -> Result<Self> {
        plan.speakers = vec![request()?];
        plan.speaker_key = Some(keys.site.kept_in(keys_in)?);
        let network = plan.bus.neighbour();
        let speaker = speaker_plan(&plan.site_id, network.clone(), keys, folder)?;
        let officer = StandIn::new(&plan.site_id, keys, OFFICER_TAKES_SECS)?;
        let must_stop = Arc::new(AtomicBool::new(false));

        let stop = Arc::clone(&must_stop);
        let agent = move || {
            if let Err(error) = run::run(speaker, &|| stop.load(Ordering::Relaxed), &|| {}) {
                output::note(format!("No loudspeaker: {error:#}."));
            }
        };
        let (stop, site) = (Arc::clone(&must_stop), plan.site_id.clone());
        let watch = move || {
            if let Err(error) = watch(&network, &site, officer, &stop) {
                output::note(format!("The loudspeaker is not heard here: {error:#}."));
            }
        };
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            Builder::new().name(name.to_owned()).spawn(work).context("cannot start a thread")
        };
        let threads = vec![start("speaker", Box::new(agent))?, start("speaker-watch", Box::new(watch))?];
        Ok(Self { must_stop, threads })
    }

    /// Lets it fall silent and go.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.must_stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("A thread of the loudspeaker ended by a panic.");
            }
        }
    }
}

impl Drop for BusSpeaker {
    fn drop(&mut self) {
        self.end();
    }
}

/// Tells what becomes of announcements, and agrees to one that nobody else agreed to.
fn watch(network: &Network, site: &Id, mut officer: StandIn, must_stop: &AtomicBool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let mut watcher = Watcher::open(network, &format!("throng/v1/{site}/speaker/**"), false).await?;
        let talker = watcher.talker();
        while !must_stop.load(Ordering::Relaxed) {
            let arrival = match timeout(LOOK_EVERY, watcher.next()).await {
                Ok(Some(arrival)) => Some(arrival),
                Ok(None) => anyhow::bail!("the bus has closed"),
                Err(_nothing_came) => None,
            };
            if let Some(Heard::Message { payload, .. }) = arrival.as_ref().map(|arrival| &arrival.heard) {
                match arrival.as_ref().and_then(|arrival| arrival.topic.as_ref()) {
                    Some((_, Topic::SpeakerReceipt(_))) => {
                        let receipt: SpeakerReceipt = serde_json::from_slice(payload)?;
                        tell_receipt(&receipt);
                        officer.hear(&receipt, wall_clock());
                    }
                    Some((_, Topic::SpeakerEffect(_))) => {
                        let effect: SpeakerEffect = serde_json::from_slice(payload)?;
                        tell_effect(effect.verdict, effect.advice, effect.density_people_per_m2);
                    }
                    _ => {}
                }
            }
            if let Some(order) = officer.agree(wall_clock())? {
                talker.put(site, order)?;
            }
        }
        Ok(())
    })
}
