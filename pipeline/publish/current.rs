//! Answers whoever joins late: the newest value of every key, and the schemas.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result, anyhow};
use throng_analytics::wire::{self, Message as _};
use tracing::warn;
use zenoh::{
    Session, Wait as _,
    bytes::{Encoding, ZBytes},
    key_expr::OwnedKeyExpr,
    query::Query,
};

use super::{Id, Topic, keeper::Keeper, keys::patterns, zenoh_error::in_words};
use crate::{clock::wall_clock, locked::locked};

/// The newest value of every key of a site.
#[derive(Debug, Default)]
pub(super) struct Current {
    values: Mutex<BTreeMap<Topic, (OwnedKeyExpr, ZBytes)>>,
}

impl Current {
    /// Takes over the newest value of a key.
    pub(super) fn set(&self, topic: Topic, key: OwnedKeyExpr, payload: ZBytes) {
        locked(&self.values).insert(topic, (key, payload));
    }

    /// Answers a query with every value whose key it asks for.
    fn answer(&self, query: &Query) {
        let asked_for: Vec<(OwnedKeyExpr, Encoding, ZBytes)> = locked(&self.values)
            .iter()
            .filter(|(_, (key, _))| query.key_expr().intersects(key))
            .map(|(topic, (key, payload))| (key.clone(), topic.delivery().form.encoding(), payload.clone()))
            .collect();
        for (key, encoding, payload) in asked_for {
            if let Err(error) = query.reply(key.clone(), payload).encoding(encoding).wait() {
                warn!(%key, %error, "Cannot answer a query for the current state.");
            }
        }
    }
}

/// Answers queries on the keys of the site's state until the session closes.
pub(super) fn serve_current(session: &Session, site: &Id, current: &Arc<Current>) -> Result<()> {
    for pattern in patterns::current(site).map_err(refused)? {
        serve(session, pattern, current)?;
    }
    Ok(())
}

/// Answers queries for the JSON Schemas of the messages until the session closes. The schema of `throng.warning.v1`
/// stands at `schema/warning`: the version is already in the key.
pub(super) fn serve_schemas(session: &Session, site: &Id) -> Result<()> {
    let documents = Arc::new(Current::default());
    for (name, schema) in wire::schemas() {
        let short = name.split('.').nth(1).unwrap_or(name);
        let topic = Topic::Schema(Id::new(short).with_context(|| format!("the schema {name}"))?);
        let key = topic.key(site).map_err(refused)?;
        let text = serde_json::to_string(&schema).with_context(|| format!("the schema {name}"))?;
        documents.set(topic, key, ZBytes::from(text));
    }
    serve(session, patterns::schemas(site).map_err(refused)?, &documents)
}

/// Answers queries for the configuration until the session closes.
pub(super) fn serve_config(session: &Session, site: &Id, config: &Arc<Current>) -> Result<()> {
    serve(session, Topic::Config.key(site).map_err(refused)?, config)
}

/// Makes `document`, a `SiteConfig` in JSON, the answer to queries for the configuration.
pub(super) fn set_config(config: &Current, site: &Id, document: &[u8]) -> Result<()> {
    config.set(Topic::Config, Topic::Config.key(site).map_err(refused)?, ZBytes::from(document));
    Ok(())
}

/// Warnings in an answer without `limit`, and at most.
const HISTORY_ROWS: usize = 100;
const HISTORY_ROWS_MAX: usize = 1000;

/// Answers queries for the warnings of the outbox until the session closes.
pub(super) fn serve_history(session: &Session, site: &Id, keeper: &Arc<Keeper>) -> Result<()> {
    let key = Topic::History.key(site).map_err(refused)?;
    let (answered_on, site, keeper) = (key.clone(), site.clone(), Arc::clone(keeper));
    session
        .declare_queryable(key)
        .complete(true)
        .callback(move |query: Query| {
            let parameters = query.parameters();
            let rows = parameters.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(HISTORY_ROWS);
            let payloads = keeper.history(parameters.get("zone"), rows.min(HISTORY_ROWS_MAX));
            let history = wire::History {
                schema: wire::History::SCHEMA.to_owned(),
                site: site.to_string(),
                published_at: wall_clock(),
                warnings: payloads
                    .iter()
                    .filter_map(|payload| serde_json::from_slice(payload).ok())
                    .collect(),
            };
            let answer = serde_json::to_vec(&history).map_err(anyhow::Error::from).and_then(|text| {
                let reply = query.reply(answered_on.clone(), text);
                reply.encoding(Topic::History.delivery().form.encoding()).wait().map_err(refused)
            });
            if let Err(error) = answer {
                warn!("Cannot answer a query for the history: {error:#}.");
            }
        })
        .background()
        .wait()
        .map_err(refused)
}

/// Answers queries on one pattern.
fn serve(session: &Session, pattern: OwnedKeyExpr, values: &Arc<Current>) -> Result<()> {
    let values = Arc::clone(values);
    session
        .declare_queryable(pattern)
        .complete(true)
        .callback(move |query| values.answer(&query))
        .background()
        .wait()
        .map_err(refused)
}

/// For `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "map_err hands the error over")]
fn refused(error: zenoh::Error) -> anyhow::Error {
    anyhow!("zenoh does not take a queryable: {}", in_words(&error))
}
