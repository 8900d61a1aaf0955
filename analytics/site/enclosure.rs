//! The lines around a zone, and how it fills by them.

use super::{camera_view::VIEW_SECS, line_state::LineTracker};
use crate::{
    accumulation::{Accumulation, BalanceSample, Filling, LineBalance},
    time::Timestamp,
};

/// Drift of a zone's lines from which it is said, people a second and as a share of the crossings: six in a minute, and more
/// than a sound line errs by where people speed up (our proposal; 8 % at the simulated gate).
const DRIFT_TOLD_PEOPLE_PER_S: f64 = 0.1;
const DRIFT_TOLD_SHARE: f64 = 0.1;

/// The lines around a zone that together cover every way in and out.
#[derive(Clone, Debug)]
pub(super) struct Enclosure {
    /// Their places among the site's lines, and what each had balanced at the picture before: since when, and in less out.
    lines: Vec<(usize, Option<(Timestamp, f64)>)>,
    accumulation: Accumulation,
    /// Whether all of them were seen in the newest picture.
    is_balanced: bool,
}

impl Enclosure {
    /// Of a zone with that id and area; `None` where no line bounds it.
    pub(super) fn of(zone: &str, area_m2: f64, lines: &[LineTracker]) -> Option<Self> {
        let bounding: Vec<_> =
            (0..lines.len()).filter(|i| lines[*i].bounds_zone(zone)).map(|i| (i, None)).collect();
        (!bounding.is_empty()).then(|| Self {
            lines: bounding,
            accumulation: Accumulation::new(area_m2),
            is_balanced: false,
        })
    }

    /// Takes in a picture's count; the lines have taken theirs in before.
    pub(super) fn observe(
        &mut self,
        captured_at: Timestamp,
        dt_secs: f64,
        people: f64,
        lines: &[LineTracker],
    ) {
        let mut balance = Some(LineBalance { net_people_per_s: 0.0, gross_people_per_s: 0.0 });
        for (index, before) in &mut self.lines {
            let line = &lines[*index];
            let is_recent = line.captured_at().is_some_and(|at| captured_at.secs_since(at) <= VIEW_SECS);
            let now = line.meter().balance().filter(|_| is_recent);
            let crossed = now.zip(*before).filter(|(now, before)| now.0 == before.0);
            *before = now;
            balance =
                balance.zip(crossed).zip(line.meter().newest()).map(|((sum, (now, before)), newest)| {
                    LineBalance {
                        net_people_per_s: sum.net_people_per_s + (now.1 - before.1) / dt_secs,
                        gross_people_per_s: sum.gross_people_per_s + newest.1,
                    }
                });
        }
        self.is_balanced = balance.is_some();
        self.accumulation.observe(&BalanceSample { captured_at, people, lines: balance });
    }

    /// What foresees the zone's people, where the lines are all seen.
    pub(super) fn accumulation(&self) -> Option<&Accumulation> {
        self.filling().map(|_| &self.accumulation)
    }

    /// How the zone fills, where the lines are all seen.
    pub(super) fn filling(&self) -> Option<Filling> {
        self.accumulation.filling().filter(|_| self.is_balanced)
    }

    /// What is to be said of the lines.
    pub(super) fn note(&self) -> Option<String> {
        if !self.is_balanced {
            return Some(
                "a line around this zone is not seen: the forecast goes by the count alone".to_owned(),
            );
        }
        let filling = self.filling()?;
        let drift = filling.line_drift_people_per_s;
        let is_certain = drift.lo > 0.0 || drift.hi < 0.0;
        let is_much = drift.value.abs() >= DRIFT_TOLD_PEOPLE_PER_S
            && filling.line_drift_share.value.abs() >= DRIFT_TOLD_SHARE;
        let is_told = filling.is_even && is_certain && is_much;
        is_told.then(|| {
            let way = if drift.value > 0.0 { "more" } else { "fewer" };
            let per_min = 60.0 * drift.value.abs();
            format!(
                "the lines around this zone show {per_min:.0} people a minute {way} coming in than its count does"
            )
        })
    }
}
