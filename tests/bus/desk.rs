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
    pub(crate) fn propose(&self, change: &Value) -> Result<Value, String> {
        self.post("sites/test/changes", &json!({ "change": change }))
    }

    pub(crate) fn apply(&self, proposal: &Value) -> Result<Value, String> {
        self.post(&format!("sites/test/changes/{}/apply", proposal["id"].as_str().unwrap()), &json!(null))
    }

    pub(crate) fn undo(&self) -> Result<Value, String> {
        self.post("sites/test/changes/undo", &json!(null))
    }
}

/// A room whose zone is far below all thresholds.
pub(crate) fn quiet_room() -> Room {
    Room::open(20.0, [12.0, 13.0, 14.0, 15.0])
}

/// Blue at most, which the score alone may ask for, whatever the thresholds.
pub(crate) fn is_calm(zone: &Value) -> bool {
    zone["state"]["level"].as_u64().is_some_and(|level| level <= 1)
}

pub(crate) fn density(zone: &Value) -> Option<f64> {
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

/// The zones of the site as the pages know them.
pub(crate) fn zone_ids(room: &Value) -> Vec<&str> {
    let zones = room["zones"].as_array().into_iter().flatten();
    zones.filter_map(|zone| zone["id"].as_str()).collect()
}

#[test]
fn a_zone_is_added_measured_and_taken_out_while_the_site_runs() {
    let mut room = quiet_room();
    room.zone("a quiet zone", |zone| density(zone).is_some() && is_calm(zone));
    let before = room.text();
    let profiles = room.officer.look("sites/test/profiles");
    assert_eq!(profiles["street_flat"]["red"], 5.0, "{profiles}");
    assert_eq!(profiles.as_object().unwrap().len(), 4, "{profiles}");

    // A corner that is clicked in the picture lies on the ground where the calibration says, and back.
    let asked =
        json!({ "image_px": [[0.4 * 205.0, 0.4 * 158.6], [0.0, -500.0]], "ground_m": [[24.0, -2.5]] });
    let found = room.officer.post("calibrate/test/mast/project", &asked).unwrap();
    let two = |value: &Value| [value[0].as_f64().unwrap(), value[1].as_f64().unwrap()];
    let near = |a: [f64; 2], b: [f64; 2], by: f64| (a[0] - b[0]).hypot(a[1] - b[1]) < by;
    assert!(near(two(&found["ground_m"][0]), [24.0, -2.5], 0.2), "{found}");
    assert!(near(two(&found["image_px"][0]), [0.4 * 205.0, 0.4 * 158.6], 2.0), "{found}");
    assert_eq!(found["ground_m"][1], Value::Null, "no ground above the horizon");

    let new = |id: &str, corners: Value, profile: &str| {
        json!({ "new_zone": {
            "id": id, "name": "Kiosk", "outline_in_ground_m": corners, "profile": profile, "capacity_people": 40, "ring": "core",
        } })
    };
    let corners = || json!([[20.0, -2.0], [24.0, -2.0], [24.0, 2.0], [20.0, 2.0]]);
    // What is wrong is refused whole, with its place, and what was expected.
    for (wrong, why) in [
        (new("kiosk", corners(), "street_flot"), "did you mean"),
        (new("gate", corners(), "quick"), "already"),
        (new("Kiosk", corners(), "quick"), "1 to 63 of a-z"),
        (new("kiosk", json!([[0, 0], [5, 5], [5, 0], [0, 5]]), "quick"), "site.toml:"),
        (json!({ "removed_zone": { "zone": "roof" } }), "no [[zone]]"),
    ] {
        let refused = room.officer.propose(&wrong).unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(room.text(), before);
    }

    let proposal = room.officer.propose(&new("kiosk", corners(), "quick")).unwrap();
    assert!(proposal["diff"].as_str().unwrap().contains("+id = \"kiosk\""), "{proposal}");
    assert!(proposal["restarts"].is_array(), "{proposal}");
    room.officer.apply(&proposal).unwrap();
    let kiosk = room.officer.wait_for("a measured kiosk", "zones/test/kiosk", |zone| {
        density(zone).is_some() && zone["capacity_people"] == 40.0 && zone["zone"]["level"].is_string()
    });
    assert!((kiosk["density"]["area_m2"].as_f64().unwrap() - 16.0).abs() < 1e-9, "{kiosk}");
    let with_kiosk = room.text();
    assert!(with_kiosk.contains("# The film is plain and, in the end, at rest."), "comments stay");

    let people_per_m2 = density(&kiosk).unwrap();
    // An incident in it: it cannot be taken out, and says so.
    let raised = json!({ "thresholds": { "zone": "kiosk", "people_per_m2": {
        "blue": 0.3 * people_per_m2, "yellow": 0.5 * people_per_m2, "orange": 14.0, "red": 15.0,
    } } });
    let proposal = room.officer.propose(&raised).unwrap();
    room.officer.apply(&proposal).unwrap();
    let alarmed = room
        .officer
        .wait_for("an incident", "zones/test/kiosk", |zone| zone["state"]["incident"].is_string());
    let remove = json!({ "removed_zone": { "zone": "kiosk" } });
    let proposal = room.officer.propose(&remove).unwrap();
    let refused = room.officer.apply(&proposal).unwrap_err();
    assert!(refused.contains("an incident goes on in zone kiosk"), "{refused}");
    assert_ne!(room.text(), with_kiosk);
    assert!(room.text().contains("id = \"kiosk\""), "the old file holds");

    // Below all thresholds it goes, its alarm stays and is not safe.
    room.officer.undo().unwrap();
    assert_eq!(room.text(), with_kiosk);
    let incident = alarmed["state"]["incident"].as_str().unwrap();
    room.officer.wait_for("the end of the incident", "zones/test/kiosk", |zone| {
        zone["state"].is_object() && zone["state"]["incident"].is_null()
    });
    let proposal = room.officer.propose(&remove).unwrap();
    room.officer.apply(&proposal).unwrap();
    assert_eq!(room.text(), before, "nothing else has changed");
    let left = room.officer.wait_for("a room without the kiosk", "room", |room| zone_ids(room) == ["gate"]);
    assert_eq!(left["sites"][0]["zones"].as_array().map(Vec::len), Some(1));
    let alarm = room.officer.look(&format!("alarms/test/{incident}"));
    let is_closed = alarm["stage"] == "closed";
    assert!(is_closed || alarm["level"].is_null(), "{alarm}");
    // Taken back, it is measured again.
    room.officer.undo().unwrap();
    room.officer.wait_for("the kiosk again", "zones/test/kiosk", |zone| density(zone).is_some());
    let what: Vec<_> = room
        .officer
        .look("sites/test/changes")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].to_string())
        .collect();
    assert!(what[0].contains("zone kiosk taken out") && what[2].contains("zone kiosk added"), "{what:?}");
    assert!(room.is_running());
}

#[test]
fn positions_of_the_site_file_reach_the_map_and_are_set_from_it() {
    let mut room = Room::open_with(20.0, [12.0, 13.0, 14.0, 15.0], |folder| {
        let (private, _) = throng::publish::signature::generated_key().unwrap();
        fs::write(folder.join("site.pem"), private).unwrap();
        "\n[speaker_key]\nfile = \"site.pem\"\nid = \"k\"\nissuer = \"test\"\n\n[[speaker]]\nid = \"horn\"\n\
         position_m = [26.5, 3.0] # on the pole\nred = \"stop-pushing\"\n"
            .to_owned()
    });
    let place = |room: &Value, list: &str| room["sites"][0][list][0]["position_in_ground_m"].clone();
    room.officer.wait_for("the loudspeaker at its place", "room", |room| {
        place(room, "speakers") == json!([26.5, 3.0]) && place(room, "cameras").is_null()
    });
    let before = room.text();
    let position = |kind: &str, id: &str, at: Value| json!({ "position": { "kind": kind, "id": id, "position_in_ground_m": at } });
    for (kind, id, at) in [("speaker", "horn", json!([28.0, 4.25])), ("camera", "mast", json!([33.0, 0.5]))] {
        let proposal = room.officer.propose(&position(kind, id, at)).unwrap();
        assert_eq!(proposal["needs"], "nothing");
        room.officer.apply(&proposal).unwrap();
    }
    assert!(room.text().contains("position_m = [28.0, 4.25] # on the pole"), "{}", room.text());
    room.officer.wait_for("both at their new places", "room", |room| {
        place(room, "speakers") == json!([28.0, 4.25]) && place(room, "cameras") == json!([33.0, 0.5])
    });
    let proposal = room.officer.propose(&position("camera", "mast", Value::Null)).unwrap();
    room.officer.apply(&proposal).unwrap();
    room.officer.wait_for("no place", "room", |room| place(room, "cameras").is_null());
    assert!(
        room.officer
            .propose(&position("camera", "moon", json!([1, 2])))
            .unwrap_err()
            .contains("no camera moon")
    );
    for _ in 0..3 {
        room.officer.undo().unwrap();
    }
    assert_eq!(room.text(), before);
    assert!(room.is_running());
}

#[test]
fn the_plan_of_the_site_file_lies_under_the_map_where_its_points_say() {
    let mut room = Room::open_with(20.0, [12.0, 13.0, 14.0, 15.0], |folder| {
        image::RgbImage::new(200, 100).save(folder.join("plan.png")).unwrap();
        "\n[site.plan]\nimage = \"plan.png\"\npoints = [\n  { image_px = [0, 0], ground_m = [10, 5] },\n  \
         { image_px = [200, 100], ground_m = [30, -5] },\n]\n"
            .to_owned()
    });
    let plan = |room: &Value| room["sites"][0]["plan"].clone();
    let found = plan(&room.officer.wait_for("a placed plan", "room", |room| plan(room).is_object()));
    assert_eq!(found["size_px"], json!([200, 100]));
    for (axis, expected) in [[0.1, 0.0, 10.0], [0.0, -0.1, 5.0]].iter().enumerate() {
        for (column, expected) in expected.iter().enumerate() {
            let number = found["ground_from_image"][axis][column].as_f64().unwrap();
            assert!((number - expected).abs() < 1e-9, "{found}");
        }
    }
    let picture = room.officer.get("sites/test/plan");
    assert_eq!(picture.headers["content-type"], "image/png");
    assert_eq!(image::load_from_memory(picture.as_bytes()).unwrap().width(), 200);
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
