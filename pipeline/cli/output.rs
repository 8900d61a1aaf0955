//! Standard output and standard error: machine output on one, words for people on the other.
//!
//! The macros of the standard library panic when the reader has gone (`throng watch | head -1`); these do not.

use std::fmt::{self, Display};
use std::io::{self, Write};

use serde::Serialize;

/// Whoever read standard output has gone: a reason to stop quietly, not an error.
#[derive(Debug)]
pub struct ReaderGone;

impl Display for ReaderGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of standard output has gone")
    }
}

impl std::error::Error for ReaderGone {}

/// Writes one line to standard output and flushes it.
///
/// # Errors
/// [`ReaderGone`] where the pipe is closed, else what the operating system says (a full disk, say).
pub fn line(text: impl Display) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(error) => Err(anyhow::Error::new(error).context("cannot write to standard output")),
        Ok(()) => Ok(()),
    }
}

/// Writes a value as one JSON line to standard output and flushes it.
///
/// # Errors
/// As [`line()`]; also where the value cannot be JSON.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Writes one line for people to standard error. Nobody is left to tell where that fails, so it is left at that.
pub fn note(text: impl Display) {
    writeln!(io::stderr().lock(), "{text}").ok();
}
