//! How messages travel: as datagrams, or one after the other over a connection, in the clear or by TLS.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, ToSocketAddrs as _, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::message::Message;
use crate::{config::speaker_plan::Address, connection::Connection};

/// Largest message, bytes: that of a datagram.
const MESSAGE_BYTES_MAX: usize = 65_535;
/// Longest time for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The way to one server.
#[derive(Debug)]
pub(super) enum Link {
    /// `sip`: UDP.
    Datagrams(UdpSocket),
    /// `sip+tcp` and `sips`.
    Stream {
        /// The connection.
        connection: Connection,
        /// What came and is no whole message yet.
        read: Vec<u8>,
    },
}

impl Link {
    /// The way to the server at `to`, by the scheme of its address.
    ///
    /// # Errors
    /// The host has no address, there is no socket, or nobody there who may be trusted.
    pub(super) fn open(to: &Address) -> Result<Self> {
        if matches!(to.scheme.as_str(), "sip+tcp" | "sips") {
            let connection = Connection::open(to, CONNECT_WITHIN)?;
            return Ok(Self::Stream { connection, read: Vec::new() });
        }
        let peer = (to.host.as_str(), to.port).to_socket_addrs().ok().and_then(|mut found| found.next());
        let peer = peer.with_context(|| format!("{to} has no address; check the host name"))?;
        let any = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).context("there is no UDP socket for SIP")?;
        // Connected, so that datagrams of others are not heard.
        socket.connect(peer).with_context(|| format!("{to} cannot be reached"))?;
        Ok(Self::Datagrams(socket))
    }

    /// Our address, as the server sees it on this network.
    ///
    /// # Errors
    /// The socket is gone.
    pub(super) fn local(&self) -> Result<SocketAddr> {
        Ok(match self {
            Self::Datagrams(socket) => socket.local_addr()?,
            Self::Stream { connection, .. } => connection.local_addr()?,
        })
    }

    /// As a `Via` names it.
    pub(super) fn transport(&self) -> &'static str {
        match self {
            Self::Datagrams(_) => "UDP",
            Self::Stream { connection: Connection::Plain(_), .. } => "TCP",
            Self::Stream { connection: Connection::Tls(_), .. } => "TLS",
        }
    }

    /// Whether what is sent arrives without being repeated (RFC 3261, 17.1.2.2).
    pub(super) fn is_reliable(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The network is gone.
    pub(super) fn send(&mut self, message: &[u8]) -> Result<()> {
        let sent = match self {
            Self::Datagrams(socket) => match socket.send(message) {
                // The word of a host where nobody listens yet, about what was sent before.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
                sent => sent.map(|_| ()),
            },
            Self::Stream { connection, .. } => {
                connection.write_all(message).and_then(|()| connection.flush())
            }
        };
        sent.context("the SIP server is gone")
    }

    /// The next message, waiting for it no longer than so; `None` also for a datagram that is none.
    ///
    /// # Errors
    /// The network is gone, or the server has closed the connection or speaks something else.
    pub(super) fn receive(&mut self, wait: Duration) -> Result<Option<Message>> {
        let wait = wait.max(Duration::from_millis(1));
        match self {
            Self::Datagrams(socket) => datagram(socket, wait),
            Self::Stream { connection, read } => {
                let deadline = Instant::now() + wait;
                let mut bytes = [0; 4096];
                loop {
                    if let Some(message) = first_message(read)? {
                        return Ok(Some(message));
                    }
                    let left = deadline.saturating_duration_since(Instant::now());
                    connection.set_read_timeout(left.max(Duration::from_millis(1)))?;
                    match connection.read(&mut bytes) {
                        Ok(0) => bail!("the SIP server has closed the connection"),
                        Ok(length) => read.extend(&bytes[..length]),
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                            return Ok(None);
                        }
                        Err(error) => return Err(error).context("the SIP server is gone"),
                    }
                }
            }
        }
    }
}

fn datagram(socket: &UdpSocket, wait: Duration) -> Result<Option<Message>> {
    socket.set_read_timeout(Some(wait))?;
    let mut datagram = vec![0; MESSAGE_BYTES_MAX];
    match socket.recv(&mut datagram) {
        Ok(length) => Ok(Message::parse(&datagram[..length])),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        // Nobody listens there yet, as while a telephone starts: it is asked again until the time is over.
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::thread::sleep(wait);
            Ok(None)
        }
        Err(error) => Err(error).context("the SIP server is gone"),
    }
}

/// Takes the first message out of what came over a connection, where it is whole: its body is as long as its
/// `Content-Length` says.
fn first_message(read: &mut Vec<u8>) -> Result<Option<Message>> {
    // Empty lines between messages keep a connection alive (RFC 5626, 3.5.1).
    let blank = read.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    read.drain(..blank);
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        ensure!(read.len() <= MESSAGE_BYTES_MAX, "the SIP server says something without an end");
        return Ok(None);
    };
    let head = end + 4;
    let Some(mut message) = Message::parse(&read[..head]) else {
        bail!("the SIP server says something else")
    };
    let length = message.header("content-length").map_or(Ok(0), str::parse::<usize>);
    let length = length.context("the SIP server says no length")?;
    ensure!(length <= MESSAGE_BYTES_MAX, "the SIP server says more than a message can hold");
    if read.len() < head + length {
        return Ok(None);
    }
    message.body = read[head..head + length].to_vec();
    read.drain(..head + length);
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_of_a_stream_are_taken_one_by_one_as_they_become_whole() {
        let stream = b"\r\n\r\nSIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\nContent-Length: 2\r\n\r\nhiMESSAGE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n";
        let (mut read, mut taken) = (Vec::new(), Vec::new());
        for byte in stream {
            read.push(*byte);
            taken.extend(first_message(&mut read).unwrap());
        }
        assert_eq!((taken[0].status(), taken[0].body.as_slice()), (Some(200), &b"hi"[..]));
        assert_eq!((taken.len(), taken[1].method(), read.len()), (2, Some("MESSAGE"), 0));
        for wrong in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n"] {
            first_message(&mut wrong.to_vec()).unwrap_err();
        }
        first_message(&mut vec![b'x'; MESSAGE_BYTES_MAX + 1]).unwrap_err();
    }

    proptest! {
        #[test]
        fn nothing_from_the_network_makes_the_reader_panic(mut bytes: Vec<u8>) {
            let _ignored = first_message(&mut bytes);
        }
    }
}
