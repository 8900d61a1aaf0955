//! What the pages are told: things as they are now, each serialised once, put together for whoever may see them.

use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::Value;
use throng_analytics::time::Timestamp;

use crate::rights::Rights;

/// A kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Site,
    Zone,
    Line,
    Camera,
    Speaker,
    Alarm,
    Signal,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Site, Self::Zone, Self::Line, Self::Camera, Self::Speaker, Self::Alarm, Self::Signal];

    /// Name of its list in JSON.
    const fn list(self) -> &'static str {
        match self {
            Self::Site => "sites",
            Self::Zone => "zones",
            Self::Line => "lines",
            Self::Camera => "cameras",
            Self::Speaker => "speakers",
            Self::Alarm => "alarms",
            Self::Signal => "signals",
        }
    }
}

/// One thing, serialised.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    /// Its site. Absent: it concerns all.
    pub(crate) site: Option<String>,
    /// Its camera, where it is one.
    pub(crate) camera: Option<String>,
    pub(crate) json: Box<str>,
}

/// What changed, ready to be sent.
#[derive(Debug)]
pub(crate) struct Delta {
    at: Timestamp,
    rev: u64,
    parts: Vec<Part>,
    /// The event for those who may see everything: built once, shared by all of them.
    whole: Bytes,
}

impl Delta {
    pub(super) fn new(at: Timestamp, rev: u64, parts: Vec<Part>) -> Self {
        let whole = event(&object(at, rev, &parts, &Rights::all(), false, ""));
        Self { at, rev, parts, whole }
    }

    /// The event of the stream for whoever has these rights; none where nothing is left of it.
    pub(crate) fn event(&self, rights: &Rights) -> Option<Bytes> {
        if rights.is_all() {
            return Some(self.whole.clone());
        }
        self.parts
            .iter()
            .any(|part| sees(rights, part))
            .then(|| event(&object(self.at, self.rev, &self.parts, rights, false, "")))
    }
}

fn event(json: &str) -> Bytes {
    Bytes::from(format!("event: delta\ndata: {json}\n\n"))
}

/// A JSON object of parts: every list where `is_whole`, else those that hold something. `tail` is put at its end.
pub(crate) fn object(
    at: Timestamp,
    rev: u64,
    parts: &[Part],
    rights: &Rights,
    is_whole: bool,
    tail: &str,
) -> String {
    let length: usize = parts.iter().map(|part| part.json.len() + 1).sum();
    let mut json = String::with_capacity(length + 256);
    // Writing into a String does not fail.
    let _written = write!(json, "{{\"at\":\"{at}\",\"rev\":{rev}");
    for kind in Kind::ALL {
        let mut listed = parts.iter().filter(|part| part.kind == kind && sees(rights, part)).peekable();
        if listed.peek().is_none() && !is_whole {
            continue;
        }
        let _written = write!(json, ",\"{}\":[", kind.list());
        for (index, part) in listed.enumerate() {
            if index > 0 {
                json.push(',');
            }
            match (&part.kind, rights.cameras()) {
                (Kind::Site, Some(_)) => json.push_str(&with_seen_cameras(part, rights)),
                _ => json.push_str(&part.json),
            }
        }
        json.push(']');
    }
    json.push_str(tail);
    json.push('}');
    json
}

fn sees(rights: &Rights, part: &Part) -> bool {
    part.site.as_deref().is_none_or(|site| {
        rights.sees_site(site) && part.camera.as_deref().is_none_or(|camera| rights.sees_camera(site, camera))
    })
}

/// A site without the cameras that somebody may not see. Sites change seldom, so it may be read again.
fn with_seen_cameras(part: &Part, rights: &Rights) -> String {
    let site_id = part.site.as_deref().unwrap_or_default();
    let Ok(mut site) = serde_json::from_str::<Value>(&part.json) else { return "null".to_owned() };
    let seen = |camera: &str| rights.sees_camera(site_id, camera);
    if let Some(cameras) = site["cameras"].as_array_mut() {
        cameras.retain(|camera| camera["id"].as_str().is_some_and(seen));
    }
    if let Some(zones) = site["zones"].as_array_mut() {
        for zone in zones {
            if let Some(cameras) = zone["cameras"].as_array_mut() {
                cameras.retain(|camera| camera.as_str().is_some_and(seen));
            }
        }
    }
    site.to_string()
}
