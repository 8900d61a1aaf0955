//! A recorded flight: poses by the time since the film began.

use super::sample::PoseSample;

/// What a file of telemetry came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedFlight {
    /// Seconds since the film's first picture, and what was known then; in order of time.
    pub samples: Vec<(f64, PoseSample)>,
    /// Entries that could not be read.
    pub unreadable: usize,
}

/// Why a file of telemetry is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It holds no entry of this format.
    #[error("it holds no {what}; check that it is the file that belongs to the film")]
    Empty {
        /// What was looked for.
        what: &'static str,
    },
    /// What a pose cannot do without is in none of its entries.
    #[error("none of its entries says {what}; {advice}")]
    Lacks {
        /// What is missing.
        what: &'static str,
        /// What to do about it.
        advice: &'static str,
    },
    /// The first line of a table is not one.
    #[error(
        "its first line names no column {column:?}; name the columns as the site file's description does"
    )]
    Column {
        /// The column.
        column: &'static str,
    },
}

impl RecordedFlight {
    /// Sorted by time; entries of one instant keep the last.
    pub(super) fn of(mut samples: Vec<(f64, PoseSample)>, unreadable: usize) -> Self {
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        samples.reverse();
        samples.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
        samples.reverse();
        Self { samples, unreadable }
    }

    /// Whether poses can be made of it.
    ///
    /// # Errors
    /// [`BadRecord`] says what all of its entries lack.
    pub(super) fn checked(self, what: &'static str) -> Result<Self, BadRecord> {
        let has = |known: fn(&PoseSample) -> bool| self.samples.iter().any(|(_, sample)| known(sample));
        if self.samples.is_empty() {
            return Err(BadRecord::Empty { what });
        }
        if !has(|sample| sample.latitude_longitude_deg.is_some()) {
            let advice = "record with satellite positions switched on";
            return Err(BadRecord::Lacks { what: "where the drone is", advice });
        }
        if !has(|sample| sample.orientation.is_some()) {
            let advice = "this drone does not record its gimbal's angles here; give them as a CSV file";
            return Err(BadRecord::Lacks { what: "where the camera looks", advice });
        }
        Ok(self)
    }
}
