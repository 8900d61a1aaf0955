//! What a database does for the history, and what both databases have in common: columns, statements, rows.

mod any_row;
pub(crate) mod columns;
mod days;
pub(crate) mod postgres;
mod records;
pub(crate) mod sqlite;
mod windows;

use serde::Serialize;

pub(crate) use days::PackedDays;
pub(crate) use records::Records;
pub(crate) use windows::{PeopleAndDensity, Windows};

use crate::{
    alarm::AlarmRecord,
    error::{HistoryError, redacted},
    resolution::Resolution,
    rollup::{LineRollup, ZoneRollup},
};

/// What a series is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// A zone.
    Zone,
    /// A line.
    Line,
}

impl SeriesKind {
    /// The name in the tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Line => "line",
        }
    }
}

/// Which series. Drills have series of their own, so that they cannot get into a statistic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SeriesKey {
    /// Id of the site.
    pub site: String,
    /// Zone or line.
    pub kind: SeriesKind,
    /// Id of the zone or line.
    pub name: String,
    /// Whether it is of drills.
    pub drill: bool,
}

/// How the history itself is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Where it is, without password.
    pub place: String,
    /// Which database: `sqlite` or `postgresql`.
    pub database: String,
    /// Size on disk.
    pub disk_bytes: u64,
    /// Start of its oldest window, seconds since the Unix epoch.
    pub oldest_unix_secs: Option<i64>,
    /// Zones and lines.
    pub series: u64,
    /// Samples that wait for the writer.
    pub waiting: u64,
    /// Samples dropped because too many waited.
    pub dropped: u64,
    /// Samples refused: older than what is kept, or more than a minute in the future.
    pub refused: u64,
    /// Why the writer could not do what it last tried to write, delete or pack; absent while all is well.
    pub failure: Option<String>,
}

/// Windows and alarms that are written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) zones: Vec<(Resolution, i64, i64, ZoneRollup)>,
    pub(crate) lines: Vec<(Resolution, i64, i64, LineRollup)>,
    pub(crate) alarms: Vec<AlarmRecord>,
}

/// A database. Times are whole seconds since the Unix epoch; `from` is within, `to` is not.
pub(crate) trait Store: Windows + PackedDays + Records + Send {
    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), HistoryError>;
    /// Makes all since [`Store::begin`] last.
    fn commit(&mut self) -> Result<(), HistoryError>;
    /// Undoes all since [`Store::begin`].
    fn rollback(&mut self) -> Result<(), HistoryError>;
    /// Writes windows and alarms over what is there of them.
    fn put(&mut self, batch: &Batch) -> Result<(), HistoryError>;
    /// Which database, bytes on disk, start of the oldest window, number of series.
    fn health(&mut self) -> Result<Health, HistoryError>;
}

/// Opens the store at a path, `sqlite:PATH` or `postgres://...`.
pub(crate) fn open(address: &str) -> Result<Box<dyn Store>, HistoryError> {
    if let Some(path) = address.strip_prefix("sqlite:") {
        return Ok(Box::new(sqlite::Sqlite::open(path.strip_prefix("//").unwrap_or(path))?));
    }
    match address.split_once("://") {
        Some(("postgres" | "postgresql", _)) => Ok(Box::new(postgres::Postgres::open(address)?)),
        Some((scheme, _)) => Err(HistoryError::Open {
            place: redacted(address),
            reason: format!(
                "\"{scheme}://\" is not known: give a path, sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"
            ),
        }),
        None => Ok(Box::new(sqlite::Sqlite::open(address)?)),
    }
}
