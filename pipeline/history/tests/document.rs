//! The report as a document: what it says of five weeks that are known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;

use throng_analytics::{level::Level, time::Timestamp};
use throng_history::{
    AlarmRecord, CalendarEvent, Document, EventKind, History, Language, LineRollup, Mean, Options, Ratios,
    ReportRequest, Resolution, ZoneFacts, ZoneRollup,
};

/// Monday, 1 June 2026, midnight in Shanghai.
const BEGIN: i64 = 1_780_243_200;
const DAYS: i64 = 35;

fn options() -> Options {
    const fn clock() -> Timestamp {
        Timestamp::from_unix_nanos((BEGIN + DAYS * 86_400) * 1_000_000_000)
    }
    Options { clock, ..Options::default() }
}

/// People at a time: a street that fills towards evening, twice as full on the market of the last Friday.
fn people(day: i64, quarter: i64) -> f64 {
    let hour = quarter as f64 / 4.0;
    let evening = (-(hour - 19.0).powi(2) / 8.0).exp();
    let market = if day == 32 { 2.0 } else { 1.0 };
    (60.0 + 700.0 * evening) * market * (1.0 + 0.05 * (day % 5) as f64)
}

fn history(folder: &tempfile::TempDir) -> History {
    let file = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    let history = History::open_with(&file, options()).unwrap();
    let mean = |value: f64| Mean { sum: value * 900.0, secs: 900.0 };
    let mut windows = Vec::new();
    for (day, quarter) in (0..DAYS).flat_map(|day| (0..96).map(move |quarter| (day, quarter))) {
        // Nobody looked on the second Tuesday until noon.
        if day == 8 && quarter < 48 {
            continue;
        }
        let people = people(day, quarter);
        let mut level_secs = [0.0; 5];
        level_secs[usize::from(people > 1200.0) * 3] = 900.0;
        let window = ZoneRollup {
            people: mean(people),
            people_max: Some(people * 1.1),
            density: mean(people / 400.0),
            density_max: Some(people / 250.0),
            level_secs,
            coverage: mean(0.9),
            ..ZoneRollup::default()
        };
        windows.push((BEGIN + day * 86_400 + quarter * 900, window));
    }
    history.import_zone("square", "street", Resolution::QuarterHour, &windows).unwrap();
    let crossing =
        |people: f64| LineRollup { in_people: people, in_secs: 900.0, out_people: people, out_secs: 900.0 };
    let line: Vec<_> = windows.iter().map(|(start, _)| (*start, crossing(450.0))).collect();
    history.import_line("square", "door", Resolution::QuarterHour, &line).unwrap();
    history
        .put_event(&CalendarEvent {
            date: "2026-07-03".to_owned(),
            name: "Night <market>".to_owned(),
            kind: EventKind::Market,
            site: None,
        })
        .unwrap();
    let raised_at = Timestamp::from_unix_nanos((BEGIN + 32 * 86_400 + 19 * 3600) * 1_000_000_000);
    history
        .record_alarm(&AlarmRecord {
            site: "square".to_owned(),
            incident: "i-1".to_owned(),
            zone: Some("street".to_owned()),
            level: Some(Level::Orange),
            drill: false,
            raised_at,
            called_at: raised_at,
            acknowledged_at: Some(raised_at + 45.0),
            on_the_way_at: Some(raised_at + 100.0),
            arrived_at: Some(raised_at + 400.0),
            closed_at: Some(raised_at + 1500.0),
            reason: Some("=resolved".to_owned()),
            operator: Some("li".to_owned()),
        })
        .unwrap();
    history.flush().unwrap();
    history
}

fn document(folder: &tempfile::TempDir) -> Document {
    let mut request = ReportRequest::of_days("square", "2026-06-01", "2026-07-05", "Asia/Shanghai").unwrap();
    request.zones = vec![ZoneFacts {
        id: "street".to_owned(),
        name: "Street <script>".to_owned(),
        capacity_people: Some(1500.0),
        lines: vec!["door".to_owned()],
        is_enclosed: true,
        ..ZoneFacts::default()
    }];
    request.line_names = BTreeMap::from([("door".to_owned(), "South door".to_owned())]);
    history(folder).document(&request, "2026-07-06", &Ratios::default()).unwrap()
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

#[test]
fn the_page_is_whole_in_both_languages_and_fetches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(&folder);
    for (language, stay, advice) in [
        (Language::En, "stay, mean", "Where to stand: 2026-07-06"),
        (Language::Zh, "平均停留", "警力部署建议: 2026-07-06"),
    ] {
        let page = document.html(language).unwrap();
        if let Some(folder) = std::env::var_os("THRONG_REPORT_PAGES") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{language:?}.html")), &page).unwrap();
        }
        assert!(page.contains(stay) && page.contains(advice));
        for forbidden in ["<script", "http:", "https:", "src=", "url(", "Street <", "Night <", "NaN", "inf"] {
            assert!(!page.contains(forbidden), "{forbidden:?} in the page");
        }
        assert!(page.contains("Street &lt;script&gt;") && page.contains("Night &lt;market&gt;"));
        for tag in ["table", "tr", "svg", "figure", "section", "div", "main", "p"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}

#[test]
fn its_figures_are_those_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(&folder);
    let zone = &document.report.zones[0];
    assert_eq!(zone.peaks[0].date, "2026-07-03", "the market is the fullest day");
    assert!((zone.unknown_secs - 12.0 * 3600.0).abs() < 1e-6, "half a day nobody looked");
    let seven = zone.people_by_hour[7].unwrap();
    let nineteen = zone.people_by_hour[19].unwrap();
    assert!(nineteen > 5.0 * seven, "{seven} {nineteen}");
    // One comes and one goes every two seconds.
    let stay = zone.people_mean.unwrap() / 0.5 / 60.0;
    assert!((zone.dwell.mean_minutes.unwrap() - stay).abs() < 1e-6);
    let page = document.html(Language::En).unwrap();
    let tile = between(&page, "answered within 1 minute", "</div>");
    assert!(tile.contains("alarms: 1"), "{tile}");
    assert!(page.contains("0 / 1 median 6 min 40 s"), "nobody was there within five minutes");
    // Monday evening: four Mondays before tell of it.
    let evening = &document.deployment.zones[0].hours[19];
    assert_eq!((evening.days, evening.officers), (5, Some(4)), "{evening:?}");
}

#[test]
fn the_tables_hold_what_the_page_shows() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(&folder);
    let tables = document.tables();
    let table = |name: &str| tables.iter().find(|table| table.name == name).unwrap();
    assert_eq!(table("by_weekday_and_hour").rows(), 7 * 24);
    assert_eq!(table("deployment").rows(), 24);
    let alarms = table("alarms").csv();
    assert!(alarms.contains("orange") && alarms.contains("\"'=resolved\""), "{alarms}");
    assert!(table("lines").csv().contains("South door"));
    assert_eq!(&document.csv_zip().unwrap()[..4], b"PK\x03\x04");
    assert!(document.parquet_zip().unwrap().windows(4).any(|bytes| bytes == b"PAR1"));
}
