//! A SIP message as lines.

/// A request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    first: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// The message in a datagram; `None` where it is none.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let end = datagram.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&datagram[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let first = lines.next()?.to_owned();
        if !first.starts_with("SIP/2.0 ") && !first.ends_with(" SIP/2.0") {
            return None;
        }
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (full_name(name.trim()), value.trim().to_owned()))
            .collect();
        Some(Self { first, headers, body: datagram[end + 4..].to_vec() })
    }

    /// The status of an answer; `None` for a request.
    pub fn status(&self) -> Option<u16> {
        self.first.strip_prefix("SIP/2.0 ")?.split_whitespace().next()?.parse().ok()
    }

    /// The method of a request; `None` for an answer.
    pub fn method(&self) -> Option<&str> {
        self.first.ends_with(" SIP/2.0").then(|| self.first.split_whitespace().next()).flatten()
    }

    /// The first header of a name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The URI in the `Contact`.
    pub fn contact(&self) -> Option<String> {
        let contact = self.header("contact")?;
        let uri = match contact.split_once('<') {
            Some((_, rest)) => rest.split_once('>')?.0,
            None => contact.split(';').next()?,
        };
        Some(uri.to_owned())
    }

    /// The answer 200 to this request.
    pub fn ok(&self) -> Vec<u8> {
        let mut text = "SIP/2.0 200 OK\r\n".to_owned();
        for (name, value) in &self.headers {
            if ["via", "from", "to", "call-id", "cseq"].contains(&name.as_str()) {
                text.extend([name.as_str(), ": ", value, "\r\n"]);
            }
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        text.into_bytes()
    }
}

/// The name of a header in lower case; the one-letter forms of RFC 3261 written out.
fn full_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "v" => "via",
        "f" => "from",
        "t" => "to",
        "i" => "call-id",
        "m" => "contact",
        "l" => "content-length",
        _ => return lower,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_and_requests_are_told_apart() {
        let answer =
            b"SIP/2.0 200 OK\r\nt: <sip:a@b>;tag=1\r\nm: \"horn\" <sip:h@10.0.0.9:5062>;x=1\r\n\r\nbody";
        let answer = Message::parse(answer).unwrap();
        assert_eq!(
            (answer.status(), answer.method(), answer.body.as_slice()),
            (Some(200), None, &b"body"[..])
        );
        assert_eq!(answer.contact().as_deref(), Some("sip:h@10.0.0.9:5062"));
        let bye =
            Message::parse(b"BYE sip:throng@h SIP/2.0\r\nVia: x\r\nCSeq: 2 BYE\r\nFoo: y\r\n\r\n").unwrap();
        assert_eq!((bye.status(), bye.method()), (None, Some("BYE")));
        let ok = String::from_utf8(bye.ok()).unwrap();
        assert_eq!(ok, "SIP/2.0 200 OK\r\nvia: x\r\ncseq: 2 BYE\r\nContent-Length: 0\r\n\r\n");
    }

    proptest! {
        #[test]
        fn nothing_from_the_network_makes_the_reader_panic(bytes: Vec<u8>) {
            let _ignored = Message::parse(&bytes).map(|message| (message.status(), message.contact(), message.ok()));
        }
    }
}
