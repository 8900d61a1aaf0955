//! Servers of video on loopback, each of a picture that moves.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};

use crate::watched::DEADLINE;

/// Debian's Python, which knows the bindings of Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

/// Raw pictures that move, at 25 a second.
pub(crate) const RAW: &str = "videotestsrc is-live=true pattern=smpte horizontal-speed=3 ! video/x-raw,width=320,height=240,framerate=25/1,format=I420";

/// The same as H.264 with a key frame every `key_every`.
pub(crate) fn h264(key_every: u32) -> String {
    format!(
        "{RAW} ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 threads=1 key-int-max={key_every} ! \
         video/x-h264,profile=baseline"
    )
}

/// A port of loopback on which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The same for packets.
pub(crate) fn free_udp_port() -> u16 {
    UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until somebody listens on a port of loopback.
pub(crate) fn wait_for_port(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < DEADLINE, "nobody listens on port {port}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// GStreamer's RTSP server with one stream at `/cam`, in a process of its own, which is killed when the test ends.
pub(crate) struct RtspServer {
    pub(crate) port: u16,
    process: Child,
}

impl RtspServer {
    /// Whether it can be started here; says so where it cannot.
    pub(crate) fn is_there() -> bool {
        let imports = "import gi; gi.require_version('GstRtspServer', '1.0')";
        let status = Command::new(PYTHON).args(["-c", imports]).stderr(Stdio::null()).status();
        let is_there = status.is_ok_and(|status| status.success());
        if !is_there {
            println!(
                "Skipped: GStreamer's RTSP server is not installed; deploy/setup.sh --tests installs it."
            );
        }
        is_there
    }

    /// Serves `launch`, whose payloader is named `pay0`.
    pub(crate) fn start(port: u16, launch: &str) -> Self {
        Self::start_with(port, launch, &[])
    }

    /// The same with options of `rtsp_server.py`.
    pub(crate) fn start_with(port: u16, launch: &str, options: &[&str]) -> Self {
        let mut process = Command::new(PYTHON)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/streams/rtsp_server.py"))
            .args([&port.to_string(), launch])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { port: line.trim().parse().unwrap(), process }
    }

    /// Serves H.264 with a key frame a second.
    pub(crate) fn h264(port: u16) -> Self {
        Self::start(port, &format!("{} ! rtph264pay name=pay0 pt=96 config-interval=-1", h264(25)))
    }

    pub(crate) fn uri(&self) -> String {
        format!("rtsp://127.0.0.1:{}/cam", self.port)
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A pipeline that sends for as long as it lives.
pub(crate) struct Sender(gst::Pipeline);

impl Sender {
    pub(crate) fn start(launch: &str) -> Self {
        gst::init().unwrap();
        let pipeline = gst::parse::launch(launch).unwrap().downcast::<gst::Pipeline>().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        Self(pipeline)
    }

    /// Runs `launch` to its end, as to write a file.
    pub(crate) fn run(launch: &str) {
        let sender = Self::start(launch);
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let end =
            sender.0.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(90), &kinds).unwrap();
        assert!(end.type_() == gst::MessageType::Eos, "{end:?}");
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.set_state(gst::State::Null).ok();
    }
}

/// A PEM file in `folder` with a certificate for 127.0.0.1 that nobody vouches for, and its key.
pub(crate) fn own_certificate(folder: &Path) -> PathBuf {
    let (file, key) = (folder.join("own.pem"), folder.join("key.pem"));
    let options =
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=camera -addext subjectAltName=IP:127.0.0.1";
    let made = Command::new("openssl")
        .args(options.split(' '))
        .arg("-out")
        .arg(&file)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let both = [std::fs::read(&file).unwrap(), std::fs::read(&key).unwrap()].concat();
    std::fs::write(&file, both).unwrap();
    file
}

/// The user `viewer` with the password `right`, as HTTP says it.
const VIEWER_RIGHT: &str = "Authorization: Basic dmlld2VyOnJpZ2h0";

/// A small HTTP server for the files of a folder. A folder in it is sent as cameras send Motion JPEG: one still after the
/// other, for ever. What begins with `private` needs the user `viewer` with the password `right`.
pub(crate) struct HttpServer {
    pub(crate) port: u16,
    _listener: Listener,
}

impl HttpServer {
    pub(crate) fn start(folder: PathBuf) -> Self {
        let listener = Listener::start("http", move |client| {
            let folder = folder.clone();
            let answer = move || drop(answer(client, &folder));
            std::thread::Builder::new().name("http-client".to_owned()).spawn(answer).unwrap();
        });
        Self { port: listener.port, _listener: listener }
    }
}

/// Takes whoever connects to a port of loopback, until it is dropped.
pub(crate) struct Listener {
    pub(crate) port: u16,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(crate) fn start(name: &str, mut take: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let work = move || {
            for client in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                take(client.unwrap());
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
        Self { port, stopping, thread: Some(thread) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        self.thread.take().unwrap().join().ok();
    }
}

fn answer(mut client: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut is_viewer = false;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        is_viewer |= line == VIEWER_RIGHT;
    }
    let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
    if path.starts_with("private") && !is_viewer {
        let ask = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\nContent-Length: 0\r\n\r\n";
        return client.write_all(ask);
    }
    if folder.join(path).is_dir() {
        return send_stills(client, &folder.join(path));
    }
    let Ok(bytes) = std::fs::read(folder.join(path)) else {
        return client.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    };
    let mut head = "HTTP/1.1 200 OK\r\nConnection: close\r\n".to_owned();
    write!(head, "Content-Length: {}\r\n\r\n", bytes.len()).unwrap();
    client.write_all(head.as_bytes())?;
    client.write_all(&bytes)
}

/// Sends the stills of a folder at 25 a second until the client goes away.
fn send_stills(mut client: TcpStream, folder: &Path) -> std::io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: multipart/x-mixed-replace; boundary=still\r\n\r\n",
    )?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().cycle() {
        let bytes = std::fs::read(path)?;
        let head = format!("--still\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", bytes.len());
        client.write_all(&[head.as_bytes(), &bytes, b"\r\n"].concat())?;
        std::thread::sleep(Duration::from_millis(40));
    }
    Ok(())
}
