//! `throng eval`: figures that can be worked out by hand, since the model calls a block's brightness its people.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use image::RgbImage;
use serde_json::Value;

use crate::{CARD, PEOPLE, SIDE_PX, clip, lines, said, slope};

fn eval(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.args(["eval", "--device", "cpu", "--model", CARD, "--json"]).args(arguments).output().unwrap()
}

fn set(folder: &Path, truths: &[(&str, usize)]) {
    let line = |(image, people): &(&str, usize)| {
        let points = vec![[32.0, 32.0]; *people];
        format!("{{\"image\": \"{image}\", \"points\": {points:?}}}\n")
    };
    let text: String = truths.iter().map(line).collect();
    fs::write(folder.join("points.jsonl"), text).unwrap();
}

fn near(value: &Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() < 0.1
}

#[test]
fn the_figures_of_a_folder_follow_from_its_pictures() {
    let folder = tempfile::tempdir().unwrap();
    slope(0).save(folder.path().join("a.png")).unwrap();
    slope(0).save(folder.path().join("b.png")).unwrap();
    RgbImage::new(SIDE_PX, SIDE_PX).save(folder.path().join("black.png")).unwrap();
    set(folder.path(), &[("a.png", 30), ("b.png", 100), ("black.png", 3)]);
    let gallery = folder.path().join("gallery");
    let output = eval(&["--data", folder.path().to_str().unwrap(), "--gallery", gallery.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 4);
    assert!(lines[2]["reason"].as_str().unwrap().starts_with("picture is black"));
    let summary = &lines[3];
    assert_eq!((&summary["images"], &summary["refused"]), (&2.into(), &1.into()));
    let (error_a, error_b) = (PEOPLE - 30.0, PEOPLE - 100.0);
    assert!(near(&summary["mae"], f64::midpoint(error_a.abs(), error_b.abs())), "{summary}");
    assert!(near(&summary["bias"], f64::midpoint(error_a, error_b)), "{summary}");
    assert!(near(&summary["rmse"], f64::midpoint(error_a.powi(2), error_b.powi(2)).sqrt()), "{summary}");
    // The interval is 0.75 to 1.5 of the count: 30 lies in it, 100 does not.
    assert!(near(&summary["coverage90"], 0.5), "{summary}");
    assert_eq!(summary["game"].as_array().unwrap().len(), 4);
    assert_eq!(summary["strata"].as_array().unwrap().len(), 2);
    assert!(summary["ms_per_image"].as_f64().unwrap() > 0.0);
    let sheet = image::open(gallery.join("worst.png")).unwrap().to_rgb8();
    assert!(sheet.pixels().any(|pixel| pixel.0[0] > 200), "the sheet shows the pictures");
}

#[test]
fn a_video_is_held_against_the_boxes_of_its_frames() {
    let folder = tempfile::tempdir().unwrap();
    let (video, truth) = (folder.path().join("clip.mkv"), folder.path().join("truth.xml"));
    clip(&video);
    let boxes = "<box h=\"8\" w=\"4\" xc=\"20\" yc=\"20\"/>".repeat(31);
    fs::write(
        &truth,
        format!("<d><frame number=\"0\">{boxes}</frame><frame number=\"19\">{boxes}</frame></d>"),
    )
    .unwrap();
    let output = eval(&["--video", video.to_str().unwrap(), "--truth", truth.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let summary = lines(&output).pop().unwrap();
    assert_eq!(summary["images"], 2, "only the frames that the truth knows are counted");
    // The encoder changes the pixels a little.
    assert!(summary["mae"].as_f64().unwrap() < 3.0, "{summary}");
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let message = |arguments: &[&str], code: i32| {
        let output = eval(arguments);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    };
    assert!(message(&["--data", data], 1).contains("a folder with points.jsonl is needed"));
    set(folder.path(), &[("absent.png", 1)]);
    assert!(message(&["--data", data], 1).contains("absent.png"));
    RgbImage::new(SIDE_PX, SIDE_PX).save(folder.path().join("absent.png")).unwrap();
    assert!(message(&["--data", data], 1).contains("none of 1 pictures could be counted: picture is black"));
    assert!(message(&["--video", "a.avi"], 2).contains("--truth"));
}
