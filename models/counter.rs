//! The counter: a card's model, from an RGB picture to people, their interval and where they are.

use std::{
    iter, mem,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
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
    runtime,
    session::OnnxSession,
    sharing::share_out,
    tiling::{Tile, Tiling},
};

mod found;
mod lane;
mod picture_count;

use lane::{Lane, Waiting};
pub use picture_count::{PictureCount, Validity};

/// Threads that get pictures ready beside a GPU, at most: what reads and writes memory gains nothing from more.
const PREPARING_THREADS_MAX: usize = 8;

/// How to open a counter.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the model runs.
    pub device: Device,
    /// Where it runs as well: the pictures of a batch are shared out.
    pub also_on: Vec<Device>,
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
    /// Where it really runs as well.
    pub also_on: Vec<Device>,
    /// Why that is not where it was asked to run.
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
    /// One a device; at least one.
    lanes: Vec<Lane>,
    scale: Scale,
    /// Tells how large heads are; `None` where the card names no detector for that.
    head_meter: Option<HeadMeter>,
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
        let open = |device: &Device| {
            let (card, model) = ((&card, card_path), (&*model, &*model_path));
            OnnxSession::open(&runtime, card, model, *device, options.threads)
        };
        let (sessions, mut fallback) = sessions(options, open)?;
        let meter = card.head_sizes.as_ref().map(|sizes| HeadMeter::open(sizes, card_path, options));
        let head_meter = meter.transpose()?;
        if let (None, Some(meter)) = (&fallback, &head_meter) {
            fallback = meter.device_fallback().map(|reason| format!("{}: {reason}", meter.name()));
        }
        let devices: Vec<Device> = sessions.iter().map(|session| session.device).collect();
        let first = &sessions[0];
        let batch_max = if first.takes_batches {
            devices.iter().map(|device| card.execution.batch_max(*device)).sum()
        } else {
            1
        };
        let info = Info {
            name: card.name.clone(),
            version: card.version.clone(),
            sha256: card.sha256.to_ascii_lowercase(),
            device: devices[0],
            also_on: devices[1..].to_vec(),
            device_fallback: fallback,
            batch_max,
            is_input_pinned: first.is_input_pinned(),
            library: runtime.library,
            multiple_of_px: card.input.multiple_of_px,
            max_side_px: card.input.max_side_px,
            head_size_range_px: card.input.head_size_range_px,
        };
        let preparing_threads = match options.preparing_threads {
            0 if devices.contains(&Device::Cpu) => 1,
            0 => thread::available_parallelism().map_or(1, usize::from).min(PREPARING_THREADS_MAX),
            threads => threads,
        };
        let lane = |session| Lane::new(session, &card, preparing_threads.div_ceil(devices.len()));
        let lanes = sessions.into_iter().map(lane).collect();
        Ok(Self { card, info, lanes, scale: options.scale, head_meter, waiting: Vec::new() })
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
        let Self { card, lanes, .. } = self;
        lanes[0].count_tiles(card, picture, (&fit, &tiling), count)?;
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
            match self.in_one_tile(*picture, *scale) {
                None => self.count_into(*picture, *scale, count)?,
                Some((fit, tiling, tile)) => {
                    let count = mem::replace(count, PictureCount::being_counted());
                    waiting.push(Waiting { index, fit, tiling, tile, count });
                }
            }
        }
        let Self { card, lanes, .. } = self;
        lanes[0].prepare(waiting.iter_mut(), |whole| {
            whole.count.validity = Validity::Valid;
            if let Some(reason) = guard::reason_not_to_count(pictures[whole.index].0) {
                whole.count.refuse(reason, 0.0);
            }
        });
        waiting.sort_unstable_by_key(|whole| (whole.is_refused(), whole.input_px(), whole.index));
        let to_count = waiting.partition_point(|whole| !whole.is_refused());
        let lane_count = lanes.len();
        let of_one_size = waiting[..to_count].chunk_by_mut(|one, next| one.input_px() == next.input_px());
        let shares = of_one_size.flat_map(move |together| {
            let share = together.len().div_ceil(lane_count);
            together.chunks_mut(share)
        });
        let error = Mutex::new(None);
        share_out(lanes, shares, |lane, together| {
            if let Err(failed) = lane.count_together(card, pictures, together) {
                error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failed);
            }
        });
        for Waiting { index, count, .. } in waiting.drain(..) {
            counts[index] = count;
        }
        self.waiting = waiting;
        error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// The tile of a picture that can run together with others: one that goes in whole, at a scale that is known.
    fn in_one_tile(&self, picture: RgbView<'_>, scale: Scale) -> Option<(Fit, Tiling, Tile)> {
        if scale == Scale::ByHeads || !self.lanes[0].session.takes_batches {
            return None;
        }
        let (fit, tiling) = self.plan((picture.width_px(), picture.height_px()), scale);
        Some((fit, tiling, tiling.only_tile()?))
    }

    /// How a picture of `size_px` is scaled, and the pieces that it goes in by.
    fn plan(&self, size_px: (usize, usize), scale: Scale) -> (Fit, Tiling) {
        let Input { multiple_of_px, max_side_px, .. } = self.card.input;
        match (self.lanes[0].session.fixed_size_px, scale) {
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

/// A session on each device asked for that can be used, and why it is not each of them; on the CPU where none can.
fn sessions(
    options: &Options,
    open: impl Fn(&Device) -> Result<OnnxSession>,
) -> Result<(Vec<OnnxSession>, Option<String>)> {
    let first = open(&options.device)?;
    let others = options.also_on.iter().map(open).collect::<Result<Vec<_>>>()?;
    let all = iter::once(first).chain(others);
    let (mut usable, mut fallen_back): (Vec<_>, Vec<_>) =
        all.partition(|session| session.fallback_reason.is_none());
    let reasons: Vec<String> =
        fallen_back.iter().filter_map(|session| session.fallback_reason.clone()).collect();
    if usable.is_empty() {
        usable.extend(fallen_back.drain(..1));
    }
    Ok((usable, (!reasons.is_empty()).then(|| reasons.join("; "))))
}
