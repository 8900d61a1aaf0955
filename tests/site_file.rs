//! `throng check` and `throng schema` as a user meets them: exit codes, what goes to which output, pipes that close.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test that asked for it")]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

fn throng(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_throng")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A site with a wrong value, a wrong key, and a password that must not be shown.
const BROKEN: &str = r#"
[site]
id = "test"

[[camera]]
id = "cam-1"
uri = "gopher://viewer:s3cret@10.0.0.7/main"
count_fps = -3
colour = "red"

[camera.uncalibrated]
ground_width_m = 20
"#;

#[test]
fn a_broken_site_is_told_whole_on_stderr_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site.toml");
    std::fs::write(&site, BROKEN).unwrap();
    let site = site.to_str().unwrap();
    for command in ["check", "run", "bench"] {
        let output = throng(&[command, site]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(output.stdout.is_empty(), "{command}: {}", text(&output.stdout));
        for part in [
            ":7: camera[0].uri: the scheme \"gopher\" is not one that throng can open",
            ":8: camera[0].count_fps: is -3; expected a number above 0 and at most 60; set it to e.g. 5",
            ":9: camera[0].colour: is not a key of this table",
            ":11: warning: camera[0].uncalibrated: ",
        ] {
            assert!(said.contains(part), "{command}: {part:?} is not in {said}");
        }
        assert!(!said.contains("s3cret"), "{command}: {said}");
    }
}

#[test]
fn findings_are_json_lines_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site.toml");
    std::fs::write(&site, BROKEN).unwrap();
    let output = throng(&["check", "--json", site.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let too_low = lines.iter().find(|line| line["key"] == "camera[0].count_fps").unwrap();
    assert_eq!(too_low["severity"], "error");
    assert_eq!(too_low["line"], 8);
    assert_eq!(too_low["problem"], "is -3");
}

#[test]
fn the_schema_is_json_and_a_reader_that_goes_away_is_no_error() {
    let schema: serde_json::Value = serde_json::from_slice(&throng(&["schema"]).stdout).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let messages: serde_json::Value =
        serde_json::from_slice(&throng(&["schema", "--messages"]).stdout).unwrap();
    assert!(messages["throng.warning.v1"]["properties"]["level"].is_object(), "{messages}");

    let mut child = Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(["schema", "--messages"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first_line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn wrong_arguments_are_told_with_exit_code_2() {
    for arguments in [&["run"][..], &["run", "x.toml", "--for", "5"], &["check", "absent.toml"], &["fly"]] {
        let output = throng(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty());
    }
    let said = text(&throng(&["run", "x.toml", "--for", "5"]).stderr);
    assert!(
        said.contains("has no unit after 5; expected a duration such as 250ms, 60s, 5min or 1h30m"),
        "{said}"
    );
}
