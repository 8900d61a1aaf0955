//! What the console hands to its history, and what its report says of it.

use std::{sync::Arc, time::SystemTime};

use serde_json::{Value, json};
use throng_analytics::{level::Level, time::Timestamp, wire};
use throng_console::{LineDescription, RoomEvent, SiteDescription, ZoneDescription};
use throng_history::{AlarmQuery, History, LineSample, ZoneSample};

use crate::support::{Server, Visitor};

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap())
}

/// A console with a history, and a site whose zone is enclosed by its line.
fn with_history(folder: &tempfile::TempDir) -> (Server, Arc<History>) {
    let file = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    let history = Arc::new(History::open(&file).unwrap());
    let server = Server::start_with(Arc::clone(&history));
    let zone = ZoneDescription {
        id: "gate".to_owned(),
        name: "Before the <gate>".to_owned(),
        is_enclosed_by_lines: true,
        ..ZoneDescription::default()
    };
    let line = LineDescription {
        id: "door".to_owned(),
        zone: Some("gate".to_owned()),
        ..LineDescription::default()
    };
    let site = SiteDescription {
        id: "square".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        zones: vec![zone],
        lines: vec![line],
        ..SiteDescription::default()
    };
    server.console.hear(RoomEvent::Site(Box::new(site)));
    server.console.settle();
    (server, history)
}

fn answered(server: &Server, visitor: &Visitor, path: &str) -> Value {
    let answer = server.ask(visitor, "GET", path, &Value::Null);
    assert_eq!(answer.status_code, 200, "{path}: {}", answer.as_str().unwrap());
    serde_json::from_str(answer.as_str().unwrap()).unwrap()
}

fn warning(incident: &str) -> Box<wire::Warning> {
    let golden = include_str!("../../../../analytics/wire/v1/golden/warning.json");
    let mut warning: wire::Warning = serde_json::from_str(golden).unwrap();
    "square".clone_into(&mut warning.envelope.site);
    warning.envelope.drill = false;
    incident.clone_into(&mut warning.incident);
    "gate".clone_into(&mut warning.zone);
    warning.level = Some(Level::Orange);
    warning.transition = wire::WarningTransition::Raised;
    warning.expired = false;
    warning.ack = None;
    warning.expires_at = now() + 600.0;
    Box::new(warning)
}

#[test]
fn answer_times_of_an_alarm_are_in_the_history_and_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let (server, history) = with_history(&folder);
    let administrator = server.administrator();
    for incident in ["i-1", "i-2"] {
        server.console.hear(RoomEvent::Warning(warning(incident)));
    }
    server.console.settle();
    for step in ["acknowledge", "on-the-way", "arrived"] {
        let answer = server.ask(&administrator, "POST", &format!("alarms/square/i-1/{step}"), &json!({}));
        assert_eq!(answer.status_code, 200, "{}", answer.as_str().unwrap());
    }
    history.flush().unwrap();
    let kept = history.alarms(&AlarmQuery::default()).unwrap();
    assert_eq!(kept.len(), 2);
    let (from, to) =
        (serde_json::to_value(now() - 3600.0).unwrap(), serde_json::to_value(now() + 60.0).unwrap());
    let (from, to) = (from.as_str().unwrap(), to.as_str().unwrap());
    let report = answered(&server, &administrator, &format!("report?site=square&from={from}&to={to}"));
    let answers = &report["alarms"]["answers"];
    assert_eq!((&answers["count"], &answers["count_to_go"]), (&json!(2), &json!(2)), "{answers}");
    assert_eq!(answers["acknowledged_within_1_min"], 1);
    assert_eq!(answers["on_the_way_within_3_min"], 1);
    assert_eq!(answers["arrived_within_5_min"], 1);
    assert_eq!(answers["never_acknowledged"], 1);
}

#[test]
fn how_long_people_stay_is_told_of_a_zone_that_its_site_calls_enclosed() {
    let folder = tempfile::tempdir().unwrap();
    let (server, history) = with_history(&folder);
    let administrator = server.administrator();
    // Whole quarters of an hour, of which reports are made.
    let quarter_nanos = 900_i64 * 1_000_000_000;
    let begin = Timestamp::from_unix_nanos((now().unix_nanos() / quarter_nanos - 2) * quarter_nanos);
    for second in 0..1800 {
        let at = begin + f64::from(second);
        let (site, people) = ("square".to_owned(), Some(300.0));
        let zone =
            ZoneSample { site: site.clone(), zone: "gate".to_owned(), at, people, ..ZoneSample::default() };
        history.record_zone(&zone);
        let rate = Some(0.5);
        let line = "door".to_owned();
        history.record_line(&LineSample {
            site,
            line,
            at,
            in_people_per_s: rate,
            out_people_per_s: rate,
            drill: false,
        });
    }
    history.flush().unwrap();
    let text = |at: Timestamp| serde_json::to_value(at).unwrap().as_str().unwrap().to_owned();
    let path = format!("report?site=square&from={}&to={}", text(begin), text(begin + 1800.0));
    let dwell = &answered(&server, &administrator, &path)["zones"][0]["dwell"];
    // 300 people, one every two seconds: ten minutes each.
    assert!((dwell["mean_minutes"].as_f64().unwrap() - 10.0).abs() < 0.5, "{dwell}");
}

#[test]
fn downloads_are_for_those_who_may_see_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let (server, history) = with_history(&folder);
    let administrator = server.administrator();
    let here = server.with_role(&administrator, "viewer", &json!(["square"]));
    let elsewhere = server.with_role(&administrator, "operator", &json!(["station"]));
    let at = now() - 100.0;
    let (site, zone, people) = ("square".to_owned(), "gate".to_owned(), Some(300.0));
    history.record_zone(&ZoneSample { site, zone, at, people, ..ZoneSample::default() });
    history.flush().unwrap();
    let text = |at: Timestamp| serde_json::to_value(at).unwrap().as_str().unwrap().to_owned();
    let period = format!("report?site=square&from={}&to={}", text(at - 3600.0), text(at + 3600.0));
    for (format, media_type, begins) in [
        ("html", "text/html; charset=utf-8", &b"<!doctype html>"[..]),
        ("csv", "application/zip", b"PK\x03\x04"),
        ("parquet", "application/zip", b"PK\x03\x04"),
    ] {
        let path = format!("{period}&format={format}&language=zh&day=2026-12-01");
        let answer = server.ask(&here, "GET", &path, &Value::Null);
        assert_eq!(answer.status_code, 200, "{format}");
        assert_eq!(answer.headers.get("content-type").unwrap(), media_type);
        assert!(
            answer.headers.get("content-disposition").unwrap().starts_with("attachment; filename=\"report")
        );
        assert!(answer.as_bytes().starts_with(begins), "{format}");
        assert_eq!(server.ask(&elsewhere, "GET", &path, &Value::Null).status_code, 404, "{format}");
        assert_eq!(server.ask(&Visitor::default(), "GET", &path, &Value::Null).status_code, 401, "{format}");
    }
    let page =
        server.ask(&here, "GET", &format!("{period}&format=html&language=en&day=2026-12-01"), &Value::Null);
    let page = page.as_str().unwrap();
    assert!(
        page.contains("Before the &lt;gate&gt;") && !page.contains("<script"),
        "the zone's name, as words"
    );
    for wrong in ["format=html", "format=html&day=tomorrow", "format=exe"] {
        let answer = server.ask(&here, "GET", &format!("{period}&{wrong}"), &Value::Null);
        assert_eq!(answer.status_code, 422, "{wrong}: {}", answer.as_str().unwrap());
    }
}
