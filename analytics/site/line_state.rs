//! One line over time: which camera measures it, and its flow.

use std::sync::Arc;

use super::{
    LineReport,
    camera_view::{CameraView, best_view},
    exchange::Kept,
};
use crate::{
    freshness::Freshness,
    ground::GroundGrid,
    line::{Line, StripCell},
    line_flow::{Crossing, LineMeter},
    time::Timestamp,
};

/// Least share of a line's strip that a camera must measure to speak for it: half a door may be the empty half (our
/// proposal).
pub const LINE_COVERAGE_MIN: f64 = 0.5;

/// A line and all that is remembered of it.
#[derive(Clone, Debug)]
pub(super) struct LineTracker {
    line: Line,
    /// The cells of its strip that each camera measures; what it does not is taken to be like them.
    strips: Vec<Vec<StripCell>>,
    /// Share of the strip that each camera measures.
    coverage: Vec<f64>,
    meter: LineMeter,
    view: Option<usize>,
    captured_at: Option<Timestamp>,
    /// Whether the newest picture told how people move there.
    is_measured: bool,
}

impl LineTracker {
    pub(super) fn new(line: Line, grid: Option<&GroundGrid>, views: &[CameraView]) -> Self {
        let all = grid.map_or_else(Vec::new, |grid| line.way.strip(grid, line.inside));
        let share = |cells: &[StripCell]| {
            cells.iter().map(|cell| cell.across_per_m[0].hypot(cell.across_per_m[1])).sum::<f64>()
        };
        let total = share(&all).max(f64::MIN_POSITIVE);
        let (mut strips, mut coverage) = (Vec::new(), Vec::new());
        for view in views {
            let may = line.is_measured_by(view.id());
            let mut strip: Vec<StripCell> =
                all.iter().copied().filter(|cell| may && view.measured()[cell.index]).collect();
            let covered = share(&strip) / total;
            for cell in &mut strip {
                cell.across_per_m = cell.across_per_m.map(|c| c / covered.max(f64::MIN_POSITIVE));
            }
            strips.push(strip);
            coverage.push(covered);
        }
        Self {
            line,
            strips,
            coverage,
            meter: LineMeter::default(),
            view: None,
            captured_at: None,
            is_measured: false,
        }
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Takes over what was counted on the same line before its site was given another model.
    pub(super) fn go_on_from(&mut self, before: Self, kept: &Kept) {
        self.meter = before.meter;
        self.view = before.view.and_then(|view| kept.view(view));
        self.captured_at = before.captured_at;
        self.is_measured = before.is_measured;
        if kept.has_same_grid && kept.has_same_sight(&before.coverage, &self.coverage) {
            (self.strips, self.coverage) = (before.strips, before.coverage);
        }
    }

    /// The camera that speaks for the line.
    pub(super) fn best_view(&self, views: &[CameraView], now: Timestamp) -> Option<usize> {
        best_view(&self.coverage, LINE_COVERAGE_MIN, views, now)
    }

    /// Measures the line in the newest picture of a camera; `index` is its place among the site's cameras.
    pub(super) fn measure(&mut self, index: usize, view: &CameraView) {
        let (Some(field), Some(captured_at)) = (view.field(), view.captured_at()) else { return };
        let motion = view.motion();
        let crossing = Crossing::of(&self.strips[index], &field.people_per_cell, motion.as_ref());
        self.is_measured = crossing.is_some();
        let Some(crossing) = crossing else { return };
        self.meter.observe(captured_at, crossing, view.count_ratio());
        self.view = Some(index);
        self.captured_at = Some(captured_at);
    }

    pub(super) fn bounds_zone(&self, zone: &str) -> bool {
        self.line.zone.as_deref() == Some(zone)
    }

    pub(super) fn meter(&self) -> &LineMeter {
        &self.meter
    }

    pub(super) fn captured_at(&self) -> Option<Timestamp> {
        self.captured_at
    }

    /// What is known of it before anything was seen.
    pub(super) fn blank_report(&self) -> LineReport {
        LineReport {
            line: self.line.id.clone(),
            zone: self.line.zone.clone(),
            camera: None,
            captured_at: None,
            freshness: Freshness::Lost,
            coverage: None,
            is_calibrated: false,
            notes: Vec::new(),
            length_m: self.line.way.length_m(),
            flow: None,
        }
    }

    /// Lets time pass to `now`.
    pub(super) fn step(&self, now: Timestamp, views: &[CameraView], report: &mut LineReport) {
        let view = self.view.map(|i| &views[i]);
        report.freshness = Freshness::of(self.captured_at.map(|at| now.secs_since(at)), false);
        report.camera = view.map(|view| Arc::clone(view.id()));
        report.captured_at = self.captured_at;
        report.coverage = self.view.map(|i| self.coverage[i]);
        report.is_calibrated = view.is_some_and(|view| view.calibration().is_calibrated());
        report.flow = self.meter.reading().filter(|_| report.freshness.may_raise());
        report.notes.clear();
        self.notes(view, &mut report.notes);
    }

    fn notes(&self, view: Option<&CameraView>, notes: &mut Vec<String>) {
        match view {
            Some(view) if !view.calibration().is_calibrated() => {
                notes.push("uncalibrated: lengths are rough, and so is the flow a metre of width".to_owned());
            }
            Some(_) => {}
            None if self.coverage.iter().all(|share| *share < LINE_COVERAGE_MIN) => {
                notes.push("no camera sees enough of this line".to_owned());
            }
            None => notes.push("no motion measured at this line yet".to_owned()),
        }
        if view.is_some() && !self.is_measured {
            notes.push("the newest picture tells no motion at this line".to_owned());
        }
    }
}
