//! Lines are drawn, moved and taken out at the desk while the site runs, and a zone goes with what names it.

use std::fs;

use serde_json::{Value, json};

use super::{
    desk::{density, is_calm, quiet_room, zone_ids},
    room::Room,
};

/// The first line of the site as the pages know it.
fn line(room: &Value) -> &Value {
    &room["sites"][0]["lines"][0]
}

#[test]
fn a_line_is_added_counted_across_drawn_anew_and_taken_out_while_the_site_runs() {
    let mut room = quiet_room();
    room.zone("a quiet zone", |zone| density(zone).is_some() && is_calm(zone));
    let before = room.text();
    let door = |x: f64, zone: Value, inside: Value| json!({ "id": "door", "name": "Door", "points_in_ground_m": [[x, -2.0], [x, 2.0]], "zone": zone, "inside": inside });
    // What is wrong is refused whole, in the words of the check.
    for (wrong, why) in [
        (json!({ "new_line": door(26.0, json!("gait"), Value::Null) }), "names no zone"),
        (json!({ "new_line": door(26.0, json!("gate"), json!("left")) }), "and it lies to the right"),
        (json!({ "new_line": door(27.5, json!("gate"), Value::Null) }), "on both sides of the line"),
        (json!({ "new_line": door(500.0, Value::Null, Value::Null) }), "away from every zone"),
        (json!({ "new_line": { "id": "door", "points_in_ground_m": [[26, 0]] } }), "2 to"),
        (json!({ "line": door(26.0, json!("gate"), Value::Null) }), "no [[line]]"),
        (json!({ "removed_line": { "line": "door" } }), "no [[line]]"),
    ] {
        let refused = room.officer.propose(&wrong).unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(room.text(), before);
    }

    let proposal =
        room.officer.propose(&json!({ "new_line": door(26.0, json!("gate"), Value::Null) })).unwrap();
    assert_eq!((&proposal["needs"], &proposal["also"]), (&json!("nothing"), &json!([])));
    room.officer.apply(&proposal).unwrap();
    let known = room.officer.wait_for("the line", "room", |room| line(room)["inside"] == "right");
    assert_eq!(line(&known)["points_in_ground_m"], json!([[26.0, -2.0], [26.0, 2.0]]));
    let is_counted =
        |room: &Value| room["lines"][0]["id"] == "door" && room["lines"][0]["freshness"] == "fresh";
    room.officer.wait_for("a line that is counted across", "room", is_counted);
    let with_line = room.text();

    let proposal = room.officer.propose(&json!({ "line": door(27.5, Value::Null, json!("left")) })).unwrap();
    room.officer.apply(&proposal).unwrap();
    room.officer.wait_for("the line elsewhere", "room", |room| {
        line(room)["inside"] == "left"
            && line(room)["zone"].is_null()
            && line(room)["points_in_ground_m"][0] == json!([27.5, -2.0])
    });

    let proposal = room.officer.propose(&json!({ "removed_line": { "line": "door" } })).unwrap();
    room.officer.apply(&proposal).unwrap();
    assert_eq!(room.text(), before, "nothing else has changed");
    room.officer.wait_for("a room without lines", "room", |room| {
        room["sites"][0]["lines"] == json!([]) && room["lines"] == json!([])
    });

    // Taken back one by one.
    room.officer.undo().unwrap();
    room.officer.undo().unwrap();
    assert_eq!(room.text(), with_line);
    room.officer.wait_for("the line as it was", "room", is_counted);
    let changes = room.officer.look("sites/test/changes");
    let what: Vec<&str> =
        changes.as_array().unwrap().iter().filter_map(|change| change["what"].as_str()).collect();
    assert_eq!(what, ["line door taken out", "line door drawn anew", "line door added"]);
    assert!(room.is_running());
}

#[test]
fn a_zone_that_lines_and_loudspeakers_name_is_taken_out_with_what_names_it() {
    let mut room = Room::open_with(20.0, [12.0, 13.0, 14.0, 15.0], |folder| {
        let (private, _) = throng::publish::signature::generated_key().unwrap();
        fs::write(folder.join("site.pem"), private).unwrap();
        r#"
[[zone]]
id = "kiosk"
polygon_m = [[20.0, -2.0], [24.0, -2.0], [24.0, 2.0], [20.0, 2.0]]
profile = "quick"
capacity_people = 40
enclosed_by_lines = true

[[line]]
id = "door"
points_m = [[20.0, -2.0], [20.0, 2.0]]
zone = "kiosk"

[speaker_key]
file = "site.pem"
id = "k"
issuer = "test"

[[speaker]]
id = "horn"
zones = ["kiosk", "gate"] # both
red = "stop-pushing"

[[speaker]]
id = "pole"
zones = ["kiosk"]
red = "stop-pushing"
"#
        .to_owned()
    });
    let before = room.text();
    let remove = |named_by: &str| json!({ "removed_zone": { "zone": "kiosk", "named_by": named_by } });
    for refused in [remove("stays"), json!({ "removed_zone": { "zone": "kiosk" } })] {
        let refused = room.officer.propose(&refused).unwrap_err();
        assert!(refused.contains("names no zone") && refused.contains("speaker[1].zones"), "{refused}");
    }
    // A line that goes alone leaves its zone without a way that is counted across.
    let alone = room.officer.propose(&json!({ "removed_line": { "line": "door" } })).unwrap();
    assert_eq!(alone["also"], json!([{ "what": "zone_opened", "zone": "kiosk" }]));
    assert!(alone["diff"].as_str().unwrap().contains("-enclosed_by_lines = true"), "{alone}");

    let speakers = [
        json!({ "what": "speaker_freed", "speaker": "horn", "zones_left": 1 }),
        json!({ "what": "speaker_freed", "speaker": "pole", "zones_left": 0 }),
    ];
    let wanted = |named_by: &str, line: &str, kept: usize| {
        room.officer.wait_for("a kiosk without an incident", "zones/test/kiosk", |zone| {
            density(zone).is_some() && zone["state"].is_object() && zone["state"]["incident"].is_null()
        });
        let proposal = room.officer.propose(&remove(named_by)).unwrap();
        let [horn, pole] = speakers.clone();
        assert_eq!(proposal["also"], json!([{ "what": line, "line": "door" }, horn, pole]));
        let findings = proposal["findings"].to_string();
        assert!(findings.contains("speaker[1].zones: is empty"), "{findings}");
        room.officer.apply(&proposal).unwrap();
        let text = room.text();
        assert!(!text.contains("kiosk"), "{text}");
        assert!(text.contains("zones = [\"gate\"] # both") && text.contains("zones = []"), "{text}");
        let left = room.officer.wait_for("a room without the kiosk", "room", |room| {
            zone_ids(room) == ["gate"] && room["sites"][0]["lines"].as_array().map(Vec::len) == Some(kept)
        });
        room.officer.undo().unwrap();
        assert_eq!(room.text(), before, "all of it is back");
        room.officer.wait_for("all of it", "room", |room| zone_ids(room) == ["gate", "kiosk"]);
        left
    };
    let freed = wanted("is_freed", "line_freed", 1);
    assert_eq!((&line(&freed)["zone"], &line(&freed)["inside"]), (&Value::Null, &json!("right")));
    assert_eq!(freed["sites"][0]["speakers"][1]["zones"], json!([]));
    wanted("goes_too", "line_removed", 0);
    let newest = room.officer.look("sites/test/changes")[0]["what"].clone();
    assert_eq!(
        newest,
        "zone kiosk taken out; line door taken out; speaker horn without it; speaker pole without it, asked for no zone"
    );
    assert!(room.is_running());
}
