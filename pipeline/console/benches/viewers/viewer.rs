//! One who watches: fetches the room, hears what changes, looks at pictures, as `web/app/live.js` and `wall.js` do.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use throng_analytics::time::Timestamp;
use throng_console::Clock;

use super::{bus::camera_id, named};

/// How long a silence is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was seen while it was measured.
#[derive(Default)]
pub(crate) struct Seen {
    /// Age of a zone's state when it came, milliseconds.
    pub(crate) lags_ms: Vec<f64>,
    pub(crate) bytes: usize,
    pub(crate) pictures: usize,
}

impl Seen {
    pub(crate) fn join(&mut self, other: Self) {
        self.lags_ms.extend(other.lags_ms);
        self.bytes += other.bytes;
        self.pictures += other.pictures;
    }
}

/// One who watches.
#[derive(Clone)]
pub(crate) struct Viewer {
    pub(crate) address: String,
    pub(crate) cookie: String,
    /// The zone whose age it looks at.
    pub(crate) zone: String,
    pub(crate) is_counting: Arc<AtomicBool>,
    pub(crate) is_over: Arc<AtomicBool>,
}

/// Logs in as `demo`; answers with the cookie.
pub(crate) fn log_in(address: &str) -> String {
    let answer = minreq::post(format!("{address}api/v1/login"))
        .with_header("content-type", "application/json")
        .with_body(json!({ "user": "demo", "password": "demo" }).to_string())
        .send()
        .unwrap();
    assert_eq!(answer.status_code, 200, "{:?}", answer.as_str());
    answer.headers["set-cookie"].split(';').next().unwrap().to_owned()
}

impl Viewer {
    /// Watches until it is over, and some cameras too.
    pub(crate) fn watch(self, streams: usize) -> Seen {
        let walls: Vec<_> = (0..streams)
            .map(|number| {
                let viewer = self.clone();
                named("wall", move || viewer.look(&camera_id(number)))
            })
            .collect();
        let mut seen = self.hear();
        for wall in walls {
            seen.join(wall.join().unwrap());
        }
        seen
    }

    /// Hears what changes; the room is fetched once it listens, so that nothing falls between.
    fn hear(&self) -> Seen {
        let clock = Clock::system();
        let mut stream = self.open("live");
        let room = minreq::get(format!("{}api/v1/room", self.address)).with_header("cookie", &self.cookie);
        assert_eq!(room.send().unwrap().status_code, 200);
        let mut seen = Seen::default();
        let id = format!("\"id\":\"{}\"", self.zone);
        let mut line = String::new();
        while !self.is_over.load(Ordering::SeqCst) {
            line.clear();
            assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the console let a viewer go");
            if !self.is_counting.load(Ordering::SeqCst) {
                continue;
            }
            seen.bytes += line.len();
            let captured_at: Option<Timestamp> = line
                .split_once(&id)
                .and_then(|(_, zone)| zone.split_once("\"captured_at\":\""))
                .and_then(|(_, at)| at.split('"').next()?.parse().ok());
            seen.lags_ms.extend(captured_at.map(|at| clock.now().secs_since(at) * 1000.0));
        }
        seen
    }

    /// Looks at a camera.
    fn look(&self, camera: &str) -> Seen {
        let mut stream = self.open(&format!("cameras/site/{camera}/stream.mjpg?heat=1&zones=1"));
        let mut seen = Seen::default();
        let mut line = Vec::new();
        while !self.is_over.load(Ordering::SeqCst) {
            line.clear();
            assert_ne!(stream.read_until(b'\n', &mut line).unwrap(), 0, "the console let a wall go");
            let length =
                std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix("Content-Length: "));
            let Some(length) = length else { continue };
            // Chunks are framed by a few bytes more, which the next lines pass over.
            let mut picture = vec![0; length.trim().parse().unwrap()];
            stream.read_exact(&mut picture).unwrap();
            if self.is_counting.load(Ordering::SeqCst) {
                seen.pictures += 1;
            }
        }
        seen
    }

    fn open(&self, path: &str) -> BufReader<TcpStream> {
        let host = self.address.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let ask = format!("GET /api/v1/{path} HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\n\r\n", self.cookie);
        stream.write_all(ask.as_bytes()).unwrap();
        BufReader::with_capacity(1 << 18, stream)
    }
}
