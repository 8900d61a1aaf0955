//! `throng doctor`: what is ready and what is not, without a password in sight.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use crate::{CARD, clip, lines, said};

fn doctor(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.current_dir(folder).env("DOOR_PASSWORD", "opensesame").arg("doctor").args(arguments);
    command.output().unwrap()
}

fn site(folder: &Path, uri: &str) {
    let text = format!(
        "[site]\nid = \"test\"\n[model]\ncard = \"{CARD}\"\ndevice = \"cpu\"\n[[camera]]\nid = \"gate\"\n\
         uri = \"{uri}\"\n[camera.uncalibrated]\nground_width_m = 20\nimage_size_px = [64, 64]\n"
    );
    fs::write(folder.join("site.toml"), text).unwrap();
}

#[test]
fn a_site_whose_camera_plays_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    clip(&folder.path().join("clip.mkv"));
    site(folder.path(), "clip.mkv");
    let output = doctor(folder.path(), &["site.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", String::from_utf8_lossy(&output.stdout), said(&output));
    let checks = lines(&output);
    let found = |what: &str| {
        let check = checks.iter().find(|check| check["what"] == what).unwrap();
        assert_eq!(check["outcome"], "ok", "{check}");
        check["found"].as_str().unwrap().to_owned()
    };
    let camera = found("camera gate");
    assert!(camera.contains("64 x 64") && camera.contains("10.0 frames/s"), "{camera}");
    assert!(found("model").contains("SHA-256 2e58a660c351"), "{}", found("model"));
    assert!(found("GStreamer").starts_with("1."));
    for what in ["decoder of H.264", "GPU", "bus"] {
        found(what);
    }
}

#[test]
fn a_camera_that_is_not_there_is_named_with_what_to_do_and_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    site(folder.path(), &format!("rtsp://guard:${{DOOR_PASSWORD}}@127.0.0.1:{port}/main"));
    let output = doctor(folder.path(), &["site.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output);
    assert!(text.contains("FAILED") && text.contains("camera gate") && text.contains("Not ready"), "{text}");
    assert!(text.contains("-> "), "{text}");
    assert!(!text.contains("opensesame"), "{text}");
}

#[test]
fn a_wrong_site_file_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("site.toml"), "[site]\n").unwrap();
    assert_eq!(doctor(folder.path(), &["site.toml"]).status.code(), Some(2));
}

#[test]
fn films_are_watched_and_lies_in_them_noticed() {
    let folder = tempfile::tempdir().unwrap();
    clip(&folder.path().join("clip.mkv"));
    let output = doctor(folder.path(), &["--pictures", "clip.mkv", "--json"]);
    let finding = &lines(&output)[0];
    assert_eq!(finding["film"], "clip.mkv", "{}", said(&output));
    assert!((finding["watched_secs"].as_f64().unwrap() - 1.8).abs() < 0.2, "{finding}");
}
