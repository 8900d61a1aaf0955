//! The counter: a card's model, from an RGB picture to people, their interval and where they are.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use throng_analytics::density_map::DensityMap;

use crate::{
    boxes,
    card::{Card, OutputKind},
    density,
    device::Device,
    error::Result,
    fit::Fit,
    guard, interval,
    picture::RgbView,
    preprocess::Preprocessor,
    runtime,
    session::{InputTensor, OnnxSession},
};

/// How to open a counter.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the model runs.
    pub device: Device,
    /// Threads for one inference on the CPU; 0 takes one a core.
    pub threads: usize,
    /// ONNX Runtime's shared library, where the usual places are not meant.
    pub library: Option<PathBuf>,
    /// Folder that holds the model file, where it does not lie beside its card.
    pub model_dir: Option<PathBuf>,
}

/// What a counter is and where it runs, to be published with its counts.
#[derive(Clone, Debug)]
pub struct Info {
    /// Name of the model.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the model file, lower-case hexadecimal.
    pub sha256: String,
    /// Where it really runs.
    pub device: Device,
    /// Why that is not the device asked for.
    pub device_fallback: Option<String>,
    /// The ONNX Runtime library in use.
    pub library: PathBuf,
    /// Pictures whose sides are multiples of this need no padding, pixels.
    pub multiple_of_px: usize,
    /// Pictures with a longer side are scaled down to this, pixels.
    pub max_side_px: usize,
    /// Smallest and largest head, in pixels across, at which the model counts well.
    pub head_size_range_px: [f64; 2],
}

/// Whether a count may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It may.
    Valid,
    /// It may not: this picture says nothing about how many people there are.
    NotValid {
        /// Why.
        reason: String,
    },
}

/// People in one picture.
#[derive(Clone, Debug)]
pub struct PictureCount {
    /// People; NaN where not valid, so that it can never pass for a number.
    pub people: f64,
    /// Lower end of the 90 % interval, people; NaN where not valid.
    pub people_lo: f64,
    /// Upper end of the 90 % interval, people; NaN where not valid.
    pub people_hi: f64,
    /// Where they are, in pixels of the picture; without cells where not valid.
    pub density: DensityMap,
    /// Whether the count may be used.
    pub validity: Validity,
    /// Seconds the network took; 0 where it did not run.
    pub inference_secs: f64,
}

/// A picture made ready for the network. Reused from picture to picture, it is not allocated again.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    values: Vec<f32>,
    fit: Fit,
    reason_not_to_count: Option<String>,
}

impl Prepared {
    /// How the picture lies in the network's input.
    pub fn fit(&self) -> Fit {
        self.fit
    }
}

/// A model that counts people in pictures.
#[derive(Debug)]
pub struct Counter {
    card: Card,
    info: Info,
    session: OnnxSession,
    preprocessor: Preprocessor,
    prepared: Prepared,
}

impl Counter {
    /// Opens the model of the card at `card_path`: verifies the file, loads ONNX Runtime, holds the model against its
    /// card and runs it once.
    ///
    /// # Errors
    /// Whatever is wrong with card, file, library or model, with what to do: see [`crate::error::ModelError`].
    pub fn open(card_path: &Path, options: &Options) -> Result<Self> {
        let card = Card::load(card_path)?;
        let model_path = card.model_path(card_path, options.model_dir.as_deref());
        let model = card.read_model(&model_path)?;
        let runtime = runtime::load(options.library.as_deref())?;
        let session = OnnxSession::open(
            &runtime,
            (&card, card_path),
            (&model, &model_path),
            options.device,
            options.threads,
        )?;
        let info = Info {
            name: card.name.clone(),
            version: card.version.clone(),
            sha256: card.sha256.to_ascii_lowercase(),
            device: session.device,
            device_fallback: session.fallback_reason.clone(),
            library: runtime.library,
            multiple_of_px: card.input.multiple_of_px,
            max_side_px: card.input.max_side_px,
            head_size_range_px: card.input.head_size_range_px,
        };
        let preprocessor = Preprocessor::new(&card.input);
        Ok(Self { card, info, session, preprocessor, prepared: Prepared::default() })
    }

    /// What this counter is and where it runs.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The card as written.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Counts the people in `picture`.
    ///
    /// # Errors
    /// [`crate::error::ModelError::Inference`]; a picture that shows nothing is no error but a count that is not valid.
    pub fn count(&mut self, picture: RgbView<'_>) -> Result<PictureCount> {
        let mut prepared = std::mem::take(&mut self.prepared);
        self.prepare(picture, &mut prepared);
        let count = self.infer(&prepared);
        self.prepared = prepared;
        count
    }

    /// First half of [`Self::count`]: makes `picture` ready in `prepared`.
    pub fn prepare(&mut self, picture: RgbView<'_>, prepared: &mut Prepared) {
        let size_px = (picture.width_px(), picture.height_px());
        prepared.fit = match self.session.fixed_size_px {
            Some(fixed_px) => Fit::to_fixed(size_px, fixed_px),
            None => Fit::to_multiple(size_px, self.info.multiple_of_px, self.info.max_side_px),
        };
        prepared.reason_not_to_count = guard::reason_not_to_count(picture);
        if prepared.reason_not_to_count.is_none() {
            self.preprocessor.fill(picture, &prepared.fit, &mut prepared.values);
        }
    }

    /// Second half of [`Self::count`]: runs the network on a prepared picture.
    ///
    /// # Errors
    /// [`crate::error::ModelError::Inference`].
    pub fn infer(&mut self, prepared: &Prepared) -> Result<PictureCount> {
        if let Some(reason) = &prepared.reason_not_to_count {
            return Ok(not_valid(reason.clone(), 0.0));
        }
        let Prepared { values, fit, .. } = prepared;
        let (card, started_at) = (&self.card, Instant::now());
        let input = InputTensor { values, width_px: fit.input_width_px, height_px: fit.input_height_px };
        let (density, inference_secs) = self.session.run(input, |_, output| {
            let inference_secs = started_at.elapsed().as_secs_f64();
            (read_output(card, output, fit), inference_secs)
        })?;
        Ok(match density.and_then(|density| believable(card, density, fit)) {
            Ok(density) => {
                let people = density.people();
                let (people_lo, people_hi) = interval::around(people, &card.error);
                PictureCount {
                    people,
                    people_lo,
                    people_hi,
                    density,
                    validity: Validity::Valid,
                    inference_secs,
                }
            }
            Err(reason) => not_valid(reason, inference_secs),
        })
    }
}

fn read_output(card: &Card, output: &[f32], fit: &Fit) -> Result<DensityMap, String> {
    let stride_px = card.output.stride_px;
    match (card.output.kind, &card.output.boxes) {
        (OutputKind::Boxes, Some(decoding)) => {
            let heads_in_input = boxes::heads_in_input(output, decoding, fit)?;
            density::from_heads(heads_in_input.into_iter(), fit, stride_px)
        }
        _ => density::from_output(output, fit, stride_px),
    }
}

fn believable(card: &Card, density: DensityMap, fit: &Fit) -> Result<DensityMap, String> {
    let area_px = (fit.scaled_width_px * fit.scaled_height_px) as f64;
    let [head_lo_px, _] = card.input.head_size_range_px;
    match guard::reason_not_to_believe(density.people(), area_px, head_lo_px) {
        Some(reason) => Err(reason),
        None => Ok(density),
    }
}

fn not_valid(reason: String, inference_secs: f64) -> PictureCount {
    PictureCount {
        people: f64::NAN,
        people_lo: f64::NAN,
        people_hi: f64::NAN,
        density: density::nothing(),
        validity: Validity::NotValid { reason },
        inference_secs,
    }
}
