//! What to do at a level, graded for who reads it: the command room, the grid staff on the spot, and the public.

use anyhow::{Context, Result};
use serde::Deserialize;
use throng_analytics::{level::Level, wire::Text};

/// The words that ship with throng.
const SHIPPED: &str = include_str!("advice.toml");

/// Advice for one level.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// The colour's event in words, such as a headline.
    pub event: Text,
    /// For the command room.
    pub command_room: Text,
    /// For those who stand there.
    pub grid_staff: Text,
    /// For everybody; said only by people.
    pub public: Text,
}

/// Advice for every level, and for when nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdviceBook {
    normal: Advice,
    blue: Advice,
    yellow: Advice,
    orange: Advice,
    red: Advice,
    unknown: Advice,
}

impl AdviceBook {
    /// The shipped words.
    ///
    /// # Errors
    /// None: a test reads them.
    pub fn shipped() -> Result<Self> {
        Self::parse(SHIPPED)
    }

    /// The words of a file.
    ///
    /// # Errors
    /// What is missing or misspelled, by name.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text)
            .context("not a file of advice; compare it with pipeline/publish/conventions/advice.toml")
    }

    /// For a level; `None` is unknown.
    pub fn of(&self, level: Option<Level>) -> &Advice {
        match level {
            None => &self.unknown,
            Some(Level::Normal) => &self.normal,
            Some(Level::Blue) => &self.blue,
            Some(Level::Yellow) => &self.yellow,
            Some(Level::Orange) => &self.orange,
            Some(Level::Red) => &self.red,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_words_in_both_languages_for_everybody() {
        let book = AdviceBook::shipped().unwrap();
        for level in Level::ALL.map(Some).into_iter().chain([None]) {
            let Advice { event, command_room, grid_staff, public } = book.of(level);
            for text in [event, command_room, grid_staff, public] {
                assert!(text.zh.chars().any(|c| c > '\u{4e00}') && text.en.is_ascii(), "{level:?}: {text:?}");
            }
        }
        assert!(AdviceBook::parse("[blue]").is_err());
    }
}
