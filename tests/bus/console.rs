//! A console beside a site that dies: what was red is UNKNOWN then, and never NORMAL.

use std::{
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    gate::{film, site},
    support::{PATIENCE, free_port},
    warnings::{Program, said},
};

/// Pause between two looks at the pages.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Asks for a page by TLS and says how it was answered: address, trusted certificate (none: the system's), token.
const ASK: &str = "\
import ssl, sys, urllib.error, urllib.request
address, authorities, token = sys.argv[1:]
trust = ssl.create_default_context(cafile=authorities or None)
request = urllib.request.Request(address, headers={'Authorization': 'Bearer ' + token})
try:
    print(urllib.request.urlopen(request, context=trust).status)
except urllib.error.HTTPError as error:
    print(error.code)
except urllib.error.URLError as error:
    print(error.reason)
";

/// What `look` finds, within the test's patience.
fn wait_for<T>(what: &str, stderr: &Path, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(found) = look() {
            return found;
        }
        sleep(LOOK_EVERY);
    }
    panic!("{what} never came; stderr: {}", said(stderr))
}

/// What a console says of its address and its first password, once it has started.
fn greeting(stderr: &Path) -> (String, String) {
    wait_for("the first password", stderr, || {
        let text = said(stderr);
        let url = text.split("Console: ").nth(1)?.lines().next()?.trim().to_owned();
        Some((url, text.split("password \"").nth(1)?.split('"').next()?.to_owned()))
    })
}

/// Somebody at the console's pages.
struct Visitor {
    url: String,
    cookie: String,
}

impl Visitor {
    /// Logs in with what the console said at its first start.
    fn log_in(stderr: &Path) -> Self {
        let (url, password) = greeting(stderr);
        let answer = minreq::post(format!("{url}api/v1/login"))
            .with_header("content-type", "application/json")
            .with_body(json!({ "user": "administrator", "password": password }).to_string())
            .send()
            .unwrap();
        assert_eq!(answer.status_code, 200, "{}", answer.as_str().unwrap());
        let cookie = answer.headers.get("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { url, cookie }
    }

    /// The only zone of the site, once the room knows it.
    fn zone(&self) -> Option<Value> {
        let answer =
            minreq::get(format!("{}api/v1/room", self.url)).with_header("cookie", &self.cookie).send();
        let room: Value = serde_json::from_str(answer.unwrap().as_str().unwrap()).unwrap();
        room["zones"].as_array()?.first().cloned()
    }
}

#[test]
fn a_zone_whose_site_is_killed_is_unknown_at_the_console_and_never_normal() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 30);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(folder.path(), &format!("listen = [\"{endpoint}\"]"));
    let (run_said, console_said) = (folder.path().join("run.txt"), folder.path().join("console.txt"));
    let kept = folder.path().join("console");
    let _console = Program::start(
        &[
            "console",
            "--listen",
            "127.0.0.1:0",
            "--connect",
            &endpoint,
            "--console-data",
            kept.to_str().unwrap(),
        ],
        &console_said,
    );
    let visitor = Visitor::log_in(&console_said);
    let mut run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    let red = wait_for("red", &run_said, || visitor.zone().filter(|zone| zone["level"] == "red"));
    assert!(red["density"]["mean"].as_f64().is_some_and(|density| density > 2.0), "{red}");

    // Kill -9: nobody says goodbye.
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    let gone = wait_for("UNKNOWN", &console_said, || {
        let zone = visitor.zone().unwrap();
        assert!(zone["level"] == "red" || zone["level"].is_null(), "{zone}");
        zone["level"].is_null().then_some(zone)
    });
    assert_eq!((&gone["freshness"], &gone["last_level"]), (&"lost".into(), &"red".into()), "{gone}");
    assert!(gone["density"]["mean"].is_null() && gone["people"].is_null(), "{gone}");
}

#[test]
fn a_console_is_served_with_the_certificate_it_is_given_and_tells_prometheus_by_token() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (certificate, key) = (file("room.pem"), file("room-key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=room"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let console_said = folder.path().join("console.txt");
    let _console = Program::start_with(
        &[
            "console",
            "--listen",
            "127.0.0.1:0",
            "--console-data",
            &file("console"),
            "--console-certificate",
            &certificate,
            "--console-certificate-key",
            &key,
        ],
        &[("THRONG_METRICS_TOKEN", "let-me-read")],
        &console_said,
    );
    let (url, _) = greeting(&console_said);
    let metrics = format!("{url}metrics");
    let answer = |authorities: &str, token: &str| {
        let asked = Command::new("/usr/bin/python3").args(["-c", ASK, &metrics, authorities, token]).output();
        String::from_utf8_lossy(&asked.unwrap().stdout).trim().to_owned()
    };
    assert_eq!(answer(&certificate, "let-me-read"), "200", "{}", said(&console_said));
    // Being local is not enough once there is a token, and a certificate that nobody vouches for is none.
    assert_eq!(answer(&certificate, "guessed"), "401");
    assert!(answer("", "let-me-read").contains("CERTIFICATE_VERIFY_FAILED"));
    assert!(!said(&console_said).contains("let-me-read"));
}

#[test]
fn a_console_serves_tiles_from_its_folder_and_does_not_start_without_them() {
    let folder = TempDir::new().unwrap();
    let (tiles, kept) = (folder.path().join("tiles"), folder.path().join("console"));
    std::fs::create_dir_all(tiles.join("3/5")).unwrap();
    let arguments = |tiles: &Path| {
        ["console", "--listen", "127.0.0.1:0", "--connect", &format!("tcp/127.0.0.1:{}", free_port())]
            .map(str::to_owned)
            .into_iter()
            .chain(
                ["--console-data", kept.to_str().unwrap(), "--tiles", tiles.to_str().unwrap()]
                    .map(str::to_owned),
            )
            .collect::<Vec<_>>()
    };
    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(arguments(&tiles.join("3/5")))
        .output()
        .unwrap();
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("there are no tiles in"), "{why}");

    std::fs::write(tiles.join("3/5/2.png"), "a tile").unwrap();
    let console_said = folder.path().join("console.txt");
    let arguments = arguments(&tiles);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let _console = Program::start(&arguments, &console_said);
    let visitor = Visitor::log_in(&console_said);
    let get = |path: &str| {
        minreq::get(format!("{}api/v1/{path}", visitor.url))
            .with_header("cookie", &visitor.cookie)
            .send()
            .unwrap()
    };
    let room: Value = serde_json::from_str(get("room").as_str().unwrap()).unwrap();
    assert_eq!(room["tiles"], json!({ "min_zoom": 3, "max_zoom": 3, "credit": "" }));
    assert_eq!((get("tiles/3/5/2").as_bytes(), get("tiles/3/5/3").status_code), (&b"a tile"[..], 404));
}
