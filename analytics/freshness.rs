//! How old a measurement may be before it stops meaning something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Age below which a measurement is [`Freshness::Fresh`], in seconds (`analytics.md` 5.2; our proposal).
pub const FRESH_BELOW_SECS: f64 = 2.0;
/// Age from which a measurement is [`Freshness::Stale`], in seconds (`analytics.md` 5.2; our proposal).
pub const STALE_FROM_SECS: f64 = 5.0;
/// Age beyond which a measurement is [`Freshness::Lost`], in seconds (`analytics.md` 5.2; our proposal).
pub const LOST_BEYOND_SECS: f64 = 30.0;

/// The state of what is known about a zone, by the capture time of the newest valid frame (never its arrival).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Younger than 2 s and unflagged.
    Fresh,
    /// 2 to 5 s old, or flagged as doubtful: levels may rise, never fall.
    Degraded,
    /// 5 to 30 s old: the level is frozen.
    Stale,
    /// Older than 30 s, or never seen: the level is not known.
    Lost,
}

impl Freshness {
    /// From the age in seconds of the newest valid frame (`None`: there never was one) and whether that frame carries a
    /// flag that makes it doubtful. An age below zero counts as new: the capture clock runs ahead of the caller's.
    pub fn of(age_secs: Option<f64>, flagged: bool) -> Self {
        match age_secs {
            None => Self::Lost,
            Some(age) if age.is_nan() || age > LOST_BEYOND_SECS => Self::Lost,
            Some(age) if age >= STALE_FROM_SECS => Self::Stale,
            Some(age) if age >= FRESH_BELOW_SECS || flagged => Self::Degraded,
            Some(_) => Self::Fresh,
        }
    }

    /// Whether a level may rise on this data.
    pub fn may_raise(self) -> bool {
        matches!(self, Self::Fresh | Self::Degraded)
    }

    /// Whether a level may fall on this data.
    pub fn may_clear(self) -> bool {
        self == Self::Fresh
    }

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Degraded => "degraded",
            Self::Stale => "stale",
            Self::Lost => "lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_decides_and_a_flag_only_degrades() {
        for (age, flagged, expected) in [
            (Some(0.0), false, Freshness::Fresh),
            (Some(-3.0), false, Freshness::Fresh),
            (Some(1.999), false, Freshness::Fresh),
            (Some(1.0), true, Freshness::Degraded),
            (Some(2.0), false, Freshness::Degraded),
            (Some(4.999), false, Freshness::Degraded),
            (Some(5.0), true, Freshness::Stale),
            (Some(30.0), false, Freshness::Stale),
            (Some(30.001), false, Freshness::Lost),
            (Some(f64::NAN), false, Freshness::Lost),
            (None, false, Freshness::Lost),
        ] {
            assert_eq!(Freshness::of(age, flagged), expected, "{age:?} {flagged}");
        }
    }
}
