//! The contract on a live bus: every message has its envelope, and the site answers what it is asked.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use throng::publish::{Network, open_session};
use throng_analytics::wire;

use super::{
    gate::{film, site},
    support::{PATIENCE, free_port, runtime},
    warnings::Program,
};

/// The first answer to a query.
async fn ask(session: &zenoh::Session, selector: &str) -> (String, Value) {
    let replies = session.get(selector).timeout(PATIENCE).await.unwrap();
    let reply = tokio::time::timeout(PATIENCE, replies.recv_async()).await.unwrap();
    let sample = reply.unwrap_or_else(|_none| panic!("nobody answers {selector}")).into_result().unwrap();
    (sample.encoding().to_string(), serde_json::from_slice(&sample.payload().to_bytes()).unwrap())
}

#[test]
fn every_message_has_its_envelope_and_the_site_answers_for_itself() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 30);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site(folder.path(), &format!("listen = [\"{endpoint}\"]\noutbox = \"outbox.sqlite\""));
    let text = std::fs::read_to_string(&site).unwrap();
    std::fs::write(&site, format!("# see rtsp://viewer:s3cret@10.0.0.7/main\n{text}")).unwrap();
    let (run_said, watch_said) = (folder.path().join("run.txt"), folder.path().join("watch.txt"));
    let watch = Program::start(&["watch", "--json", "--connect", &endpoint], &watch_said);
    let _run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);

    let mut kinds = std::collections::BTreeSet::new();
    let seen = std::cell::RefCell::new(&mut kinds);
    watch.wait_for("a raised warning after one message of every kind", &watch_said, |line| {
        let payload = &line["payload"];
        let Some(schema) = payload["schema"].as_str() else { return false };
        assert_eq!(line["encoding"], format!("application/json;{schema}"));
        for member in ["site", "node", "config_sha256"] {
            assert!(payload[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {payload}");
        }
        assert!(payload["seq"].is_u64() && payload["drill"] == true, "{payload}");
        assert!(
            payload["published_at"].is_string() && payload["quality"]["calibrated"].is_boolean(),
            "{payload}"
        );
        assert_eq!(payload["model"]["sha256"].as_str().map(str::len), Some(64), "{payload}");
        if schema == "throng.camera_state.v1" {
            let on_cpu = serde_json::json!({ "devices": ["cpu"], "asked": ["cpu"] });
            assert_eq!(payload["counted_on"], on_cpu, "{payload}");
        } else if payload["freshness"] == "fresh" {
            assert!(payload["captured_at"].is_string(), "{payload}");
        }
        if schema == "throng.field.v1" {
            let densities = payload["density_people_per_100_m2"].as_array().unwrap();
            let cells = payload["columns"].as_u64().unwrap() * payload["rows"].as_u64().unwrap();
            assert_eq!(densities.len() as u64, cells, "{payload}");
            // The margin beyond what the camera sees is unknown, not empty.
            assert!(densities.iter().any(serde_json::Value::is_null), "{payload}");
        }
        seen.borrow_mut().insert(schema.to_owned());
        seen.borrow().len() >= 8
    });
    assert_eq!(
        kinds.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "throng.camera_state.v1",
            "throng.count.v1",
            "throng.density.v1",
            "throng.field.v1",
            "throng.flow.v1",
            "throng.risk.v1",
            "throng.warning.v1",
            "throng.zone_state.v1"
        ]
    );

    runtime().block_on(async {
        let session = open_session(&Network { connect: vec![endpoint], ..Network::default() }).await.unwrap();
        let (encoding, config) = ask(&session, "throng/v1/test/config").await;
        assert_eq!(encoding, "application/json;throng.config.v1");
        let config: wire::SiteConfig = serde_json::from_value(config).unwrap();
        assert!(config.text.contains("id = \"gate\"") && config.text.contains("rtsp://viewer:***@10.0.0.7"));
        assert!(!config.text.contains("s3cret"));
        let (_, history) = ask(&session, "throng/v1/test/history?zone=gate;limit=1").await;
        let history: wire::History = serde_json::from_value(history).unwrap();
        assert_eq!(history.warnings.len(), 1);
        assert_eq!(history.warnings[0].zone, "gate");
        let (_, state) = ask(&session, "throng/v1/test/zone/gate/state").await;
        assert_eq!(state["schema"], "throng.zone_state.v1");
        for (name, _) in wire::schemas() {
            let short = name.split('.').nth(1).unwrap();
            let (_, published) = ask(&session, &format!("throng/v1/test/schema/{short}")).await;
            let file =
                Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("analytics/wire/v1/schema/{short}.json"));
            let committed: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            assert_eq!(published, committed, "{name}");
        }
    });
}
