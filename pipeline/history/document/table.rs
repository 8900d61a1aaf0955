//! The report as tables: columns with names and units, empty where nothing is known.

use std::fmt::Display;

use super::{Document, zip};
use crate::{deployment::ZoneAdvice, error::HistoryError, report::ZoneReport};

/// A column's cells.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Words, days and times (RFC 3339).
    Text(Vec<Option<String>>),
    /// Numbers, in the unit that the column's name ends with.
    Number(Vec<Option<f64>>),
}

/// A table: all columns have as many cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name, also of its file.
    pub name: &'static str,
    /// Names and cells of its columns.
    pub columns: Vec<(&'static str, Cells)>,
}

impl Document {
    /// Everything in the report as tables.
    pub fn tables(&self) -> Vec<Table> {
        let (report, advice) = (&self.report, &self.deployment);
        let (zones, lines) = (&report.zones, &report.lines);
        let mut tables = vec![zone_table(zones), week_table(zones)];
        tables.push(Table::of(
            "peaks",
            zones.iter().flat_map(|zone| zone.peaks.iter().map(move |peak| (zone, peak))),
            |rows| {
                vec![
                    ("zone", text(rows, |(zone, _)| Some(&zone.zone))),
                    ("date", text(rows, |(_, peak)| Some(&peak.date))),
                    ("minute_of_day", numbers(rows, |(_, peak)| Some(peak.minute_of_day as f64))),
                    ("people", numbers(rows, |(_, peak)| Some(peak.people))),
                    ("density_max_people_per_m2", numbers(rows, |(_, peak)| peak.density_max)),
                ]
            },
        ));
        let typical = zones.iter().flat_map(|zone| {
            zone.typical_days
                .iter()
                .flat_map(move |day| day.points.iter().map(move |point| (zone, day.kind, point)))
        });
        tables.push(Table::of("typical_days", typical, |rows| {
            vec![
                ("zone", text(rows, |(zone, ..)| Some(&zone.zone))),
                ("kind", text(rows, |(_, kind, _)| Some(kind.name()))),
                ("minute_of_day", numbers(rows, |(.., point)| Some(point.minute_of_day as f64))),
                ("people_lo", numbers(rows, |(.., point)| Some(point.people_lo))),
                ("people_median", numbers(rows, |(.., point)| Some(point.people_median))),
                ("people_hi", numbers(rows, |(.., point)| Some(point.people_hi))),
                ("days", numbers(rows, |(.., point)| Some(point.days as f64))),
            ]
        }));
        let last = zones.iter().flat_map(|zone| {
            zone.last_day.iter().flat_map(move |day| day.points.iter().map(move |point| (zone, day, point)))
        });
        tables.push(Table::of("last_day", last, |rows| {
            vec![
                ("zone", text(rows, |(zone, ..)| Some(&zone.zone))),
                ("date", text(rows, |(_, day, _)| Some(&day.date))),
                ("minute_of_day", numbers(rows, |(.., point)| Some(point.minute_of_day as f64))),
                ("people", numbers(rows, |(.., point)| point.people)),
                (
                    "typical_people_median",
                    numbers(rows, |(.., point)| Some(point.typical.as_ref()?.people_median)),
                ),
                ("typical_people_hi", numbers(rows, |(.., point)| Some(point.typical.as_ref()?.people_hi))),
            ]
        }));
        tables.push(Table::of("lines", lines, |rows| {
            vec![
                ("line", text(rows, |line| Some(&line.line))),
                ("name", text(rows, |line| Some(&line.name))),
                ("in_people", numbers(rows, |line| line.in_people)),
                ("out_people", numbers(rows, |line| line.out_people)),
                ("coverage", numbers(rows, |line| Some(line.coverage))),
            ]
        }));
        tables.push(Table::of(
            "lines_by_hour",
            lines.iter().flat_map(|line| (0..24).map(move |hour| (line, hour))),
            |rows| {
                let people_in = |row: &(&crate::report::LineReport, usize)| {
                    *row.0.in_people_per_hour_by_hour.get(row.1)?
                };
                let people_out = |row: &(&crate::report::LineReport, usize)| {
                    *row.0.out_people_per_hour_by_hour.get(row.1)?
                };
                vec![
                    ("line", text(rows, |(line, _)| Some(&line.line))),
                    ("hour", numbers(rows, |(_, hour)| Some(*hour as f64))),
                    ("in_people_per_hour", numbers(rows, people_in)),
                    ("out_people_per_hour", numbers(rows, people_out)),
                ]
            },
        ));
        tables.push(self.alarm_table());
        tables.push(Table::of("calendar", &report.events, |rows| {
            vec![
                ("date", text(rows, |event| Some(&event.date))),
                ("name", text(rows, |event| Some(&event.name))),
                ("kind", text(rows, |event| Some(event.kind.name()))),
            ]
        }));
        tables.push(deployment_table(&advice.zones));
        tables
    }

    fn alarm_table(&self) -> Table {
        Table::of("alarms", &self.report.alarms.newest, |rows| {
            vec![
                ("incident", text(rows, |alarm| Some(&alarm.incident))),
                ("zone", text(rows, |alarm| alarm.zone.as_ref())),
                ("level", text(rows, |alarm| Some(alarm.level?.name()))),
                ("raised_at", text(rows, |alarm| Some(alarm.raised_at))),
                ("called_at", text(rows, |alarm| Some(alarm.called_at))),
                ("acknowledged_at", text(rows, |alarm| alarm.acknowledged_at)),
                ("on_the_way_at", text(rows, |alarm| alarm.on_the_way_at)),
                ("arrived_at", text(rows, |alarm| alarm.arrived_at)),
                ("closed_at", text(rows, |alarm| alarm.closed_at)),
                ("reason", text(rows, |alarm| alarm.reason.as_ref())),
                ("operator", text(rows, |alarm| alarm.operator.as_ref())),
            ]
        })
    }

    /// The tables as CSV in one ZIP file.
    ///
    /// # Errors
    /// It is larger than a ZIP file can be: 4 GB.
    pub fn csv_zip(&self) -> Result<Vec<u8>, HistoryError> {
        let files =
            self.tables().into_iter().map(|table| (format!("{}.csv", table.name), table.csv().into_bytes()));
        zip::zip(files.collect())
    }

    /// The tables as Parquet in one ZIP file.
    ///
    /// # Errors
    /// It is larger than a ZIP file can be: 4 GB.
    pub fn parquet_zip(&self) -> Result<Vec<u8>, HistoryError> {
        let file = |table: Table| (format!("{}.parquet", table.name), table.parquet());
        zip::zip(self.tables().into_iter().map(file).collect())
    }
}

fn zone_table(zones: &[ZoneReport]) -> Table {
    Table::of("zones", zones, |rows| {
        vec![
            ("zone", text(rows, |zone| Some(&zone.zone))),
            ("name", text(rows, |zone| Some(&zone.name))),
            ("people_mean", numbers(rows, |zone| zone.people_mean)),
            ("people_max", numbers(rows, |zone| zone.people_max)),
            ("density_mean_people_per_m2", numbers(rows, |zone| zone.density_mean)),
            ("density_p95_people_per_m2", numbers(rows, |zone| zone.density_p95)),
            ("density_max_people_per_m2", numbers(rows, |zone| zone.density_max)),
            ("speed_mean_m_per_s", numbers(rows, |zone| zone.speed_mean)),
            ("score_max", numbers(rows, |zone| zone.score_max)),
            ("normal_secs", numbers(rows, |zone| Some(zone.level_secs[0]))),
            ("blue_secs", numbers(rows, |zone| Some(zone.level_secs[1]))),
            ("yellow_secs", numbers(rows, |zone| Some(zone.level_secs[2]))),
            ("orange_secs", numbers(rows, |zone| Some(zone.level_secs[3]))),
            ("red_secs", numbers(rows, |zone| Some(zone.level_secs[4]))),
            ("unknown_secs", numbers(rows, |zone| Some(zone.unknown_secs))),
            ("coverage", numbers(rows, |zone| zone.coverage)),
            ("dwell_mean_minutes", numbers(rows, |zone| zone.dwell.mean_minutes)),
        ]
    })
}

fn week_table(zones: &[ZoneReport]) -> Table {
    let cells = zones.iter().flat_map(|zone| (0..7 * 24).map(move |cell| (zone, cell / 24, cell % 24)));
    Table::of("by_weekday_and_hour", cells, |rows| {
        vec![
            ("zone", text(rows, |(zone, ..)| Some(&zone.zone))),
            ("weekday_monday_is_1", numbers(rows, |(_, day, _)| Some((day + 1) as f64))),
            ("hour", numbers(rows, |(.., hour)| Some(*hour as f64))),
            (
                "people_mean",
                numbers(rows, |(zone, day, hour)| *zone.people_by_weekday_and_hour.get(*day)?.get(*hour)?),
            ),
            (
                "density_mean_people_per_m2",
                numbers(rows, |(zone, day, hour)| *zone.density_by_weekday_and_hour.get(*day)?.get(*hour)?),
            ),
        ]
    })
}

fn deployment_table(zones: &[ZoneAdvice]) -> Table {
    let hours = zones.iter().flat_map(|zone| zone.hours.iter().map(move |hour| (zone, hour)));
    Table::of("deployment", hours, |rows| {
        vec![
            ("zone", text(rows, |(zone, _)| Some(&zone.zone))),
            ("hour", numbers(rows, |(_, hour)| Some(hour.hour as f64))),
            ("officers", numbers(rows, |(_, hour)| hour.officers.map(f64::from))),
            ("limit_inflow", numbers(rows, |(_, hour)| Some(f64::from(u8::from(hour.limit_inflow))))),
            ("comparable_days", numbers(rows, |(_, hour)| Some(hour.days as f64))),
            ("people_median", numbers(rows, |(_, hour)| hour.people_median)),
            ("people_upper", numbers(rows, |(_, hour)| hour.people_upper)),
            ("density_upper_people_per_m2", numbers(rows, |(_, hour)| hour.density_upper)),
            ("people_per_officer", numbers(rows, |(_, hour)| hour.people_per_officer)),
            ("reason", text(rows, |(_, hour)| Some(&hour.reason.en))),
            ("reason_zh", text(rows, |(_, hour)| Some(&hour.reason.zh))),
        ]
    })
}

fn text<R, T: Display>(rows: &[R], cell: impl Fn(&R) -> Option<T>) -> Cells {
    Cells::Text(rows.iter().map(|row| cell(row).map(|cell| cell.to_string())).collect())
}

fn numbers<R>(rows: &[R], cell: impl Fn(&R) -> Option<f64>) -> Cells {
    Cells::Number(rows.iter().map(|row| cell(row).filter(|number| number.is_finite())).collect())
}

impl Table {
    /// From rows to columns.
    fn of<R>(
        name: &'static str,
        rows: impl IntoIterator<Item = R>,
        columns: impl FnOnce(&[R]) -> Vec<(&'static str, Cells)>,
    ) -> Self {
        let rows: Vec<R> = rows.into_iter().collect();
        Self { name, columns: columns(&rows) }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, cells)| match cells {
            Cells::Text(cells) => cells.len(),
            Cells::Number(cells) => cells.len(),
        })
    }

    /// As CSV (RFC 4180, UTF-8 with the mark that spreadsheets know it by).
    pub fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let mut csv = format!("\u{feff}{}\r\n", names.join(","));
        for row in 0..self.rows() {
            let cells: Vec<String> = self.columns.iter().map(|(_, cells)| cells.csv(row)).collect();
            csv += &cells.join(",");
            csv += "\r\n";
        }
        csv
    }
}

impl Cells {
    fn csv(&self, row: usize) -> String {
        match self {
            Self::Number(cells) => {
                cells.get(row).copied().flatten().map_or_else(String::new, |cell| cell.to_string())
            }
            Self::Text(cells) => cells.get(row).and_then(Option::as_deref).map_or_else(String::new, quoted),
        }
    }
}

/// A cell of words. What a spreadsheet would take for a formula is marked as words.
fn quoted(cell: &str) -> String {
    let mark = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if mark.is_empty() && !cell.contains([',', '"', '\n', '\r']) {
        return cell.to_owned();
    }
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_the_unknown_is_empty() {
        let rows = [("=HYPERLINK(\"http://x\")", None), ("Gate, north", Some(1.5))];
        let table = Table::of("t", rows, |rows| {
            vec![
                ("name", text(rows, |(name, _)| Some(*name))),
                ("people", numbers(rows, |(_, people)| *people)),
            ]
        });
        assert_eq!(
            table.csv(),
            "\u{feff}name,people\r\n\"'=HYPERLINK(\"\"http://x\"\")\",\r\n\"Gate, north\",1.5\r\n"
        );
    }
}
