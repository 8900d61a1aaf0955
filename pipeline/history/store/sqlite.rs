//! The history in one `SQLite` file: write-ahead log, so that readers and the writer do not wait for each other.
//!
//! Windows lie in order of series and time (`WITHOUT ROWID`), so that a screen's question reads neighbouring pages.
//! `synchronous = NORMAL`: a process that dies loses nothing that was committed, and a power cut the last seconds at
//! most, never the file.

use std::{fs, path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use throng_analytics::{level::Level, time::Timestamp, wire::Signal};

use super::{Batch, Health, PeopleAndDensity, SeriesKey, SeriesKind, Store, columns, days, signals};
use crate::{
    alarm::{AlarmQuery, AlarmRecord},
    calendar::{CalendarEvent, EventKind},
    error::HistoryError,
    packed_day::PACKED,
    resolution::Resolution,
    rollup::{LineRollup, ZoneRollup},
};

/// Version of the tables, in the file's `user_version`.
const VERSION: i64 = 3;
/// For how long a statement waits for another process, such as a backup.
const BUSY: Duration = Duration::from_secs(10);

/// Signals came later than the rest, and nothing else changed with them: an older program does without.
const SIGNALS: &str = "CREATE TABLE IF NOT EXISTS signal (
    site TEXT NOT NULL, id TEXT NOT NULL, began_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, signal TEXT NOT NULL,
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;";

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
        let connection = connect(path).map_err(|error| failed(error.to_string()))?;
        let version = version_of(&connection)
            .map_err(|error| failed(format!("{error}; move the file away to begin a new history")))?;
        if version > VERSION {
            return Err(failed(format!(
                "its tables have version {version}, and this program knows version {VERSION}: use a newer program"
            )));
        }
        if version < VERSION {
            make_tables(&connection).map_err(|error| failed(error.to_string()))?;
        }
        connection.execute_batch(SIGNALS).map_err(|error| failed(error.to_string()))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> HistoryError + use<> {
        let place = self.path.clone();
        move |error| HistoryError::Database { place: place.clone(), doing, reason: error.to_string() }
    }
}

fn connect(path: &str) -> rusqlite::Result<Connection> {
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

fn version_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings the tables to this version, from whichever they have by the time that nobody else writes.
fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
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

fn zone_of(row: &Row<'_>) -> rusqlite::Result<(i64, ZoneRollup)> {
    let mut numbers = [None; columns::ZONE_NUMBERS];
    let places = columns::ZONE.iter().enumerate().filter(|(_, (_, is_bytes))| !is_bytes);
    for (number, (place, _)) in numbers.iter_mut().zip(places) {
        *number = row.get(place + 1)?;
    }
    let bins = row.get_ref(columns::BINS_PLACE + 1)?.as_blob_or_null()?.unwrap_or_default();
    Ok((row.get(0)?, columns::zone_of(&numbers, bins)))
}

fn line_of(row: &Row<'_>) -> rusqlite::Result<(i64, LineRollup)> {
    Ok((row.get(0)?, columns::line_of(&[row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])))
}

fn alarm_of(row: &Row<'_>) -> rusqlite::Result<AlarmRecord> {
    let time =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_unix_nanos));
    let raised_at = Timestamp::from_unix_nanos(row.get(5)?);
    Ok(AlarmRecord {
        site: row.get(0)?,
        incident: row.get(1)?,
        zone: row.get(2)?,
        level: row.get::<_, Option<u8>>(3)?.and_then(Level::from_number),
        drill: row.get(4)?,
        raised_at,
        called_at: time(12)?.unwrap_or(raised_at),
        acknowledged_at: time(6)?,
        on_the_way_at: time(7)?,
        arrived_at: time(8)?,
        closed_at: time(9)?,
        reason: row.get(10)?,
        operator: row.get(11)?,
    })
}

fn put(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    for (resolution, series, start, window) in &batch.zones {
        let mut statement =
            connection.prepare_cached(&columns::upsert("zone", &columns::ZONE, *resolution))?;
        statement.raw_bind_parameter(1, series)?;
        statement.raw_bind_parameter(2, start)?;
        let mut numbers = columns::zone_numbers(window).into_iter();
        for (place, (_, is_bytes)) in columns::ZONE.iter().enumerate() {
            if *is_bytes {
                let bins = window.density_bins.to_bytes();
                statement.raw_bind_parameter(place + 3, (!bins.is_empty()).then_some(bins))?;
            } else {
                statement.raw_bind_parameter(place + 3, numbers.next().flatten())?;
            }
        }
        statement.raw_execute()?;
    }
    for (resolution, series, start, window) in &batch.lines {
        let mut statement =
            connection.prepare_cached(&columns::upsert("line", &columns::LINE, *resolution))?;
        let [people_in, in_secs, people_out, out_secs] = columns::line_numbers(window);
        statement.execute(params![series, start, people_in, in_secs, people_out, out_secs])?;
    }
    for alarm in &batch.alarms {
        let nanos = |at: Option<Timestamp>| at.map(Timestamp::unix_nanos);
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO alarm VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                alarm.site,
                alarm.incident,
                alarm.zone,
                alarm.level.map(Level::number),
                alarm.drill,
                alarm.raised_at.unix_nanos(),
                nanos(alarm.acknowledged_at),
                nanos(alarm.on_the_way_at),
                nanos(alarm.arrived_at),
                nanos(alarm.closed_at),
                alarm.reason,
                alarm.operator,
                alarm.called_at.unix_nanos()
            ])?;
    }
    Ok(())
}

impl Store for Sqlite {
    fn series(&mut self, key: &SeriesKey) -> Result<i64, HistoryError> {
        self.connection
            .execute(
                "INSERT OR IGNORE INTO series (site, kind, name, drill) VALUES (?1, ?2, ?3, ?4)",
                params![key.site, key.kind.name(), key.name, key.drill],
            )
            .map_err(self.failed("add a series"))?;
        self.find_series(key)?.ok_or(HistoryError::Closed)
    }

    fn find_series(&mut self, key: &SeriesKey) -> Result<Option<i64>, HistoryError> {
        self.connection
            .query_row(
                "SELECT id FROM series WHERE site = ?1 AND kind = ?2 AND name = ?3 AND drill = ?4",
                params![key.site, key.kind.name(), key.name, key.drill],
                |row| row.get(0),
            )
            .optional()
            .map_err(self.failed("find a series"))
    }

    fn all_series(&mut self, site: Option<&str>) -> Result<Vec<(i64, SeriesKey)>, HistoryError> {
        let read = |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT id, site, kind, name, drill FROM series WHERE ?1 IS NULL OR site = ?1
                     ORDER BY site, kind, name, drill",
                )?
                .query_map([site], |row| {
                    let kind: String = row.get(2)?;
                    let kind = if kind == "line" { SeriesKind::Line } else { SeriesKind::Zone };
                    Ok((
                        row.get(0)?,
                        SeriesKey { site: row.get(1)?, kind, name: row.get(3)?, drill: row.get(4)? },
                    ))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("list its series"))
    }

    fn zone_windows(
        &mut self,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, ZoneRollup)>, HistoryError> {
        let read = |connection: &Connection| {
            connection
                .prepare_cached(&columns::select("zone", &columns::ZONE, resolution))?
                .query_map([series, from, to], zone_of)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("read a zone"))
    }

    fn people_and_density(
        &mut self,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<PeopleAndDensity>, HistoryError> {
        let read = |connection: &Connection| {
            connection
                .prepare_cached(&columns::select(
                    "zone",
                    &columns::PEOPLE_AND_DENSITY,
                    Resolution::QuarterHour,
                ))?
                .query_map([series, from, to], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("read a zone"))
    }

    fn line_windows(
        &mut self,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, LineRollup)>, HistoryError> {
        let read = |connection: &Connection| {
            connection
                .prepare_cached(&columns::select("line", &columns::LINE, resolution))?
                .query_map([series, from, to], line_of)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("read a line"))
    }

    fn packed_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
        take: &mut dyn FnMut(i64, &[u8]) -> Option<()>,
    ) -> Result<(), HistoryError> {
        let mut read = |connection: &Connection| {
            let mut statement = connection.prepare_cached(&days::select_packed(kind, resolution))?;
            let mut rows = statement.query([days::series_day(series, from), days::series_day(series, to)])?;
            while let Some(row) = rows.next()? {
                let (_, day) = days::of_series_day(row.get(0)?);
                if take(day, row.get_ref(1)?.as_blob()?).is_none() {
                    return Ok(Some(day));
                }
            }
            Ok::<_, rusqlite::Error>(None)
        };
        let damaged = read(&self.connection).map_err(self.failed("read packed days"))?;
        damaged.map_or(Ok(()), |day| Err(days::damaged(&self.path, kind, resolution, series, day)))
    }

    fn unpacked_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        before: i64,
        count: usize,
    ) -> Result<Vec<(i64, i64)>, HistoryError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let read = |connection: &Connection| {
            connection
                .prepare_cached(&days::select_unpacked(kind, resolution))?
                .query_map([days::day_of(before), count], |row| Ok(days::of_series_day(row.get(0)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("find days to pack"))
    }

    fn put_packed_day(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
        start: i64,
        packed: &[u8],
    ) -> Result<(), HistoryError> {
        self.connection
            .prepare_cached(&days::update_packed(kind, resolution))
            .and_then(|mut statement| statement.execute(params![packed, days::series_day(series, start)]))
            .map(drop)
            .map_err(self.failed("pack a day"))
    }

    fn newest(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
    ) -> Result<Option<i64>, HistoryError> {
        let text =
            format!("SELECT max(start) FROM {} WHERE series = ?1", columns::table(kind.name(), resolution));
        self.connection
            .prepare_cached(&text)
            .and_then(|mut statement| statement.query_row([series], |row| row.get(0)))
            .map_err(self.failed("find its newest window"))
    }

    fn begin(&mut self) -> Result<(), HistoryError> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(self.failed("begin to write"))
    }

    fn commit(&mut self) -> Result<(), HistoryError> {
        self.connection.execute_batch("COMMIT").map_err(self.failed("write"))
    }

    fn rollback(&mut self) -> Result<(), HistoryError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection.execute_batch("ROLLBACK").map_err(self.failed("undo a write"))
    }

    fn put(&mut self, batch: &Batch) -> Result<(), HistoryError> {
        put(&self.connection, batch).map_err(self.failed("write"))
    }

    fn delete_before(&mut self, resolution: Resolution, before: i64) -> Result<(), HistoryError> {
        // Series by series: the windows of one lie in order of time.
        let all = self.all_series(None)?;
        let delete = |connection: &Connection| {
            for (series, key) in &all {
                let table = columns::table(key.kind.name(), resolution);
                connection
                    .prepare_cached(&format!("DELETE FROM {table} WHERE series = ?1 AND start < ?2"))?
                    .execute([*series, before])?;
                if PACKED.contains(&resolution) {
                    connection
                        .prepare_cached(&days::delete(key.kind, resolution))?
                        .execute([days::series_day(*series, 0), days::series_day(*series, before)])?;
                }
            }
            connection.execute_batch("PRAGMA incremental_vacuum(4096)")
        };
        delete(&self.connection).map_err(self.failed("delete what is too old"))
    }

    fn alarms(&mut self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError> {
        let nanos = |at: Option<Timestamp>| at.map(Timestamp::unix_nanos);
        let limit = if query.limit == 0 { -1 } else { i64::try_from(query.limit).unwrap_or(i64::MAX) };
        let read = |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT * FROM alarm WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR raised_at >= ?2)
                     AND (?3 IS NULL OR raised_at < ?3) AND (?4 IS NULL OR (closed_at IS NULL) = ?4)
                     AND (?5 OR NOT drill) ORDER BY raised_at DESC, incident LIMIT ?6",
                )?
                .query_map(
                    params![query.site, nanos(query.from), nanos(query.to), query.open, query.drills, limit],
                    alarm_of,
                )?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("read alarms"))
    }

    fn put_signal(&mut self, signal: &Signal) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO signal (site, id, began_at, ends_at, signal) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    signal.site,
                    signal.id,
                    signal.from.unix_nanos(),
                    signal.until.unix_nanos(),
                    signals::text(signal)?
                ],
            )
            .map(drop)
            .map_err(self.failed("write a signal"))
    }

    fn signals(&mut self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError> {
        let read = |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT signal FROM signal WHERE site = ?1 AND began_at < ?3 AND ends_at > ?2 ORDER BY began_at, id",
                )?
                .query_map(params![site, from.unix_nanos(), to.unix_nanos()], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()
        };
        read(&self.connection).map_err(self.failed("read signals")).map(|rows| signals::of(&rows))
    }

    fn put_event(&mut self, event: &CalendarEvent) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO calendar (date, name, kind, site) VALUES (?1, ?2, ?3, ?4)",
                params![event.date, event.name, event.kind.name(), event.site.as_deref().unwrap_or_default()],
            )
            .map_err(self.failed("write its calendar"))?;
        Ok(())
    }

    fn delete_event(&mut self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError> {
        self.connection
            .execute(
                "DELETE FROM calendar WHERE date = ?1 AND name = ?2 AND site = ?3",
                params![date, name, site.unwrap_or_default()],
            )
            .map(|deleted| deleted > 0)
            .map_err(self.failed("write its calendar"))
    }

    fn events(
        &mut self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError> {
        let read = |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT date, name, kind, site FROM calendar WHERE date >= ?1 AND date <= ?2
                     AND (?3 IS NULL OR site = '' OR site = ?3) ORDER BY date, name, site",
                )?
                .query_map(params![from, to, site], |row| {
                    let (kind, site): (String, String) = (row.get(2)?, row.get(3)?);
                    Ok(CalendarEvent {
                        date: row.get(0)?,
                        name: row.get(1)?,
                        kind: EventKind::of_name(&kind).unwrap_or(EventKind::Event),
                        site: (!site.is_empty()).then_some(site),
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read(&self.connection).map_err(self.failed("read its calendar"))
    }

    fn health(&mut self) -> Result<Health, HistoryError> {
        let read = |connection: &Connection| {
            let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let page_bytes: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let oldest: Option<i64> = connection.query_row(
                "SELECT min(oldest) FROM (SELECT (SELECT min(start) FROM zone_1h WHERE series = s.id) AS oldest
                 FROM series s UNION ALL SELECT (SELECT min(start) FROM line_1h WHERE series = s.id) FROM series s)",
                [],
                |row| row.get(0),
            )?;
            let series: i64 = connection.query_row("SELECT count(*) FROM series", [], |row| row.get(0))?;
            Ok::<_, rusqlite::Error>(((pages * page_bytes).unsigned_abs(), oldest, series.unsigned_abs()))
        };
        let (disk_bytes, oldest_unix_secs, series) =
            read(&self.connection).map_err(self.failed("tell its size"))?;
        Ok(Health {
            place: self.path.clone(),
            database: "sqlite".to_owned(),
            disk_bytes,
            oldest_unix_secs,
            series,
            ..Health::default()
        })
    }
}
