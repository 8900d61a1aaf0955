//! The counter: a card's model, from an RGB picture to people, their interval and where they are.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use throng_analytics::density_map::DensityMap;

use crate::{
    boxes,
    card::{Card, Input, OutputKind},
    density::{self, Cells, Head},
    device::Device,
    error::Result,
    fit::{Fit, Scale},
    guard,
    head_scale::{HeadMeter, HeadScale},
    heads, interval,
    picture::RgbView,
    points,
    preprocess::Preprocessor,
    runtime,
    session::{InputTensor, OnnxSession},
    tiling::{Tile, Tiling},
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
    /// Heads that the model itself points at, in pixels of the picture; `None` from a model that gives a density.
    pub detected_heads_px: Option<Vec<[f64; 2]>>,
    /// How wide each of them is, in pixels of the picture; `None` from a model that does not tell.
    pub detected_head_widths_px: Option<Vec<f64>>,
    /// Whether the count may be used.
    pub validity: Validity,
    /// Seconds the network took; 0 where it did not run.
    pub inference_secs: f64,
}

impl PictureCount {
    /// Head points `[x, y]` in pixels of the picture: the model's own, else decoded from the density.
    pub fn heads_px(&self) -> Vec<[f64; 2]> {
        self.detected_heads_px.clone().unwrap_or_else(|| heads::from_density(&self.density))
    }

    /// The same count with the interval that holds where heads are of a size that the model was not trained for.
    #[must_use]
    pub fn off_head_size_range(mut self) -> Self {
        (self.people_lo, self.people_hi) = interval::off_range(self.people, (self.people_lo, self.people_hi));
        self
    }
}

/// A model that counts people in pictures.
#[derive(Debug)]
pub struct Counter {
    card: Card,
    info: Info,
    session: OnnxSession,
    preprocessor: Preprocessor,
    scale: Scale,
    /// Tells how large heads are; `None` where the card names no detector for that.
    head_meter: Option<HeadMeter>,
    /// The network's input, kept from picture to picture so that it is not allocated again.
    values: Vec<f32>,
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
        let meter = card.head_sizes.as_ref().map(|sizes| HeadMeter::open(sizes, card_path, options));
        let head_meter = meter.transpose()?;
        Ok(Self { card, info, session, preprocessor, scale: options.scale, head_meter, values: Vec::new() })
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
        if let Some(reason) = guard::reason_not_to_count(picture) {
            return Ok(not_valid(reason, 0.0));
        }
        let scale = HeadScale::default().resolve(scale, self, picture)?;
        let (fit, tiling) = self.plan((picture.width_px(), picture.height_px()), scale);
        let (card, mut inference_secs) = (&self.card, 0.0);
        let mut found = Found::nobody(&fit, card);
        for tile in tiling.tiles() {
            self.values.resize(self.preprocessor.len(&tile), 0.0);
            self.preprocessor.fill(picture, &fit, &tile, &mut self.values);
            let (width_px, height_px) = (tile.input_width_px, tile.input_height_px);
            let input = InputTensor { values: &self.values, pictures: 1, width_px, height_px };
            let started_at = Instant::now();
            let added = self.session.run(input, |_, output| {
                inference_secs += started_at.elapsed().as_secs_f64();
                found.add(card, output, &tiling, &tile)
            })?;
            if let Err(reason) = added {
                return Ok(not_valid(reason, inference_secs));
            }
        }
        Ok(counted(found, card, &fit, inference_secs))
    }

    /// Counts the people in each of `pictures`, each scaled as said. Pictures that go in by inputs of one size run through the network together, where the model takes that: a GPU is faster so. Each
    /// count's `inference_secs` is its part of the time.
    ///
    /// # Errors
    /// As [`Self::count`]: one failure fails all.
    pub fn count_batch(&mut self, pictures: &[(RgbView<'_>, Scale)]) -> Result<Vec<PictureCount>> {
        let mut counts: Vec<Option<PictureCount>> = vec![None; pictures.len()];
        let mut together: BTreeMap<(usize, usize), Vec<Waiting<'_>>> = BTreeMap::new();
        for (index, (picture, scale)) in pictures.iter().enumerate() {
            if *scale == Scale::ByHeads {
                counts[index] = Some(self.count_at(*picture, *scale)?);
                continue;
            }
            let (fit, tiling) = self.plan((picture.width_px(), picture.height_px()), *scale);
            let mut tiles = tiling.tiles();
            match (tiles.next(), tiles.next()) {
                (Some(tile), None) if self.session.takes_batches => {
                    if let Some(reason) = guard::reason_not_to_count(*picture) {
                        counts[index] = Some(not_valid(reason, 0.0));
                        continue;
                    }
                    drop(tiles);
                    let waiting = Waiting { index, picture: *picture, fit, tiling, tile };
                    together.entry((tile.input_width_px, tile.input_height_px)).or_default().push(waiting);
                }
                _ => counts[index] = Some(self.count_at(*picture, *scale)?),
            }
        }
        for ((width_px, height_px), waiting) in together {
            for (index, count) in self.count_together(&waiting, width_px, height_px)? {
                counts[index] = Some(count);
            }
        }
        Ok(counts.into_iter().flatten().collect())
    }

    /// Counts pictures that each go in whole, by inputs of one size; each with its index.
    fn count_together(
        &mut self,
        waiting: &[Waiting<'_>],
        width_px: usize,
        height_px: usize,
    ) -> Result<Vec<(usize, PictureCount)>> {
        let Some(first) = waiting.first() else { return Ok(Vec::new()) };
        let len = self.preprocessor.len(&first.tile);
        self.values.resize(len * waiting.len(), 0.0);
        for (picture, values) in waiting.iter().zip(self.values.chunks_exact_mut(len)) {
            self.preprocessor.fill(picture.picture, &picture.fit, &picture.tile, values);
        }
        let input = InputTensor { values: &self.values, pictures: waiting.len(), width_px, height_px };
        let (card, started_at) = (&self.card, Instant::now());
        self.session.run(input, |_, output| {
            let inference_secs = started_at.elapsed().as_secs_f64() / waiting.len() as f64;
            let outputs = output.chunks_exact(output.len() / waiting.len());
            let read = |(picture, output): (&Waiting<'_>, &[f32])| {
                let mut found = Found::nobody(&picture.fit, card);
                let count = match found.add(card, output, &picture.tiling, &picture.tile) {
                    Ok(()) => counted(found, card, &picture.fit, inference_secs),
                    Err(reason) => not_valid(reason, inference_secs),
                };
                (picture.index, count)
            };
            waiting.iter().zip(outputs).map(read).collect()
        })
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
struct Waiting<'a> {
    index: usize,
    picture: RgbView<'a>,
    fit: Fit,
    tiling: Tiling,
    tile: Tile,
}

/// The count that follows from all tiles.
fn counted(found: Found, card: &Card, fit: &Fit, inference_secs: f64) -> PictureCount {
    match found.finish(card, fit) {
        Ok((density, heads)) => {
            let people = density.people();
            let (people_lo, people_hi) = interval::around(people, &card.error);
            PictureCount {
                people,
                people_lo,
                people_hi,
                density,
                detected_heads_px: heads.as_ref().map(|heads| heads.iter().map(|head| head.0).collect()),
                detected_head_widths_px: heads.and_then(|heads| heads.iter().map(|head| head.1).collect()),
                validity: Validity::Valid,
                inference_secs,
            }
        }
        Err(reason) => not_valid(reason, inference_secs),
    }
}

/// Heads in pixels of the picture that was given, each with its width where known.
type HeadsPx = Vec<([f64; 2], Option<f64>)>;

/// What the network has said of the tiles so far.
struct Found {
    cells: Cells,
    /// Heads that the model points at, in pixels of the scaled picture; `None` from a model that gives a density.
    heads: Option<Vec<Head>>,
}

impl Found {
    fn nobody(fit: &Fit, card: &Card) -> Self {
        let heads = (card.output.kind != OutputKind::Density).then(Vec::new);
        Self { cells: Cells::empty(fit, card.output.stride_px), heads }
    }

    fn add(&mut self, card: &Card, output: &[f32], tiling: &Tiling, tile: &Tile) -> Result<(), String> {
        let heads_in_tile = match (card.output.kind, &card.output.boxes, &card.output.points) {
            (OutputKind::Boxes, Some(decoding), _) => boxes::heads_in_input(output, decoding, tile)?,
            (OutputKind::Points, _, Some(decoding)) => points::heads_in_input(output, decoding)?,
            _ => return self.cells.add(output, tiling, tile),
        };
        let heads = density::heads_of_tile(heads_in_tile, tiling, tile);
        self.cells.add_heads(&heads);
        self.heads.get_or_insert_default().extend(heads);
        Ok(())
    }

    /// The map and the heads in pixels of the picture; `Err` says why they cannot be believed.
    fn finish(self, card: &Card, fit: &Fit) -> Result<(DensityMap, Option<HeadsPx>), String> {
        let density = self.cells.into_map(fit)?;
        let area_px = (fit.scaled_width_px * fit.scaled_height_px) as f64;
        let [head_lo_px, _] = card.input.head_size_range_px;
        if let Some(reason) = guard::reason_not_to_believe(density.people(), area_px, head_lo_px) {
            return Err(reason);
        }
        let scale = [fit.picture_px_per_scaled_px_x(), fit.picture_px_per_scaled_px_y()];
        let in_picture = |Head { at_px: [x, y], width_px }: &Head| {
            (
                [f64::from(*x) * scale[0], f64::from(*y) * scale[1]],
                width_px.map(|px| f64::from(px) * scale[0]),
            )
        };
        Ok((density, self.heads.map(|heads| heads.iter().map(in_picture).collect())))
    }
}

fn not_valid(reason: String, inference_secs: f64) -> PictureCount {
    PictureCount {
        people: f64::NAN,
        people_lo: f64::NAN,
        people_hi: f64::NAN,
        density: density::nothing(),
        detected_heads_px: None,
        detected_head_widths_px: None,
        validity: Validity::NotValid { reason },
        inference_secs,
    }
}
