//! What one camera sees of the ground.

use std::sync::Arc;

use super::{CameraModel, CameraObservation, placement::Placement};
use crate::{
    camera::{Calibration, MovingView},
    flow_field::{CellMotion, FlowField},
    ground::{GroundField, GroundGrid, GroundProjection, Sight, ZoneBorders, sight},
    time::Timestamp,
    velocity::GroundMotion,
};

/// How late a picture may come and still be a straggler, which is ignored, seconds (our proposal).
const STRAGGLER_SECS: f64 = 5.0;

/// A camera whose picture is older than this gives way to one that sees less of the place, seconds (a
/// picture is fresh for as long, analytics specification 5.2).
pub(super) const VIEW_SECS: f64 = 2.0;

/// The camera that speaks for a place of which each covers a share: of those with a recent picture and at least
/// `coverage_min`, the one that sees most of it.
pub(super) fn best_view(
    coverage: &[f64],
    coverage_min: f64,
    views: &[CameraView],
    now: Timestamp,
) -> Option<usize> {
    let recent = |view: &CameraView| view.captured_at().is_some_and(|at| now.secs_since(at) <= VIEW_SECS);
    (0..views.len())
        .filter(|i| coverage[*i] >= coverage_min && recent(&views[*i]))
        .max_by(|a, b| coverage[*a].total_cmp(&coverage[*b]).then(b.cmp(a)))
}

/// A camera's latest picture on the ground.
#[derive(Clone, Debug)]
pub(super) struct CameraView {
    camera: CameraModel,
    /// Its id, to be handed out without a copy.
    id: Arc<str>,
    /// Cells of the grid that it can count.
    measured: Vec<bool>,
    projection: Option<GroundProjection>,
    /// How far off a camera that moves may be.
    placement: Placement,
    field: GroundField,
    motion: Option<GroundMotion>,
    has_motion: bool,
    flow: Option<FlowField>,
    captured_at: Option<Timestamp>,
    count_ratio: (f64, f64),
    /// Why its newest picture gave no count, if it did not.
    invalid_reason: Option<String>,
    /// Why its pictures are doubtful, if they are.
    doubt: Option<String>,
}

impl CameraView {
    pub(super) fn new(camera: CameraModel, grid: Option<&GroundGrid>) -> Self {
        let measured = grid.map_or_else(Vec::new, |grid| {
            (0..grid.len())
                .map(|index| sight(&camera.calibration, grid.centre_m(index)) == Sight::Reliable)
                .collect()
        });
        Self {
            motion: grid.map(|grid| GroundMotion::new(grid, &measured, &camera.calibration)),
            has_motion: false,
            flow: grid.map(|grid| FlowField::new(grid, &measured)),
            id: camera.id.as_str().into(),
            camera,
            measured,
            projection: None,
            placement: Placement::default(),
            field: GroundField::default(),
            captured_at: None,
            count_ratio: (1.0, 1.0),
            invalid_reason: None,
            doubt: None,
        }
    }

    /// Takes in where its next picture lies.
    pub(super) fn move_to(&mut self, grid: &GroundGrid, view: &MovingView) {
        self.camera.calibration = view.calibration().clone();
        for (index, measured) in self.measured.iter_mut().enumerate() {
            let place_m = grid.centre_m(index);
            *measured =
                sight(&self.camera.calibration, place_m) == Sight::Reliable && view.is_steep_at(place_m);
        }
        self.projection = None;
        self.placement = Placement::of(view);
        if let Some(motion) = &mut self.motion {
            motion.look_through(grid, &self.measured, &self.camera.calibration);
        }
        if let Some(flow) = &mut self.flow {
            flow.look_at(grid, &self.measured);
        }
    }

    /// Takes in an observation; `false` where it holds nothing new to measure.
    pub(super) fn observe(
        &mut self,
        grid: &GroundGrid,
        borders: &ZoneBorders,
        observation: &CameraObservation,
    ) -> bool {
        let newer_by_secs = self.captured_at.map(|at| observation.captured_at.secs_since(at));
        // Far back is no straggler but a capture clock that began anew.
        if newer_by_secs.is_some_and(|secs| (-STRAGGLER_SECS..=0.0).contains(&secs)) {
            return false;
        }
        let count = match &observation.count {
            Ok(count) => count,
            Err(reason) => {
                self.invalid_reason = Some(reason.clone());
                return false;
            }
        };
        let people = count.density.people();
        if !(people.is_finite() && count.people_lo.is_finite() && count.people_hi.is_finite()) {
            self.invalid_reason = Some("the counter gave a number that is not finite".to_owned());
            return false;
        }
        if !self.projection.as_ref().is_some_and(|projection| projection.fits(&count.density)) {
            let calibration = &self.camera.calibration;
            let projection =
                GroundProjection::new(grid, calibration, &count.density, borders, &self.measured);
            self.projection = Some(projection);
        }
        if let Some(projection) = &self.projection {
            projection.project(&count.density, &mut self.field);
        }
        let head_plane_from_image = self.camera.calibration.head_plane_from_image().homography();
        self.placement.project(grid, &count.density, head_plane_from_image);
        self.has_motion = observation.motion.is_some();
        if let (Some(ground), Some(motion)) = (&mut self.motion, &observation.motion) {
            ground.update(grid, motion, &self.field);
        }
        let motion = self.motion.as_ref().filter(|_| self.has_motion).map(GroundMotion::cells);
        if let Some(flow) = &mut self.flow {
            flow.update(&self.field.people_per_cell, &self.measured, motion);
        }
        self.captured_at = Some(observation.captured_at);
        self.invalid_reason = None;
        // With nobody in the picture the interval says nothing in relative terms; the scatter of few people does.
        self.count_ratio = if people >= 1.0 {
            ((count.people_lo / people).clamp(0.0, 1.0), (count.people_hi / people).max(1.0))
        } else {
            (1.0, 1.0)
        };
        true
    }

    /// Takes in that the site has other zones on the same ground.
    pub(super) fn forget_borders(&mut self) {
        self.projection = None;
    }

    /// What was measured later than this is taken as measured then.
    pub(super) fn withdraw(&mut self, believed_until: Timestamp) {
        self.captured_at = self.captured_at.map(|at| at.min(believed_until));
    }

    pub(super) fn doubt(&mut self, why: Option<&str>) {
        if self.doubt.as_deref() != why {
            self.doubt = why.map(str::to_owned);
        }
    }

    /// Why its pictures are doubtful.
    pub(super) fn doubts(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    pub(super) fn id(&self) -> &Arc<str> {
        &self.id
    }

    pub(super) fn calibration(&self) -> &Calibration {
        &self.camera.calibration
    }

    /// How far off it may be, with the people of its newest picture.
    pub(super) fn placement(&self) -> &Placement {
        &self.placement
    }

    pub(super) fn measured(&self) -> &[bool] {
        &self.measured
    }

    pub(super) fn field(&self) -> Option<&GroundField> {
        self.captured_at.map(|_| &self.field)
    }

    /// How the people of the newest picture move, cell by cell.
    pub(super) fn motion(&self) -> Option<CellMotion<'_>> {
        self.motion.as_ref().filter(|_| self.has_motion).map(GroundMotion::cells)
    }

    /// Density and velocity around every cell; `None` before the first valid picture.
    pub(super) fn flow(&self) -> Option<&FlowField> {
        self.flow.as_ref().filter(|_| self.captured_at.is_some())
    }

    pub(super) fn captured_at(&self) -> Option<Timestamp> {
        self.captured_at
    }

    /// `people_lo / people` and `people_hi / people` of the newest picture.
    pub(super) fn count_ratio(&self) -> (f64, f64) {
        self.count_ratio
    }

    pub(super) fn invalid_reason(&self) -> Option<&str> {
        self.invalid_reason.as_deref()
    }
}
