//! One session of a counter, with all that it needs to count beside others.

use super::{
    found::Found,
    picture_count::{PictureCount, Validity},
};
use crate::{
    card::Card,
    error::Result,
    fit::{Fit, Scale},
    picture::RgbView,
    preprocess::Preprocessor,
    session::{InputSize, OnnxSession},
    sharing::share_out,
    tiling::{Tile, Tiling},
};

/// A session, what gets its pictures ready and what it has found.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) session: OnnxSession,
    /// One for each thread that gets pictures ready; at least one.
    preprocessors: Vec<Preprocessor>,
    found: Found,
}

/// A picture that goes in whole, while its batch is counted.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Its place among the pictures given.
    pub(super) index: usize,
    pub(super) fit: Fit,
    pub(super) tiling: Tiling,
    pub(super) tile: Tile,
    /// Its count, to be.
    pub(super) count: PictureCount,
}

impl Waiting {
    /// Width and height of the input that it goes in by.
    pub(super) fn input_px(&self) -> (usize, usize) {
        (self.tile.input_width_px, self.tile.input_height_px)
    }

    /// Whether it has been refused without being looked at by the network.
    pub(super) fn is_refused(&self) -> bool {
        self.count.validity != Validity::Valid
    }
}

impl Lane {
    pub(super) fn new(session: OnnxSession, card: &Card, preparing_threads: usize) -> Self {
        let preprocessors = (0..preparing_threads.max(1)).map(|_| Preprocessor::new(&card.input)).collect();
        Self { session, preprocessors, found: Found::default() }
    }

    /// Does `work` for each of `items` with as many threads as get pictures ready.
    pub(super) fn prepare<I>(&mut self, items: impl Iterator<Item = I> + Send, work: impl Fn(I) + Sync) {
        share_out(&mut self.preprocessors, items, |_, item| work(item));
    }

    /// Counts a picture, tile by tile.
    pub(super) fn count_tiles(
        &mut self,
        card: &Card,
        picture: RgbView<'_>,
        (fit, tiling): (&Fit, &Tiling),
        count: &mut PictureCount,
    ) -> Result<()> {
        let Self { session, preprocessors, found, .. } = self;
        let mut inference_secs = 0.0;
        found.clear(fit, card);
        for tile in tiling.tiles() {
            let (width_px, height_px) = (tile.input_width_px, tile.input_height_px);
            let values = session.input(InputSize { pictures: 1, width_px, height_px })?;
            preprocessors[0].fill(picture, fit, &tile, values);
            let added = session.run(|output| {
                inference_secs += output.secs;
                found.add(card, output.values, tiling, &tile)
            })?;
            if let Err(reason) = added {
                count.refuse(reason, inference_secs);
                return Ok(());
            }
        }
        found.finish(card, fit, inference_secs, count);
        Ok(())
    }

    /// Counts those of `pictures` that go in by inputs of one size in one run.
    pub(super) fn count_together(
        &mut self,
        card: &Card,
        pictures: &[(RgbView<'_>, Scale)],
        together: &mut [Waiting],
    ) -> Result<()> {
        let Some((width_px, height_px)) = together.first().map(Waiting::input_px) else { return Ok(()) };
        let Self { session, preprocessors, found, .. } = self;
        let count = together.len();
        let values = session.input(InputSize { pictures: count, width_px, height_px })?;
        let inputs = values.chunks_exact_mut(values.len() / count);
        share_out(preprocessors, together.iter().zip(inputs), |preprocessor, (whole, values)| {
            preprocessor.fill(pictures[whole.index].0, &whole.fit, &whole.tile, values);
        });
        session.run(|output| {
            let inference_secs = output.secs / count as f64;
            let length = output.values.len() / count;
            for (place, Waiting { fit, tiling, tile, count, .. }) in together.iter_mut().enumerate() {
                let values = &output.values[place * length..(place + 1) * length];
                found.clear(fit, card);
                match found.add(card, values, tiling, tile) {
                    Ok(()) => found.finish(card, fit, inference_secs, count),
                    Err(reason) => count.refuse(reason, inference_secs),
                }
            }
        })
    }
}
