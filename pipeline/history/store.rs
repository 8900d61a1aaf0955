//! What a database does for the history, and the columns of its tables.

pub(crate) mod columns;
mod days;
pub(crate) mod postgres;
mod signals;
pub(crate) mod sqlite;

use serde::Serialize;
use throng_analytics::{time::Timestamp, wire::Signal};

use crate::{
    alarm::{AlarmQuery, AlarmRecord},
    calendar::CalendarEvent,
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
    /// What the writer's last failure was; absent while all is well.
    pub failure: Option<String>,
}

/// Windows and alarms that are written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) zones: Vec<(Resolution, i64, i64, ZoneRollup)>,
    pub(crate) lines: Vec<(Resolution, i64, i64, LineRollup)>,
    pub(crate) alarms: Vec<AlarmRecord>,
}

/// Start of a window, mean number of people, mean density (people/m2).
pub(crate) type PeopleAndDensity = (i64, Option<f64>, Option<f64>);

/// A database. Times are whole seconds since the Unix epoch; `from` is within, `to` is not.
pub(crate) trait Store: Send {
    /// Number of a series, made where it is not there.
    fn series(&mut self, key: &SeriesKey) -> Result<i64, HistoryError>;
    /// Number of a series, if it is there.
    fn find_series(&mut self, key: &SeriesKey) -> Result<Option<i64>, HistoryError>;
    /// All series, of one site or of all, in order.
    fn all_series(&mut self, site: Option<&str>) -> Result<Vec<(i64, SeriesKey)>, HistoryError>;
    /// Windows of a zone by their start, in order.
    fn zone_windows(
        &mut self,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, ZoneRollup)>, HistoryError>;
    /// People and density alone of a zone's quarters of an hour by their start, in order.
    fn people_and_density(
        &mut self,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<PeopleAndDensity>, HistoryError>;
    /// Windows of a line by their start, in order.
    fn line_windows(
        &mut self,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, LineRollup)>, HistoryError>;
    /// Takes the packed days of a series by their starts and bytes, in order; `None` of `take` says that the bytes are damaged.
    fn packed_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
        take: &mut dyn FnMut(i64, &[u8]) -> Option<()>,
    ) -> Result<(), HistoryError>;
    /// Series and starts of at most `count` days that are to be packed, newest first, of those that began before a time. Until the
    /// transaction ends nobody else packs them, and what is written of them takes place after.
    fn unpacked_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        before: i64,
        count: usize,
    ) -> Result<Vec<(i64, i64)>, HistoryError>;
    /// Packs a day.
    fn put_packed_day(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
        start: i64,
        packed: &[u8],
    ) -> Result<(), HistoryError>;
    /// Start of the newest window of a series.
    fn newest(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
    ) -> Result<Option<i64>, HistoryError>;
    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), HistoryError>;
    /// Makes all since [`Store::begin`] last.
    fn commit(&mut self) -> Result<(), HistoryError>;
    /// Undoes all since [`Store::begin`].
    fn rollback(&mut self) -> Result<(), HistoryError>;
    /// Writes windows and alarms over what is there of them.
    fn put(&mut self, batch: &Batch) -> Result<(), HistoryError>;
    /// Deletes windows that began before a time, and packed days.
    fn delete_before(&mut self, resolution: Resolution, before: i64) -> Result<(), HistoryError>;
    /// Alarms, newest first.
    fn alarms(&mut self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError>;
    /// Writes a signal from outside over what is there of it.
    fn put_signal(&mut self, signal: &Signal) -> Result<(), HistoryError>;
    /// Signals of a site that lasted at some time between two, by their beginnings.
    fn signals(&mut self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError>;
    /// Writes a calendar entry over one of the same day, name and site.
    fn put_event(&mut self, event: &CalendarEvent) -> Result<(), HistoryError>;
    /// Deletes a calendar entry; says whether it was there.
    fn delete_event(&mut self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError>;
    /// Calendar entries from a day to a day, both within, of a site and of everywhere; in order.
    fn events(
        &mut self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError>;
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
