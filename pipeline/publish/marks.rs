//! What a warning carries beside its payload: for receivers that keep order, no part of the contract.

use zenoh::{bytes::ZBytes, sample::Sample};

/// Marks of one sample, as an attachment `repeated`, `redelivered` and `first=N`, separated by `;`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// The newest warning said again, for subscribers without history.
    pub(super) repeated: bool,
    /// A warning that nobody has confirmed, said again.
    pub(super) redelivered: bool,
    /// The lowest number of the key that has not been confirmed: nothing before it will come.
    pub(super) first_seq: Option<u64>,
}

/// Longest attachment read, in bytes.
const ATTACHMENT_BYTES_MAX: usize = 128;

impl Marks {
    /// A repetition.
    pub(super) const REPEATED: Self = Self { repeated: true, redelivered: false, first_seq: None };

    /// The marks of a sample; what is not known is not read.
    pub(super) fn of(sample: &Sample) -> Self {
        sample
            .attachment()
            .filter(|attachment| attachment.len() <= ATTACHMENT_BYTES_MAX)
            .map(|attachment| Self::read(&String::from_utf8_lossy(&attachment.to_bytes())))
            .unwrap_or_default()
    }

    fn read(text: &str) -> Self {
        let mut marks = Self::default();
        for mark in text.split(';') {
            match mark.split_once('=') {
                None if mark == "repeated" => marks.repeated = true,
                None if mark == "redelivered" => marks.redelivered = true,
                Some(("first", number)) => marks.first_seq = number.parse().ok(),
                _ => {}
            }
        }
        marks
    }

    fn write(self) -> String {
        let mut words: Vec<String> = Vec::new();
        if self.repeated {
            words.push("repeated".to_owned());
        }
        if self.redelivered {
            words.push("redelivered".to_owned());
        }
        words.extend(self.first_seq.map(|number| format!("first={number}")));
        words.join(";")
    }

    /// The attachment; none where there is nothing to say.
    pub(super) fn attachment(self) -> Option<ZBytes> {
        (self != Self::default()).then(|| ZBytes::from(self.write()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written_and_foreign_ones_are_left_alone() {
        for marks in [
            Marks::default(),
            Marks::REPEATED,
            Marks { redelivered: true, first_seq: Some(u64::MAX), repeated: false },
        ] {
            assert_eq!(Marks::read(&marks.write()), marks);
        }
        assert_eq!(Marks::read("first=-1;newer=2;;repeated=1"), Marks::default());
        assert!(Marks::default().attachment().is_none());
    }
}
