//! What the network has said of a picture so far, and the count that follows.

use super::picture_count::{PictureCount, Validity};
use crate::{
    boxes::{self, PersonBox},
    card::{Card, OutputKind},
    density::{self, Cells, Head},
    fit::Fit,
    guard, interval, points,
    tiling::{Tile, Tiling},
};

/// What the network has said of a picture's tiles; its memory is kept from picture to picture.
#[derive(Debug, Default)]
pub(super) struct Found {
    cells: Cells,
    /// Heads that the model points at, in pixels of the scaled picture; empty from a model that gives a density.
    heads: Vec<Head>,
    /// Boxes of one tile.
    boxes: Vec<PersonBox>,
}

impl Found {
    /// Begins anew.
    pub(super) fn clear(&mut self, fit: &Fit, card: &Card) {
        self.cells.clear(fit, card.output.stride_px);
        self.heads.clear();
    }

    /// Adds what the network says of a tile; `Err` says why that is no count.
    pub(super) fn add(
        &mut self,
        card: &Card,
        output: &[f32],
        tiling: &Tiling,
        tile: &Tile,
    ) -> Result<(), String> {
        let first = self.heads.len();
        match (card.output.kind, &card.output.boxes, &card.output.points) {
            (OutputKind::Boxes, Some(decoding), _) => {
                boxes::add_heads_in_input(output, decoding, tile, &mut self.boxes, &mut self.heads)?;
            }
            (OutputKind::Points, _, Some(decoding)) => {
                points::add_heads_in_input(output, decoding, &mut self.heads)?;
            }
            _ => return self.cells.add(output, tiling, tile),
        }
        density::keep_heads_of_tile(&mut self.heads, first, tiling, tile);
        self.cells.add_heads(&self.heads[first..]);
        Ok(())
    }

    /// Puts the count that follows from all tiles into `count`.
    pub(super) fn finish(&mut self, card: &Card, fit: &Fit, inference_secs: f64, count: &mut PictureCount) {
        if let Err(reason) = self.cells.finish(fit, &mut count.density) {
            return count.refuse(reason, inference_secs);
        }
        let people = count.density.people();
        let area_px = (fit.scaled_width_px * fit.scaled_height_px) as f64;
        let [head_lo_px, _] = card.input.head_size_range_px;
        if let Some(reason) = guard::reason_not_to_believe(people, area_px, head_lo_px) {
            return count.refuse(reason, inference_secs);
        }
        count.people = people;
        (count.people_lo, count.people_hi) = interval::around(people, &card.error);
        count.validity = Validity::Valid;
        count.inference_secs = inference_secs;
        if card.output.kind == OutputKind::Density {
            (count.detected_heads_px, count.detected_head_widths_px) = (None, None);
            return;
        }
        let [scale_x, scale_y] = [fit.picture_px_per_scaled_px_x(), fit.picture_px_per_scaled_px_y()];
        let heads_px = count.detected_heads_px.get_or_insert_default();
        heads_px.clear();
        heads_px.extend(
            self.heads
                .iter()
                .map(|Head { at_px: [x, y], .. }| [f64::from(*x) * scale_x, f64::from(*y) * scale_y]),
        );
        let widths_px = count.detected_head_widths_px.get_or_insert_default();
        widths_px.clear();
        widths_px.extend(self.heads.iter().filter_map(|head| Some(f64::from(head.width_px?) * scale_x)));
        if widths_px.len() < self.heads.len() {
            count.detected_head_widths_px = None;
        }
    }
}
