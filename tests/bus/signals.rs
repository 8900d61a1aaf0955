//! A signal from outside, by the real programs: the site lowers its thresholds by it, the console shows why, and it ends.

use std::{fs, process::Command};

use serde_json::{Value, json};
use throng::publish::signature::generated_key;

use super::room::Room;

fn yellow(zone: &Value) -> bool {
    zone["state"]["level"] == 2
}

fn notes(zone: &Value) -> String {
    zone["state"]["quality"]["notes"].to_string()
}

/// Says something to the site of a room; what was printed.
fn tell(room: &Room, key: &str, arguments: &[&str]) -> (bool, String) {
    let key = room.folder.path().join(key);
    let output = Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(["signal", "rain-7", "--site", "test", "--kind", "weather", "--text", "Heavy rain"])
        .args(["--key", key.to_str().unwrap(), "--key-id", "weather-1", "--issuer", "weather service"])
        .args(["--connect", &room.endpoint])
        .args(arguments)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_signed_signal_lowers_the_thresholds_of_its_zones_until_it_is_over() {
    let room = Room::open_with(20.0, [12.0, 13.0, 14.0, 15.0], |folder| {
        let (private, public) = generated_key().unwrap();
        fs::write(folder.join("weather.pem"), private).unwrap();
        fs::write(folder.join("weather.pub.pem"), public).unwrap();
        fs::write(folder.join("stranger.pem"), generated_key().unwrap().0).unwrap();
        "\n[[signal_source]]\nid = \"weather-1\"\nissuer = \"weather service\"\nfile = \"weather.pub.pem\"\nkinds = [\"weather\"]\n"
            .to_owned()
    });
    let density = |zone: &Value| zone["density"]["density_people_per_m2"].as_f64();
    let people_per_m2 = density(&room.zone("a density", |zone| density(zone).is_some())).unwrap();
    let around = json!({ "thresholds": { "zone": "gate", "people_per_m2": {
        "blue": 1.3 * people_per_m2, "yellow": 1.5 * people_per_m2, "orange": 14.0, "red": 15.0,
    } } });
    let proposal = room.officer.post("sites/test/changes", &json!({ "change": around })).unwrap();
    let apply = format!("sites/test/changes/{}/apply", proposal["id"].as_str().unwrap());
    room.officer.post(&apply, &json!(null)).unwrap();
    room.zone("calm", |zone| zone["state"]["level"].as_u64().is_some_and(|level| level <= 1));

    let (is_taken, said) = tell(&room, "weather.pem", &["--until", "1h", "--factor", "0.6"]);
    assert!(is_taken && said.contains("gate: thresholds lowered to 60 %"), "{said}");
    let lowered = room.zone("yellow", yellow);
    assert!(notes(&lowered).contains("thresholds lowered to 60 % until "), "{lowered}");
    let told = room.officer.wait_for("the signal", "signals", |told| told[0]["is_in_force"] == true);
    assert_eq!((&told[0]["text"], &told[0]["tightened"][0]["zone"]), (&json!("Heavy rain"), &json!("gate")));

    // A stranger under the same name cannot take it back.
    let (is_taken, said) = tell(&room, "stranger.pem", &["--end"]);
    assert!(!is_taken && said.contains("does not say that it goes by it"), "{said}");
    let (is_taken, said) = tell(&room, "weather.pem", &["--end"]);
    assert!(is_taken, "{said}");
    // How soon the level falls is the affair of its dwells and of what the counter is sure of.
    let is_as_stated = |zone: &Value| !notes(zone).contains("lowered") && zone["zone"]["tightened"].is_null();
    room.zone("the thresholds of the file", is_as_stated);
    room.officer.wait_for("no signal", "signals", |told| told == &json!([]));
}
