//! The real program: an agent beside its loudspeaker, and people who speak to it over the bus.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Killed, free_port, speaker_file, wait_for};

/// An agent beside its loudspeaker, on a bus of its own.
pub(crate) struct Pole {
    folder: TempDir,
    port: u16,
    _agent: Killed,
}

impl Pole {
    /// An agent that writes what it says into files; orange needs one person.
    fn start(policy: &str) -> Self {
        Self::with_output("kind = \"file\"\nfolder = \"said\"", policy)
    }

    pub(crate) fn with_output(output: &str, policy: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let bus = format!("[bus]\nlisten = [\"tcp/127.0.0.1:{port}\"]\n{policy}");
        let file = speaker_file(folder.path(), output, &bus);
        let stderr = folder.path().join("stderr");
        let agent = Command::new(env!("CARGO_BIN_EXE_throng"))
            .arg("speaker")
            .arg(&file)
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let agent = Killed(agent);
        wait_for("the agent", || fs::read_to_string(&stderr).unwrap().contains("listens").then_some(()));
        Self { folder, port, _agent: agent }
    }

    pub(crate) fn command(&self, who: &str, issuer: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
        let key = self.folder.path().join(format!("{who}.pem"));
        command
            .args([
                "speak",
                "pole",
                "--site",
                "test",
                "--json",
                "--connect",
                &format!("tcp/127.0.0.1:{}", self.port),
            ])
            .args(["--key", key.to_str().unwrap(), "--key-id", who, "--issuer", issuer])
            .args(arguments);
        command
    }

    pub(crate) fn speak(&self, who: &str, issuer: &str, arguments: &[&str]) -> Output {
        self.command(who, issuer, arguments).output().unwrap()
    }

    fn said(&self) -> usize {
        fs::read_dir(self.folder.path().join("said")).map_or(0, Iterator::count)
    }
}

fn outcomes(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["outcome"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_announcement_waits_for_a_second_person_is_said_and_leaves_a_whole_trail() {
    let pole = Pole::start("[policy]\norange = { people = 2 }");
    let list = pole.speak("ann", "Ann", &["--list"]);
    let state: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(
        (&state["armed"], &state["announcements"][0]),
        (&Value::Bool(true), &Value::from("do-not-crowd"))
    );

    let asked: Child = pole
        .command("ann", "Ann", &["do-not-crowd", "--level", "orange"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let waiting = wait_for("the request", || {
        let list = pole.speak("bob", "Bob", &["--list"]);
        let state: Value = serde_json::from_slice(&list.stdout).ok()?;
        state["awaiting_confirmation"][0].as_str().map(str::to_owned)
    });
    assert_eq!(pole.said(), 0);
    let confirmed = pole.speak("bob", "Bob", &["--confirm", &waiting]);
    assert!(confirmed.status.success(), "{}", String::from_utf8_lossy(&confirmed.stderr));
    let asked = asked.wait_with_output().unwrap();
    let outcomes = outcomes(&asked);
    assert_eq!(outcomes.first().map(String::as_str), Some("awaiting_confirmation"), "{outcomes:?}");
    assert_eq!(outcomes.last().map(String::as_str), Some("finished"), "{outcomes:?}");
    assert_eq!(pole.said(), 1);

    let trail = pole.folder.path().join("trail");
    let verified = |path: &Path| {
        Command::new(env!("CARGO_BIN_EXE_throng"))
            .args(["speaker", "--verify-trail"])
            .arg(path)
            .output()
            .unwrap()
    };
    assert!(verified(&trail).status.success());
    let changed = fs::read_to_string(&trail).unwrap().replace("Ann", "Eve");
    fs::write(&trail, changed).unwrap();
    assert!(!verified(&trail).status.success());
}

#[test]
fn a_drill_is_silent_and_an_unknown_announcement_and_a_stranger_are_refused() {
    let pole = Pole::start("");
    let drill = pole.speak("ann", "Ann", &["do-not-crowd", "--drill"]);
    assert_eq!(outcomes(&drill), ["accepted", "started", "finished"]);
    let unknown = pole.speak("ann", "Ann", &["hello"]);
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("not approved"));
    // Signed with a key that is not the one of that name.
    let forged = pole.speak("bob", "Ann", &["do-not-crowd", "--for", "3s"]);
    assert!(!forged.status.success());
    assert_eq!(pole.said(), 0);
    let aborted = pole.speak("ann", "Ann", &["--abort"]);
    assert!(aborted.status.success(), "{}", String::from_utf8_lossy(&aborted.stderr));
}

#[test]
fn every_error_of_a_file_is_told_at_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("speaker.toml");
    let text = r#"
[speaker]
id = "Gate Pole"
site = "test"
[output]
kind = "rtp"
uri = "rtp://amplifier"
[policy]
cool_down_secs = -1
orange = { people = 3 }
quiet_hours = { from = "25:00", until = "06:00" }
[[key]]
id = "ann"
issuer = "Ann"
file = "absent.pem"
[[announcement]]
id = "nothing"
"#;
    fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_throng")).arg("speaker").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for key in [
        "speaker.id",
        "output.uri",
        "policy.cool_down_secs",
        "policy.orange.people",
        "policy.quiet_hours.from",
        "key[0].file",
        "announcement[0]",
    ] {
        assert!(said.contains(key), "{key} is not in {said}");
    }
}
