//! The tables of windows.

use super::{PeopleAndDensity, any_row::AnyRow};
use crate::{
    density_bins::DensityBins,
    resolution::Resolution,
    rollup::{LineRollup, Mean, ZoneRollup},
};

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
/// Those of them that hold numbers.
pub(crate) const ZONE_NUMBERS: usize = ZONE.len() - 1;
/// Place of the one that holds bytes.
pub(crate) const BINS_PLACE: usize = 6;
/// People and density alone: the means of both.
pub(crate) const PEOPLE_AND_DENSITY: [(&str, bool); 2] = [ZONE[0], ZONE[3]];
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

/// The statement that finds the start of a series' newest window.
pub(super) fn select_newest(kind: &str, resolution: Resolution) -> String {
    format!("SELECT max(start) FROM {} WHERE series = $1", table(kind, resolution))
}

/// The statement that deletes windows of a series that began before a time.
pub(super) fn delete(kind: &str, resolution: Resolution) -> String {
    format!("DELETE FROM {} WHERE series = $1 AND start < $2", table(kind, resolution))
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

/// The statement that writes many windows at once, a parameter for each column that holds an array of its values.
pub(crate) fn upsert_arrays(kind: &str, columns: &[(&str, bool)], resolution: Resolution) -> String {
    let types = ["bigint", "bigint"]
        .into_iter()
        .chain(columns.iter().map(|(_, is_bytes)| if *is_bytes { "bytea" } else { "double precision" }));
    let arrays: Vec<String> =
        types.enumerate().map(|(place, of)| format!("${}::{of}[]", place + 1)).collect();
    let updates: Vec<String> = columns.iter().map(|(name, _)| format!("{name} = excluded.{name}")).collect();
    format!(
        "INSERT INTO {} (series, start, {}) SELECT * FROM unnest({}) ON CONFLICT (series, start) DO UPDATE SET {}",
        table(kind, resolution),
        names(columns),
        arrays.join(", "),
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

/// A quantity that was known for no time is stored as NULL, never as 0.
pub(crate) fn known(mean: Mean) -> [Option<f64>; 2] {
    [mean.value(), (mean.secs > 0.0).then_some(mean.secs)]
}

/// The numbers of a zone's window, in the order of the columns.
pub(crate) fn zone_numbers(window: &ZoneRollup) -> [Option<f64>; ZONE_NUMBERS] {
    let [people, people_secs] = known(window.people);
    let [density, density_secs] = known(window.density);
    let [speed, speed_secs] = known(window.speed);
    let [flow, flow_secs] = known(window.flow);
    let [coverage, coverage_secs] = known(window.coverage);
    let [normal, blue, yellow, orange, red] = window.level_secs.map(Some);
    [
        people,
        people_secs,
        window.people_max,
        density,
        density_secs,
        window.density_max,
        speed,
        speed_secs,
        flow,
        flow_secs,
        window.score_max,
        normal,
        blue,
        yellow,
        orange,
        red,
        coverage,
        coverage_secs,
    ]
}

/// A zone's window of its numbers, in the order of the columns, and its bins.
pub(crate) fn zone_of(numbers: &[Option<f64>; ZONE_NUMBERS], bins: &[u8]) -> ZoneRollup {
    let mean = |place: usize| Mean::of(numbers[place], numbers[place + 1]);
    let secs = |place: usize| numbers[place].unwrap_or_default();
    ZoneRollup {
        people: mean(0),
        people_max: numbers[2],
        density: mean(3),
        density_max: numbers[5],
        density_bins: DensityBins::from_bytes(bins),
        speed: mean(6),
        flow: mean(8),
        score_max: numbers[10],
        level_secs: [secs(11), secs(12), secs(13), secs(14), secs(15)],
        coverage: mean(16),
    }
}

/// A zone's window by its start, of a row with all columns.
pub(super) fn zone_of_row<R: AnyRow>(row: &R) -> Result<(i64, ZoneRollup), R::Error> {
    let mut numbers = [None; ZONE_NUMBERS];
    let places = ZONE.iter().enumerate().filter(|(_, (_, is_bytes))| !is_bytes);
    for (number, (place, _)) in numbers.iter_mut().zip(places) {
        *number = row.cell(place + 1)?;
    }
    Ok((row.cell(0)?, zone_of(&numbers, row.bytes(BINS_PLACE + 1)?)))
}

/// Start, people and density of a row with these columns.
pub(super) fn people_and_density_of_row<R: AnyRow>(row: &R) -> Result<PeopleAndDensity, R::Error> {
    Ok((row.cell(0)?, row.cell(1)?, row.cell(2)?))
}

/// The numbers of a line's window, in the order of the columns.
pub(crate) fn line_numbers(window: &LineRollup) -> [Option<f64>; 4] {
    let secs = |secs: f64| (secs > 0.0).then_some(secs);
    [window.people_in(), secs(window.in_secs), window.people_out(), secs(window.out_secs)]
}

/// A line's window of its numbers, in the order of the columns.
pub(crate) fn line_of(numbers: &[Option<f64>; 4]) -> LineRollup {
    let [in_people, in_secs, out_people, out_secs] = numbers.map(Option::unwrap_or_default);
    LineRollup { in_people, in_secs, out_people, out_secs }
}

/// A line's window by its start, of a row with all columns.
pub(super) fn line_of_row<R: AnyRow>(row: &R) -> Result<(i64, LineRollup), R::Error> {
    Ok((row.cell(0)?, line_of(&[row.cell(1)?, row.cell(2)?, row.cell(3)?, row.cell(4)?])))
}
