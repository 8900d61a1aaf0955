//! The history in `PostgreSQL`, for more than one machine: several sites write to one database.
//!
//! The tables are those of `SQLite`. Windows of a transaction go in one statement a table, so that the distance to the
//! database costs one round trip and not one a window. A connection that broke is made anew at the next use; what the
//! writer could not write then it still has. Where the extension `TimescaleDB` is installed in the database the tables of
//! windows are hypertables.

mod days;
mod records;
mod tables;
mod windows;

use postgres::{Client, Config, NoTls};

use self::tables::VERSION;
use super::{Batch, Health, Store, windows::select_size};
use crate::error::{HistoryError, redacted};

/// Orders text by its bytes, as `SQLite` does: by itself a database orders it as its language does.
const BY_BYTES: &str = " COLLATE \"C\"";

/// One connection to the database.
pub(crate) struct Postgres {
    address: String,
    client: Client,
    is_writing: bool,
}

impl Postgres {
    /// Connects, and makes the tables where they are not there.
    pub(crate) fn open(address: &str) -> Result<Self, HistoryError> {
        let failed = |error: &postgres::Error| HistoryError::Open {
            place: redacted(address),
            reason: format!(
                "{}; check the address, and that the database runs and lets this user in",
                said(error)
            ),
        };
        let mut client = connect(address).map_err(|error| failed(&error))?;
        let version = tables::make_tables(&mut client).map_err(|error| failed(&error))?;
        if version != VERSION {
            return Err(HistoryError::Open {
                place: redacted(address),
                reason: format!(
                    "its tables have version {version}, and this program knows version {VERSION}: use a newer program"
                ),
            });
        }
        Ok(Self { address: address.to_owned(), client, is_writing: false })
    }

    /// The connection, made anew where it broke; but not within a transaction, which is lost with it.
    fn client(&mut self, doing: &'static str) -> Result<&mut Client, HistoryError> {
        if self.client.is_closed() && !self.is_writing {
            self.client = connect(&self.address).map_err(|error| self.failed(doing, &error))?;
        }
        Ok(&mut self.client)
    }

    fn failed(&self, doing: &'static str, error: &postgres::Error) -> HistoryError {
        HistoryError::Database { place: redacted(&self.address), doing, reason: said(error) }
    }

    /// Runs a question or an order.
    fn ask<T>(
        &mut self,
        doing: &'static str,
        ask: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, HistoryError> {
        let asked = ask(self.client(doing)?);
        asked.map_err(|error| self.failed(doing, &error))
    }
}

fn connect(address: &str) -> Result<Client, postgres::Error> {
    let mut config: Config = address.parse()?;
    if config.get_application_name().is_none() {
        config.application_name("throng");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(10));
    }
    config.connect(NoTls)
}

/// What the database says, with its cause: the library's own words alone are "db error".
fn said(error: &postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(told), _) => told.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

impl Store for Postgres {
    fn begin(&mut self) -> Result<(), HistoryError> {
        self.ask("begin to write", |client| client.batch_execute("BEGIN"))?;
        self.is_writing = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), HistoryError> {
        self.ask("write", |client| client.batch_execute("COMMIT"))?;
        self.is_writing = false;
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), HistoryError> {
        self.is_writing = false;
        self.ask("undo a write", |client| client.batch_execute("ROLLBACK"))
    }

    fn put(&mut self, batch: &Batch) -> Result<(), HistoryError> {
        self.ask("write", |client| {
            windows::put(client, batch)?;
            batch.alarms.iter().try_for_each(|alarm| records::put_alarm(client, alarm))
        })
    }

    fn health(&mut self) -> Result<Health, HistoryError> {
        let select = select_size("pg_database_size(current_database())");
        let (bytes, oldest, series): (i64, Option<i64>, i64) = self.ask("tell its size", |client| {
            let row = client.query_one(&select, &[])?;
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        })?;
        Ok(Health {
            place: redacted(&self.address),
            database: "postgresql".to_owned(),
            disk_bytes: bytes.unsigned_abs(),
            oldest_unix_secs: oldest,
            series: series.unsigned_abs(),
            ..Health::default()
        })
    }
}
