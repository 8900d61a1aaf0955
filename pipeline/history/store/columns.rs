//! The tables of windows.

use crate::resolution::Resolution;

/// Columns of a zone's window after `series` and `start`: name, and whether it holds bytes rather than a number.
pub(crate) const ZONE: [(&str, bool); 19] = [
    ("people_mean", false),
    ("people_secs", false),
    ("people_max", false),
    ("density_mean", false),
    ("density_secs", false),
    ("density_max", false),
    ("density_bins", true),
    ("speed_mean", false),
    ("speed_secs", false),
    ("flow_mean", false),
    ("flow_secs", false),
    ("score_max", false),
    ("normal_secs", false),
    ("blue_secs", false),
    ("yellow_secs", false),
    ("orange_secs", false),
    ("red_secs", false),
    ("coverage_mean", false),
    ("coverage_secs", false),
];
/// Columns of a line's window after `series` and `start`.
pub(crate) const LINE: [(&str, bool); 4] =
    [("in_people", false), ("in_secs", false), ("out_people", false), ("out_secs", false)];

/// Name of the table of a kind and resolution.
pub(crate) fn table(kind: &str, resolution: Resolution) -> String {
    format!("{kind}_{}", resolution.suffix())
}

/// The statement that reads windows of a series in order.
pub(crate) fn select(kind: &str, columns: &[(&str, bool)], resolution: Resolution) -> String {
    format!(
        "SELECT start, {} FROM {} WHERE series = $1 AND start >= $2 AND start < $3 ORDER BY start",
        names(columns),
        table(kind, resolution)
    )
}

/// The statement that writes a window over what is there of it.
pub(crate) fn upsert(kind: &str, columns: &[(&str, bool)], resolution: Resolution) -> String {
    let places: Vec<String> = (1..=columns.len() + 2).map(|place| format!("${place}")).collect();
    let updates: Vec<String> = columns.iter().map(|(name, _)| format!("{name} = excluded.{name}")).collect();
    format!(
        "INSERT INTO {} (series, start, {}) VALUES ({}) ON CONFLICT (series, start) DO UPDATE SET {}",
        table(kind, resolution),
        names(columns),
        places.join(", "),
        updates.join(", ")
    )
}

/// Column names with commas.
fn names(columns: &[(&str, bool)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Definitions of the columns with a database's own type names.
pub(crate) fn definitions(columns: &[(&str, bool)], number: &str, bytes: &str) -> String {
    columns
        .iter()
        .map(|(name, is_bytes)| format!("{name} {}", if *is_bytes { bytes } else { number }))
        .collect::<Vec<_>>()
        .join(", ")
}
