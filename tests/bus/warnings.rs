//! From a film to warnings on the bus, by the real program: a second process sees them, a bus that comes late gets them,
//! and a stop on request loses nothing.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use throng::publish::{Network, Watcher};

use super::{
    gate::{CARD, film, site},
    support::free_port,
};

/// How long anything may take on a busy machine before the test gives up on it.
const DEADLINE: Duration = Duration::from_secs(90);

/// A program that is killed when the test ends, with what it wrote to stdout as it comes.
pub(crate) struct Program {
    pub(crate) child: Child,
    lines: Receiver<Value>,
}

impl Program {
    pub(crate) fn start(arguments: &[&str], stderr: &Path) -> Self {
        Self::start_with(arguments, &[], stderr)
    }

    /// The same with variables of the environment.
    pub(crate) fn start_with(arguments: &[&str], variables: &[(&str, &str)], stderr: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_throng"))
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(stderr).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        let read = move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("stdout".to_owned()).spawn(read).unwrap();
        Self { child, lines }
    }

    /// The first line that `wanted` holds for.
    pub(crate) fn wait_for(&self, what: &str, stderr: &Path, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + DEADLINE;
        let mut last = Value::Null;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if wanted(&line) {
                return line;
            }
            last = line;
        }
        panic!("{what} never came; last line: {last}; stderr: {}", said(stderr));
    }

    /// What is still to come, the summary last, once the program has ended by itself.
    pub(crate) fn rest(mut self, stderr: &Path) -> (Vec<Value>, Value) {
        let mut lines: Vec<Value> = self.lines.iter().collect();
        assert!(self.child.wait().unwrap().success(), "{}", said(stderr));
        let summary = lines.pop().unwrap();
        (lines, summary)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn said(stderr: &Path) -> String {
    let mut text = String::new();
    fs::File::open(stderr).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Names of the levels by their number on the bus.
const LEVELS: [&str; 5] = ["normal", "blue", "yellow", "orange", "red"];

/// The name of the level to which a warning on the bus went up, if it went up.
fn risen(arrived: &Value) -> Option<&'static str> {
    let transition = arrived["payload"]["transition"].as_str()?;
    let level = usize::try_from(arrived["payload"]["level"].as_u64()?).ok()?;
    matches!(transition, "raised" | "escalated").then(|| LEVELS[level])
}

#[test]
fn a_second_process_sees_the_warnings_that_a_run_counts() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 12);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(folder.path(), &format!("listen = [\"{endpoint}\"]"));
    let (run_said, watch_said) = (folder.path().join("run.txt"), folder.path().join("watch.txt"));
    let watch =
        Program::start(&["watch", "throng/v1/*/warning/*", "--json", "--connect", &endpoint], &watch_said);
    let run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    let seen = std::cell::RefCell::new(Vec::new());
    let red = watch.wait_for("a red warning", &watch_said, |arrived| {
        seen.borrow_mut().extend(risen(arrived));
        risen(arrived) == Some("red")
    });
    assert_eq!(red["key"], "throng/v1/test/warning/gate");
    assert_eq!(red["encoding"], "application/json;throng.warning.v1");
    assert_eq!(red["payload"]["drill"], true);
    assert!(red["payload"]["text"]["en"].as_str().unwrap().starts_with("DRILL: "), "{red}");

    let (lines, summary) = run.rest(&run_said);
    let raised: Vec<&str> = lines
        .iter()
        .filter(|line| line["transition"] == "raised" || line["transition"] == "escalated")
        .map(|line| line["level"].as_str().unwrap())
        .collect();
    let mut seen = seen.into_inner();
    // A warning is repeated for those who came late.
    seen.dedup();
    assert_eq!(seen, raised, "{summary}");
    for level in ["blue", "yellow", "orange", "red"] {
        let times = raised.iter().filter(|raised| **raised == level).count();
        assert_eq!(summary["warnings"][level], times, "{summary}");
    }
    assert_eq!(summary["zones"]["gate"]["level_max"], "red", "{summary}");
}

#[test]
fn a_bus_that_is_down_is_said_and_gets_its_warnings_when_it_is_back() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 30);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(folder.path(), &format!("connect = [\"{endpoint}\"]"));
    let run_said = folder.path().join("run.txt");
    let run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    let raised = run.wait_for("a warning", &run_said, |line| {
        line["event"] == "warning" && line["transition"] == "raised"
    });
    assert!(said(&run_said).contains(&format!("bus: down, waiting for {endpoint}")), "{}", said(&run_said));

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arrived = runtime.block_on(async {
        let network = Network { listen: vec![endpoint], ..Network::default() };
        let mut bus = Watcher::open(&network, "throng/v1/*/warning/*", false).await.unwrap();
        tokio::time::timeout(DEADLINE, bus.next())
            .await
            .unwrap_or_else(|_late| panic!("the warning never came; stderr: {}", said(&run_said)))
    });
    let arrival = arrived.unwrap();
    let throng::publish::Heard::Message { payload, .. } = arrival.heard else { panic!("{arrival:?}") };
    let warning: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(arrival.key, "throng/v1/test/warning/gate");
    assert_eq!(warning["incident"], raised["incident"], "{warning}");
}

#[test]
fn a_run_that_is_told_to_stop_says_what_it_did() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 60);
    let site = site(folder.path(), &format!("listen = [\"tcp/127.0.0.1:{}\"]", free_port()));
    let run_said = folder.path().join("run.txt");
    let run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    run.wait_for("a counted zone", &run_said, |line| line["zones"][0]["people"].is_number());
    let pid = run.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (_, summary) = run.rest(&run_said);
    let dropped: u64 =
        summary["frames_dropped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let counted = summary["frames_counted"].as_u64().unwrap();
    assert_eq!(summary["frames_decoded"], counted + dropped, "{summary}");
    assert!(!said(&run_said).contains("panicked"), "{}", said(&run_said));
}

/// `throng run` on a site that must fail, and all it said.
fn failure(site: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(["run", site.to_str().unwrap(), "--as-fast-as-possible"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
    said
}

#[test]
fn footage_that_gives_no_picture_is_named_with_its_reason() {
    let folder = TempDir::new().unwrap();
    let film_path = folder.path().join("film.mkv");
    film(&film_path, 1);
    let whole = fs::read(&film_path).unwrap();
    let site = site(folder.path(), &format!("listen = [\"tcp/127.0.0.1:{}\"]", free_port()));
    for (bytes, reason) in [
        (None, "film.mkv"),
        (Some(&b""[..]), "names an empty file"),
        (Some(&b"this is a text, and no film at all"[..]), "film.mkv"),
        (Some(&whole[..whole.len() / 50]), "film.mkv"),
    ] {
        match bytes {
            Some(bytes) => fs::write(&film_path, bytes).unwrap(),
            None => fs::remove_file(&film_path).unwrap(),
        }
        let said = failure(&site);
        assert!(said.contains(reason), "{reason:?} is not in {said}");
    }
}

#[test]
fn a_model_that_is_absent_or_another_than_its_card_says_is_refused() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 1);
    let site = site(folder.path(), &format!("listen = [\"tcp/127.0.0.1:{}\"]", free_port()));
    let card = folder.path().join("card.toml");
    fs::copy(CARD, &card).unwrap();
    let text = fs::read_to_string(&site).unwrap().replace(CARD, card.to_str().unwrap());
    fs::write(&site, text).unwrap();
    let absent = failure(&site);
    assert!(absent.contains("brightness.onnx"), "{absent}");
    let mut model = fs::read(Path::new(CARD).with_file_name("brightness.onnx")).unwrap();
    model.push(0);
    fs::write(folder.path().join("brightness.onnx"), model).unwrap();
    let other = failure(&site);
    assert!(other.contains("brightness.onnx") && other.to_lowercase().contains("sha"), "{other}");
}
