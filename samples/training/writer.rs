//! Writes training pictures to a folder: `images/*.jpg` and one line a picture in `points.jsonl`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use serde::Serialize;

use super::picture::{Shots, training_picture};
use crate::rng::Rng;

/// First seed a training set may use: the demonstration and the tests keep those below to themselves.
pub const FIRST_TRAINING_SEED: u64 = 1000;

/// Why a training set could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The seed belongs to the demonstration.
    #[error("seed {0} is kept for the demonstration; use {FIRST_TRAINING_SEED} or more")]
    Seed(u64),
    /// The folder is there already: nothing is mixed into an earlier set.
    #[error("there is already something at the target; choose another folder or remove it: {}", .0.display())]
    Exists(PathBuf),
    /// A file could not be written.
    #[error("cannot write ({source}); check space and permissions: {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A picture could not be encoded.
    #[error("cannot encode a picture as JPEG ({source}): {}", path.display())]
    Encode {
        /// Which.
        path: PathBuf,
        /// Why.
        source: image::ImageError,
    },
}

/// One line of `points.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    image: &'a str,
    width: u32,
    height: u32,
    count: usize,
    points: Vec<[f32; 2]>,
}

/// Writes `images` pictures, `shots`, of the seeds from `first_seed` on; `progress` hears (done, heads so far).
///
/// Everything is written beside the target and renamed at the end: a folder at `folder` is always whole.
///
/// # Errors
/// [`WriteError`] says which file failed; nothing is then left at `folder`.
pub fn write_training_set(
    folder: &Path,
    images: usize,
    first_seed: u64,
    shots: Shots,
    mut progress: impl FnMut(usize, usize),
) -> Result<(), WriteError> {
    if first_seed < FIRST_TRAINING_SEED {
        return Err(WriteError::Seed(first_seed));
    }
    if folder.exists() {
        return Err(WriteError::Exists(folder.to_owned()));
    }
    let partial = folder.with_extension("partial");
    let pictures = partial.join("images");
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError::File { path, source }
    };
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(file_error(&partial))?;
    }
    fs::create_dir_all(&pictures).map_err(file_error(&pictures))?;
    let list_path = partial.join("points.jsonl");
    let mut list = BufWriter::new(File::create(&list_path).map_err(file_error(&list_path))?);
    let mut heads = 0;
    for i in 0..images {
        let seed = first_seed + i as u64;
        let picture = training_picture(seed, shots);
        let name = format!("images/rendered_{seed:06}.jpg");
        let path = partial.join(&name);
        let file = BufWriter::new(File::create(&path).map_err(file_error(&path))?);
        let quality = 55 + Rng::new(seed).index(40) as u8;
        JpegEncoder::new_with_quality(file, quality)
            .encode_image(&picture.rgb)
            .map_err(|source| WriteError::Encode { path: path.clone(), source })?;
        let line = Line {
            image: &name,
            width: picture.rgb.width(),
            height: picture.rgb.height(),
            count: picture.heads_in_image.len(),
            points: picture.heads_in_image,
        };
        heads += line.count;
        serde_json::to_writer(&mut list, &line)
            .map_err(std::io::Error::from)
            .and_then(|()| list.write_all(b"\n"))
            .map_err(file_error(&list_path))?;
        progress(i + 1, heads);
    }
    list.flush().map_err(file_error(&list_path))?;
    fs::rename(&partial, folder).map_err(file_error(folder))
}
