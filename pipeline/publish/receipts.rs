//! Confirmations coming in: a group of subscribers says which warnings have arrived.

use std::{sync::Arc, time::Instant};

use anyhow::{Result, anyhow, bail};
use throng_analytics::wire::{Message as _, WarningReceipt};
use tracing::warn;
use zenoh::{
    Session, Wait as _,
    key_expr::keyexpr,
    sample::{Sample, SampleKind},
};

use super::{Id, Topic, intake, keeper::Keeper, keys::patterns, zenoh_error::in_words};

/// Largest confirmation taken, in bytes; a real one has about 300.
const RECEIPT_BYTES_MAX: usize = 4 * 1024;

/// Takes confirmations for a site until the session closes.
pub(super) fn receive_receipts(session: &Session, site: &Id, keeper: &Arc<Keeper>) -> Result<()> {
    let pattern =
        patterns::receipts(site).map_err(|error| anyhow!("no key for receipts: {}", in_words(&error)))?;
    let keeper = Arc::clone(keeper);
    session
        .declare_subscriber(pattern)
        .callback(move |sample: Sample| {
            if sample.kind() != SampleKind::Put {
                return;
            }
            match checked(sample.key_expr(), &sample.payload().to_bytes()) {
                Ok(receipt) => keeper.confirmed(receipt),
                Err(error) => {
                    if let Some(count) = keeper.refused().occurred(Instant::now()) {
                        warn!(refused = count, "Confirmation refused on {}: {error:#}.", sample.key_expr());
                    }
                }
            }
        })
        .background()
        .wait()
        .map_err(|error| anyhow!("zenoh does not take the subscriber of receipts: {}", in_words(&error)))
}

/// The confirmation in a payload, where it is one and says the same as its key.
fn checked(key: &keyexpr, payload: &[u8]) -> Result<WarningReceipt> {
    let Some((site, Topic::Receipt(group, zone))) = Topic::parse(key) else {
        bail!("the key names no group and zone");
    };
    let receipt: WarningReceipt = intake::message(payload, RECEIPT_BYTES_MAX)?;
    if (receipt.schema.as_str(), receipt.site.as_str(), receipt.group.as_str(), receipt.zone.as_str())
        != (WarningReceipt::SCHEMA, site.as_str(), group.as_str(), zone.as_str())
    {
        bail!("its schema, site, group or zone are not those of its key");
    }
    Ok(receipt)
}
