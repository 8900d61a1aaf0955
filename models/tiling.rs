//! A scaled picture in pieces that the network takes: one where it fits, else overlapping tiles.
//!
//! A network sees less at its input's border than in the middle, so tiles overlap, and in the overlap the weight goes
//! over from one tile to the next in a straight line. Weights sum to one in every cell: nobody is counted twice.

use crate::fit::Fit;

/// How far neighbouring tiles overlap, in pixels: more than the largest head that a counter is trained for.
const OVERLAP_PX: usize = 128;

/// One piece of a scaled picture and the input that it goes in by, at its top left; the rest is padding. Pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tile {
    /// Where the piece begins in the scaled picture.
    pub(crate) x_px: usize,
    pub(crate) y_px: usize,
    /// Size of the piece.
    pub(crate) width_px: usize,
    pub(crate) height_px: usize,
    /// Size of the input.
    pub(crate) input_width_px: usize,
    pub(crate) input_height_px: usize,
}

/// All pieces of a scaled picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiling {
    across: Axis,
    down: Axis,
}

/// The pieces along one axis; pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Axis {
    length_px: usize,
    input_px: usize,
    /// Pieces begin at multiples of this.
    multiple_px: usize,
    pieces: usize,
}

/// A piece along one axis, and how much of it the pieces before and behind see too; pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start_px: usize,
    length_px: usize,
    input_px: usize,
    shared_before_px: usize,
    shared_behind_px: usize,
}

impl Tiling {
    /// For a network that takes sides of any multiple of `multiple_of_px`, up to `max_side_px`.
    pub(crate) fn up_to(fit: &Fit, multiple_of_px: usize, max_side_px: usize) -> Self {
        let axis = |length_px: usize| {
            // An input is never longer than it must be, so that a small picture costs little.
            let longest_px = max_side_px / multiple_of_px * multiple_of_px;
            Axis::new(length_px, length_px.next_multiple_of(multiple_of_px).min(longest_px), multiple_of_px)
        };
        Self { across: axis(fit.scaled_width_px), down: axis(fit.scaled_height_px) }
    }

    /// For a network with an input of fixed size; starts lie at multiples of `stride_px`.
    pub(crate) fn of_fixed(fit: &Fit, (width_px, height_px): (usize, usize), stride_px: usize) -> Self {
        Self {
            across: Axis::new(fit.scaled_width_px, width_px, stride_px),
            down: Axis::new(fit.scaled_height_px, height_px, stride_px),
        }
    }

    /// The tile, where there is only one.
    pub(crate) fn only_tile(&self) -> Option<Tile> {
        let mut tiles = self.tiles();
        let tile = tiles.next();
        tile.filter(|_| tiles.next().is_none())
    }

    /// The tiles, row by row.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = Tile> + use<> {
        let Self { across, down } = *self;
        down.pieces().flat_map(move |down| {
            across.pieces().map(move |across| Tile {
                x_px: across.start_px,
                y_px: down.start_px,
                width_px: across.length_px,
                height_px: down.length_px,
                input_width_px: across.input_px,
                input_height_px: down.input_px,
            })
        })
    }

    /// Weights of a tile's columns and rows, at the middle of cells of `stride_px`, 0..1, into `weights`.
    pub(crate) fn weights(&self, tile: &Tile, stride_px: usize, weights: &mut [Vec<f32>; 2]) {
        let axes = [(&self.across, tile.x_px), (&self.down, tile.y_px)];
        for ((axis, start_px), weights) in axes.into_iter().zip(weights) {
            weights.clear();
            let Some(piece) = axis.pieces().find(|piece| piece.start_px == start_px) else { continue };
            let cells = 0..piece.length_px.div_ceil(stride_px);
            let middles = cells.map(|cell| start_px as f32 + (cell as f32 + 0.5) * stride_px as f32);
            weights.extend(middles.map(|at_px| {
                piece.weight(at_px) / axis.pieces().map(|other| other.weight(at_px)).sum::<f32>()
            }));
        }
    }

    /// Whether `[x, y]`, in pixels of the scaled picture, belongs to `tile`: to the one whose weight is largest there.
    pub(crate) fn owns(&self, tile: &Tile, [x_px, y_px]: [f32; 2]) -> bool {
        let owner = |axis: &Axis, at_px: f32| {
            axis.pieces().filter(|piece| at_px >= piece.border_before_px()).last().map(|piece| piece.start_px)
        };
        owner(&self.across, x_px) == Some(tile.x_px) && owner(&self.down, y_px) == Some(tile.y_px)
    }
}

impl Axis {
    /// Pieces of a side of `length_px` for inputs of `input_px`; starts are multiples of `multiple_px`.
    fn new(length_px: usize, input_px: usize, multiple_px: usize) -> Self {
        let axis = Self { length_px, input_px, multiple_px, pieces: 1 };
        if length_px <= input_px {
            return axis;
        }
        // Pieces of one step only cannot overlap by half of it.
        let overlap_px = if input_px > multiple_px { OVERLAP_PX.min(input_px / 2) } else { 0 };
        Self { pieces: 1 + (length_px - input_px).div_ceil(input_px - overlap_px), ..axis }
    }

    fn pieces(&self) -> impl Iterator<Item = Piece> + use<> {
        let axis = *self;
        (0..axis.pieces).map(move |index| axis.piece(index))
    }

    fn piece(&self, index: usize) -> Piece {
        let start_px = self.start_px(index);
        let shared = |first: usize, second: usize| self.end_px(first).saturating_sub(self.start_px(second));
        Piece {
            start_px,
            length_px: self.end_px(index) - start_px,
            input_px: self.input_px,
            shared_before_px: if index == 0 { 0 } else { shared(index - 1, index) },
            shared_behind_px: if index + 1 == self.pieces { 0 } else { shared(index, index + 1) },
        }
    }

    /// Spread evenly, so that no sliver is left for the last tile.
    fn start_px(&self, index: usize) -> usize {
        if index == 0 {
            return 0;
        }
        let last_px = (self.length_px - self.input_px).next_multiple_of(self.multiple_px);
        (last_px * index / (self.pieces - 1)) / self.multiple_px * self.multiple_px
    }

    fn end_px(&self, index: usize) -> usize {
        (self.start_px(index) + self.input_px).min(self.length_px)
    }
}

impl Piece {
    /// Weight at a place of the scaled picture, before the weights of all pieces there are made to sum to one.
    fn weight(&self, at_px: f32) -> f32 {
        let (into_px, end_px) = (at_px - self.start_px as f32, (self.start_px + self.input_px) as f32);
        let rise = |from_px: f32, over_px: usize| {
            if over_px == 0 { f32::from(from_px > 0.0) } else { (from_px / over_px as f32).clamp(0.0, 1.0) }
        };
        rise(into_px, self.shared_before_px).min(rise(end_px - at_px, self.shared_behind_px))
    }

    /// Where this piece takes over from the one before.
    fn border_before_px(&self) -> f32 {
        if self.start_px == 0 {
            return f32::NEG_INFINITY;
        }
        self.start_px as f32 + self.shared_before_px as f32 / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(tiling: &Tiling, fit: &Fit) -> Vec<f32> {
        let (width, height) = (fit.scaled_width_px.div_ceil(8), fit.scaled_height_px.div_ceil(8));
        let mut sums = vec![0.0; width * height];
        for tile in tiling.tiles() {
            let mut weights = [Vec::new(), Vec::new()];
            tiling.weights(&tile, 8, &mut weights);
            let [across, down] = &weights;
            for (y, row_weight) in down.iter().enumerate() {
                for (x, weight) in across.iter().enumerate() {
                    sums[(tile.y_px / 8 + y) * width + tile.x_px / 8 + x] += weight * row_weight;
                }
            }
        }
        sums
    }

    #[test]
    fn a_picture_that_fits_is_one_tile_with_padding() {
        let fit = Fit::within((640, 360), 2048);
        let tiles: Vec<Tile> = Tiling::up_to(&fit, 16, 2048).tiles().collect();
        let whole = Tile {
            width_px: 640,
            height_px: 360,
            input_width_px: 640,
            input_height_px: 368,
            ..Tile::default()
        };
        assert_eq!(tiles, [whole]);
    }

    #[test]
    fn the_weights_of_tiles_sum_to_one_in_every_cell() {
        for size in [(7680, 4320), (1921, 1080), (2000, 999), (3333, 2100)] {
            let fit = Fit::by_factor(size, 1.0);
            for tiling in [Tiling::up_to(&fit, 32, 1920), Tiling::of_fixed(&fit, (416, 416), 32)] {
                for sum in sums(&tiling, &fit) {
                    assert!((sum - 1.0).abs() < 1e-4, "{size:?}: weights sum to {sum}");
                }
            }
        }
    }

    #[test]
    fn inputs_of_one_or_two_steps_cover_a_picture_too() {
        let fit = Fit::by_factor((333, 210), 1.0);
        for side_px in [32, 64, 96] {
            for sum in sums(&Tiling::of_fixed(&fit, (side_px, side_px), 32), &fit) {
                assert!((sum - 1.0).abs() < 1e-4, "{side_px}: weights sum to {sum}");
            }
        }
    }

    #[test]
    fn every_place_belongs_to_one_tile_that_holds_it() {
        let fit = Fit::by_factor((2500, 1300), 1.0);
        let tiling = Tiling::up_to(&fit, 32, 1024);
        for (x, y) in (0..2500).step_by(37).flat_map(|x| (0..1300).step_by(41).map(move |y| (x, y))) {
            let owners: Vec<Tile> =
                tiling.tiles().filter(|tile| tiling.owns(tile, [x as f32, y as f32])).collect();
            assert_eq!(owners.len(), 1, "({x}, {y})");
            assert!((owners[0].x_px..owners[0].x_px + owners[0].width_px).contains(&x));
            assert!((owners[0].y_px..owners[0].y_px + owners[0].height_px).contains(&y));
        }
    }

    #[test]
    fn inputs_are_no_longer_than_allowed_and_cover_the_picture() {
        let fit = Fit::by_factor((7680, 4320), 1.0);
        let tiles: Vec<Tile> = Tiling::up_to(&fit, 32, 1920).tiles().collect();
        assert!(tiles.iter().all(|tile| tile.input_width_px <= 1920 && tile.input_height_px <= 1920));
        let last = tiles.last().unwrap();
        assert_eq!((last.x_px + last.width_px, last.y_px + last.height_px), (7680, 4320));
    }
}
