//! The history in one `SQLite` file: write-ahead log, so that readers and the writer do not wait for each other.
//!
//! Windows lie in order of series and time (`WITHOUT ROWID`), so that a screen's question reads neighbouring pages.
//! `synchronous = NORMAL`: a process that dies loses nothing that was committed, and a power cut the last seconds at
//! most, never the file.

mod days;
mod records;
mod tables;
mod windows;

use std::{fs, path::Path};

use rusqlite::{Connection, Params, Row};

use self::tables::VERSION;
use super::{Batch, Health, Store, windows::select_size};
use crate::error::HistoryError;

/// Text is ordered by its bytes without being told to.
const BY_BYTES: &str = "";

/// One connection to the file.
pub(crate) struct Sqlite {
    connection: Connection,
    path: String,
}

impl Sqlite {
    /// Opens the file, making it and its folder where they are not there.
    pub(crate) fn open(path: &str) -> Result<Self, HistoryError> {
        let failed = |reason: String| HistoryError::Open { place: path.to_owned(), reason };
        if let Some(folder) = Path::new(path).parent()
            && !folder.as_os_str().is_empty()
        {
            fs::create_dir_all(folder).map_err(|error| failed(format!("cannot make its folder: {error}")))?;
        }
        let connection = tables::connect(path).map_err(|error| failed(error.to_string()))?;
        let version = tables::version_of(&connection)
            .map_err(|error| failed(format!("{error}; move the file away to begin a new history")))?;
        if version > VERSION {
            return Err(failed(format!(
                "its tables have version {version}, and this program knows version {VERSION}: use a newer program"
            )));
        }
        if version < VERSION {
            tables::make_tables(&connection).map_err(|error| failed(error.to_string()))?;
        }
        connection.execute_batch(tables::SIGNALS).map_err(|error| failed(error.to_string()))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Runs a question or an order.
    fn ask<T>(
        &self,
        doing: &'static str,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        ask(&self.connection).map_err(|error| HistoryError::Database {
            place: self.path.clone(),
            doing,
            reason: error.to_string(),
        })
    }
}

/// All rows of an answer.
fn rows<T>(
    connection: &Connection,
    statement: &str,
    parameters: impl Params,
    of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(statement)?.query_map(parameters, of)?.collect()
}

impl Store for Sqlite {
    fn begin(&mut self) -> Result<(), HistoryError> {
        self.ask("begin to write", |connection| connection.execute_batch("BEGIN IMMEDIATE"))
    }

    fn commit(&mut self) -> Result<(), HistoryError> {
        self.ask("write", |connection| connection.execute_batch("COMMIT"))
    }

    fn rollback(&mut self) -> Result<(), HistoryError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.ask("undo a write", |connection| connection.execute_batch("ROLLBACK"))
    }

    fn put(&mut self, batch: &Batch) -> Result<(), HistoryError> {
        self.ask("write", |connection| {
            windows::put(connection, batch)?;
            batch.alarms.iter().try_for_each(|alarm| records::put_alarm(connection, alarm))
        })
    }

    fn health(&mut self) -> Result<Health, HistoryError> {
        let bytes = "(SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)";
        let (disk_bytes, oldest_unix_secs, series): (i64, _, i64) = self
            .ask("tell its size", |connection| {
                connection.query_row(&select_size(bytes), [], |row| row.try_into())
            })?;
        Ok(Health {
            place: self.path.clone(),
            database: "sqlite".to_owned(),
            disk_bytes: disk_bytes.unsigned_abs(),
            oldest_unix_secs,
            series: series.unsigned_abs(),
            ..Health::default()
        })
    }
}
