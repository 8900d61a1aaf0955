//! Answers whoever joins late: the newest value of every key, and the schemas.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Result, anyhow};
use tracing::warn;
use zenoh::{
    Session, Wait as _,
    bytes::{Encoding, ZBytes},
    key_expr::OwnedKeyExpr,
    query::Query,
};

use super::{Id, Topic, keys::patterns};

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

/// Answers queries for the JSON Schemas of the messages until the session closes.
pub(super) fn serve_schemas(session: &Session, site: &Id, schemas: &[(Id, String)]) -> Result<()> {
    let documents = Arc::new(Current::default());
    for (name, schema) in schemas {
        let topic = Topic::Schema(name.clone());
        let key = topic.key(site).map_err(refused)?;
        documents.set(topic, key, ZBytes::from(schema.as_str()));
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

fn refused(error: zenoh::Error) -> anyhow::Error {
    anyhow!("zenoh does not take a queryable: {error}")
}
