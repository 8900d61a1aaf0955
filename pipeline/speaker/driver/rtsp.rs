//! A talk with a camera by RTSP (RFC 2326): requests with digest authentication, and packets in the same connection.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{config::speaker_plan::Address, connection::Connection, digest_auth::Challenge};

/// Longest time for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often somebody who waits for an answer is asked whether that is still worth while.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Largest body taken, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A talk with a camera.
pub(super) struct Talk {
    to: Address,
    url: String,
    connection: BufReader<Connection>,
    sequence: u32,
    session: Option<String>,
    challenge: Option<Challenge>,
}

/// An answer.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The first header of a name, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Talk {
    /// Connects.
    pub(super) fn open(to: &Address) -> Result<Self> {
        let connection = Connection::open(to, ANSWER_WITHIN)?;
        Ok(Self {
            to: to.clone(),
            url: to.to_string(),
            connection: BufReader::new(connection),
            sequence: 0,
            session: None,
            challenge: None,
        })
    }

    /// The address that is asked where no other is named.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Keeps the session that an answer to SETUP names.
    pub(super) fn keep_session(&mut self, set_up: &Answer) {
        let session = set_up.header("session").and_then(|session| session.split(';').next());
        self.session = session.map(|session| session.trim().to_owned());
    }

    /// Asks, and says who we are where the camera wants to know.
    pub(super) fn ask(
        &mut self,
        method: &str,
        url: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
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

    /// Sends a packet in a channel of the connection.
    pub(super) fn send_packet(&mut self, channel: u8, packet: &[u8]) -> Result<()> {
        // RFC 2326, 10.12: a dollar sign, the channel, the length.
        let [high, low] = u16::try_from(packet.len()).context("a packet is too long")?.to_be_bytes();
        let framed = [&[b'$', channel, high, low], packet].concat();
        self.connection.get_mut().write_all(&framed).context("the camera takes no more sound")
    }

    /// Waits until the camera has read all that was sent, as its answer to a question behind it shows, whatever it says; not
    /// longer than for any other answer. `false` where `is_over` says meanwhile that nobody waits any more.
    pub(super) fn has_read_all(&mut self, is_over: impl Fn() -> bool) -> Result<bool> {
        self.send("OPTIONS", &self.url.clone(), &[])?;
        let deadline = Instant::now() + ANSWER_WITHIN;
        while !is_over() {
            if self.answers_within(LOOK_EVERY)? {
                self.answer()?;
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(true);
            }
        }
        Ok(false)
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

    /// The answer to the last question. Those that were not waited for and what the camera sends of its own are let pass.
    fn answer(&mut self) -> Result<Answer> {
        let deadline = Instant::now() + ANSWER_WITHIN;
        loop {
            while !self.answers_within(ANSWER_WITHIN)? {
                ensure!(Instant::now() < deadline, "{} does not answer", self.to);
            }
            let answer = self.next_answer()?;
            let is_older = answer
                .header("cseq")
                .and_then(|sequence| sequence.parse::<u32>().ok())
                .is_some_and(|sequence| sequence < self.sequence);
            if !is_older {
                return Ok(answer);
            }
        }
    }

    /// Whether an answer begins to come within a time. A packet that comes in its place is let pass.
    fn answers_within(&mut self, wait: Duration) -> Result<bool> {
        let to = self.to.to_string();
        let read = || format!("{to} does not answer");
        self.connection.get_ref().set_read_timeout(wait)?;
        let first = self.connection.fill_buf().map(|bytes| bytes.first().copied());
        // What has begun to come may take its time.
        self.connection.get_ref().set_read_timeout(ANSWER_WITHIN)?;
        match first {
            Ok(Some(b'$')) => {
                let mut head = [0; 4];
                self.connection.read_exact(&mut head).with_context(read)?;
                let mut packet = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
                self.connection.read_exact(&mut packet).with_context(read)?;
                Ok(false)
            }
            Ok(Some(_)) => Ok(true),
            Ok(None) => bail!("{to} hung up"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            Err(error) => Err(error).with_context(read),
        }
    }

    fn next_answer(&mut self) -> Result<Answer> {
        let to = self.to.to_string();
        let read = || format!("{to} does not answer");
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
