//! Series and windows in the file.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{BY_BYTES, Sqlite, rows};
use crate::{
    error::HistoryError,
    packed_day::PACKED,
    resolution::Resolution,
    rollup::{LineRollup, ZoneRollup},
    store::{
        Batch, PeopleAndDensity, SeriesKey, SeriesKind, Windows, columns, days,
        windows::{ADD_SERIES, FIND_SERIES, select_series, series_of},
    },
};

/// Writes windows one by one: beside the disk a statement costs nothing.
pub(super) fn put(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
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
    Ok(())
}

impl Windows for Sqlite {
    fn series(&mut self, key: &SeriesKey) -> Result<i64, HistoryError> {
        self.ask("add a series", |connection| {
            connection.execute(ADD_SERIES, params![key.site, key.kind.name(), key.name, key.drill])
        })?;
        self.find_series(key)?.ok_or(HistoryError::Closed)
    }

    fn find_series(&mut self, key: &SeriesKey) -> Result<Option<i64>, HistoryError> {
        let key = params![key.site, key.kind.name(), key.name, key.drill];
        self.ask("find a series", |connection| {
            connection.query_row(FIND_SERIES, key, |row| row.get(0)).optional()
        })
    }

    fn all_series(&mut self, site: Option<&str>) -> Result<Vec<(i64, SeriesKey)>, HistoryError> {
        self.ask("list its series", |connection| {
            rows(connection, &select_series(BY_BYTES), [site], |row| series_of(row))
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
        self.ask("read a zone", |connection| {
            rows(connection, &select, [series, from, to], |row| columns::zone_of_row(row))
        })
    }

    fn people_and_density(
        &mut self,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<PeopleAndDensity>, HistoryError> {
        let select = columns::select("zone", &columns::PEOPLE_AND_DENSITY, Resolution::QuarterHour);
        self.ask("read a zone", |connection| {
            rows(connection, &select, [series, from, to], |row| columns::people_and_density_of_row(row))
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
        self.ask("read a line", |connection| {
            rows(connection, &select, [series, from, to], |row| columns::line_of_row(row))
        })
    }

    fn newest(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
    ) -> Result<Option<i64>, HistoryError> {
        let select = columns::select_newest(kind.name(), resolution);
        self.ask("find its newest window", |connection| {
            connection.prepare_cached(&select)?.query_row([series], |row| row.get(0))
        })
    }

    fn delete_before(&mut self, resolution: Resolution, before: i64) -> Result<(), HistoryError> {
        // Series by series: the windows of one lie in order of time.
        let all = self.all_series(None)?;
        self.ask("delete what is too old", |connection| {
            for (series, key) in &all {
                connection
                    .prepare_cached(&columns::delete(key.kind.name(), resolution))?
                    .execute([*series, before])?;
                if PACKED.contains(&resolution) {
                    connection
                        .prepare_cached(&days::delete(key.kind, resolution))?
                        .execute([days::series_day(*series, 0), days::series_day(*series, before)])?;
                }
            }
            connection.execute_batch("PRAGMA incremental_vacuum(4096)")
        })
    }
}
