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
use throng::clock::wall_clock;
use throng_analytics::time::Timestamp;

use crate::{
    contention::Contention,
    flight::Flight,
    server::{RtspServer, Sender, free_port, free_udp_port},
    watched::{BACK_WITHIN_SECS, DEADLINE, NO_DATA_WITHIN_SECS},
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

/// A drone's camera over the gate, and a zone before it.
fn drone(id: &str, uri: &str) -> String {
    format!(
        r#"
[[camera]]
id = "{id}"
uri = "{uri}"
count_fps = 5
[camera.drone]
telemetry = "klv"
image_size_px = [960, 540]

[[zone]]
id = "before-{id}"
polygon_m = [[20, 0], [25, 0], [25, 5], [20, 5]]
profile = "street_flat"
capacity_people = 100
cameras = ["{id}"]
"#
    )
}

/// A film of 3 s that is read over and over.
fn film(path: &Path) {
    Sender::run(&format!(
        "videotestsrc num-buffers=30 horizontal-speed=3 ! video/x-raw,width=320,height=240,framerate=10/1 ! jpegenc ! \
         matroskamux ! filesink location={}",
        path.display()
    ));
}

/// A site of these cameras that listens on `endpoint`.
fn site(folder: &Path, endpoint: &str, cameras: &[String]) -> String {
    let path = folder.join("site.toml");
    let head = format!(
        "[site]\nid = \"test\"\n[site.origin]\nlatitude_deg = 31.2397\nlongitude_deg = 121.4998\nheight_m = 0\n[model]\ncard = \"{CARD}\"\ndevice = \"cpu\"\n[bus]\nlisten = [\"{endpoint}\"]\n"
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
    film(&folder.path().join("film.mkv"));
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

/// A time in a message.
fn time(message: &Value, key: &str) -> Timestamp {
    serde_json::from_value(message["payload"][key].clone())
        .unwrap_or_else(|error| panic!("{error}: {message}"))
}

#[test]
fn a_file_a_server_and_a_flight_live_die_and_live_again() {
    if !RtspServer::is_there() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (there, away) = (folder.path().join("film.mkv"), folder.path().join("away.mkv"));
    film(&there);
    let flight = Flight::film(folder.path());
    let (flight_port, server) = (free_udp_port(), RtspServer::h264(0));
    let port = server.port;
    let sending = flight.send(flight_port);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(
        folder.path(),
        &endpoint,
        &[
            camera("film", "film.mkv", "[camera.stream]\nloop = true"),
            camera("street", &server.uri(), ""),
            drone("flight", &format!("udp://127.0.0.1:{flight_port}")),
        ],
    );
    let (run_said, watch_said) = (folder.path().join("run.txt"), folder.path().join("watch.txt"));
    let watch = Program::start(&["watch", "throng/v1/**", "--json", "--connect", &endpoint], &watch_said);
    let _run = Program::start(&["run", &site, "--json"], &run_said);
    for camera in ["film", "street", "flight"] {
        watch.wait_for(&format!("{camera} is live"), |line| is_camera(line, camera, "live"));
        watch.wait_for(&format!("{camera} is counted"), |line| is_density(line, camera, true));
    }

    let contention = Contention::measure();
    // The film's end is its death: nothing is read from it after that.
    std::fs::rename(&there, &away).unwrap();
    watch.wait_for("film is gone", |line| is_camera(line, "film", "lost"));
    let no_longer_live = |camera: &str, since: Timestamp| {
        let told = watch.wait_for(&format!("{camera} is gone"), |line| {
            line["key"] == format!("throng/v1/test/camera/{camera}/state")
                && line["payload"]["state"] != "live"
        });
        contention.assert_within(
            &format!("{camera} has no data"),
            since,
            time(&told, "since"),
            NO_DATA_WITHIN_SECS,
        );
    };
    let killed_at = wall_clock();
    drop(server);
    no_longer_live("street", killed_at);
    let killed_at = wall_clock();
    drop(sending);
    no_longer_live("flight", killed_at);
    for camera in ["film", "street", "flight"] {
        watch.wait_for(&format!("nothing is said of {camera}"), |line| is_density(line, camera, false));
    }

    let back = |camera: &str, since: Timestamp| {
        let live = watch.wait_for(&format!("{camera} is live again"), |line| is_camera(line, camera, "live"));
        assert!(live["payload"]["session"].as_u64() > Some(1), "{live}");
        contention.assert_within(&format!("{camera} is back"), since, time(&live, "since"), BACK_WITHIN_SECS);
        watch.wait_for(&format!("{camera} is counted again"), |line| is_density(line, camera, true));
    };
    std::fs::rename(&away, &there).unwrap();
    back("film", wall_clock());
    let _server = RtspServer::h264(port);
    back("street", wall_clock());
    let _sending = flight.send(flight_port);
    back("flight", wall_clock());
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
