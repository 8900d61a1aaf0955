//! The little of SOAP 1.2 that ONVIF's event service takes: requests read, users known by their digest (WS-Security's
//! `UsernameToken`), answers and faults written.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use roxmltree::{Document, Node};
use sha1::{Digest as _, Sha1};
use throng_analytics::time::Timestamp;

use super::{super::xml::Xml, NAMESPACES};

const ENVELOPE: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const SECURITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const FAULT_ACTION: &str = "http://www.w3.org/2005/08/addressing/soap/fault";
/// How far the clock of a subscriber may be off, seconds; it can ask ours.
const CLOCK_OFF_MAX_SECS: f64 = 300.0;

/// A request: its first element, and what its head says.
pub(super) struct Request<'a> {
    body: Node<'a, 'a>,
    /// How it wants to be answered.
    pub(super) addressing: Addressing,
    token: Option<Token<'a>>,
}

/// What WS-Addressing says of a request, where it says anything.
#[derive(Clone, Default)]
pub(super) struct Addressing {
    message_id: Option<String>,
    action: Option<String>,
}

/// Who asks, and how that is shown.
#[derive(Default)]
struct Token<'a> {
    user: &'a str,
    digest: &'a str,
    nonce: &'a str,
    created: &'a str,
}

impl<'a> Request<'a> {
    /// The request in a document; `None` where it is none.
    pub(super) fn read(document: &'a Document<'a>) -> Option<Self> {
        let envelope = document.root_element();
        if !envelope.has_tag_name((ENVELOPE, "Envelope")) {
            return None;
        }
        let part = |name| envelope.children().find(|node| node.has_tag_name((ENVELOPE, name)));
        let within_head =
            |namespace, name| part("Header")?.descendants().find(|node| node.has_tag_name((namespace, name)));
        let text = |node: Node<'a, 'a>| node.text().map(str::trim);
        let token = within_head(SECURITY, "UsernameToken").map(|found| {
            let field = |name: &str| {
                let node = found.children().find(|node| node.tag_name().name() == name);
                node.and_then(text).unwrap_or_default()
            };
            Token {
                user: field("Username"),
                digest: field("Password"),
                nonce: field("Nonce"),
                created: field("Created"),
            }
        });
        Some(Self {
            body: part("Body")?.children().find(Node::is_element)?,
            addressing: Addressing {
                message_id: within_head(ADDRESSING, "MessageID").and_then(text).map(str::to_owned),
                action: within_head(ADDRESSING, "Action").and_then(text).map(str::to_owned),
            },
            token,
        })
    }

    /// What it asks for.
    pub(super) fn operation(&self) -> &'a str {
        self.body.tag_name().name()
    }

    /// The text of an element below the first, by its local name.
    pub(super) fn field(&self, name: &str) -> Option<&'a str> {
        let found = self.body.descendants().find(|node| node.is_element() && node.tag_name().name() == name);
        found.and_then(|node| node.text()).map(str::trim)
    }

    /// Whether whoever asks knows the password: Base64(SHA-1(nonce + created + password)), made at about this time.
    pub(super) fn is_authentic(&self, user: &str, password: &str, now: Timestamp) -> bool {
        let Some(token) = &self.token else { return false };
        let (Ok(nonce), Ok(created)) = (STANDARD.decode(token.nonce), token.created.parse::<Timestamp>())
        else {
            return false;
        };
        let digest =
            Sha1::new().chain_update(nonce).chain_update(token.created).chain_update(password).finalize();
        token.user == user
            && token.digest == STANDARD.encode(digest)
            && now.secs_since(created).abs() <= CLOCK_OFF_MAX_SECS
    }
}

/// A document around an answer.
pub(super) fn answer(to: &Addressing, content: impl FnOnce(&mut Xml)) -> String {
    // The standards name an answer after its request.
    let answers = |action: &String| action.strip_suffix("Request").unwrap_or(action).to_owned() + "Response";
    let action = to.action.as_ref().map(answers);
    envelope(to, action.as_deref(), content)
}

fn envelope(to: &Addressing, action: Option<&str>, content: impl FnOnce(&mut Xml)) -> String {
    let mut xml = Xml::document();
    xml.within("s:Envelope", &NAMESPACES, |xml| {
        xml.within("s:Header", &[], |xml| {
            if let Some(id) = &to.message_id {
                xml.element("wsa:RelatesTo", id);
            }
            if let Some(action) = action {
                xml.element("wsa:Action", action);
            }
        });
        xml.within("s:Body", &[], content);
    });
    xml.into_text()
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no request.
    NotWellFormed,
    /// Whoever asks is not known.
    NotAuthorized,
    /// It asks for something that there is not.
    NotSupported,
    /// There are too many subscribers.
    TooManySubscribers,
    /// The subscription is over, or was never there.
    UnknownSubscription,
    /// A filter by content, or a time that cannot be read.
    InvalidArgument,
}

impl Fault {
    /// The status of HTTP, the subcode, and words.
    fn told(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotWellFormed => (400, "ter:WellFormed", "this is no request of SOAP 1.2"),
            Self::NotAuthorized => {
                (400, "ter:NotAuthorized", "user, password or time of the digest are wrong")
            }
            Self::NotSupported => {
                (500, "ter:ActionNotSupported", "there are events here, by pull point alone")
            }
            Self::TooManySubscribers => (500, "ter:MaxNotificationProducers", "too many subscribe already"),
            Self::UnknownSubscription => (400, "wsnt:ResourceUnknownFault", "the subscription is over"),
            Self::InvalidArgument => (400, "ter:InvalidArgVal", "a time or a filter cannot be used"),
        }
    }

    /// The status of HTTP and the document.
    pub(super) fn answer(self, to: &Addressing) -> (u16, String) {
        let (status, subcode, words) = self.told();
        let code = if status < 500 { "s:Sender" } else { "s:Receiver" };
        let action = to.action.as_ref().map(|_| FAULT_ACTION);
        let document = envelope(to, action, |xml| {
            xml.within("s:Fault", &[], |xml| {
                xml.within("s:Code", &[], |xml| {
                    xml.element("s:Value", code);
                    xml.within("s:Subcode", &[], |xml| xml.element("s:Value", subcode));
                });
                xml.within("s:Reason", &[], |xml| {
                    xml.within("s:Text", &[("xml:lang", "en")], |xml| xml.text(words));
                });
            });
        });
        (status, document)
    }
}

/// A duration of XML Schema in days and less (`PT1M30S`), or the time until an instant, seconds.
pub(super) fn secs_of(text: &str, now: Timestamp) -> Option<f64> {
    let Some(rest) = text.strip_prefix('P') else {
        return text.parse::<Timestamp>().ok().map(|until| until.secs_since(now));
    };
    let (mut secs, mut number, mut is_time, mut has_part) = (0.0, String::new(), false, false);
    for character in rest.chars() {
        let unit = match (character, is_time) {
            ('0'..='9' | '.', _) => {
                number.push(character);
                continue;
            }
            ('T', false) if number.is_empty() => {
                is_time = true;
                continue;
            }
            ('D', false) => 86_400.0,
            ('H', true) => 3600.0,
            ('M', true) => 60.0,
            ('S', true) => 1.0,
            _ => return None,
        };
        secs += unit * std::mem::take(&mut number).parse::<f64>().ok()?;
        has_part = true;
    }
    (has_part && number.is_empty()).then_some(secs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_and_instants_are_read() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        for (text, secs) in [
            ("PT60S", Some(60.0)),
            ("PT1H1M0.5S", Some(3660.5)),
            ("P1DT1S", Some(86_401.0)),
            ("2026-11-25T12:01:00Z", Some(60.0)),
            ("P", None),
            ("PT", None),
            ("PT5", None),
            ("P5S", None),
            ("P1Y", None),
            ("soon", None),
        ] {
            assert_eq!(secs_of(text, now).map(|secs| (secs * 1e3).round() / 1e3), secs, "{text}");
        }
    }

    /// The digest of WS-Security's own arithmetic, worked out with openssl:
    /// `(printf 0123456789abcdef; printf 2026-11-25T12:00:00Zs3cret) | openssl dgst -sha1 -binary | base64`.
    fn signed(digest: &str, created: &str) -> String {
        let nonce = STANDARD.encode("0123456789abcdef");
        format!(
            "<e:Envelope xmlns:e=\"{ENVELOPE}\" xmlns:w=\"{SECURITY}\"><e:Header><w:Security><w:UsernameToken>\
             <w:Username>vms</w:Username><w:Password>{digest}</w:Password><w:Nonce>{nonce}</w:Nonce>\
             <w:Created>{created}</w:Created></w:UsernameToken></w:Security></e:Header><e:Body><PullMessages/></e:Body>\
             </e:Envelope>"
        )
    }

    #[test]
    fn whoever_does_not_know_the_password_or_is_late_is_refused() {
        let now: Timestamp = "2026-11-25T12:00:01Z".parse().unwrap();
        let digest = "IjmLu4eKMEueXG/m+DQBNFndd+Y=";
        let is_authentic = |text: &str, user: &str, password: &str, now: Timestamp| {
            let document = Document::parse(text).unwrap();
            Request::read(&document).unwrap().is_authentic(user, password, now)
        };
        let right = signed(digest, "2026-11-25T12:00:00Z");
        assert!(is_authentic(&right, "vms", "s3cret", now));
        assert!(!is_authentic(&right, "vms", "other", now));
        assert!(!is_authentic(&right, "root", "s3cret", now));
        assert!(!is_authentic(&right, "vms", "s3cret", now + 3600.0));
        assert!(!is_authentic(&signed(digest, "2026-11-25T12:00:01Z"), "vms", "s3cret", now));
        let unsigned =
            format!("<e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Body><PullMessages/></e:Body></e:Envelope>");
        assert!(!is_authentic(&unsigned, "vms", "s3cret", now));
    }

    proptest! {
        #[test]
        fn nothing_from_the_network_makes_the_reader_panic(text in ".{0,200}") {
            let now = Timestamp::from_unix_nanos(0);
            secs_of(&text, now);
            secs_of(&format!("PT{text}"), now);
            let whole = signed(&text.replace(['<', '&'], ""), "x");
            for text in [&text, &whole] {
                if let Ok(document) = Document::parse(text) {
                    let _ignored = Request::read(&document).map(|request| request.is_authentic("a", "b", now));
                }
            }
        }
    }
}
