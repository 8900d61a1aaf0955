//! The calibration of a camera: point pairs that describe one ground seen from above, or the stated fallback.

use throng_analytics::camera::{
    Calibration, CalibrationError, Distortion, FitOptions, HeadSeen, HeadSizes, Homography, Lens, PointPair,
    STANDING_HEAD_HEIGHT_M,
};

use super::Checker;
use crate::config::diagnostic::Remark;
use crate::config::key_path::KeyPath;
use crate::config::raw;

/// Picture size assumed for an uncalibrated camera that does not say: only its shape matters.
pub(super) const COMMON_IMAGE_SIZE_PX: [u32; 2] = [1920, 1080];

/// Leave-one-out error above which a calibration is doubtful, in metres: about the shoulder width of a person.
const DOUBTFUL_LEAVE_ONE_OUT_M: f64 = 0.5;

/// Share of the picture that a lens may leave black.
const FOLDED_MAX: f64 = 0.3;

/// A point left out by name that lies nearer than this to where the others put it, metres, need not be.
const NEEDLESSLY_LEFT_OUT_M: f64 = 0.5;

impl Checker<'_> {
    /// The calibration of a camera; none where it is missing, double or wrong.
    pub(super) fn calibration(&mut self, camera: &raw::Camera, at: &KeyPath) -> Option<Calibration> {
        let [calibrated_at, drone_at, fallback_at] =
            [at.key("calibration"), at.key("drone"), at.key("uncalibrated")];
        match (&camera.calibration, &camera.drone, &camera.uncalibrated) {
            (Some(calibration), None, None) => self.fitted(calibration, &calibrated_at),
            (None, Some(drone), None) => {
                let [width_px, height_px] = drone.image_size_px.unwrap_or(COMMON_IMAGE_SIZE_PX);
                Calibration::awaiting_telemetry(width_px, height_px)
            }
            (None, None, Some(fallback)) => self.fallback(fallback, &fallback_at),
            (calibration, drone, fallback)
                if calibration.is_some() || drone.is_some() || fallback.is_some() =>
            {
                let (at, beside) = match (calibration, fallback) {
                    (None, Some(_)) => (&fallback_at, "[camera.drone]"),
                    (_, Some(_)) => (&fallback_at, "[camera.calibration]"),
                    (_, None) => (&drone_at, "[camera.calibration]"),
                };
                let remark = Remark::new(
                    format!("is given beside {beside}"),
                    "exactly one of [camera.calibration], [camera.drone] and [camera.uncalibrated]",
                    "remove the one that does not hold",
                );
                self.findings.error(at, remark);
                None
            }
            _ => {
                if ![&calibrated_at, &drone_at, &fallback_at].into_iter().any(|key| self.is_removed(key)) {
                    let remark = Remark::new(
                        "is missing",
                        "[camera.calibration] with 4 or more point pairs, [camera.drone], or [camera.uncalibrated]",
                        "measure 4 or more points, or state `heads` or `ground_width_m` in [camera.uncalibrated]",
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
                let lens = match &calibration.lens {
                    Some(lens) => Some(self.lens(lens, [width_px, height_px], &at.key("lens"))?),
                    None if self.is_removed(&at.key("lens")) => return None,
                    None => None,
                };
                let options = FitOptions {
                    head_height_m: calibration.head_height_m.unwrap_or(STANDING_HEAD_HEIGHT_M),
                    lens,
                    leave_out: self.leave_out(calibration, pairs.len(), &at.key("leave_out"))?,
                };
                Calibration::fit(&pairs, [width_px, height_px], &options).map(Some)
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
                self.left_out(&fitted, &at.key("leave_out"));
                Some(fitted)
            }
        }
    }

    /// The points to leave out; `None` where one is not there.
    fn leave_out(
        &mut self,
        calibration: &raw::Calibration,
        points: usize,
        at: &KeyPath,
    ) -> Option<Vec<usize>> {
        let written = calibration.leave_out.iter().flatten().enumerate();
        let mut leave_out = Vec::new();
        for (i, index) in written {
            let Some(index) = usize::try_from(*index).ok().filter(|index| *index < points) else {
                let remark = Remark::new(
                    format!("is {index}, and there are {points} points"),
                    format!("the number of a point, 0 to {}", points.saturating_sub(1)),
                    "count the points from 0, as in points[0]",
                );
                self.findings.error(&at.index(i), remark);
                return None;
            };
            leave_out.push(index);
        }
        Some(leave_out)
    }

    /// What is to be said of points that were left out by name.
    fn left_out(&mut self, fitted: &Calibration, at: &KeyPath) {
        for point in fitted.left_out() {
            let (index, off_m) = (point.index, point.off_m);
            let remark = if off_m < NEEDLESSLY_LEFT_OUT_M {
                Remark::new(
                    format!("leaves out point {index}, which lies {off_m:.2} m from where the others put it"),
                    "only points that contradict the rest",
                    "use it: every point that agrees makes the calibration better",
                )
            } else {
                Remark::new(
                    format!("leaves out point {index}, which lies {off_m:.2} m from where the others put it"),
                    "points that all agree",
                    "measure it again when you can; until then everything published says that it is left out",
                )
            };
            self.findings.warning(at, remark);
        }
    }

    /// A lens as the analytics know it; `None` where it is wrong.
    fn lens(&mut self, lens: &raw::Lens, [width_px, height_px]: [u32; 2], at: &KeyPath) -> Option<Lens> {
        let model = lens.model?;
        let foreign: &[(&str, Option<f64>)] = match model {
            raw::LensModel::BrownConrady => &[("k4", lens.k4)],
            raw::LensModel::Fisheye => &[("p1", lens.p1), ("p2", lens.p2)],
        };
        if let Some((name, _)) = foreign.iter().find(|(_, value)| value.is_some()) {
            let (is, other) = match model {
                raw::LensModel::BrownConrady => ("brown_conrady", "fisheye"),
                raw::LensModel::Fisheye => ("fisheye", "brown_conrady"),
            };
            let remark = Remark::new(
                format!("is given for the model {is:?}, which has none"),
                format!("coefficients of {is}"),
                format!("remove it, or set the model to {other:?}"),
            );
            self.findings.error(&at.key(name), remark);
            return None;
        }
        let [k1, k2, k3, k4, p1, p2] =
            [lens.k1, lens.k2, lens.k3, lens.k4, lens.p1, lens.p2].map(Option::unwrap_or_default);
        let found = Lens {
            focal_px: lens.focal_px?,
            principal_point_px: lens
                .principal_point_px
                .unwrap_or([f64::from(width_px) / 2.0, f64::from(height_px) / 2.0]),
            distortion: match model {
                raw::LensModel::BrownConrady => {
                    Distortion::BrownConrady { radial: [k1, k2, k3], tangential: [p1, p2] }
                }
                raw::LensModel::Fisheye => Distortion::KannalaBrandt { radial: [k1, k2, k3, k4] },
            },
        };
        let folded = folded_share(&found, [width_px, height_px]);
        if folded > 0.0 {
            let remark = Remark::new(
                format!("folds {:.0} % of the picture over: those pixels would show nothing", 100.0 * folded),
                "coefficients that undo the lens in the whole picture",
                "check the signs and the order k1, k2, p1, p2, k3 of OpenCV, and that focal_px is for image_size_px",
            );
            // Corners that a fisheye leaves black are no error.
            if folded > FOLDED_MAX {
                self.findings.error(at, remark);
                return None;
            }
            self.findings.warning(at, remark);
        }
        Some(found)
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
        let calibration = self.by_fallback(fallback, at)?;
        let remark = Remark::new(
            "the camera is not calibrated: densities are rough and levels stop at yellow",
            "[camera.calibration] with 4 or more point pairs",
            "measure 4 or more points on the ground when you can",
        );
        self.findings.warning(at, remark);
        Some(calibration)
    }

    fn by_fallback(&mut self, fallback: &raw::Uncalibrated, at: &KeyPath) -> Option<Calibration> {
        let size_px = fallback.image_size_px.unwrap_or(COMMON_IMAGE_SIZE_PX);
        let wrong = |problem: &str| {
            Remark::new(
                problem,
                "one of `heads` and `ground_width_m`",
                "measure how wide two heads are, near and far, or run `throng calibrate SITE CAMERA --heads`",
            )
        };
        match (&fallback.heads, fallback.ground_width_m) {
            (Some(heads), None) => self.by_heads(heads, fallback.view_angle_deg, size_px, &at.key("heads")),
            (None, Some(width_m)) => Calibration::uncalibrated(width_m, size_px[0], size_px[1]),
            (Some(_), Some(_)) => {
                self.findings.error(&at.key("ground_width_m"), wrong("is given beside `heads`"));
                None
            }
            (None, None) => {
                let removed = ["heads", "ground_width_m"].iter().any(|key| self.is_removed(&at.key(key)));
                if !removed {
                    self.findings.error(at, wrong("says nothing of how large anything is"));
                }
                None
            }
        }
    }

    fn by_heads(
        &mut self,
        heads: &[raw::HeadInPicture],
        view_angle_deg: Option<f64>,
        size_px: [u32; 2],
        at: &KeyPath,
    ) -> Option<Calibration> {
        let seen = heads.iter().map(|h| Some(HeadSeen { row_px: h.row_px?, width_px: h.width_px? }));
        let seen = seen.collect::<Option<Vec<_>>>()?;
        let found = HeadSizes::fit(&seen, size_px)
            .and_then(|sizes| Calibration::from_head_sizes(&sizes, view_angle_deg, STANDING_HEAD_HEIGHT_M));
        found
            .map_err(|error| {
                let remark = Remark::new(
                    error.to_string(),
                    "heads near and far, wider the lower they are in the picture",
                    "check rows (from the top) and widths, and that `image_size_px` is the picture they were measured in",
                );
                self.findings.error(at, remark);
            })
            .ok()
    }

    /// A calibration error at the point it speaks of.
    fn calibration_error(&mut self, error: &CalibrationError, points_at: &KeyPath) {
        let at = match error {
            CalibrationError::NotFinite { index }
            | CalibrationError::BeyondHorizon { index }
            | CalibrationError::BeyondLens { index }
            | CalibrationError::Duplicate { second: index, .. }
            | CalibrationError::Inconsistent { suspect: index, .. } => points_at.index(*index),
            CalibrationError::Contradicting { points, .. } if points.len() == 1 => {
                points_at.index(points[0].index)
            }
            CalibrationError::Contradicting { .. }
            | CalibrationError::TooFewAgree { .. }
            | CalibrationError::TooFewPairs { .. }
            | CalibrationError::Collinear { .. }
            | CalibrationError::Mirrored => points_at.clone(),
        };
        let expected = "distinct points, not on one line, that show one flat ground from above";
        self.findings.error(&at, Remark::from_message(&error.to_string(), expected));
    }
}

/// Share of the picture that a lens folds over, from a raster of its pixels.
fn folded_share(lens: &Lens, size_px: [u32; 2]) -> f64 {
    const SIDE: u32 = 16;
    let all = (0..=SIDE).flat_map(|row| (0..=SIDE).map(move |column| [column, row]));
    let folded = all.filter(|part| {
        let pixel = [0, 1].map(|k| f64::from(size_px[k]) * f64::from(part[k]) / f64::from(SIDE));
        lens.undistort_px(pixel).is_none()
    });
    folded.count() as f64 / f64::from((SIDE + 1) * (SIDE + 1))
}
