//! What a site publishes, as lines for the console's pipe: kind, tabulator, message.

use std::{
    io::Write as _,
    process::ChildStdin,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use throng_console::Clock;

/// How often zones and counts are told a second.
const HZ: u32 = 5;
/// Parts of a period, so that messages come one after the other as from many cameras.
const SLICES: usize = 20;
/// Stands for the time in messages that are ready to be sent.
const AT: &str = "2000-01-01T00:00:00Z";

/// Messages as the contract's own examples have them, by kind.
const ZONE_EXAMPLES: [(&str, &str); 4] = [
    ("density", include_str!("../../../../analytics/wire/v1/golden/density.json")),
    ("flow", include_str!("../../../../analytics/wire/v1/golden/flow.json")),
    ("risk", include_str!("../../../../analytics/wire/v1/golden/risk.json")),
    ("state", include_str!("../../../../analytics/wire/v1/golden/zone_state.json")),
];
const COUNT_EXAMPLE: &str = include_str!("../../../../analytics/wire/v1/golden/count.json");
const CAMERA_EXAMPLE: &str = include_str!("../../../../analytics/wire/v1/golden/camera_state.json");

pub(crate) fn zone_id(number: usize) -> String {
    format!("zone-{number:03}")
}

pub(crate) fn camera_id(number: usize) -> String {
    format!("camera-{number:02}")
}

/// Lines that are ready but for the time.
pub(crate) struct Bus {
    zones_and_counts: Vec<String>,
    camera_states: Vec<String>,
}

impl Bus {
    pub(crate) fn new(zones: usize, cameras: usize) -> Self {
        let of_zone = |number: usize| {
            ZONE_EXAMPLES.map(|(kind, example)| line(kind, example, "zone", &zone_id(number)))
        };
        let of_camera =
            |kind: &str, example: &str, number: usize| line(kind, example, "camera", &camera_id(number));
        let counts = (0..cameras).map(|number| of_camera("count", COUNT_EXAMPLE, number));
        Self {
            zones_and_counts: (0..zones).flat_map(of_zone).chain(counts).collect(),
            camera_states: (0..cameras).map(|number| of_camera("camera", CAMERA_EXAMPLE, number)).collect(),
        }
    }

    /// Publishes until it is over; answers with how many messages a second it were.
    pub(crate) fn publish(&self, mut pipe: ChildStdin, is_over: &AtomicBool) -> f64 {
        let clock = Clock::system();
        let slice = Duration::from_secs(1) / HZ / SLICES as u32;
        let began = Instant::now();
        let mut due = began;
        let mut published = 0;
        for step in 0_usize.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due += slice;
            let states_every = SLICES * HZ as usize;
            let zones = part(&self.zones_and_counts, step % SLICES, SLICES);
            let states = part(&self.camera_states, step % states_every, states_every);
            let at = clock.now().to_string();
            let text: String = zones.iter().chain(states).map(|line| line.replace(AT, &at)).collect();
            published += zones.len() + states.len();
            pipe.write_all(text.as_bytes()).unwrap();
        }
        published as f64 / began.elapsed().as_secs_f64()
    }
}

/// One of `count` parts of about the same length.
fn part<T>(of: &[T], index: usize, count: usize) -> &[T] {
    &of[index * of.len() / count..(index + 1) * of.len() / count]
}

fn line(kind: &str, example: &str, what: &str, id: &str) -> String {
    let mut message: Value = serde_json::from_str(example).unwrap();
    message["site"] = "site".into();
    message[what] = id.into();
    for time in ["captured_at", "published_at"] {
        message[time] = AT.into();
    }
    format!("{kind}\t{message}\n")
}
