//! The little of MQTT 3.1.1 that talking to a drone's broker takes: connect, subscribe, publish once, hear.
//!
//! Own, since the clients on crates.io either bring a TLS library with open advisories or an event loop of their own;
//! this is a connection ([`Connection`], so by TLS where the address is `mqtts`) with seven packets.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{config::speaker_plan::Address, connection::Connection};

/// Longest time for the broker's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The broker may end the talk after one and a half of it without a packet of ours.
const KEEP_ALIVE_SECS: u16 = 120;
/// Largest packet taken.
const PACKET_BYTES_MAX: usize = 1 << 20;

/// A connection to a broker.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    received: Vec<u8>,
    next_id: u16,
}

/// A packet from the broker.
#[derive(Debug, PartialEq, Eq)]
struct Packet {
    kind: u8,
    flags: u8,
    body: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// No broker there, or it refuses the user.
    pub fn connect(to: &Address, client_id: &str) -> Result<Self> {
        let connection =
            Connection::open(to, ANSWER_WITHIN).with_context(|| format!("no MQTT broker answers at {to}"))?;
        let mut client = Self { connection, received: Vec::new(), next_id: 1 };
        let mut body = text("MQTT");
        // Level 4 is 3.1.1; a clean session; user and password where there are any.
        let mut flags = 0x02;
        if !to.user.is_empty() {
            flags |= 0x80 | if to.password.is_empty() { 0 } else { 0x40 };
        }
        body.extend([4, flags]);
        body.extend(KEEP_ALIVE_SECS.to_be_bytes());
        body.extend(text(client_id));
        for credential in [&to.user, &to.password] {
            if !credential.is_empty() {
                body.extend(text(credential));
            }
        }
        client.send(0x10, &body)?;
        let answer = client.wait_for(2)?;
        match answer.body.get(1) {
            Some(0) => Ok(client),
            Some(4 | 5) => {
                bail!("the MQTT broker {to} refuses the user {:?}; check name and password", to.user)
            }
            _ => bail!("the MQTT broker {to} refuses the connection"),
        }
    }

    /// Hears a topic from now on.
    ///
    /// # Errors
    /// The broker refuses, or is gone.
    pub fn subscribe(&mut self, topic: &str) -> Result<()> {
        let id = self.id();
        let body = [&id.to_be_bytes()[..], &text(topic), &[1]].concat();
        self.send(0x82, &body)?;
        let answer = self.wait_for(9)?;
        anyhow::ensure!(
            answer.body.get(2).is_some_and(|code| *code < 0x80),
            "the MQTT broker refuses {topic}"
        );
        Ok(())
    }

    /// Publishes with quality 1; it is at the broker when this returns.
    ///
    /// # Errors
    /// The broker is gone.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<()> {
        let id = self.id();
        let body = [&text(topic)[..], &id.to_be_bytes(), payload].concat();
        self.send(0x32, &body)?;
        self.wait_for(4).map(|_acknowledged| ())
    }

    /// The next message: topic and payload; `None` where none comes within `wait`.
    ///
    /// # Errors
    /// The broker is gone.
    pub fn next(&mut self, wait: Duration) -> Result<Option<(String, Vec<u8>)>> {
        let deadline = Instant::now() + wait;
        while let Some(packet) = self.packet(deadline)? {
            if packet.kind == 3
                && let Some(message) = self.message(&packet)?
            {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// The message in a packet, acknowledged where it wants to be.
    fn message(&mut self, packet: &Packet) -> Result<Option<(String, Vec<u8>)>> {
        let quality = packet.flags >> 1 & 3;
        let Some((length, rest)) = packet.body.split_first_chunk::<2>() else { return Ok(None) };
        let Some((topic, rest)) = rest.split_at_checked(u16::from_be_bytes(*length).into()) else {
            return Ok(None);
        };
        let payload = if quality == 0 {
            rest
        } else {
            let Some((id, payload)) = rest.split_first_chunk::<2>() else { return Ok(None) };
            self.send(0x40, id)?;
            payload
        };
        Ok(Some((String::from_utf8_lossy(topic).into_owned(), payload.to_vec())))
    }

    /// Waits for a kind of packet; messages in between are left out: what is heard is asked for after it.
    fn wait_for(&mut self, kind: u8) -> Result<Packet> {
        let deadline = Instant::now() + ANSWER_WITHIN;
        while let Some(packet) = self.packet(deadline)? {
            if packet.kind == kind {
                return Ok(packet);
            }
        }
        bail!("the MQTT broker has not answered for {} s", ANSWER_WITHIN.as_secs())
    }

    fn packet(&mut self, deadline: Instant) -> Result<Option<Packet>> {
        loop {
            if let Some((packet, length)) = parsed(&self.received)? {
                self.received.drain(..length);
                return Ok(Some(packet));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.connection.set_read_timeout(left.max(Duration::from_millis(1)))?;
            let mut buffer = [0; 4096];
            match self.connection.read(&mut buffer) {
                Ok(0) => bail!("the MQTT broker closed the connection"),
                Ok(length) => self.received.extend(&buffer[..length]),
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error).context("the MQTT broker is gone"),
            }
        }
    }

    fn send(&mut self, first: u8, body: &[u8]) -> Result<()> {
        let mut packet = vec![first];
        let mut length = body.len();
        loop {
            let digit = (length % 128) as u8;
            length /= 128;
            packet.push(if length > 0 { digit | 0x80 } else { digit });
            if length == 0 {
                break;
            }
        }
        packet.extend(body);
        self.connection.write_all(&packet).context("the MQTT broker is gone")?;
        self.connection.flush().context("the MQTT broker is gone")
    }

    fn id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        id
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A broker that is gone need not be told.
        self.send(0xe0, &[]).ok();
    }
}

/// The first packet of what was received, and its length; `None` where it is not whole yet.
fn parsed(received: &[u8]) -> Result<Option<(Packet, usize)>> {
    let Some((first, rest)) = received.split_first() else { return Ok(None) };
    let mut length = 0_usize;
    for (index, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        anyhow::ensure!(length <= PACKET_BYTES_MAX, "the MQTT broker sends {length} bytes at once");
        if byte & 0x80 == 0 {
            let body = rest.get(index + 1..index + 1 + length);
            return Ok(body.map(|body| {
                (Packet { kind: first >> 4, flags: first & 15, body: body.to_vec() }, index + 2 + length)
            }));
        }
    }
    anyhow::ensure!(rest.len() < 4, "what answers is no MQTT broker");
    Ok(None)
}

/// A text with its length before it.
fn text(text: &str) -> Vec<u8> {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packets_are_taken_whole_and_one_by_one() {
        let bytes = [0x30, 3, 0, 1, b'a', 0xd0, 0];
        assert_eq!(parsed(&bytes[..4]).unwrap(), None);
        let (packet, length) = parsed(&bytes).unwrap().unwrap();
        assert_eq!((packet.kind, packet.body.as_slice(), length), (3, &[0, 1, b'a'][..], 5));
        assert!(parsed(&[0x30, 0xff, 0xff, 0xff, 0xff]).is_err());
    }

    proptest! {
        #[test]
        fn nothing_from_the_network_makes_the_reader_panic(bytes: Vec<u8>) {
            let _ignored = parsed(&bytes).is_ok();
        }
    }
}
