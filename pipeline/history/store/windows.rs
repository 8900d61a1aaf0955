//! Series and their windows, as either database keeps them.

use super::{SeriesKey, SeriesKind, any_row::AnyRow};
use crate::{
    error::HistoryError,
    resolution::Resolution,
    rollup::{LineRollup, ZoneRollup},
};

/// Start of a window, mean number of people, mean density (people/m2).
pub(crate) type PeopleAndDensity = (i64, Option<f64>, Option<f64>);

/// What a database does with series and windows.
pub(crate) trait Windows {
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
    /// Start of the newest window of a series.
    fn newest(
        &mut self,
        kind: SeriesKind,
        resolution: Resolution,
        series: i64,
    ) -> Result<Option<i64>, HistoryError>;
    /// Deletes windows that began before a time, and packed days.
    fn delete_before(&mut self, resolution: Resolution, before: i64) -> Result<(), HistoryError>;
}

/// The statement that adds a series, where it is not there.
pub(super) const ADD_SERIES: &str =
    "INSERT INTO series (site, kind, name, drill) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
/// The statement that finds a series.
pub(super) const FIND_SERIES: &str =
    "SELECT id FROM series WHERE site = $1 AND kind = $2 AND name = $3 AND drill = $4";

/// The statement that lists series of a site, or of all.
pub(super) fn select_series(by_bytes: &str) -> String {
    format!(
        "SELECT id, site, kind, name, drill FROM series WHERE CAST($1 AS text) IS NULL OR site = $1
         ORDER BY site{by_bytes}, kind{by_bytes}, name{by_bytes}, drill"
    )
}

/// A series and its number of such a row.
pub(super) fn series_of<R: AnyRow>(row: &R) -> Result<(i64, SeriesKey), R::Error> {
    let kind: String = row.cell(2)?;
    let kind = if kind == SeriesKind::Line.name() { SeriesKind::Line } else { SeriesKind::Zone };
    Ok((row.cell(0)?, SeriesKey { site: row.cell(1)?, kind, name: row.cell(3)?, drill: row.cell(4)? }))
}

/// The statement that tells bytes on disk by a database's own expression, start of the oldest window, number of series.
pub(super) fn select_size(bytes: &str) -> String {
    format!(
        "SELECT {bytes}, (SELECT min(oldest) FROM (
            SELECT (SELECT min(start) FROM zone_1h WHERE series = s.id) AS oldest FROM series s
            UNION ALL SELECT (SELECT min(start) FROM line_1h WHERE series = s.id) FROM series s
         ) AS of_series), (SELECT count(*) FROM series)"
    )
}
