//! Between two steps the site loop takes up another plan.

use std::sync::Arc;

use anyhow::ensure;

use super::{SiteLoop, WatchedCamera};
use crate::{
    cameras::to_start_anew,
    config::plan::Plan,
    counting::{CountedFrame, ReadyCamera},
    publish::signature::SignalVerifier,
    site_bus::config_document,
    summary::Summary,
};

impl SiteLoop<'_> {
    /// Takes up the plan that is offered, if one is; whether something has changed.
    pub(super) fn take_up_offer(&mut self, summary: &mut Summary) -> bool {
        let Ok(offer) = self.offers.try_recv() else { return false };
        let taken = self.take_up(&offer.plan, summary);
        match &taken {
            Ok(()) => tracing::info!("The changed site file is taken up ({}).", offer.plan.config_sha256),
            Err(error) => tracing::warn!("The changed site file is not taken up: {error:#}."),
        }
        let has_changed = taken.is_ok();
        // Whoever offered it waits; if not, nobody is left to be told.
        offer.answer.send(taken.map_err(|error| format!("{error:#}"))).ok();
        has_changed
    }

    /// Takes up a plan whole or, with an error, not at all: what may fail comes first.
    fn take_up(&mut self, plan: &Arc<Plan>, summary: &mut Summary) -> anyhow::Result<()> {
        let document = config_document(plan, &self.node)?;
        let anew = to_start_anew(&self.plan, plan, self.maker.info());
        // Waiting for room would wait for the counting thread, which may wait for this one.
        let room = self.started_anew.capacity().unwrap_or(0).saturating_sub(self.started_anew.len());
        ensure!(
            anew.len() <= room,
            "cameras still start anew after the change before: try again in a moment"
        );
        let mut started = Vec::new();
        for camera in anew {
            let before = self.cameras.iter().find(|before| before.id == camera.id);
            let exchanges = before.map_or(0, |before| before.exchanges + 1);
            let (watched, counted) = self.maker.start(plan, camera, exchanges)?;
            started.push((watched, ReadyCamera::new(counted)?));
        }
        self.site.exchange(plan.site_model())?;
        self.messages.exchange(&plan.config_sha256, &plan.zones)?;
        self.bus.set_config(&document)?;
        for (watched, ready) in started {
            // Where every camera has ended nobody counts any more, and the site ends too.
            self.started_anew.try_send(ready).ok();
            self.replace(watched, summary);
        }
        if let Some(evidence) = &mut self.evidence {
            evidence.reconfigure(plan);
        }
        self.beside.exchange(plan);
        self.outside.exchange(SignalVerifier::new(plan.site_id.clone(), plan.signal_sources.clone()));
        self.plan = Arc::clone(plan);
        Ok(())
    }

    /// Puts a camera in the place of the one with its id, which is let go of.
    fn replace(&mut self, camera: WatchedCamera, summary: &mut Summary) {
        let Some(known) = self.cameras.iter_mut().find(|known| known.id == camera.id) else {
            self.cameras.push(camera);
            return;
        };
        let before = std::mem::replace(known, camera);
        known.captured_at = before.captured_at;
        summary.add_frames(before.stream.counters());
        // Letting go may take as long as the network likes.
        let let_go =
            std::thread::Builder::new().name("letting-go".to_owned()).spawn(move || drop(before.stream));
        if let Err(error) = let_go {
            tracing::warn!("No thread to let go of a camera: {error}.");
        }
    }

    /// Whether a frame was counted by the calibration that holds.
    pub(super) fn is_current(&self, counted: &CountedFrame) -> bool {
        let camera = self.cameras.iter().find(|camera| camera.id.as_str() == &*counted.frame.camera);
        camera.is_some_and(|camera| camera.exchanges == counted.exchanges)
    }
}
