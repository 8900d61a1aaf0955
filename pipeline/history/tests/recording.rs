//! What is recorded is there: after a close, across processes, late, and in drills apart.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::atomic::{AtomicI64, Ordering};

use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{Signal, SiteSignals},
};
use throng_history::{
    AlarmQuery, AlarmRecord, CalendarEvent, EventKind, History, LineSample, Options, ZoneSample,
};

/// Wednesday, 1 July 2026, noon UTC.
const NOON: i64 = 1_782_907_200;

fn noon() -> Timestamp {
    Timestamp::from_unix_nanos(NOON * 1_000_000_000)
}

fn options() -> Options {
    fn clock() -> Timestamp {
        noon() + 7200.0
    }
    Options { clock, ..Options::default() }
}

fn zone(after_secs: f64, people: Option<f64>) -> ZoneSample {
    ZoneSample {
        site: "square".to_owned(),
        zone: "gate".to_owned(),
        at: noon() + after_secs,
        people,
        density_mean_people_per_m2: people.map(|people| people / 50.0),
        level: people.map(|people| if people > 100.0 { Level::Yellow } else { Level::Normal }),
        coverage: people.map(|_| 0.8),
        calibrated: true,
        ..ZoneSample::default()
    }
}

fn file(folder: &tempfile::TempDir) -> String {
    folder.path().join("deep/history.db").to_string_lossy().into_owned()
}

#[test]
fn everything_recorded_before_an_orderly_close_is_there_at_every_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    for second in 0..3600 {
        history.record_zone(&zone(f64::from(second), Some(50.0)));
        history.record_line(&LineSample {
            site: "square".to_owned(),
            line: "door".to_owned(),
            at: noon() + f64::from(second),
            in_people_per_s: Some(0.5),
            out_people_per_s: None,
            drill: false,
        });
    }
    drop(history);

    let history = History::open_with(&file(&folder), options()).unwrap();
    for (points, resolution_secs) in [(360, 10), (60, 60), (4, 900), (1, 3600)] {
        let series = history.zone_series("square", "gate", noon(), noon() + 3600.0, points).unwrap();
        assert_eq!(series.resolution_secs, resolution_secs);
        assert_eq!(series.columns.at.len(), points);
        assert!(series.columns.people.iter().all(|people| people.is_some_and(|p| (p - 50.0).abs() < 1e-6)));
        let normal: f64 = series.columns.level_secs.normal.iter().sum();
        assert!((normal - 3600.0).abs() < 1e-6, "{normal}");
        let lines = history.line_series("square", "door", noon(), noon() + 3600.0, points).unwrap();
        let people_in: f64 = lines.columns.in_people.iter().map(|people| people.unwrap()).sum();
        assert!((people_in - 1800.0).abs() < 1e-6);
        assert!(lines.columns.out_people.iter().all(Option::is_none), "nobody measured who went out");
    }
}

#[test]
fn time_without_data_is_null_and_at_no_level() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    for second in 0..60 {
        history.record_zone(&zone(f64::from(second), Some(150.0)));
        history.record_zone(&zone(120.0 + f64::from(second), None));
    }
    history.record_zone(&zone(60.0, None));
    history.flush().unwrap();
    let series = history.zone_series("square", "gate", noon(), noon() + 180.0, 3).unwrap();
    assert_eq!(series.columns.people[1..], [None, None]);
    assert_eq!(series.columns.coverage[1..], [None, None]);
    assert_eq!(series.columns.level_secs.unknown, [0.0, 60.0, 60.0]);
    assert_eq!(series.columns.level_secs.yellow, [60.0, 0.0, 0.0]);
}

#[test]
fn a_drill_is_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    for second in 0..60 {
        history.record_zone(&zone(f64::from(second), Some(10.0)));
        history.record_zone(&ZoneSample { drill: true, ..zone(f64::from(second), Some(900.0)) });
    }
    history.flush().unwrap();
    let ask = |drill: bool| {
        let (from, to) = (noon(), noon() + 60.0);
        let series = if drill {
            history.zone_series_of_drills("square", "gate", from, to, 1)
        } else {
            history.zone_series("square", "gate", from, to, 1)
        };
        series.unwrap().columns.people_max[0]
    };
    assert_eq!((ask(false), ask(true)), (Some(10.0), Some(900.0)));
}

#[test]
fn a_sample_that_is_hours_late_gets_into_every_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    history.record_zone(&zone(3600.0, Some(10.0)));
    history.flush().unwrap();
    for second in 0..10 {
        history.record_zone(&zone(f64::from(second), Some(70.0)));
    }
    history.flush().unwrap();
    for points in [360, 60, 4, 1] {
        let series = history.zone_series("square", "gate", noon(), noon() + 3600.0, points).unwrap();
        assert_eq!(series.columns.people_max[0], Some(70.0));
    }
}

#[test]
fn a_clock_that_is_wrong_is_refused_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    history.record_zone(&zone(7200.0 + 86_400.0, Some(10.0)));
    history.record_zone(&zone(-30.0 * 86_400.0, Some(10.0)));
    history.flush().unwrap();
    let health = history.health().unwrap();
    assert_eq!((health.refused, health.waiting, health.failure), (2, 0, None));
    assert!(history.series(None).unwrap().is_empty());
}

#[test]
fn what_is_too_old_goes_level_by_level() {
    static NOW: AtomicI64 = AtomicI64::new(NOON + 7200);
    fn clock() -> Timestamp {
        Timestamp::from_unix_nanos(NOW.load(Ordering::Relaxed) * 1_000_000_000)
    }
    let folder = tempfile::tempdir().unwrap();
    let options = Options { clock, ..Options::default() };
    let history = History::open_with(&file(&folder), options).unwrap();
    for second in 0..900 {
        history.record_zone(&zone(f64::from(second), Some(10.0)));
    }
    drop(history);
    NOW.fetch_add(30 * 86_400, Ordering::Relaxed);
    let history = History::open_with(&file(&folder), options).unwrap();
    // The writer deletes at its start, before it answers.
    history.flush().unwrap();
    let series = history.zone_series("square", "gate", noon(), noon() + 900.0, 1000).unwrap();
    assert_eq!(series.resolution_secs, 60, "windows of ten seconds are kept for seven days");
    assert!(series.columns.people.iter().all(Option::is_some));
}

#[test]
fn an_incident_is_replaced_by_its_newer_record() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    let raised = AlarmRecord {
        site: "square".to_owned(),
        incident: "i-1".to_owned(),
        zone: Some("gate".to_owned()),
        level: Some(Level::Red),
        drill: false,
        raised_at: noon() - 600.0,
        called_at: noon(),
        acknowledged_at: None,
        on_the_way_at: None,
        arrived_at: None,
        closed_at: None,
        reason: None,
        operator: None,
    };
    history.record_alarm(&raised).unwrap();
    history.record_alarm(&AlarmRecord { incident: "d-1".to_owned(), drill: true, ..raised.clone() }).unwrap();
    history.record_alarm(&AlarmRecord { acknowledged_at: Some(noon() + 50.0), ..raised }).unwrap();
    history.flush().unwrap();
    let alarms = history.alarms(&AlarmQuery::default()).unwrap();
    assert_eq!(alarms.len(), 1, "drills only when asked for");
    let answers = throng_history::answer_times(&alarms);
    assert_eq!((answers.count, answers.acknowledged_within_1_min, answers.arrived_within_5_min), (1, 1, 0));
    assert_eq!(answers.median_secs_to_acknowledge, Some(50.0), "from when its level had to be answered");
    assert_eq!(answers.median_secs_to_arrive, None);
    assert_eq!(history.alarms(&AlarmQuery { open: Some(false), ..AlarmQuery::default() }).unwrap(), []);
}

#[test]
fn a_calendar_entry_must_be_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    let event = CalendarEvent {
        date: "2026-02-30".to_owned(),
        name: "market".to_owned(),
        kind: EventKind::Market,
        site: None,
    };
    let error = history.put_event(&event).unwrap_err().to_string();
    assert!(error.contains("2026-02-30") && error.contains("YYYY-MM-DD"), "{error}");
    let event = CalendarEvent { date: "2026-02-27".to_owned(), ..event };
    history.put_event(&event).unwrap();
    assert_eq!(history.events(Some("square"), "2026-02-01", "2026-03-01").unwrap(), [event]);
    assert!(history.delete_event("2026-02-27", "market", None).unwrap());
}

#[test]
fn an_address_that_cannot_be_opened_says_so_without_its_password() {
    let error = History::open("mysql://root:hunter2@db/history").unwrap_err().to_string();
    assert!(error.contains("mysql://root:***@db/history"), "{error}");
    assert!(!error.contains("hunter2"));
}

#[test]
fn a_signal_is_kept_whole_and_found_where_it_lasted() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    let signal = |id: &str, site: &str, from_secs: f64| {
        let golden = include_str!("../../../analytics/wire/v1/golden/signals.json");
        let told: SiteSignals = serde_json::from_str(golden).unwrap();
        let (from, until) = (noon() + from_secs, noon() + from_secs + 600.0);
        Signal { id: id.to_owned(), site: site.to_owned(), from, until, ..told.signals[0].clone() }
    };
    let (rain, train) = (signal("rain", "square", 0.0), signal("train", "square", 900.0));
    for signal in [&train, &rain, &signal("rain", "station", 0.0)] {
        history.put_signal(signal).unwrap();
    }
    assert_eq!(history.signals("square", noon() + 500.0, noon() + 1000.0).unwrap(), [rain.clone(), train]);
    // Taken back early, it lasted for as long as that.
    let short = Signal { until: noon() + 60.0, ..rain };
    history.put_signal(&short).unwrap();
    assert_eq!(history.signals("square", noon(), noon() + 500.0).unwrap(), [short]);
    assert_eq!(history.signals("square", noon() + 100.0, noon() + 500.0).unwrap(), []);
}

/// Makes a file refuse something, as a full disk would, until `DROP TRIGGER refuse`.
fn refuse(file: &str, what: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let trigger = format!("CREATE TRIGGER refuse BEFORE {what} BEGIN SELECT RAISE(ABORT, 'no room'); END");
    connection.execute_batch(&trigger).unwrap();
}

/// Waits until the writer has taken all samples that were recorded.
fn taken(history: &History) {
    let began = std::time::Instant::now();
    while history.health().unwrap().waiting > 0 {
        assert!(began.elapsed() < std::time::Duration::from_mins(1), "the writer takes no samples");
        std::thread::yield_now();
    }
}

#[test]
fn a_history_that_cannot_be_written_says_so_until_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    history.record_zone(&zone(0.0, Some(10.0)));
    history.flush().unwrap();
    assert_eq!(history.health().unwrap().failure, None);

    refuse(&file(&folder), "INSERT ON zone_10s");
    history.record_zone(&zone(10.0, Some(20.0)));
    history.flush().unwrap_err();
    let says_so = || {
        let failure = history.health().unwrap().failure;
        assert!(failure.as_ref().is_some_and(|why| why.contains("cannot write: no room")), "{failure:?}");
    };
    says_so();
    for second in 11..30 {
        history.record_zone(&zone(f64::from(second), Some(20.0)));
        taken(&history);
        says_so();
    }

    rusqlite::Connection::open(file(&folder)).unwrap().execute_batch("DROP TRIGGER refuse").unwrap();
    history.flush().unwrap();
    let health = history.health().unwrap();
    assert_eq!((health.failure, health.dropped), (None, 0));
    let series = history.zone_series("square", "gate", noon(), noon() + 30.0, 3).unwrap();
    assert_eq!(series.columns.people_max, [Some(10.0), Some(20.0), Some(20.0)], "what waited is written");
}

#[test]
fn a_sample_of_a_zone_that_cannot_be_added_is_counted_as_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    refuse(&file(&folder), "INSERT ON series");
    history.record_zone(&zone(0.0, Some(10.0)));
    taken(&history);
    // Nothing is left to be written, and yet it failed.
    history.flush().unwrap();
    let health = history.health().unwrap();
    assert!(health.failure.is_some_and(|why| why.contains("cannot add a series: no room")));
    assert_eq!(health.dropped, 1);
}

#[test]
fn a_history_that_cannot_delete_says_so_though_it_is_written() {
    fn clock() -> Timestamp {
        noon() + 30.0 * 86_400.0
    }
    let folder = tempfile::tempdir().unwrap();
    let history = History::open_with(&file(&folder), options()).unwrap();
    history.record_zone(&zone(0.0, Some(10.0)));
    drop(history);
    refuse(&file(&folder), "DELETE ON zone_10s");
    let history = History::open_with(&file(&folder), Options { clock, ..Options::default() }).unwrap();
    history.record_zone(&zone(30.0 * 86_400.0, Some(10.0)));
    history.flush().unwrap();
    let failure = history.health().unwrap().failure;
    assert!(failure.as_ref().is_some_and(|why| why.contains("cannot delete what is too old")), "{failure:?}");
}
