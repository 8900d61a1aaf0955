//! Loudspeakers and conventions against real counterparts: RTP that is received and decoded, brokers, telephones, servers,
//! and the real program with its orders on the bus.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::print_stdout, reason = "what a test skips is for whoever runs it")]

mod agent;
#[path = "../conventions/conventions.rs"]
mod conventions;
mod dispatch;
mod drivers;
#[path = "../conventions/encrypted.rs"]
mod encrypted;
#[path = "../conventions/gb28181.rs"]
mod gb28181;
#[path = "../conventions/golden.rs"]
mod golden;
mod microphone;
#[path = "../conventions/modbus.rs"]
mod modbus;
#[path = "../conventions/onvif_events.rs"]
mod onvif_events;
mod program;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

/// How long anything may take on a busy machine before the test gives up on it.
const DEADLINE: Duration = Duration::from_secs(90);

/// A program that is killed when the test ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Waits for something, within the deadline.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}

/// A TCP port of loopback on which nobody listens.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A key pair made by openssl: the private and the public file.
fn key(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (private, public) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.pub.pem")));
    let run =
        |arguments: &[&str]| assert!(Command::new("openssl").args(arguments).status().unwrap().success());
    run(&["genpkey", "-algorithm", "ed25519", "-out", private.to_str().unwrap()]);
    run(&["pkey", "-in", private.to_str().unwrap(), "-pubout", "-out", public.to_str().unwrap()]);
    (private, public)
}

/// A loudspeaker file with one announcement and the given output, bus and policy; keys `site`, `ann` and `bob`.
fn speaker_file(folder: &Path, output: &str, more: &str) -> PathBuf {
    for name in ["site", "ann", "bob"] {
        key(folder, name);
    }
    let path = folder.join("speaker.toml");
    let text = format!(
        r#"
{more}

[speaker]
id = "pole"
site = "test"
armed_at_start = true

[output]
{output}

[sound]
library = "library.toml"
chime = false

[[key]]
id = "site"
issuer = "site test"
file = "site.pub.pem"

[[key]]
id = "ann"
issuer = "Ann"
file = "ann.pub.pem"
person = true

[[key]]
id = "bob"
issuer = "Bob"
file = "bob.pub.pem"
person = true
"#
    );
    std::fs::write(&path, text).unwrap();
    let library = r#"
[[announcement]]
id = "do-not-crowd"
zh = "请不要拥挤，避免发生踩踏事故。"
vapix_clip = 3
"#;
    std::fs::write(folder.join("library.toml"), library).unwrap();
    path
}
