//! The text of a site file as a TOML tree, with the line of every key and every syntax error.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Findings, Remark};
use super::key_path::KeyPath;

/// A site file larger than this is something else: a thousand cameras with all their points are below a megabyte.
const MAX_BYTES: u64 = 8 << 20;

/// Where the keys of a document stand.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_key: BTreeMap<KeyPath, usize>,
}

impl Lines {
    /// The line of a key, or of the nearest table around it that stands in the file; none for the document itself.
    pub(super) fn line_of(&self, key: &KeyPath) -> Option<usize> {
        let mut key = key.clone();
        loop {
            if let Some(line) = self.by_key.get(&key) {
                return Some(*line);
            }
            key = key.parent()?;
        }
    }

    /// Notes the line of everything in a table.
    fn note_table(&mut self, table: &DeTable<'_>, at: &KeyPath, text: &LineStarts) {
        for (name, value) in table {
            let key = at.key(name.get_ref());
            self.by_key.insert(key.clone(), text.line_at(name.span().start));
            self.note_value(value.get_ref(), &key, text);
        }
    }

    /// Notes the lines inside a value whose own line is known.
    fn note_value(&mut self, value: &DeValue<'_>, at: &KeyPath, text: &LineStarts) {
        match value {
            DeValue::Table(table) => self.note_table(table, at, text),
            DeValue::Array(array) => {
                for (index, element) in array.iter().enumerate() {
                    let key = at.index(index);
                    self.by_key.insert(key.clone(), text.line_at(element.span().start));
                    self.note_value(element.get_ref(), &key, text);
                }
            }
            _ => {}
        }
    }
}

/// The offset at which each line of a text begins.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(newline, _)| newline + 1).collect())
    }

    /// The line, counted from 1, that holds a byte offset.
    fn line_at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}

/// The text of a site file. What keeps it from being read is a finding about the whole file.
pub(super) fn read(path: &Path, findings: &mut Findings) -> Option<String> {
    let expected = "a readable site file (TOML text)";
    let mut unreadable = |problem: String, advice: &str| {
        findings.error_at_line(None, String::new(), Remark::new(problem, expected, advice));
    };
    match std::fs::metadata(path) {
        Err(error) => {
            unreadable(
                format!("cannot be read: {error}"),
                "check the path; samples/demo.toml is a commented example",
            );
            return None;
        }
        Ok(metadata) if !metadata.is_file() => {
            unreadable("is not a file".to_owned(), "give the path of a site file");
            return None;
        }
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            unreadable(
                format!("is {} bytes long", metadata.len()),
                "give the path of a site file, not of a video",
            );
            return None;
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    if let Err(error) =
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
    {
        unreadable(format!("cannot be read: {error}"), "check the permissions of the file");
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            unreadable(format!("is not UTF-8 text (byte {valid})"), "save it as UTF-8, or give another file");
            None
        }
    }
}

/// The tree of a TOML text and where its keys stand; every syntax error becomes a finding, and what could be read
/// around the errors is in the tree.
pub(super) fn parse<'text>(text: &'text str, findings: &mut Findings) -> Spanned<DeTable<'text>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let starts = LineStarts::of(text);
    let mut lines = Lines::default();
    lines.note_table(root.get_ref(), &KeyPath::root(), &starts);
    findings.set_lines(lines);
    for error in errors {
        let line = error.span().map(|span| starts.line_at(span.start));
        if error.message().starts_with("duplicate key") {
            let key = error.span().and_then(|span: Range<usize>| text.get(span)).unwrap_or_default();
            let advice =
                "remove one of the two; tables that may be repeated have double brackets, as in [[camera]]";
            findings.error_at_line(
                line,
                key.trim().to_owned(),
                Remark::new("is given twice", "each key at most once in its table", advice),
            );
        } else {
            let problem = format!("is not valid TOML: {}", error.message());
            let advice =
                "correct this line (text needs quotes, numbers do not); https://toml.io shows the syntax";
            findings.garbled(line, Remark::new(problem, "key = value", advice));
        }
    }
    root
}
