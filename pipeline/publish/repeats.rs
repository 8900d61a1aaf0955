//! Tells a warning that is repeated from one that is new, where it carries no number.

use std::collections::BTreeMap;

/// The warnings of a watcher, by key.
///
/// A repetition is for subscribers without history. A watcher has history, and on joining it hears the repetition of
/// the newest warning before the older ones: it lets the history come first. Should the history not bring it, the
/// second repetition counts as the warning.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    delivered: BTreeMap<String, Vec<u8>>,
    awaited: BTreeMap<String, Vec<u8>>,
}

impl Repeats {
    /// Whether a warning is to be delivered.
    pub(super) fn is_new(&mut self, key: &str, payload: &[u8], is_repetition: bool) -> bool {
        if is_repetition {
            if self.delivered.get(key).is_some_and(|it| it == payload) {
                return false;
            }
            if self.awaited.get(key).is_none_or(|it| it != payload) {
                self.awaited.insert(key.to_owned(), payload.to_vec());
                return false;
            }
        }
        self.awaited.remove(key);
        self.delivered.insert(key.to_owned(), payload.to_vec());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_comes_before_the_repetition_of_the_newest() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_new("gate", b"3", true));
        for level in [b"1", b"2", b"3"] {
            assert!(repeats.is_new("gate", level, false));
        }
        assert!(!repeats.is_new("gate", b"3", true));
        assert!(!repeats.is_new("gate", b"3", true));
        assert!(repeats.is_new("gate", b"4", false));
    }

    #[test]
    fn a_warning_that_history_does_not_bring_is_delivered_by_its_second_repetition() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_new("gate", b"3", true));
        assert!(!repeats.is_new("stand", b"1", true));
        assert!(repeats.is_new("gate", b"3", true));
        assert!(!repeats.is_new("gate", b"3", true));
    }
}
