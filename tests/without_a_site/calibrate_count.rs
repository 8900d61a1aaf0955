//! `throng calibrate-count`: a model whose every count is known, "hand counts" that say it sees double.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::{CARD, clip, lines, said};

/// A site with one camera, a remark that must survive, and a clip in which the model counts about 31.6 people.
fn site(folder: &Path) -> String {
    clip(&folder.join("clip.mkv"));
    let text = format!(
        "[site]\nid = \"test\"\n[model]\ncard = \"{CARD}\"\ndevice = \"cpu\"\n\n[[camera]]\nid = \"gate\" # by the bridge\n\
         uri = \"clip.mkv\"\n[camera.uncalibrated]\nground_width_m = 20\n\n[[zone]]\nid = \"all\"\n\
         polygon_m = [[4, 4], [16, 4], [16, 10], [4, 10]]\nprofile = \"street_flat\"\ncapacity_people = 40\n"
    );
    fs::write(folder.join("site.toml"), &text).unwrap();
    text
}

fn calibrate(folder: &Path, camera: &str, counts: &str, more: &[&str]) -> Output {
    fs::write(folder.join("counts.csv"), counts).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.current_dir(folder).args([
        "calibrate-count",
        "site.toml",
        camera,
        "--truth",
        "counts.csv",
        "--json",
    ]);
    command.args(more).output().unwrap()
}

#[test]
fn a_camera_that_counts_double_is_corrected_in_its_site_file() {
    let folder = tempfile::tempdir().unwrap();
    let before = site(folder.path());
    let half = "t_s,people\n0,16\n0.4,15\n0.8,17\n1.2,16\n1.6,15\n";
    let output = calibrate(folder.path(), "gate", half, &["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(fs::read_to_string(folder.path().join("site.toml")).unwrap(), before);

    let output = calibrate(folder.path(), "gate", half, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let line = &lines(&output)[0];
    assert!((line["scale"].as_f64().unwrap() - 0.5).abs() < 0.05, "{line}");
    assert!(
        line["mae_after"].as_f64().unwrap() < 2.0 && line["mae_before"].as_f64().unwrap() > 13.0,
        "{line}"
    );
    let after = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    assert!(
        after.contains("id = \"gate\" # by the bridge") && after.contains("[camera.count_correction]"),
        "{after}"
    );
    let check = Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(["check", folder.path().join("site.toml").to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", said(&check));
}

#[test]
fn what_gives_no_correction_leaves_the_site_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let before = site(folder.path());
    for (camera, counts, expected) in [
        ("bridge", "t_s,people\n0,1\n", "there is no camera `bridge` in site.toml; it has gate"),
        ("gate", "t_s,people\n0,16\n0.4,15\n", "2 hand counts are too few: 5 or more are needed"),
        ("gate", "t_s,people\n0,16\n90,15\n", "the hand count at 90 s lies past the footage's end"),
        ("gate", "t_s;people\n0;16\n", "counts.csv:1: expected the columns t_s and people"),
    ] {
        let output = calibrate(folder.path(), camera, counts, &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(expected), "{expected:?} is not in {}", said(&output));
        assert_eq!(fs::read_to_string(folder.path().join("site.toml")).unwrap(), before);
    }
}
