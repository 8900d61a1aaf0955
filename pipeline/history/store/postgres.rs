//! The history in `PostgreSQL`, for more than one machine: several sites write to one database.
//!
//! The tables are those of `SQLite`. Windows of a transaction go in one statement a table, so that the distance to the
//! database costs one round trip and not one a window. A connection that broke is made anew at the next use; what the
//! writer could not write then it still has. Where the extension `TimescaleDB` is installed in the database the tables of
//! windows are hypertables.

use postgres::{Client, Config, NoTls, Row, Transaction, types::ToSql};
use throng_analytics::{level::Level, time::Timestamp, wire::Signal};

use super::{Batch, Health, PeopleAndDensity, SeriesKey, SeriesKind, Store, columns, days, signals};
use crate::{
    alarm::{AlarmQuery, AlarmRecord},
    calendar::{CalendarEvent, EventKind},
    error::{HistoryError, redacted},
    packed_day::PACKED,
    resolution::Resolution,
    rollup::{LineRollup, ZoneRollup},
};

/// Version of the tables, in the table `throng_history`.
const VERSION: i32 = 2;
/// Processes that open the database at once make its tables one after the other: a lock of ours, by this number.
const MAKING: i64 = 0x7468_726f_6e67;
/// Windows of so many seconds share a part of a hypertable, by the length of the windows.
const CHUNK_SECS: [i64; 4] = [86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400];

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS throng_history (version INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS series (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        drill BOOLEAN NOT NULL, UNIQUE (site, kind, name, drill)
    );
    CREATE TABLE IF NOT EXISTS alarm (
        site TEXT NOT NULL, incident TEXT NOT NULL, zone TEXT, level SMALLINT, drill BOOLEAN NOT NULL,
        raised_at BIGINT NOT NULL, acknowledged_at BIGINT, on_the_way_at BIGINT, arrived_at BIGINT, closed_at BIGINT,
        reason TEXT, operator TEXT, called_at BIGINT NOT NULL, PRIMARY KEY (site, incident)
    );
    CREATE INDEX IF NOT EXISTS alarm_by_time ON alarm (raised_at);
    CREATE TABLE IF NOT EXISTS calendar (
        date TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, site TEXT NOT NULL, PRIMARY KEY (date, name, site)
    );
    CREATE TABLE IF NOT EXISTS signal (
        site TEXT NOT NULL, id TEXT NOT NULL, began_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, signal TEXT NOT NULL,
        PRIMARY KEY (site, id)
    );";

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
        let version = make_tables(&mut client).map_err(|error| failed(&error))?;
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

/// Makes what is missing and answers with the version of what is there.
fn make_tables(client: &mut Client) -> Result<i32, postgres::Error> {
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])?;
    transaction.batch_execute(TABLES)?;
    let version: i32 =
        transaction.query_one("SELECT coalesce(max(version), 0) FROM throng_history", &[])?.try_get(0)?;
    if version >= VERSION {
        transaction.commit()?;
        return Ok(version);
    }
    if version == 0 {
        make_windows(&mut transaction)?;
    }
    make_days(&mut transaction)?;
    transaction.execute("INSERT INTO throng_history (version) VALUES ($1)", &[&VERSION])?;
    transaction.commit()?;
    Ok(VERSION)
}

fn make_windows(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    let has_timescale =
        !transaction.query("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'", &[])?.is_empty();
    for (resolution, chunk_secs) in Resolution::ALL.into_iter().zip(CHUNK_SECS) {
        for (kind, list) in [("zone", columns::ZONE.as_slice()), ("line", columns::LINE.as_slice())] {
            let table = columns::table(kind, resolution);
            transaction.batch_execute(&format!(
                "CREATE TABLE {table} (series BIGINT NOT NULL, start BIGINT NOT NULL, {}, PRIMARY KEY (series, start))",
                columns::definitions(list, "DOUBLE PRECISION", "BYTEA")
            ))?;
            if has_timescale {
                let make = format!(
                    "SELECT create_hypertable('{table}', 'start', chunk_time_interval => {chunk_secs}::bigint)"
                );
                transaction.execute(&make, &[])?;
            }
        }
    }
    Ok(())
}

/// Version 1 did not pack days. A program of before that still runs does no harm: the database itself takes them away.
fn make_days(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    for resolution in PACKED {
        for kind in [SeriesKind::Zone, SeriesKind::Line] {
            let windows = columns::table(kind.name(), resolution);
            transaction.batch_execute(&format!(
                "{}
                CREATE FUNCTION {windows}_unpacks() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN {} RETURN NULL; END $$;
                CREATE TRIGGER {windows}_unpacks AFTER INSERT OR UPDATE ON {windows}
                FOR EACH ROW EXECUTE FUNCTION {windows}_unpacks();",
                days::make(kind, resolution, "BIGINT", "BYTEA"),
                days::unpack(kind, resolution)
            ))?;
        }
    }
    Ok(())
}

fn zone_of(row: &Row) -> Result<(i64, ZoneRollup), postgres::Error> {
    let mut numbers = [None; columns::ZONE_NUMBERS];
    let places = columns::ZONE.iter().enumerate().filter(|(_, (_, is_bytes))| !is_bytes);
    for (number, (place, _)) in numbers.iter_mut().zip(places) {
        *number = row.try_get(place + 1)?;
    }
    let bins: Option<&[u8]> = row.try_get(columns::BINS_PLACE + 1)?;
    Ok((row.try_get(0)?, columns::zone_of(&numbers, bins.unwrap_or_default())))
}

fn line_of(row: &Row) -> Result<(i64, LineRollup), postgres::Error> {
    let numbers = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?];
    Ok((row.try_get(0)?, columns::line_of(&numbers)))
}

fn alarm_of(row: &Row) -> Result<AlarmRecord, postgres::Error> {
    let time = |at: usize| {
        Ok::<_, postgres::Error>(row.try_get::<_, Option<i64>>(at)?.map(Timestamp::from_unix_nanos))
    };
    let level: Option<i16> = row.try_get(3)?;
    Ok(AlarmRecord {
        site: row.try_get(0)?,
        incident: row.try_get(1)?,
        zone: row.try_get(2)?,
        level: level.and_then(|level| Level::from_number(u8::try_from(level).ok()?)),
        drill: row.try_get(4)?,
        raised_at: Timestamp::from_unix_nanos(row.try_get(5)?),
        acknowledged_at: time(6)?,
        on_the_way_at: time(7)?,
        arrived_at: time(8)?,
        closed_at: time(9)?,
        reason: row.try_get(10)?,
        operator: row.try_get(11)?,
        called_at: Timestamp::from_unix_nanos(row.try_get(12)?),
    })
}

/// Windows of a table in one statement: a column of values for each of its columns.
fn put_zones(client: &mut Client, resolution: Resolution, batch: &Batch) -> Result<(), postgres::Error> {
    let (mut series, mut starts, mut bins) = (Vec::new(), Vec::new(), Vec::new());
    let mut numbers: [Vec<Option<f64>>; columns::ZONE_NUMBERS] = Default::default();
    for (_, number, start, window) in batch.zones.iter().filter(|window| window.0 == resolution) {
        series.push(*number);
        starts.push(*start);
        bins.push(Some(window.density_bins.to_bytes()).filter(|bins| !bins.is_empty()));
        for (column, value) in numbers.iter_mut().zip(columns::zone_numbers(window)) {
            column.push(value);
        }
    }
    if series.is_empty() {
        return Ok(());
    }
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&series, &starts];
    values.extend(numbers.iter().map(|column| column as &(dyn ToSql + Sync)));
    values.insert(columns::BINS_PLACE + 2, &bins);
    client.execute(&columns::upsert_arrays("zone", &columns::ZONE, resolution), &values)?;
    Ok(())
}

fn put_lines(client: &mut Client, resolution: Resolution, batch: &Batch) -> Result<(), postgres::Error> {
    let (mut series, mut starts) = (Vec::new(), Vec::new());
    let mut numbers: [Vec<Option<f64>>; 4] = Default::default();
    for (_, number, start, window) in batch.lines.iter().filter(|window| window.0 == resolution) {
        series.push(*number);
        starts.push(*start);
        for (column, value) in numbers.iter_mut().zip(columns::line_numbers(window)) {
            column.push(value);
        }
    }
    if series.is_empty() {
        return Ok(());
    }
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&series, &starts];
    values.extend(numbers.iter().map(|column| column as &(dyn ToSql + Sync)));
    client.execute(&columns::upsert_arrays("line", &columns::LINE, resolution), &values)?;
    Ok(())
}

fn put_alarm(client: &mut Client, alarm: &AlarmRecord) -> Result<(), postgres::Error> {
    let nanos = |at: Option<Timestamp>| at.map(Timestamp::unix_nanos);
    client.execute(
        "INSERT INTO alarm VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (site, incident) DO UPDATE SET (zone, level, drill, raised_at, acknowledged_at, on_the_way_at,
             arrived_at, closed_at, reason, operator, called_at) = (excluded.zone, excluded.level, excluded.drill,
             excluded.raised_at, excluded.acknowledged_at, excluded.on_the_way_at, excluded.arrived_at,
             excluded.closed_at, excluded.reason, excluded.operator, excluded.called_at)",
        &[
            &alarm.site,
            &alarm.incident,
            &alarm.zone,
            &alarm.level.map(|level| i16::from(level.number())),
            &alarm.drill,
            &alarm.raised_at.unix_nanos(),
            &nanos(alarm.acknowledged_at),
            &nanos(alarm.on_the_way_at),
            &nanos(alarm.arrived_at),
            &nanos(alarm.closed_at),
            &alarm.reason,
            &alarm.operator,
            &alarm.called_at.unix_nanos(),
        ],
    )?;
    Ok(())
}

impl Store for Postgres {
    fn series(&mut self, key: &SeriesKey) -> Result<i64, HistoryError> {
        self.ask("add a series", |client| {
            client.execute(
                "INSERT INTO series (site, kind, name, drill) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                &[&key.site, &key.kind.name(), &key.name, &key.drill],
            )
        })?;
        self.find_series(key)?.ok_or(HistoryError::Closed)
    }

    fn find_series(&mut self, key: &SeriesKey) -> Result<Option<i64>, HistoryError> {
        self.ask("find a series", |client| {
            client
                .query_opt(
                    "SELECT id FROM series WHERE site = $1 AND kind = $2 AND name = $3 AND drill = $4",
                    &[&key.site, &key.kind.name(), &key.name, &key.drill],
                )?
                .map(|row| row.try_get(0))
                .transpose()
        })
    }

    fn all_series(&mut self, site: Option<&str>) -> Result<Vec<(i64, SeriesKey)>, HistoryError> {
        self.ask("list its series", |client| {
            let rows = client.query(
                "SELECT id, site, kind, name, drill FROM series WHERE $1::text IS NULL OR site = $1
                 ORDER BY site COLLATE \"C\", kind COLLATE \"C\", name COLLATE \"C\", drill",
                &[&site],
            )?;
            rows.iter()
                .map(|row| {
                    let kind: &str = row.try_get(2)?;
                    let kind = if kind == "line" { SeriesKind::Line } else { SeriesKind::Zone };
                    let (site, name, drill) = (row.try_get(1)?, row.try_get(3)?, row.try_get(4)?);
                    Ok((row.try_get(0)?, SeriesKey { site, kind, name, drill }))
                })
                .collect()
        })
    }

    fn zone_windows(
        &mut self,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, ZoneRollup)>, HistoryError> {
        let select = columns::select("zone", &columns::ZONE, resolution);
        self.ask("read a zone", |client| {
            client.query(&select, &[&series, &from, &to])?.iter().map(zone_of).collect()
        })
    }

    fn people_and_density(
        &mut self,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<PeopleAndDensity>, HistoryError> {
        let select = columns::select("zone", &columns::PEOPLE_AND_DENSITY, Resolution::QuarterHour);
        self.ask("read a zone", |client| {
            let rows = client.query(&select, &[&series, &from, &to])?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
        })
    }

    fn line_windows(
        &mut self,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, LineRollup)>, HistoryError> {
        let select = columns::select("line", &columns::LINE, resolution);
        self.ask("read a line", |client| {
            client.query(&select, &[&series, &from, &to])?.iter().map(line_of).collect()
        })
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
        let select = days::select_packed(kind, resolution);
        let (first, end) = (days::series_day(series, from), days::series_day(series, to));
        let damaged = self.ask("read packed days", |client| {
            for row in client.query(&select, &[&first, &end])? {
                let (_, day) = days::of_series_day(row.try_get(0)?);
                if take(day, row.try_get(1)?).is_none() {
                    return Ok(Some(day));
                }
            }
            Ok(None)
        })?;
        let place = redacted(&self.address);
        damaged.map_or(Ok(()), |day| Err(days::damaged(&place, kind, resolution, series, day)))
    }

    fn unpacked_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        before: i64,
        count: usize,
    ) -> Result<Vec<(i64, i64)>, HistoryError> {
        // Another process that packs takes others, and whoever writes windows of these waits.
        let select = format!("{} FOR UPDATE SKIP LOCKED", days::select_unpacked(kind, resolution));
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.ask("find days to pack", |client| {
            let rows = client.query(&select, &[&days::day_of(before), &count])?;
            rows.iter().map(|row| Ok(days::of_series_day(row.try_get(0)?))).collect()
        })
    }

    fn put_packed_day(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
        start: i64,
        packed: &[u8],
    ) -> Result<(), HistoryError> {
        let update = days::update_packed(kind, resolution);
        let key = days::series_day(series, start);
        self.ask("pack a day", |client| client.execute(&update, &[&packed, &key])).map(drop)
    }

    fn newest(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
    ) -> Result<Option<i64>, HistoryError> {
        let select =
            format!("SELECT max(start) FROM {} WHERE series = $1", columns::table(kind.name(), resolution));
        self.ask("find its newest window", |client| client.query_one(&select, &[&series])?.try_get(0))
    }

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
            for resolution in Resolution::ALL {
                put_zones(client, resolution, batch)?;
                put_lines(client, resolution, batch)?;
            }
            batch.alarms.iter().try_for_each(|alarm| put_alarm(client, alarm))
        })
    }

    fn delete_before(&mut self, resolution: Resolution, before: i64) -> Result<(), HistoryError> {
        for (series, key) in self.all_series(None)? {
            let delete = format!(
                "DELETE FROM {} WHERE series = $1 AND start < $2",
                columns::table(key.kind.name(), resolution)
            );
            self.ask("delete what is too old", |client| client.execute(&delete, &[&series, &before]))?;
            if PACKED.contains(&resolution) {
                let delete = days::delete(key.kind, resolution);
                let (first, end) = (days::series_day(series, 0), days::series_day(series, before));
                self.ask("delete what is too old", |client| client.execute(&delete, &[&first, &end]))?;
            }
        }
        Ok(())
    }

    fn alarms(&mut self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError> {
        let nanos = |at: Option<Timestamp>| at.map(Timestamp::unix_nanos);
        let limit = if query.limit == 0 { i64::MAX } else { i64::try_from(query.limit).unwrap_or(i64::MAX) };
        self.ask("read alarms", |client| {
            let rows = client.query(
                "SELECT * FROM alarm WHERE ($1::text IS NULL OR site = $1) AND ($2::bigint IS NULL OR raised_at >= $2)
                 AND ($3::bigint IS NULL OR raised_at < $3) AND ($4::bool IS NULL OR (closed_at IS NULL) = $4)
                 AND ($5 OR NOT drill) ORDER BY raised_at DESC, incident COLLATE \"C\" LIMIT $6",
                &[&query.site, &nanos(query.from), &nanos(query.to), &query.open, &query.drills, &limit],
            )?;
            rows.iter().map(alarm_of).collect()
        })
    }

    fn put_signal(&mut self, signal: &Signal) -> Result<(), HistoryError> {
        let text = signals::text(signal)?;
        let (began_at, ends_at) = (signal.from.unix_nanos(), signal.until.unix_nanos());
        self.ask("write a signal", |client| {
            client.execute(
                "INSERT INTO signal (site, id, began_at, ends_at, signal) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (site, id) DO UPDATE SET began_at = $3, ends_at = $4, signal = $5",
                &[&signal.site, &signal.id, &began_at, &ends_at, &text],
            )?;
            Ok(())
        })
    }

    fn signals(&mut self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError> {
        let rows = self.ask("read signals", |client| {
            let rows = client.query(
                "SELECT signal FROM signal WHERE site = $1 AND began_at < $3 AND ends_at > $2
                 ORDER BY began_at, id COLLATE \"C\"",
                &[&site, &from.unix_nanos(), &to.unix_nanos()],
            )?;
            rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()
        })?;
        Ok(signals::of(&rows))
    }

    fn put_event(&mut self, event: &CalendarEvent) -> Result<(), HistoryError> {
        self.ask("write its calendar", |client| {
            client.execute(
                "INSERT INTO calendar (date, name, kind, site) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (date, name, site) DO UPDATE SET kind = excluded.kind",
                &[&event.date, &event.name, &event.kind.name(), &event.site.as_deref().unwrap_or_default()],
            )
        })
        .map(drop)
    }

    fn delete_event(&mut self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError> {
        let deleted = self.ask("write its calendar", |client| {
            client.execute(
                "DELETE FROM calendar WHERE date = $1 AND name = $2 AND site = $3",
                &[&date, &name, &site.unwrap_or_default()],
            )
        })?;
        Ok(deleted > 0)
    }

    fn events(
        &mut self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError> {
        self.ask("read its calendar", |client| {
            let rows = client.query(
                "SELECT date, name, kind, site FROM calendar WHERE date >= $1 AND date <= $2
                 AND ($3::text IS NULL OR site = '' OR site = $3)
                 ORDER BY date COLLATE \"C\", name COLLATE \"C\", site COLLATE \"C\"",
                &[&from, &to, &site],
            )?;
            rows.iter()
                .map(|row| {
                    let (kind, site): (&str, String) = (row.try_get(2)?, row.try_get(3)?);
                    Ok(CalendarEvent {
                        date: row.try_get(0)?,
                        name: row.try_get(1)?,
                        kind: EventKind::of_name(kind).unwrap_or(EventKind::Event),
                        site: (!site.is_empty()).then_some(site),
                    })
                })
                .collect()
        })
    }

    fn health(&mut self) -> Result<Health, HistoryError> {
        let (bytes, oldest, series): (i64, Option<i64>, i64) = self.ask("tell its size", |client| {
            let row = client.query_one(
                "SELECT pg_database_size(current_database()),
                 (SELECT min(oldest) FROM (SELECT (SELECT min(start) FROM zone_1h WHERE series = s.id) AS oldest FROM series s
                  UNION ALL SELECT (SELECT min(start) FROM line_1h WHERE series = s.id) FROM series s) AS of_series),
                 (SELECT count(*) FROM series)",
                &[],
            )?;
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
