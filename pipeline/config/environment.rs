//! Secrets from the environment: `${NAME}` in the user part or the query of a camera's URI.

use std::fmt::Write as _;

/// A URI with its `${NAME}`s replaced, or what is wrong with one of them. The messages hold names, never values.
///
/// `lookup` gives the value of an environment variable. A value is taken as the bare secret: characters that would
/// end the user part of a URI are percent-encoded.
pub(super) fn expand(uri: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, Unexpandable> {
    let Some(scheme_end) = uri.find("://") else {
        return match uri.find("${") {
            Some(_) => Err(Unexpandable::Misplaced),
            None => Ok(uri.to_owned()),
        };
    };
    let (scheme, rest) = uri.split_at(scheme_end + 3);
    let (user_info, host) = match rest.rfind('@') {
        Some(at) => rest.split_at(at),
        None => ("", rest),
    };
    let (place, query) = match host.find('?') {
        Some(at) => host.split_at(at),
        None => (host, ""),
    };
    if scheme.contains("${") || place.contains("${") {
        return Err(Unexpandable::Misplaced);
    }
    Ok([scheme, &with_values(user_info, &lookup)?, place, &with_values(query, &lookup)?].concat())
}

/// A part of a URI with its `${NAME}`s replaced.
fn with_values(part: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, Unexpandable> {
    let (mut expanded, mut rest) = (String::new(), part);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, remainder) = after.split_once('}').ok_or(Unexpandable::Unclosed)?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Unexpandable::Unclosed);
        }
        let value = lookup(name).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| Unexpandable::Unset { name: name.to_owned() })?;
        expanded.push_str(before);
        expanded.push_str(&percent_encoded(&value));
        rest = remainder;
    }
    Ok(expanded + rest)
}

/// Why a `${NAME}` cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unexpandable {
    /// The variable is not set, or empty.
    Unset {
        /// Name of the variable.
        name: String,
    },
    /// A `${` without a name and `}`.
    Unclosed,
    /// A `${` outside the user part and the query.
    Misplaced,
}

/// Text as it may stand in the user part of a URI (RFC 3986: unreserved characters as they are).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(uri: &str) -> Result<String, Unexpandable> {
        expand(uri, |name| match name {
            "CAM_USER" => Some("viewer".to_owned()),
            "CAM_PASSWORD" => Some("p@ss/w:rd".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn secrets_are_put_into_the_user_part_percent_encoded() {
        assert_eq!(
            expanded("rtsp://${CAM_USER}:${CAM_PASSWORD}@10.0.0.7:554/main").unwrap(),
            "rtsp://viewer:p%40ss%2Fw%3Ard@10.0.0.7:554/main"
        );
        assert_eq!(
            expanded("srt://10.0.0.7:7001?mode=caller&passphrase=${CAM_PASSWORD}").unwrap(),
            "srt://10.0.0.7:7001?mode=caller&passphrase=p%40ss%2Fw%3Ard"
        );
        for unchanged in ["rtsp://viewer:plain@h/x", "../output/gate.mkv", "file:///srv/a b.mp4"] {
            assert_eq!(expanded(unchanged).unwrap(), unchanged);
        }
    }

    #[test]
    fn a_variable_that_is_unset_or_out_of_place_is_named() {
        for (uri, why) in [
            ("rtsp://${NOBODY}@h/x", Unexpandable::Unset { name: "NOBODY".to_owned() }),
            ("rtsp://${EMPTY}@h/x", Unexpandable::Unset { name: "EMPTY".to_owned() }),
            ("rtsp://${CAM_USER@h/x", Unexpandable::Unclosed),
            ("rtsp://${}@h/x", Unexpandable::Unclosed),
            ("rtsp://${CAM_USER}/x", Unexpandable::Misplaced),
            ("rtsp://u@${CAM_HOST}/x", Unexpandable::Misplaced),
            ("${HOME}/video.mp4", Unexpandable::Misplaced),
        ] {
            assert_eq!(expanded(uri), Err(why), "{uri}");
        }
    }
}
