//! Takes credentials out of any text before it is shown.
//!
//! Every diagnostic passes through here, so that a password that ended up in the wrong key, or in a URI that does not
//! parse, is hidden as well.

/// Names of query parameters whose values are secret, compared without case.
const SECRET_PARAMETERS: [&str; 9] =
    ["passphrase", "password", "passwd", "pwd", "token", "secret", "auth", "key", "signature"];

/// What stands in place of a secret.
const MASK: &str = "***";

/// The text with the password of every `scheme://user:password@host` and the value of every secret query parameter
/// replaced by `***`. A user without a password is masked too: it is often a token.
///
/// Passwords are often written unescaped. Everything up to the last `@` of a word is therefore taken as
/// credentials: rather a few characters too many than a password shown.
pub fn credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme_end) = rest.find("://") {
        let (before, after) = rest.split_at(scheme_end + 3);
        shown.push_str(before);
        let uri_end = after.find(ends_uri).unwrap_or(after.len());
        let (uri, remainder) = after.split_at(uri_end);
        shown.push_str(&uri_without_secrets(uri));
        rest = remainder;
    }
    shown.push_str(rest);
    shown
}

/// A GStreamer description with the value of every secret property (`user-pw=`, `passphrase=`) replaced by `***`.
pub fn launch(text: &str) -> String {
    let masked = |word: &str| match word.split_once('=') {
        Some((name, _)) if is_secret_property(name) => format!("{name}={MASK}"),
        _ => word.to_owned(),
    };
    text.split(' ').map(masked).collect::<Vec<_>>().join(" ")
}

fn is_secret_property(name: &str) -> bool {
    !name.contains("://") && name.split('-').any(|part| part == "pw" || SECRET_PARAMETERS.contains(&part))
}

/// Whether a character cannot belong to a URI in running text.
fn ends_uri(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '<' | '>')
}

/// Masks the part of a URI after `scheme://`.
fn uri_without_secrets(uri: &str) -> String {
    let masked = match uri.rsplit_once('@') {
        Some((user_info, host_and_path)) => match user_info.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{host_and_path}"),
            None => format!("{MASK}@{host_and_path}"),
        },
        None => uri.to_owned(),
    };
    let Some((path, query)) = masked.split_once('?') else { return masked };
    let parameters: Vec<String> = query.split('&').map(parameter_without_secret).collect();
    format!("{path}?{}", parameters.join("&"))
}

/// Masks the value of one `name=value` where the name says that it is secret.
fn parameter_without_secret(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => {
            format!("{name}={MASK}")
        }
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_masked_wherever_they_stand() {
        for (text, shown) in [
            ("rtsp://viewer:s3cret@10.0.0.7/main", "rtsp://viewer:***@10.0.0.7/main"),
            ("cannot open rtsp://a:b@h/x: refused", "cannot open rtsp://a:***@h/x: refused"),
            ("rtsp://a:p@ss/w:rd@h:554/x", "rtsp://a:***@h:554/x"),
            ("rtsp://token@h/x", "rtsp://***@h/x"),
            ("srt://h:9000?mode=caller&Passphrase=0123456789", "srt://h:9000?mode=caller&Passphrase=***"),
            ("\"rtsp://a:b@h\" and rtmp://c:d@e", "\"rtsp://a:***@h\" and rtmp://c:***@e"),
            ("rtsp://host/path", "rtsp://host/path"),
            ("no uri, a:b@c", "no uri, a:b@c"),
            ("://", "://"),
        ] {
            assert_eq!(credentials(text), shown);
        }
    }
}
