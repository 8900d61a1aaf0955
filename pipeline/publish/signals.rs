//! Signals from outside coming in: bounded, and checked by the site.

use std::{sync::Arc, time::Instant};

use anyhow::{Result, anyhow};
use tokio::sync::mpsc;
use tracing::warn;
use zenoh::{
    Session, Wait as _,
    sample::{Sample, SampleKind},
};
use zenoh_ext::{AdvancedSubscriberBuilderExt as _, HistoryConfig, RecoveryConfig};

use super::{
    Id, Topic, keys::patterns, rare_log::RareLog, signature::COMMAND_BYTES_MAX, zenoh_error::in_words,
};

/// Signals waiting for the site at most.
pub(super) const SIGNALS_WAITING_MAX: usize = 256;

/// A signal as it came, with the id in its key; nothing in it is checked yet.
pub type RawSignal = (Id, Vec<u8>);

/// Takes signals for a site until the session closes.
pub(super) fn receive_signals(
    session: &Session,
    site: &Id,
    to_site: mpsc::Sender<RawSignal>,
    refused: Arc<RareLog>,
) -> Result<()> {
    let pattern =
        patterns::signals(site).map_err(|error| anyhow!("no key for signals: {}", in_words(&error)))?;
    session
        .declare_subscriber(pattern)
        .history(HistoryConfig::default().detect_late_publishers())
        .recovery(RecoveryConfig::default().heartbeat())
        .callback(move |sample: Sample| {
            let Some((_, Topic::Signal(id))) = Topic::parse(sample.key_expr()) else { return };
            if sample.kind() != SampleKind::Put {
                return;
            }
            let is_small = sample.payload().len() <= COMMAND_BYTES_MAX;
            let is_in = is_small && to_site.try_send((id, sample.payload().to_bytes().into_owned())).is_ok();
            if !is_in && let Some(count) = refused.occurred(Instant::now()) {
                warn!(
                    refused = count,
                    "Signal refused on {}: too large, or too many wait.",
                    sample.key_expr()
                );
            }
        })
        .background()
        .wait()
        .map_err(|error| anyhow!("zenoh does not take the subscriber of signals: {}", in_words(&error)))
}
