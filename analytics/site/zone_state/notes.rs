//! What a reader of a zone's numbers should know, in plain words.

use super::{COVERAGE_MIN, CameraView, PLAUSIBLE_PEOPLE_PER_M2, ZoneTracker};
use crate::{camera::CalibrationMethod, warning::Evidence};

impl ZoneTracker {
    pub(super) fn notes(&self, view: Option<&CameraView>, evidence: &Evidence, notes: &mut Vec<String>) {
        notes.extend(self.tightened.as_ref().map(|(tightening, _)| tightening.note()));
        match view {
            Some(view) => {
                match view.calibration().method() {
                    CalibrationMethod::HeadPlane | CalibrationMethod::Plan | CalibrationMethod::Telemetry => {
                    }
                    CalibrationMethod::GroundPlane => {
                        notes.push("heads are projected to the ground: densities are low".to_owned());
                    }
                    CalibrationMethod::HeadSizes => {
                        notes.push(
                            "uncalibrated: metres by the size of heads, densities are rough, levels stop at yellow"
                                .to_owned(),
                        );
                    }
                    CalibrationMethod::Uncalibrated => {
                        notes.push("uncalibrated: densities are rough, levels stop at yellow".to_owned());
                    }
                }
                if let Some(reason) = view.doubts() {
                    notes.push(format!("doubtful: {reason}"));
                }
                for point in view.calibration().left_out() {
                    let (index, off_m) = (point.index, point.off_m);
                    notes.push(format!(
                        "calibration point {index} is left out: it lies {off_m:.1} m from where the others put it"
                    ));
                }
                if let Some(reason) = view.invalid_reason() {
                    notes.push(format!("the newest picture is not used: {reason}"));
                }
            }
            None if self.coverage.iter().all(|share| *share < COVERAGE_MIN) => {
                notes.push("no camera sees enough of this zone".to_owned());
            }
            None => notes.push("no picture yet".to_owned()),
        }
        if self.implausible {
            notes.push(format!("more than {PLAUSIBLE_PEOPLE_PER_M2} people/m2 measured: not believed"));
        }
        if let Some(enclosure) = self.enclosure.as_ref().filter(|_| evidence.freshness.may_raise()) {
            notes.extend(enclosure.note());
        }
        if evidence.low_confidence && evidence.freshness.may_raise() {
            notes.push("low confidence: the level may rise, not fall".to_owned());
        }
    }
}
