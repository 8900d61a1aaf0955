//! What Prometheus reads, and that alerts and dashboard ask for nothing else.

use std::{collections::BTreeSet, path::Path, process::Command, sync::Arc, time::SystemTime};

use throng_analytics::{time::Timestamp, wire};
use throng_console::RoomEvent;
use throng_history::History;

use crate::support::Server;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap())
}

/// An example of a message as if it came now.
macro_rules! heard {
    ($event:ident, $file:literal) => {{
        let golden = include_str!(concat!("../../../../analytics/wire/v1/golden/", $file));
        let mut message: wire::$event = serde_json::from_str(golden).unwrap();
        message.envelope.captured_at = Some(now());
        message.envelope.published_at = now() + 0.05;
        RoomEvent::$event(Box::new(message))
    }};
}

/// What a console prints that has heard of a zone, a camera and a loudspeaker.
fn printed() -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    let server = Server::start_with(Arc::new(History::open(&file).unwrap()));
    let speaker = include_str!("../../../../analytics/wire/v1/golden/speaker_state.json");
    let speaker: Box<wire::SpeakerState> = serde_json::from_str(speaker).unwrap();
    for event in [
        heard!(ZoneDensity, "density.json"),
        heard!(ZoneRisk, "risk.json"),
        heard!(ZoneState, "zone_state.json"),
        heard!(CameraState, "camera_state.json"),
        RoomEvent::SpeakerState(speaker),
    ] {
        server.console.hear(event);
    }
    server.console.settle();
    minreq::get(format!("{}metrics", server.console.url())).send().unwrap().as_str().unwrap().to_owned()
}

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with("throng_"))
        .collect()
}

#[test]
fn alerts_and_dashboard_ask_for_what_the_console_prints() {
    let printed = printed();
    let with_values: BTreeSet<&str> = printed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    assert!(with_values.len() >= 15, "{printed}");
    for file in ["prometheus/throng.rules.yml", "grafana/throng.json"] {
        let text = std::fs::read_to_string(Path::new(DEPLOY).join(file)).unwrap();
        let asked = names(&text);
        assert!(asked.len() >= 8, "{file}");
        let missing: Vec<_> = asked.difference(&with_values).collect();
        assert!(missing.is_empty(), "{file} asks for {missing:?}, which is not in\n{printed}");
    }
}

#[test]
fn a_site_that_counts_elsewhere_than_it_was_asked_to_is_told() {
    let fallen_back = r#"throng_counter_fallback{site="stadium",device="cpu",asked="cuda:0, cuda:1"} 1"#;
    let printed = printed();
    assert!(printed.lines().any(|line| line == fallen_back), "{printed}");
}

#[test]
fn the_dashboard_is_one() {
    let text = std::fs::read_to_string(Path::new(DEPLOY).join("grafana/throng.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    for panel in panels {
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{panel}");
        assert!(panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()), "{panel}");
    }
}

#[test]
fn promtool_takes_the_files_and_the_alerts_go_off_when_they_should() {
    let folder = Path::new(DEPLOY).join("prometheus");
    for arguments in [
        &["check", "config", "prometheus.yml"][..],
        &["check", "rules", "throng.rules.yml"],
        &["test", "rules", "throng.rules.test.yml"],
    ] {
        let Ok(output) = Command::new("promtool").args(arguments).current_dir(&folder).output() else {
            eprintln!("skipped: promtool is not installed (Debian: prometheus)");
            return;
        };
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
    }
}
