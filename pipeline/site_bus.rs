//! From a plan to its place on the bus, and from what an earlier run left there to a site that goes on.

use anyhow::Context as _;
use throng_analytics::{
    site::Site,
    wire::{Message as _, SiteConfig},
};

use crate::{
    clock::wall_clock,
    config::plan::Plan,
    layout::layout,
    publish::{BusOptions, Id, Left, OutboxOptions},
    stream::options::Pace,
};

/// What the bus needs to know.
///
/// Footage that is read fast warns nobody: it has a clock of its own, and what was told in it must not be gone on from.
/// Its warnings wait in memory.
///
/// # Errors
/// The configuration cannot be written as JSON.
pub fn bus_options(plan: &Plan, node: &Id, pace: Pace) -> anyhow::Result<BusOptions> {
    let outbox = match pace {
        Pace::Realtime => plan.outbox.clone(),
        Pace::AsFastAsPossible => OutboxOptions::default(),
    };
    Ok(BusOptions {
        network: plan.bus.clone(),
        site: plan.site_id.clone(),
        node: node.clone(),
        outbox,
        config: config_document(plan, node)?,
    })
}

/// What a site answers to those who ask what it is made of: a `SiteConfig` in JSON.
///
/// # Errors
/// It cannot be written as JSON.
pub fn config_document(plan: &Plan, node: &Id) -> anyhow::Result<Vec<u8>> {
    let config = SiteConfig {
        schema: SiteConfig::SCHEMA.to_owned(),
        site: plan.site_id.to_string(),
        node: node.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        read_at: wall_clock(),
        config_sha256: plan.config_sha256.clone(),
        text: plan.config_text.clone(),
        layout: Some(layout(plan)),
    };
    serde_json::to_vec(&config).context("cannot write the configuration as JSON")
}

/// The site of a plan, with the incidents that were going on when an earlier run ended.
pub fn site_going_on(plan: &Plan, left: &Left) -> Site {
    let mut site = Site::new(plan.site_model());
    for warning in &left.last_told {
        if site.recall(warning) {
            tracing::warn!(
                zone = warning.zone,
                incident = warning.incident,
                "An incident from before the restart goes on; its level is unknown until pictures come."
            );
        }
    }
    site
}
