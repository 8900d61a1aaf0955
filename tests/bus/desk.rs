//! A site is changed from its console while it runs, by the real program over HTTP: thresholds, a zone, a calibration;
//! what is wrong is refused, and what was done is taken back.

use std::fs;

use serde_json::{Value, json};

use super::{
    room::{Officer, Room},
    warnings::said,
};

/// What somebody does at the desk.
impl Officer {
    fn propose(&self, change: &Value) -> Result<Value, String> {
        self.post("sites/test/changes", &json!({ "change": change }))
    }

    fn apply(&self, proposal: &Value) -> Result<Value, String> {
        self.post(&format!("sites/test/changes/{}/apply", proposal["id"].as_str().unwrap()), &json!(null))
    }

    fn undo(&self) -> Result<Value, String> {
        self.post("sites/test/changes/undo", &json!(null))
    }
}

/// A room whose zone is far below all thresholds.
fn quiet_room() -> Room {
    Room::open(20.0, [12.0, 13.0, 14.0, 15.0])
}

/// Blue at most, which the score alone may ask for, whatever the thresholds.
fn is_calm(zone: &Value) -> bool {
    zone["state"]["level"].as_u64().is_some_and(|level| level <= 1)
}

fn density(zone: &Value) -> Option<f64> {
    zone["density"]["density_people_per_m2"].as_f64()
}

fn thresholds(by_level: [f64; 4]) -> Value {
    let [blue, yellow, orange, red] = by_level;
    json!({ "thresholds": { "zone": "gate", "people_per_m2": { "blue": blue, "yellow": yellow, "orange": orange, "red": red } } })
}

fn outline(corners: &Value) -> Value {
    json!({ "zones": { "zones": [{ "id": "gate", "outline_in_ground_m": corners }] } })
}

#[test]
fn thresholds_and_zones_are_taken_up_at_once_in_the_same_incident_and_taken_back() {
    let mut room = quiet_room();
    let before = room.text();
    let quiet = room.zone("a quiet zone", |zone| density(zone).is_some() && is_calm(zone));
    let people_per_m2 = density(&quiet).unwrap();
    assert!(people_per_m2 < 8.0, "{people_per_m2}");

    // Thresholds around what is there: yellow, without a restart.
    let change = thresholds([0.3 * people_per_m2, 0.5 * people_per_m2, 14.0, 15.0]);
    let proposal = room.officer.propose(&change).unwrap();
    assert_eq!(proposal["needs"], "nothing");
    let diff = proposal["diff"].as_str().unwrap();
    assert!(
        diff.contains("-density_people_per_m2 = { blue = 12,") && diff.contains("+density_people_per_m2"),
        "{diff}"
    );
    assert_eq!(room.text(), before, "a proposal changes nothing");
    room.officer.apply(&proposal).unwrap();
    let yellow = room.zone("yellow", |zone| zone["state"]["level"] == 2);
    let incident = yellow["state"]["incident"].clone();
    assert!(incident.is_string(), "{yellow}");
    // The pages learn of it by the site's `config` key.
    room.zone("the new thresholds", |zone| {
        zone["thresholds"]["orange"] == 14.0 && zone["thresholds"]["blue"] != 12.0
    });
    let with_thresholds = room.text();
    assert!(with_thresholds.contains("# The film is plain and, in the end, at rest."), "comments stay");

    // The zone becomes larger: the incident goes on.
    let larger = json!([[25.0, -2.5], [29.8, -2.5], [29.8, 2.5], [25.0, 2.5]]);
    let proposal = room.officer.propose(&outline(&larger)).unwrap();
    room.officer.apply(&proposal).unwrap();
    let moved = room.zone("the larger zone", |zone| density(zone).is_some());
    assert!((moved["density"]["area_m2"].as_f64().unwrap() - 24.0).abs() < 1e-9, "{moved}");
    assert_eq!((&moved["state"]["level"], &moved["state"]["incident"]), (&json!(2), &incident));

    // What is wrong is refused whole.
    let now = room.text();
    let far = json!([[250.0, -2.5], [290.0, -2.5], [290.0, 2.5], [250.0, 2.5]]);
    for (wrong, why) in [
        (outline(&far), "of the zone can be measured"),
        (thresholds([5.0, 4.0, 3.0, 2.0]), "density_people_per_m2"),
        (json!({ "zones": { "zones": [{ "id": "roof", "outline_in_ground_m": larger }] } }), "no [[zone]]"),
        (outline(&larger), "this changes nothing"),
    ] {
        let refused = room.officer.propose(&wrong).unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(room.text(), now);
    }

    // Nor is a file changed that somebody has changed meanwhile.
    let proposal = room.officer.propose(&thresholds([1.0, 2.0, 14.0, 15.0])).unwrap();
    fs::write(&room.site, format!("{now}\n# by hand\n")).unwrap();
    for refused in [room.officer.apply(&proposal), room.officer.undo(), room.officer.propose(&change)] {
        let refused = refused.unwrap_err();
        assert!(refused.contains("somebody has changed it"), "{refused}");
    }
    assert!(room.text().ends_with("# by hand\n"));
    fs::write(&room.site, &now).unwrap();

    // What was done is known after a restart, and is taken back one by one.
    room.start_again();
    let changes = room.officer.look("sites/test/changes");
    assert_eq!(changes.as_array().map(Vec::len), Some(2), "{changes}");
    assert_eq!(
        (&changes[0]["what"], &changes[0]["by"]),
        (&json!("outline of gate"), &json!("administrator"))
    );
    room.officer.undo().unwrap();
    assert_eq!(room.text(), with_thresholds);
    room.officer.undo().unwrap();
    assert_eq!(room.text(), before);
    room.zone("normal again", |zone| is_calm(zone) && zone["density"]["area_m2"] == 21.0);
    let undone = room.officer.look("sites/test/changes");
    assert!(undone[0]["undone_at"].is_string() && undone[1]["undone_at"].is_string(), "{undone}");
    assert!(room.officer.undo().unwrap_err().contains("no change to take back"));
    assert!(room.is_running());
}

#[test]
fn a_camera_is_calibrated_on_its_newest_picture_and_started_anew_alone() {
    let mut room = quiet_room();
    room.zone("a counted zone", |zone| density(zone).is_some());
    let before = room.text();
    let still = room.officer.get("calibrate/test/mast/still.jpg");
    let still = image::load_from_memory(still.as_bytes()).unwrap();
    assert_eq!((still.width(), still.height()), (256, 192));

    // The points of the file, in the picture as it comes.
    let points: Vec<Value> = [
        ([242.3, 30.3], [18.0, -2.5]),
        ([429.6, 35.5], [18.0, 2.5]),
        ([205.0, 158.6], [24.0, -2.5]),
        ([441.5, 166.8], [24.0, 2.5]),
        ([155.8, 349.2], [29.4, -2.4]),
        ([453.0, 362.8], [29.4, 2.4]),
    ]
    .into_iter()
    .map(|([u, v], ground_m)| json!({ "image_px": [0.4 * u, 0.4 * v], "ground_m": ground_m }))
    .collect();
    let fit = room.officer.post("calibrate/test/mast/fit", &json!({ "points": points })).unwrap();
    assert_eq!(fit["image_size_px"], json!([256, 192]));
    assert!(fit["rms_m"].as_f64().unwrap() < 0.1, "{fit}");
    assert_eq!(fit["residuals_m"].as_array().map(Vec::len), Some(6));
    assert!(fit["grid_px"].as_array().unwrap().len() > 4, "{fit}");
    assert_eq!(fit["zones"][0]["zone"], "gate");
    assert!(fit["zones"][0]["trusted_share"].as_f64().unwrap() > 0.8, "{fit}");

    let mut wrong = points.clone();
    wrong[0] = json!({ "image_px": [100.0, 190.0], "ground_m": [-50.0, 80.0] });
    for refused in [
        room.officer.post("calibrate/test/mast/fit", &json!({ "points": wrong })),
        room.officer.propose(&json!({ "calibration": { "camera": "mast", "points": wrong } })),
        room.officer.post("calibrate/test/moon/fit", &json!({ "points": points })),
    ] {
        refused.unwrap_err();
    }
    assert_eq!(room.text(), before);

    let proposal =
        room.officer.propose(&json!({ "calibration": { "camera": "mast", "points": points } })).unwrap();
    assert_eq!(proposal["needs"], "camera restart", "{proposal}");
    room.officer.apply(&proposal).unwrap();
    assert!(room.text().contains("image_size_px = [256, 192]"), "{}", room.text());
    let area = |zone: &Value| density(zone).is_some() && zone["zone"]["level"] != Value::Null;
    room.zone("the zone by the new calibration", area);
    assert!(said(&room.folder.path().join("run.txt")).contains("taken up"));
    assert!(room.is_running());
    room.officer.undo().unwrap();
    assert_eq!(room.text(), before);
    room.zone("the zone by the old calibration", area);
}
