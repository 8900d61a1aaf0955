//! The changes of a site file that were made at the desk: who, when, what, and what takes them back. They outlive the
//! console.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use throng_analytics::time::Timestamp;
use throng_console::ChangeRecord;

use super::text_change::TextChange;

/// Changes that are kept; the audit trail keeps all.
const ENTRIES_MAX: usize = 200;

/// A change that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) what: String,
    /// As it was shown.
    pub(super) diff: String,
    /// SHA-256 of the file before and after.
    pub(super) before_sha256: String,
    pub(super) after_sha256: String,
    pub(super) change: TextChange,
    pub(super) undone_at: Option<Timestamp>,
    pub(super) undone_by: Option<String>,
}

/// The changes, oldest first.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Journal {
    /// Reads what was written before; a file that is not there yet has nothing in it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let entries = match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!("cannot read the changes in {}: put the file elsewhere to begin anew", path.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path: path.to_owned(), entries })
    }

    /// Writes a change down.
    pub(super) fn add(&mut self, entry: Entry) -> Result<()> {
        let mut entries = self.entries.clone();
        entries.push(entry);
        let old = entries.len().saturating_sub(ENTRIES_MAX);
        entries.drain(..old);
        self.keep(entries)
    }

    /// Writes down that a change was taken back.
    pub(super) fn undone(&mut self, id: &str, at: Timestamp, by: &str) -> Result<()> {
        let mut entries = self.entries.clone();
        for entry in entries.iter_mut().filter(|entry| entry.id == id) {
            (entry.undone_at, entry.undone_by) = (Some(at), Some(by.to_owned()));
        }
        self.keep(entries)
    }

    /// The newest change that was not taken back.
    pub(super) fn newest(&self) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.undone_at.is_none())
    }

    /// All of them for the console, newest first.
    pub(super) fn records(&self) -> Vec<ChangeRecord> {
        let record = |entry: &Entry| ChangeRecord {
            id: entry.id.clone(),
            at: entry.at,
            by: entry.by.clone(),
            what: match entry.undone_by.as_ref().filter(|by| **by != entry.by) {
                Some(by) => format!("{} (taken back by {by})", entry.what),
                None => entry.what.clone(),
            },
            diff: entry.diff.clone(),
            undone_at: entry.undone_at,
        };
        self.entries.iter().rev().map(record).collect()
    }

    /// Only the owner may read it, as with the rest of the console's data.
    fn keep(&mut self, entries: Vec<Entry>) -> Result<()> {
        let new = self.path.with_extension("new");
        let write = || -> Result<()> {
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&serde_json::to_vec_pretty(&entries)?)?;
            file.sync_all()?;
            Ok(fs::rename(&new, &self.path)?)
        };
        write().with_context(|| format!("cannot write the changes to {}", self.path.display()))?;
        self.entries = entries;
        Ok(())
    }
}
