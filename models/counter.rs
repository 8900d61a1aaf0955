//! The counter: a card's model, from an RGB picture to people, their interval and where they are.

use std::{
    mem,
    path::{Path, PathBuf},
    thread,
};

use crate::{
    card::{Card, Input},
    device::Device,
    error::Result,
    fit::{Fit, Scale},
    guard,
    head_scale::{HeadMeter, HeadScale},
    picture::RgbView,
    preprocess::Preprocessor,
    runtime,
    session::{InputSize, OnnxSession},
    sharing,
    tiling::{Tile, Tiling},
};

mod found;
mod picture_count;

use found::Found;
pub use picture_count::{PictureCount, Validity};

/// Threads that get pictures ready beside a GPU, at most: what reads and writes memory gains nothing from more.
const PREPARING_THREADS_MAX: usize = 8;

/// How to open a counter.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the model runs.
    pub device: Device,
    /// Threads for one inference on the CPU; 0 takes those of the card, or one a core.
    pub threads: usize,
    /// Threads that get the pictures of a batch ready; 0 takes one on a CPU, which the network keeps busy, and up to eight
    /// beside a GPU.
    pub preparing_threads: usize,
    /// ONNX Runtime's shared library, where the usual places are not meant.
    pub library: Option<PathBuf>,
    /// Folder that holds the model file, where it does not lie beside its card.
    pub model_dir: Option<PathBuf>,
    /// How large pictures are made before they are counted.
    pub scale: Scale,
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
    /// Most pictures of several cameras that are best run together there.
    pub batch_max: usize,
    /// Whether pictures lie in memory that the device reads by itself; never on the CPU.
    pub is_input_pinned: bool,
    /// The ONNX Runtime library in use.
    pub library: PathBuf,
    /// Pictures whose sides are multiples of this need no padding, pixels.
    pub multiple_of_px: usize,
    /// Pictures with a longer side are scaled down to this, pixels.
    pub max_side_px: usize,
    /// Smallest and largest head, in pixels across, at which the model counts well.
    pub head_size_range_px: [f64; 2],
}

/// A model that counts people in pictures.
#[derive(Debug)]
pub struct Counter {
    card: Card,
    info: Info,
    session: OnnxSession,
    /// One for each thread that gets pictures ready.
    preprocessors: Vec<Preprocessor>,
    scale: Scale,
    /// Tells how large heads are; `None` where the card names no detector for that.
    head_meter: Option<HeadMeter>,
    /// What is known of the picture at hand.
    found: Found,
    /// Pictures of the batch at hand.
    waiting: Vec<Waiting>,
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
            batch_max: if session.takes_batches { card.execution.batch_max(session.device) } else { 1 },
            is_input_pinned: session.is_input_pinned(),
            library: runtime.library,
            multiple_of_px: card.input.multiple_of_px,
            max_side_px: card.input.max_side_px,
            head_size_range_px: card.input.head_size_range_px,
        };
        let preparing_threads = match (options.preparing_threads, session.device) {
            (0, Device::Cpu | Device::Auto) => 1,
            (0, Device::Cuda(_) | Device::TensorRt(_)) => {
                thread::available_parallelism().map_or(1, usize::from).min(PREPARING_THREADS_MAX)
            }
            (threads, _) => threads,
        };
        let preprocessors = (0..preparing_threads).map(|_| Preprocessor::new(&card.input)).collect();
        let meter = card.head_sizes.as_ref().map(|sizes| HeadMeter::open(sizes, card_path, options));
        let head_meter = meter.transpose()?;
        Ok(Self {
            card,
            info,
            session,
            preprocessors,
            scale: options.scale,
            head_meter,
            found: Found::default(),
            waiting: Vec::new(),
        })
    }

    /// What this counter is and where it runs.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The card as written.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The scale that the counter was opened with.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    pub(crate) fn head_meter(&mut self) -> Option<&mut HeadMeter> {
        self.head_meter.as_mut()
    }

    /// By what `picture` is scaled where the card alone says how.
    pub(crate) fn factor_as_card(&self, picture: RgbView<'_>) -> f64 {
        let (fit, _) = self.plan((picture.width_px(), picture.height_px()), Scale::AsCard);
        1.0 / fit.picture_px_per_scaled_px_x()
    }

    /// Counts the people in `picture`, at the scale that the counter was opened with.
    ///
    /// # Errors
    /// [`crate::error::ModelError::Inference`]; a picture that shows nothing is no error but a count that is not valid.
    pub fn count(&mut self, picture: RgbView<'_>) -> Result<PictureCount> {
        self.count_at(picture, self.scale)
    }

    /// Counts the people in `picture`, scaled by `scale` first.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn count_at(&mut self, picture: RgbView<'_>, scale: Scale) -> Result<PictureCount> {
        let mut count = PictureCount::nothing();
        self.count_into(picture, scale, &mut count)?;
        Ok(count)
    }

    /// Counts the people in `picture`, scaled by `scale` first, into the memory of an earlier `count`: nothing is
    /// allocated for a picture of a size that was seen before. After an error `count` says nothing.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn count_into(&mut self, picture: RgbView<'_>, scale: Scale, count: &mut PictureCount) -> Result<()> {
        if let Some(reason) = guard::reason_not_to_count(picture) {
            count.refuse(reason, 0.0);
            return Ok(());
        }
        let mut heads = HeadScale::default();
        let scale = heads.resolve(scale, self, picture)?;
        let (fit, tiling) = self.plan((picture.width_px(), picture.height_px()), scale);
        let Self { card, session, preprocessors, found, .. } = self;
        let [preprocessor, ..] = &mut preprocessors[..] else { return Ok(()) };
        found.clear(&fit, card);
        let mut inference_secs = 0.0;
        for tile in tiling.tiles() {
            let added = session.run(
                InputSize { pictures: 1, width_px: tile.input_width_px, height_px: tile.input_height_px },
                |values| preprocessor.fill(picture, &fit, &tile, values),
                |output| {
                    inference_secs += output.secs;
                    found.add(card, output.values, &tiling, &tile)
                },
            )?;
            if let Err(reason) = added {
                count.refuse(reason, inference_secs);
                return Ok(());
            }
        }
        found.finish(card, &fit, inference_secs, count);
        if heads.is_off_range() {
            count.widen();
        }
        Ok(())
    }

    /// Counts the people in each of `pictures`, each scaled as said. Pictures that go in by inputs of one size run through
    /// the network together, where the model takes that: a GPU is faster so. Each count's `inference_secs` is its part of
    /// the time.
    ///
    /// # Errors
    /// As [`Self::count`]: one failure fails all.
    pub fn count_batch(&mut self, pictures: &[(RgbView<'_>, Scale)]) -> Result<Vec<PictureCount>> {
        let mut counts = Vec::new();
        self.count_batch_into(pictures, &mut counts)?;
        Ok(counts)
    }

    /// As [`Self::count_batch`], into the memory of earlier `counts`, as [`Self::count_into`] does; where several threads get
    /// the pictures ready, starting them allocates a little.
    ///
    /// # Errors
    /// As [`Self::count_batch`].
    pub fn count_batch_into(
        &mut self,
        pictures: &[(RgbView<'_>, Scale)],
        counts: &mut Vec<PictureCount>,
    ) -> Result<()> {
        counts.resize_with(pictures.len(), PictureCount::nothing);
        let mut waiting = mem::take(&mut self.waiting);
        waiting.clear();
        for (index, ((picture, scale), count)) in pictures.iter().zip(counts.iter_mut()).enumerate() {
            match self.waiting(index, *picture, *scale) {
                Some(whole) => waiting.push(whole),
                None => self.count_into(*picture, *scale, count)?,
            }
        }
        sharing::share_out(&mut self.preprocessors, waiting.iter_mut(), |_, whole| {
            whole.refusal = guard::reason_not_to_count(pictures[whole.index].0);
        });
        waiting.retain_mut(|whole| match whole.refusal.take() {
            Some(reason) => {
                counts[whole.index].refuse(reason, 0.0);
                false
            }
            None => true,
        });
        waiting.sort_unstable_by_key(|whole| (whole.input_px(), whole.index));
        for together in waiting.chunk_by(|one, next| one.input_px() == next.input_px()) {
            self.count_together(together, pictures, counts)?;
        }
        self.waiting = waiting;
        Ok(())
    }

    /// A picture that can run together with others: one that goes in whole, at a scale that is known.
    fn waiting(&self, index: usize, picture: RgbView<'_>, scale: Scale) -> Option<Waiting> {
        if scale == Scale::ByHeads || !self.session.takes_batches {
            return None;
        }
        let (fit, tiling) = self.plan((picture.width_px(), picture.height_px()), scale);
        Some(Waiting { index, fit, tiling, tile: tiling.only_tile()?, refusal: None })
    }

    /// Counts those of `pictures` that go in by inputs of one size.
    fn count_together(
        &mut self,
        together: &[Waiting],
        pictures: &[(RgbView<'_>, Scale)],
        counts: &mut [PictureCount],
    ) -> Result<()> {
        let Some((width_px, height_px)) = together.first().map(Waiting::input_px) else { return Ok(()) };
        let Self { card, session, preprocessors, found, .. } = self;
        session.run(
            InputSize { pictures: together.len(), width_px, height_px },
            |values| {
                let inputs = values.chunks_exact_mut(values.len() / together.len());
                sharing::share_out(
                    preprocessors,
                    together.iter().zip(inputs),
                    |preprocessor, (whole, values)| {
                        preprocessor.fill(pictures[whole.index].0, &whole.fit, &whole.tile, values);
                    },
                );
            },
            |output| {
                let inference_secs = output.secs / together.len() as f64;
                let length = output.values.len() / together.len();
                for (place, Waiting { index, fit, tiling, tile, .. }) in together.iter().enumerate() {
                    let values = &output.values[place * length..(place + 1) * length];
                    found.clear(fit, card);
                    match found.add(card, values, tiling, tile) {
                        Ok(()) => found.finish(card, fit, inference_secs, &mut counts[*index]),
                        Err(reason) => counts[*index].refuse(reason, inference_secs),
                    }
                }
            },
        )
    }

    /// How a picture of `size_px` is scaled, and the pieces that it goes in by.
    fn plan(&self, size_px: (usize, usize), scale: Scale) -> (Fit, Tiling) {
        let Input { multiple_of_px, max_side_px, .. } = self.card.input;
        match (self.session.fixed_size_px, scale) {
            (Some(fixed_px), Scale::AsCard | Scale::ByHeads) => {
                let fit = Fit::to_fixed(size_px, fixed_px);
                (fit, Tiling::of_fixed(&fit, fixed_px, multiple_of_px))
            }
            (Some(fixed_px), Scale::Factor(factor)) => {
                let fit = Fit::by_factor(size_px, factor);
                (fit, Tiling::of_fixed(&fit, fixed_px, multiple_of_px))
            }
            (None, Scale::AsCard | Scale::ByHeads) => {
                let fit = Fit::within(size_px, max_side_px);
                (fit, Tiling::up_to(&fit, multiple_of_px, max_side_px.next_multiple_of(multiple_of_px)))
            }
            (None, Scale::Factor(factor)) => {
                let fit = Fit::by_factor(size_px, factor);
                (fit, Tiling::up_to(&fit, multiple_of_px, max_side_px))
            }
        }
    }
}

/// A picture that goes in whole, and its place among the pictures given.
#[derive(Debug)]
struct Waiting {
    index: usize,
    fit: Fit,
    tiling: Tiling,
    tile: Tile,
    /// Why it must not be counted.
    refusal: Option<String>,
}

impl Waiting {
    /// Width and height of the input that it goes in by.
    fn input_px(&self) -> (usize, usize) {
        (self.tile.input_width_px, self.tile.input_height_px)
    }
}
