//! The loudspeaker by the clock of footage that is read fast: dispatch and agent in one thread, without a bus.

use std::path::Path;

use anyhow::Result;
use throng_analytics::{site::SiteReport, speaker::Moment, time::Timestamp, wire::SpeakerReceipt};

use super::{DemoKeys, StandIn, request, speaker_plan, tell_effect, tell_receipt};
use crate::{
    publish::{Id, Network, SpeakerHeard, Topic},
    speaker::{agent::Agent, dispatch::Dispatch, driver::driver},
};

/// Site time that the demonstration's officer takes to agree, seconds.
const OFFICER_TAKES_SECS: f64 = 4.0;

/// The loudspeaker of the demonstration.
pub struct FilmSpeaker {
    agent: Agent,
    dispatch: Dispatch,
    officer: StandIn,
}

impl FilmSpeaker {
    /// A loudspeaker at a site, whose files go into a folder.
    ///
    /// # Errors
    /// No voice is installed, or the folder cannot be written.
    pub fn new(site: &Id, drill: bool, keys: &DemoKeys, folder: &Path, now: Timestamp) -> Result<Self> {
        let plan = speaker_plan(site, Network::default(), keys, folder)?;
        let loudspeaker = driver(&plan.output);
        Ok(Self {
            agent: Agent::new(plan, Id::new("demo")?, loudspeaker, now)?,
            dispatch: Dispatch::of(site, drill, vec![request()?], keys.site.signer()?),
            officer: StandIn::new(site, keys, OFFICER_TAKES_SECS)?,
        })
    }

    /// Takes a step of the site.
    ///
    /// # Errors
    /// The audit trail cannot be written.
    pub fn step(&mut self, report: &SiteReport) -> Result<()> {
        let now = Moment { at: report.now, minute_of_day: 12 * 60 };
        for command in self.dispatch.step(report, &[])? {
            self.agent.hear(&SpeakerHeard::Order(command.payload), now)?;
        }
        if let Some(order) = self.officer.agree(now.at)? {
            self.agent.hear(&SpeakerHeard::Order(order.payload), now)?;
        }
        self.agent.tick(now)?;
        for message in self.agent.take_messages() {
            if matches!(message.topic, Topic::SpeakerReceipt(_)) {
                let receipt: SpeakerReceipt = serde_json::from_slice(&message.payload)?;
                tell_receipt(&receipt);
                self.officer.hear(&receipt, now.at);
                self.dispatch.receipt(receipt, now.at);
            }
        }
        for looked in self.dispatch.looked(now.at) {
            tell_effect(looked.effect.verdict, looked.effect.advice, looked.effect.density_people_per_m2);
        }
        Ok(())
    }
}
