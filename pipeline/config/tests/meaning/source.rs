//! Sources of pictures, and the credentials in their addresses.

use super::*;

#[test]
fn a_source_that_cannot_be_opened_is_said_without_its_credentials() {
    let uri = "rtsp://viewer:s3cret@10.0.0.7/main";
    for (to, message) in [
        (
            "gopher://viewer:s3cret@h/x",
            "camera[0].uri: the scheme \"gopher\" is not one that throng can open; expected",
        ),
        (
            "rtsp://viewer:s3cret@/main",
            "camera[0].uri: rtsp://viewer:***@/main names no host; expected rtsp://HOST/...",
        ),
        (
            "absent.mp4",
            "camera[0].uri: names a file that cannot be read (No such file or directory (os error 2)): ",
        ),
        ("/", "camera[0].uri: names a folder: /; expected a video file"),
        ("", "camera[0].uri: the video source is empty; expected a file name or a URI"),
        (
            "rtsp://viewer:${NOBODY}@h/x",
            "camera[0].uri: needs the environment variable NOBODY, which is not set",
        ),
        ("rtsp://viewer:${NOBODY@h/x", "camera[0].uri: holds a `${` without a name and `}`"),
        ("${CAM_PASSWORD}/x.mp4", "camera[0].uri: holds a `${` outside the user part"),
    ] {
        let text = broken(uri, to);
        assert_said(&text, &[message]);
        assert!(!said(&text)[0].contains("s3cret"));
    }
}

#[test]
fn what_a_source_has_no_use_for_is_told() {
    let with = |keys: &str| broken("[[zone]]", &format!("[camera.stream]\n{keys}\n\n[[zone]]"));
    assert_eq!(
        said(&with("transport = \"udp\"\nlatency_ms = 50\nsilent_after_secs = 5")),
        Vec::<String>::new()
    );
    for (keys, message) in [
        (
            "loop = true",
            "camera[0].stream.loop: has no use here; expected this key only with a file or a folder",
        ),
        ("stills_fps = 2", "camera[0].stream.stills_fps: has no use here"),
        ("stale_after_secs = 4", "camera[0].stream.silent_after_secs: is 3, and the stream is stale after 4"),
        ("transport = \"tpc\"", "camera[0].stream.transport: is the text \"tpc\""),
    ] {
        assert_said(&with(keys), &[message]);
    }
}

#[test]
fn a_password_in_the_wrong_place_is_not_shown_either() {
    let text = SOUND
        .replace(
            "id = \"cam-1\"",
            "id = \"rtsp://viewer:s3cret@10.0.0.7/main\"\nurl = \"rtsp://viewer:s3cret@10.0.0.7\"",
        )
        .replace("Asia/Seoul", "rtsp://viewer:s3cret@10.0.0.7")
        .replace("street_flat", "rtsp://viewer:s3cret@10.0.0.7");
    for line in said(&format!("{text}\n[bus]\nconnect = [\"rtsp://viewer:s3cret@10.0.0.7\"]\n")) {
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[test]
fn debug_output_of_raw_file_and_plan_shows_no_credentials() {
    let file: SiteFile = toml::from_str(SOUND).unwrap();
    assert!(!format!("{file:?}").contains("s3cret"));
    let text = SOUND.replace("s3cret", "${CAM_PASSWORD}");
    let mut findings = Findings::new(Path::new("site.toml"));
    let (file, removed): (SiteFile, _) = read_as(&text, &schema::site_schema(), &mut findings).unwrap();
    let environment = |_: &str| Some("hunter2".to_owned());
    let mut checker = Checker {
        folder: Path::new(""),
        removed: &removed,
        findings: &mut findings,
        environment: &environment,
    };
    let cameras = checker.cameras(file.camera.as_deref().unwrap(), None).0.unwrap();
    assert_eq!(cameras[0].uri.expose(), "rtsp://viewer:hunter2@10.0.0.7/main");
    assert!(!format!("{cameras:?}").contains("hunter2"));
}
