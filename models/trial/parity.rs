//! Whether a model counts alike on two devices: another device adds in another order, and may do so at less precision.

use serde::Serialize;

use super::pictures;
use crate::{
    counter::{Counter, PictureCount, Validity},
    error::Result,
    fit::Scale,
    picture::RgbView,
};

/// How far the counts of two counters differ at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Parity {
    /// Pictures that both counted.
    pub pictures: usize,
    /// Pictures that one or both refused, with the reason.
    pub refused: Vec<String>,
    /// Most people in one picture, by the reference.
    pub people_max: f64,
    /// Largest difference of a count, people.
    pub people_difference: f64,
    /// Most people in one cell, by the reference.
    pub cell_max: f64,
    /// Largest difference of a cell, people.
    pub cell_difference: f64,
}

/// Counts made-up pictures of `size_px` by both, one at a time and all in one call.
///
/// # Errors
/// As [`Counter::count`].
pub fn parity(counter: &mut Counter, reference: &mut Counter, size_px: [usize; 2]) -> Result<Parity> {
    let [width_px, height_px] = size_px;
    let pictures = [
        pictures::street(size_px),
        pictures::grains(size_px, 1),
        pictures::grains(size_px, 2),
        pictures::crowd(size_px, 3),
        pictures::crowd(size_px, 4),
    ];
    let views: Vec<(RgbView<'_>, Scale)> = pictures
        .iter()
        .filter_map(|picture| RgbView::new(picture, width_px, height_px, 3 * width_px))
        .map(|view| (view, Scale::AsCard))
        .collect();
    let mut parity = Parity::default();
    let together = counter.count_batch(&views)?;
    for ((view, scale), together) in views.into_iter().zip(&together) {
        let should = reference.count_at(view, scale)?;
        parity.add(&counter.count_at(view, scale)?, &should);
        parity.add(together, &should);
    }
    Ok(parity)
}

impl Parity {
    fn add(&mut self, count: &PictureCount, should: &PictureCount) {
        for validity in [&count.validity, &should.validity] {
            if let Validity::NotValid { reason } = validity {
                self.refused.push(reason.clone());
                return;
            }
        }
        self.pictures += 1;
        self.people_max = self.people_max.max(should.people);
        self.people_difference = self.people_difference.max((count.people - should.people).abs());
        for (is, should) in count.density.people_per_cell.iter().zip(&should.density.people_per_cell) {
            self.cell_max = self.cell_max.max(f64::from(*should));
            self.cell_difference = self.cell_difference.max(f64::from((is - should).abs()));
        }
    }
}
