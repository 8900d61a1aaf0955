//! A bundle on disk: written whole or not at all, and read with every digest checked.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use throng_analytics::{
    digest::hex,
    site::{DensityRaster, Site, SiteModel},
    time::Timestamp,
};

use super::{
    clip::{self, Kept},
    event::Event,
    manifest::{ClipFacts, Manifest, SCHEMA},
    replay,
    seal::Seal,
};
use crate::{clock::wall_clock, config};

/// The list of digests, and its signature.
const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
/// Every input of the analytics, a line each.
const EVENTS: &str = "events.jsonl.gz";
/// The density of the ground, a line a second.
const GROUND: &str = "ground.jsonl.gz";
/// The messages that were published about levels and loudspeakers, a line each.
const MESSAGES: &str = "messages.jsonl";
/// The site file without secrets.
const SITE: &str = "site.toml";
/// Time between two rasters of the ground, seconds.
const GROUND_EVERY_SECS: f64 = 1.0;
/// Longest line of a file that is read: a picture of a network with 10 000 cells has a tenth of it.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// Largest manifest.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;

/// All that goes into a bundle.
pub struct Bundle {
    /// What it says of itself; digests, and what came of the replay, are filled in.
    pub manifest: Manifest,
    /// The inputs.
    pub events: Vec<Arc<Event>>,
    /// Published messages: when, on which key, what.
    pub messages: Vec<Arc<Published>>,
    /// Pictures by camera.
    pub clips: BTreeMap<String, Vec<Kept>>,
    /// Whether they are concealed.
    pub is_concealed: bool,
    /// The site file without secrets.
    pub site_text: String,
    /// The site as the analytics know it.
    pub model: SiteModel,
}

/// A message as it was published.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// On which key.
    pub key: String,
    /// What.
    pub message: serde_json::Value,
}

/// A raster of the ground as it is written.
#[derive(Serialize)]
struct GroundLine<'a> {
    at: Timestamp,
    origin_m: [f64; 2],
    cell_m: f64,
    width_cells: usize,
    height_cells: usize,
    density_people_per_m2: &'a [Option<f32>],
}

impl Bundle {
    /// Writes it into a folder of its own below `folder`; answers with that folder.
    ///
    /// # Errors
    /// The disk. Nothing is left of a bundle that could not be written whole.
    pub fn write(mut self, folder: &Path, seal: &Seal) -> Result<PathBuf> {
        let name = format!(
            "{}-{}-{}",
            // Windows' file systems, onto which such folders are copied, take no colon.
            self.manifest.alarm_at.to_string().replace(':', "").split('.').next().unwrap_or_default(),
            self.manifest.zone,
            self.manifest.level.name(),
        );
        let (unfinished, whole) = (folder.join(format!(".{name}.unfinished")), folder.join(&name));
        let shown = whole.display();
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).with_context(|| format!("cannot write {shown}"))?;
        }
        fs::create_dir_all(&unfinished).with_context(|| format!("cannot write {shown}"))?;
        let written = self.write_files(&unfinished, seal).and_then(|()| {
            fs::rename(&unfinished, &whole).with_context(|| format!("cannot name the bundle {shown}"))
        });
        if let Err(error) = written {
            fs::remove_dir_all(&unfinished).ok();
            return Err(error.context(format!("the evidence {name} is not kept")));
        }
        Ok(whole)
    }

    fn write_files(&mut self, folder: &Path, seal: &Seal) -> Result<()> {
        fs::write(folder.join(SITE), &self.site_text).context("cannot write the site file")?;
        write_lines(&folder.join(EVENTS), self.events.iter().map(AsRef::as_ref))?;
        let mut messages = BufWriter::new(File::create(folder.join(MESSAGES))?);
        for message in &self.messages {
            serde_json::to_writer(&mut messages, message.as_ref())?;
            messages.write_all(b"\n")?;
        }
        messages.flush().context("cannot write the messages")?;
        for (camera, pictures) in self.clips.iter().filter(|(_, pictures)| !pictures.is_empty()) {
            clip::write(pictures, &folder.join(format!("clip-{camera}.mp4")))?;
            self.manifest.clips.push(ClipFacts {
                camera: camera.clone(),
                pictures: pictures.len(),
                is_concealed: self.is_concealed,
            });
        }
        self.write_ground(&folder.join(GROUND))?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            self.manifest.files.insert(name, digest(&entry.path())?);
        }
        seal.key_id().clone_into(&mut self.manifest.key_id);
        self.manifest.made_at = wall_clock();
        let manifest = serde_json::to_vec_pretty(&self.manifest).context("cannot write the manifest")?;
        fs::write(folder.join(MANIFEST), &manifest).context("cannot write the manifest")?;
        fs::write(folder.join(SIGNATURE), seal.sign(&manifest) + "\n").context("cannot write the signature")
    }

    /// Plays the inputs as [`replay`] will, writes the ground on the way, and notes what differs.
    fn write_ground(&mut self, path: &Path) -> Result<()> {
        let mut ground = gzip(path)?;
        let mut told: Option<Timestamp> = None;
        let mut look = |site: &Site, now: Timestamp| {
            if told.is_some_and(|at| now.secs_since(at).abs() < GROUND_EVERY_SECS) {
                return Ok(());
            }
            told = Some(now);
            match site.density_raster(now, 0.0) {
                Some(raster) => write_line(&mut ground, &GroundLine::of(now, &raster)),
                None => Ok(()),
            }
        };
        let events = self.events.iter().map(|event| Ok(event.as_ref()));
        let played = replay::play(self.model.clone(), &self.manifest, events, &mut look)?;
        self.manifest.replay_differs = replay::differences(&self.manifest, &played);
        ground.finish()?.flush().context("cannot write the ground")
    }
}

impl<'a> GroundLine<'a> {
    fn of(at: Timestamp, raster: &'a DensityRaster) -> Self {
        let grid = &raster.grid;
        Self {
            at,
            origin_m: grid.origin_m,
            cell_m: grid.cell_m,
            width_cells: grid.width_cells,
            height_cells: grid.height_cells,
            density_people_per_m2: &raster.density_people_per_m2,
        }
    }
}

/// What a bundle says of itself, unchecked.
///
/// # Errors
/// There is none, or it is of another version.
pub fn manifest(folder: &Path) -> Result<Manifest> {
    let manifest = read_small(&folder.join(MANIFEST))?;
    serde_json::from_slice(&manifest)
        .with_context(|| format!("cannot read {MANIFEST} in {}", folder.display()))
}

/// A bundle whose digests hold.
#[derive(Debug)]
pub struct Opened {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The same, word for word.
    pub manifest_bytes: Vec<u8>,
    /// Its signature; whether it holds says [`seal::check`](super::seal::check).
    pub signature: String,
    folder: PathBuf,
}

impl Opened {
    /// Opens a bundle and checks the digest of every file.
    ///
    /// # Errors
    /// What is missing, changed, added, or of another version.
    pub fn open(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let manifest_bytes = read_small(&folder.join(MANIFEST)).with_context(|| {
            format!("{shown} is no bundle of evidence: give the folder in which {MANIFEST} lies")
        })?;
        let manifest: Manifest = serde_json::from_slice(&manifest_bytes).with_context(|| {
            format!("cannot read {MANIFEST} in {shown}: it is of another version, or was changed")
        })?;
        ensure!(
            manifest.schema == SCHEMA,
            "{shown} is a {:?}: this program reads {SCHEMA:?}",
            manifest.schema
        );
        for (name, expected) in &manifest.files {
            ensure!(
                Path::new(name).file_name().is_some_and(|file| file == name.as_str()),
                "{shown} names a file outside of it: {name:?}"
            );
            let found = digest(&folder.join(name)).with_context(|| format!("{shown} lacks {name}"))?;
            if found != *expected {
                bail!("{name} in {shown} was changed: its SHA-256 is {found} and should be {expected}");
            }
        }
        for needed in [EVENTS, SITE] {
            ensure!(manifest.files.contains_key(needed), "{shown} lacks {needed}");
        }
        let signature = String::from_utf8_lossy(&read_small(&folder.join(SIGNATURE))?).into_owned();
        Ok(Self { manifest, manifest_bytes, signature, folder: folder.to_owned() })
    }

    /// The site as the analytics knew it.
    ///
    /// # Errors
    /// This version of the program does not take the site file.
    pub fn model(&self) -> Result<SiteModel> {
        let path = self.folder.join(SITE);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(config::read_for_replay(&text, &path)?)
    }

    /// The inputs.
    ///
    /// # Errors
    /// The file cannot be opened; what is wrong with a line is said where it comes.
    pub fn events(&self) -> Result<impl Iterator<Item = Result<Event>> + use<>> {
        let path = self.folder.join(EVENTS);
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut lines = BufReader::new(GzDecoder::new(BufReader::new(file)));
        let mut number = 0;
        Ok(std::iter::from_fn(move || {
            number += 1;
            let mut line = Vec::new();
            let read = lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            let parsed = match read {
                Ok(0) => return None,
                Ok(_) => serde_json::from_slice(&line).map_err(anyhow::Error::new),
                Err(error) => Err(error.into()),
            };
            Some(parsed.with_context(|| format!("line {number} of {}", path.display())))
        }))
    }
}

type Gzip = GzEncoder<BufWriter<File>>;

fn gzip(path: &Path) -> Result<Gzip> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(GzEncoder::new(BufWriter::new(file), Compression::fast()))
}

fn write_line(file: &mut Gzip, line: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    Ok(file.write_all(b"\n")?)
}

fn write_lines<'a>(path: &Path, lines: impl Iterator<Item = &'a Event>) -> Result<()> {
    let mut file = gzip(path)?;
    for line in lines {
        write_line(&mut file, line)?;
    }
    file.finish()?.flush().with_context(|| format!("cannot write {}", path.display()))
}

fn read_small(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// SHA-256 of a file, lower-case hexadecimal.
fn digest(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
