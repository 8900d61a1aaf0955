//! One finding about a site file, and the list in which all of them are gathered.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::document::Lines;
use super::key_path::KeyPath;
use super::redact;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The site cannot run like this.
    Error,
    /// The site runs, but its results are worth less than they could be.
    Warning,
}

/// One finding: where, what is wrong, what was expected and what to do. Texts are free of credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The site file.
    pub path: PathBuf,
    /// Line in the file, counted from 1; none where the finding is about the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The key, such as `camera[0].count_fps`; empty where the finding is about the whole file.
    pub key: String,
    /// What is wrong, to be read after the key: "is -3".
    pub problem: String,
    /// What was expected: "a number above 0 and at most 60".
    pub expected: String,
    /// What to do: "set it to e.g. 5".
    pub advice: String,
}

/// `samples/x.toml:12: camera[0].count_fps: is -3; expected a number above 0 and at most 60; set it to e.g. 5`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if self.severity == Severity::Warning {
            write!(f, " warning:")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}; expected {}; {}", self.problem, self.expected, self.advice)
    }
}

/// What one finding says, before the place is attached.
#[derive(Debug)]
pub(super) struct Remark {
    /// See [`Diagnostic::problem`].
    pub(super) problem: String,
    /// See [`Diagnostic::expected`].
    pub(super) expected: String,
    /// See [`Diagnostic::advice`].
    pub(super) advice: String,
}

impl Remark {
    /// A remark from its three parts.
    pub(super) fn new(
        problem: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { problem: problem.into(), expected: expected.into(), advice: advice.into() }
    }

    /// A remark from the message of another part of the program, `problem; advice`.
    pub(super) fn from_message(message: &str, expected: &str) -> Self {
        let (problem, advice) = message.split_once("; ").unwrap_or((message, "correct it"));
        Self::new(problem, expected, advice)
    }
}

/// Gathers the findings of one file; the line is looked up from the key.
#[derive(Debug)]
pub(super) struct Findings {
    path: PathBuf,
    lines: Lines,
    garbled_lines: BTreeSet<usize>,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// None yet.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            lines: Lines::default(),
            garbled_lines: BTreeSet::new(),
            found: Vec::new(),
        }
    }

    /// Where each key stands, once the document is read.
    pub(super) fn set_lines(&mut self, lines: Lines) {
        self.lines = lines;
    }

    /// An error of syntax. The parser guesses what such a line means; further errors in it are not worth saying.
    pub(super) fn garbled(&mut self, line: Option<usize>, remark: Remark) {
        self.garbled_lines.extend(line);
        self.push(Severity::Error, line, String::new(), remark);
    }

    /// An error at a key.
    pub(super) fn error(&mut self, key: &KeyPath, remark: Remark) {
        let line = self.lines.line_of(key);
        if line.is_some_and(|line| self.garbled_lines.contains(&line)) {
            return;
        }
        self.push(Severity::Error, line, key.to_string(), remark);
    }

    /// A warning at a key.
    pub(super) fn warning(&mut self, key: &KeyPath, remark: Remark) {
        let line = self.lines.line_of(key);
        self.push(Severity::Warning, line, key.to_string(), remark);
    }

    /// An error at a place in the text that belongs to no known key.
    pub(super) fn error_at_line(&mut self, line: Option<usize>, key: String, remark: Remark) {
        self.push(Severity::Error, line, key, remark);
    }

    /// Errors found so far; warnings do not count.
    pub(super) fn error_count(&self) -> usize {
        self.found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// All findings in the order of the file, each once.
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        self.found.dedup();
        self.found
    }

    fn push(&mut self, severity: Severity, line: Option<usize>, key: String, remark: Remark) {
        let Remark { problem, expected, advice } = remark;
        let [problem, expected, advice] = [problem, expected, advice].map(|text| redact::credentials(&text));
        self.found.push(Diagnostic {
            severity,
            path: self.path.clone(),
            line,
            key,
            problem,
            expected,
            advice,
        });
    }
}
