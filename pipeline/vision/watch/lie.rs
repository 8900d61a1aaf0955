//! The ways in which a picture can lie, and what each takes away.

use schemars::JsonSchema;
use serde::Deserialize;
use throng_analytics::time::Timestamp;

use super::moved::Shift;

/// A way in which a picture can lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// The same picture again and again.
    Frozen,
    /// The same sequence of pictures again.
    Looped,
    /// Something hangs before the lens.
    Covered,
    /// Out of focus, by the camera's own sharpness.
    Defocused,
    /// The camera looks elsewhere than it was calibrated for.
    Moved,
    /// Rain, snow, glare or fog over most of the picture.
    Veiled,
}

impl Lie {
    /// Every one, the worst first.
    pub const ALL: [Self; 6] =
        [Self::Frozen, Self::Looped, Self::Covered, Self::Defocused, Self::Moved, Self::Veiled];

    /// Its name in site files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Looped => "looped",
            Self::Covered => "covered",
            Self::Defocused => "defocused",
            Self::Moved => "moved",
            Self::Veiled => "veiled",
        }
    }
}

/// What is wrong with a camera's pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What kind.
    pub lie: Lie,
    /// In plain words, with what was measured.
    pub cause: String,
    /// When the last picture that can still be believed was captured.
    pub believed_until: Timestamp,
    /// How far the view has moved, where that is the trouble and can be told.
    pub shift: Option<Shift>,
}

impl Trouble {
    pub(super) fn new(lie: Lie, cause: impl Into<String>, believed_until: Timestamp) -> Self {
        Self { lie, cause: cause.into(), believed_until, shift: None }
    }

    /// Whether the people in the picture can still be counted. A camera that was turned counts rightly, only elsewhere.
    pub fn leaves_count(&self) -> bool {
        matches!(self.lie, Lie::Moved | Lie::Veiled)
    }

    /// Whether people can still be put on the ground: with rain or glare, though in doubt.
    pub fn leaves_ground(&self) -> bool {
        self.lie == Lie::Veiled
    }

    /// Why the picture is in doubt, where people can still be put on the ground.
    pub fn doubt(&self) -> Option<&str> {
        self.leaves_ground().then_some(self.cause.as_str())
    }

    /// Until when pictures were believed, where what was measured since must be taken back.
    pub fn takes_back_to(&self) -> Option<Timestamp> {
        (!self.leaves_ground()).then_some(self.believed_until)
    }
}
