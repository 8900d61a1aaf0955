//! The alarms that others ship, fed with the same measurements as ours.

use serde::Serialize;

use super::alarm::AlarmLog;

/// How long a count must stand in [`Baseline::CountForDuration`], seconds: our own dwell for orange.
const DURATION_SECS: f64 = 10.0;

/// Window of the median in [`Baseline::DensityLadder`], seconds, and its dwell: as in the shipped density ladder.
const MEDIAN_SECS: f64 = 3.0;

/// An alarm of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The people of one frame over a number (`DeepStream`'s overcrowding, whose `time-threshold` is never read).
    OneFrameCount,
    /// The people over a number for ten seconds on end (VSS and most video management systems).
    CountForDuration,
    /// The median density of three seconds over a threshold for ten seconds: our ladder without forecast and score.
    DensityLadder,
    /// Helbing's crowd pressure over a threshold, without density gate, noise correction or high-pass.
    UngatedPressure,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::OneFrameCount, Self::CountForDuration, Self::DensityLadder, Self::UngatedPressure];

    /// The thresholds that are tried: people/m2, or 1/s2 for the pressure.
    pub fn thresholds(self) -> Vec<f64> {
        match self {
            // From what fires in any crowd to what hardly any crowd reaches.
            Self::UngatedPressure => (0..40).map(|k| 0.005 * 1.2_f64.powi(k)).collect(),
            _ => (4..=40).map(|k| 0.2 * f64::from(k)).collect(),
        }
    }

    /// The threshold that its authors or operators state: Seoul's alert at 4 people/m2, Helbing's 0.02 /s2.
    pub fn stated_threshold(self) -> f64 {
        if self == Self::UngatedPressure { 0.02 } else { 4.0 }
    }
}

/// One baseline at all its thresholds, in one zone.
#[derive(Clone, Debug)]
pub struct BaselineAlarms {
    kind: Baseline,
    recent: std::collections::VecDeque<(f64, f64)>,
    sorted: Vec<f64>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    threshold: f64,
    over_since_secs: Option<f64>,
    log: AlarmLog,
}

impl BaselineAlarms {
    /// Nothing seen yet.
    pub fn new(kind: Baseline) -> Self {
        let row = |threshold| Row { threshold, over_since_secs: None, log: AlarmLog::default() };
        let mut thresholds = kind.thresholds();
        thresholds.push(kind.stated_threshold());
        Self {
            kind,
            recent: std::collections::VecDeque::new(),
            sorted: Vec::new(),
            rows: thresholds.into_iter().map(row).collect(),
        }
    }

    /// The kind.
    pub fn kind(&self) -> Baseline {
        self.kind
    }

    /// Takes in the frame of a time: people/m2 of the zone, or the pressure where it is measured.
    pub fn observe(&mut self, t_secs: f64, value: f64) {
        let (value, dwell_secs) = match self.kind {
            Baseline::OneFrameCount | Baseline::UngatedPressure => (value, 0.0),
            Baseline::CountForDuration => (value, DURATION_SECS),
            Baseline::DensityLadder => (self.median(t_secs, value), DURATION_SECS),
        };
        for row in &mut self.rows {
            if value < row.threshold {
                row.over_since_secs = None;
                row.log.observe(t_secs, false);
            } else {
                let since = *row.over_since_secs.get_or_insert(t_secs);
                row.log.observe(t_secs, t_secs - since >= dwell_secs);
            }
        }
    }

    fn median(&mut self, t_secs: f64, value: f64) -> f64 {
        self.recent.push_back((t_secs, value));
        while self.recent.front().is_some_and(|(t, _)| t_secs - t > MEDIAN_SECS) {
            self.recent.pop_front();
        }
        self.sorted.clear();
        self.sorted.extend(self.recent.iter().map(|(_, value)| *value));
        self.sorted.sort_by(f64::total_cmp);
        self.sorted[self.sorted.len() / 2]
    }

    /// Each threshold with its alarms.
    pub fn logs(&self) -> impl Iterator<Item = (f64, &AlarmLog)> {
        self.rows.iter().map(|row| (row.threshold, &row.log))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarms(kind: Baseline, course: impl Fn(f64) -> f64) -> BaselineAlarms {
        let mut alarms = BaselineAlarms::new(kind);
        for i in 0..400 {
            let t_secs = f64::from(i) * 0.1;
            alarms.observe(t_secs, course(t_secs));
        }
        alarms
    }

    fn count_at(alarms: &BaselineAlarms, threshold: f64) -> usize {
        alarms.logs().find(|(t, _)| (t - threshold).abs() < 1e-9).unwrap().1.count()
    }

    #[test]
    fn one_frame_is_enough_for_one_frame_counts_and_for_nothing_else() {
        let spike = |t: f64| if (t - 20.0).abs() < 0.05 { 9.0 } else { 1.0 };
        assert_eq!(count_at(&alarms(Baseline::OneFrameCount, spike), 4.0), 1);
        assert_eq!(count_at(&alarms(Baseline::CountForDuration, spike), 4.0), 0);
        assert_eq!(count_at(&alarms(Baseline::DensityLadder, spike), 4.0), 0);
    }

    #[test]
    fn a_count_must_stand_for_ten_seconds_without_a_gap() {
        let holed = |t: f64| if t % 8.0 < 0.1 { 0.0 } else { 5.0 };
        assert_eq!(count_at(&alarms(Baseline::CountForDuration, holed), 4.0), 0);
        assert_eq!(count_at(&alarms(Baseline::DensityLadder, holed), 4.0), 1, "its median does not care");
    }
}
