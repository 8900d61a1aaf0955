//! Series and windows in the database.

use postgres::{Client, types::ToSql};

use super::{BY_BYTES, Postgres};
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

/// Writes windows, those of a table in one statement.
pub(super) fn put(client: &mut Client, batch: &Batch) -> Result<(), postgres::Error> {
    for resolution in Resolution::ALL {
        put_zones(client, resolution, batch)?;
        put_lines(client, resolution, batch)?;
    }
    Ok(())
}

/// A column of values for each column of the table.
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

impl Windows for Postgres {
    fn series(&mut self, key: &SeriesKey) -> Result<i64, HistoryError> {
        self.ask("add a series", |client| {
            client.execute(ADD_SERIES, &[&key.site, &key.kind.name(), &key.name, &key.drill])
        })?;
        self.find_series(key)?.ok_or(HistoryError::Closed)
    }

    fn find_series(&mut self, key: &SeriesKey) -> Result<Option<i64>, HistoryError> {
        self.ask("find a series", |client| {
            client
                .query_opt(FIND_SERIES, &[&key.site, &key.kind.name(), &key.name, &key.drill])?
                .map(|row| row.try_get(0))
                .transpose()
        })
    }

    fn all_series(&mut self, site: Option<&str>) -> Result<Vec<(i64, SeriesKey)>, HistoryError> {
        self.ask("list its series", |client| {
            client.query(&select_series(BY_BYTES), &[&site])?.iter().map(series_of).collect()
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
            client.query(&select, &[&series, &from, &to])?.iter().map(columns::zone_of_row).collect()
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
            rows.iter().map(columns::people_and_density_of_row).collect()
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
            client.query(&select, &[&series, &from, &to])?.iter().map(columns::line_of_row).collect()
        })
    }

    fn newest(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
    ) -> Result<Option<i64>, HistoryError> {
        let select = columns::select_newest(kind.name(), resolution);
        self.ask("find its newest window", |client| client.query_one(&select, &[&series])?.try_get(0))
    }

    fn delete_before(&mut self, resolution: Resolution, before: i64) -> Result<(), HistoryError> {
        let all = self.all_series(None)?;
        self.ask("delete what is too old", |client| {
            for (series, key) in &all {
                client.execute(&columns::delete(key.kind.name(), resolution), &[series, &before])?;
                if PACKED.contains(&resolution) {
                    let (first, end) = (days::series_day(*series, 0), days::series_day(*series, before));
                    client.execute(&days::delete(key.kind, resolution), &[&first, &end])?;
                }
            }
            Ok(())
        })
    }
}
