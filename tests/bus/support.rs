//! What the tests share: routers in this process, certificates, sites that only warn.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use throng::publish::{
    Arrival, Bus, BusHandle, BusOptions, BusState, Heard, Id, Network, OutboxOptions, Outgoing, Topic,
    Watcher,
};
use throng_analytics::time::Timestamp;
use zenoh::Session;

/// How long anything may take on a busy machine before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A port of loopback on which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A runtime for tests that also start processes.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A site on the bus without cameras.
pub(crate) async fn site(name: &str, network: Network, outbox: OutboxOptions) -> Bus {
    let options = BusOptions { network, site: id(name), node: id("box-1"), outbox, config: b"{}".to_vec() };
    Bus::open(options).await.unwrap()
}

/// A warning as `throng run` writes it, with what the tests look at.
pub(crate) fn warning(numbering: &str, zone: &str, seq: u64, expires_at: Option<Timestamp>) -> Outgoing {
    let payload = json!({
        "schema": "throng.warning.v1", "numbering": numbering, "seq": seq, "zone": zone, "level": 3,
        "text": { "en": "x".repeat(1500) },
    });
    let payload = payload.to_string().into_bytes();
    Outgoing { expires_at, seq: Some(seq), ..Outgoing::new(Topic::Warning(id(zone)), payload) }
}

/// The JSON of a message; `None` for signs of life.
pub(crate) fn message(arrival: &Arrival) -> Option<Value> {
    let Heard::Message { payload, .. } = &arrival.heard else { return None };
    serde_json::from_slice(payload).ok()
}

/// The next message that `wanted` takes.
pub(crate) async fn next(watcher: &mut Watcher, what: &str, wanted: impl Fn(&str, &Value) -> bool) -> Value {
    let search = async {
        loop {
            let arrival = watcher.next().await.expect("the session is open");
            if let Some(value) = message(&arrival).filter(|value| wanted(&arrival.key, value)) {
                return value;
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_late| panic!("{what} never came"))
}

pub(crate) async fn until(bus: &BusHandle, wanted: impl FnMut(&BusState) -> bool) {
    let mut states = bus.states();
    tokio::time::timeout(PATIENCE, states.wait_for(wanted)).await.expect("the state comes").unwrap();
}

/// A file of `deploy/zenoh` with texts replaced, written into a folder.
pub(crate) fn deployed(folder: &Path, file: &str, name: &str, replaced: &[(&str, &str)]) -> Network {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/zenoh").join(file);
    let mut text = std::fs::read_to_string(source).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from:?} is in {file}");
        text = text.replace(from, to);
    }
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    Network { config_file: Some(path), ..Network::default() }
}

/// Certificates made by the shipped script; further sites join the authority of the first.
pub(crate) fn certificates(folder: &TempDir, sites: &[&str]) -> Vec<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/zenoh/make-certificates.sh");
    let folders: Vec<PathBuf> = sites.iter().map(|site| folder.path().join(site)).collect();
    for (site, path) in sites.iter().zip(&folders) {
        std::fs::create_dir_all(path).unwrap();
        if path != &folders[0] {
            for file in ["ca.pem", "ca-key.pem"] {
                std::fs::copy(folders[0].join(file), path.join(file)).unwrap();
            }
        }
        let made = Command::new("bash").arg(&script).arg(path).args([site, "localhost"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    folders
}

/// The session of somebody with a role at a router, by the shipped configuration.
pub(crate) async fn role(certificates: &Path, role: &str, port: u16) -> Session {
    throng::publish::open_session(&role_network(certificates, role, port)).await.unwrap()
}

/// The same as a network to open.
pub(crate) fn role_network(certificates: &Path, role: &str, port: u16) -> Network {
    deployed(
        certificates,
        "role.json5",
        &format!("{role}-{port}.json5"),
        &[
            ("tls/bus.stadium.example.org:7447", &format!("tls/localhost:{port}")),
            ("/etc/throng/tls/analyser", &format!("/etc/throng/tls/{role}")),
            ("/etc/throng/tls", certificates.to_str().unwrap()),
        ],
    )
}
