//! Simulated crowds: filmed with their truth, and played against the analytics.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::{lines, said};

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
    for level in ["blue", "yellow", "orange", "red"] {
        assert_eq!(result["false_alarms_per_hour"][level], 0.0, "{level}");
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
