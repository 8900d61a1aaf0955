//! Every kind of source gives pictures, from a real server.

use std::process::{Child, Command, Stdio};

use throng::stream::connect::{Connect, Transport};
use throng_analytics::wire::StreamState;

use crate::{
    multicast::MulticastServer,
    server::{
        HttpServer, RAW, RtspServer, Sender, free_port, free_udp_port, h264, own_certificate, wait_for_port,
    },
    watched::{camera, camera_with, frame, options, wait_for, wait_until_live},
};

/// Whether GStreamer has all of `elements` here; says so where it has not.
fn has(elements: &[&str]) -> bool {
    gstreamer::init().unwrap();
    let missing: Vec<_> =
        elements.iter().filter(|name| gstreamer::ElementFactory::find(name).is_none()).collect();
    if !missing.is_empty() {
        println!("Skipped: GStreamer has no {missing:?} here.");
    }
    missing.is_empty()
}

#[test]
fn rtsp_by_tcp_and_by_udp_in_five_codecs() {
    if !RtspServer::is_there() {
        return;
    }
    let h265 = format!(
        "{RAW} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph265pay name=pay0 pt=96 \
         config-interval=-1"
    );
    let vp8 = format!("{RAW} ! vp8enc deadline=1 keyframe-max-dist=25 ! rtpvp8pay name=pay0 pt=96");
    let vp9 =
        format!("{RAW} ! vp9enc deadline=1 cpu-used=8 keyframe-max-dist=25 ! rtpvp9pay name=pay0 pt=96");
    let jpeg = format!("{RAW} ! jpegenc ! rtpjpegpay name=pay0 pt=26");
    let h264 = format!("{} ! rtph264pay name=pay0 pt=96 config-interval=-1", h264(25));
    for (launch, format, elements, transport) in [
        (&h264, "video/x-h264", ["x264enc", "avdec_h264"], Transport::Tcp),
        (&h264, "video/x-h264", ["x264enc", "avdec_h264"], Transport::Udp),
        (&h265, "video/x-h265", ["x265enc", "avdec_h265"], Transport::Tcp),
        (&vp8, "video/x-vp8", ["vp8enc", "vp8dec"], Transport::Tcp),
        (&vp9, "video/x-vp9", ["vp9enc", "vp9dec"], Transport::Tcp),
        (&jpeg, "image/jpeg", ["jpegenc", "jpegdec"], Transport::Tcp),
    ] {
        if !has(&elements) {
            continue;
        }
        println!("{format} by {transport:?}");
        let server = RtspServer::start(0, launch);
        let mut options = options();
        options.connect = Connect { transport, ..Connect::default() };
        let camera = camera_with(&server.uri(), options);
        let status = wait_until_live(&camera);
        let video = status.video.unwrap();
        assert_eq!((video.width_px, video.height_px), (320, 240));
        assert_eq!(video.format.as_deref(), Some(format));
        assert!(video.decoder.unwrap().ends_with("ware)"));
        assert_eq!(frame(&camera).source_width_px, 320);
    }
}

#[test]
fn of_a_source_with_a_main_and_a_sub_stream_the_wanted_one_is_read() {
    if !RtspServer::is_there() || !has(&["x264enc", "avdec_h264"]) {
        return;
    }
    let sub = h264(25).replace("width=320,height=240", "width=160,height=120");
    let pay = "rtph264pay pt=96 config-interval=-1 name";
    let server = RtspServer::start(0, &format!("{} ! {pay}=pay0 {sub} ! {pay}=pay1", h264(25)));
    let port = free_udp_port();
    let _sender = Sender::start(&format!(
        "mpegtsmux name=mux alignment=7 ! udpsink host=127.0.0.1 port={port} {} ! mux.sink_256 {sub} ! mux.sink_257",
        h264(10)
    ));
    for uri in [server.uri(), format!("udp://127.0.0.1:{port}")] {
        for (video_index, width_px) in [(0, 320), (1, 160)] {
            println!("picture {video_index} of {uri}");
            let mut options = options();
            options.connect.video_index = video_index;
            let camera = camera_with(&uri, options);
            assert_eq!(wait_until_live(&camera).video.unwrap().width_px, width_px);
            assert_eq!(frame(&camera).source_width_px, width_px);
        }
    }
    for uri in [server.uri(), format!("udp://127.0.0.1:{port}")] {
        let mut options = options();
        options.connect.video_index = 2;
        let status = wait_for(&camera_with(&uri, options), "waiting", |status| status.cause.is_some());
        let cause = status.cause.unwrap();
        assert!(cause.contains("no picture number 2") && cause.contains("video_index"), "{cause}");
    }
}

#[test]
fn rtsp_by_multicast() {
    let server = MulticastServer::start();
    let mut options = options();
    options.connect.transport = Transport::Multicast;
    let camera = camera_with(&format!("rtsp://127.0.0.1:{}/cam", server.port), options);
    assert_eq!(wait_until_live(&camera).video.unwrap().format.as_deref(), Some("video/x-h264"));
}

#[test]
fn srt_calls_listens_and_wants_its_passphrase() {
    let ts = format!("{} ! mpegtsmux alignment=7", h264(10));
    let port = free_udp_port();
    let listens = format!(
        "{ts} ! srtsink uri=srt://127.0.0.1:{port}?mode=listener passphrase=longenough pbkeylen=16 wait-for-connection=false"
    );
    let sender = Sender::start(&listens);
    let with = |passphrase: &str| format!("srt://127.0.0.1:{port}?mode=caller&passphrase={passphrase}");
    wait_until_live(&camera(&with("longenough")));
    let wrong = camera(&with("wrong-enough"));
    let status = wait_for(&wrong, "waiting", |status| status.session >= 2 && status.cause.is_some());
    assert!(status.video.is_none() && !status.cause.unwrap().contains("wrong-enough"));
    drop((sender, wrong));

    let port = free_udp_port();
    let listener = camera(&format!("srt://127.0.0.1:{port}?mode=listener"));
    wait_for(&listener, "listening", |status| status.session >= 1);
    let _caller = Sender::start(&format!(
        "{ts} ! srtsink uri=srt://127.0.0.1:{port}?mode=caller wait-for-connection=false"
    ));
    wait_until_live(&listener);
}

#[test]
fn transport_streams_in_packets_to_one_and_to_many() {
    let ts = format!("{} ! mpegtsmux alignment=7", h264(10));
    let port = free_udp_port();
    let _one = Sender::start(&format!("{ts} ! udpsink host=127.0.0.1 port={port}"));
    wait_until_live(&camera(&format!("udp://127.0.0.1:{port}")));

    let port = free_udp_port();
    let _many =
        Sender::start(&format!("{ts} ! udpsink host=239.255.77.7 port={port} auto-multicast=true ttl-mc=0"));
    // Packets that may pass no router stay on this machine.
    wait_until_live(&camera(&format!("udp://239.255.77.7:{port}")));
}

#[test]
fn http_gives_files_and_segments() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let raw = "videotestsrc num-buffers=150 ! video/x-raw,width=320,height=240,framerate=25/1";
    let coded = format!("{raw} ! x264enc speed-preset=ultrafast threads=1 key-int-max=25");
    Sender::run(&format!("{coded} ! mpegtsmux ! filesink location={}", at("film.ts")));
    Sender::run(&format!(
        "{coded} ! h264parse ! hlssink2 target-duration=2 max-files=0 playlist-length=0 location={} \
         playlist-location={}",
        at("part%05d.ts"),
        at("list.m3u8")
    ));
    let server = HttpServer::start(folder.path().to_owned());
    for name in ["film.ts", "list.m3u8"] {
        println!("{name}");
        let camera = camera(&format!("http://127.0.0.1:{}/{name}", server.port));
        assert_eq!(frame(&camera).source_width_px, 320);
    }
    let missing = camera(&format!("http://127.0.0.1:{}/none.ts?token=s3cret", server.port));
    let status = wait_for(&missing, "waiting", |status| status.cause.is_some());
    assert!(!status.cause.as_ref().unwrap().contains("s3cret"), "{status:?}");
}

#[test]
fn av1_from_a_film_and_over_http() {
    if !has(&["av1enc", "av1parse", "av1dec"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.mkv");
    Sender::run(&format!(
        "videotestsrc num-buffers=75 ! video/x-raw,width=320,height=240,framerate=25/1 ! av1enc cpu-used=8 \
         usage-profile=realtime keyframe-max-dist=25 threads=1 ! av1parse ! matroskamux ! filesink location={}",
        film.display()
    ));
    let server = HttpServer::start(folder.path().to_owned());
    for uri in [film.display().to_string(), format!("http://127.0.0.1:{}/film.mkv", server.port)] {
        println!("{uri}");
        let camera = camera(&uri);
        assert_eq!(frame(&camera).source_width_px, 320);
        let status = wait_for(&camera, "known", |status| status.video.is_some());
        assert_eq!(status.video.unwrap().format.as_deref(), Some("video/x-av1"));
    }
}

#[test]
fn motion_jpeg_over_http_as_cameras_send_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["open", "private"] {
        let stills = folder.path().join(name);
        std::fs::create_dir(&stills).unwrap();
        Sender::run(&format!(
            "videotestsrc num-buffers=25 horizontal-speed=3 ! video/x-raw,width=320,height=240 ! jpegenc ! multifilesink location={}",
            stills.join("%03d.jpg").display()
        ));
    }
    let server = HttpServer::start(folder.path().to_owned());
    let camera = camera(&format!("http://127.0.0.1:{}/open", server.port));
    let live = wait_until_live(&camera);
    assert_eq!(live.video.unwrap().format.as_deref(), Some("image/jpeg"));
    // Its pictures carry no time: each was taken when it came.
    let first = frame(&camera).captured_at;
    while frame(&camera).captured_at.secs_since(first) < 2.0 {}
    let age_secs = throng::clock::wall_clock().secs_since(frame(&camera).captured_at);
    assert!((-0.5..5.0).contains(&age_secs), "{age_secs}");
    drop(camera);

    // Every picture is a key frame: those that are not counted are not decoded.
    let mut seldom = options();
    seldom.count_fps = 2.0;
    let seldom = camera_with(&format!("http://127.0.0.1:{}/open", server.port), seldom);
    wait_for(&seldom, "pictures left out", |_| seldom.counters().skipped() > 25);
    assert_eq!(seldom.status().state, StreamState::Live);
    drop(seldom);

    let with = |password: &str| format!("http://viewer:{password}@127.0.0.1:{}/private", server.port);
    wait_until_live(&self::camera(&with("right")));
    let refused = self::camera(&with("wr0ng"));
    let status = wait_for(&refused, "held back", |status| status.state == StreamState::HeldBack);
    let cause = status.cause.unwrap();
    assert!(cause.contains("check user and password") && !cause.contains("wr0ng"), "{cause}");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_named_or_taken_on_request() {
    if !RtspServer::is_there() || Command::new("openssl").arg("version").output().is_err() {
        println!("Skipped: deploy/setup.sh --tests installs openssl.");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let certificate = own_certificate(folder.path());
    let launch = format!("{} ! rtph264pay name=pay0 pt=96 config-interval=-1", h264(25));
    let rtsps = RtspServer::start_with(0, &launch, &["--certificate", certificate.to_str().unwrap()]);
    Sender::run(&format!(
        "videotestsrc num-buffers=250 ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc \
         speed-preset=ultrafast threads=1 key-int-max=25 ! mpegtsmux ! filesink location={}",
        folder.path().join("film.ts").display()
    ));
    let port = free_port();
    let https = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-WWW",
            "-cert",
            "own.pem",
            "-key",
            "own.pem",
            "-accept",
            &format!("127.0.0.1:{port}"),
        ])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _https = Program(https.unwrap());
    for uri in [format!("rtsps://127.0.0.1:{}/cam", rtsps.port), format!("https://127.0.0.1:{port}/film.ts")]
    {
        println!("{uri}");
        let careful = camera(&uri);
        let status = wait_for(&careful, "distrust", |status| {
            status.state == StreamState::Waiting
                && status.cause.as_ref().is_some_and(|cause| cause.contains("certificate"))
        });
        let cause = status.cause.unwrap();
        assert!(cause.contains("nobody whom this machine trusts") && cause.contains("accept_any"), "{cause}");
        assert!(!cause.contains("another host"), "{cause}");
        drop(careful);
        let mut options = options();
        options.connect.accepts_any_certificate = true;
        assert_eq!(frame(&camera_with(&uri, options)).source_width_px, 320);
    }
}

/// A program that is killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn rtmp_from_ffmpeg() {
    let port = free_port();
    let url = format!("rtmp://127.0.0.1:{port}/live/cam");
    let arguments = "-loglevel error -re -f lavfi -i testsrc=size=320x240:rate=25 -c:v libx264 -preset ultrafast \
                     -tune zerolatency -g 25 -pix_fmt yuv420p -f flv -listen 1";
    let serving = Command::new("ffmpeg")
        .args(arguments.split_whitespace())
        .arg(&url)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(serving) = serving else {
        println!("Skipped: ffmpeg is not installed; deploy/setup.sh --tests installs it.");
        return;
    };
    let _serving = Program(serving);
    // ffmpeg's server waits for librtmp's way of asking; `rtmp://` opens GStreamer's own client, tried below.
    let camera = camera(&format!("gst:rtmpsrc location={url}"));
    wait_until_live(&camera);
    assert_eq!(frame(&camera).source_width_px, 320);
}

/// nginx with its RTMP module, at `port` of loopback.
struct RtmpServer {
    port: u16,
    _folder: tempfile::TempDir,
    _process: Program,
}

impl RtmpServer {
    const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

    /// None where it is not installed, which it says.
    fn start() -> Option<Self> {
        if !std::path::Path::new(Self::MODULE).exists() {
            println!(
                "Skipped: nginx and its RTMP module are not installed; deploy/setup.sh --tests installs them."
            );
            return None;
        }
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let at = |name: &str| folder.path().join(name).display().to_string();
        let settings = format!(
            "daemon off; master_process off; pid {}; error_log stderr; load_module {}; events {{}}\n\
             rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}",
            at("pid"),
            Self::MODULE
        );
        std::fs::write(at("nginx.conf"), settings).unwrap();
        let serving = Command::new("/usr/sbin/nginx")
            .args(["-p", &at(""), "-c", &at("nginx.conf")])
            .stderr(Stdio::null())
            .spawn();
        let process = Program(serving.unwrap());
        wait_for_port(port);
        Some(Self { port, _folder: folder, _process: process })
    }

    fn url(&self) -> String {
        format!("rtmp://127.0.0.1:{}/live/cam", self.port)
    }

    /// A camera that sends to it.
    fn send(&self) -> Sender {
        let url = self.url();
        Sender::start(&format!(
            "{} ! h264parse ! flvmux streamable=true ! rtmp2sink location={url}",
            h264(25)
        ))
    }
}

#[test]
fn rtmp_from_a_server() {
    let Some(server) = RtmpServer::start() else { return };
    // The camera waits for a stream that is not there yet.
    let camera = camera(&server.url());
    wait_for(&camera, "waiting", |status| status.session >= 1);
    let _sender = server.send();
    assert_eq!(wait_until_live(&camera).video.unwrap().format.as_deref(), Some("video/x-h264"));
    assert_eq!(frame(&camera).source_width_px, 320);
}

#[test]
fn rtmps_with_a_certificate_of_its_own() {
    if ["socat", "openssl"].iter().any(|name| Command::new(name).arg("-V").output().is_err()) {
        println!("Skipped: socat or openssl is not installed; deploy/setup.sh --tests installs them.");
        return;
    }
    let Some(server) = RtmpServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (certificate, port) = (own_certificate(folder.path()), free_port());
    let encrypting = Command::new("socat")
        .arg(format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,verify=0,cert={}",
            certificate.display()
        ))
        .arg(format!("TCP4:127.0.0.1:{}", server.port))
        .stderr(Stdio::null())
        .spawn();
    let _encrypting = Program(encrypting.unwrap());
    wait_for_port(port);
    let _sender = server.send();
    let url = format!("rtmps://127.0.0.1:{port}/live/cam");
    let careful = camera(&url);
    let status = wait_for(&careful, "distrust", |status| {
        status.state == StreamState::Waiting
            && status.cause.as_ref().is_some_and(|cause| cause.contains("certificate"))
    });
    assert!(status.cause.unwrap().contains("nobody whom this machine trusts"));
    drop(careful);
    let mut options = options();
    options.connect.accepts_any_certificate = true;
    let camera = camera_with(&url, options);
    assert_eq!(wait_until_live(&camera).video.unwrap().format.as_deref(), Some("video/x-h264"));
    assert_eq!(frame(&camera).source_width_px, 320);
}

#[test]
fn a_folder_of_stills_is_footage() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("%03d.png").display().to_string();
    Sender::run(&format!(
        "videotestsrc num-buffers=6 ! video/x-raw,width=320,height=240 ! pngenc ! multifilesink location={at}"
    ));
    let mut options = options();
    options.connect.stills_fps = 10.0;
    options.pace = throng::stream::options::Pace::AsFastAsPossible;
    let camera = camera_with(folder.path().to_str().unwrap(), options);
    let times: Vec<_> = camera.frames().iter().map(|frame| frame.captured_at).collect();
    assert_eq!(times.len(), 6);
    assert!(times.windows(2).all(|pair| (pair[1].secs_since(pair[0]) - 0.1).abs() < 1e-3));
    assert_eq!(camera.status().state, StreamState::Ended);
}

#[test]
fn key_frames_alone_are_decoded_where_they_are_enough() {
    if !RtspServer::is_there() {
        return;
    }
    let launch = format!("{} ! rtph264pay name=pay0 pt=96 config-interval=-1", h264(12));
    let server = RtspServer::start(0, &launch);
    let mut options = options();
    options.count_fps = 2.0;
    let camera = camera_with(&server.uri(), options);
    let session = wait_until_live(&camera).session;
    let began = frame(&camera).captured_at;
    while frame(&camera).captured_at.secs_since(began) < 8.0 {}
    let (decoded, skipped) = (camera.counters().decoded(), camera.counters().skipped());
    println!("{decoded} decoded, {skipped} skipped");
    assert!(skipped > 2 * decoded, "{decoded} decoded, {skipped} skipped");
    let status = camera.status();
    assert_eq!((status.state, status.session), (StreamState::Live, session), "it is as well as before");
}
