//! The calibration of a camera: point pairs that describe one ground seen from above, or the stated fallback.

use throng_analytics::camera::{
    Calibration, CalibrationError, Homography, PointPair, STANDING_HEAD_HEIGHT_M,
};

use super::Checker;
use crate::config::diagnostic::Remark;
use crate::config::key_path::KeyPath;
use crate::config::raw;

/// Picture size assumed for an uncalibrated camera that does not say: only its shape matters.
const COMMON_IMAGE_SIZE_PX: [u32; 2] = [1920, 1080];

/// Leave-one-out error above which a calibration is doubtful, in metres: about the shoulder width of a person.
const DOUBTFUL_LEAVE_ONE_OUT_M: f64 = 0.5;

impl Checker<'_> {
    /// The calibration of a camera; none where it is missing, double or wrong.
    pub(super) fn calibration(&mut self, camera: &raw::Camera, at: &KeyPath) -> Option<Calibration> {
        let [calibrated_at, fallback_at] = [at.key("calibration"), at.key("uncalibrated")];
        match (&camera.calibration, &camera.uncalibrated) {
            (Some(calibration), None) => self.fitted(calibration, &calibrated_at),
            (None, Some(fallback)) => self.fallback(fallback, &fallback_at),
            (Some(_), Some(_)) => {
                let remark = Remark::new(
                    "is given beside [camera.calibration]",
                    "exactly one of [camera.calibration] and [camera.uncalibrated]",
                    "remove the one that does not hold",
                );
                self.findings.error(&fallback_at, remark);
                None
            }
            (None, None) => {
                if !self.is_removed(&calibrated_at) && !self.is_removed(&fallback_at) {
                    let remark = Remark::new(
                        "is missing",
                        "[camera.calibration] with 4 or more point pairs, or [camera.uncalibrated]",
                        "measure 4 or more points, or state `ground_width_m` in [camera.uncalibrated]",
                    );
                    self.findings.error(&calibrated_at, remark);
                }
                None
            }
        }
    }

    fn fitted(&mut self, calibration: &raw::Calibration, at: &KeyPath) -> Option<Calibration> {
        let points_at = at.key("points");
        let points = calibration.points.as_deref()?;
        let pairs: Vec<PointPair> = points
            .iter()
            .filter_map(|pair| Some(PointPair { in_image_px: pair.image_px?, in_ground_m: pair.ground_m? }))
            .collect();
        // With a pair missing, every judgement of the others could be wrong.
        if pairs.len() < points.len() {
            return None;
        }
        let head_height_at = at.key("head_height_m");
        let fitted = match calibration.image_size_px {
            Some([width_px, height_px]) => {
                self.points_in_picture(&pairs, [width_px, height_px], &points_at);
                let head_height_m = calibration.head_height_m.unwrap_or(STANDING_HEAD_HEIGHT_M);
                Calibration::from_point_pairs(&pairs, width_px, height_px, head_height_m).map(Some)
            }
            None => Homography::fit(&pairs).map(|_| None),
        };
        match fitted {
            Err(error) => {
                self.calibration_error(&error, &points_at);
                None
            }
            Ok(fitted) => {
                let fitted = fitted.filter(|_| !self.is_removed(&head_height_at))?;
                if let Some(error_m) =
                    fitted.leave_one_out_rmse_m().filter(|error_m| *error_m > DOUBTFUL_LEAVE_ONE_OUT_M)
                {
                    let problem = format!("each point lies {error_m:.2} m from where the others put it");
                    let expected = format!("a leave-one-out error of at most {DOUBTFUL_LEAVE_ONE_OUT_M} m");
                    let advice = "measure the points again, or add some: densities inherit this error";
                    self.findings.warning(&points_at, Remark::new(problem, expected, advice));
                }
                Some(fitted)
            }
        }
    }

    fn points_in_picture(&mut self, pairs: &[PointPair], [width_px, height_px]: [u32; 2], at: &KeyPath) {
        for (index, pair) in pairs.iter().enumerate() {
            let [u, v] = pair.in_image_px;
            let inside =
                (0.0..=f64::from(width_px)).contains(&u) && (0.0..=f64::from(height_px)).contains(&v);
            if !inside {
                let remark = Remark::new(
                    format!("is [{u}, {v}]"),
                    format!("a point inside the picture of {width_px} x {height_px} pixels"),
                    "correct the point, or `image_size_px` to the picture it was measured in",
                );
                self.findings.error(&at.index(index).key("image_px"), remark);
            }
        }
    }

    fn fallback(&mut self, fallback: &raw::Uncalibrated, at: &KeyPath) -> Option<Calibration> {
        let remark = Remark::new(
            "the camera is not calibrated: densities are rough and levels stop at yellow",
            "[camera.calibration] with 4 or more point pairs",
            "measure 4 or more points on the ground when you can",
        );
        self.findings.warning(at, remark);
        let [width_px, height_px] = fallback.image_size_px.unwrap_or(COMMON_IMAGE_SIZE_PX);
        Calibration::uncalibrated(fallback.ground_width_m?, width_px, height_px)
    }

    /// A calibration error at the point it speaks of.
    fn calibration_error(&mut self, error: &CalibrationError, points_at: &KeyPath) {
        let at = match error {
            CalibrationError::NotFinite { index }
            | CalibrationError::BeyondHorizon { index }
            | CalibrationError::Duplicate { second: index, .. }
            | CalibrationError::Inconsistent { suspect: index, .. } => points_at.index(*index),
            CalibrationError::TooFewPairs { .. }
            | CalibrationError::Collinear { .. }
            | CalibrationError::Mirrored => points_at.clone(),
        };
        let expected = "distinct points, not on one line, that show one flat ground from above";
        self.findings.error(&at, Remark::from_message(&error.to_string(), expected));
    }
}
