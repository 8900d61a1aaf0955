//! Reads a message that came from anywhere: bounded, of the version known here, and never trusted.

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use throng_analytics::wire::Message;

/// The part of a message that says what it is. Messages written by operators may leave it out.
#[derive(Deserialize)]
struct Named {
    schema: Option<String>,
}

/// The message in a payload of at most `bytes_max` bytes.
///
/// # Errors
/// Too many bytes, another message, another version of it, or none at all.
pub fn message<M: Message>(payload: &[u8], bytes_max: usize) -> Result<M> {
    if payload.len() > bytes_max {
        bail!("{} bytes are more than the {bytes_max} that a {} may have", payload.len(), M::SCHEMA);
    }
    let named: Named = serde_json::from_slice(payload).with_context(|| format!("not a {}", M::SCHEMA))?;
    if let Some(schema) = named.schema.filter(|schema| schema != M::SCHEMA) {
        let shown: String = schema.chars().take(64).collect();
        bail!("its schema is {shown:?}, and only {} is known here", M::SCHEMA);
    }
    serde_json::from_slice(payload).with_context(|| format!("not a {}", M::SCHEMA))
}

#[cfg(test)]
mod tests {
    use throng_analytics::wire::Ack;

    use super::*;

    #[test]
    fn what_is_too_large_foreign_newer_or_nothing_is_refused_with_its_reason() {
        let proper = r#"{"incident":"i","operator":"duty","at":"2026-11-23T12:00:00Z","added_later":1}"#;
        assert!(message::<Ack>(proper.as_bytes(), 1024).is_ok());
        let deep = "[".repeat(100_000);
        for (payload, why) in [
            (proper.to_owned() + &" ".repeat(2000), "are more than the 1024"),
            (proper.replacen('{', r#"{"schema":"throng.ack.v2","#, 1), "only throng.ack.v1 is known here"),
            ("{}".to_owned(), "not a throng.ack.v1"),
            ("\u{0}".to_owned(), "not a throng.ack.v1"),
            (String::new(), "not a throng.ack.v1"),
        ] {
            let error = format!("{:#}", message::<Ack>(payload.as_bytes(), 1024).unwrap_err());
            assert!(error.contains(why), "{why:?} is not in {error:?}");
        }
        assert!(message::<Ack>(deep.as_bytes(), 1 << 20).is_err(), "nesting has a limit");
    }
}
