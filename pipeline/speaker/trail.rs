//! The audit trail of a loudspeaker: who asked, who agreed, what was said. Append-only, each line chained to the one
//! before.
//!
//! A line is `HASH JSON`, and `HASH` is the SHA-256 of the hash before it and the JSON, so that anybody can check it with
//! standard tools. A changed, removed or inserted line breaks every hash after it. A cut at the end breaks none: the
//! newest hash is therefore published with the loudspeaker's state, where others keep it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throng_analytics::{
    digest::{BEFORE_FIRST, chained},
    time::Timestamp,
};

/// Longest line read back: an entry has some hundreds of bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the line, from 0.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What kind of thing happened: `order`, `receipt`, `started`, `mute` and so on.
    pub event: String,
    /// Its particulars.
    pub details: Value,
}

/// What a trail holds, once its chain was found whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// Lines.
    pub entries: u64,
    /// The hash of the last, hexadecimal.
    pub hash: String,
    /// Highest number of each signer of orders.
    pub last_sequence: BTreeMap<String, u64>,
}

/// A trail that is being written.
#[derive(Debug)]
pub struct Trail {
    file: File,
    path: PathBuf,
    entries: u64,
    hash: String,
}

impl Trail {
    /// Opens a trail, or begins one, and says what it holds.
    ///
    /// A trail whose chain is broken is moved aside to `NAME.broken-TIME` and a new one begun: a damaged disk must not
    /// silence a loudspeaker, and what was found must not be written over.
    ///
    /// # Errors
    /// The file cannot be read, moved or written.
    pub fn open(path: &Path, now: Timestamp) -> Result<(Self, Checked)> {
        let shown = path.display();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder of the audit trail {shown}"))?;
        }
        let mut broken = None;
        let checked = match verify(path) {
            Ok(checked) => checked,
            Err(_absent) if !path.exists() => Checked::default(),
            Err(error) => {
                let aside = PathBuf::from(format!("{shown}.broken-{}", now.unix_nanos() / 1_000_000_000));
                std::fs::rename(path, &aside)
                    .with_context(|| format!("cannot move the broken audit trail {shown} aside"))?;
                tracing::error!("Audit trail broken and moved to {}: {error:#}.", aside.display());
                broken = Some((format!("{error:#}"), aside.display().to_string()));
                Checked::default()
            }
        };
        let file = OpenOptions::new().create(true).append(true).open(path).with_context(|| {
            format!("cannot write the audit trail {shown}; check that its folder may be written")
        })?;
        let hash = if checked.hash.is_empty() { BEFORE_FIRST.to_owned() } else { checked.hash.clone() };
        let mut trail = Self { file, path: path.to_owned(), entries: checked.entries, hash };
        if let Some((why, aside)) = broken {
            trail.append(now, "trail_broken", serde_json::json!({ "why": why, "moved_to": aside }))?;
        }
        Ok((trail, checked))
    }

    /// Appends a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// What the file system says.
    pub fn append(&mut self, at: Timestamp, event: &str, details: Value) -> Result<()> {
        let entry = Entry { number: self.entries, at, event: event.to_owned(), details };
        let json = serde_json::to_string(&entry)?;
        let hash = chained(&self.hash, &json);
        // One write: a line is there whole or, after a power cut, torn at the end.
        let written =
            self.file.write_all(format!("{hash} {json}\n").as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| {
            format!("cannot write the audit trail {}; check the disk", self.path.display())
        })?;
        self.hash = hash;
        self.entries += 1;
        Ok(())
    }

    /// The hash of the newest line, hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// Reads a trail and checks its chain.
///
/// # Errors
/// The file cannot be read, or the first line that breaks the chain, by number and reason.
pub fn verify(path: &Path) -> Result<Checked> {
    let file = File::open(path).with_context(|| format!("cannot read the audit trail {}", path.display()))?;
    let mut checked = Checked::default();
    let mut hash = BEFORE_FIRST.to_owned();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let number = index + 1;
        let line = line.with_context(|| format!("line {number} cannot be read"))?;
        if line.len() > LINE_BYTES_MAX {
            bail!("line {number} is longer than any that was written");
        }
        let Some((stated, json)) = line.split_once(' ') else { bail!("line {number} has no hash") };
        if chained(&hash, json) != stated {
            bail!("line {number} does not follow from the one before it: it, or one before it, was changed");
        }
        let entry: Entry =
            serde_json::from_str(json).with_context(|| format!("line {number} is no entry"))?;
        if entry.number != checked.entries {
            bail!("line {number} has the number {}, not {}", entry.number, checked.entries);
        }
        if let (Some(signer), Some(sequence)) =
            (entry.details["signer"].as_str(), entry.details["sequence"].as_u64())
        {
            let last = checked.last_sequence.entry(signer.to_owned()).or_default();
            *last = sequence.max(*last);
        }
        stated.clone_into(&mut hash);
        checked.entries += 1;
    }
    if checked.entries > 0 {
        checked.hash = hash;
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_unix_nanos(1_750_000_000_000_000_000)
    }

    fn written(path: &Path) {
        let (mut trail, _) = Trail::open(path, now()).unwrap();
        for sequence in [3, 9, 4] {
            trail.append(now(), "order", json!({ "signer": "ann", "sequence": sequence })).unwrap();
        }
    }

    #[test]
    fn a_trail_goes_on_after_a_restart_and_knows_every_signer_s_last_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/trail");
        written(&path);
        let (mut trail, checked) = Trail::open(&path, now()).unwrap();
        assert_eq!((checked.entries, checked.last_sequence["ann"]), (3, 9));
        assert_eq!(trail.hash(), checked.hash);
        trail.append(now(), "mute", json!({})).unwrap();
        assert_eq!(verify(&path).unwrap().entries, 4);
    }

    #[test]
    fn a_changed_removed_moved_or_torn_line_is_found_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail");
        written(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (what, changed, number) in [
            ("changed", text.replace("\"sequence\":9", "\"sequence\":8"), "line 2"),
            ("removed", format!("{}\n{}\n", lines[0], lines[2]), "line 2"),
            ("moved", format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]), "line 1"),
            ("torn", text[..text.len() - 9].to_owned(), "line 3"),
            ("no text", format!("{text}\n"), "line 4"),
        ] {
            std::fs::write(&path, changed).unwrap();
            let found = format!("{:#}", verify(&path).unwrap_err());
            assert!(found.contains(number), "{what}: {found}");
        }
    }

    #[test]
    fn a_broken_trail_is_kept_aside_and_a_new_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail");
        std::fs::write(&path, "nonsense\n").unwrap();
        let (_, checked) = Trail::open(&path, now()).unwrap();
        assert_eq!(checked.entries, 0);
        assert_eq!(verify(&path).unwrap().entries, 1);
        assert!(std::fs::read_to_string(&path).unwrap().contains("trail_broken"));
        let aside = std::fs::read_to_string(folder.path().join("trail.broken-1750000000")).unwrap();
        assert_eq!(aside, "nonsense\n");
    }
}
