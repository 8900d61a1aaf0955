//! Every kind of loudspeaker against a real counterpart.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write as _},
    net::{TcpListener, UdpSocket},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use throng::{
    config::{
        speaker_plan::{Address, AnnouncementPlan, OutputPlan},
        speaker_raw::HttpBody,
    },
    mqtt::Client,
    speaker::{
        driver::{Playback, driver},
        voice::{Clip, Voice, plan_in},
    },
    stream::{player::RtpCodec, sound},
};

use super::{DEADLINE, Killed, free_port, program::Pole, wait_for};

fn clip(folder: &Path) -> Clip {
    let announcement = AnnouncementPlan {
        zh: Some("请不要拥挤，避免发生踩踏事故。".to_owned()),
        vapix_clip: Some(3),
        ..AnnouncementPlan::default()
    };
    Voice::new(plan_in(folder)).clip("do-not-crowd", &announcement, false).unwrap()
}

/// The same with the word "drill" before it, whose clip on an Axis loudspeaker has this number.
fn drill_clip(folder: &Path, vapix_drill_clip: Option<u32>) -> Clip {
    let announcement = AnnouncementPlan {
        zh: Some("请不要拥挤，避免发生踩踏事故。".to_owned()),
        vapix_clip: Some(3),
        vapix_drill_clip,
        ..AnnouncementPlan::default()
    };
    Voice::new(plan_in(folder)).clip("do-not-crowd", &announcement, true).unwrap()
}

fn address(scheme: &str, port: u16, user: &str, password: &str, path: &str) -> Address {
    Address {
        scheme: scheme.to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        path: path.to_owned(),
        ca: None,
        identity: None,
    }
}

/// The best agreement of what was heard with what was said, over shifts of up to half a second; both at 8 kHz.
fn agreement(said: &[f32], heard: &[f32]) -> f64 {
    let loudest = |shift: usize| {
        let heard = &heard[shift.min(heard.len())..];
        let n = said.len().min(heard.len());
        let product: f64 = said[..n].iter().zip(heard).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let energy = |x: &[f32]| x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
        product / (energy(&said[..n]) * energy(&heard[..n])).sqrt().max(1e-12)
    };
    (0..4000).map(loudest).fold(0.0, f64::max)
}

/// Every sixth sample after a mean over six: 48 to 8 kHz, good enough to compare speech.
fn at_8_khz(samples: &[f32]) -> Vec<f32> {
    samples.chunks_exact(6).map(|six| six.iter().sum::<f32>() / 6.0).collect()
}

/// G.711 mu-law, by its definition.
fn decoded(byte: u8) -> f32 {
    let byte = !byte;
    let magnitude = (((i32::from(byte & 0x0f) << 3) + 0x84) << ((byte >> 4) & 7)) - 0x84;
    (if byte & 0x80 == 0 { magnitude } else { -magnitude }) as f32 / 32768.0
}

/// The lines that a program prints, as they come.
fn lines(stdout: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    let read = move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("lines".to_owned()).spawn(read).unwrap();
    lines
}

fn until_ended(playback: &mut Box<dyn Playback>) {
    wait_for("the end of the announcement", || playback.has_ended().unwrap().then_some(()));
}

#[test]
fn the_announcement_is_recognised_in_rtp_with_g711_and_an_abort_ends_it() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let to = socket.local_addr().unwrap();
    let mut output = driver(&OutputPlan::Rtp { to, codec: RtpCodec::Pcmu, ttl: 1, interface: None });
    let mut playback = output.start(&clip).unwrap();
    let (mut heard, mut packet) = (Vec::new(), [0; 2048]);
    let mut sequence: Option<u16> = None;
    while let Ok(length) = socket.recv(&mut packet) {
        // Version 2, payload type 0, 160 samples of 20 ms; the last may be shorter.
        assert_eq!((packet[0] >> 6, packet[1] & 0x7f), (2, 0));
        assert!(length <= 172, "{length}");
        let number = u16::from_be_bytes([packet[2], packet[3]]);
        assert!(sequence.is_none_or(|before| number == before.wrapping_add(1)));
        sequence = Some(number);
        heard.extend(packet[12..length].iter().map(|byte| decoded(*byte)));
    }
    until_ended(&mut playback);
    let agreement = agreement(&at_8_khz(&clip.samples), &heard);
    assert!(agreement > 0.9, "{agreement}");

    let mut playback = output.start(&clip).unwrap();
    socket.recv(&mut packet).unwrap();
    playback.stop();
    silent_within_200_ms(&socket);
}

/// Lets pass what is on its way for 200 ms, and then wants silence, though the announcement would last for seconds more.
fn silent_within_200_ms(socket: &UdpSocket) {
    let (acts_by, mut packet) = (Instant::now() + Duration::from_millis(200), [0; 2048]);
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    while socket.recv(&mut packet).is_ok() {
        assert!(Instant::now() < acts_by, "a packet came 200 ms after the abort");
    }
}

#[test]
fn an_abort_over_the_bus_has_acted_before_it_is_answered() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let uri = socket.local_addr().unwrap();
    let pole = Pole::with_output(&format!("kind = \"rtp\"\nuri = \"rtp://{uri}\""), "");
    let mut asked = Killed(
        pole.command("ann", "Ann", &["do-not-crowd", "--times", "3"]).stdout(Stdio::piped()).spawn().unwrap(),
    );
    let mut packet = [0; 2048];
    socket.recv(&mut packet).unwrap();
    let aborted = pole.speak("bob", "Bob", &["--abort"]);
    assert!(aborted.status.success(), "{}", String::from_utf8_lossy(&aborted.stderr));
    silent_within_200_ms(&socket);
    let told = lines(asked.0.stdout.take().unwrap());
    wait_for("that it was aborted", || {
        told.try_recv().is_ok_and(|line| line.contains("aborted")).then_some(())
    });
}

#[test]
fn the_announcement_is_recognised_in_a_file() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let to = folder.path().join("said");
    let mut playback = driver(&OutputPlan::File { folder: to.clone() }).start(&clip).unwrap();
    until_ended(&mut playback);
    playback.stop();
    let file = fs::read_dir(&to).unwrap().next().unwrap().unwrap().path();
    let heard = sound::decode(&file).unwrap();
    let agreement = agreement(&at_8_khz(&clip.samples), &at_8_khz(&heard));
    assert!(agreement > 0.95, "{agreement}");
}

#[test]
fn opus_in_rtp_is_decoded_by_another_program() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = folder.path().join("heard.wav");
    let pipeline = format!(
        "udpsrc address=127.0.0.1 port={port} timeout=2000000000 \
         caps=application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=96 ! rtpopusdepay ! opusdec ! \
         audioconvert ! audio/x-raw,format=S16LE,channels=1,rate=48000 ! wavenc ! filesink buffer-mode=unbuffered location={}",
        file.display()
    );
    let receiver = Command::new("gst-launch-1.0")
        .arg("-e")
        .args(pipeline.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut receiver = Killed(receiver);
    let lines = lines(receiver.0.stdout.take().unwrap());
    let is_ready = |line: String| line.contains("New clock") || line.contains("PLAYING");
    wait_for("the receiver", || lines.try_recv().is_ok_and(is_ready).then_some(()));
    let to = format!("127.0.0.1:{port}").parse().unwrap();
    let mut output = driver(&OutputPlan::Rtp { to, codec: RtpCodec::Opus, ttl: 1, interface: None });
    until_ended(&mut output.start(&clip).unwrap());
    // Two bytes a sample; a tenth of a second may get lost where it begins.
    let most = clip.samples.len() as u64 * 2 - 9600;
    wait_for("the sound at the receiver", || {
        fs::metadata(&file).is_ok_and(|file| file.len() >= most).then_some(())
    });
    let pid = receiver.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    wait_for("the end of the receiver", || receiver.0.try_wait().unwrap());
    let heard = sound::decode(&file).unwrap();
    assert!(heard.len() as u64 * 2 >= most, "{} of {} samples came", heard.len(), clip.samples.len());
    // Opus begins with a few lost milliseconds, and the receiver may miss the first packets.
    let agreement = agreement(&at_8_khz(&clip.samples)[1600..], &at_8_khz(&heard));
    assert!(agreement > 0.5, "{agreement}");
}

/// A server that asks for digest authentication as Axis devices do, and tells the requests that pass it.
fn digest_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = channel();
    let serve = move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut reader = BufReader::new(socket.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let lower = head.to_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let is_authorised =
                lower.contains("authorization: digest username=\"root\", realm=\"axis_accc8e\"");
            let answer = if is_authorised {
                if sender.send(head.lines().next().unwrap().to_owned()).is_err() {
                    return;
                }
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nplaying=3\n"
            } else {
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"AXIS_ACCC8E\", nonce=\"0001\", \
                 algorithm=MD5, qop=\"auth\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            };
            socket.write_all(answer.as_bytes()).ok();
        }
    };
    std::thread::Builder::new().name("digest-server".to_owned()).spawn(serve).unwrap();
    (port, requests)
}

#[test]
fn an_axis_loudspeaker_plays_a_clip_and_stops_it() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let (port, requests) = digest_server();
    let mut output = driver(&OutputPlan::Vapix { to: address("http", port, "root", "secret", "/") });
    let mut playback = output.start(&clip).unwrap();
    assert_eq!(requests.recv_timeout(DEADLINE).unwrap(), "GET /axis-cgi/playclip.cgi?clip=3 HTTP/1.1");
    playback.stop();
    assert_eq!(requests.recv_timeout(DEADLINE).unwrap(), "GET /axis-cgi/stopclip.cgi HTTP/1.1");
    until_ended(&mut playback);

    // In an exercise the clip that says so is played, and where there is none, nothing.
    let mut playback = output.start(&drill_clip(folder.path(), Some(4))).unwrap();
    assert_eq!(requests.recv_timeout(DEADLINE).unwrap(), "GET /axis-cgi/playclip.cgi?clip=4 HTTP/1.1");
    playback.stop();
    assert_eq!(requests.recv_timeout(DEADLINE).unwrap(), "GET /axis-cgi/stopclip.cgi HTTP/1.1");
    let refused = output.start(&drill_clip(folder.path(), None)).err().unwrap();
    assert!(refused.to_string().contains("`vapix_drill_clip`"), "{refused}");
}

#[test]
fn a_wrong_name_is_said_without_the_password() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let (port, _requests) = digest_server();
    let to = address("http", port, "nobody", "s3cret", "/play");
    let mut playback = driver(&OutputPlan::Http { to, body: HttpBody::Wav }).start(&clip).unwrap();
    let error = wait_for("the refusal", || playback.has_ended().err());
    let words = format!("{error:#}");
    assert!(words.contains("refuses the user \"nobody\"") && !words.contains("s3cret"), "{words}");
}

#[test]
fn a_drone_is_told_the_words_over_a_real_broker_and_to_stop() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let port = free_port();
    let config = folder.path().join("mosquitto.conf");
    fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"))
        .unwrap();
    let program = if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
    let broker =
        Command::new(program).arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _broker = Killed(broker.unwrap());
    let to = address("mqtt", port, "", "", "/");
    let mut dock = wait_for("the broker", || Client::connect(&to, "dock").ok());
    dock.subscribe("thing/product/DOCK1/services").unwrap();
    let plan = OutputPlan::Dji { broker: to, gateway_sn: "DOCK1".to_owned(), psdk_index: 2 };
    let mut output = driver(&plan);
    let next = |dock: &mut Client| -> Value {
        let (_, payload) = dock.next(DEADLINE).unwrap().unwrap();
        serde_json::from_slice(&payload).unwrap()
    };

    // To its end.
    let mut playback = output.start(&clip).unwrap();
    let request = next(&mut dock);
    assert_eq!(request["method"], "speaker_tts_play_start");
    assert_eq!(
        (&request["data"]["psdk_index"], &request["data"]["tts"]["name"]),
        (&json!(2), &json!("do-not-crowd"))
    );
    assert!(request["data"]["tts"]["text"].as_str().unwrap().contains("踩踏"));
    let reply = json!({ "bid": request["bid"], "tid": request["tid"], "data": { "result": 0 } });
    dock.publish("thing/product/DOCK1/services_reply", reply.to_string().as_bytes()).unwrap();
    assert!(!playback.has_ended().unwrap());
    let event =
        json!({ "method": "speaker_tts_play_start_progress", "data": { "output": { "status": "ok" } } });
    dock.publish("thing/product/DOCK1/events", event.to_string().as_bytes()).unwrap();
    until_ended(&mut playback);

    // Stopped half way.
    let mut playback = output.start(&clip).unwrap();
    assert_eq!(next(&mut dock)["method"], "speaker_tts_play_start");
    playback.stop();
    assert_eq!(next(&mut dock)["method"], "speaker_play_stop");

    // Refused by the dock.
    let mut playback = output.start(&clip).unwrap();
    let request = next(&mut dock);
    let reply = json!({ "tid": request["tid"], "data": { "result": 319_001 } });
    dock.publish("thing/product/DOCK1/services_reply", reply.to_string().as_bytes()).unwrap();
    let error = wait_for("the refusal", || playback.has_ended().err());
    assert!(error.to_string().contains("319001"), "{error}");
}

#[test]
fn a_telephone_is_called_spoken_to_and_hung_up() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let media = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() & !1;
    let telephone = Command::new("sipp")
        .args([
            "-sn",
            "uas",
            "-i",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-mp",
            &media.to_string(),
            "-m",
            "1",
            "-nostdin",
        ])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut telephone = Killed(telephone);
    let mut playback =
        driver(&OutputPlan::Sip { to: address("sip", port, "100", "", "/") }).start(&clip).unwrap();
    until_ended(&mut playback);
    // It ends by itself after one call, and with 0 only where the call went as it should: INVITE, ACK, BYE.
    let status = wait_for("the end of the call", || telephone.0.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn a_camera_speaks_by_the_back_channel_to_the_end_and_an_abort_ends_it() {
    let folder = TempDir::new().unwrap();
    let clip = clip(folder.path());
    let spoken = folder.path().join("spoken.ulaw");
    // Debian's Python, which knows the bindings of Debian's packages.
    let mut camera = Command::new("/usr/bin/python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/speaker/onvif_camera.py"))
        .args([spoken.to_str().unwrap(), "s3cret"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = lines(camera.stdout.take().unwrap());
    let _camera = Killed(camera);
    let port = lines.recv_timeout(DEADLINE).unwrap().parse().unwrap();
    let heard = || fs::read(&spoken).unwrap_or_default().iter().map(|b| decoded(*b)).collect::<Vec<f32>>();
    let said = at_8_khz(&clip.samples);

    let mut output = driver(&OutputPlan::Onvif { to: address("rtsp", port, "viewer", "s3cret", "/cam") });
    let mut playback = output.start(&clip).unwrap();
    until_ended(&mut playback);
    assert_eq!(lines.recv_timeout(DEADLINE).unwrap(), "silent");
    let came = heard();
    let agreement = agreement(&said, &came);
    assert!(agreement > 0.9, "{agreement}; {} of {} samples came", came.len(), said.len());
    // Less than a packet is missing: the camera had the time to play what it still held.
    assert!(came.len() + 160 > said.len(), "{} of {} samples came", came.len(), said.len());

    fs::remove_file(&spoken).unwrap();
    let mut playback = output.start(&clip).unwrap();
    wait_for("the first sound", || (!heard().is_empty()).then_some(()));
    playback.stop();
    until_ended(&mut playback);
    assert_eq!(lines.recv_timeout(DEADLINE).unwrap(), "silent");
    let came = heard().len();
    assert!(came < said.len() / 2, "{came} of {} samples came", said.len());

    let mut output = driver(&OutputPlan::Onvif { to: address("rtsp", port, "viewer", "wrong", "/cam") });
    let mut playback = output.start(&clip).unwrap();
    let error = wait_for("a refusal", || playback.has_ended().err());
    assert!(error.to_string().contains("refuses the user \"viewer\""), "{error}");
}
