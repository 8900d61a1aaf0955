//! A console without a site behind it, people who ask it, and messages of a site to feed it.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use throng_analytics::{
    time::Timestamp,
    wire::{CameraState, Signal, SiteSignals, Warning, ZoneDensity, ZoneState},
};
use throng_console::{
    Clock, Console, Evidence, Ground, GroundPicture, Options, Overlay, Picture, Pictures, Ports, RoomEvent,
    SiteDescription, TileAt, Tiles,
};
use throng_history::History;

use crate::nowhere::Nowhere;

/// How long anything may take on a busy machine before a test gives up on it.
const PATIENCE: Duration = Duration::from_mins(1);

impl Pictures for Nowhere {
    fn latest(&self, _: &str, _: &str, _: Overlay) -> Option<Picture> {
        None
    }
}

/// One bundle of the square, of three bytes.
impl Evidence for Nowhere {
    fn list(&self, site: &str) -> Result<Vec<Value>, String> {
        if site != "square" {
            return Err("nowhere".to_owned());
        }
        Ok(vec![
            json!({ "name": "b-1", "zone": "stage", "level": "red", "alarm_at": "2026-11-28T10:00:00Z" }),
        ])
    }
    fn look(&self, _: &str, name: &str) -> Result<Value, String> {
        if name == "b-1" {
            Ok(json!({ "is_sealed": true, "files": [] }))
        } else {
            Err("no such bundle".to_owned())
        }
    }
    fn archive(&self, _: &str, name: &str) -> Result<(Box<dyn Read + Send>, u64), String> {
        if name == "b-1" { Ok((Box::new(&b"tar"[..]), 3)) } else { Err("no such bundle".to_owned()) }
    }
}

/// A drawing of the square alone, one tile, and something that is no picture.
impl Ground for Nowhere {
    fn drawing(&self, site: &str) -> Option<GroundPicture> {
        let media_type = match site {
            "square" => "image/png",
            "station" => "text/html",
            _ => return None,
        };
        Some(GroundPicture { media_type, bytes: "drawing".into() })
    }
    fn tiles(&self) -> Option<Tiles> {
        Some(Tiles { min_zoom: 3, max_zoom: 3, credit: String::new() })
    }
    fn tile(&self, at: TileAt) -> Option<GroundPicture> {
        let is_there = at == TileAt { zoom: 3, column: 5, row: 2 };
        is_there.then(|| GroundPicture { media_type: "image/png", bytes: "tile".into() })
    }
}

pub(crate) struct Server {
    pub(crate) console: Console,
    /// The console's time, moved by hand.
    pub(crate) clock: Clock,
    folder: TempDir,
}

/// Somebody, perhaps logged in.
#[derive(Default)]
pub(crate) struct Visitor {
    pub(crate) cookie: String,
    pub(crate) csrf_token: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let began = Timestamp::from_unix_nanos(1_800_000_000_000_000_000);
        Self::open(Clock::by_hand(began), TempDir::new().unwrap(), None)
    }

    /// The same with a history, which lives by the wall clock: the console's begins there.
    pub(crate) fn start_with(history: Arc<History>) -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap());
        Self::open(Clock::by_hand(now), TempDir::new().unwrap(), Some(history))
    }

    /// Starts it anew, on what it had written down.
    pub(crate) fn restart(self) -> Self {
        let Self { console, clock, folder } = self;
        console.stop();
        Self::open(clock, folder, None)
    }

    fn open(clock: Clock, folder: TempDir, history: Option<Arc<History>>) -> Self {
        let options = Options {
            clock: clock.clone(),
            ..Options::new("127.0.0.1:0".parse().unwrap(), folder.path().to_owned())
        };
        let port = Arc::new(Nowhere);
        let ports = Ports {
            commands: port.clone(),
            pictures: port.clone(),
            desk: port.clone(),
            drills: None,
            evidence: Some(port.clone()),
            ground: Some(port),
        };
        let console = Console::start(options, ports, history).unwrap_or_else(|error| {
            panic!("{error}");
        });
        let server = Self { console, clock, folder };
        for id in ["square", "station"] {
            server
                .hear(RoomEvent::Site(Box::new(SiteDescription { id: id.to_owned(), ..Default::default() })));
        }
        server
    }

    /// Hears something, and has told the pages of it when this returns.
    pub(crate) fn hear(&self, event: RoomEvent) {
        self.console.hear(event);
        self.console.settle();
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, secs: f64) {
        self.clock.advance(secs);
        self.console.settle();
    }

    /// The answer to a question that is one, as JSON.
    pub(crate) fn get(&self, visitor: &Visitor, path: &str) -> Value {
        let answer = self.ask(visitor, "GET", path, &Value::Null);
        assert_eq!(answer.status_code, 200, "{path}: {}", answer.as_str().unwrap());
        serde_json::from_str(answer.as_str().unwrap()).unwrap()
    }

    /// A zone of the square as the pages see it.
    pub(crate) fn zone(&self, visitor: &Visitor, id: &str) -> Value {
        let room = self.get(visitor, "room");
        room["zones"].as_array().unwrap().iter().find(|zone| zone["id"] == id).unwrap().clone()
    }

    /// An account for one of a role, logged in.
    pub(crate) fn account(
        &self,
        administrator: &Visitor,
        user: &str,
        role: &str,
        cameras: &Value,
    ) -> Visitor {
        let account = json!({
            "user": user, "name": user, "role": role, "password": PASSWORD, "sites": null, "cameras": cameras,
        });
        let made = self.ask(administrator, "POST", "users", &account);
        assert_eq!(made.status_code, 200, "{}", made.as_str().unwrap());
        self.log_in(user, PASSWORD).unwrap()
    }

    /// Listens to what changes.
    pub(crate) fn listen(&self, visitor: &Visitor) -> Listening {
        let address = self.console.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let ask =
            format!("GET /api/v1/live HTTP/1.1\r\nhost: {address}\r\ncookie: {}\r\n\r\n", visitor.cookie);
        stream.write_all(ask.as_bytes()).unwrap();
        let mut listening = Listening(BufReader::new(stream));
        // The first ping says that it listens.
        listening.until("event: ping");
        listening
    }

    pub(crate) fn ask(&self, visitor: &Visitor, method: &str, path: &str, body: &Value) -> minreq::Response {
        let method = match method {
            "GET" => minreq::Method::Get,
            "PUT" => minreq::Method::Put,
            "DELETE" => minreq::Method::Delete,
            _ => minreq::Method::Post,
        };
        let mut request = minreq::Request::new(method, format!("{}api/v1/{path}", self.console.url()))
            .with_header("cookie", &visitor.cookie)
            .with_header("x-csrf-token", &visitor.csrf_token);
        if !body.is_null() {
            request = request.with_header("content-type", "application/json").with_body(body.to_string());
        }
        request.send().unwrap()
    }

    pub(crate) fn log_in(&self, user: &str, password: &str) -> Option<Visitor> {
        let nobody = Visitor::default();
        let answer = self.ask(&nobody, "POST", "login", &json!({ "user": user, "password": password }));
        if answer.status_code != 200 {
            return None;
        }
        let cookie = answer.headers.get("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let me: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
        Some(Visitor { cookie, csrf_token: me["csrf_token"].as_str().unwrap().to_owned() })
    }

    pub(crate) fn administrator(&self) -> Visitor {
        self.log_in("administrator", self.console.first_password().unwrap()).unwrap()
    }

    pub(crate) fn with_role(&self, administrator: &Visitor, role: &str, sites: &Value) -> Visitor {
        let user = format!("the-{role}");
        let account = json!({
            "user": user, "name": role, "role": role, "password": PASSWORD, "sites": sites, "cameras": null,
        });
        let made = self.ask(administrator, "POST", "users", &account);
        assert_eq!(made.status_code, 200, "{}", made.as_str().unwrap());
        self.log_in(&user, PASSWORD).unwrap()
    }
}

/// The password of every account made here.
pub(crate) const PASSWORD: &str = "long enough to be one";

/// A page that listens.
pub(crate) struct Listening(BufReader<TcpStream>);

impl Listening {
    /// Everything that comes until a line holds a text.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let mut heard = String::new();
        loop {
            let before = heard.len();
            assert_ne!(self.0.read_line(&mut heard).unwrap(), 0, "the stream ended before {text:?}: {heard}");
            if heard[before..].contains(text) {
                return heard;
            }
        }
    }
}

/// What every message of a node of the square starts with.
fn envelope(schema: &str, node: &str, now: Timestamp) -> Value {
    json!({
        "schema": format!("throng.{schema}.v1"), "site": "square", "seq": 0, "captured_at": now, "published_at": now,
        "node": node, "model": { "name": "counter", "sha256": "" }, "config_sha256": "", "drill": false,
        "quality": { "coverage": 0.9, "stale_secs": 0.2, "calibrated": true },
    })
}

fn message<M: serde::de::DeserializeOwned>(mut envelope: Value, body: Value) -> M {
    let Value::Object(body) = body else { panic!("{body}") };
    envelope.as_object_mut().unwrap().extend(body);
    serde_json::from_value(envelope).unwrap()
}

/// A zone that a node says is at a level and a density.
pub(crate) fn zone(node: &str, zone: &str, level: u8, density: f64, now: Timestamp) -> [RoomEvent; 2] {
    let state = json!({ "zone": zone, "freshness": "fresh", "level": level, "last_level": level });
    let density =
        json!({ "zone": zone, "freshness": "fresh", "area_m2": 100.0, "density_people_per_m2": density });
    [
        RoomEvent::ZoneState(Box::new(message::<ZoneState>(envelope("zone_state", node, now), state))),
        RoomEvent::ZoneDensity(Box::new(message::<ZoneDensity>(
            envelope("zone_density", node, now),
            density,
        ))),
    ]
}

/// An incident of the zone `stage` that is at a level.
pub(crate) fn warning(incident: &str, level: u8, transition: &str, now: Timestamp) -> RoomEvent {
    let body = json!({
        "incident": incident, "zone": "stage", "level": level, "transition": transition, "kind": "crowding",
        "density_people_per_m2": { "mean": 5.5 }, "since": now, "expires_at": now + 300.0, "outline_in_ground_m": [],
        "action": "relieve_pressure", "text": { "en": "stage", "zh": "stage" }, "escalate": false,
    });
    RoomEvent::Warning(Box::new(message::<Warning>(envelope("warning", "box", now), body)))
}

/// A camera that is live.
pub(crate) fn camera(id: &str, now: Timestamp) -> RoomEvent {
    let body = json!({
        "camera": id, "state": "live", "since": now, "decoded_fps": 25.0, "frames_decoded": 1, "frames_counted": 1,
        "frames_dropped": {}, "session": 1,
    });
    RoomEvent::CameraState(Box::new(message::<CameraState>(envelope("camera_state", "box", now), body)))
}

/// What the square goes by of what happens outside, and the zones whose thresholds are lowered by that.
pub(crate) fn signals(signals: &[Signal], tightened: &Value, now: Timestamp) -> RoomEvent {
    let body = json!({ "signals": signals, "tightened": tightened });
    RoomEvent::SiteSignals(Box::new(message::<SiteSignals>(envelope("signals", "box", now), body)))
}
