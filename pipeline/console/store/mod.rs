//! What the console keeps on disk: accounts, alarms, hand-overs and the audit trail, in one `SQLite` file.
//!
//! Every write is on the disk when its call returns (WAL with full synchronisation): whoever was told that something is
//! recorded can rely on it.

mod accounts;
mod alarms;
mod handovers;
mod trail;

pub(crate) use accounts::{Account, Preferences};
pub(crate) use alarms::AlarmQuery;
pub(crate) use handovers::Handover;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use throng_analytics::time::Timestamp;

/// Version of the tables, in the file's `user_version`.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS account (
        user TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        sites TEXT,
        cameras TEXT,
        language TEXT,
        theme TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS alarm (
        site TEXT NOT NULL,
        incident TEXT NOT NULL,
        is_open INTEGER NOT NULL,
        raised_at INTEGER NOT NULL,
        closed_at INTEGER,
        life TEXT NOT NULL,
        warning TEXT NOT NULL,
        PRIMARY KEY (site, incident)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS alarm_by_time ON alarm (raised_at);
    CREATE TABLE IF NOT EXISTS handover (
        id TEXT PRIMARY KEY,
        at INTEGER NOT NULL,
        by_user TEXT NOT NULL,
        to_user TEXT NOT NULL,
        text TEXT NOT NULL,
        alarms TEXT NOT NULL,
        accepted_at INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS audit (
        number INTEGER PRIMARY KEY,
        json TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;";

/// Why the console's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("cannot make the console's folder {}: {source}; check that it may be written", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the file system says.
        source: std::io::Error,
    },
    /// The file is of a newer program.
    #[error("{} was written by a newer version of throng; use that one, or another folder", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// What `SQLite` says.
    #[error("the console's file console.db cannot be used: {0}; check the disk")]
    Sqlite(#[from] rusqlite::Error),
    /// What a row holds cannot be read.
    #[error("the console's file console.db holds something unreadable: {0}")]
    Json(#[from] serde_json::Error),
}

/// The console's file.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the file in a folder, or makes it.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        let path = folder.join("console.db");
        let connection = Connection::open(&path)?;
        close_to_others(&path);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > VERSION {
            return Err(StoreError::Newer { path });
        }
        connection.execute_batch(TABLES)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked was rolled back; the connection is as good as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes of passwords are nobody's business but ours.
fn close_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
            tracing::warn!("Others may be able to read {}: {error}.", path.display());
        }
    }
}

/// An instant as it is kept.
const fn kept(at: Timestamp) -> i64 {
    at.unix_nanos()
}
