//! `throng count`, by the real program: one JSON line a picture or frame, nothing lost to a bad neighbour.
//!
//! The model is `models/tests/fixtures/brightness.onnx`, which calls the mean brightness (0..1) of each 8x8 px block
//! "people in the cell", so that every count is known.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::RgbImage;
use serde_json::Value;
use tempfile::TempDir;

use crate::{CARD, PEOPLE, SIDE_PX, clip, lines, said, slope};

/// A folder with a picture of 64 cells, a black picture, a cut-off one, a text that calls itself a picture and one more
/// picture after all those.
fn pictures() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    slope(0).save(folder.path().join("a.png")).unwrap();
    RgbImage::new(SIDE_PX, SIDE_PX).save(folder.path().join("b_black.png")).unwrap();
    slope(0).save(folder.path().join("whole.jpg")).unwrap();
    let whole = fs::read(folder.path().join("whole.jpg")).unwrap();
    fs::write(folder.path().join("c_cut_off.jpg"), &whole[..whole.len() / 2]).unwrap();
    fs::remove_file(folder.path().join("whole.jpg")).unwrap();
    fs::write(folder.path().join("d_text.jpg"), "this is a text").unwrap();
    slope(0).save(folder.path().join("e.png")).unwrap();
    folder
}

fn count(sources: &[&Path], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.args(["count", "--device", "cpu", "--model", CARD]).args(sources).args(more).output().unwrap()
}

fn people(line: &Value) -> f64 {
    line["count"].as_f64().unwrap()
}

#[test]
fn bad_pictures_are_reported_and_their_neighbours_counted() {
    let folder = pictures();
    let output = count(&[folder.path()], &["--json"]);
    let lines = lines(&output);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let keys: Vec<&str> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["source", "t_s", "count", "lo", "hi", "valid", "reason"];
    expected.sort_unstable();
    assert_eq!(
        {
            let mut keys = keys;
            keys.sort_unstable();
            keys
        },
        expected
    );
    // The card's ratios are 0.75 and 1.5.
    for line in [&lines[0], &lines[4]] {
        assert!((people(line) - PEOPLE).abs() < 0.1, "{line}");
        assert!((line["lo"].as_f64().unwrap() - people(line) * 0.75).abs() < 0.02, "{line}");
        assert!((line["hi"].as_f64().unwrap() - people(line) * 1.5).abs() < 0.02, "{line}");
        assert_eq!((&line["valid"], &line["reason"]), (&Value::Bool(true), &Value::Null));
    }
    for (line, name, reason) in [
        (&lines[1], "b_black.png", "picture is black"),
        (&lines[2], "c_cut_off.jpg", "the picture is cut off; copy it again"),
        (&lines[3], "d_text.jpg", "this is no JPEG or PNG picture; convert it"),
    ] {
        assert!(line["source"].as_str().unwrap().ends_with(name), "{line}");
        assert!(line["reason"].as_str().unwrap().starts_with(reason), "{line}");
        assert_eq!((&line["valid"], &line["count"]), (&Value::Bool(false), &Value::Null));
    }
    assert!(said(&output).contains("2 of 5 sources could not be counted to their end"), "{}", said(&output));
}

#[test]
fn every_frame_of_a_video_is_counted_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("clip.mkv");
    clip(&video);
    let output = count(&[&video], &["--json"]);
    let lines = lines(&output);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(lines.len(), 20);
    for (frame, line) in lines.iter().enumerate() {
        assert!((line["t_s"].as_f64().unwrap() - frame as f64 / 10.0).abs() < 0.002, "{line}");
        // The encoder changes the pixels a little.
        assert!((people(line) - PEOPLE).abs() < 3.0, "{line}");
    }
    assert!(said(&output).contains("20 frames, "), "{}", said(&output));
}

#[test]
fn bad_videos_are_reported_and_their_neighbours_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    clip(&at("whole.mkv"));
    fs::write(at("empty.mp4"), "").unwrap();
    fs::write(
        at("text.mp4"),
        "this is a text that is no video, and long enough to be looked at as one".repeat(20),
    )
    .unwrap();
    // The start of a Linux program, which GStreamer recognises but cannot play.
    fs::write(at("program.mp4"), [b"\x7fELF\x02\x01\x01\0".as_slice(), &[0; 4096]].concat()).unwrap();
    let sources = ["absent.mp4", "empty.mp4", "text.mp4", "program.mp4", "whole.mkv"].map(at);
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    let output = count(&sources, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert_eq!(lines.iter().filter(|line| line["valid"] == true).count(), 20);
    let reason = |name: &str| {
        let line = lines.iter().find(|line| line["source"].as_str().unwrap().ends_with(name)).unwrap();
        line["reason"].as_str().unwrap().to_owned()
    };
    assert!(reason("absent.mp4").starts_with("there is no such file; check its name"));
    assert!(reason("empty.mp4").starts_with("the file is empty; copy it again"));
    assert!(reason("text.mp4").contains("give a video file or stream"), "{}", reason("text.mp4"));
    let program = reason("program.mp4");
    assert!(program.starts_with("no decoder is installed for it, or it holds no video"), "{program}");
    assert!(said(&output).contains("4 of 5 sources could not be counted"), "{}", said(&output));
}

#[test]
fn annotated_files_hold_the_picture_and_the_video() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    slope(0).save(at("a.png")).unwrap();
    let heat = at("heat.png");
    let output = count(&[&at("a.png")], &["--annotate", heat.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let drawn = image::open(&heat).unwrap().to_rgb8();
    assert_eq!(drawn.dimensions(), (SIDE_PX, SIDE_PX));
    assert_ne!(drawn, slope(0));

    clip(&at("clip.mkv"));
    let heat = at("heat.mkv");
    assert_eq!(count(&[&at("clip.mkv")], &["--annotate", heat.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(lines(&count(&[&heat], &["--json"])).len(), 20);

    let unwritable = at("no folder").join("heat.png");
    let output = count(&[&at("a.png")], &["--json", "--annotate", unwritable.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output)[0]["valid"], true, "the count itself is not lost");
    assert!(
        said(&output).contains("cannot write the annotated picture; check folder and disk"),
        "{}",
        said(&output)
    );
}

#[test]
fn arguments_that_cannot_be_met_are_refused_before_anything_is_counted() {
    let folder = pictures();
    let output = count(&[folder.path()], &["--annotate", "heat.png"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("--annotate takes one picture or one video, 5 are given"),
        "{}",
        said(&output)
    );

    let absent = ["count", "--model", "absent/card.toml", folder.path().to_str().unwrap()];
    let output = Command::new(env!("CARGO_BIN_EXE_throng")).args(absent).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("model card cannot be read"), "{}", said(&output));
}
