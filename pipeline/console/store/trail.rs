//! The audit trail: who did what, when. Append-only, each entry chained to the one before.
//!
//! The hash of an entry is the SHA-256 of the hash before it and the entry's JSON, as in the trail of a loudspeaker, so
//! that anybody can check it with standard tools. A changed, removed or inserted entry breaks every hash after it.
//! Triggers refuse changes through `SQL`; whoever goes round them breaks the chain.

use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throng_analytics::{
    digest::{BEFORE_FIRST, chained},
    time::Timestamp,
};

use super::{Store, StoreError};

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Number, from 0.
    pub(crate) number: i64,
    pub(crate) at: Timestamp,
    /// The account, or `system`.
    pub(crate) by: String,
    /// What kind of thing happened: `login`, `alarm`, `speak` and so on.
    pub(crate) event: String,
    /// Its particulars; never a secret.
    pub(crate) details: Value,
}

/// What the chain is found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    pub(crate) intact: bool,
    pub(crate) entries: u64,
    /// The newest hash: kept elsewhere, it tells whether the end was cut off.
    pub(crate) hash: String,
    /// The first entry that does not follow.
    pub(crate) broken_at: Option<i64>,
}

impl Store {
    /// Appends entries; they are on the disk when this returns.
    pub(crate) fn append(
        &self,
        entries: impl IntoIterator<Item = (Timestamp, String, &'static str, Value)>,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        {
            let last: Option<(i64, String)> = transaction
                .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (mut number, mut hash) =
                last.map_or_else(|| (0, BEFORE_FIRST.to_owned()), |(number, hash)| (number + 1, hash));
            let mut insert =
                transaction.prepare_cached("INSERT INTO audit (number, json, hash) VALUES (?1, ?2, ?3)")?;
            for (at, by, event, details) in entries {
                let entry = Entry { number, at, by, event: event.to_owned(), details };
                let json = serde_json::to_string(&entry)?;
                hash = chained(&hash, &json);
                insert.execute(rusqlite::params![number, json, hash])?;
                number += 1;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Entries before a number, the newest first.
    pub(crate) fn audit(&self, before: Option<i64>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT json FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement
            .query_map((before.unwrap_or(i64::MAX), limit), |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        rows.iter().map(|json| Ok(serde_json::from_str(json)?)).collect()
    }

    /// Walks the whole chain.
    pub(crate) fn verify(&self) -> Result<Checked, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare("SELECT number, json, hash FROM audit ORDER BY number")?;
        let mut rows = statement.query([])?;
        let mut checked =
            Checked { intact: true, entries: 0, hash: BEFORE_FIRST.to_owned(), broken_at: None };
        while let Some(row) = rows.next()? {
            let (number, json, stated): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let follows = u64::try_from(number) == Ok(checked.entries)
                && chained(&checked.hash, &json) == stated
                && serde_json::from_str::<Entry>(&json).is_ok_and(|entry| entry.number == number);
            if !follows && checked.intact {
                checked.intact = false;
                checked.broken_at = Some(number);
            }
            checked.hash = stated;
            checked.entries += 1;
        }
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use serde_json::json;

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_unix_nanos(1_750_000_000_000_000_000)
    }

    fn written(folder: &std::path::Path) -> Store {
        let store = Store::open(folder).unwrap();
        for number in 0..4 {
            store.append([(at(), "ann".to_owned(), "comment", json!({ "n": number }))]).unwrap();
        }
        store
    }

    #[test]
    fn a_chain_goes_on_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        drop(written(folder.path()));
        let store = Store::open(folder.path()).unwrap();
        store.append([(at(), "bob".to_owned(), "login", json!({}))]).unwrap();
        let checked = store.verify().unwrap();
        assert!(checked.intact);
        assert_eq!(checked.entries, 5);
        let newest = store.audit(None, 2).unwrap();
        assert_eq!((newest[0].number, newest[0].by.as_str(), newest[1].number), (4, "bob", 3));
        assert_eq!(store.audit(Some(3), 10).unwrap().len(), 3);
    }

    #[test]
    fn sql_cannot_change_the_trail_and_whoever_goes_round_that_breaks_the_chain() {
        for (what, sql, broken_at) in [
            ("changed", "UPDATE audit SET json = replace(json, '\"n\":1', '\"n\":7') WHERE number = 1", 1),
            ("removed", "DELETE FROM audit WHERE number = 2", 3),
            ("by another", "UPDATE audit SET json = replace(json, 'ann', 'bob') WHERE number = 0", 0),
            ("inserted", "UPDATE audit SET number = number + 1 WHERE number = 3", 4),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let store = written(folder.path());
            let other = Connection::open(folder.path().join("console.db")).unwrap();
            let refused = other.execute(sql, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{what}: {refused}");
            assert!(store.verify().unwrap().intact);
            other
                .execute_batch("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted")
                .unwrap();
            other.execute(sql, []).unwrap();
            let checked = store.verify().unwrap();
            assert_eq!((checked.intact, checked.broken_at), (false, Some(broken_at)), "{what}");
        }
    }
}
