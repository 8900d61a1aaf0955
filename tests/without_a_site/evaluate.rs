//! Simulated crowds: filmed with their truth, and played against the analytics.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::{CARD, lines, said};

/// A gate that closes on a strong inflow in a short, narrow way: harm within a minute or two.
const CRUSH: &str = r#"
title = "A gate closes"
kind = "danger"
lead_in_secs = 15
duration_secs = 150
walls = [[[-3, 0], [14, 0], [14, 0.7]], [[-3, 3], [14, 3], [14, 2.3]]]

[[gates]]
line = [[14, 0.7], [14, 2.3]]
closed_secs = [[20, 999]]

[[routes]]
entry = [[0, 0.4], [0, 2.6]]
exit = [[17, -1], [17, 4]]
inflows = [{ from_secs = -15, to_secs = 150, people_per_s = 1.4 }]

[[zones]]
id = "front"
outline = [[10, 0], [14, 0], [14, 3], [10, 3]]
profile = "street_flat"
"#;

fn throng(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_throng")).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn a_crush_is_warned_of_and_an_open_gate_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = folder.path().join("scenarios");
    fs::create_dir(&scenarios).unwrap();
    fs::write(scenarios.join("crush.toml"), CRUSH).unwrap();
    let open = CRUSH.replace("[[20, 999]]", "[]").replace("danger", "benign");
    fs::write(scenarios.join("open.toml"), open).unwrap();
    let arguments = ["evaluate", "--scenarios", "scenarios", "--seeds", "1", "--usual-sensor-only"];
    let output = throng(folder.path(), &[&arguments[..], &["--json", "--png", "worth.png"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    let result = lines(&output).pop().unwrap();
    assert_eq!((&result["missed"], &result["harmed"]), (&Value::from(0), &Value::from(1)));
    let crush = &result["by_scenario"]["crush"];
    let lead = |level: &str| crush["lead_to_harm_s"][level]["median"].as_f64().unwrap();
    assert!(lead("orange") > 5.0 && lead("blue") >= lead("orange"), "{crush}");
    // One run, drawn anew, is that run; one run without a miss may still be one of twenty.
    let end = |name: &str| crush["lead_to_harm_s"]["orange"][name].as_f64().unwrap();
    assert_eq!((end("lo"), end("hi")), (lead("orange"), lead("orange")), "{crush}");
    assert!((crush["missed_interval"]["hi"].as_f64().unwrap() - 0.95).abs() < 1e-9, "{crush}");
    for level in ["blue", "yellow", "orange", "red"] {
        assert_eq!(result["false_alarms_per_hour"][level], 0.0, "{level}");
        let between = &result["false_alarms_per_hour_interval"][level];
        assert!(between["lo"] == 0.0 && between["hi"].as_f64().unwrap() > 1.0, "{level}: {between}");
    }
    let ladder = &result["baselines"]["density_ladder"]["stated"]["lead_to_harm_s"]["median"];
    assert!(ladder.as_f64().unwrap() < lead("orange"), "{ladder}");
    assert!(image::open(folder.path().join("worth.png")).unwrap().width() > 1000);
    assert!(said(&output).contains("throng, orange"));
}

#[test]
fn a_film_has_a_line_of_truth_for_each_picture() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("crush.toml"), CRUSH).unwrap();
    let files = ["--video", "film.mkv", "--truth", "truth.jsonl"];
    let output =
        throng(folder.path(), &[&["sim", "crush.toml", "--for", "1s", "--json"], &files[..]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(lines(&output)[0]["frames"], 10);
    let truth = fs::read_to_string(folder.path().join("truth.jsonl")).unwrap();
    assert_eq!(truth.lines().count(), 10);
    let first: Value = serde_json::from_str(truth.lines().next().unwrap()).unwrap();
    assert!(first["heads"].as_array().unwrap().len() > 3, "{first}");
    assert!(fs::metadata(folder.path().join("film.mkv")).unwrap().len() > 10_000);
}

#[test]
fn what_is_wrong_with_a_scenario_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.toml"), CRUSH.replace("street_flat", "beach")).unwrap();
    for (arguments, expected) in [
        (&["sim", "bad.toml"][..], "bad.toml: zones[0].profile"),
        (&["sim", "dev/no_such"], "held-out/gate_closes"),
        (&["evaluate", "--scenarios", "nowhere"], "cannot read nowhere"),
        (&["evaluate", "--scenarios", "."], "zones[0].profile"),
    ] {
        let output = throng(folder.path(), arguments);
        assert!(!output.status.success());
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn the_same_is_played_before_a_camera_and_the_shipped_counter() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = folder.path().join("scenarios");
    fs::create_dir(&scenarios).unwrap();
    let walking = CRUSH
        .replace("[[20, 999]]", "[]")
        .replace("danger", "benign")
        .replace("duration_secs = 150", "duration_secs = 6")
        .replace("people_per_s = 1.4", "people_per_s = 3.0");
    fs::write(scenarios.join("walking.toml"), walking).unwrap();
    let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/cards/compact.toml");
    let arguments = ["evaluate", "--scenarios", "scenarios", "--level", "video", "--model", card, "--json"];
    let output = throng(folder.path(), &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let result = lines(&output).pop().unwrap();
    assert_eq!((&result["level"], &result["runs"]), (&Value::from("video"), &Value::from(1)));
    assert!(result["unknown_share"].as_f64().unwrap() < 0.2, "{result}");
    let measured = result["measured_over_true_density"].as_f64().unwrap();
    assert!((0.5..1.5).contains(&measured), "{measured}");
}

#[test]
fn a_drone_films_with_its_telemetry() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["--video", "flight.mkv", "--truth", "truth.jsonl", "--codec", "h265"];
    let output = throng(
        folder.path(),
        &[&["sim", "dev/free_flow", "--camera", "drone", "--for", "1s"], &files[..]].concat(),
    );
    assert!(output.status.success(), "{}", said(&output));
    let truth = fs::read_to_string(folder.path().join("truth.jsonl")).unwrap();
    let frames: Vec<Value> = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(frames.len(), 10);
    let number = |value: &Value| value.as_f64().unwrap();
    let moved = |k: usize| {
        number(&frames[9]["camera"]["position_m"][k]) - number(&frames[0]["camera"]["position_m"][k])
    };
    assert!((0.5..6.0).contains(&moved(0).hypot(moved(1))), "it flies");
    let [exact, told] = ["camera", "telemetry"].map(|key| number(&frames[9][key]["depression_deg"]));
    assert!((exact - told).abs() > 1e-6 && (exact - told).abs() < 5.0, "{exact} {told}");
    let counted =
        throng(folder.path(), &["count", "flight.mkv", "--json", "--device", "cpu", "--model", CARD]);
    assert!(counted.status.success(), "the film can be read: {}", said(&counted));
    assert!(lines(&counted).len() >= 9, "{}", said(&counted));
}
