//! An exercise in a running site, by the real program over HTTP: simulated people, real answers, a report with the times of
//! both, and a real zone that none of it touches.

use serde_json::{Value, json};
use throng::publish::{Network, Watcher};

use super::{
    room::Room,
    support::{next, runtime},
};

#[test]
fn an_exercise_is_told_beside_the_real_site_and_reports_the_times_of_people_and_machine() {
    let mut room = Room::open(20.0, [3.2, 3.5, 3.8, 4.1]);
    // Blue at most, which the score alone may ask for, whatever the thresholds.
    let is_calm = |zone: &Value| zone["state"]["level"].as_u64().is_some_and(|level| level <= 1);
    let real = room.zone("a quiet zone", is_calm);
    assert_eq!(real["state"]["drill"], false, "{real}");
    let offered = room.officer.look("drills/test");
    let scenarios: Vec<&str> =
        offered["scenarios"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(
        scenarios.contains(&"oscillation") && !scenarios.contains(&"concert"),
        "only dangers: {scenarios:?}"
    );
    let refused = room.officer.post("drills/test", &json!({ "scenario": "party" })).unwrap_err();
    assert!(refused.contains("there is no scenario party"), "{refused}");

    // A square that is too full from the beginning.
    room.officer.post("drills/test", &json!({ "scenario": "oscillation" })).unwrap();
    let twice = room.officer.post("drills/test", &json!({ "scenario": "oscillation" })).unwrap_err();
    assert!(twice.contains("runs already"), "{twice}");
    let network = Network { connect: vec![room.endpoint.clone()], ..Network::default() };
    let warning = runtime().block_on(async {
        let mut bus = Watcher::open(&network, "throng/v1/*/warning/*", true).await.unwrap();
        next(&mut bus, "red on the bus", |_, warning| warning["level"] == 4).await
    });
    assert_eq!((&warning["site"], &warning["drill"]), (&json!("test--drill"), &json!(true)), "{warning}");
    assert!(warning["text"]["en"].as_str().unwrap().starts_with("DRILL: "), "{warning}");
    let incident = warning["incident"].as_str().unwrap().to_owned();
    let drilled = room.officer.wait_for("red in the console", "zones/test--drill/gate", |zone| {
        zone["state"]["level"] == 4 && zone["thresholds"]["red"] == 4.1
    });
    for message in ["state", "risk", "flow", "density"] {
        assert_eq!(drilled[message]["drill"], true, "{drilled}");
    }
    // The real zone is as it was.
    let real = room.officer.look("zones/test/gate");
    assert!(is_calm(&real) && real["state"]["drill"] == false, "{real}");

    // People answer; the alarm says that it is an exercise.
    let alarm = format!("alarms/test--drill/{incident}");
    let raised = room.officer.wait_for("the alarm", &alarm, |alarm| alarm["stage"] == "raised");
    assert_eq!(raised["drill"], true, "{raised}");
    for (action, body) in [
        ("acknowledge", json!({})),
        ("assign", json!({ "to": "administrator" })),
        ("on-the-way", json!({})),
        ("arrived", json!({})),
    ] {
        room.officer
            .post(&format!("{alarm}/{action}"), &body)
            .unwrap_or_else(|error| panic!("{action}: {error}"));
    }
    let seen = |report: &Value| report["report"]["zones"][0]["acknowledged_secs"].is_number();
    let report = room.officer.wait_for("the acknowledgement at the site", "drills/test", seen);
    assert!(report["running_since"].is_string(), "{report}");
    room.officer.post("drills/test/stop", &json!(null)).unwrap();
    room.officer.wait_for("the end", "drills/test", |report| report["running_since"].is_null());

    // Nothing of it is left in the room, and nothing keeps people from closing its alarm.
    room.officer
        .wait_for("an empty stage", "zones/test--drill/gate", |zone| zone["error"]["code"] == "not_found");
    let close = json!({ "reason": "drill", "text": "" });
    room.officer.post(&format!("{alarm}/close"), &close).unwrap_or_else(|error| panic!("{error}"));
    let report = room.officer.look("drills/test");
    let (machine, person) = (&report["report"], &report["people"][0]);
    assert_eq!(machine["ended_because"], "ended by administrator");
    assert_eq!(
        (&machine["scenario"], &person["incident"]),
        (&json!("oscillation"), &json!(incident)),
        "{report}"
    );
    let secs = |of: &Value, keys: &[&str]| -> Vec<f64> {
        keys.iter().map(|key| of[*key].as_f64().unwrap_or_else(|| panic!("{key} in {report:#}"))).collect()
    };
    let levels = secs(&machine["zones"][0], &["blue_secs", "yellow_secs", "orange_secs", "red_secs"]);
    assert!(levels.is_sorted() && levels[3] < 60.0, "{report:#}");
    let answers = secs(
        person,
        &[
            "raised_secs",
            "acknowledged_secs",
            "assigned_secs",
            "on_the_way_secs",
            "arrived_secs",
            "closed_secs",
        ],
    );
    assert!(answers.is_sorted(), "{report:#}");

    // It is known after a restart; the site never noticed.
    assert!(room.is_running());
    room.start_again();
    let again = room.officer.look("drills/test");
    assert_eq!(again["report"], *machine);
    assert_eq!(again["people"][0], *person);
}
