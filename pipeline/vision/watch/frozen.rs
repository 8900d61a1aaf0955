//! The same picture again and again, while the stream runs on.
//!
//! Two kinds. An *exact* repeat: the source sends its last picture, or none, and something between fills in. A
//! *re-encoded* one: a recorder or gateway compresses a still picture anew, so bits change with every key frame, but
//! the sensor's noise is gone. A crowd that stands still keeps the noise, and people who shift their weight.

use throng_analytics::time::Timestamp;

use super::{
    change::{Change, MOTION_LUMA},
    history::History,
    lie::{Lie, Trouble},
};

/// Share of blocks that must repeat to the last bit where a camera's pictures usually do not: a clock written over the
/// picture goes on in a frozen one.
const SAME_SHARE: f64 = 0.95;

/// Below this usual share a camera has noise that never repeats.
const NEVER_SAME_SHARE: f64 = 0.5;

/// Noise (luma) that must have been there before its loss means something.
const NOISE_TELLS: f64 = 0.25;

/// Part of the camera's least noise below which it is gone. Re-encoding a still picture leaves under a tenth.
const NOISE_GONE: f64 = 0.3;

/// A camera that was seen to pause for some time is given this many times as long.
const PAUSES: f64 = 3.0;

/// How much more time is given while nothing is known of the camera.
const UNKNOWN: f64 = 3.0;

/// Watches for frozen pictures.
#[derive(Clone, Debug)]
pub(super) struct FrozenWatch {
    after_secs: f64,
    noise: History,
    same: History,
    /// The last picture that lived, and the last that repeated it.
    still: Option<(Timestamp, Timestamp)>,
    is_told: bool,
    /// Longest time for which pictures repeated and then went on by themselves, seconds.
    longest_pause_secs: f64,
}

impl FrozenWatch {
    pub(super) fn new(after_secs: f64) -> Self {
        Self {
            after_secs,
            noise: History::default(),
            same: History::default(),
            still: None,
            is_told: false,
            longest_pause_secs: 0.0,
        }
    }

    /// A gap, or another connection: what came before tells nothing.
    pub(super) fn interrupt(&mut self) {
        (self.still, self.is_told) = (None, false);
    }

    /// Whether the newest pictures repeat, though not yet for long enough.
    pub(super) fn suspects(&self) -> bool {
        self.still.is_some()
    }

    /// Takes in how the picture of `now` differs from that of `before`.
    pub(super) fn observe(&mut self, change: &Change, before: Timestamp, now: Timestamp) -> Option<Trouble> {
        let noise = self.noise.quantile(0.05).filter(|noise| *noise >= NOISE_TELLS);
        let usually_same = self.same.quantile(0.95);
        let needed =
            if usually_same.is_some_and(|share| share < NEVER_SAME_SHARE) { SAME_SHARE } else { 1.0 };
        let repeats = change.same_share >= needed;
        let is_quiet =
            noise.is_some_and(|noise| change.quiet < NOISE_GONE * noise) && change.most < MOTION_LUMA;
        // A key frame of a still picture changes a little everywhere: no sign of life, and none of its absence.
        let may_be_key_frame = self.still.is_some() && change.most < MOTION_LUMA;
        if repeats || is_quiet || may_be_key_frame {
            let (since, last) = self.still.get_or_insert((before, now));
            if repeats || is_quiet {
                *last = now;
            }
            // A place at rest with its noise looks like key frames, but those do not go on for ever.
            if now.secs_since(*last) > self.after_secs {
                self.live(change, now);
                return None;
            }
            let factor = if usually_same.is_none() { UNKNOWN } else { 1.0 };
            let patience_secs = (factor * self.after_secs).max(PAUSES * self.longest_pause_secs);
            let still_secs = now.secs_since(*since);
            self.is_told |= still_secs >= patience_secs;
            let how = if repeats { "the same to the last bit" } else { "without the noise that it has" };
            return self.is_told.then(|| {
                let cause = format!("the picture is frozen: {how} for {still_secs:.0} s");
                Trouble::new(Lie::Frozen, cause, *since)
            });
        }
        self.live(change, now);
        None
    }

    /// The picture lives.
    fn live(&mut self, change: &Change, now: Timestamp) {
        if let (Some((since, last)), false) = (self.still.take(), self.is_told) {
            self.longest_pause_secs = self.longest_pause_secs.max(last.secs_since(since));
        }
        self.is_told = false;
        self.noise.keep(change.quiet, now);
        self.same.keep(change.same_share, now);
    }
}
