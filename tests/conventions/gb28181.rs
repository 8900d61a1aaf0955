//! GB/T 28181 as a video platform sees it: a small SIP platform that asks for a digest and works it out for itself.

use std::{
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
};

use md5::{Digest as _, Md5};
use throng::{
    config::speaker_plan::Address,
    publish::conventions::{Conventions, OutletPlan},
};

use throng_analytics::digest::hex;

use super::{DEADLINE, conventions::warning};

/// Who registers, and at which platform: 20 digits each.
const DEVICE: &str = "34020000001320000001";
const SERVER: &str = "34020000002000000001";

/// A request, or an answer, as it came.
struct Told {
    first: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Told {
    fn read(datagram: &[u8]) -> Self {
        let text = std::str::from_utf8(datagram).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let (first, rest) = head.split_once("\r\n").unwrap();
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        };
        let told = Self {
            first: first.to_owned(),
            fields: rest.split("\r\n").map(field).collect(),
            body: body.to_owned(),
        };
        assert_eq!(told.field("content-length").parse(), Ok(body.len()));
        told
    }

    fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn method(&self) -> &str {
        self.first.split(' ').next().unwrap()
    }

    fn answer(&self, status: &str, more: &str) -> Vec<u8> {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["via", "from", "to", "call-id", "cseq"] {
            let tag = if name == "to" { ";tag=platform" } else { "" };
            text.extend([name, ": ", self.field(name), tag, "\r\n"]);
        }
        format!("{text}{more}Content-Length: 0\r\n\r\n").into_bytes()
    }

    /// Whether the digest is the one of RFC 2617 with this password.
    fn is_authentic(&self, password: &str) -> bool {
        let Some(digest) = self.field("authorization").strip_prefix("Digest ") else { return false };
        let part = |name: &str| {
            let mut parts = digest.split(',').filter_map(|part| part.trim().split_once('='));
            parts.find(|(known, _)| *known == name).map_or("", |(_, value)| value.trim_matches('"'))
        };
        let md5 = |text: String| hex(&Md5::digest(text));
        let who = md5(format!("{DEVICE}:3402000000:{password}"));
        let what = md5(format!("{}:{}", self.method(), part("uri")));
        let (counter, cnonce) = (part("nc"), part("cnonce"));
        part("username") == DEVICE
            && !cnonce.is_empty()
            && part("response") == md5(format!("{who}:n0nce:{counter}:{cnonce}:auth:{what}"))
    }
}

/// A platform that knows a device by its password, and tells what it takes and refuses; the last is whether it still knows
/// the device, which it forgets when told to.
fn platform(password: &'static str) -> (u16, Receiver<(u16, Told)>, Arc<AtomicBool>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let (tell, told) = channel();
    let is_known = Arc::new(AtomicBool::new(false));
    let knows = Arc::clone(&is_known);
    let serve = move || {
        let mut datagram = [0; 8192];
        loop {
            let (length, from) = socket.recv_from(&mut datagram).unwrap();
            let request = Told::read(&datagram[..length]);
            let (status, words, more) = match request.method() {
                "REGISTER" if request.field("authorization").is_empty() => {
                    let challenge =
                        "WWW-Authenticate: Digest realm=\"3402000000\", nonce=\"n0nce\", qop=\"auth\"\r\n";
                    (401, "401 Unauthorized", challenge)
                }
                "REGISTER" if request.is_authentic(password) => {
                    knows.store(true, Ordering::Relaxed);
                    (200, "200 OK", "Expires: 3600\r\n")
                }
                "MESSAGE" if knows.load(Ordering::Relaxed) => (200, "200 OK", ""),
                // What the device answers to us.
                "SIP/2.0" => (0, "", ""),
                _ => (403, "403 Forbidden", ""),
            };
            if status > 0 {
                socket.send_to(&request.answer(words, more), from).unwrap();
            }
            if request.body.contains("<CmdType>Alarm</CmdType>") && status == 200 {
                // As the standard has it, the platform says in a message of its own that it took the alarm.
                let body =
                    "<?xml version=\"1.0\"?><Response><CmdType>Alarm</CmdType><Result>OK</Result></Response>";
                let message = format!(
                    "MESSAGE sip:{DEVICE}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKr\r\n\
                     From: <sip:{SERVER}@127.0.0.1>;tag=r\r\nTo: <sip:{DEVICE}@127.0.0.1>\r\nCall-ID: r\r\nCSeq: 7 MESSAGE\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                socket.send_to(message.as_bytes(), from).unwrap();
            }
            if tell.send((status, request)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("platform".to_owned()).spawn(serve).unwrap();
    (port, told, is_known)
}

fn start(port: u16, password: &str) -> Conventions {
    let platform = Address {
        scheme: "sip".to_owned(),
        user: DEVICE.to_owned(),
        password: password.to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        path: format!("/{SERVER}"),
        ca: None,
    };
    Conventions::start(&[OutletPlan::Gb28181 { platform, zone_offset_hours: 8 }], &[], &[]).unwrap()
}

/// The texts of the elements of a body, by their names, as the platform's own parser reads them.
fn text(body: &str, name: &str) -> String {
    let document = roxmltree::Document::parse(body).unwrap();
    let found = document.descendants().find(|node| node.has_tag_name(name));
    found.and_then(|node| node.text()).unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

#[test]
fn a_video_platform_takes_the_registration_the_keep_alive_and_the_alarm() {
    let (port, told, is_known) = platform("secret");
    let conventions = start(port, "secret");
    let next = || told.recv_timeout(DEADLINE).unwrap();

    // Registered at the start, not at the first alarm: a wrong password is to be found out before.
    let (status, asked) = next();
    assert_eq!((status, asked.method()), (401, "REGISTER"));
    let (status, registered) = next();
    assert_eq!((status, registered.field("expires")), (200, "3600"));
    assert!(registered.field("from").contains(&format!("<sip:{DEVICE}@")), "{}", registered.field("from"));
    let (status, alive) = next();
    assert_eq!((status, alive.method()), (200, "MESSAGE"));
    assert_eq!(alive.field("content-type"), "Application/MANSCDP+xml");
    assert_eq!(
        ["CmdType", "SN", "DeviceID", "Status"].map(|name| text(&alive.body, name)),
        ["Keepalive", "1", DEVICE, "OK"]
    );

    // The platform is started anew and knows nobody: the alarm registers again and is not lost.
    is_known.store(false, Ordering::Relaxed);
    conventions.tell(&Arc::new(warning()));
    let (status, refused) = next();
    assert_eq!((status, text(&refused.body, "CmdType").as_str()), (403, "Alarm"));
    let mut more = std::iter::repeat_with(next);
    let (_, alarm) = more.find(|(status, told)| *status == 200 && told.body.contains("Alarm")).unwrap();
    assert!(alarm.first.starts_with(&format!("MESSAGE sip:{SERVER}@127.0.0.1:{port} ")), "{}", alarm.first);
    let fields = ["DeviceID", "AlarmPriority", "AlarmMethod", "AlarmTime", "AlarmDescription", "AlarmType"];
    assert_eq!(
        fields.map(|name| text(&alarm.body, name)),
        [DEVICE, "2", "5", "2026-11-25T20:00:00", "北门：橙色。", "10"]
    );
    assert_eq!(["Longitude", "Latitude"].map(|name| text(&alarm.body, name)), ["121.5000000", "31.2000000"]);
    // The platform's own message is answered.
    let (_, answer) = more.find(|(status, _)| *status == 0).unwrap();
    assert_eq!((answer.first.as_str(), answer.field("cseq")), ("SIP/2.0 200 OK", "7 MESSAGE"));
}

#[test]
fn with_a_wrong_password_no_message_is_taken() {
    let (port, told, _) = platform("secret");
    let conventions = start(port, "guessed");
    conventions.tell(&Arc::new(warning()));
    // Ends once all was tried.
    drop(conventions);
    let all: Vec<(u16, Told)> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    assert!(all.iter().any(|(status, told)| (*status, told.method()) == (403, "REGISTER")));
    assert!(all.iter().all(|(status, told)| *status != 200 && told.method() == "REGISTER"));
}
