//! What changed in a text, line by line: to be shown, kept, and taken back.

use std::path::Path;

use serde::{Deserialize, Serialize};
use similar::{DiffOp, TextDiff};

use crate::config::redact;

/// Lines around a change that are shown.
const CONTEXT_LINES: usize = 3;

/// Lines in the place of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hunk {
    /// Where the new lines begin in the new text, counted from 0.
    new_at: usize,
    gone: Vec<String>,
    new: Vec<String>,
}

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TextChange(Vec<Hunk>);

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

impl TextChange {
    pub(super) fn between(before: &str, after: &str) -> Self {
        let (before, after) = (lines(before), lines(after));
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let diff = TextDiff::from_slices(&before, &after);
        let changes = diff.ops().iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
        let hunk = |op: &DiffOp| Hunk {
            new_at: op.new_range().start,
            gone: owned(&before[op.old_range()]),
            new: owned(&after[op.new_range()]),
        };
        Self(changes.map(hunk).collect())
    }

    /// The text before the change, from the one after it; `None` where that is another text.
    pub(super) fn taken_back(&self, after: &str) -> Option<String> {
        let mut lines = lines(after);
        for hunk in self.0.iter().rev() {
            let place = hunk.new_at..hunk.new_at + hunk.new.len();
            if lines.get(place.clone())? != hunk.new.as_slice() {
                return None;
            }
            lines.splice(place, hunk.gone.iter().map(String::as_str));
        }
        Some(lines.concat())
    }
}

/// What changed in the file at `path`, in the unified format, without credentials.
pub(super) fn diff(path: &Path, before: &str, after: &str) -> String {
    let (before, after) = (lines(before), lines(after));
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&before, &after);
    let shown = diff.unified_diff().context_radius(CONTEXT_LINES).header(&name, &name).to_string();
    redact::credentials(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_and_taken_back() {
        let before = "a\nuri = \"rtsp://me:secret@10.0.0.7/main\"\nb\nc\nd\ne\n";
        let after = "a\nuri = \"rtsp://me:secret@10.0.0.7/main\"\nB\nc\nd\nnew\ne\nlast";
        let change = TextChange::between(before, after);
        assert_eq!(change.taken_back(after).as_deref(), Some(before));
        assert_eq!(change.taken_back("a\nsomething else\n"), None);
        let shown = diff(Path::new("folder/site.toml"), before, after);
        for line in ["--- site.toml", "-b", "+B", "+new", "+last", " c"] {
            assert!(shown.lines().any(|shown| shown == line), "{line} in {shown}");
        }
        assert!(!shown.contains("secret"), "{shown}");
        // It survives being written down.
        let kept: TextChange = serde_json::from_str(&serde_json::to_string(&change).unwrap()).unwrap();
        assert_eq!(kept, change);
    }
}
