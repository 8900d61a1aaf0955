//! How a picture differs from another, block by block.

use crate::vision::grey::Grey;

/// Side of a block, in reduced pixels: small enough for a distant walker, large enough to average noise.
pub(super) const BLOCK_PX: usize = 16;

/// What differs between two pictures, in steps of luma (0..255).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    /// Share of the blocks that are the same to the last bit.
    pub(super) same_share: f64,
    /// Mean difference in the median block: what noise alone makes, unless more than half of the picture moves.
    pub(super) quiet: f64,
    /// Mean difference in the block that differs most.
    pub(super) most: f64,
    /// Share of blocks that differ by much more than noise does.
    pub(super) moving_share: f64,
}

/// A block that differs by this much shows motion and not noise, luma.
pub(super) const MOTION_LUMA: f64 = 6.0;

impl Change {
    /// `None` where the pictures differ in size or are too small.
    pub(super) fn between(before: &Grey, now: &Grey) -> Option<Self> {
        if (before.width_px, before.height_px) != (now.width_px, now.height_px) {
            return None;
        }
        let (columns, rows) = (now.width_px / BLOCK_PX, now.height_px / BLOCK_PX);
        let mut sums = vec![0_u32; columns * rows];
        let lines =
            before.luma.chunks_exact(now.width_px.max(1)).zip(now.luma.chunks_exact(now.width_px.max(1)));
        for (y, (before, now)) in lines.take(rows * BLOCK_PX).enumerate() {
            let row = &mut sums[y / BLOCK_PX * columns..][..columns];
            let blocks = before.chunks_exact(BLOCK_PX).zip(now.chunks_exact(BLOCK_PX));
            for (sum, (before, now)) in row.iter_mut().zip(blocks) {
                *sum += before.iter().zip(now).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>();
            }
        }
        if sums.is_empty() {
            return None;
        }
        let luma = |sum: u32| f64::from(sum) / (BLOCK_PX * BLOCK_PX) as f64;
        let share = |blocks: usize| blocks as f64 / sums.len() as f64;
        let same_share = share(sums.iter().filter(|sum| **sum == 0).count());
        let moving_share = share(sums.iter().filter(|sum| luma(**sum) >= MOTION_LUMA).count());
        let most = luma(sums.iter().copied().max().unwrap_or(0));
        let middle = sums.len() / 2;
        let quiet = luma(*sums.select_nth_unstable(middle).1);
        Some(Self { same_share, quiet, most, moving_share })
    }
}
