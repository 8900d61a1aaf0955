//! What became of every decoded frame.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// Why a decoded frame was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropCause {
    /// The camera delivers more frames a second than are to be counted.
    Rate,
    /// A newer frame came before this one could be counted.
    Superseded,
    /// It carries no time, or cannot be read.
    Unreadable,
    /// The run ended before it could be counted.
    Stopped,
}

impl DropCause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Rate, Self::Superseded, Self::Unreadable, Self::Stopped];

    /// Its name in messages, summaries and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Superseded => "superseded",
            Self::Unreadable => "unreadable",
            Self::Stopped => "stopped",
        }
    }
}

/// Counts of one camera's frames; shared between threads, only ever growing.
#[derive(Debug, Default)]
pub struct FrameCounters {
    decoded: AtomicU64,
    skipped: AtomicU64,
    dropped: [AtomicU64; DropCause::ALL.len()],
}

impl FrameCounters {
    pub(super) fn add_decoded(&self) -> u64 {
        self.decoded.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a frame that will not be counted.
    pub fn add_dropped(&self, cause: DropCause) {
        self.dropped[cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Frames decoded so far.
    pub fn decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    pub(super) fn add_skipped(&self, pictures: u64) {
        self.skipped.fetch_add(pictures, Ordering::Relaxed);
    }

    /// Coded pictures that were not decoded so far, since none of them was to be counted or decoding was behind.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// Frames dropped so far, by the cause's name; causes that never happened are left out.
    pub fn dropped(&self) -> BTreeMap<String, u64> {
        DropCause::ALL
            .into_iter()
            .map(|cause| (cause.name().to_owned(), self.dropped[cause as usize].load(Ordering::Relaxed)))
            .filter(|(_, frames)| *frames > 0)
            .collect()
    }
}
