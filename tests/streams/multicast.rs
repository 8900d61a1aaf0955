//! An RTSP server whose picture goes to a multicast group. GStreamer's own holds the group's port, so that nobody else on the
//! same machine can listen there; this one says where the group is and leaves the port alone.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use crate::server::{Listener, Sender, free_udp_port, h264};

/// Administratively scoped (RFC 2365); packets that may pass no router stay on this machine.
const GROUP: &str = "239.255.77.9";

pub(crate) struct MulticastServer {
    pub(crate) port: u16,
    _listener: Listener,
    _sender: Sender,
}

impl MulticastServer {
    pub(crate) fn start() -> Self {
        let video_port = free_udp_port();
        let sender = Sender::start(&format!(
            "{} ! rtph264pay pt=96 config-interval=-1 ! udpsink host={GROUP} port={video_port} auto-multicast=true ttl-mc=0",
            h264(10)
        ));
        let listener = Listener::start("rtsp", move |client| drop(answer(client, video_port)));
        Self { port: listener.port, _listener: listener, _sender: sender }
    }
}

/// Answers a client until it goes away.
fn answer(mut client: TcpStream, video_port: u16) -> std::io::Result<()> {
    let description = format!(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video {video_port} RTP/AVP 96\r\n\
         c=IN IP4 {GROUP}/1\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:video\r\n"
    );
    let mut lines = BufReader::new(client.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        let mut sequence = "0".to_owned();
        for line in lines.by_ref() {
            let line = line?;
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("CSeq:") {
                number.trim().clone_into(&mut sequence);
            }
        }
        let (more, body) = match request.split(' ').next().unwrap_or_default() {
            "OPTIONS" => ("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n".to_owned(), ""),
            "DESCRIBE" => (
                format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n", description.len()),
                description.as_str(),
            ),
            "SETUP" => {
                let ports = format!("{video_port}-{}", video_port + 1);
                let transport = format!("RTP/AVP;multicast;destination={GROUP};port={ports};ttl=1");
                (format!("Session: 1\r\nTransport: {transport}\r\n"), "")
            }
            _ => ("Session: 1\r\n".to_owned(), ""),
        };
        client.write_all(format!("RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{more}\r\n{body}").as_bytes())?;
    }
    Ok(())
}
