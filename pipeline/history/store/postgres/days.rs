//! Packed days in the database.

use super::Postgres;
use crate::{
    error::{HistoryError, redacted},
    resolution::Resolution,
    store::{PackedDays, SeriesKind, days},
};

impl PackedDays for Postgres {
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
}
