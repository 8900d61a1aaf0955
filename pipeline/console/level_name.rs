//! Levels as their names: the console's JSON says `orange` where the bus says 3.

use serde::{Deserialize, Deserializer, Serializer, de};
use throng_analytics::level::Level;

/// The level of a name.
pub(crate) fn from_name(name: &str) -> Option<Level> {
    Level::ALL.into_iter().find(|level| level.name() == name)
}

/// A level.
pub(crate) mod plain {
    use super::{Deserialize, Deserializer, Level, Serializer, de, from_name};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's `with` asks for a reference")]
    pub(crate) fn serialize<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(level.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
        let name = String::deserialize(deserializer)?;
        from_name(&name).ok_or_else(|| de::Error::custom("no such level"))
    }
}

/// A level, or null where it is not known.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Level, Serializer, de, from_name};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde's `with` asks for it")]
    pub(crate) fn serialize<S: Serializer>(level: &Option<Level>, serializer: S) -> Result<S::Ok, S::Error> {
        match level {
            Some(level) => serializer.serialize_str(level.name()),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Level>, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            Some(name) => from_name(&name).map(Some).ok_or_else(|| de::Error::custom("no such level")),
            None => Ok(None),
        }
    }
}
