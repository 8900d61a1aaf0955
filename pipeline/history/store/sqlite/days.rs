//! Packed days in the file.

use rusqlite::params;

use super::{Sqlite, rows};
use crate::{
    error::HistoryError,
    resolution::Resolution,
    store::{PackedDays, SeriesKind, days},
};

impl PackedDays for Sqlite {
    fn packed_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
        take: &mut dyn FnMut(i64, &[u8]) -> Option<()>,
    ) -> Result<(), HistoryError> {
        let damaged = self.ask("read packed days", |connection| {
            let mut statement = connection.prepare_cached(&days::select_packed(kind, resolution))?;
            let mut rows = statement.query([days::series_day(series, from), days::series_day(series, to)])?;
            while let Some(row) = rows.next()? {
                let (_, day) = days::of_series_day(row.get(0)?);
                if take(day, row.get_ref(1)?.as_blob()?).is_none() {
                    return Ok(Some(day));
                }
            }
            Ok(None)
        })?;
        damaged.map_or(Ok(()), |day| Err(days::damaged(&self.path, kind, resolution, series, day)))
    }

    fn unpacked_days(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        before: i64,
        count: usize,
    ) -> Result<Vec<(i64, i64)>, HistoryError> {
        let select = days::select_unpacked(kind, resolution);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.ask("find days to pack", |connection| {
            let of = |row: &rusqlite::Row<'_>| Ok(days::of_series_day(row.get(0)?));
            rows(connection, &select, [days::day_of(before), count], of)
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
        self.ask("pack a day", |connection| connection.prepare_cached(&update)?.execute(params![packed, key]))
            .map(drop)
    }
}
