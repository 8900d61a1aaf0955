//! The history in a real `PostgreSQL`.
//!
//! Without its programs (Debian: `postgresql`) these tests say so and skip.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod postgres_server;

use std::sync::Arc;

use postgres_server::{PASSWORD_IN_URL, Server};
use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{Signal, SiteSignals},
};
use throng_history::{
    AlarmQuery, AlarmRecord, CalendarEvent, EventKind, History, LineSample, Options, Ratios, ReportRequest,
    ZoneSample,
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

fn open(server: &Server) -> History {
    History::open_with(&server.url(PASSWORD_IN_URL), options()).unwrap()
}

fn zone(site: &str, after_secs: f64, people: Option<f64>) -> ZoneSample {
    ZoneSample {
        site: site.to_owned(),
        zone: "gate".to_owned(),
        at: noon() + after_secs,
        people,
        density_mean_people_per_m2: people.map(|people| people / 50.0),
        density_p95_people_per_m2: people.map(|people| people / 25.0),
        level: people.map(|_| Level::Normal),
        coverage: people.map(|_| 0.8),
        calibrated: true,
        ..ZoneSample::default()
    }
}

fn line(site: &str, after_secs: f64) -> LineSample {
    LineSample {
        site: site.to_owned(),
        line: "door".to_owned(),
        at: noon() + after_secs,
        in_people_per_s: Some(0.5),
        out_people_per_s: None,
        drill: false,
    }
}

fn alarm(site: &str) -> AlarmRecord {
    AlarmRecord {
        site: site.to_owned(),
        incident: "i-1".to_owned(),
        zone: Some("gate".to_owned()),
        level: Some(Level::Red),
        drill: false,
        raised_at: noon(),
        called_at: noon() + 5.0,
        acknowledged_at: Some(noon() + 30.0),
        on_the_way_at: None,
        arrived_at: None,
        closed_at: None,
        reason: None,
        operator: Some("李'); DROP TABLE alarm; --".to_owned()),
    }
}

#[test]
fn several_sites_write_to_one_database_and_each_is_answered_for_itself() {
    let Some(server) = Server::start() else { return };
    let histories: Vec<(&str, Arc<History>)> =
        ["square", "station"].map(|site| (site, Arc::new(open(&server)))).into();
    for (number, (site, history)) in histories.iter().enumerate() {
        for second in 0..3600 {
            history.record_zone(&zone(site, f64::from(second), Some(50.0 * (number + 1) as f64)));
            history.record_line(&line(site, f64::from(second)));
        }
        history.record_alarm(&alarm(site)).unwrap();
    }
    for (_, history) in &histories {
        history.flush().unwrap();
    }
    for (number, (site, _)) in histories.iter().enumerate() {
        // Either knows both.
        let history = &histories[1 - number].1;
        for (points, resolution_secs) in [(360, 10), (60, 60), (4, 900), (1, 3600)] {
            let series = history.zone_series(site, "gate", noon(), noon() + 3600.0, points).unwrap();
            assert_eq!((series.resolution_secs, series.columns.at.len()), (resolution_secs, points));
            let expected = 50.0 * (number + 1) as f64;
            assert!(series.columns.people.iter().all(|people| (people.unwrap() - expected).abs() < 1e-6));
            assert!(
                series.columns.density_p95.iter().all(|p95| (p95.unwrap() - expected / 25.0).abs() < 0.06)
            );
            assert!(series.columns.speed.iter().all(Option::is_none), "nobody measured a speed");
            let lines = history.line_series(site, "door", noon(), noon() + 3600.0, points).unwrap();
            let people_in: f64 = lines.columns.in_people.iter().map(|people| people.unwrap()).sum();
            assert!((people_in - 1800.0).abs() < 1e-6);
            assert!(lines.columns.out_people.iter().all(Option::is_none));
        }
        let query = AlarmQuery { site: Some((*site).to_owned()), ..AlarmQuery::default() };
        assert_eq!(history.alarms(&query).unwrap(), [alarm(site)]);
    }
    let request = ReportRequest::of_days("square", "2026-07-01", "2026-07-01", "UTC").unwrap();
    let document = histories[1].1.document(&request, "2026-07-02", &Ratios::default()).unwrap();
    assert_eq!(document.report.zones.len(), 1);
    assert_eq!(document.report.alarms.answers.acknowledged_within_1_min, 1);
    let health = histories[0].1.health().unwrap();
    assert_eq!((health.database.as_str(), health.series, health.failure), ("postgresql", 4, None));
    assert_eq!(health.oldest_unix_secs, Some(NOON));
    assert!(!health.place.contains("cr"), "{}", health.place);
}

#[test]
fn the_calendar_is_the_same_as_in_a_file() {
    let Some(server) = Server::start() else { return };
    let history = open(&server);
    let event = |name: &str, site: Option<&str>| CalendarEvent {
        date: "2026-07-03".to_owned(),
        name: name.to_owned(),
        kind: EventKind::Market,
        site: site.map(str::to_owned),
    };
    let (here, everywhere) = (event("market", Some("square")), event("a feast", None));
    for entry in [&here, &everywhere, &event("elsewhere", Some("station"))] {
        history.put_event(entry).unwrap();
    }
    let found = history.events(Some("square"), "2026-07-01", "2026-07-31").unwrap();
    assert_eq!(found, [everywhere, here]);
    assert!(history.delete_event("2026-07-03", "market", Some("square")).unwrap());
    assert!(!history.delete_event("2026-07-03", "market", Some("square")).unwrap());
}

#[test]
fn signals_are_the_same_as_in_a_file() {
    let Some(server) = Server::start() else { return };
    let history = open(&server);
    let golden = include_str!("../../../analytics/wire/v1/golden/signals.json");
    let told: SiteSignals = serde_json::from_str(golden).unwrap();
    let signal = told.signals[0].clone();
    history.put_signal(&Signal { text: "drizzle".to_owned(), ..signal.clone() }).unwrap();
    history.put_signal(&signal).unwrap();
    let found = |from, to| history.signals(&signal.site, from, to).unwrap();
    assert_eq!(found(signal.from - 60.0, signal.from + 60.0), std::slice::from_ref(&signal));
    assert_eq!(found(signal.until, signal.until + 60.0), []);
}

#[test]
fn what_was_recorded_while_the_database_was_down_is_written_when_it_is_back() {
    let Some(server) = Server::start() else { return };
    let history = open(&server);
    history.record_zone(&zone("square", 0.0, Some(10.0)));
    history.flush().unwrap();
    server.control("stop");
    history.record_zone(&zone("square", 20.0, Some(70.0)));
    let error = history.flush().unwrap_err().to_string();
    assert!(!error.contains("cr@t") && !error.contains(PASSWORD_IN_URL), "{error}");
    server.control("start");
    history.flush().unwrap();
    let series = history.zone_series("square", "gate", noon(), noon() + 60.0, 6).unwrap();
    assert_eq!(series.columns.people_max[..3], [Some(10.0), None, Some(70.0)]);
}

#[test]
fn who_is_not_let_in_is_told_so_without_the_password() {
    let Some(server) = Server::start() else { return };
    for url in
        [server.url("hunter2"), "postgres://throng:hunter2@127.0.0.1:1/x?connect_timeout=nonsense".to_owned()]
    {
        let error = History::open(&url).unwrap_err().to_string();
        assert!(error.contains("throng:***@"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
