//! Pictures that lie, by the real program: each lie is filmed, compressed and run as a site; what was published while it
//! lasted must not be fresh and must say why, and afterwards the site must be well again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage};
use serde_json::Value;
use throng::{
    stream::writer::VideoWriter,
    vision::watch::lies::{Liar, MadeLie},
};
use throng_samples::rng::Rng;

const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tests/fixtures/brightness.toml");
const SIZE_PX: (u32, u32) = (256, 192);
const FPS: f64 = 5.0;

/// How long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

/// The street without people, luma.
static GROUND: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let luma = |x: u32, y: u32| {
        let (u, v) = (f64::from(x), f64::from(y));
        let texture = 30.0 * (0.31 * u + 0.02 * v).sin() + 25.0 * (0.23 * v + 0.05 * u).cos();
        120.0 + texture + if (x / 40 + y / 30).is_multiple_of(2) { 20.0 } else { -15.0 }
    };
    (0..SIZE_PX.1).flat_map(|y| (0..SIZE_PX.0).map(move |x| luma(x, y))).collect()
});

/// A textured street with walkers, and the noise of a sensor.
fn street(secs: f64, rng: &mut Rng) -> RgbImage {
    RgbImage::from_fn(SIZE_PX.0, SIZE_PX.1, |x, y| {
        let (u, v) = (f64::from(x), f64::from(y));
        let walker = (0..4).any(|walker| {
            let pace = 17.0 + 7.3 * f64::from(walker);
            let at = (40.0 * f64::from(walker) + pace * secs) % 320.0 - 30.0;
            (u - at).abs() < 7.0 && (v - 45.0 - 25.0 * f64::from(walker)).abs() < 16.0
        });
        let luma =
            if walker { 220.0 } else { GROUND[(y * SIZE_PX.0 + x) as usize] } + 14.0 * (rng.uniform() - 0.5);
        Rgb([luma.clamp(0.0, 255.0) as u8; 3])
    })
}

/// A film of the street with `lie` in its middle; the seconds of its begin and its end.
fn film(path: &Path, lie: MadeLie, [before, told, after]: [f64; 3]) {
    let (mut rng, mut liar) = (Rng::new(7), Liar::new(lie));
    let mut writer = VideoWriter::create(path, SIZE_PX.0, SIZE_PX.1, FPS).unwrap();
    for i in 0..((before + told + after) * FPS) as u32 {
        let at = f64::from(i) / FPS;
        let truth = street(at, &mut rng);
        let picture = if (before..before + told).contains(&at) {
            liar.tell(truth)
        } else {
            liar.see(&truth, at);
            truth
        };
        writer.push(&picture, at).unwrap();
    }
    writer.finish().unwrap();
}

/// A site with one camera over the film and one zone.
fn site(folder: &Path, bus: &str) {
    let text = format!(
        "[site]\nid = \"test\"\n[model]\ncard = \"{CARD}\"\ndevice = \"cpu\"\n[bus]\n{bus}\n[[camera]]\nid = \"cam\"\n\
         uri = \"film.mkv\"\ncount_fps = 5\n[camera.uncalibrated]\nground_width_m = 20\nimage_size_px = [256, 192]\n\
         [[zone]]\nid = \"all\"\npolygon_m = [[4, 4], [16, 4], [16, 10], [4, 10]]\nprofile = \"street_flat\"\n\
         capacity_people = 4000\n"
    );
    fs::write(folder.join("site.toml"), text).unwrap();
}

/// A port of loopback on which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The state of the zone, second by second.
fn zones_of_a_run(folder: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_throng"))
        .current_dir(folder)
        .args(["run", "site.toml", "--as-fast-as-possible", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] == "zones").map(|line| line["zones"][0].clone()).collect()
}

#[test]
fn no_lie_is_published_as_knowledge_and_the_truth_is_believed_again() {
    for (lie, words, worst) in [
        (MadeLie::Frozen, "frozen", "lost"),
        (MadeLie::Looped, "loop", "stale"),
        (MadeLie::Black, "black", "lost"),
        (MadeLie::Noise, "noise", "lost"),
        (MadeLie::Covered, "covered", "lost"),
        (MadeLie::Defocused, "focus", "lost"),
        (MadeLie::Nudged, "nudged", "stale"),
        (MadeLie::Rain, "rain", "degraded"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        film(&folder.path().join("film.mkv"), lie, [20.0, 36.0, 20.0]);
        site(folder.path(), &format!("listen = [\"tcp/127.0.0.1:{}\"]", free_port()));
        let zones = zones_of_a_run(folder.path());
        let freshness: Vec<&str> = zones.iter().filter_map(|zone| zone["freshness"].as_str()).collect();
        let part = |from: f64, to: f64| {
            let n = freshness.len() as f64 / 76.0;
            &freshness[(from * n) as usize..((to * n) as usize).min(freshness.len())]
        };
        assert!(part(2.0, 18.0).iter().all(|state| *state == "fresh"), "{lie:?}: {freshness:?}");
        assert!(part(20.0, 60.0).contains(&worst), "{lie:?}: {freshness:?}");
        assert_eq!(freshness.last(), Some(&"fresh"), "{lie:?}: {freshness:?}");
        let says = |zone: &Value| zone["notes"].to_string().contains(words);
        assert!(
            zones.iter().any(says),
            "{lie:?}: {:?}",
            zones.iter().map(|z| &z["notes"]).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_frozen_camera_is_degraded_on_the_bus_with_its_cause_and_live_again() {
    let folder = tempfile::tempdir().unwrap();
    film(&folder.path().join("film.mkv"), MadeLie::Frozen, [14.0, 8.0, 8.0]);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    site(folder.path(), &format!("listen = [\"{endpoint}\"]"));
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
        command.current_dir(folder.path()).stderr(Stdio::null());
        command
    };
    let mut run = program().args(["run", "site.toml"]).stdout(Stdio::null()).spawn().unwrap();
    let mut watch = program()
        .args(["watch", "throng/v1/*/camera/*/state", "--json", "--connect", &endpoint])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let mut states: Vec<(String, String)> = Vec::new();
    for line in BufReader::new(watch.stdout.take().unwrap()).lines() {
        let state: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let word = |key: &str| state["payload"][key].as_str().unwrap_or_default().to_owned();
        let told = (word("state"), word("cause"));
        if states.last().is_none_or(|last| last.0 != told.0) {
            states.push(told);
        }
        if states.iter().any(|(state, _)| state == "degraded") && states.last().unwrap().0 == "live" {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "{states:?}");
        assert!(states.last().unwrap().0 != "ended", "{states:?}");
    }
    for child in [&mut run, &mut watch] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let cause = states.iter().find(|(state, _)| state == "degraded").map_or("", |(_, cause)| cause);
    assert!(cause.contains("the picture is frozen"), "{states:?}");
}
