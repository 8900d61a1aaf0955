//! What can be set for a camera.

use super::lie::Lie;

/// Seconds that pictures may repeat before they count as frozen. With 3 s the zone is already degraded by its own
/// rules (2 s); encoders repeat pictures of a still scene for one to two seconds between key frames, and a camera that
/// does so for longer is given more time by what it was seen to do.
pub(super) const FROZEN_AFTER_SECS: f64 = 3.0;

/// Seconds for which a covered, blurred or veiled picture must hold: a bird, a passing lorry and a camera that looks
/// for its focus take less.
pub(super) const CONFIRM_SECS: f64 = 3.0;

/// Shift of the view, in shares of the picture's width, at which its places on the ground count as wrong: on a street
/// camera that sees 20 m across, 0.2 m, about the error of a click.
pub(super) const MOVED_SHARE: f64 = 0.01;

/// How a camera is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchSettings {
    /// Whether the camera moves on purpose: its view is then expected to change.
    pub moves: bool,
    /// Seconds that pictures may repeat.
    pub frozen_after_secs: f64,
    /// Seconds that other troubles must hold.
    pub confirm_secs: f64,
    /// Shift of the view that counts, in shares of the picture's width.
    pub moved_share: f64,
    /// What is not watched for.
    pub off: Vec<Lie>,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            moves: false,
            frozen_after_secs: FROZEN_AFTER_SECS,
            confirm_secs: CONFIRM_SECS,
            moved_share: MOVED_SHARE,
            off: Vec::new(),
        }
    }
}
