//! A running site that is given other zones, thresholds or calibrations.
//!
//! What was told goes on: a zone that stays keeps its level, its incident and who acknowledged it. What was measured goes
//! on only where it still means the same: the same ground, seen through the same calibrations. Else it begins anew with the
//! next picture, and until then the density is not known and no level falls.

use thiserror::Error;

use super::{LineTracker, Site, SiteModel, camera_view::CameraView};
use crate::camera::Calibration;

/// A zone was to be taken out while an incident goes on in it: nobody would be told of its end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "an incident goes on in zone {zone}: it cannot be taken out before the zone is below all thresholds again"
)]
pub struct IncidentGoesOn {
    /// Id of the zone.
    pub zone: String,
}

/// What of a site before means the same in the one after it.
#[derive(Debug)]
pub(super) struct Kept {
    /// The place of each camera of before among those of now.
    views: Vec<Option<usize>>,
    /// Of each camera of now, whether it sees as before; empty where the cameras are others.
    sees_the_same: Vec<bool>,
    /// Whether the raster over the ground is the same, so that its cells are.
    pub(super) has_same_grid: bool,
    /// Whether the lines are the same, in the same order.
    pub(super) has_same_lines: bool,
}

impl Kept {
    /// The place now of the camera that had the place `index` before.
    pub(super) fn view(&self, index: usize) -> Option<usize> {
        self.views.get(index).copied().flatten()
    }

    /// Whether cameras see as before the places of which they covered these shares, and cover those now.
    pub(super) fn has_same_sight(&self, before: &[f64], now: &[f64]) -> bool {
        let shares = before.iter().zip(now);
        self.sees_the_same.len() == before.len()
            && self.sees_the_same.iter().zip(shares).all(|(same, shares)| *same || shares == (&0.0, &0.0))
    }
}

/// Whether a camera sees as before; where a camera that moves looks is told with each picture.
fn sees_the_same(before: &Calibration, now: &Calibration) -> bool {
    before == now || before.is_moving() && now.is_moving()
}

impl Site {
    /// Takes up another model of the same site.
    ///
    /// # Errors
    /// [`IncidentGoesOn`]; the site is then as it was.
    pub fn exchange(&mut self, model: SiteModel) -> Result<(), IncidentGoesOn> {
        let mut next = Self::new(model);
        let is_gone = |id: &str| next.zones.iter().all(|zone| zone.id() != id);
        if let Some(zone) = self.zones.iter().find(|zone| is_gone(zone.id()) && zone.has_incident()) {
            return Err(IncidentGoesOn { zone: zone.id().to_owned() });
        }
        let before =
            std::mem::replace(self, Self { views: vec![], zones: vec![], lines: vec![], ..Self::default() });
        let place = |view: &CameraView| next.views.iter().position(|next| next.id() == view.id());
        let views: Vec<Option<usize>> = before.views.iter().map(place).collect();
        let are_the_same =
            before.views.len() == next.views.len() && views.iter().copied().eq((0..views.len()).map(Some));
        let pairs = before.views.iter().zip(&next.views).filter(|_| are_the_same);
        let kept = Kept {
            sees_the_same: pairs
                .map(|(view, next)| sees_the_same(view.calibration(), next.calibration()))
                .collect(),
            has_same_grid: before.grid == next.grid,
            has_same_lines: before
                .lines
                .iter()
                .map(LineTracker::line)
                .eq(next.lines.iter().map(LineTracker::line)),
            views,
        };
        for (index, view) in before.views.into_iter().enumerate() {
            let Some(next) = kept.view(index).map(|index| &mut next.views[index]) else { continue };
            if kept.has_same_grid && sees_the_same(view.calibration(), next.calibration()) {
                *next = view;
                next.forget_borders();
            } else {
                next.doubt(view.doubts());
            }
        }
        for line in before.lines {
            if let Some(next) = next.lines.iter_mut().find(|next| next.line().counts_as(line.line())) {
                next.go_on_from(line, &kept);
            }
        }
        for zone in before.zones {
            if let Some(next) = next.zones.iter_mut().find(|next| next.id() == zone.id()) {
                next.go_on_from(zone, &kept);
            }
        }
        next.signals = before.signals;
        next.signals.look_again();
        *self = next;
        Ok(())
    }
}
