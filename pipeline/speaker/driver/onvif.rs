//! The loudspeaker of a camera, by the back channel that ONVIF adds to RTSP (Streaming Specification 5.3): the announcement is
//! sent as G.711 into the stream that a description marks as `sendonly`, in the connection of RTSP itself.
//!
//! Own, since GStreamer's client loses count of the buffers that are pushed into its back channel in the version that
//! Debian 12 has; six requests and a packet every 20 ms are what it takes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use url::Url;
use uuid::Uuid;

use super::{
    Driver, Playback,
    remote::{Remote, Stop},
    rtsp::Talk,
};
use crate::{config::speaker_plan::Address, speaker::voice::Clip, stream::sound::mu_law};

/// What asks a camera for its back channel.
const BACK_CHANNEL: (&str, &str) = ("Require", "www.onvif.org/ver20/backchannel");
/// Bytes of G.711 in a packet, and how long they last.
const PACKET_BYTES: usize = 160;
const PACKET_LASTS: Duration = Duration::from_millis(20);
/// How long a camera may take to play what it has read. GStreamer's holds sound back for 200 ms, others for up to a second;
/// those that end a talk at once lose what they still hold.
const PLAYS_OUT_WITHIN: Duration = Duration::from_secs(1);

/// A camera with a loudspeaker.
pub(super) struct Onvif {
    to: Address,
}

impl Onvif {
    pub(super) fn new(to: Address) -> Self {
        Self { to }
    }
}

impl Driver for Onvif {
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>> {
        let (to, clip) = (self.to.clone(), clip.clone());
        Remote::start("speaker-onvif", move |stop| {
            let sound = mu_law(&clip.samples)?;
            let mut camera = Talk::open(&to)?;
            let described = camera.ask("DESCRIBE", None, &[("Accept", "application/sdp"), BACK_CHANNEL])?;
            let base = described.header("content-base").unwrap_or(camera.url()).to_owned();
            let track = back_channel(&described.body, &base).with_context(|| {
                format!(
                    "{to} has no back channel with G.711 mu-law; look whether the camera has a loudspeaker"
                )
            })?;
            let transport = ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1");
            let set_up = camera.ask("SETUP", Some(&track), &[transport, BACK_CHANNEL])?;
            camera.keep_session(&set_up);
            camera.ask("PLAY", Some(&base), &[BACK_CHANNEL])?;
            let spoken = speak(&mut camera, &sound, stop);
            // Told whatever happened, so that the camera is free for the next one.
            camera.ask("TEARDOWN", Some(&base), &[]).map(|_| ()).and(spoken)
        })
    }
}

/// Sends the packets in real time and waits until they were played, or until a stop.
fn speak(camera: &mut Talk, sound: &[u8], stop: &Stop) -> Result<()> {
    let began = Instant::now();
    let source = Uuid::now_v7().as_u128() as u32;
    for (number, payload) in sound.chunks(PACKET_BYTES).enumerate() {
        let due = began + PACKET_LASTS * u32::try_from(number).unwrap_or(u32::MAX);
        if stop.within(due.saturating_duration_since(Instant::now())) {
            return Ok(());
        }
        let mut packet = vec![0x80, if number == 0 { 0x80 } else { 0 }];
        packet.extend((number as u16).to_be_bytes());
        packet.extend(((number * PACKET_BYTES) as u32).to_be_bytes());
        packet.extend(source.to_be_bytes());
        packet.extend(payload);
        camera.send_packet(0, &packet)?;
    }
    // Sound and requests share a connection and so are read in order: a busy camera that answers has read all the sound.
    if camera.has_read_all(|| stop.is_set())? {
        stop.within(PLAYS_OUT_WITHIN);
    }
    Ok(())
}

/// The address of the track that takes G.711 mu-law, in a description (SDP) whose relative addresses begin at `base`.
fn back_channel(description: &[u8], base: &str) -> Option<String> {
    let text = std::str::from_utf8(description).ok()?;
    let mut sections = text.split("\nm=").skip(1);
    let section = sections.find(|section| {
        let first = section.lines().next().unwrap_or_default();
        // Media, port, transport, then the payload types; 0 is G.711 mu-law.
        first.starts_with("audio ")
            && first.split_whitespace().skip(3).any(|payload| payload == "0")
            && section.lines().any(|line| line.trim() == "a=sendonly")
    })?;
    let control = section.lines().find_map(|line| line.trim().strip_prefix("a=control:"))?;
    if Url::parse(control).is_ok() {
        return Some(control.to_owned());
    }
    // A base without a slash at its end is a folder all the same, to every camera.
    Some(format!("{}/{}", base.trim_end_matches('/'), control.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufReader, Write as _},
        net::TcpListener,
        path::PathBuf,
        sync::mpsc::channel,
    };

    use super::*;

    /// The next request of a talk, packets of sound let pass: its first line and its sequence number.
    fn request(from: &mut impl std::io::BufRead) -> (String, String) {
        while from.fill_buf().unwrap()[0] == b'$' {
            let mut head = [0; 4];
            from.read_exact(&mut head).unwrap();
            let mut packet = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
            from.read_exact(&mut packet).unwrap();
        }
        let mut lines = String::new();
        while !lines.ends_with("\r\n\r\n") {
            assert!(from.read_line(&mut lines).unwrap() > 0);
        }
        let sequence = lines.lines().find_map(|line| line.strip_prefix("CSeq: ")).unwrap();
        (lines.lines().next().unwrap().to_owned(), sequence.to_owned())
    }

    #[test]
    fn an_abort_ends_the_talk_with_a_camera_that_owes_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, asked) = channel();
        let camera = move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut requests = BufReader::new(socket.try_clone().unwrap());
            let track = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\na=control:back\r\n";
            let mut owed = None;
            loop {
                let (line, sequence) = request(&mut requests);
                let method = line.split(' ').next().unwrap().to_owned();
                if method == "OPTIONS" {
                    owed = Some(sequence);
                } else {
                    let body = if method == "DESCRIBE" { track } else { "" };
                    // Late, and so before the answer to what was asked since.
                    for sequence in owed.take().into_iter().chain([sequence]) {
                        let length = body.len();
                        let answer = format!(
                            "RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\nContent-Length: {length}\r\n\r\n{body}"
                        );
                        socket.write_all(answer.as_bytes()).unwrap();
                    }
                }
                tell.send(method.clone()).unwrap();
                if method == "TEARDOWN" {
                    return;
                }
            }
        };
        let camera = std::thread::Builder::new().name("camera".to_owned()).spawn(camera).unwrap();
        let to = Address {
            scheme: "rtsp".to_owned(),
            user: String::new(),
            password: String::new(),
            host: "127.0.0.1".to_owned(),
            port,
            path: "/cam".to_owned(),
            ca: None,
            identity: None,
        };
        let clip = Clip {
            id: "beep".to_owned(),
            samples: vec![0.5; 4800].into(),
            wav: PathBuf::new(),
            words: String::new(),
            says_drill: false,
            vapix_clip: None,
        };
        let mut playback = Onvif::new(to).start(&clip).unwrap();
        while asked.recv_timeout(Duration::from_mins(1)).unwrap() != "OPTIONS" {}
        playback.stop();
        assert_eq!(asked.recv_timeout(Duration::from_mins(1)).unwrap(), "TEARDOWN");
        camera.join().unwrap();
        while !playback.has_ended().unwrap() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_track_that_takes_sound_is_found_among_those_that_give_it() {
        let describe = |audio: &str| {
            format!(
                "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=control:track0\r\nm=audio 0 RTP/AVP 0\r\n\
                 a=recvonly\r\na=control:track1\r\nm=audio 0 RTP/AVP {audio}\r\n"
            )
        };
        let found = |audio: &str| back_channel(describe(audio).as_bytes(), "rtsp://10.0.0.9/s/");
        let track = found("8 0\r\na=control:track2\r\na=sendonly");
        assert_eq!(track.as_deref(), Some("rtsp://10.0.0.9/s/track2"));
        let track = found("0\r\na=sendonly\r\na=control:rtsp://10.0.0.9/back");
        assert_eq!(track.as_deref(), Some("rtsp://10.0.0.9/back"));
        assert_eq!(found("97\r\na=control:track2\r\na=sendonly"), None);
        assert_eq!(found("0\r\na=control:track2\r\na=recvonly"), None);
    }
}
