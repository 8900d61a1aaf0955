//! A fixed camera that was nudged, turned or sags: its view is compared with the view that it was calibrated for.
//!
//! The edges of the picture, averaged over some seconds so that walkers fade, are registered on those of a reference
//! in 20 tiles. Tiles on a crowd that has come or gone find nothing and are left out; the rest must agree on one
//! shift, turn and zoom. The light changes over a day, so a reference that fewer and fewer tiles recognise is replaced
//! by the present view *at its measured shift*: slow drift adds up and is not forgotten.

use throng_analytics::time::Timestamp;

use super::{
    lie::{Lie, Trouble},
    tile::{Tile, register},
};
use crate::vision::grey::Grey;

/// Time constant of the averaged edges, seconds.
const AVERAGE_SECS: f64 = 3.0;

/// Pictures are averaged for this long before they are a view, seconds.
const VIEW_AFTER_SECS: f64 = 9.0;

/// The view is registered this often, seconds.
const EVERY_SECS: f64 = 1.0;

/// An edge counts up to this difference of neighbouring pixels, luma: sunlit edges must not outvote the rest.
const EDGE_LUMA: f32 = 40.0;

/// Correlation from which a tile is found again.
const FOUND: f64 = 0.5;

/// Tiles that must be found and agree; and the part of those found that must.
const TILES_MIN: usize = 4;
const AGREE_PART: f64 = 0.6;

/// How far a tile may lie from where the agreed motion puts it, reduced pixels.
const AGREE_PX: f64 = 1.2;

/// A reference of which less than this part of the tiles is still found is replaced.
const WORN_PART: f64 = 0.7;

/// Registrations in a row that must say the same.
const HOLDS: usize = 3;

/// Registrations in a row that must find a reference worn: light changes slowly, a turning camera does not.
const WORN_HOLDS: usize = 30;

/// A view has come back below this part of the shift that counts.
const BACK_PART: f64 = 0.5;

/// A shift that grew within this time is a jump, over a longer one a drift, seconds.
const JUMP_SECS: f64 = 15.0;

/// How a view lies now against the reference, about the middle of the picture: `now = turn_and_zoom * reference + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Shift of the middle, in shares of the picture's width, to the right and down.
    pub middle: [f64; 2],
    /// Real and imaginary part of turn and zoom; `[1, 0]`: neither.
    pub turn_and_zoom: [f64; 2],
    /// The largest shift of a tile, in shares of the picture's width.
    pub largest: f64,
}

impl Shift {
    /// Where a point of the reference, in an image of `size_px`, lies now.
    pub fn apply(&self, point_px: [f64; 2], size_px: [f64; 2]) -> [f64; 2] {
        let [width, height] = size_px;
        let [x, y] = [point_px[0] - width / 2.0, point_px[1] - height / 2.0];
        let [a, b] = self.turn_and_zoom;
        [
            a * x - b * y + width * self.middle[0] + width / 2.0,
            b * x + a * y + width * self.middle[1] + height / 2.0,
        ]
    }
}

/// A similarity about the middle of the picture, in reduced pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Similarity {
    shift: [f64; 2],
    turn: [f64; 2],
}

impl Similarity {
    const NONE: Self = Self { shift: [0.0; 2], turn: [1.0, 0.0] };

    fn apply(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b] = self.turn;
        [a * x - b * y + self.shift[0], b * x + a * y + self.shift[1]]
    }

    /// First `first`, then `self`.
    fn after(self, first: Self) -> Self {
        let ([a, b], [c, d]) = (self.turn, first.turn);
        Self { shift: self.apply(first.shift), turn: [a * c - b * d, a * d + b * c] }
    }

    /// Least squares over tiles.
    fn fit(tiles: &[&Tile]) -> Option<Self> {
        let n = tiles.len() as f64;
        let mean = |of: &dyn Fn(&Tile) -> f64| tiles.iter().map(|tile| of(tile)).sum::<f64>() / n;
        let (x, y) = (mean(&|t| t.from_middle_px[0]), mean(&|t| t.from_middle_px[1]));
        let (u, v) = (mean(&|t| t.shift_px[0]), mean(&|t| t.shift_px[1]));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for tile in tiles {
            let [dx, dy] = [tile.from_middle_px[0] - x, tile.from_middle_px[1] - y];
            let [du, dv] = [tile.shift_px[0] - u, tile.shift_px[1] - v];
            along += dx * du + dy * dv;
            across += dx * dv - dy * du;
            spread += dx * dx + dy * dy;
        }
        if spread.is_nan() || spread <= 0.0 {
            return None;
        }
        let turn = [1.0 + along / spread, across / spread];
        let shift = [x + u - (turn[0] * x - turn[1] * y), y + v - (turn[1] * x + turn[0] * y)];
        Some(Self { shift, turn })
    }
}

/// What a registration told.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Registered {
    found: usize,
    /// The motion that the tiles agree on; `None` where they do not.
    motion: Option<Similarity>,
}

/// The view that the others are compared with.
#[derive(Clone, Debug)]
struct Reference {
    edges: Vec<f32>,
    /// Where it lies against the first view.
    from_first: Similarity,
    /// Tiles that were found in it at first; known after the first comparison.
    found: Option<usize>,
}

/// Watches the view of one camera.
#[derive(Clone, Debug, Default)]
pub(super) struct MovedWatch {
    size_px: (usize, usize),
    edges: Vec<f32>,
    began_at: Option<Timestamp>,
    averaged_at: Option<Timestamp>,
    registered_at: Option<Timestamp>,
    reference: Option<Reference>,
    /// Registrations in a row with a shift that counts, without, and with nothing found.
    shifted: usize,
    back: usize,
    gone: usize,
    worn: usize,
    /// When the view last lay where it should.
    right_at: Option<Timestamp>,
    /// When a good part of the view was last found.
    known_at: Option<Timestamp>,
    trouble: Option<Trouble>,
}

impl MovedWatch {
    /// Takes in a picture; `limit` is the shift that counts, in shares of the width.
    pub(super) fn observe(
        &mut self,
        now: &Grey,
        at: Timestamp,
        learns: bool,
        limit: f64,
    ) -> anyhow::Result<Option<Trouble>> {
        let size_px = (now.width_px, now.height_px);
        if self.size_px != size_px {
            *self = Self { size_px, ..Self::default() };
        }
        self.average(now, at);
        let began_at = *self.began_at.get_or_insert(at);
        let is_due = self.registered_at.is_none_or(|last| at.secs_since(last) >= EVERY_SECS);
        if at.secs_since(began_at) < VIEW_AFTER_SECS || !is_due {
            return Ok(self.trouble.clone());
        }
        self.registered_at = Some(at);
        let Some(reference) = &self.reference else {
            if learns {
                self.reference =
                    Some(Reference { edges: self.edges.clone(), from_first: Similarity::NONE, found: None });
                self.right_at = Some(at);
            }
            return Ok(None);
        };
        let registered = agree(&register(&reference.edges, &self.edges, size_px)?);
        self.judge(registered, at, limit);
        Ok(self.trouble.clone())
    }

    /// Averages the picture's edges over time.
    fn average(&mut self, now: &Grey, at: Timestamp) {
        let step_secs = self.averaged_at.replace(at).map_or(0.0, |before| at.secs_since(before));
        let part = (1.0 - (-step_secs.clamp(0.0, 1.0) / AVERAGE_SECS).exp()) as f32;
        let width = now.width_px;
        let is_new = self.edges.is_empty();
        self.edges.resize(now.luma.len(), 0.0);
        for (y, edges) in self.edges.chunks_exact_mut(width.max(1)).enumerate() {
            let line = &now.luma[y * width..][..width];
            let below = now.luma.get((y + 1) * width..).and_then(|rest| rest.get(..width)).unwrap_or(line);
            for x in 0..width.saturating_sub(1) {
                let along = f32::from(line[x].abs_diff(line[x + 1]));
                let edge = (along + f32::from(line[x].abs_diff(below[x]))).min(EDGE_LUMA);
                edges[x] = if is_new { edge } else { edges[x] + part * (edge - edges[x]) };
            }
        }
    }

    fn judge(&mut self, registered: Registered, at: Timestamp, limit: f64) {
        let Some(reference) = &mut self.reference else { return };
        let found_first = *reference.found.get_or_insert(registered.found);
        let Some(motion) = registered.motion else {
            // Nothing is found any more. All at once it is a camera that was turned away; slowly it does not happen,
            // since the reference is replaced while it still is.
            let was_known = found_first >= 2 * TILES_MIN;
            let lost = (registered.found as f64) < 0.3 * found_first as f64;
            self.gone = if was_known && lost { self.gone + 1 } else { 0 };
            let sudden = self.known_at.is_some_and(|known| at.secs_since(known) <= JUMP_SECS);
            if self.gone >= 2 * HOLDS && sudden && self.trouble.is_none() {
                let cause = "the camera shows another view: nothing of the one that was learned is found again; its \
                             calibration is suspended";
                let since = self.right_at.unwrap_or(at);
                self.trouble = Some(Trouble::new(Lie::Moved, cause, since));
            }
            (self.shifted, self.back) = (0, 0);
            return;
        };
        self.gone = 0;
        if registered.found as f64 >= WORN_PART * found_first as f64 {
            self.known_at = Some(at);
        }
        let total = motion.after(reference.from_first);
        let shift = shift_of(total, self.size_px);
        let (counts, is_back) = (shift.largest >= limit, shift.largest < BACK_PART * limit);
        if is_back && self.trouble.is_none() {
            self.right_at = Some(at);
        }
        self.shifted = if counts { self.shifted + 1 } else { 0 };
        self.back = if is_back { self.back + 1 } else { 0 };
        if self.shifted >= HOLDS {
            let since = self.right_at.unwrap_or(at);
            let how = if at.secs_since(since) <= JUMP_SECS { "was nudged or turned" } else { "has drifted" };
            let believed_until = self.trouble.as_ref().map_or(since, |trouble| trouble.believed_until);
            let cause = format!(
                "the camera {how}: its view has shifted by {:.1} % of the picture's width; its calibration is suspended",
                100.0 * shift.largest
            );
            let kept =
                self.trouble.take().filter(|trouble| trouble.shift.is_some()).map_or(cause, |t| t.cause);
            self.trouble =
                Some(Trouble { shift: Some(shift), ..Trouble::new(Lie::Moved, kept, believed_until) });
        } else if self.back >= HOLDS {
            self.trouble = None;
        }
        let is_worn = (registered.found as f64) < WORN_PART * found_first as f64;
        self.worn = if is_worn && self.trouble.is_none() { self.worn + 1 } else { 0 };
        if self.worn >= WORN_HOLDS {
            tracing::debug!("A view is learned anew: {} of {found_first} tiles found.", registered.found);
            *reference = Reference { edges: self.edges.clone(), from_first: total, found: None };
            self.worn = 0;
        }
    }
}

/// The motion that most of the tiles found agree on.
fn agree(tiles: &[Tile]) -> Registered {
    let found: Vec<&Tile> = tiles.iter().filter(|tile| tile.match_ >= FOUND).collect();
    let median = |axis: usize| {
        let mut values: Vec<f64> = found.iter().map(|tile| tile.shift_px[axis]).collect();
        let middle = values.len() / 2;
        (middle < values.len()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
    };
    let mut motion = median(0).zip(median(1)).map(|(u, v)| Similarity { shift: [u, v], turn: [1.0, 0.0] });
    // A turn or zoom moves the outer tiles more: the first round is generous to them.
    for reach in [4.0, 2.0, 1.0] {
        let near = motion.map_or_else(Vec::new, |motion| near(&found, motion, reach * AGREE_PX));
        motion = if near.len() >= TILES_MIN { Similarity::fit(&near) } else { None };
    }
    let agreeing = motion.map_or(0, |motion| near(&found, motion, AGREE_PX).len());
    let enough = agreeing >= TILES_MIN && agreeing as f64 >= AGREE_PART * found.len() as f64;
    Registered { found: found.len(), motion: motion.filter(|_| enough) }
}

/// The tiles within `reach_px` of where `motion` puts them.
fn near<'a>(tiles: &[&'a Tile], motion: Similarity, reach_px: f64) -> Vec<&'a Tile> {
    let is_near = |tile: &&&Tile| {
        let put = motion.apply(tile.from_middle_px);
        let [dx, dy] = [0, 1].map(|axis| put[axis] - tile.from_middle_px[axis] - tile.shift_px[axis]);
        dx.hypot(dy) <= reach_px
    };
    tiles.iter().filter(is_near).copied().collect()
}

/// In shares of the picture's width; the largest shift is that of the places halfway to the corners.
fn shift_of(motion: Similarity, (width, height): (usize, usize)) -> Shift {
    let (width, height) = (width as f64, height as f64);
    let largest = [[0.0, 0.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
        .map(|[x, y]: [f64; 2]| {
            let place = [x * width / 4.0, y * height / 4.0];
            let [u, v] = motion.apply(place);
            (u - place[0]).hypot(v - place[1])
        })
        .into_iter()
        .fold(0.0, f64::max);
    Shift { middle: motion.shift.map(|px| px / width), turn_and_zoom: motion.turn, largest: largest / width }
}
