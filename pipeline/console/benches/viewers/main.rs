//! Many who watch at once: how far their pages are behind the bus, and what that costs the console.
//!
//! `cargo bench -p throng-console --bench viewers [-- VIEWERS [ZONES [CAMERAS [SECONDS]]]]`: 50, 200, 64 and 30 without. The console
//! runs in a process of its own, so that its processor time is its alone. What the bus would bring comes to it as the same JSON
//! through a pipe: each zone's density, flow, risk and level five times a second, each camera's count as often and its state every
//! second. Viewers do what the page does: they fetch the room, then hear what changes; every fifth looks at the wall as well, as
//! many cameras of it as a browser's connections let through.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod bus;
#[path = "../../tests/console/nowhere.rs"]
mod nowhere;
mod server;
mod viewer;

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bus::Bus;
use viewer::Viewer;

/// The variable that makes this program the console.
const SERVE: &str = "THRONG_VIEWERS_SERVE";
/// Every how many viewers one looks at the wall.
const AT_THE_WALL: usize = 5;
/// Connections that a browser opens to one host are six, and one of them hears what changes.
const STREAMS: usize = 5;
/// Everybody has come before it is measured.
const SETTLE: Duration = Duration::from_secs(5);
/// Ticks a second of `/proc/PID/stat`: 100 on every Linux that Debian ships (`getconf CLK_TCK`).
const TICKS_PER_SEC: f64 = 100.0;

/// What is measured.
#[derive(Clone, Copy, Debug)]
struct Setup {
    viewers: usize,
    zones: usize,
    cameras: usize,
    seconds: u64,
}

impl Setup {
    fn from_arguments() -> Self {
        let mut numbers = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
        let mut next = |usual: usize| numbers.next().map_or(usual, |text| text.parse().unwrap());
        Self { viewers: next(50), zones: next(200), cameras: next(64), seconds: next(30) as u64 }
    }
}

/// The console as a program of its own; ends with this one.
struct Served(Child);

impl Served {
    /// Starts it; its address comes as its first line.
    fn start(setup: Setup) -> (Self, String) {
        let child = Command::new(std::env::current_exe().unwrap())
            .env(SERVE, format!("{} {}", setup.zones, setup.cameras))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut served = Self(child);
        let mut lines: BufReader<ChildStdout> = BufReader::new(served.0.stdout.take().unwrap());
        let mut address = String::new();
        lines.read_line(&mut address).unwrap();
        (served, address.trim().to_owned())
    }

    /// Processor seconds since its start, user and system: the 14th and 15th field.
    fn cpu_secs(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let (_, after_name) = stat.rsplit_once(')').unwrap();
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap());
        ticks.sum::<f64>() / TICKS_PER_SEC
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Starts a thread.
fn named<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::Builder::new().name(name.to_owned()).spawn(work).unwrap()
}

fn main() {
    if let Ok(setup) = std::env::var(SERVE) {
        return server::serve(&setup);
    }
    let setup = Setup::from_arguments();
    let (mut served, address) = Served::start(setup);
    let is_over = Arc::new(AtomicBool::new(false));
    let bus = Bus::new(setup.zones, setup.cameras);
    // The bus goes on until the last viewer has left: the console ends with it.
    let have_left = Arc::new(AtomicBool::new(false));
    let publishing = {
        let (pipe, have_left) = (served.0.stdin.take().unwrap(), Arc::clone(&have_left));
        named("bus", move || bus.publish(pipe, &have_left))
    };
    let cookie = viewer::log_in(&address);
    let is_counting = Arc::new(AtomicBool::new(false));
    let watching: Vec<_> = (0..setup.viewers)
        .map(|number| {
            let streams = if number % AT_THE_WALL == 0 { STREAMS.min(setup.cameras) } else { 0 };
            let viewer = Viewer {
                address: address.clone(),
                cookie: cookie.clone(),
                zone: bus::zone_id(number % setup.zones),
                is_counting: Arc::clone(&is_counting),
                is_over: Arc::clone(&is_over),
            };
            named("viewer", move || viewer.watch(streams))
        })
        .collect();
    thread::sleep(SETTLE);

    is_counting.store(true, Ordering::SeqCst);
    let (begun, cpu_secs) = (Instant::now(), served.cpu_secs());
    thread::sleep(Duration::from_secs(setup.seconds));
    let (secs, cpu_secs) = (begun.elapsed().as_secs_f64(), served.cpu_secs() - cpu_secs);
    is_counting.store(false, Ordering::SeqCst);
    is_over.store(true, Ordering::SeqCst);

    let mut seen = viewer::Seen::default();
    for viewer in watching {
        seen.join(viewer.join().unwrap());
    }
    have_left.store(true, Ordering::SeqCst);
    let published_per_s = publishing.join().unwrap();
    seen.lags_ms.sort_by(f64::total_cmp);
    let of = |share: f64| percentile(&seen.lags_ms, share);
    println!("{setup:?}, {published_per_s:.0} messages a second");
    println!(
        "page behind the bus, p50 / p95 / p99   {:.0} / {:.0} / {:.0} ms (aim: p95 under 250), of {} states",
        of(0.5),
        of(0.95),
        of(0.99),
        seen.lags_ms.len()
    );
    println!("processor time of the console           {:.2} cores (aim: under 1)", cpu_secs / secs);
    println!(
        "to each viewer                          {:.1} updates and {:.2} MB a second; {:.1} pictures a second on each wall",
        seen.lags_ms.len() as f64 / secs / setup.viewers as f64,
        seen.bytes as f64 / 1e6 / secs / setup.viewers as f64,
        seen.pictures as f64 / secs / setup.viewers.div_ceil(AT_THE_WALL) as f64
    );
}
