//! Names that may stand in a key.

use std::{fmt, str::FromStr};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Longest identifier, in bytes.
const ID_MAX_BYTES: usize = 63;

/// What to write, in every message.
const RULE: &str = "use 1 to 63 of a-z, 0-9, '_' and '-', the first a letter or digit";

/// A site, node, camera, zone, speaker or incident as it stands in a key: `^[a-z0-9][a-z0-9_-]{0,62}$`.
///
/// The rule is narrower than zenoh's own, so that every key is also a good MQTT topic, file name and metric label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    /// Checks the text against the rule.
    ///
    /// # Errors
    /// Names the first thing wrong and what to write instead.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.is_empty() {
            bail!("an id must not be empty: {RULE}");
        }
        if text.len() > ID_MAX_BYTES {
            bail!("an id of {} bytes is too long: {RULE}", text.len());
        }
        for (index, character) in text.chars().enumerate() {
            let alphanumeric = character.is_ascii_lowercase() || character.is_ascii_digit();
            if !(alphanumeric || (index > 0 && matches!(character, '_' | '-'))) {
                let place = if index == 0 { "first in" } else { "in" };
                bail!("{character:?} may not stand {place} the id {text:?}: {RULE}");
            }
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Id {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for Id {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_dash_and_underscore_are_taken() {
        for text in
            ["a", "0", "gate-3", "north_stand", "0190b6c2-7d0e-7cc1-9f5e-1d2c3b4a5f60", &"a".repeat(63)]
        {
            assert_eq!(Id::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn whatever_would_break_a_key_is_refused_with_what_to_write_instead() {
        let long = "a".repeat(64);
        for (text, message) in [
            ("", "an id must not be empty"),
            (long.as_str(), "an id of 64 bytes is too long"),
            ("-gate", "'-' may not stand first in the id \"-gate\""),
            ("Gate", "'G' may not stand first in the id \"Gate\""),
            ("gate 3", "' ' may not stand in the id \"gate 3\""),
            ("a/b", "'/' may not stand in"),
            ("a*", "'*' may not stand in"),
            ("门", "'门' may not stand first in"),
        ] {
            let error = Id::new(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            assert!(error.contains("use 1 to 63 of a-z, 0-9, '_' and '-'"), "{error}");
        }
    }
}
