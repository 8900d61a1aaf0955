//! The `uri` of a camera as written: a string that may hold a password and never shows it.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::redact;

/// A camera's `uri` as it stands in the site file. `Debug` and `Display` hide credentials.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SourceText(String);

impl SourceText {
    /// The text itself, credentials included: for resolving, never for showing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SourceText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", redact::credentials(&self.0))
    }
}

impl fmt::Display for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact::credentials(&self.0))
    }
}
