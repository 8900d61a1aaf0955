//! What the user named, sorted into stills and video.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::stream::uri::SourceUri;

/// Endings of the pictures that a folder is searched for.
const STILL_ENDINGS: [&str; 3] = ["jpg", "jpeg", "png"];

/// One thing to count.
#[derive(Debug)]
pub(super) enum Input {
    /// A picture.
    Still(PathBuf),
    /// A video file or stream, by a name without credentials.
    Video { name: String, uri: SourceUri },
}

impl Input {
    /// What messages and records call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Still(path) => path.display().to_string(),
            Self::Video { name, .. } => name.clone(),
        }
    }
}

/// The inputs behind one argument: itself, or the pictures of a folder in the order of their names.
pub(super) fn expand(source: &str) -> anyhow::Result<Vec<Input>> {
    if source.contains("://") {
        let uri = SourceUri::parse(source, Path::new("."))?;
        return match uri.path() {
            Some(path) => expand_path(path),
            None => Ok(vec![Input::Video { name: uri.to_string(), uri }]),
        };
    }
    ensure!(!source.trim().is_empty(), "a source is empty; name a picture, a video, a folder or a stream");
    expand_path(Path::new(source))
}

fn expand_path(path: &Path) -> anyhow::Result<Vec<Input>> {
    let shown = path.display();
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("there is no such file; check its name: {shown}")
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot look at {shown}; check its permissions"));
        }
    };
    if meta.is_dir() {
        return pictures_of(path);
    }
    ensure!(!meta.is_file() || meta.len() > 0, "the file is empty; copy it again: {shown}");
    Ok(vec![if is_still(path)? {
        Input::Still(path.to_owned())
    } else {
        Input::Video { name: shown.to_string(), uri: SourceUri::from_path(path)? }
    }])
}

fn pictures_of(folder: &Path) -> anyhow::Result<Vec<Input>> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list the folder {shown}"))?;
    let mut pictures = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list the folder {shown}"))?.path();
        if has_still_ending(&path) && path.is_file() {
            pictures.push(path);
        }
    }
    ensure!(
        !pictures.is_empty(),
        "the folder holds no picture (.{}); name videos one by one: {shown}",
        STILL_ENDINGS.join(", .")
    );
    pictures.sort();
    Ok(pictures.into_iter().map(Input::Still).collect())
}

/// A picture by its name or, where the name says nothing, by its first bytes.
fn is_still(path: &Path) -> anyhow::Result<bool> {
    if has_still_ending(path) {
        return Ok(true);
    }
    let shown = path.display();
    let mut start = [0; 8];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut start));
    let read = read.with_context(|| format!("cannot read {shown}; check its permissions"))?;
    // A file of bare JPEG pictures one after another is a video; its name must say so.
    let is_motion_jpeg = has_ending(path, &["mjpg", "mjpeg"]);
    Ok(!is_motion_jpeg
        && (start[..read].starts_with(b"\x89PNG") || start[..read].starts_with(b"\xFF\xD8\xFF")))
}

fn has_still_ending(path: &Path) -> bool {
    has_ending(path, &STILL_ENDINGS)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    endings.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_pictures_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.png", "notes.txt", "c.jpeg"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let found = expand(folder.path().to_str().unwrap()).unwrap();
        let names: Vec<String> = found.iter().map(Input::name).collect();
        assert!(
            names.iter().zip(["a.png", "b.JPG", "c.jpeg"]).all(|(name, end)| name.ends_with(end)),
            "{names:?}"
        );
        assert_eq!(names.len(), 3);
    }

    #[test]
    fn pictures_are_told_from_videos_by_name_or_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            matches!(expand(path.to_str().unwrap()).unwrap()[..], [Input::Still(_)])
        };
        assert!(kind("picture.jpg", b"anything"));
        assert!(kind("snapshot", b"\xFF\xD8\xFF\xE0...."));
        assert!(!kind("camera.mjpeg", b"\xFF\xD8\xFF\xE0...."));
        assert!(!kind("street.mp4", b"....ftyp"));
        assert!(!kind("tiny", b"x"));
    }

    #[test]
    fn what_cannot_be_counted_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.mp4");
        fs::write(&empty, "").unwrap();
        let message = |source: &str| expand(source).unwrap_err().to_string();
        assert_eq!(message("absent/none.jpg"), "there is no such file; check its name: absent/none.jpg");
        assert!(message(empty.to_str().unwrap()).starts_with("the file is empty; copy it again: "));
        assert!(message(" ").starts_with("a source is empty"));
        assert!(message("gopher://a/b").contains("\"gopher\" is not one that throng can open"));
        let nothing = tempfile::tempdir().unwrap();
        assert!(message(nothing.path().to_str().unwrap()).starts_with("the folder holds no picture (.jpg"));
    }

    #[test]
    fn a_stream_is_named_without_its_password() {
        let found = expand("rtsp://viewer:s3cret@10.0.0.7/main").unwrap();
        assert_eq!(found[0].name(), "rtsp://viewer:***@10.0.0.7/main");
        assert!(!format!("{found:?}").contains("s3cret"));
    }
}
