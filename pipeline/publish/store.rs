//! Warnings on disk until they have arrived, and for a while after as history: one `SQLite` file.
//!
//! A row is written and synchronised before its warning goes anywhere, so a warning that anybody has seen is here.
//! The number of a warning goes on where the file ends, so that a receiver can tell what it has had; a new file has a
//! new `numbering`.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rusqlite::{Connection, OptionalExtension as _, params};
use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{Warning, WarningReceipt},
};
use tracing::error;
use uuid::Uuid;

use super::{Id, Outgoing, Topic};

/// Version of the tables, in the file's `user_version`.
const VERSION: i64 = 1;
/// Warnings kept as history at most, delivered ones going first: a few days of a busy site, about 60 MB.
const HISTORY_MAX: i64 = 50_000;
/// Warnings kept in all at most, should nobody ever confirm: about 600 MB.
const ROWS_MAX: i64 = 500_000;

/// The tables.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS outbox (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        site TEXT NOT NULL,
        numbering TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS warning (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        zone TEXT NOT NULL,
        seq INTEGER NOT NULL,
        expires_at_unix_nanos INTEGER,
        payload BLOB NOT NULL,
        delivered INTEGER NOT NULL DEFAULT 0,
        UNIQUE (zone, seq)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS undelivered ON warning (zone, seq) WHERE delivered = 0;
    CREATE INDEX IF NOT EXISTS undelivered_in_order ON warning (position) WHERE delivered = 0;
    CREATE TABLE IF NOT EXISTS confirmed (
        subscriber_group TEXT NOT NULL,
        zone TEXT NOT NULL,
        up_to_seq INTEGER NOT NULL,
        PRIMARY KEY (subscriber_group, zone)
    ) STRICT;";

/// Where a warning stands in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its place in the order of all warnings of the site.
    pub(super) position: i64,
    /// The lowest number of its zone that has not been confirmed.
    pub(super) first_seq: u64,
}

/// A warning that has not been confirmed yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unconfirmed {
    pub(super) place: Place,
    pub(super) message: Outgoing,
}

/// The file.
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    numbering: String,
    groups: Vec<Id>,
    /// Held as long as the file is in use; the system lets go of it however the process ends.
    _lock: File,
}

impl Store {
    /// Opens the outbox of a site, making it where it is not there. One that is damaged is set aside and begun anew.
    ///
    /// # Errors
    /// The file or its folder cannot be written, is used by another process, or belongs to another site.
    pub(super) fn open(path: &Path, site: &Id, groups: &[Id]) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let lock_path = beside(path, ".lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .with_context(|| format!("cannot write {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "{} is used by another process: give every site its own outbox, and stop the other one",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock_path.display()));
            }
        }
        let connection = match healthy(path) {
            Ok(connection) => connection,
            Err(damage) if path.exists() && is_damage(&damage) => {
                let aside = beside(path, &format!(".damaged-{}", Uuid::now_v7()));
                error!(
                    "The outbox {} is damaged ({damage:#}) and is set aside as {}. What was in it is not delivered.",
                    path.display(),
                    aside.display()
                );
                for suffix in ["", "-wal", "-shm"] {
                    let (from, to) = (beside(path, suffix), beside(&aside, suffix));
                    if from.exists() {
                        fs::rename(&from, &to)
                            .with_context(|| format!("cannot rename {}", from.display()))?;
                    }
                }
                healthy(path)?
            }
            Err(error) => return Err(error).with_context(|| format!("cannot open {}", path.display())),
        };
        let numbering = numbering(&connection, site, path)?;
        Ok(Self { connection, numbering, groups: groups.to_vec(), _lock: lock })
    }

    /// Id of the series of numbers in this file.
    pub(super) fn numbering(&self) -> &str {
        &self.numbering
    }

    /// Writes warnings, all or none, and returns once they are on the disk.
    pub(super) fn save(&mut self, warnings: &[Outgoing]) -> Result<Vec<Place>> {
        let transaction = self.connection.transaction()?;
        let mut places = Vec::with_capacity(warnings.len());
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO warning (zone, seq, expires_at_unix_nanos, payload) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let mut first = transaction
                .prepare_cached("SELECT min(seq) FROM warning WHERE zone = ?1 AND delivered = 0")?;
            for warning in warnings {
                let (Topic::Warning(zone), Some(seq)) = (&warning.topic, warning.seq) else {
                    bail!("{:?} without a number has no place in the outbox", warning.topic);
                };
                let seq = i64::try_from(seq).context("the number of a warning")?;
                let expires_at = warning.expires_at.map(Timestamp::unix_nanos);
                let position = insert.insert(params![zone.as_str(), seq, expires_at, warning.payload])?;
                let first_seq: i64 = first.query_row([zone.as_str()], |row| row.get(0))?;
                places.push(Place { position, first_seq: first_seq.cast_unsigned() });
            }
        }
        transaction.commit()?;
        Ok(places)
    }

    /// Takes note that warnings have been handed over, where no group is asked to confirm them.
    pub(super) fn delivered(&mut self, positions: &[i64]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut update =
                transaction.prepare_cached("UPDATE warning SET delivered = 1 WHERE position = ?1")?;
            for position in positions {
                update.execute([position])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Takes a group's confirmation. A warning is delivered once every group has confirmed it.
    ///
    /// # Errors
    /// Another numbering, an unknown group, or the file cannot be written.
    pub(super) fn confirm(&mut self, receipt: &WarningReceipt) -> Result<()> {
        if receipt.numbering != self.numbering {
            bail!("it confirms the numbering {:?} and this is {:?}", receipt.numbering, self.numbering);
        }
        if !self.groups.iter().any(|group| group.as_str() == receipt.group) {
            bail!("the site file lists no group {:?} in `confirm_groups`", receipt.group);
        }
        let newest: Option<i64> = self.connection.query_row(
            "SELECT max(seq) FROM warning WHERE zone = ?1",
            [&receipt.zone],
            |row| row.get(0),
        )?;
        let up_to = i64::try_from(receipt.up_to_seq).unwrap_or(i64::MAX);
        if newest.is_none_or(|newest| up_to > newest) {
            bail!(
                "it confirms number {} of zone {:?}, which was never given",
                receipt.up_to_seq,
                receipt.zone
            );
        }
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO confirmed (subscriber_group, zone, up_to_seq) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET up_to_seq = max(up_to_seq, excluded.up_to_seq)",
            params![receipt.group, receipt.zone, up_to],
        )?;
        let mut by_all = i64::MAX;
        for group in &self.groups {
            let by_group: Option<i64> = transaction
                .query_row(
                    "SELECT up_to_seq FROM confirmed WHERE subscriber_group = ?1 AND zone = ?2",
                    [group.as_str(), &receipt.zone],
                    |row| row.get(0),
                )
                .optional()?;
            by_all = by_all.min(by_group.unwrap_or(-1));
        }
        transaction.execute(
            "UPDATE warning SET delivered = 1 WHERE zone = ?1 AND seq <= ?2 AND delivered = 0",
            params![receipt.zone, by_all],
        )?;
        Ok(transaction.commit()?)
    }

    /// Warnings not confirmed yet, in the order in which they were raised, from after a place on.
    pub(super) fn unconfirmed(&self, after: i64, rows_max: usize) -> Result<Vec<Unconfirmed>> {
        let mut select = self.connection.prepare_cached(
            "SELECT position, zone, seq, expires_at_unix_nanos, payload,
                    (SELECT min(seq) FROM warning AS other WHERE other.zone = warning.zone AND delivered = 0)
             FROM warning WHERE delivered = 0 AND position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let rows = select.query_map(params![after, rows_max], |row| {
            let first_seq: i64 = row.get(5)?;
            let (zone, seq): (String, i64) = (row.get(1)?, row.get(2)?);
            let expires_at: Option<i64> = row.get(3)?;
            let place = Place { position: row.get(0)?, first_seq: first_seq.cast_unsigned() };
            Ok((place, zone, seq, expires_at, row.get::<_, Vec<u8>>(4)?))
        })?;
        rows.map(|row| {
            let (place, zone, seq, expires_at, payload) = row?;
            let topic = Topic::Warning(Id::new(zone)?);
            let expires_at = expires_at.map(Timestamp::from_unix_nanos);
            let seq = Some(seq.cast_unsigned());
            let message = Outgoing { expires_at, seq, ..Outgoing::new(topic, payload) };
            Ok(Unconfirmed { place, message })
        })
        .collect()
    }

    /// The newest warnings, of a zone or of all, oldest first.
    pub(super) fn history(&self, zone: Option<&str>, rows_max: usize) -> Result<Vec<Vec<u8>>> {
        let mut select = self.connection.prepare_cached(
            "SELECT payload FROM warning WHERE ?1 IS NULL OR zone = ?1 ORDER BY position DESC LIMIT ?2",
        )?;
        let rows_max = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let mut payloads: Vec<Vec<u8>> =
            select.query_map(params![zone, rows_max], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        payloads.reverse();
        Ok(payloads)
    }

    /// The next number of every zone that has had a warning.
    pub(super) fn next_seqs(&self) -> Result<BTreeMap<String, u64>> {
        let mut select = self.connection.prepare("SELECT zone, max(seq) + 1 FROM warning GROUP BY zone")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The last warning of every zone with its level where that was last known: what the site has told, and so what it
    /// must go on from after a restart.
    pub(super) fn last_told(&self) -> Result<Vec<Warning>> {
        let mut told = Vec::new();
        for zone in self.next_seqs()?.keys() {
            let payload: Vec<u8> = self.connection.query_row(
                "SELECT payload FROM warning WHERE zone = ?1 ORDER BY seq DESC LIMIT 1",
                [zone],
                |row| row.get(0),
            )?;
            let Ok(mut last) = serde_json::from_slice::<Warning>(&payload) else { continue };
            if last.level.is_none() {
                last.level = last.previous_level.or(self.last_level(zone, &last.incident)?);
            }
            told.push(last);
        }
        Ok(told)
    }

    /// The level of an incident when it was last known.
    fn last_level(&self, zone: &str, incident: &str) -> Result<Option<Level>> {
        let number: Option<u8> = self
            .connection
            .query_row(
                "SELECT coalesce(told ->> '$.level', told ->> '$.previous_level') AS level
                 FROM (SELECT seq, CAST(payload AS TEXT) AS told FROM warning WHERE zone = ?1)
                 WHERE told ->> '$.incident' = ?2 AND level IS NOT NULL ORDER BY seq DESC LIMIT 1",
                [zone, incident],
                |row| row.get(0),
            )
            .optional()?;
        Ok(number.and_then(Level::from_number))
    }

    /// Forgets the oldest delivered warnings beyond what is kept as history; never the newest of a zone.
    pub(super) fn prune(&mut self) -> Result<()> {
        let last: Option<i64> =
            self.connection.query_row("SELECT max(position) FROM warning", [], |row| row.get(0))?;
        let Some(last) = last else { return Ok(()) };
        self.connection.execute(
            "DELETE FROM warning
             WHERE position NOT IN (SELECT max(position) FROM warning GROUP BY zone)
               AND ((delivered = 1 AND position <= ?1) OR position <= ?2)",
            [last - HISTORY_MAX, last - ROWS_MAX],
        )?;
        Ok(())
    }

    /// Lets the file grow no further, as a full disk does.
    #[cfg(test)]
    pub(super) fn fill_up(&self) {
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        self.connection.pragma_update(None, "max_page_count", pages).unwrap();
    }

    /// Gives room again.
    #[cfg(test)]
    pub(super) fn give_room(&self) {
        self.connection.pragma_update(None, "max_page_count", 1 << 30).unwrap();
    }
}

/// Opens the file, checks it and makes what is missing.
fn healthy(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    // Readers, such as an operator's sqlite3, do not hold up the site.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A transaction is on the disk when it is said to be, also when the power goes.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Damaged(found).into());
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > VERSION {
        bail!("it was written by a newer version of throng ({version}, and this knows {VERSION})");
    }
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    Ok(connection)
}

/// `SQLite` found the file damaged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damaged(String);

/// Whether an error says that the file itself is bad.
fn is_damage(error: &anyhow::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    error.is::<Damaged>()
        || error
            .downcast_ref::<rusqlite::Error>()
            .and_then(rusqlite::Error::sqlite_error_code)
            .is_some_and(|code| matches!(code, DatabaseCorrupt | NotADatabase))
}

/// The series of numbers in the file, begun where there is none.
fn numbering(connection: &Connection, site: &Id, path: &Path) -> Result<String> {
    connection.execute(
        "INSERT INTO outbox (one, site, numbering) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        [site.as_str(), &Uuid::now_v7().to_string()],
    )?;
    let (owner, numbering): (String, String) =
        connection
            .query_row("SELECT site, numbering FROM outbox", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if owner != site.as_str() {
        bail!("{} is the outbox of the site {owner}: give {site} its own", path.display());
    }
    Ok(numbering)
}

/// A file beside another one.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
