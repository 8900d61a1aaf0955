//! Another plan for a site that runs: zones and thresholds at once, a calibration by starting that camera alone anew.
//!
//! The plan goes through a channel without room to the site loop, which owns all that changes, and is taken up between two
//! steps. A site that does not come for it in time never sees it, so whoever asked knows for certain what holds.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crossbeam::channel::{Receiver, Sender, bounded};
use throng_models::counter::Info;

use crate::{cameras::to_start_anew, config::plan::Plan, locked::locked, publish::Id};

/// How long the site loop may take to come for a plan: it looks at every step.
const COMES_WITHIN: Duration = Duration::from_secs(10);

/// A plan, and where it is told whether the site has taken it up.
pub struct Offer {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Told once.
    pub answer: Sender<Result<(), String>>,
}

/// The end of whoever has another plan for a site.
pub struct Exchange {
    info: Info,
    running: Mutex<Arc<Plan>>,
    offers: Sender<Offer>,
}

/// Both ends of an exchange for a site that begins with a plan and the counter of `info`.
pub fn exchange(plan: Arc<Plan>, info: Info) -> (Exchange, Receiver<Offer>) {
    let (offers, taken) = bounded(0);
    (Exchange { info, running: Mutex::new(plan), offers }, taken)
}

impl Exchange {
    /// The plan that the site runs by.
    pub fn running(&self) -> Arc<Plan> {
        Arc::clone(&locked(&self.running))
    }

    /// The cameras that would start anew for a plan.
    pub fn to_start_anew(&self, plan: &Plan) -> Vec<Id> {
        let running = self.running();
        let anew = to_start_anew(&running, plan, &self.info);
        anew.into_iter().map(|camera| camera.id.clone()).collect()
    }

    /// Has the site take up a plan that differs from the running one in zones, thresholds and calibrations alone.
    ///
    /// # Errors
    /// Why the site goes on as before, in words for people.
    pub fn take_up(&self, plan: Plan) -> Result<(), String> {
        let plan = Arc::new(plan);
        let (answer, answered) = bounded(1);
        self.offers.send_timeout(Offer { plan: Arc::clone(&plan), answer }, COMES_WITHIN).map_err(
            |_not_taken| "the site does not take up changes now: it has ended or is held up".to_owned(),
        )?;
        answered.recv().unwrap_or_else(|_ended| Err("the site ended before it answered".to_owned()))?;
        *locked(&self.running) = plan;
        Ok(())
    }
}
