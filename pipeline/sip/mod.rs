//! The little of SIP (RFC 3261, over UDP, TCP and TLS) that a call to a loudspeaker and a report to a platform take: requests
//! with digest authentication, repeated until answered, and short answers to those of the other side.
//!
//! Own rather than a stack: calls are one at a time and never come in, and the stacks on crates.io change their
//! interfaces monthly.

mod link;
pub mod message;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use uuid::Uuid;

use self::{link::Link, message::Message};
use crate::{config::speaker_plan::Address, digest_auth::Challenge};

/// First pause before a request is repeated, doubled up to [`REPEAT_MAX`] (timers T1 and T2).
const REPEAT_FIRST: Duration = Duration::from_millis(500);
const REPEAT_MAX: Duration = Duration::from_secs(4);

/// Our side of a talk with one server.
#[derive(Debug)]
pub struct Agent {
    link: Link,
    to: Address,
    local: SocketAddr,
    call_id: String,
    tag: String,
    sequence: u32,
    challenge: Option<(&'static str, Challenge)>,
}

/// A request and all that its repetition, its acknowledgement and its cancelling must share with it.
#[derive(Clone, Debug)]
pub struct Sent {
    method: String,
    uri: String,
    branch: String,
    sequence: u32,
    target: String,
}

impl Agent {
    /// A talk with the server at `to`, as its user: by UDP, and where its scheme is `sip+tcp` or `sips` by TCP or TLS.
    ///
    /// # Errors
    /// The host has no address, there is no socket, or nobody there who may be trusted.
    pub fn new(to: &Address) -> Result<Self> {
        let link = Link::open(to)?;
        let local = link.local()?;
        let unique = || Uuid::now_v7().simple().to_string();
        Ok(Self {
            link,
            to: to.clone(),
            local,
            call_id: format!("{}@{}", unique(), local.ip()),
            tag: unique(),
            sequence: 0,
            challenge: None,
        })
    }

    /// Our address, as the server sees it on this network.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends a request and waits for its final answer; authenticates once where asked to. `goes_on` is asked between
    /// repetitions; where it says no, the request is given up and `None` returned with what was sent.
    ///
    /// # Errors
    /// No answer in time.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        within: Duration,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<(Sent, Option<Message>)> {
        for _attempt in 0..2 {
            let sent = self.prepared(method, target);
            let text = self.text(&sent, headers, body);
            let answer = self.answered(&sent, &text, within, goes_on)?;
            let Some(answer) = answer else { return Ok((sent, None)) };
            let status = answer.status().unwrap_or_default();
            if method == "INVITE" && status >= 300 {
                self.acknowledge(&sent, &answer)?;
            }
            let asked = match status {
                401 => answer.header("www-authenticate").map(|header| ("Authorization", header)),
                407 => answer.header("proxy-authenticate").map(|header| ("Proxy-Authorization", header)),
                _ => None,
            };
            let challenge = asked.and_then(|(name, header)| Some((name, Challenge::parse(header)?)));
            if challenge.is_none() || self.challenge == challenge {
                return Ok((sent, Some(answer)));
            }
            self.challenge = challenge;
        }
        bail!("{} refuses the user {:?}; check name and password", self.to, self.to.user)
    }

    /// Acknowledges the final answer to an INVITE.
    ///
    /// # Errors
    /// The network is gone.
    pub fn acknowledge(&mut self, sent: &Sent, answer: &Message) -> Result<()> {
        let success = answer.status().is_some_and(|status| status < 300);
        let target = answer.contact().filter(|_| success).unwrap_or_else(|| sent.uri.clone());
        let mut ack =
            Sent { method: "ACK".to_owned(), uri: target, target: answered_to(sent, answer), ..sent.clone() };
        if success {
            ack.branch = branch();
        }
        let text = self.text(&ack, &[], &[]);
        self.link.send(&text)
    }

    /// Cancels an INVITE that has no final answer yet.
    ///
    /// # Errors
    /// The network is gone.
    pub fn cancel(&mut self, sent: &Sent) -> Result<()> {
        let text = self.text(&Sent { method: "CANCEL".to_owned(), ..sent.clone() }, &[], &[]);
        self.link.send(&text)
    }

    /// Ends a call that was answered.
    ///
    /// # Errors
    /// The network is gone.
    pub fn end(&mut self, sent: &Sent, answer: &Message) -> Result<()> {
        let uri = answer.contact().unwrap_or_else(|| sent.uri.clone());
        self.sequence += 1;
        let bye = Sent {
            method: "BYE".to_owned(),
            uri,
            branch: branch(),
            sequence: self.sequence,
            target: answered_to(sent, answer),
        };
        let text = self.text(&bye, &[], &[]);
        self.answered(&bye, &text, Duration::from_secs(2), &mut || true).map(|_| ())
    }

    /// The next request of the other side, answered with 200; its method.
    ///
    /// # Errors
    /// The network is gone.
    pub fn heard(&mut self, wait: Duration) -> Result<Option<Message>> {
        let Some(message) = self.link.receive(wait)? else { return Ok(None) };
        if message.method().is_none_or(|method| method == "ACK") {
            return Ok(None);
        }
        self.link.send(&message.ok())?;
        Ok(Some(message))
    }

    fn prepared(&mut self, method: &str, target: &str) -> Sent {
        self.sequence += 1;
        Sent {
            method: method.to_owned(),
            uri: target.to_owned(),
            branch: branch(),
            sequence: self.sequence,
            target: format!("<{target}>"),
        }
    }

    fn text(&self, sent: &Sent, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let Sent { method, uri, branch, sequence, target } = sent;
        let (local, user) = (self.local, if self.to.user.is_empty() { "throng" } else { &self.to.user });
        let transport = self.link.transport();
        let parameter = if transport == "UDP" {
            String::new()
        } else {
            format!(";transport={}", transport.to_lowercase())
        };
        let mut text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};rport;branch={branch}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{host}>;tag={tag}\r\nTo: {target}\r\nCall-ID: {call_id}\r\nCSeq: {sequence} {method}\r\n\
             Contact: <sip:{user}@{local}{parameter}>\r\nUser-Agent: throng\r\n",
            host = self.to.host,
            tag = self.tag,
            call_id = self.call_id,
        );
        if let Some((name, challenge)) =
            self.challenge.as_ref().filter(|_| !["ACK", "CANCEL"].contains(&method.as_str()))
        {
            let answer = challenge.answer(&self.to.user, &self.to.password, method, uri);
            text.extend([*name, ": ", &answer, "\r\n"]);
        }
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend(["Content-Length: ", &body.len().to_string(), "\r\n\r\n"]);
        [text.as_bytes(), body].concat()
    }

    /// Repeats a request until its final answer.
    fn answered(
        &mut self,
        sent: &Sent,
        text: &[u8],
        within: Duration,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Message>> {
        let deadline = Instant::now() + within;
        let mut pause = REPEAT_FIRST;
        let mut repeat_at = Instant::now();
        let mut is_provisional = false;
        while Instant::now() < deadline {
            if !goes_on() {
                return Ok(None);
            }
            if Instant::now() >= repeat_at && !is_provisional {
                self.link.send(text)?;
                repeat_at = if self.link.is_reliable() { deadline } else { Instant::now() + pause };
                pause = (pause * 2).min(REPEAT_MAX);
            }
            let Some(message) = self.link.receive(Duration::from_millis(50))? else { continue };
            let is_ours = message.header("cseq").is_some_and(|cseq| {
                cseq.split_whitespace().eq([sent.sequence.to_string().as_str(), sent.method.as_str()])
            });
            match message.status() {
                Some(100..=199) if is_ours => is_provisional = sent.method == "INVITE",
                Some(_) if is_ours => return Ok(Some(message)),
                Some(_) => {}
                None => self.link.send(&message.ok())?,
            }
        }
        bail!("{} has not answered {} for {} s", self.to, sent.method, within.as_secs())
    }
}

fn branch() -> String {
    // The cookie of RFC 3261, 8.1.1.7.
    format!("z9hG4bK{}", Uuid::now_v7().simple())
}

/// The `To` of an answer, which has the other side's tag.
fn answered_to(sent: &Sent, answer: &Message) -> String {
    answer.header("to").map_or_else(|| sent.target.clone(), str::to_owned)
}
