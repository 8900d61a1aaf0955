//! The real program on a rendered flight: from a file, and over UDP with its telemetry in the stream.

use std::{
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use throng::publish::{Heard, Network, Watcher};

use super::film::fly;

/// How long anything may take on a busy machine before the test gives up on it.
const DEADLINE: Duration = Duration::from_secs(150);

/// A program that is killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The site over the gate, as `samples/drone.toml` has it.
fn site(folder: &Path, uri: &str, bus_port: u16) -> PathBuf {
    let path = folder.join("site.toml");
    let sample = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/drone.toml")).unwrap();
    let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/cards/compact.toml");
    let head = format!(
        "[model]\ncard = \"{card}\"\ndevice = \"cpu\"\n[bus]\nlisten = [\"tcp/127.0.0.1:{bus_port}\"]\n\n"
    );
    let text = sample.replace("\"flight.ts\"", &format!("\"{uri}\""));
    std::fs::write(&path, text.replacen("[site]", &format!("{head}[site]"), 1)).unwrap();
    path
}

/// What the run publishes of zones, footprint and camera until all of it has come.
async fn hear(bus_port: u16) -> (Value, Value, Value) {
    let network = Network { connect: vec![format!("tcp/127.0.0.1:{bus_port}")], ..Network::default() };
    let mut watcher = Watcher::open(&network, "throng/v1/drone/**", false).await.unwrap();
    let (mut density, mut footprint, mut state) = (None, None, None);
    while density.is_none() || footprint.is_none() || state.is_none() {
        let arrival = watcher.next().await.unwrap();
        let Heard::Message { payload, .. } = arrival.heard else { continue };
        let Ok(value) = serde_json::from_slice::<Value>(&payload) else { continue };
        match arrival.key.rsplit('/').next() {
            Some("density") if value["density_people_per_m2"].is_f64() && value["zone"] == "front" => {
                density = Some(value);
            }
            Some("footprint") => footprint = Some(value),
            Some("state") if value["telemetry"]["age_secs"].is_f64() => state = Some(value),
            _ => {}
        }
    }
    (density.unwrap(), footprint.unwrap(), state.unwrap())
}

fn run(site: &Path, log: &Path) -> Program {
    let child = Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(["run", site.to_str().unwrap(), "--json"])
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(log).unwrap())
        .spawn();
    Program(child.unwrap())
}

fn heard(bus_port: u16, log: &Path) -> (Value, Value, Value) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let within = runtime.block_on(async { tokio::time::timeout(DEADLINE, hear(bus_port)).await });
    within.unwrap_or_else(|_| panic!("not all came: {}", std::fs::read_to_string(log).unwrap()))
}

fn check((density, footprint, state): &(Value, Value, Value)) {
    assert_eq!(density["envelope"], Value::Null);
    assert_eq!(density["quality"]["calibrated"], true, "{density}");
    assert!(density["quality"]["coverage"].as_f64().unwrap() > 0.9, "{density}");
    let [lo, value, hi] = ["density_lo_people_per_m2", "density_people_per_m2", "density_hi_people_per_m2"]
        .map(|key| density[key].as_f64().unwrap());
    assert!(lo < value && value < hi && hi < 16.0, "{density}");
    assert_eq!((&footprint["type"], &footprint["geometry"]["type"]), (&"Feature".into(), &"Polygon".into()));
    let ring = footprint["geometry"]["coordinates"][0].as_array().unwrap();
    assert_eq!(ring.len(), 5);
    // The gate's front lies about 22 m east of the origin: the footprint is around it.
    let longitudes: Vec<f64> = ring.iter().map(|corner| corner[0].as_f64().unwrap()).collect();
    let east = 121.4998 + 22.5 / (111_320.0 * 31.24_f64.to_radians().cos());
    let (least, most) = longitudes.iter().fold((f64::MAX, f64::MIN), |(a, b), c| (a.min(*c), b.max(*c)));
    assert!(least < east && east < most, "{east}: {footprint}");
    let depression_deg = footprint["properties"]["depression_deg"].as_f64().unwrap();
    assert!((40.0..75.0).contains(&depression_deg), "{footprint}");
    assert_eq!(state["telemetry"]["source"], "klv");
    assert_eq!(state["telemetry"]["messages_unreadable"], 0);
    assert!(state["telemetry"]["age_secs"].as_f64().unwrap() < 0.5, "{state}");
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn a_flight_with_its_telemetry_becomes_densities_from_a_file_and_over_udp() {
    let folder = tempfile::tempdir().unwrap();
    fly(folder.path(), "dev/gate_closes", "noisy", 15);
    let log = folder.path().join("run.txt");
    let bus_port = free_port();
    let from_file = site(folder.path(), "flight.ts", bus_port);
    let program = run(&from_file, &log);
    check(&heard(bus_port, &log));
    drop(program);

    let (port, bus_port) =
        (UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(), free_port());
    let over_udp = site(folder.path(), &format!("udp://127.0.0.1:{port}"), bus_port);
    let program = run(&over_udp, &log);
    let stopping = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stop, bytes) = (stopping.clone(), std::fs::read(folder.path().join("flight.ts")).unwrap());
    let send = move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // Seven packets a datagram, evenly over the film's 15 s, again and again.
        let datagrams: Vec<&[u8]> = bytes.chunks(7 * 188).collect();
        let began = Instant::now();
        for (k, datagram) in datagrams.iter().cycle().enumerate() {
            if stop.load(std::sync::atomic::Ordering::Relaxed) {
                return;
            }
            let due = began + Duration::from_secs_f64(15.0 * k as f64 / datagrams.len() as f64);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            socket.send_to(datagram, ("127.0.0.1", port)).ok();
        }
    };
    let sender = std::thread::Builder::new().name("sender".to_owned()).spawn(send).unwrap();
    check(&heard(bus_port, &log));
    stopping.store(true, std::sync::atomic::Ordering::Relaxed);
    sender.join().unwrap();
    drop(program);
}
