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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tiling {
    across: Vec<Piece>,
    down: Vec<Piece>,
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
            pieces(length_px, length_px.next_multiple_of(multiple_of_px).min(longest_px), multiple_of_px)
        };
        Self { across: axis(fit.scaled_width_px), down: axis(fit.scaled_height_px) }
    }

    /// For a network with an input of fixed size; starts lie at multiples of `stride_px`.
    pub(crate) fn of_fixed(fit: &Fit, (width_px, height_px): (usize, usize), stride_px: usize) -> Self {
        Self {
            across: pieces(fit.scaled_width_px, width_px, stride_px),
            down: pieces(fit.scaled_height_px, height_px, stride_px),
        }
    }

    /// The tiles, row by row.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = Tile> {
        self.down.iter().flat_map(|down| {
            self.across.iter().map(|across| Tile {
                x_px: across.start_px,
                y_px: down.start_px,
                width_px: across.length_px,
                height_px: down.length_px,
                input_width_px: across.input_px,
                input_height_px: down.input_px,
            })
        })
    }

    /// Weights of a tile's columns and rows, at the middle of cells of `stride_px`, 0..1.
    pub(crate) fn weights(&self, tile: &Tile, stride_px: usize) -> [Vec<f32>; 2] {
        [(&self.across, tile.x_px), (&self.down, tile.y_px)].map(|(pieces, start_px)| {
            let Some(piece) = pieces.iter().find(|piece| piece.start_px == start_px) else {
                return Vec::new();
            };
            let cells = 0..piece.length_px.div_ceil(stride_px);
            let middles = cells.map(|cell| start_px as f32 + (cell as f32 + 0.5) * stride_px as f32);
            middles
                .map(|at_px| {
                    piece.weight(at_px) / pieces.iter().map(|other| other.weight(at_px)).sum::<f32>()
                })
                .collect()
        })
    }

    /// Whether `[x, y]`, in pixels of the scaled picture, belongs to `tile`: to the one whose weight is largest there.
    pub(crate) fn owns(&self, tile: &Tile, [x_px, y_px]: [f32; 2]) -> bool {
        let owner = |pieces: &[Piece], at_px: f32| {
            pieces.iter().rev().find(|piece| at_px >= piece.border_before_px()).map(|piece| piece.start_px)
        };
        owner(&self.across, x_px) == Some(tile.x_px) && owner(&self.down, y_px) == Some(tile.y_px)
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

/// Pieces of a side of `length_px` for inputs of `input_px`; starts are multiples of `multiple_px`.
fn pieces(length_px: usize, input_px: usize, multiple_px: usize) -> Vec<Piece> {
    let mut starts = vec![0];
    if length_px > input_px {
        // Spread evenly, so that no sliver is left for the last tile.
        let overlap_px = OVERLAP_PX.min(input_px / 2);
        let steps = (length_px - input_px).div_ceil(input_px - overlap_px);
        let last_px = (length_px - input_px).next_multiple_of(multiple_px);
        starts = (0..=steps).map(|i| (last_px * i / steps) / multiple_px * multiple_px).collect();
        starts.dedup();
    }
    let end_px = |start_px: usize| (start_px + input_px).min(length_px);
    (0..starts.len())
        .map(|i| {
            let start_px = starts[i];
            let shared = |first: usize, second: usize| end_px(first).saturating_sub(second);
            Piece {
                start_px,
                length_px: end_px(start_px) - start_px,
                input_px,
                shared_before_px: if i == 0 { 0 } else { shared(starts[i - 1], start_px) },
                shared_behind_px: starts.get(i + 1).map_or(0, |next| shared(start_px, *next)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(tiling: &Tiling, fit: &Fit) -> Vec<f32> {
        let (width, height) = (fit.scaled_width_px.div_ceil(8), fit.scaled_height_px.div_ceil(8));
        let mut sums = vec![0.0; width * height];
        for tile in tiling.tiles() {
            let [across, down] = tiling.weights(&tile, 8);
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
