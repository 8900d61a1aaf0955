//! Hand-overs between shifts on disk.

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::Value;
use throng_analytics::time::Timestamp;

use super::{Store, StoreError, kept};

/// One shift to the next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Handover {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// Who goes.
    pub(crate) by: String,
    /// Who comes.
    pub(crate) to: String,
    pub(crate) text: String,
    /// The alarms that were open: `site`, `incident`, `zone`, `level`, `stage` each.
    pub(crate) alarms: Value,
    /// When whoever comes took over.
    pub(crate) accepted_at: Option<Timestamp>,
}

impl Store {
    pub(crate) fn put_handover(&self, handover: &Handover) -> Result<(), StoreError> {
        self.connection().execute(
            "INSERT INTO handover (id, at, by_user, to_user, text, alarms, accepted_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET accepted_at = ?7",
            params![
                handover.id,
                kept(handover.at),
                handover.by,
                handover.to,
                handover.text,
                handover.alarms.to_string(),
                handover.accepted_at.map(kept),
            ],
        )?;
        Ok(())
    }

    pub(crate) fn handover(&self, id: &str) -> Result<Option<Handover>, StoreError> {
        let sql = format!("{SELECT} WHERE id = ?1");
        Ok(self.connection().prepare_cached(&sql)?.query_row([id], handover).optional()?)
    }

    /// The newest hand-overs, the newest first.
    pub(crate) fn handovers(&self, limit: usize) -> Result<Vec<Handover>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY at DESC LIMIT ?1"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(statement.query_map([limit], handover)?.collect::<Result<_, _>>()?)
    }
}

const SELECT: &str = "SELECT id, at, by_user, to_user, text, alarms, accepted_at FROM handover";

fn handover(row: &Row<'_>) -> rusqlite::Result<Handover> {
    let alarms: String = row.get(5)?;
    Ok(Handover {
        id: row.get(0)?,
        at: Timestamp::from_unix_nanos(row.get(1)?),
        by: row.get(2)?,
        to: row.get(3)?,
        text: row.get(4)?,
        alarms: serde_json::from_str(&alarms).unwrap_or(Value::Null),
        accepted_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_unix_nanos),
    })
}
