//! Does the picture show what is there now? A frozen, looped, covered or blurred picture counts people who are not
//! there, and a camera that was turned puts people where they are not. Each watcher here looks for one of these lies.
//!
//! What a camera looks like is learned from its own pictures: its noise, its sharpness, its texture and its view. A
//! picture that is in doubt teaches nothing. Everything is measured on a small grey picture but sharpness, which is
//! the counter's own measure of blur.

mod change;
mod frozen;
mod history;
mod lie;
pub mod lies;
mod looped;
mod moved;
mod settings;
mod sharpness;
mod tile;
mod view;

use throng_analytics::time::Timestamp;
use throng_models::{guard, picture::RgbView};

use super::grey::Grey;
use change::Change;
use frozen::FrozenWatch;
pub use lie::{Lie, Trouble};
use looped::LoopWatch;
use moved::MovedWatch;
pub use moved::Shift;
pub use settings::WatchSettings;
use sharpness::SharpnessWatch;
use view::ViewWatch;

/// Width that pictures are reduced to, at least, in pixels: noise is still there, and a picture costs under a
/// millisecond.
const WIDTH_PX: usize = 320;

/// Longest time between two pictures that are compared, seconds: cameras may be counted once in some seconds.
const LONGEST_STEP_SECS: f64 = 5.0;

/// Watches one camera's pictures.
pub struct PictureWatch {
    settings: WatchSettings,
    frozen: FrozenWatch,
    looped: LoopWatch,
    view: ViewWatch,
    sharpness: SharpnessWatch,
    moved: MovedWatch,
    before: Option<Before>,
    now: Grey,
    trouble: Option<Trouble>,
}

/// The picture before.
struct Before {
    grey: Grey,
    session: u64,
    captured_at: Timestamp,
}

impl PictureWatch {
    /// A watch that has seen nothing.
    pub fn new(settings: WatchSettings) -> Self {
        Self {
            frozen: FrozenWatch::new(settings.frozen_after_secs),
            looped: LoopWatch::default(),
            view: ViewWatch::new(settings.confirm_secs),
            sharpness: SharpnessWatch::new(settings.confirm_secs),
            moved: MovedWatch::default(),
            settings,
            before: None,
            now: Grey::default(),
            trouble: None,
        }
    }

    /// Somebody has looked: what the camera shows now is right. View, texture and sharpness are learned anew.
    pub fn confirm(&mut self) {
        *self = Self::new(self.settings.clone());
    }

    /// The highest correlation of a stretch with an earlier one so far; a loop is told from 0.7 on.
    pub fn loop_correlation(&self) -> f64 {
        self.looped.highest()
    }

    /// Takes in a picture and says what is wrong with it, the worst first; `None`: nothing that shows.
    ///
    /// A picture that cannot be counted for its own sake (black, white, noise) is not to be given here.
    ///
    /// # Errors
    /// OpenCV's.
    pub fn observe(
        &mut self,
        picture: RgbView<'_>,
        session: u64,
        captured_at: Timestamp,
    ) -> anyhow::Result<Option<Trouble>> {
        self.now.reduce(picture, (picture.width_px() / WIDTH_PX).max(1));
        let change = self.before.as_ref().filter(|before| before.session == session).and_then(|before| {
            let step_secs = captured_at.secs_since(before.captured_at);
            (step_secs > 0.0 && step_secs <= LONGEST_STEP_SECS)
                .then(|| Change::between(&before.grey, &self.now))
                .flatten()
        });
        let since = self.before.as_ref().map_or(captured_at, |before| before.captured_at);
        let is_new_session = self.before.as_ref().is_some_and(|before| before.session != session);
        if is_new_session || change.is_none() {
            self.frozen.interrupt();
            self.looped.interrupt();
        }
        // Learned before this picture was in doubt, and not from one that is.
        let learns = self.trouble.is_none();
        let mut found = None;
        self.consider(&mut found, Lie::Frozen, |watch| {
            watch.frozen.observe(change.as_ref()?, since, captured_at)
        });
        let is_frozen = found.is_some() || self.frozen.suspects();
        self.consider(&mut found, Lie::Looped, |watch| {
            if is_frozen { None } else { watch.looped.observe(&watch.now, captured_at) }
        });
        let is_fixed = !self.settings.moves;
        let blur = guard::blur(picture);
        let look =
            if is_fixed { self.view.observe(&self.now, change.as_ref(), captured_at, learns) } else { None };
        self.consider(&mut found, Lie::Covered, |_| look.as_ref().and_then(|look| look.covered.clone()));
        let is_covered = look.as_ref().is_some_and(|look| look.is_strange);
        self.consider(&mut found, Lie::Defocused, |watch| {
            watch.sharpness.observe(blur, captured_at, learns && !is_covered)
        });
        let moved = if is_fixed && !is_covered && !is_frozen {
            self.moved.observe(&self.now, captured_at, learns, self.settings.moved_share)?
        } else {
            None
        };
        self.consider(&mut found, Lie::Moved, |_| moved);
        self.consider(&mut found, Lie::Veiled, |_| look.and_then(|look| look.veiled));
        self.trouble.clone_from(&found);
        let recycled = self.before.take().map_or_else(Grey::default, |before| before.grey);
        let grey = std::mem::replace(&mut self.now, recycled);
        self.before = Some(Before { grey, session, captured_at });
        Ok(found)
    }

    /// Asks one watcher, unless it is switched off; the first trouble found stays.
    fn consider(
        &mut self,
        found: &mut Option<Trouble>,
        lie: Lie,
        look: impl FnOnce(&mut Self) -> Option<Trouble>,
    ) {
        let trouble = look(self);
        if found.is_none() && !self.settings.off.contains(&lie) {
            *found = trouble;
        }
    }
}

impl std::fmt::Debug for PictureWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PictureWatch").field("trouble", &self.trouble).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
