//! GB/T 28181 as a video platform sees it: a small SIP platform that asks for a digest and works it out for itself.

use std::{
    io::{Read, Write},
    net::{TcpListener, UdpSocket},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
};

use md5::{Digest as _, Md5};
use tempfile::TempDir;
use throng::{
    config::speaker_plan::Address,
    publish::conventions::{Conventions, OutletPlan},
};

use throng_analytics::digest::hex;

use super::{
    DEADLINE,
    conventions::warning,
    encrypted::{accept, authority},
};

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

/// A platform that knows a device by its password; whether it still does, until it forgets it.
struct Platform {
    password: &'static str,
    is_known: Arc<AtomicBool>,
}

impl Platform {
    /// What it makes of a request, 0 for an answer, and what it says to it.
    fn answers(&self, request: &Told) -> (u16, Vec<Vec<u8>>) {
        let (status, words, more) = match request.method() {
            "REGISTER" if request.field("authorization").is_empty() => {
                let challenge =
                    "WWW-Authenticate: Digest realm=\"3402000000\", nonce=\"n0nce\", qop=\"auth\"\r\n";
                (401, "401 Unauthorized", challenge)
            }
            "REGISTER" if request.is_authentic(self.password) => {
                self.is_known.store(true, Ordering::Relaxed);
                (200, "200 OK", "Expires: 3600\r\n")
            }
            "MESSAGE" if self.is_known.load(Ordering::Relaxed) => (200, "200 OK", ""),
            // What the device answers to us.
            "SIP/2.0" => return (0, Vec::new()),
            _ => (403, "403 Forbidden", ""),
        };
        let mut answers = vec![request.answer(words, more)];
        if request.body.contains("<CmdType>Alarm</CmdType>") && status == 200 {
            // As the standard has it, the platform says in a message of its own that it took the alarm.
            let body =
                "<?xml version=\"1.0\"?><Response><CmdType>Alarm</CmdType><Result>OK</Result></Response>";
            let message = format!(
                "MESSAGE sip:{DEVICE}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKr\r\n\
                 From: <sip:{SERVER}@127.0.0.1>;tag=r\r\nTo: <sip:{DEVICE}@127.0.0.1>\r\nCall-ID: r\r\nCSeq: 7 MESSAGE\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            answers.push(message.into_bytes());
        }
        (status, answers)
    }
}

/// A platform by UDP, that tells what it takes and refuses, and may be told to forget the device.
fn platform(password: &'static str) -> (u16, Receiver<(u16, Told)>, Arc<AtomicBool>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let (tell, told) = channel();
    let is_known = Arc::new(AtomicBool::new(false));
    let platform = Platform { password, is_known: Arc::clone(&is_known) };
    let serve = move || {
        let mut datagram = [0; 8192];
        loop {
            let (length, from) = socket.recv_from(&mut datagram).unwrap();
            let request = Told::read(&datagram[..length]);
            let (status, answers) = platform.answers(&request);
            for answer in answers {
                socket.send_to(&answer, from).unwrap();
            }
            if tell.send((status, request)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("platform".to_owned()).spawn(serve).unwrap();
    (port, told, is_known)
}

/// The next message of a connection; `None` where it has ended.
fn next_told(connection: &mut impl Read) -> Option<Told> {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(b"\r\n\r\n") {
        connection.read_exact(&mut byte).ok()?;
        read.extend(byte);
    }
    let head = String::from_utf8_lossy(&read).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let mut body = vec![0; length.unwrap()];
    connection.read_exact(&mut body).ok()?;
    Some(Told::read(&[read, body].concat()))
}

/// A connection as a platform has it.
trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// A platform by TCP, or by TLS with the certificates of a folder, that breaks the first connection after its keep-alive, and
/// forgets the device with it.
fn connected_platform(certificates: Option<PathBuf>) -> (u16, Receiver<(u16, Told)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    let platform = Platform { password: "secret", is_known: Arc::new(AtomicBool::new(false)) };
    let serve = move || {
        for number in 0.. {
            let mut connection: Box<dyn Connection> = match &certificates {
                Some(certificates) => Box::new(accept(&listener, certificates)),
                None => Box::new(listener.accept().unwrap().0),
            };
            while let Some(request) = next_told(&mut connection) {
                let (status, answers) = platform.answers(&request);
                for answer in answers {
                    // In pieces, as a network may bring them.
                    for piece in answer.chunks(100) {
                        connection.write_all(piece).and_then(|()| connection.flush()).unwrap();
                    }
                }
                let is_alive = request.body.contains("Keepalive");
                if tell.send((status, request)).is_err() {
                    return;
                }
                if number == 0 && is_alive {
                    break;
                }
            }
            platform.is_known.store(false, Ordering::Relaxed);
        }
    };
    std::thread::Builder::new().name("platform".to_owned()).spawn(serve).unwrap();
    (port, told)
}

fn start(port: u16, password: &str) -> Conventions {
    start_by("sip", port, password, None)
}

fn start_by(scheme: &str, port: u16, password: &str, ca: Option<PathBuf>) -> Conventions {
    let platform = Address {
        scheme: scheme.to_owned(),
        user: DEVICE.to_owned(),
        password: password.to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        path: format!("/{SERVER}"),
        ca,
        identity: None,
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
fn by_tcp_and_by_tls_an_alarm_arrives_over_a_connection_that_broke() {
    let folder = TempDir::new().unwrap();
    authority(folder.path());
    let ca = folder.path().join("ca.pem");
    for (scheme, certificates, transport) in
        [("sip+tcp", None, "TCP"), ("sips", Some(folder.path().to_owned()), "TLS")]
    {
        let (port, told) = connected_platform(certificates);
        let conventions = start_by(scheme, port, "secret", Some(ca.clone()));
        let next = || told.recv_timeout(DEADLINE).unwrap();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let (status, request) = next();
            assert!(request.field("via").starts_with(&format!("SIP/2.0/{transport} 127.0.0.1:")));
            assert!(request.field("contact").ends_with(&format!(";transport={}>", transport.to_lowercase())));
            seen.push((status, request.method().to_owned()));
        }
        let expected = [(401, "REGISTER"), (200, "REGISTER"), (200, "MESSAGE")];
        assert_eq!(seen, expected.map(|(status, method)| (status, method.to_owned())));
        // The platform has closed the connection: a new one, and who we are once more, and then the alarm.
        conventions.tell(&Arc::new(warning()));
        let mut more = std::iter::repeat_with(next);
        assert!(more.any(|(status, told)| status == 200 && told.method() == "REGISTER"));
        let (_, alarm) = more.find(|(status, told)| *status == 200 && told.body.contains("Alarm")).unwrap();
        assert_eq!(text(&alarm.body, "AlarmType"), "10");
        let (_, answer) = more.find(|(status, _)| *status == 0).unwrap();
        assert_eq!(answer.first, "SIP/2.0 200 OK");
    }
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
