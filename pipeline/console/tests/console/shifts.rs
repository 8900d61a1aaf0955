//! What outlives a shift and a restart: open alarms, their journals, and what one shift tells the next.

use serde_json::{Value, json};

use crate::support::{Server, Visitor, warning, zone};

const INCIDENT: &str = "0196a000-0000-7000-8000-000000000001";

fn act(server: &Server, who: &Visitor, what: &str, body: &Value) -> (i32, Value) {
    let answer = server.ask(who, "POST", &format!("alarms/square/{INCIDENT}/{what}"), body);
    (answer.status_code, serde_json::from_str(answer.as_str().unwrap()).unwrap())
}

/// A console with a red alarm, an administrator and two operators.
fn red() -> (Server, Visitor, [Visitor; 2]) {
    let server = Server::start();
    let administrator = server.administrator();
    for event in zone("box", "stage", 4, 5.5, server.clock.now()) {
        server.hear(event);
    }
    server.hear(warning(INCIDENT, 4, "raised", server.clock.now()));
    let officers = ["ann", "bob"].map(|user| server.account(&administrator, user, "operator", &Value::Null));
    (server, administrator, officers)
}

#[test]
fn an_open_alarm_outlives_a_restart_and_its_level_is_unknown_until_the_site_speaks() {
    let (server, _, [ann, _]) = red();
    assert_eq!(act(&server, &ann, "acknowledge", &json!({})).0, 200);
    assert_eq!(act(&server, &ann, "measures", &json!({ "text": "gate 3 opened" })).0, 200);

    let server = server.restart();
    let commander = server.log_in("ann", crate::support::PASSWORD).unwrap();
    let alarm = server.get(&commander, "room")["alarms"][0].clone();
    assert_eq!((&alarm["incident"], &alarm["stage"]), (&INCIDENT.into(), &"measures_taken".into()));
    // It was red; what it is now nobody knows yet, and so nobody closes it.
    assert_eq!((&alarm["level"], &alarm["last_level"]), (&Value::Null, &"red".into()));
    assert!(alarm["close_blocked"].is_object(), "{alarm}");
    let journal = alarm["journal"].to_string();
    assert!(journal.contains("gate 3 opened") && alarm["answered_by"] == "ann", "{alarm}");

    server.hear(warning(INCIDENT, 4, "refreshed", server.clock.now()));
    let alarm = server.get(&commander, "room")["alarms"][0].clone();
    assert_eq!((&alarm["level"], &alarm["stage"]), (&"red".into(), &"measures_taken".into()));
}

#[test]
fn red_is_closed_by_a_commander_on_fresh_data_that_it_is_over() {
    let (server, administrator, [ann, _]) = red();
    let reason = json!({ "reason": "resolved" });
    assert_eq!(act(&server, &administrator, "close", &reason).0, 409, "it is still red");
    server.hear(warning(INCIDENT, 1, "lowered", server.clock.now()));
    for event in zone("box", "stage", 1, 1.6, server.clock.now()) {
        server.hear(event);
    }
    assert_eq!(act(&server, &ann, "close", &reason).0, 403, "it was red");
    server.wait(6.0);
    assert_eq!(act(&server, &administrator, "close", &reason).0, 409, "the data are of the past");
    for event in zone("box", "stage", 1, 1.6, server.clock.now()) {
        server.hear(event);
    }
    let (status, alarm) = act(&server, &administrator, "close", &reason);
    assert_eq!((status, &alarm["stage"]), (200, &"closed".into()), "{alarm}");
}

#[test]
fn a_shift_is_handed_over_with_its_open_alarms_and_taken_over_once_by_the_next() {
    let (server, _, [ann, bob]) = red();
    let text = "the stairs fill from the north";
    let begin = json!({ "to": "bob", "text": text });
    let begun = server.ask(&ann, "POST", "handovers", &begin);
    assert_eq!(begun.status_code, 200, "{}", begun.as_str().unwrap());
    let nobody = server.ask(&ann, "POST", "handovers", &json!({ "to": "nobody", "text": text }));
    assert_eq!(nobody.status_code, 422);

    let told = server.get(&bob, "handovers")[0].clone();
    assert_eq!(
        (&told["by"], &told["text"], &told["accepted_at"]),
        (&"ann".into(), &text.into(), &Value::Null)
    );
    assert_eq!(
        (&told["alarms"][0]["incident"], &told["alarms"][0]["level"]),
        (&INCIDENT.into(), &"red".into())
    );
    let accept = |who| {
        let path = format!("handovers/{}/accept", told["id"].as_str().unwrap());
        server.ask(who, "POST", &path, &json!({})).status_code
    };
    assert_eq!(accept(&ann), 403, "a shift is not taken over by the one who leaves");
    assert_eq!(accept(&bob), 200);
    assert_eq!(accept(&bob), 409, "once");
    assert!(server.get(&bob, "handovers")[0]["accepted_at"].is_string());
}
