//! The tables of packed days, a row a day of a series. One without bytes is to be packed.

use super::{SeriesKind, columns};
use crate::{error::HistoryError, packed_day::DAY_SECS, resolution::Resolution};

/// What a database does with packed days.
pub(crate) trait PackedDays {
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
}

/// Days that a number holds beside a series, in the key of the tables of days: until the year 2243.
const DAYS_OF_SERIES: i64 = 100_000;

/// Number of the day that a second falls in, since the Unix epoch.
pub(crate) const fn day_of(unix_secs: i64) -> i64 {
    unix_secs.div_euclid(DAY_SECS)
}

/// The key of a day of a series: days of a series lie side by side in order, in either database.
pub(crate) const fn series_day(series: i64, start: i64) -> i64 {
    series * DAYS_OF_SERIES + day_of(start)
}

/// Series and start of a day of that key.
pub(crate) const fn of_series_day(key: i64) -> (i64, i64) {
    (key / DAYS_OF_SERIES, key % DAYS_OF_SERIES * DAY_SECS)
}

/// Name of the table of packed days of a kind and resolution.
fn days_table(kind: SeriesKind, resolution: Resolution) -> String {
    format!("{}_days", columns::table(kind.name(), resolution))
}

/// The statements that make a table of packed days. A day without bytes is to be packed; all days there are begin so.
pub(crate) fn make(kind: SeriesKind, resolution: Resolution, number: &str, bytes: &str) -> String {
    let (windows, days) = (columns::table(kind.name(), resolution), days_table(kind, resolution));
    format!(
        "CREATE TABLE {days} (series_day {number} PRIMARY KEY, packed {bytes});
        CREATE INDEX {days}_to_pack ON {days} ((series_day % {DAYS_OF_SERIES})) WHERE packed IS NULL;
        INSERT INTO {days} (series_day)
        WITH RECURSIVE spans (day, last) AS (
            SELECT {}, {} FROM (
                SELECT id, (SELECT min(start) FROM {windows} WHERE series = id) AS oldest,
                    (SELECT max(start) FROM {windows} WHERE series = id) AS newest
                FROM series WHERE kind = '{}'
            ) AS ends WHERE oldest IS NOT NULL
            UNION ALL SELECT day + 1, last FROM spans WHERE day < last
        ) SELECT day FROM spans;",
        key_of("id", "oldest"),
        key_of("id", "newest"),
        kind.name()
    )
}

/// The statement of a trigger on the windows, by which a day of which one is written is to be packed anew. Where it finds nothing
/// to change it still waits for whoever packs that day.
pub(crate) fn unpack(kind: SeriesKind, resolution: Resolution) -> String {
    let days = days_table(kind, resolution);
    format!(
        "INSERT INTO {days} (series_day) VALUES ({}) ON CONFLICT (series_day) DO UPDATE SET packed = NULL
         WHERE {days}.packed IS NOT NULL;",
        key_of("NEW.series", "NEW.start")
    )
}

/// [`series_day`] in SQL.
fn key_of(series: &str, start: &str) -> String {
    format!("{series} * {DAYS_OF_SERIES} + {start} / {DAY_SECS}")
}

/// The statement that reads packed days of a series in order.
pub(crate) fn select_packed(kind: SeriesKind, resolution: Resolution) -> String {
    format!(
        "SELECT series_day, packed FROM {} WHERE series_day >= $1 AND series_day < $2 AND packed IS NOT NULL
         ORDER BY series_day",
        days_table(kind, resolution)
    )
}

/// The statement that finds days to be packed before one (number since the Unix epoch), newest first.
pub(crate) fn select_unpacked(kind: SeriesKind, resolution: Resolution) -> String {
    let day = format!("series_day % {DAYS_OF_SERIES}");
    format!(
        "SELECT series_day FROM {} WHERE packed IS NULL AND {day} < $1 ORDER BY {day} DESC LIMIT $2",
        days_table(kind, resolution)
    )
}

/// The statement that packs a day. `SQLite` numbers parameters as they come, so they come in order.
pub(crate) fn update_packed(kind: SeriesKind, resolution: Resolution) -> String {
    format!("UPDATE {} SET packed = $1 WHERE series_day = $2", days_table(kind, resolution))
}

/// The statement that deletes days of a series before one.
pub(crate) fn delete(kind: SeriesKind, resolution: Resolution) -> String {
    format!("DELETE FROM {} WHERE series_day >= $1 AND series_day < $2", days_table(kind, resolution))
}

/// What is said of a packed day whose bytes are damaged.
pub(crate) fn damaged(
    place: &str,
    kind: SeriesKind,
    resolution: Resolution,
    series: i64,
    day: i64,
) -> HistoryError {
    let (table, key) = (days_table(kind, resolution), series_day(series, day));
    HistoryError::Database {
        place: place.to_owned(),
        doing: "read packed days",
        reason: format!(
            "one is damaged; it is packed anew after UPDATE {table} SET packed = NULL WHERE series_day = {key}"
        ),
    }
}
