//! The service units and site files of `deploy/`, as systemd and `throng check` see them.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;
use throng::publish::signature::generated_key;

fn deploy() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy"))
}

#[test]
fn every_unit_is_one_that_systemd_takes_without_a_word() {
    let folder = TempDir::new().unwrap();
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("systemd-analyze is not installed: the units are not verified.");
        return;
    }
    for unit in [
        "ground-station/throng-site",
        "video-room/throng-site",
        "video-room/throng-room",
        "video-room/throng-console",
        "loudspeaker/throng-speaker",
    ] {
        let text = fs::read_to_string(deploy().join(unit).with_extension("service")).unwrap();
        // The program that was built stands for the one that is installed.
        let text = text.replace("/usr/local/bin/throng", env!("CARGO_BIN_EXE_throng"));
        assert!(text.contains("Type=notify\n") && text.contains("\nWatchdogSec="), "{unit} is not watched");
        let path = folder.path().join(Path::new(unit).file_name().unwrap()).with_extension("service");
        fs::write(&path, &text).unwrap();
        let verified = Command::new("systemd-analyze").arg("verify").arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && said.trim().is_empty(), "{unit}: {said}");
        let threat = Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--threshold=40"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(threat.status.success(), "{unit}: {}", String::from_utf8_lossy(&threat.stdout));
    }
}

#[test]
fn every_site_file_is_in_order() {
    for site in ["ground-station/site.toml", "video-room/site.toml"] {
        let checked = Command::new(env!("CARGO_BIN_EXE_throng"))
            .arg("check")
            .arg(deploy().join(site))
            .envs([("AIR_PASSWORD", "x"), ("GATE_NORTH_PASSWORD", "x")])
            .output()
            .unwrap();
        assert!(checked.status.success(), "{site}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn the_loudspeaker_s_file_is_in_order_once_its_keys_are_there() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("speaker.toml");
    fs::copy(deploy().join("loudspeaker/speaker.toml"), &file).unwrap();
    let check = || {
        Command::new(env!("CARGO_BIN_EXE_throng")).args(["speaker", "--check"]).arg(&file).output().unwrap()
    };
    let said = String::from_utf8_lossy(&check().stderr).into_owned();
    assert!(said.contains("keys/duty-officer-1.pub.pem"), "{said}");
    fs::create_dir(folder.path().join("keys")).unwrap();
    for name in ["site-gate-north", "duty-officer-1", "duty-officer-2"] {
        let (_, public) = generated_key().unwrap();
        fs::write(folder.path().join(format!("keys/{name}.pub.pem")), public).unwrap();
    }
    let checked = check();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn systemd_is_told_that_a_site_is_up_and_that_it_lives() {
    let folder = TempDir::new().unwrap();
    super::gate::film(&folder.path().join("film.mkv"), 30);
    let site = super::gate::site(
        folder.path(),
        &format!("listen = [\"tcp/127.0.0.1:{}\"]", super::support::free_port()),
    );
    let socket_path = folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&socket_path).unwrap();
    socket.set_read_timeout(Some(super::support::PATIENCE)).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_throng"))
        .arg("run")
        .arg(&site)
        .env("NOTIFY_SOCKET", &socket_path)
        .env("WATCHDOG_USEC", "400000")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let hear = || {
        let mut datagram = [0; 256];
        let length = socket.recv(&mut datagram).unwrap();
        String::from_utf8_lossy(&datagram[..length]).into_owned()
    };
    assert!(hear().contains("READY=1"));
    for _ in 0..3 {
        assert!(hear().contains("WATCHDOG=1"));
    }
    assert!(Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap().success());
    while !hear().contains("STOPPING=1") {}
    assert!(run.wait().unwrap().success());
}
