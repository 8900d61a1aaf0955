//! One zone over time: measurement, filter, risk and warning.

mod evidence;
mod going_on;
mod notes;
mod tightening;

use std::sync::Arc;

use super::{
    HotSpot, ZoneReport,
    camera_view::{CameraView, best_view},
    enclosure::Enclosure,
    line_state::LineTracker,
};
use crate::{
    danger::{
        conflict::{Conflict, conflict},
        deformation::DeformationMeter,
        flow_breakdown::FlowBreakdownWatch,
        micro_motion::MicroMotionMeter,
        oscillation::OscillationMeter,
        pressure::PressureMeter,
    },
    estimate::Estimate,
    forecast::Trend,
    freshness::Freshness,
    ground::GroundGrid,
    level::Level,
    profile::Profile,
    risk::{self, GROWTH_TARGET_PEOPLE_PER_M2, Risk, RiskInputs},
    signal::Tightening,
    site_feature::SiteFeature,
    time::Timestamp,
    tracker::{DensityTracker, ZoneSample},
    velocity::{ZoneMotion, zone_motion},
    warning::{Incident, WarningMachine},
    wire::AckRecord,
    zone::Zone,
};

/// Least share of a zone that a camera must measure to speak for it (our proposal).
const COVERAGE_MIN: f64 = 0.25;

/// More people than this on a square metre are an error of measurement, not a crowd (analytics specification 5.2).
const PLAUSIBLE_PEOPLE_PER_M2: f64 = 16.0;

/// How far ahead the probability of being at capacity looks: five minutes, the longest in which a forecast by the trend
/// alone means something (analytics specification 5.1), seconds.
pub const CAPACITY_HORIZON_SECS: f64 = 300.0;

/// A zone and all that is remembered of it.
#[derive(Clone, Debug)]
pub(super) struct ZoneTracker {
    zone: Zone,
    /// The cells of the zone, with the share that lies in it.
    all_cells: Vec<(usize, f64)>,
    /// The cells of the zone that each camera measures, with the share that lies in the zone; none for those that may
    /// not.
    cells: Vec<Vec<(usize, f64)>>,
    /// Share of the zone that each camera measures.
    coverage: Vec<f64>,
    /// Relative standard deviation of its area in each camera's calibration.
    sigma_area_relative: Vec<f64>,
    /// Local density and cell, kept between pictures for its room.
    local: Vec<(f64, usize)>,
    tracker: DensityTracker,
    enclosure: Option<Enclosure>,
    machine: WarningMachine,
    /// How its thresholds are lowered, and what they are meanwhile.
    tightened: Option<(Tightening, Profile)>,
    view: Option<usize>,
    captured_at: Option<Timestamp>,
    motion: Option<ZoneMotion>,
    /// For each camera.
    pressure: Vec<PressureMeter>,
    deformation: Vec<DeformationMeter>,
    oscillation: OscillationMeter,
    micro_motion: MicroMotionMeter,
    flow_breakdown: FlowBreakdownWatch,
    conflict: Option<Conflict>,
    hot_spot: Option<HotSpot>,
    implausible: bool,
    is_new_sample: bool,
}

impl ZoneTracker {
    pub(super) fn new(
        site: &str,
        zone: Zone,
        grid: Option<&GroundGrid>,
        views: &[CameraView],
        lines: &[LineTracker],
    ) -> Self {
        let all = grid.map_or_else(Vec::new, |grid| grid.rasterise(&zone.outline));
        let cells: Vec<Vec<(usize, f64)>> = views.iter().map(|view| measured_by(view, &zone, &all)).collect();
        // A camera that moves measures now these and now those: its meters are ready for all, and look at what is known.
        let watched = |(view, cells): (&CameraView, &Vec<(usize, f64)>)| {
            if view.calibration().is_moving() { all.clone() } else { cells.clone() }
        };
        let watched: Vec<Vec<(usize, f64)>> = views.iter().zip(&cells).map(watched).collect();
        let cell_m2 = grid.map_or(0.0, GroundGrid::cell_area_m2);
        let pressure = watched.iter().map(|cells| PressureMeter::corrected(cells, cell_m2)).collect();
        let deformation = grid.map_or_else(Vec::new, |grid| {
            watched.iter().map(|cells| DeformationMeter::new(grid, cells)).collect()
        });
        let shares = |cells: &[(usize, f64)]| cells.iter().map(|(_, share)| share).sum::<f64>();
        // A zone without a cell has no total; no camera covers it either.
        let total = shares(&all).max(f64::MIN_POSITIVE);
        let coverage = cells.iter().map(|cells| shares(cells) / total).collect();
        let sigma_area_relative = views.iter().zip(&cells).map(|(view, cells)| {
            let places = cells.iter().filter_map(|(index, _)| Some(grid?.centre_m(*index)));
            view.calibration().sigma_area_relative(places)
        });
        let enclosed = zone.is_enclosed_by_lines;
        let enclosure = enclosed.then(|| Enclosure::of(&zone.id, zone.outline.area_m2(), lines)).flatten();
        Self {
            sigma_area_relative: sigma_area_relative.collect(),
            machine: WarningMachine::new(&format!("{site}/{}", zone.id)),
            zone,
            all_cells: all,
            cells,
            coverage,
            local: Vec::new(),
            tracker: DensityTracker::default(),
            enclosure,
            tightened: None,
            view: None,
            captured_at: None,
            motion: None,
            pressure,
            deformation,
            oscillation: OscillationMeter::default(),
            micro_motion: MicroMotionMeter::default(),
            flow_breakdown: FlowBreakdownWatch::default(),
            conflict: None,
            hot_spot: None,
            implausible: false,
            is_new_sample: false,
        }
    }

    /// Goes on from what was told before a restart.
    pub(super) fn recall(&mut self, level: Level, incident: Incident) {
        self.machine.recall(level, incident);
    }

    /// The id of the zone.
    pub(super) fn id(&self) -> &str {
        &self.zone.id
    }

    /// Takes in that a camera looks elsewhere; `index` is its place among the site's cameras.
    pub(super) fn see_through(&mut self, index: usize, view: &CameraView) {
        self.cells[index] = measured_by(view, &self.zone, &self.all_cells);
        let shares = |cells: &[(usize, f64)]| cells.iter().map(|(_, share)| share).sum::<f64>();
        self.coverage[index] = shares(&self.cells[index]) / shares(&self.all_cells).max(f64::MIN_POSITIVE);
    }

    /// The camera that speaks for the zone: of those with a recent picture, the one that sees most of it.
    pub(super) fn best_view(&self, views: &[CameraView], now: Timestamp) -> Option<usize> {
        best_view(&self.coverage, COVERAGE_MIN, views, now)
    }

    /// Measures the zone in the newest picture of a camera; `number` is its place among the site's zones, `index` that of the
    /// camera among the site's cameras.
    pub(super) fn measure(
        &mut self,
        grid: &GroundGrid,
        number: usize,
        index: usize,
        view: &CameraView,
        lines: &[LineTracker],
    ) {
        let (Some(field), Some(flow), Some(captured_at)) = (view.field(), view.flow(), view.captured_at())
        else {
            return;
        };
        let measured = &self.cells[index];
        let measured_m2 = measured.iter().map(|(_, share)| share).sum::<f64>() * grid.cell_area_m2();
        let people = field.people_in(number, measured);
        let density = people / measured_m2;
        self.implausible = density.is_nan() || density > PLAUSIBLE_PEOPLE_PER_M2;
        if self.implausible {
            return;
        }
        let (count_ratio_lo, count_ratio_hi) = view.count_ratio();
        self.tracker.observe(ZoneSample {
            captured_at,
            density_people_per_m2: density,
            measured_m2,
            count_ratio_lo,
            count_ratio_hi,
            // Where the picture may lie is known better than what that does to areas on average.
            sigma_area_relative: if view.calibration().is_moving() {
                0.0
            } else {
                self.sigma_area_relative[index]
            },
            sigma_placement_people_per_m2: view.placement().sigma_people(measured) / measured_m2,
        });
        if let Some(enclosure) = &mut self.enclosure {
            let dt_secs = self.captured_at.map_or(0.0, |before| captured_at.secs_since(before));
            enclosure.observe(captured_at, dt_secs, density * self.zone.outline.area_m2(), lines);
        }
        self.local.clear();
        self.local.extend(
            measured.iter().filter_map(|(index, _)| Some((flow.density_people_per_m2(*index)?, *index))),
        );
        self.hot_spot = hot_spot(&mut self.local, grid);
        let motion = view.motion();
        self.motion = motion.and_then(|motion| zone_motion(grid, &motion, field, measured));
        self.conflict = motion.and_then(|motion| conflict(grid, &motion, &field.people_per_cell, measured));
        if let Some(motion) = motion {
            self.micro_motion.observe(captured_at, &motion, &field.people_per_cell, measured);
        }
        if let Some(motion) = self.motion {
            self.oscillation.observe(captured_at, motion.velocity_m_per_s);
            let specific_flow = motion.specific_flow_people_per_m_per_s(density);
            self.flow_breakdown.observe(captured_at, density, specific_flow);
        }
        if let (Some(meter), true) = (self.deformation.get_mut(index), motion.is_some()) {
            meter.observe(captured_at, flow);
        }
        if let Some(meter) = self.pressure.get_mut(index) {
            meter.observe(captured_at, flow);
        }
        self.captured_at = Some(captured_at);
        self.is_new_sample = true;
    }

    /// What was measured by the camera of `index` later than this is taken as measured then.
    pub(super) fn withdraw(&mut self, index: usize, believed_until: Timestamp) {
        if self.view == Some(index) {
            self.captured_at = self.captured_at.map(|at| at.min(believed_until));
        }
    }

    pub(super) fn acknowledge(&mut self, incident_id: &str, ack: &AckRecord) -> bool {
        self.machine.acknowledge(incident_id, ack.clone())
    }

    /// What is known of it before anything was seen.
    pub(super) fn blank_report(&self) -> ZoneReport {
        ZoneReport {
            zone: self.zone.id.clone(),
            camera: None,
            captured_at: None,
            freshness: Freshness::Lost,
            coverage: None,
            is_calibrated: false,
            notes: Vec::new(),
            area_m2: self.zone.outline.area_m2(),
            density_people_per_m2: None,
            people: None,
            hot_spot: None,
            occupancy_ratio: None,
            secs_to_capacity: None,
            capacity_probability: None,
            trend_people_per_m2_per_sec: None,
            secs_to_red: None,
            filling: None,
            motion: None,
            is_breaking_down: None,
            deformation: None,
            micro_motion: None,
            risk: None,
            risk_level: None,
            level: None,
            last_level: None,
            since: None,
            incident: None,
            changes: Vec::new(),
        }
    }

    /// Lets time pass to `now`.
    pub(super) fn step(&mut self, now: Timestamp, views: &[CameraView], report: &mut ZoneReport) {
        if let Some(best) = self.best_view(views, now) {
            self.view = Some(best);
        }
        let view = self.view.map(|i| &views[i]);
        let age_secs = self.captured_at.map(|at| now.secs_since(at));
        let is_doubtful = self.implausible || view.is_some_and(|view| view.doubts().is_some());
        report.freshness = Freshness::of(age_secs, is_doubtful);
        // Past the fresh and degraded states the numbers speak of a crowd that is no longer there.
        let known = report.freshness.may_raise();
        report.is_calibrated = view.is_some_and(|view| view.calibration().is_calibrated());
        report.camera = view.filter(|_| self.captured_at.is_some()).map(|view| Arc::clone(view.id()));
        report.captured_at = self.captured_at;
        report.coverage = self.view.filter(|_| self.captured_at.is_some()).map(|i| self.coverage[i]);
        self.report_density(report, known);
        self.report_motion(report, known);
        self.report_risk(report);
        let evidence = self.evidence(report);
        report.changes = self.machine.step(
            now,
            &evidence,
            self.tightened.as_ref().map_or(&self.zone.profile, |(_, profile)| profile),
        );
        self.is_new_sample = false;
        report.notes.clear();
        self.notes(view, &evidence, &mut report.notes);
        report.level = self.machine.level();
        report.last_level = self.machine.last_level();
        report.since = self.machine.since();
        if report.incident.as_ref() != self.machine.incident() {
            report.incident = self.machine.incident().cloned();
        }
    }

    fn report_density(&self, report: &mut ZoneReport, known: bool) {
        let density = self.tracker.density_people_per_m2().filter(|_| known);
        let people = density.map(|density| density.scaled(report.area_m2));
        (report.density_people_per_m2, report.people) = (density, people);
        report.hot_spot = self.hot_spot.filter(|_| known);
        let trend = self.filling_trend();
        let at_capacity = self.zone.capacity_people.map(|capacity| capacity / report.area_m2);
        report.occupancy_ratio =
            people.zip(self.zone.capacity_people).map(|(people, capacity)| people.value / capacity);
        report.secs_to_capacity = at_capacity.and_then(|density| trend.secs_to(density)).filter(|_| known);
        report.capacity_probability = at_capacity
            .filter(|_| known && trend.trend_per_sec().is_some())
            .map(|density| trend.probability_within(density, CAPACITY_HORIZON_SECS));
        report.trend_people_per_m2_per_sec = trend.trend_per_sec().filter(|_| known);
        report.secs_to_red = trend.secs_to(self.profile().theta_up(Level::Red)).filter(|_| known);
        report.filling = self.enclosure.as_ref().and_then(Enclosure::filling).filter(|_| known);
    }

    fn report_motion(&self, report: &mut ZoneReport, known: bool) {
        let motion = self.motion.filter(|_| known);
        report.motion = motion;
        report.is_breaking_down = motion.and_then(|_| self.flow_breakdown.is_breaking_down());
        report.deformation =
            motion.and_then(|_| self.view.and_then(|view| self.deformation.get(view)?.reading()));
        report.micro_motion = motion.and_then(|_| self.micro_motion.reading());
    }

    fn report_risk(&self, report: &mut ZoneReport) {
        let Some(density) = report.density_people_per_m2 else {
            (report.risk, report.risk_level) = (None, None);
            return;
        };
        let risk = report.risk.get_or_insert_with(Risk::blank);
        risk::judge_into(&self.risk_inputs(density, report.motion), risk);
        report.risk_level = Some(risk::capped(risk.level, self.density_level(density), density.lo));
    }

    /// How the zone fills: by the balance of the lines where they cover every way in and out, else by its own past.
    fn filling_trend(&self) -> Trend<'_> {
        match self.enclosure.as_ref().and_then(Enclosure::accumulation) {
            Some(filter) => Trend::Balance { filter, area_m2: self.zone.outline.area_m2() },
            None => self.trend(),
        }
    }

    /// Where the density is going by its own past: what levels and score go by, also where lines tell how the zone fills.
    /// People who press on into a line's strip without getting across make the lines late: over the scenarios to develop
    /// with, lines round every zone and a forecast by them raised orange 8 s later and missed 2 of 32 dangers; by
    /// whichever came first it was no sooner and raised one more yellow in harmless crowds.
    fn trend(&self) -> Trend<'_> {
        Trend::Own(self.tracker.trend())
    }

    fn risk_inputs(&self, density: Estimate, motion: Option<ZoneMotion>) -> RiskInputs {
        let is_moving = motion.is_some();
        RiskInputs {
            density_people_per_m2: density,
            secs_to_growth_target: self.trend().secs_to_with_interval(GROWTH_TARGET_PEOPLE_PER_M2),
            speed_m_per_s: motion.map(|motion| motion.speed()),
            diagram: self.zone.diagram,
            pressure: self.view.and_then(|view| self.pressure.get(view)?.reading()).filter(|_| is_moving),
            oscillation: self.oscillation.reading().filter(|_| is_moving),
            conflict: self.conflict.filter(|_| is_moving),
            site_factor: SiteFeature::factor_of(&self.zone.features),
        }
    }
}

/// The cells of a zone that a camera measures; none where it may not.
fn measured_by(view: &CameraView, zone: &Zone, all: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let may = zone.is_measured_by(view.id());
    all.iter().copied().filter(|(index, _)| may && view.measured()[*index]).collect()
}

/// The hot spot among local densities with their cells; their order is lost.
fn hot_spot(local: &mut [(f64, usize)], grid: &GroundGrid) -> Option<HotSpot> {
    let (max, index) = local.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
    let at_p95 = (local.len() - 1) * 95 / 100;
    let (_, p95, _) = local.select_nth_unstable_by(at_p95, |a, b| a.0.total_cmp(&b.0));
    Some(HotSpot { p95_people_per_m2: p95.0, max_people_per_m2: max, at_in_ground_m: grid.centre_m(index) })
}
