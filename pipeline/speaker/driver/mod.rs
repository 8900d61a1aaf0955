//! How sound leaves: one file a kind of loudspeaker.

mod dji;
mod http;
mod local;
mod onvif;
mod remote;
mod rtsp;
mod sip;
mod vapix;

use anyhow::Result;

use super::voice::Clip;
use crate::config::speaker_plan::OutputPlan;

/// A loudspeaker.
pub trait Driver: Send {
    /// Begins to play, without waiting for the network.
    ///
    /// # Errors
    /// What is known at once, such as a machine without a sound card.
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>>;
}

/// An announcement that is being played.
pub trait Playback: Send {
    /// Whether it has come to its end.
    ///
    /// # Errors
    /// What the loudspeaker or the network said.
    fn has_ended(&mut self) -> Result<bool>;

    /// Falls silent, without waiting for the network.
    fn stop(&mut self);
}

/// The driver of an output.
pub fn driver(output: &OutputPlan) -> Box<dyn Driver> {
    match output.clone() {
        OutputPlan::Card | OutputPlan::File { .. } | OutputPlan::Rtp { .. } => {
            Box::new(local::Local::new(output.clone()))
        }
        OutputPlan::Http { to, body } => Box::new(http::Http::new(to, body)),
        OutputPlan::Vapix { to } => Box::new(vapix::Vapix::new(to)),
        OutputPlan::Dji { broker, gateway_sn, psdk_index } => {
            Box::new(dji::Dji::new(broker, gateway_sn, psdk_index))
        }
        OutputPlan::Onvif { to } => Box::new(onvif::Onvif::new(to)),
        OutputPlan::Sip { to } => Box::new(sip::Sip::new(to)),
    }
}
