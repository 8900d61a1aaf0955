//! All that is known of a site: observations go in, what is known of every zone now comes out.
//!
//! [`Site::observe`] takes what a camera counted, [`Site::step`] lets time pass. Both take the time as an argument, so
//! live operation, replay and tests run the same code.

mod camera_view;
mod density_raster;
mod enclosure;
mod exchange;
mod line_state;
mod placement;
mod zone_state;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    accumulation::Filling,
    camera::{Calibration, MovingView},
    danger::{deformation::Deformation, micro_motion::MicroMotion},
    density_map::DensityMap,
    estimate::Estimate,
    flow_field::FlowField,
    freshness::Freshness,
    ground::{GroundField, GroundGrid, ZoneBorders},
    level::Level,
    line::Line,
    line_flow::LineFlow,
    motion_field::MotionField,
    risk::Risk,
    signal::{SignalRefused, Signals, Taken},
    time::Timestamp,
    velocity::ZoneMotion,
    warning::{Change, Incident},
    wire::{AckRecord, Signal, TightenedZone, Warning, WarningTransition},
    zone::Zone,
};

use camera_view::CameraView;
pub use density_raster::DensityRaster;
pub use exchange::IncidentGoesOn;
pub use line_state::LINE_COVERAGE_MIN;
use line_state::LineTracker;
pub use zone_state::CAPACITY_HORIZON_SECS;
use zone_state::ZoneTracker;

/// Side of a ground cell, metres (analytics specification 2: 0.25 to 0.5 m).
const CELL_M: f64 = 0.5;

/// Ground around the zones that is kept, for local densities at their edges, metres.
const MARGIN_M: f64 = 2.5;

/// A camera as the analytics know it.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraModel {
    /// Id, unique in the site.
    pub id: String,
    /// Where its picture lies on the ground.
    pub calibration: Calibration,
}

/// What a site consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteModel {
    /// Id of the site.
    pub id: String,
    /// Its cameras.
    pub cameras: Vec<CameraModel>,
    /// Its zones.
    pub zones: Vec<Zone>,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A valid count of one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageCount {
    /// Where the people are, in pixels of the calibration image.
    pub density: DensityMap,
    /// Lower end of the 90 % interval of the whole picture's count.
    pub people_lo: f64,
    /// Upper end.
    pub people_hi: f64,
}

/// What one camera saw at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameraObservation {
    /// The camera's id.
    pub camera: String,
    /// When the picture was captured.
    pub captured_at: Timestamp,
    /// The count, or why there is none.
    pub count: Result<ImageCount, String>,
    /// Motion since the picture before, in pixels of the calibration image, where it could be measured.
    pub motion: Option<MotionField>,
}

/// Density around points of a zone, people/m2: for display.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotSpot {
    /// 95th percentile over the zone's cells.
    pub p95_people_per_m2: f64,
    /// Highest.
    pub max_people_per_m2: f64,
    /// Where the highest is, metres on the ground.
    pub at_in_ground_m: [f64; 2],
}

/// What is known of a zone now.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneReport {
    /// Id of the zone.
    pub zone: String,
    /// The camera whose measurement is used; `None` before the first.
    pub camera: Option<Arc<str>>,
    /// When the newest valid picture of it was captured.
    pub captured_at: Option<Timestamp>,
    /// State of the data.
    pub freshness: Freshness,
    /// Share of the zone that is measured, 0 to 1; `None` before the first measurement.
    pub coverage: Option<f64>,
    /// Whether its camera is calibrated in metres.
    pub is_calibrated: bool,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
    /// Area of the zone, m2.
    pub area_m2: f64,
    /// Mean density, people/m2; `None` where not known now.
    pub density_people_per_m2: Option<Estimate>,
    /// People in the zone: density times area.
    pub people: Option<Estimate>,
    /// Local densities.
    pub hot_spot: Option<HotSpot>,
    /// People over capacity.
    pub occupancy_ratio: Option<f64>,
    /// Seconds to capacity at the present trend.
    pub secs_to_capacity: Option<f64>,
    /// Probability of being at capacity within [`CAPACITY_HORIZON_SECS`].
    pub capacity_probability: Option<f64>,
    /// Change of the density, people/m2 a second.
    pub trend_people_per_m2_per_sec: Option<f64>,
    /// Seconds to the red threshold at the present trend.
    pub secs_to_red: Option<f64>,
    /// How the zone fills, by the balance of its lines and its count; `None` unless lines cover every way in and out.
    pub filling: Option<Filling>,
    /// How people move.
    pub motion: Option<ZoneMotion>,
    /// Whether density has grown and flow has fallen for a while; `None` before that is known.
    pub is_breaking_down: Option<bool>,
    /// How their stream deforms.
    pub deformation: Option<Deformation>,
    /// How those who are held up jostle.
    pub micro_motion: Option<MicroMotion>,
    /// The crush risk.
    pub risk: Option<Risk>,
    /// Level that the risk score gives after its cap.
    pub risk_level: Option<Level>,
    /// The warning level; `None`: UNKNOWN, which never means normal.
    pub level: Option<Level>,
    /// The level last held while there was data.
    pub last_level: Option<Level>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The incident that is going on.
    pub incident: Option<Incident>,
    /// What changed in this step, in order.
    pub changes: Vec<Change>,
}

/// What is known of a line now.
#[derive(Clone, Debug, PartialEq)]
pub struct LineReport {
    /// Id of the line.
    pub line: String,
    /// Id of the zone that it bounds.
    pub zone: Option<String>,
    /// The camera whose measurement is used; `None` before the first.
    pub camera: Option<Arc<str>>,
    /// When the newest picture that measured it was captured.
    pub captured_at: Option<Timestamp>,
    /// State of the data.
    pub freshness: Freshness,
    /// Share of the line that is measured, 0 to 1; the rest is taken to be like it.
    pub coverage: Option<f64>,
    /// Whether its camera is calibrated in metres.
    pub is_calibrated: bool,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
    /// Length of the line: the width of the way across it, metres.
    pub length_m: f64,
    /// Who crosses; `None` where not known now.
    pub flow: Option<LineFlow>,
}

/// What is known of a site at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteReport {
    /// The instant.
    pub now: Timestamp,
    /// Every zone, in the site's order.
    pub zones: Vec<ZoneReport>,
    /// Every line, in the site's order.
    pub lines: Vec<LineReport>,
}

/// The state of a site.
#[derive(Clone, Debug, Default)]
pub struct Site {
    grid: Option<GroundGrid>,
    borders: ZoneBorders,
    views: Vec<CameraView>,
    zones: Vec<ZoneTracker>,
    lines: Vec<LineTracker>,
    signals: Signals,
}

impl Site {
    /// A site that has seen nothing: every level is unknown.
    pub fn new(model: SiteModel) -> Self {
        let bounds_m = model.zones.iter().map(|zone| zone.outline.bounds_m());
        let lines_m = model.lines.iter().map(|line| line.way.bounds_m());
        let grid = GroundGrid::over(bounds_m.chain(lines_m), MARGIN_M, CELL_M);
        let outlines = || model.zones.iter().map(|zone| &zone.outline);
        let borders = grid.as_ref().map(|grid| ZoneBorders::of(grid, outlines())).unwrap_or_default();
        let views: Vec<CameraView> =
            model.cameras.into_iter().map(|camera| CameraView::new(camera, grid.as_ref())).collect();
        let lines: Vec<LineTracker> =
            model.lines.into_iter().map(|line| LineTracker::new(line, grid.as_ref(), &views)).collect();
        let zones = model
            .zones
            .into_iter()
            .map(|zone| ZoneTracker::new(&model.id, zone, grid.as_ref(), &views, &lines))
            .collect();
        Self { grid, borders, views, zones, lines, signals: Signals::default() }
    }

    /// Takes in where the next picture of a camera that moves lies; to be told before each [`observe`](Self::observe).
    pub fn move_camera(&mut self, camera: &str, view: &MovingView) {
        let Some(index) = self.views.iter().position(|known| **known.id() == *camera) else { return };
        let Some(grid) = &self.grid else { return };
        self.views[index].move_to(grid, view);
        for zone in &mut self.zones {
            zone.see_through(index, &self.views[index]);
        }
    }

    /// Takes in what a camera saw. Observations of unknown cameras, and old ones, change nothing.
    pub fn observe(&mut self, observation: &CameraObservation) {
        let Some(index) = self.views.iter().position(|view| **view.id() == *observation.camera) else {
            return;
        };
        let Some(grid) = &self.grid else { return };
        if !self.views[index].observe(grid, &self.borders, observation) {
            return;
        }
        for line in &mut self.lines {
            if line.best_view(&self.views, observation.captured_at) == Some(index) {
                line.measure(index, &self.views[index]);
            }
        }
        for (number, zone) in self.zones.iter_mut().enumerate() {
            if zone.best_view(&self.views, observation.captured_at) == Some(index) {
                zone.measure(grid, number, index, &self.views[index], &self.lines);
            }
        }
    }

    /// Goes on from the last warning of a zone before a restart, where its incident was going on: an incident must not
    /// end, or begin anew, because a machine did. Returns whether it was.
    pub fn recall(&mut self, last_told: &Warning) -> bool {
        let is_over = match last_told.transition {
            WarningTransition::Cleared => true,
            // The loss of a zone that was normal ends with the first picture.
            WarningTransition::Restored => last_told.level == Some(Level::Normal),
            _ => false,
        };
        let Some(level) = last_told.level.filter(|_| !is_over) else { return false };
        let Some(zone) = self.zones.iter_mut().find(|zone| zone.id() == last_told.zone) else { return false };
        let incident = Incident {
            id: last_told.incident.clone(),
            since: last_told.since,
            kind: last_told.kind,
            ack: last_told.ack.clone(),
        };
        zone.recall(level, incident);
        true
    }

    /// A camera's pictures since `believed_until` turned out not to show what was there (frozen, looped): what was measured
    /// in them is as old as that.
    pub fn withdraw(&mut self, camera: &str, believed_until: Timestamp) {
        let Some(index) = self.views.iter().position(|view| &**view.id() == camera) else { return };
        self.views[index].withdraw(believed_until);
        for zone in &mut self.zones {
            zone.withdraw(index, believed_until);
        }
    }

    /// Says that a camera's pictures are doubtful, and why (rain, glare): levels may rise on them, not fall. `None`: no
    /// longer.
    pub fn doubt(&mut self, camera: &str, why: Option<&str>) {
        if let Some(view) = self.views.iter_mut().find(|view| &**view.id() == camera) {
            view.doubt(why);
        }
    }

    /// Takes an acknowledgement; `false` where no such incident is going on.
    pub fn acknowledge(&mut self, incident_id: &str, ack: &AckRecord) -> bool {
        self.zones.iter_mut().any(|zone| zone.acknowledge(incident_id, ack))
    }

    /// Takes in what happens outside; the thresholds of its zones are lowered while it lasts.
    ///
    /// # Errors
    /// [`SignalRefused`]; what was known stays.
    pub fn take_signal(&mut self, signal: Signal, now: Timestamp) -> Result<Taken, SignalRefused> {
        self.signals.take(signal, self.zones.iter().map(ZoneTracker::id), now)
    }

    /// What the site goes by of that, and the zones whose thresholds are lowered since the last step.
    pub fn signals(&self, now: Timestamp) -> (Vec<Signal>, Vec<TightenedZone>) {
        let tightened = self.zones.iter().filter_map(ZoneTracker::tightened).collect();
        (self.signals.lasting(now).cloned().collect(), tightened)
    }

    /// Lets time pass to `now` and reports every zone and line.
    pub fn step(&mut self, now: Timestamp) -> SiteReport {
        let mut report = SiteReport { now, zones: Vec::new(), lines: Vec::new() };
        self.step_into(now, &mut report);
        report
    }

    /// The same into a report of before, whose room is used again: in the steady state nothing is allocated.
    pub fn step_into(&mut self, now: Timestamp, report: &mut SiteReport) {
        report.now = now;
        if report.zones.len() != self.zones.len() || report.lines.len() != self.lines.len() {
            report.zones = self.zones.iter().map(ZoneTracker::blank_report).collect();
            report.lines = self.lines.iter().map(LineTracker::blank_report).collect();
        }
        if self.signals.has_changed(now) {
            for zone in &mut self.zones {
                zone.tighten(&self.signals, now);
            }
        }
        for (zone, report) in self.zones.iter_mut().zip(&mut report.zones) {
            zone.step(now, &self.views, report);
        }
        for (line, report) in self.lines.iter().zip(&mut report.lines) {
            line.step(now, &self.views, report);
        }
    }

    /// The raster over the ground, for heat maps; `None` without zones.
    pub fn grid(&self) -> Option<&GroundGrid> {
        self.grid.as_ref()
    }

    /// The people that a camera last put on the ground; `None` before its first valid picture.
    pub fn field(&self, camera: &str) -> Option<&GroundField> {
        self.views.iter().find(|view| &**view.id() == camera)?.field()
    }

    /// Density and velocity around every cell as a camera last saw them; `None` before its first valid picture.
    pub fn flow(&self, camera: &str) -> Option<&FlowField> {
        self.views.iter().find(|view| &**view.id() == camera)?.flow()
    }
}

#[cfg(test)]
mod tests;
