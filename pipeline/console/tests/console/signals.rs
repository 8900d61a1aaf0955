//! What happens outside: what a site goes by, what somebody enters, and how it ends.

use std::sync::Arc;

use serde_json::{Value, json};
use throng_analytics::{
    time::Timestamp,
    wire::{Signal, SignalKind},
};
use throng_history::History;

use crate::support::{Server, Visitor, signals, zone};

fn rain(now: Timestamp, secs: f64) -> Signal {
    Signal {
        id: "rain-7".to_owned(),
        site: "square".to_owned(),
        zones: vec!["stairs".to_owned()],
        kind: SignalKind::Weather,
        severity: None,
        from: now,
        until: now + secs,
        people: None,
        thresholds_factor: Some(0.8),
        source: "CAP".to_owned(),
        text: "heavy rain".to_owned(),
        issuer: "weather service".to_owned(),
        issued_at: now,
    }
}

fn events(server: &Server, visitor: &Visitor) -> Vec<(String, String)> {
    let trail = server.get(visitor, "audit");
    let entries = trail["entries"].as_array().or(trail.as_array()).unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries.iter().map(|entry| (text(&entry["event"]), text(&entry["by"]))).collect()
}

#[test]
fn what_a_site_goes_by_is_shown_with_its_reason_journalled_kept_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let history = Arc::new(History::open(&folder.path().join("h.sqlite").to_string_lossy()).unwrap());
    let server = Server::start_with(Arc::clone(&history));
    let viewer = server.administrator();
    let now = server.clock.now();
    for event in zone("box", "stairs", 0, 1.0, now) {
        server.hear(event);
    }
    let lowered = json!([{
        "zone": "stairs", "signal": "rain-7", "factor": 0.8, "thresholds_people_per_m2": [1.6, 2.4, 3.2, 4.0],
        "until": now + 60.0,
    }]);
    server.hear(signals(&[rain(now, 60.0)], &lowered, now));
    let told = server.get(&viewer, "signals");
    assert_eq!((&told[0]["is_in_force"], &told[0]["over"]), (&json!(true), &json!(false)), "{told}");
    assert_eq!(told[0]["tightened"][0]["zone"], "stairs");
    let stairs = server.zone(&viewer, "stairs");
    assert_eq!(stairs["tightened"]["thresholds_people_per_m2"][3], 4.0, "{stairs}");
    let by = "weather service".to_owned();
    assert!(events(&server, &viewer).contains(&("signal_in_force".to_owned(), by.clone())));
    // Said every second, it is one thing.
    server.hear(signals(&[rain(now, 60.0)], &lowered, now));
    let entries = events(&server, &viewer);
    assert_eq!(entries.iter().filter(|(event, _)| event == "signal_in_force").count(), 1, "{entries:?}");
    let path = format!("history/signals/square?from={}&to={}", now - 60.0, now + 30.0);
    assert_eq!(server.get(&viewer, &path)[0]["text"], "heavy rain");

    // The site may be gone when it ends.
    server.wait(61.0);
    assert_eq!(server.get(&viewer, "signals"), json!([]));
    assert_eq!(server.zone(&viewer, "stairs")["tightened"], Value::Null);
    assert!(events(&server, &viewer).contains(&("signal_over".to_owned(), by)));
}

#[test]
fn what_a_site_no_longer_goes_by_is_over_before_its_time() {
    let server = Server::start();
    let viewer = server.administrator();
    let now = server.clock.now();
    server.hear(signals(&[rain(now, 600.0)], &json!([]), now));
    assert_eq!(server.get(&viewer, "signals").as_array().map(Vec::len), Some(1));
    let mut page = server.listen(&viewer);
    server.wait(5.0);
    server.hear(signals(&[], &json!([]), server.clock.now()));
    assert_eq!(server.get(&viewer, "signals"), json!([]));
    let told = page.until("rain-7");
    assert!(told.contains("\"over\":true"), "{told}");
}

#[test]
fn an_operator_enters_what_tightens_and_nothing_that_loosens() {
    let server = Server::start();
    let operator = server.with_role(&server.administrator(), "operator", &json!(null));
    let now = server.clock.now();
    let entered = |factor: f64, until: Timestamp| {
        let body = json!({
            "site": "square", "kind": "event", "text": "sold out", "thresholds_factor": factor, "until": until,
        });
        server.ask(&operator, "POST", "signals", &body)
    };
    for (factor, until) in [(1.2, now + 60.0), (0.2, now + 60.0), (0.8, now - 1.0), (0.8, now + 1e6)] {
        assert_eq!(entered(factor, until).status_code, 422, "{factor} until {until}");
    }
    let answer: Value = serde_json::from_str(entered(0.8, now + 60.0).as_str().unwrap()).unwrap();
    // Nothing goes out of this room, and it says so.
    assert_eq!((&answer["is_told"], &answer["why"]), (&json!(false), &json!("nowhere")));
    let told = server.get(&operator, "signals");
    assert_eq!((&told[0]["text"], &told[0]["is_in_force"]), (&json!("sold out"), &json!(false)));
    let id = answer["signal"]["id"].as_str().unwrap();
    let end = server.ask(&operator, "POST", &format!("signals/square/{id}/end"), &json!({}));
    assert_eq!(end.status_code, 409, "{}", end.as_str().unwrap());
    server.wait(61.0);
    assert_eq!(server.get(&operator, "signals"), json!([]));
}
