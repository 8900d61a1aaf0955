//! The loudspeaker of a camera, by the back channel that ONVIF adds to RTSP (Streaming Specification 5.3): the announcement is
//! sent as G.711 into the stream that a description marks as `sendonly`, in the connection of RTSP itself.
//!
//! Own, since GStreamer's client loses count of the buffers that are pushed into its back channel in the version that
//! Debian 12 has; five requests and a packet every 20 ms are what it takes.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use url::Url;
use uuid::Uuid;

use super::{Driver, Playback, remote::Remote};
use crate::{
    config::speaker_plan::Address,
    connection::Connection,
    digest_auth::Challenge,
    speaker::{driver::remote::Stop, voice::Clip},
    stream::sound::mu_law,
};

/// Longest time for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// What asks a camera for its back channel.
const BACK_CHANNEL: (&str, &str) = ("Require", "www.onvif.org/ver20/backchannel");
/// Bytes of G.711 in a packet, and how long they last.
const PACKET_BYTES: usize = 160;
const PACKET_LASTS: Duration = Duration::from_millis(20);
/// Largest description taken, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

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
            let mut camera = Camera::open(&to)?;
            let described = camera.ask("DESCRIBE", None, &[("Accept", "application/sdp"), BACK_CHANNEL])?;
            let base = described.header("content-base").unwrap_or(&camera.url).to_owned();
            let track = back_channel(&described.body, &base).with_context(|| {
                format!(
                    "{to} has no back channel with G.711 mu-law; look whether the camera has a loudspeaker"
                )
            })?;
            let transport = ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1");
            let set_up = camera.ask("SETUP", Some(&track), &[transport, BACK_CHANNEL])?;
            let session = set_up.header("session").and_then(|session| session.split(';').next());
            camera.session = session.map(|session| session.trim().to_owned());
            camera.ask("PLAY", Some(&base), &[BACK_CHANNEL])?;
            let spoken = speak(&mut camera, &sound, stop);
            // Told whatever happened, so that the camera is free for the next one.
            camera.ask("TEARDOWN", Some(&base), &[]).map(|_| ()).and(spoken)
        })
    }
}

/// Sends the packets in real time until the end or a stop.
fn speak(camera: &mut Camera, sound: &[u8], stop: &Stop) -> Result<()> {
    let began = Instant::now();
    let source = Uuid::now_v7().as_u128() as u32;
    for (number, payload) in sound.chunks(PACKET_BYTES).enumerate() {
        let due = began + PACKET_LASTS * u32::try_from(number).unwrap_or(u32::MAX);
        if stop.within(due.saturating_duration_since(Instant::now())) {
            break;
        }
        let mut packet = vec![0x80, if number == 0 { 0x80 } else { 0 }];
        packet.extend((number as u16).to_be_bytes());
        packet.extend(((number * PACKET_BYTES) as u32).to_be_bytes());
        packet.extend(source.to_be_bytes());
        packet.extend(payload);
        // RFC 2326, 10.12: a dollar sign, the channel, the length.
        let mut framed = vec![b'$', 0];
        framed.extend((packet.len() as u16).to_be_bytes());
        framed.extend(packet);
        camera.connection.get_mut().write_all(&framed).context("the camera takes no more sound")?;
    }
    Ok(())
}

/// A talk with a camera.
struct Camera {
    to: Address,
    url: String,
    connection: BufReader<Connection>,
    sequence: u32,
    session: Option<String>,
    challenge: Option<Challenge>,
}

/// An answer.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Camera {
    fn open(to: &Address) -> Result<Self> {
        let connection = Connection::open(to, ANSWER_WITHIN)?;
        connection.set_read_timeout(ANSWER_WITHIN)?;
        Ok(Self {
            to: to.clone(),
            url: to.to_string(),
            connection: BufReader::new(connection),
            sequence: 0,
            session: None,
            challenge: None,
        })
    }

    /// Asks, and says who we are where the camera wants to know.
    fn ask(&mut self, method: &str, url: Option<&str>, headers: &[(&str, &str)]) -> Result<Answer> {
        let url = url.unwrap_or(&self.url).to_owned();
        for attempt in 0..2 {
            self.send(method, &url, headers)?;
            let answer = self.answer()?;
            let to = &self.to;
            match answer.status {
                200 => return Ok(answer),
                401 if attempt == 0 && !to.user.is_empty() => {
                    let mut asked = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
                    self.challenge = asked.find_map(|(_, value)| Challenge::parse(value));
                    ensure!(self.challenge.is_some(), "{to} asks for an authentication that is not known");
                }
                401 | 403 => bail!("{to} refuses the user {:?}; check name, password and rights", to.user),
                404 => bail!("{to} has no such stream; check the path"),
                551 => bail!("{to} has no back channel: it does not know ONVIF's, or has no loudspeaker"),
                status => bail!("{to} answered {method} with {status}"),
            }
        }
        bail!("{} refuses the user {:?}; check name and password", self.to, self.to.user)
    }

    fn send(&mut self, method: &str, url: &str, headers: &[(&str, &str)]) -> Result<()> {
        self.sequence += 1;
        let mut request =
            format!("{method} {url} RTSP/1.0\r\nCSeq: {}\r\nUser-Agent: throng\r\n", self.sequence);
        let session = self.session.as_deref().map(|session| ("Session", session));
        let challenge = self.challenge.as_ref();
        let answer =
            challenge.map(|challenge| challenge.answer(&self.to.user, &self.to.password, method, url));
        let answer = answer.as_deref().map(|answer| ("Authorization", answer));
        for (name, value) in headers.iter().copied().chain(session).chain(answer) {
            for part in [name, ": ", value, "\r\n"] {
                request.push_str(part);
            }
        }
        request.push_str("\r\n");
        let connection = self.connection.get_mut();
        connection
            .write_all(request.as_bytes())
            .and_then(|()| connection.flush())
            .context("the camera is gone")
    }

    /// The next answer; what the camera sends of its own in between is let pass.
    fn answer(&mut self) -> Result<Answer> {
        let to = self.to.to_string();
        let read = || format!("{to} does not answer");
        loop {
            let first =
                *self.connection.fill_buf().with_context(read)?.first().context("the camera hung up")?;
            if first != b'$' {
                break;
            }
            let mut head = [0; 4];
            self.connection.read_exact(&mut head).with_context(read)?;
            let mut packet = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
            self.connection.read_exact(&mut packet).with_context(read)?;
        }
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let length = (&mut self.connection).take(8192).read_line(&mut line).with_context(read)?;
            ensure!(length > 0, "{to} hung up");
            let line = line.trim_end();
            if line.is_empty() && !lines.is_empty() {
                break;
            }
            ensure!(lines.len() < 100, "{to} answers something that is no RTSP");
            lines.push(line.to_owned());
        }
        let mut lines = lines.into_iter();
        let status = lines.next().and_then(|line| {
            let mut words = line.split(' ');
            words.next().filter(|version| version.starts_with("RTSP/"))?;
            words.next()?.parse().ok()
        });
        let status = status.with_context(|| format!("{to} answers something that is no RTSP"))?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        ensure!(length <= BODY_BYTES_MAX, "{to} describes itself in {length} bytes");
        let mut body = vec![0; length];
        self.connection.read_exact(&mut body).with_context(read)?;
        Ok(Answer { status, headers, body })
    }
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
    use super::*;

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
