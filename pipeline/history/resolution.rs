//! How long the windows are.

use serde::{Deserialize, Serialize};

/// Length of the windows of one table. Windows begin at multiples of it since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Ten seconds: what samples are summed up in.
    TenSecs,
    /// A minute.
    Minute,
    /// A quarter of an hour.
    QuarterHour,
    /// An hour.
    Hour,
}

impl Resolution {
    /// All, finest first.
    pub const ALL: [Self; 4] = [Self::TenSecs, Self::Minute, Self::QuarterHour, Self::Hour];

    /// Length, seconds.
    pub const fn secs(self) -> i64 {
        match self {
            Self::TenSecs => 10,
            Self::Minute => 60,
            Self::QuarterHour => 900,
            Self::Hour => 3600,
        }
    }

    /// The next finer one, of whose windows these are made.
    pub const fn finer(self) -> Option<Self> {
        match self {
            Self::TenSecs => None,
            Self::Minute => Some(Self::TenSecs),
            Self::QuarterHour => Some(Self::Minute),
            Self::Hour => Some(Self::QuarterHour),
        }
    }

    /// The end of its tables' names.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::TenSecs => "10s",
            Self::Minute => "1m",
            Self::QuarterHour => "15m",
            Self::Hour => "1h",
        }
    }

    /// Start of the window that a second falls in.
    pub const fn start_of(self, unix_secs: i64) -> i64 {
        unix_secs - unix_secs.rem_euclid(self.secs())
    }
}
