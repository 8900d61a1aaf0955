//! Broken site files and what is said about them.

use super::*;

mod meaning;
mod samples;
mod structure;

/// A site file without errors, but for the files it names; the tests break it in one place each.
const SOUND: &str = r#"
[site]
id = "test"
time_zone = "Asia/Seoul"

[[camera]]
id = "cam-1"
uri = "rtsp://viewer:s3cret@10.0.0.7/main"
count_fps = 5

[camera.calibration]
image_size_px = [640, 480]
points = [
    { image_px = [100, 200], ground_m = [-4.0, 20.0] },
    { image_px = [540, 200], ground_m = [4.0, 20.0] },
    { image_px = [620, 460], ground_m = [2.5, 5.0] },
    { image_px = [20, 460], ground_m = [-2.5, 5.0] },
]

[[zone]]
id = "gate"
polygon_m = [[-2, 6], [2, 6], [2, 14], [-2, 14]]
profile = "street_flat"
capacity_people = 80
"#;

/// The sound site with one text replaced.
fn broken(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "the sound site file does not hold {from:?}");
    SOUND.replacen(from, to, 1)
}

/// All that is said about a text, but for the model files, which are not there.
fn said(text: &str) -> Vec<String> {
    let path = Path::new("site.toml");
    let mut findings = Findings::new(path);
    let environment = |name: &str| (name == "CAM_PASSWORD").then(|| "hunter2".to_owned());
    let plan = plan_of(text, path, &environment, &mut findings);
    let diagnostics = match verdict(path, plan, findings) {
        Ok(loaded) => loaded.warnings,
        Err(rejected) => rejected.diagnostics,
    };
    diagnostics.iter().filter(|it| !it.key.starts_with("model.card")).map(ToString::to_string).collect()
}

/// Asserts that exactly one thing is said about a text, and that it holds the given parts.
fn assert_said(text: &str, parts: &[&str]) {
    let said = said(text);
    assert_eq!(said.len(), 1, "{said:#?}");
    for part in parts {
        assert!(said[0].contains(part), "{part:?} is not in {:?}", said[0]);
    }
}

#[test]
fn the_sound_site_is_sound() {
    assert_eq!(said(SOUND), Vec::<String>::new());
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.toml");
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, [0x66, 0xff, 0xfe]).unwrap();
    for (path, problem) in [
        (absent.as_path(), "cannot be read: No such file or directory (os error 2)"),
        (folder.path(), "is not a file"),
        (binary.as_path(), "is not UTF-8 text (byte 1)"),
    ] {
        let message = load(path).unwrap_err().to_string();
        assert!(
            message.contains(&format!("{}: {problem}; expected a readable site file", path.display())),
            "{message}"
        );
    }
}
