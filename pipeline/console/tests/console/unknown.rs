//! No data is UNKNOWN: never a level, and never NORMAL.

use serde_json::{Value, json};
use throng_analytics::wire::LineFlow;
use throng_console::{Alive, LineDescription, RoomEvent, SiteDescription, ZoneDescription};

use crate::support::{Server, Visitor, camera, warning, zone};

fn hear_all(server: &Server, events: impl IntoIterator<Item = RoomEvent>) {
    for event in events {
        server.hear(event);
    }
}

fn assert_unknown(zone: &Value, last_level: &str) {
    assert_eq!(
        (&zone["level"], &zone["freshness"], &zone["last_level"]),
        (&Value::Null, &"lost".into(), &last_level.into())
    );
    // Numbers of the past are not shown as numbers of now.
    assert_eq!((&zone["density"]["mean"], &zone["coverage"]), (&Value::Null, &Value::Null), "{zone}");
}

#[test]
fn a_zone_that_falls_silent_is_unknown_until_it_speaks_again() {
    let server = Server::start();
    let viewer = server.administrator();
    for (level, name) in [(0, "normal"), (3, "orange")] {
        hear_all(&server, zone("box", "stage", level, 1.0, server.clock.now()));
        server.wait(4.9);
        assert_eq!(server.zone(&viewer, "stage")["level"], name);
        server.wait(0.2);
        assert_unknown(&server.zone(&viewer, "stage"), name);
        server.wait(600.0);
        assert_unknown(&server.zone(&viewer, "stage"), name);
    }
    hear_all(&server, zone("box", "stage", 1, 1.6, server.clock.now()));
    let stage = server.zone(&viewer, "stage");
    assert_eq!((&stage["level"], &stage["density"]["mean"]), (&"blue".into(), &1.6.into()));
}

#[test]
fn what_a_lost_node_told_is_unknown_at_once_and_what_others_told_stands() {
    let server = Server::start();
    let viewer = server.administrator();
    hear_all(&server, zone("box", "stage", 0, 0.4, server.clock.now()));
    hear_all(&server, zone("other", "stairs", 2, 2.8, server.clock.now()));
    server.hear(RoomEvent::Lost { site: "square".to_owned(), what: Alive::Node("box".to_owned()) });
    assert_unknown(&server.zone(&viewer, "stage"), "normal");
    assert_eq!(server.zone(&viewer, "stairs")["level"], "yellow");
    // A token alone is no data.
    server.hear(RoomEvent::Alive { site: "square".to_owned(), what: Alive::Node("box".to_owned()) });
    assert_unknown(&server.zone(&viewer, "stage"), "normal");
    hear_all(&server, zone("box", "stage", 0, 0.4, server.clock.now()));
    assert_eq!(server.zone(&viewer, "stage")["level"], "normal");
}

#[test]
fn where_a_site_counts_is_told_while_it_speaks_and_not_when_it_is_silent() {
    let server = Server::start();
    let viewer = server.administrator();
    let on = json!({ "devices": ["cpu"], "asked": ["cuda:0"], "fallback": "no driver" });
    for id in ["north", "south"] {
        let RoomEvent::CameraState(mut state) = camera(id, server.clock.now()) else { unreachable!() };
        state.counted_on = Some(serde_json::from_value(on.clone()).unwrap());
        server.hear(RoomEvent::CameraState(state));
    }
    // A site of before, which does not tell.
    server.hear(camera("west", server.clock.now()));
    let mut told = on;
    told["site"] = "square".into();
    assert_eq!(server.get(&viewer, "health")["counted_on"], json!([told]));
    server.wait(6.0);
    assert_eq!(server.get(&viewer, "health")["counted_on"], json!([]));
}

#[test]
fn pages_that_listen_are_told_of_the_silence() {
    let server = Server::start();
    let mut page = server.listen(&server.administrator());
    hear_all(&server, zone("box", "stage", 0, 0.4, server.clock.now()));
    page.until("\"level\":\"normal\"");
    server.wait(6.0);
    let told = page.until("\"freshness\":\"lost\"");
    assert!(told.contains("\"level\":null"), "{told}");
}

#[test]
fn a_page_hears_of_the_cameras_that_its_account_may_see_and_of_no_other() {
    let server = Server::start();
    let administrator = server.administrator();
    let all = server.account(&administrator, "ann", "viewer", &Value::Null);
    let one = server.account(&administrator, "bob", "viewer", &serde_json::json!(["square/north"]));
    let (mut of_all, mut of_one) = (server.listen(&all), server.listen(&one));
    for id in ["south", "north"] {
        server.hear(camera(id, server.clock.now()));
    }
    assert!(of_all.until("\"north\"").contains("\"south\""));
    let heard = of_one.until("\"north\"");
    assert!(!heard.contains("south"), "{heard}");
    let room = server.get(&one, "room").to_string();
    assert!(room.contains("\"north\"") && !room.contains("south"), "{room}");
}

/// The square as its box says that it is.
fn square(zones: &[&str]) -> RoomEvent {
    let zone = |id: &&str| ZoneDescription { id: (*id).to_owned(), ..Default::default() };
    RoomEvent::Site(Box::new(SiteDescription {
        id: "square".to_owned(),
        zones: zones.iter().map(zone).collect(),
        listed_by: Some("box".to_owned()),
        ..Default::default()
    }))
}

fn zones(server: &Server, visitor: &Visitor) -> Vec<String> {
    let room = server.get(visitor, "room");
    let zones = room["zones"].as_array().unwrap().iter();
    zones.map(|zone| zone["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_zone_that_is_taken_out_is_gone_and_its_alarm_is_unknown_until_people_close_it() {
    let server = Server::start();
    let commander = server.administrator();
    server.hear(square(&["stage", "stairs"]));
    hear_all(&server, zone("box", "stage", 4, 5.5, server.clock.now()));
    hear_all(&server, zone("box", "stairs", 0, 0.4, server.clock.now()));
    hear_all(&server, zone("other", "roof", 0, 0.4, server.clock.now()));
    server.hear(warning("i-1", 4, "raised", server.clock.now()));
    server.hear(warning("i-1", 0, "cleared", server.clock.now()));
    let mut page = server.listen(&commander);

    server.hear(square(&["stairs"]));
    assert!(page.until("\"gone\":true").contains("\"id\":\"stage\""));
    // What another process tells of is not this one's to take out, and what comes late changes nothing.
    hear_all(&server, zone("box", "stage", 0, 0.1, server.clock.now()));
    assert_eq!(zones(&server, &commander), ["roof", "stairs"]);
    let alarm = server.get(&commander, "alarms/square/i-1");
    assert_eq!((&alarm["level"], &alarm["stage"]), (&Value::Null, &"raised".into()), "{alarm}");
    assert_eq!(alarm["journal"].as_array().unwrap().last().unwrap()["what"], "unwatched");
    // Nobody will ever have fresh data of it.
    assert_eq!(alarm["close_blocked"], Value::Null);

    // Taken back, it is UNKNOWN until it speaks, and its alarm is closed on fresh data again.
    server.hear(square(&["stage", "stairs"]));
    assert_eq!(zones(&server, &commander), ["roof", "stage", "stairs"]);
    assert_eq!(server.zone(&commander, "stage")["level"], Value::Null);
    assert_ne!(server.get(&commander, "alarms/square/i-1")["close_blocked"], Value::Null);
    hear_all(&server, zone("box", "stage", 0, 0.4, server.clock.now()));
    assert_eq!(server.zone(&commander, "stage")["level"], "normal");

    server.hear(square(&["stairs"]));
    let close = json!({ "reason": "resolved", "text": "the stage was taken down" });
    let closed = server.ask(&commander, "POST", "alarms/square/i-1/close", &close);
    assert_eq!(closed.status_code, 200, "{}", closed.as_str().unwrap());
}

/// What a process tells of a line of the square.
fn flow(node: &str, line: &str) -> RoomEvent {
    let golden = include_str!("../../../../analytics/wire/v1/golden/line_flow.json");
    let mut flow: LineFlow = serde_json::from_str(golden).unwrap();
    "square".clone_into(&mut flow.envelope.site);
    node.clone_into(&mut flow.envelope.node);
    line.clone_into(&mut flow.line);
    RoomEvent::LineFlow(Box::new(flow))
}

#[test]
fn a_line_that_is_taken_out_is_gone_and_what_comes_late_of_it_is_of_before() {
    let server = Server::start();
    let commander = server.administrator();
    let with = |lines: &[&str]| {
        let line = |id: &&str| LineDescription { id: (*id).to_owned(), ..Default::default() };
        RoomEvent::Site(Box::new(SiteDescription {
            id: "square".to_owned(),
            lines: lines.iter().map(line).collect(),
            listed_by: Some("box".to_owned()),
            ..Default::default()
        }))
    };
    let lines = || {
        let room = server.get(&commander, "room");
        let lines = room["lines"].as_array().unwrap().iter();
        lines.map(|line| line["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    hear_all(&server, [with(&["door", "gate"]), flow("box", "door"), flow("other", "roof")]);
    assert_eq!(lines(), ["door", "gate", "roof"]);
    let mut page = server.listen(&commander);
    server.hear(with(&["gate"]));
    assert!(page.until("\"gone\":true").contains("\"id\":\"door\""));
    server.hear(flow("box", "door"));
    assert_eq!(lines(), ["gate", "roof"]);
    hear_all(&server, [with(&["door", "gate"]), flow("box", "door")]);
    assert_eq!(lines(), ["door", "gate", "roof"]);
}

#[test]
fn a_site_that_does_not_say_who_lists_its_zones_loses_none() {
    let server = Server::start();
    let viewer = server.administrator();
    hear_all(&server, zone("box", "stage", 0, 0.4, server.clock.now()));
    let older = SiteDescription { id: "square".to_owned(), ..Default::default() };
    server.hear(RoomEvent::Site(Box::new(older)));
    assert_eq!(zones(&server, &viewer), ["stage"]);
}
