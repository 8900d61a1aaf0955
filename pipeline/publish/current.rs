//! Answers whoever joins late: the newest value of every key, and the schemas.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result, anyhow};
use throng_analytics::wire;
use tracing::warn;
use zenoh::{
    Session, Wait as _,
    bytes::{Encoding, ZBytes},
    key_expr::OwnedKeyExpr,
    query::Query,
};

use super::{Id, Topic, keys::patterns, zenoh_error::in_words};

/// The newest value of every key of a site.
#[derive(Debug, Default)]
pub(super) struct Current {
    values: Mutex<BTreeMap<Topic, (OwnedKeyExpr, ZBytes)>>,
}

impl Current {
    /// Takes over the newest value of a key.
    pub(super) fn set(&self, topic: Topic, key: OwnedKeyExpr, payload: ZBytes) {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).insert(topic, (key, payload));
    }

    /// Answers a query with every value whose key it asks for.
    fn answer(&self, query: &Query) {
        let asked_for: Vec<(OwnedKeyExpr, Encoding, ZBytes)> = self
            .values
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
