//! An arrival as one JSON line.

use serde::Serialize;
use serde_json::Value;
use throng_analytics::time::Timestamp;

use crate::publish::{Arrival, Heard};

/// `{"key","encoding","received_at","payload"}`, or `{"key","received_at","liveliness"}` where a node or camera comes
/// (`alive`) or goes (`lost`).
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'a str>,
    received_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    liveliness: Option<&'static str>,
}

/// A payload in the nearest form JSON has.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    /// JSON, plain numbers included.
    Json(Value),
    /// Other text.
    Text(&'a str),
    /// Anything else, by its length only.
    Binary { bytes: usize },
}

impl<'a> Record<'a> {
    /// The record of an arrival.
    pub(super) fn of(arrival: &'a Arrival) -> Self {
        let (encoding, payload, liveliness) = match &arrival.heard {
            Heard::Message { encoding, payload } => {
                (Some(encoding.as_str()), Some(Payload::of(payload)), None)
            }
            Heard::Alive => (None, None, Some("alive")),
            Heard::Lost => (None, None, Some("lost")),
        };
        Self { key: &arrival.key, encoding, received_at: arrival.received_at, payload, liveliness }
    }
}

impl<'a> Payload<'a> {
    fn of(payload: &'a [u8]) -> Self {
        match (serde_json::from_slice(payload), std::str::from_utf8(payload)) {
            (Ok(json), _) => Self::Json(json),
            (_, Ok(text)) => Self::Text(text),
            (_, Err(_not_text)) => Self::Binary { bytes: payload.len() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, heard: Heard) -> String {
        let received_at = Timestamp::from_unix_nanos(0);
        let arrival = Arrival { key: key.to_owned(), topic: None, received_at, heard };
        serde_json::to_string(&Record::of(&arrival)).unwrap()
    }

    fn message(encoding: &str, payload: &[u8]) -> Heard {
        Heard::Message { encoding: encoding.to_owned(), payload: payload.to_vec() }
    }

    #[test]
    fn json_stays_json_and_a_number_a_number() {
        assert_eq!(
            line("a/warning/b", message("application/json;throng.warning.v1", br#"{"level":3}"#)),
            r#"{"key":"a/warning/b","encoding":"application/json;throng.warning.v1","received_at":"1970-01-01T00:00:00.000000000Z","payload":{"level":3}}"#
        );
        assert_eq!(
            line("a/people", message("text/plain", b"41.5")),
            r#"{"key":"a/people","encoding":"text/plain","received_at":"1970-01-01T00:00:00.000000000Z","payload":41.5}"#
        );
        assert!(line("a/node/b", Heard::Lost).ends_with(r#""liveliness":"lost"}"#));
    }

    #[test]
    fn what_is_not_json_never_breaks_the_line() {
        for (payload, written) in [
            (b"not json".as_slice(), r#""payload":"not json""#),
            (b"{\n}", r#""payload":{}"#),
            (b"{\n", r#""payload":"{\n""#),
            (b"\xff\x00", r#""payload":{"bytes":2}"#),
            (b"", r#""payload":"""#),
        ] {
            let line = line("x", message("zenoh/bytes", payload));
            assert!(line.contains(written), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
