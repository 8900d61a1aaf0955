//! What a site does beside publishing on the bus: other conventions are told, loudspeakers are asked, and whether that
//! helped is looked at.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use throng_analytics::{
    site::SiteReport,
    wire::{SpeakerReceipt, Warning},
};
use tokio::{runtime::Runtime, sync::mpsc, task::JoinHandle, time::sleep};

use crate::{
    config::plan::Plan,
    messages::Messages,
    publish::{
        Heard, Outgoing, Topic, Watcher,
        conventions::{Conventions, ZoneChange},
    },
    speaker::dispatch::Dispatch,
};

/// Receipts that may wait.
const RECEIPTS_MAX: usize = 256;
/// Pause before receipts are listened to again.
const RELISTEN_EVERY: Duration = Duration::from_secs(1);

/// All of it, for one site.
pub struct Beside {
    conventions: Conventions,
    /// The zones that are watched, and whether anything was ever known of each.
    zones: BTreeMap<String, bool>,
    speakers: Option<Speakers>,
}

struct Speakers {
    dispatch: Dispatch,
    receipts: mpsc::Receiver<SpeakerReceipt>,
    listening: JoinHandle<()>,
}

impl Drop for Speakers {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Beside {
    /// Starts what the plan asks for. `last_told` is what an earlier run told of each zone last.
    ///
    /// # Errors
    /// A key that cannot be read, or a thread that cannot be started.
    pub fn start(plan: &Plan, last_told: &[Warning], runtime: &Runtime) -> Result<Self> {
        let speakers = Dispatch::new(plan)?.map(|dispatch| {
            let (sender, receipts) = mpsc::channel(RECEIPTS_MAX);
            let network = plan.bus.neighbour();
            let pattern = format!("throng/v1/{}/speaker/*/receipt", plan.site_id);
            let listening = runtime.spawn(async move {
                loop {
                    match Watcher::open(&network, &pattern, false).await {
                        Ok(watcher) => listen(watcher, &sender).await,
                        Err(error) => {
                            tracing::debug!("Receipts of loudspeakers are not heard yet: {error:#}.");
                        }
                    }
                    sleep(RELISTEN_EVERY).await;
                }
            });
            Speakers { dispatch, receipts, listening }
        });
        let ids: Vec<String> = plan.zones.iter().map(|zone| zone.id.clone()).collect();
        // Of a zone that was taken out of the site file nothing more will be told.
        let last_told: Vec<Warning> =
            last_told.iter().filter(|warning| ids.contains(&warning.zone)).cloned().collect();
        let conventions = Conventions::start(&plan.conventions, &ids, &last_told)?;
        Ok(Self { conventions, zones: ids.into_iter().map(|id| (id, false)).collect(), speakers })
    }

    /// Goes by another plan of the site; who is told stays as it was at the start.
    pub fn exchange(&mut self, plan: &Plan) {
        if let Some(speakers) = &mut self.speakers {
            speakers.dispatch.exchange(plan.speakers.clone());
        }
    }

    /// Takes a step of the site and its messages; what is to be published besides.
    ///
    /// # Errors
    /// A message cannot be written.
    pub fn step(
        &mut self,
        published: &[Outgoing],
        report: &SiteReport,
        messages: &mut Messages,
    ) -> Result<Vec<Outgoing>> {
        if !self.conventions.is_empty() {
            self.follow_zones(report);
            for message in published.iter().filter(|message| matches!(message.topic, Topic::Warning(_))) {
                let warning: Warning = serde_json::from_slice(&message.payload)?;
                self.conventions.tell(&Arc::new(warning));
            }
        }
        let Some(speakers) = &mut self.speakers else { return Ok(Vec::new()) };
        let mut more = speakers.dispatch.step(report, published)?;
        while let Ok(receipt) = speakers.receipts.try_recv() {
            speakers.dispatch.receipt(receipt, report.now);
        }
        for looked in speakers.dispatch.looked(report.now) {
            let (verdict, advice) = (looked.effect.verdict, looked.effect.advice);
            let speaker = &looked.receipt.envelope.speaker;
            tracing::info!(zone = looked.zone, "Did {speaker} help? {verdict:?}; advice: {advice:?}.");
            more.push(messages.speaker_effect(&looked, report.now)?);
        }
        Ok(more)
    }

    /// Tells conventions that show a state which zones have come, been seen for the first time, and gone.
    fn follow_zones(&mut self, report: &SiteReport) {
        for zone in &report.zones {
            match (self.zones.get_mut(&zone.zone), zone.level) {
                (Some(true), _) | (Some(false), None) => continue,
                (Some(was_seen), Some(_)) => *was_seen = true,
                (None, level) => {
                    self.zones.insert(zone.zone.clone(), level.is_some());
                }
            }
            self.conventions.show(&zone.zone, zone.level.map_or(ZoneChange::Watched, ZoneChange::Seen));
        }
        self.zones.retain(|id, _was_seen| {
            let is_watched = report.zones.iter().any(|zone| zone.zone == *id);
            if !is_watched {
                self.conventions.show(id, ZoneChange::Gone);
            }
            is_watched
        });
    }
}

/// Hands receipts over until the session closes.
async fn listen(mut watcher: Watcher, sender: &mpsc::Sender<SpeakerReceipt>) {
    while let Some(arrival) = watcher.next().await {
        if let Heard::Message { payload, .. } = arrival.heard
            && let Ok(receipt) = serde_json::from_slice(&payload)
        {
            // One that finds no room costs a look at whether it helped, and nothing else.
            sender.try_send(receipt).ok();
        }
    }
}
