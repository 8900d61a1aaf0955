//! A bundle as one file: a tar (POSIX.1-1988, ustar), read as it is sent, so that a long clip needs no memory.

use std::{
    fs::{self, File},
    io::{self, Cursor, Read},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};

/// Everything in a tar is a multiple of this many bytes.
const BLOCK: u64 = 512;

/// A folder's files as a tar, below the folder's name, and how many bytes that is.
///
/// # Errors
/// The folder cannot be read, or a name in it is too long for a tar.
pub fn archive(folder: &Path) -> Result<(Box<dyn Read + Send>, u64)> {
    let shown = folder.display();
    let name =
        folder.file_name().with_context(|| format!("{shown} has no name"))?.to_string_lossy().into_owned();
    let mut paths: Vec<_> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>())
        .with_context(|| format!("cannot read {shown}"))?;
    paths.sort();
    let (mut all, mut length): (Box<dyn Read + Send>, u64) = (Box::new(io::empty()), 0);
    for path in paths.iter().filter(|path| path.is_file()) {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = file.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
        let within = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        let padding = bytes.next_multiple_of(BLOCK) - bytes;
        length += BLOCK + bytes + padding;
        // A file that shrinks meanwhile must not shift those after it; bundles are never written again.
        let content = file.take(bytes).chain(io::repeat(0).take(padding));
        all = Box::new(all.chain(Cursor::new(header(&within, bytes)?)).chain(content));
    }
    Ok((Box::new(all.chain(io::repeat(0).take(2 * BLOCK))), length + 2 * BLOCK))
}

/// The block before a file.
fn header(name: &str, bytes: u64) -> Result<Vec<u8>> {
    ensure!(name.len() <= 100, "{name} is too long a name for a tar");
    let mut block = vec![0; BLOCK as usize];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000444");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{bytes:011o}"));
    put(136, "00000000000");
    // The sum is taken with spaces in its own place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    Ok(block)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn tar_unpacks_what_was_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("2026-red");
        fs::create_dir(&bundle).unwrap();
        fs::write(bundle.join("manifest.json"), "{}").unwrap();
        fs::write(bundle.join("clip.mp4"), vec![7; 1500]).unwrap();
        let (mut tar, length) = archive(&bundle).unwrap();
        let mut bytes = Vec::new();
        tar.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, length);
        fs::write(folder.path().join("b.tar"), bytes).unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        let unpacked = Command::new("tar").args(["xf", "../b.tar"]).current_dir(&out).status().unwrap();
        assert!(unpacked.success());
        assert_eq!(fs::read(out.join("2026-red/manifest.json")).unwrap(), b"{}");
        assert_eq!(fs::read(out.join("2026-red/clip.mp4")).unwrap(), vec![7; 1500]);
    }
}
