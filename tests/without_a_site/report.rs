//! `throng report`: a history that is known, told by the real program.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use throng_history::{History, Mean, Resolution, ZoneRollup};

use crate::{lines, said};

fn report(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.current_dir(folder).arg("report").args(arguments).output().unwrap()
}

/// Four weeks of a street with 500 people in the evening, from Monday, 1 June 2026, midnight UTC.
fn record(folder: &Path) {
    let history = History::open(folder.join("history.sqlite").to_str().unwrap()).unwrap();
    let window = |hour: i64| {
        let people = if (18..22).contains(&hour) { 500.0 } else { 20.0 };
        let mean = |value: f64| Mean { sum: value * 3600.0, secs: 3600.0 };
        let people_max = Some(people);
        ZoneRollup {
            people: mean(people),
            people_max,
            density: mean(people / 400.0),
            ..ZoneRollup::default()
        }
    };
    let windows: Vec<_> = (0..28 * 24).map(|hour| (1_780_272_000 + hour * 3600, window(hour % 24))).collect();
    for resolution in [Resolution::QuarterHour, Resolution::Hour] {
        history.import_zone("square", "street", resolution, &windows).unwrap();
    }
}

const PERIOD: [&str; 8] =
    ["--history", "history.sqlite", "--from", "2026-06-01", "--to", "2026-06-28", "--for-day", "2026-06-29"];

#[test]
fn it_tells_hours_peaks_and_officers_of_a_history() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path());
    let output = report(folder.path(), &[&PERIOD[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let found = &lines(&output)[0];
    assert_eq!(found["report"]["site"], "square", "the only one in the history");
    let hours = &found["report"]["zones"][0]["people_by_hour"];
    assert!(
        (hours[19].as_f64().unwrap() - 500.0).abs() < 1e-9
            && (hours[5].as_f64().unwrap() - 20.0).abs() < 1e-9
    );
    assert_eq!(found["deployment"]["totals"][19]["officers"], 2);
    assert_eq!(found["deployment"]["totals"][5]["officers"], 0);

    fs::write(folder.path().join("ours.toml"), "people_per_officer = 100.0\n").unwrap();
    let output = report(folder.path(), &[&PERIOD[..], &["--json", "--ratios", "ours.toml"]].concat());
    assert_eq!(lines(&output)[0]["deployment"]["totals"][19]["officers"], 5);
}

#[test]
fn it_writes_a_page_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path());
    let more = ["--format", "html,csv,parquet,json", "--language", "zh", "--out", "told"];
    let output = report(folder.path(), &[&PERIOD[..], &more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = folder.path().join("told");
    let page = fs::read_to_string(told.join("report.html")).unwrap();
    assert!(page.contains("警力部署建议") && page.contains("<svg") && !page.contains("<script"));
    let table = fs::read_to_string(told.join("tables/by_weekday_and_hour.csv")).unwrap();
    assert!(table.contains("street,1,19,500,1.25"), "{table}");
    assert_eq!(&fs::read(told.join("tables/zones.parquet")).unwrap()[..4], b"PAR1");
    assert!(told.join("report.json").exists());
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path());
    fs::write(folder.path().join("odd.toml"), "officers = 3\n").unwrap();
    for (arguments, expected) in [
        (
            &["--history", "elsewhere.sqlite"][..],
            "there is no history at elsewhere.sqlite: name one with --history",
        ),
        (&["--history", "history.sqlite", "--time-zone", "Mars/Olympus"], "Mars/Olympus"),
        (
            &["--history", "history.sqlite", "--from", "2026-07-01", "--to", "2026-06-01"],
            "\"from\" must be before \"to\"",
        ),
        (&["--history", "history.sqlite", "--ratios", "odd.toml"], "odd.toml holds no ratios"),
        (&["--history", "postgres://throng:hunter2@127.0.0.1:1/x"], "throng:***@127.0.0.1"),
    ] {
        let output = report(folder.path(), arguments);
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).contains("hunter2"), "{}", said(&output));
    }
}

#[test]
fn a_pdf_is_printed_where_chromium_is_installed_and_refused_with_a_reason_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path());
    let output = report(folder.path(), &[&PERIOD[..], &["--format", "pdf"]].concat());
    if output.status.success() {
        assert_eq!(&fs::read(folder.path().join("report/report.pdf")).unwrap()[..5], b"%PDF-");
    } else {
        assert!(said(&output).contains("Chromium"), "{}", said(&output));
    }
}
