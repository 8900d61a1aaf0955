//! Where data are, where they are missing, and where the axes end.

use throng_analytics::level::Level;

use super::super::overlay::Estimate;
use super::{Timeline, ZoneSample};

/// The stretch of time shown, in seconds since the timeline's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeSpan {
    pub(super) from_secs: f64,
    pub(super) to_secs: f64,
}

impl TimeSpan {
    /// From the first to the last sample of anything, and one second at least.
    pub(super) fn of(timeline: &Timeline) -> Self {
        let counts = timeline.cameras.iter().flat_map(|c| c.samples.iter().map(|s| s.t_secs));
        let zones = timeline.zones.iter().flat_map(|z| z.samples.iter().map(|s| s.t_secs));
        let times = counts.chain(zones).filter(|t| t.is_finite());
        let (from, to) =
            times.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), t| (from.min(t), to.max(t)));
        if from > to {
            return Self { from_secs: 0.0, to_secs: 1.0 };
        }
        Self { from_secs: from, to_secs: to.max(from + 1.0) }
    }

    pub(super) fn length_secs(self) -> f64 {
        self.to_secs - self.from_secs
    }

    pub(super) fn holds(self, t_secs: f64) -> bool {
        (self.from_secs..=self.to_secs).contains(&t_secs)
    }

    /// Round moments to label, at most about `count` of them.
    pub(super) fn ticks(self, count: usize) -> Vec<f64> {
        const STEPS: [f64; 16] = [
            0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
            7200.0,
        ];
        let least = self.length_secs() / count.max(1) as f64;
        let step =
            STEPS.into_iter().find(|s| *s >= least).unwrap_or_else(|| (least / 7200.0).ceil() * 7200.0);
        let first = (self.from_secs / step).ceil();
        let ticks = ((self.to_secs / step).floor() - first).clamp(0.0, 2.0 * count as f64) as u32;
        (0..=ticks).map(|i| (first + f64::from(i)) * step).filter(|t| self.holds(*t)).collect()
    }
}

/// Seconds as `m:ss`, `h:mm:ss` or, below a second's step, with one decimal.
pub(super) fn clock_text(t_secs: f64) -> String {
    let sign = if t_secs < 0.0 { "-" } else { "" };
    let tenths = (t_secs.abs() * 10.0).round() as u64;
    let (secs, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    let fraction = if tenth == 0 { String::new() } else { format!(".{tenth}") };
    if hours > 0 {
        format!("{sign}{hours}:{minutes:02}:{secs:02}{fraction}")
    } else {
        format!("{sign}{minutes}:{secs:02}{fraction}")
    }
}

/// Unbroken stretches of known values: a missing value, one that is not finite and a silence longer than `gap_secs`
/// each end one.
pub(super) fn known_runs(points: &[(f64, Option<Estimate>)], gap_secs: f64) -> Vec<Vec<(f64, Estimate)>> {
    let mut runs: Vec<Vec<(f64, Estimate)>> = Vec::new();
    let mut last_known_at: Option<f64> = None;
    for &(t_secs, estimate) in points {
        let known =
            estimate.filter(|e| t_secs.is_finite() && [e.value, e.lo, e.hi].iter().all(|v| v.is_finite()));
        let Some(known) = known else {
            last_known_at = None;
            continue;
        };
        match runs.last_mut() {
            Some(run) if last_known_at.is_some_and(|last| t_secs - last <= gap_secs) => {
                run.push((t_secs, known));
            }
            _ => runs.push(vec![(t_secs, known)]),
        }
        last_known_at = Some(t_secs);
    }
    runs
}

/// The level through the whole of `span`: each sample's level holds until the next sample, but no longer than
/// `gap_secs`; before the first sample and in silence it is unknown.
pub(super) fn level_spans(
    samples: &[ZoneSample],
    span: TimeSpan,
    gap_secs: f64,
) -> Vec<(f64, f64, Option<Level>)> {
    let mut spans: Vec<(f64, f64, Option<Level>)> = Vec::new();
    let mut add = |from: f64, to: f64, level: Option<Level>| {
        if to <= from {
            return;
        }
        match spans.last_mut() {
            Some(last) if last.2 == level => last.1 = to,
            _ => spans.push((from, to, level)),
        }
    };
    let mut reached = span.from_secs;
    let mut samples = samples.iter().filter(|s| s.t_secs.is_finite()).peekable();
    while let Some(sample) = samples.next() {
        add(reached, sample.t_secs, None);
        reached = reached.max(sample.t_secs);
        let next_at = samples.peek().map_or(span.to_secs, |next| next.t_secs);
        let until = next_at.min(sample.t_secs + gap_secs.max(0.0)).min(span.to_secs);
        add(reached, until, sample.level);
        reached = reached.max(until);
    }
    add(reached, span.to_secs, None);
    spans
}
