//! Acknowledgements coming in: checked, bounded, the malformed counted.

use std::{sync::Arc, time::Instant};

use anyhow::{Result, anyhow, bail};
use throng_analytics::wire::Ack;
use tokio::sync::mpsc;
use tracing::warn;
use zenoh::{
    Session, Wait as _,
    key_expr::keyexpr,
    sample::{Sample, SampleKind},
};
use zenoh_ext::{AdvancedSubscriberBuilderExt as _, HistoryConfig, RecoveryConfig};

use super::{Id, Topic, intake, keys::patterns, rare_log::RareLog, zenoh_error::in_words};

/// Largest acknowledgement taken, in bytes; a real one has a few hundred.
const ACK_BYTES_MAX: usize = 16 * 1024;
/// Acknowledgements waiting for the site at most.
pub(super) const ACKS_WAITING_MAX: usize = 256;

/// Takes acknowledgements of a site's incidents until the session closes.
pub(super) fn receive_acks(
    session: &Session,
    site: &Id,
    to_site: mpsc::Sender<Ack>,
    refused: Arc<RareLog>,
) -> Result<()> {
    let pattern =
        patterns::acks(site).map_err(|error| anyhow!("no key for acknowledgements: {}", in_words(&error)))?;
    session
        .declare_subscriber(pattern)
        .history(HistoryConfig::default().detect_late_publishers())
        .recovery(RecoveryConfig::default().heartbeat())
        .callback(move |sample: Sample| {
            if sample.kind() != SampleKind::Put {
                return;
            }
            let outcome = checked(sample.key_expr(), &sample.payload().to_bytes()).and_then(|ack| {
                to_site
                    .try_send(ack)
                    .map_err(|_full| anyhow!("more than {ACKS_WAITING_MAX} wait for the site"))
            });
            if let Err(error) = outcome
                && let Some(count) = refused.occurred(Instant::now())
            {
                warn!(refused = count, "Acknowledgement refused on {}: {error:#}.", sample.key_expr());
            }
        })
        .background()
        .wait()
        .map_err(|error| {
            anyhow!("zenoh does not take the subscriber of acknowledgements: {}", in_words(&error))
        })
}

/// The acknowledgement in a payload, where it is one and its incident is that of its key.
fn checked(key: &keyexpr, payload: &[u8]) -> Result<Ack> {
    let Some((_, Topic::Ack(incident))) = Topic::parse(key) else { bail!("the key names no incident") };
    let ack: Ack = intake::message(payload, ACK_BYTES_MAX)?;
    if ack.incident != incident.as_str() {
        bail!("its incident is not that of its key");
    }
    Ok(ack)
}
