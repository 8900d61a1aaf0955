//! Warnings by TLS: to a log, a webhook and a broker whose certificate an authority vouches for, and to nobody else.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;
use throng::{
    config::speaker_plan::{Address, Identity},
    connection::Connection,
    mqtt::Client,
    publish::conventions::{Conventions, OutletPlan, Secret},
};

use super::{DEADLINE, Killed, conventions::warning, free_port, wait_for};

/// An authority, a server's certificate for 127.0.0.1 and those of the roles, made by the shipped script.
pub(crate) fn authority(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/zenoh/make-certificates.sh");
    let made = Command::new("bash").arg(script).arg(folder).args(["test", "127.0.0.1"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn address(scheme: &str, port: u16, ca: PathBuf) -> Address {
    Address {
        scheme: scheme.to_owned(),
        user: String::new(),
        password: String::new(),
        host: "127.0.0.1".to_owned(),
        port,
        path: "/warning".to_owned(),
        ca: Some(ca),
        identity: None,
    }
}

/// A certificate of a folder of [`authority`].
pub(crate) fn identity(folder: &Path, name: &str) -> Identity {
    let file = |end: &str| folder.join(format!("{name}{end}.pem"));
    Identity { certificate: file(""), key: file("-key") }
}

pub(crate) type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A server with the authority's certificate that takes one connection.
pub(crate) fn accept(listener: &TcpListener, certificates: &Path) -> Tls {
    let chain = CertificateDer::pem_file_iter(certificates.join("router.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificates.join("router-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let (socket, _) = listener.accept().unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), socket)
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn a_log_a_map_and_a_webhook_get_a_warning_by_tls() {
    let folder = TempDir::new().unwrap();
    authority(folder.path());
    let ca = folder.path().join("ca.pem");
    let ((log, log_port), (map, map_port), (hook, hook_port)) = (listener(), listener(), listener());
    let plans = [
        OutletPlan::Cot { to: address("tls", map_port, ca.clone()) },
        OutletPlan::Syslog { to: address("tls", log_port, ca.clone()) },
        OutletPlan::Webhook { to: address("https", hook_port, ca), secret: Secret("s3cret".to_owned()) },
    ];
    let conventions = Conventions::start(&plans, &[], &[]).unwrap();
    conventions.tell(&Arc::new(warning()));

    let mut line = String::new();
    accept(&log, folder.path()).read_to_string(&mut line).unwrap();
    let (length, line) = line.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), line.len());
    assert!(line.starts_with("<130>1 ") && line.contains("level=\"orange\""), "{line}");

    let mut event = String::new();
    accept(&map, folder.path()).read_to_string(&mut event).unwrap();
    assert!(event.starts_with("<?xml") && event.ends_with("</event>"), "{event}");

    let mut call = BufReader::new(accept(&hook, folder.path()));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && call.read_line(&mut head).unwrap() > 0 {}
    assert!(
        head.starts_with("POST /warning HTTP/1.1") && head.contains("x-throng-signature: sha256="),
        "{head}"
    );
    call.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
}

#[test]
fn a_broker_gets_onvif_events_by_tls() {
    let folder = TempDir::new().unwrap();
    authority(folder.path());
    let (port, config) = (free_port(), folder.path().join("mosquitto.conf"));
    // It gives its rights away, and must read its key all the same.
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\ncafile {0}/ca.pem\ncertfile {0}/router.pem\n\
         keyfile {0}/router-key.pem\nuser root\n",
        folder.path().display()
    );
    fs::write(&config, text).unwrap();
    let program = if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
    let broker = Command::new(program).arg("-c").arg(&config).stderr(Stdio::null()).spawn().unwrap();
    let _broker = Killed(broker);
    let to = address("mqtts", port, folder.path().join("ca.pem"));
    let mut listener = wait_for("the broker", || Client::connect(&to, "listener").ok());
    listener.subscribe("#").unwrap();
    let conventions = Conventions::start(&[OutletPlan::Onvif { broker: to }], &[], &[]).unwrap();
    conventions.tell(&Arc::new(warning()));
    let (topic, payload) = listener.next(DEADLINE).unwrap().unwrap();
    assert_eq!(topic, "warning/onvif-mj/RuleEngine/CountAggregation/OccupancyCounter/gate");
    let event: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(event["Data"]["Count"], "126");
    let (topic, payload) = listener.next(DEADLINE).unwrap().unwrap();
    assert_eq!(topic, "warning/onvif-mj/CrowdSafety/Risk/gate");
    let event: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(event["Data"]["Level"], "orange");
}

#[test]
fn nothing_is_said_to_whom_the_authority_does_not_vouch_for() {
    let folder = TempDir::new().unwrap();
    let [ours, strangers] = ["ours", "strangers"].map(|name| folder.path().join(name));
    authority(&ours);
    authority(&strangers);
    let (log, port) = listener();
    let to = address("tls", port, ours.join("ca.pem"));
    let serve = move || {
        let mut read = Vec::new();
        let outcome = accept(&log, &strangers).read_to_end(&mut read);
        (read, outcome.is_ok())
    };
    let server = std::thread::Builder::new().name("stranger".to_owned()).spawn(serve).unwrap();
    let error = Connection::open(&to, Duration::from_secs(5)).unwrap_err();
    let told = format!("{error:#}");
    assert!(told.contains("is not trusted") && told.contains("`ca`"), "{told}");
    assert_eq!(server.join().unwrap(), (Vec::new(), false));
}
