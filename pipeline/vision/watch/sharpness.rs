//! Sharpness against the camera's own past: a knocked focus ring, a fogged or greasy lens.

use throng_analytics::time::Timestamp;

use super::{
    history::{History, Lasting},
    lie::{Lie, Trouble},
};

/// How much more blurred (0..1, Crete et al. 2007) than usual, and than nearly ever, a picture must be.
const OVER_MEDIAN: f64 = 0.12;
const OVER_HIGHEST: f64 = 0.08;

/// Watches for a loss of focus.
#[derive(Clone, Debug)]
pub(super) struct SharpnessWatch {
    confirm_secs: f64,
    blur: History,
    lasting: Lasting,
}

impl SharpnessWatch {
    pub(super) fn new(confirm_secs: f64) -> Self {
        Self { confirm_secs, blur: History::default(), lasting: Lasting::default() }
    }

    /// Takes in how blurred a picture is.
    pub(super) fn observe(&mut self, blur: f64, at: Timestamp, learns: bool) -> Option<Trouble> {
        let usual = self.blur.quantile(0.5).zip(self.blur.quantile(0.98));
        let is_blurred =
            usual.is_some_and(|(median, high)| blur > (median + OVER_MEDIAN).max(high + OVER_HIGHEST));
        if learns && !is_blurred {
            self.blur.keep(blur, at);
        }
        let since = self.lasting.observe(is_blurred, at, self.confirm_secs)?;
        let usual = usual.map_or(0.0, |(median, _)| median);
        let cause = format!(
            "the picture is out of focus: blur {blur:.2} of 1, usually {usual:.2}; clean and focus the lens"
        );
        Some(Trouble::new(Lie::Defocused, cause, since))
    }
}
