//! The tables of the file, and how those of earlier versions become these.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    packed_day::PACKED,
    resolution::Resolution,
    store::{SeriesKind, columns, days},
};

/// Version of the tables, in the file's `user_version`.
pub(super) const VERSION: i64 = 3;
/// For how long a statement waits for another process, such as a backup.
const BUSY: Duration = Duration::from_secs(10);

/// Signals came later than the rest, and nothing else changed with them: an older program does without.
pub(super) const SIGNALS: &str = "CREATE TABLE IF NOT EXISTS signal (
    site TEXT NOT NULL, id TEXT NOT NULL, began_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, signal TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;";

/// Connects to the file; it is made where it is not there.
pub(super) fn connect(path: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // auto_vacuum only takes before the first table; the others are of the connection.
    connection.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         PRAGMA cache_size = -16000; PRAGMA mmap_size = 268435456;",
    )?;
    Ok(connection)
}

/// Version of the tables that are there; 0 where none are.
pub(super) fn version_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings the tables to this version, from whichever they have by the time that nobody else writes.
pub(super) fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let version = version_of(&transaction)?;
    match version {
        0 => create(&transaction)?,
        // Version 1 did not know when an alarm's answer times began.
        1 => transaction.execute_batch("ALTER TABLE alarm ADD COLUMN called_at INTEGER")?,
        _ => {}
    }
    if version < VERSION {
        make_days(&transaction)?;
        transaction.execute_batch(&format!("PRAGMA user_version = {VERSION}"))?;
    }
    transaction.commit()
}

/// Version 2 did not pack days.
fn make_days(connection: &Connection) -> rusqlite::Result<()> {
    for resolution in PACKED {
        for kind in [SeriesKind::Zone, SeriesKind::Line] {
            connection.execute_batch(&days::make(kind, resolution, "INTEGER", "BLOB"))?;
            let windows = columns::table(kind.name(), resolution);
            for event in ["INSERT", "UPDATE"] {
                connection.execute_batch(&format!(
                    "CREATE TRIGGER {windows}_unpacks_by_{event} AFTER {event} ON {windows} BEGIN {} END",
                    days::unpack(kind, resolution)
                ))?;
            }
        }
    }
    Ok(())
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS series (
            id INTEGER PRIMARY KEY, site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, drill INTEGER NOT NULL,
            UNIQUE (site, kind, name, drill)
        ) STRICT;
        CREATE TABLE IF NOT EXISTS alarm (
            site TEXT NOT NULL, incident TEXT NOT NULL, zone TEXT, level INTEGER, drill INTEGER NOT NULL,
            raised_at INTEGER NOT NULL, acknowledged_at INTEGER, on_the_way_at INTEGER, arrived_at INTEGER,
            closed_at INTEGER, reason TEXT, operator TEXT, called_at INTEGER, PRIMARY KEY (site, incident)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS alarm_by_time ON alarm (raised_at);
        CREATE TABLE IF NOT EXISTS calendar (
            date TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, site TEXT NOT NULL,
            PRIMARY KEY (date, name, site)
        ) STRICT;",
    )?;
    for resolution in Resolution::ALL {
        for (kind, list) in [("zone", columns::ZONE.as_slice()), ("line", columns::LINE.as_slice())] {
            connection.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS {} (series INTEGER NOT NULL, start INTEGER NOT NULL, {},
                 PRIMARY KEY (series, start)) STRICT, WITHOUT ROWID;",
                columns::table(kind, resolution),
                columns::definitions(list, "REAL", "BLOB")
            ))?;
        }
    }
    Ok(())
}
