//! A call to a telephone system or a SIP amplifier that answers by itself; the announcement is spoken into it.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{Driver, Playback, remote::Remote};
use crate::{
    config::speaker_plan::Address,
    sip::{Agent, message::Message},
    speaker::voice::Clip,
    stream::player::{Player, RtpCodec, SoundOutput},
};

/// Longest time until it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The three ways in which telephones are told to answer at once; each maker knows one of them (RFC 5373 is the last).
const ANSWER_AT_ONCE: [(&str, &str); 3] = [
    ("Call-Info", "<sip:throng>;answer-after=0"),
    ("Alert-Info", "<http://throng.invalid>;info=alert-autoanswer"),
    ("Answer-Mode", "Auto"),
];

/// A telephone system or amplifier.
pub(super) struct Sip {
    to: Address,
}

impl Sip {
    pub(super) fn new(to: Address) -> Self {
        Self { to }
    }
}

impl Driver for Sip {
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>> {
        let (to, clip) = (self.to.clone(), clip.clone());
        Remote::start("speaker-sip", move |stop| {
            let mut agent = Agent::new(&to)?;
            // Held for as long as the call lasts: the other side must not find somebody else there.
            let media = UdpSocket::bind((agent.local().ip(), 0)).context("there is no UDP socket for RTP")?;
            let port = media.local_addr()?.port();
            let called = if to.user.is_empty() { "page" } else { &to.user };
            let target = format!("sip:{called}@{}:{}", to.host, to.port);
            let offer = offer(agent.local().ip(), port);
            let headers = [
                &[("Content-Type", "application/sdp"), ("Allow", "INVITE, ACK, CANCEL, BYE")][..],
                &ANSWER_AT_ONCE,
            ]
            .concat();
            let (call, answer) =
                agent.request("INVITE", &target, &headers, offer.as_bytes(), ANSWER_WITHIN, &mut || {
                    !stop.is_set()
                })?;
            let Some(answer) = answer else {
                return agent.cancel(&call);
            };
            match answer.status() {
                Some(200..=299) => {}
                status => bail!("{to} does not answer the call: {}", status.unwrap_or_default()),
            }
            agent.acknowledge(&call, &answer)?;
            let spoken = speak(&answer, &clip, &mut || stop.within(Duration::from_millis(20)), &mut agent);
            // Hung up whatever happened.
            agent.end(&call, &answer).and(spoken)
        })
    }
}

/// Speaks into a call until the end, a stop, or until the other side hangs up.
fn speak(
    answer: &Message,
    clip: &Clip,
    is_stopped: &mut dyn FnMut() -> bool,
    agent: &mut Agent,
) -> Result<()> {
    let to = answered_media(&answer.body).context("the call was answered without a place to speak to")?;
    let output = SoundOutput::Rtp { to, codec: RtpCodec::Pcmu, ttl: 1, interface: None };
    let player = Player::start(&output, &clip.samples)?;
    while !player.has_ended()? && !is_stopped() {
        if agent.heard(Duration::from_millis(1))?.is_some_and(|request| request.method() == Some("BYE")) {
            bail!("the other side hung up");
        }
    }
    Ok(())
}

/// One stream of G.711 that we only send.
fn offer(address: IpAddr, port: u16) -> String {
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=throng 0 0 IN {family} {address}\r\ns=announcement\r\nc=IN {family} {address}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendonly\r\n"
    )
}

/// Where an answer wants the sound.
fn answered_media(body: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(body).ok()?;
    let line = |start: &str| text.lines().find_map(|line| line.trim().strip_prefix(start));
    let address: IpAddr = line("c=IN ")?.split_whitespace().nth(1)?.split('/').next()?.parse().ok()?;
    let port: u16 = line("m=audio ")?.split_whitespace().next()?.parse().ok()?;
    (port > 0).then_some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_to_speak_to_is_read_from_the_answer() {
        let answer = b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n";
        assert_eq!(answered_media(answer), Some("10.0.0.9:6000".parse().unwrap()));
        for refused in
            [&b"m=audio 0 RTP/AVP 0\r\nc=IN IP4 10.0.0.9\r\n"[..], b"", b"c=IN IP4 x\r\nm=audio 6 RTP/AVP 0"]
        {
            assert_eq!(answered_media(refused), None);
        }
    }
}
