//! A whole site by the real program: cameras that are killed and come back, and what a subscriber sees of it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Instant,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    server::{RtspServer, Sender, free_port},
    watched::DEADLINE,
};

const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tests/fixtures/brightness.toml");

/// A program that is killed when the test ends, with what it wrote to stdout as it comes.
struct Program {
    child: Child,
    lines: Receiver<Value>,
}

impl Program {
    fn start(arguments: &[&str], stderr: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_throng"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(stderr).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        let read = move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("stdout".to_owned()).spawn(read).unwrap();
        Self { child, lines }
    }

    fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        let mut last = Value::Null;
        while let Ok(line) = self.lines.recv_timeout(DEADLINE.saturating_sub(began.elapsed())) {
            if wanted(&line) {
                println!("{what}: after {:.1} s", began.elapsed().as_secs_f64());
                return line;
            }
            last = line;
        }
        panic!("{what} never came; last line: {last}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn camera(id: &str, uri: &str, more: &str) -> String {
    format!(
        r#"
[[camera]]
id = "{id}"
uri = "{uri}"
count_fps = 5
[camera.uncalibrated]
ground_width_m = 20
image_size_px = [320, 240]
{more}

[[zone]]
id = "before-{id}"
polygon_m = [[2, 2], [8, 2], [8, 8], [2, 8]]
profile = "street_flat"
capacity_people = 1000
cameras = ["{id}"]
"#
    )
}

/// A site of these cameras that listens on `endpoint`.
fn site(folder: &Path, endpoint: &str, cameras: &[String]) -> String {
    let path = folder.join("site.toml");
    let head = format!(
        "[site]\nid = \"test\"\n[model]\ncard = \"{CARD}\"\ndevice = \"cpu\"\n[bus]\nlisten = [\"{endpoint}\"]\n"
    );
    fs::write(&path, head + &cameras.concat()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn is_camera(line: &Value, camera: &str, state: &str) -> bool {
    line["key"] == format!("throng/v1/test/camera/{camera}/state") && line["payload"]["state"] == state
}

fn is_density(line: &Value, camera: &str, is_known: bool) -> bool {
    line["key"] == format!("throng/v1/test/zone/before-{camera}/density")
        && line["payload"]["density_people_per_m2"].is_number() == is_known
}

#[test]
fn a_site_shows_cameras_that_die_as_unknown_and_counts_them_again_when_they_live() {
    if !RtspServer::is_there() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let film = folder.path().join("film.mkv");
    Sender::run(&format!(
        "videotestsrc num-buffers=100 horizontal-speed=3 ! video/x-raw,width=320,height=240,framerate=10/1 ! jpegenc ! matroskamux ! \
         filesink location={}",
        film.display()
    ));
    let server = RtspServer::h264(0);
    let port = server.port;
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(
        folder.path(),
        &endpoint,
        &[
            camera("street", &server.uri(), ""),
            camera("film", "film.mkv", "[camera.stream]\nloop = true"),
            camera("never", &format!("rtsp://127.0.0.1:{}/cam", free_port()), ""),
        ],
    );
    let (run_said, watch_said) = (folder.path().join("run.txt"), folder.path().join("watch.txt"));
    let watch = Program::start(&["watch", "throng/v1/**", "--json", "--connect", &endpoint], &watch_said);
    let run = Program::start(&["run", &site, "--json"], &run_said);
    watch.wait_for("the film is live", |line| is_camera(line, "film", "live"));
    watch.wait_for("the street is live", |line| is_camera(line, "street", "live"));
    watch.wait_for("the street is counted", |line| is_density(line, "street", true));
    let never = watch.wait_for("the third waits", |line| is_camera(line, "never", "waiting"));
    assert!(never["payload"]["cause"].as_str().unwrap().contains("check"), "{never}");

    drop(server);
    let lost = watch.wait_for("the street is lost", |line| is_camera(line, "street", "lost"));
    assert!(lost["payload"]["cause"].is_string() && lost["payload"]["since"].is_string(), "{lost}");
    run.wait_for("the street is unknown", |line| {
        line["zones"].as_array().is_some_and(|zones| {
            zones.iter().any(|zone| zone["zone"] == "before-street" && zone["level"].is_null())
        })
    });
    watch.wait_for("nothing is said of the street", |line| is_density(line, "street", false));
    watch.wait_for("the film goes on", |line| is_density(line, "film", true));

    let _server = RtspServer::h264(port);
    let back = watch.wait_for("the street is live again", |line| is_camera(line, "street", "live"));
    assert!(back["payload"]["session"].as_u64() > Some(1), "{back}");
    watch.wait_for("the street is counted again", |line| is_density(line, "street", true));
}

#[test]
fn a_site_whose_cameras_are_all_away_goes_on_and_says_so() {
    let folder = TempDir::new().unwrap();
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(
        folder.path(),
        &endpoint,
        &[camera("gone", &format!("rtsp://127.0.0.1:{}/cam", free_port()), "")],
    );
    let run = Program::start(&["run", &site, "--json", "--for", "4s"], &folder.path().join("run.txt"));
    let unknown = run.wait_for("an unknown zone", |line| line["event"] == "zones");
    assert!(unknown["zones"][0]["level"].is_null(), "{unknown}");
    let summary = run.wait_for("the summary", |line| line["frames_decoded"].is_number());
    assert_eq!(summary["frames_decoded"], 0);
}
