//! The four warning levels and the absence of one.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How serious a zone is, lowest first. The four colours follow Korea's national crisis alert (interest, caution,
/// alert, serious) and China's four-colour warnings.
///
/// "Not known" is not a level: it is an absent `Level` (`Option::None`), never [`Level::Normal`]. In messages a level
/// is a number, 0 (normal) to 4 (red).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing to report.
    #[default]
    Normal,
    /// Interest: look more often.
    Blue,
    /// Caution: prepare.
    Yellow,
    /// Alert: limit the inflow.
    Orange,
    /// Serious: act now.
    Red,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Blue, Self::Yellow, Self::Orange, Self::Red];
    /// The levels that warn, lowest first.
    pub const WARNING: [Self; 4] = [Self::Blue, Self::Yellow, Self::Orange, Self::Red];

    /// The number used in messages, 0 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level of a number; above 4 there is none.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The name, in lower case: `normal`, `blue`, `yellow`, `orange`, `red`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// One step up; red stays red.
    #[must_use]
    pub fn above(self) -> Self {
        Self::from_number(self.number() + 1).unwrap_or(Self::Red)
    }

    /// One step down; normal stays normal.
    #[must_use]
    pub fn below(self) -> Self {
        Self::from_number(self.number().saturating_sub(1)).unwrap_or(Self::Normal)
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| {
            de::Error::custom(format_args!("level {number} is not one of 0 (normal) to 4 (red)"))
        })
    }
}

impl JsonSchema for Level {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "minimum": 0,
            "maximum": 4,
            "description": "0 normal, 1 blue, 2 yellow, 3 orange, 4 red. Absent where the level is not known.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_within_the_ladder() {
        assert_eq!(Level::Red.above(), Level::Red);
        assert_eq!(Level::Normal.below(), Level::Normal);
        assert_eq!(Level::Yellow.above().below(), Level::Yellow);
    }

    #[test]
    fn a_level_travels_as_its_number() {
        assert_eq!(serde_json::to_string(&Level::Orange).unwrap(), "3");
        assert_eq!(serde_json::from_str::<Level>("4").unwrap(), Level::Red);
        let refused = serde_json::from_str::<Level>("7").unwrap_err().to_string();
        assert!(refused.contains("level 7 is not one of"), "{refused}");
    }
}
