//! A camera nobody has measured, from how large heads are in its picture (analytics specification 4.5).
//!
//! On a plane seen by an upright camera the width of a head is linear in the picture's rows, `s(v) = a v + b`, and 0 at the
//! horizon. With the focal length, which must be guessed, and the width of a head in metres this is the whole camera: the
//! depression is `atan(s(c) / (a f))` with `c` the middle row, the height above the heads `w f sin(p) / s(c)`, and a pixel
//! of row v shows `w^2 sqrt((a f)^2 + s(c)^2) / s(v)^3` square metres.

use std::f64::consts::FRAC_PI_2;

use thiserror::Error;

use super::Pinhole;

/// Width of a head as one sees it in a picture, hair included, metres: between 0.168, the median of what the shipped detector
/// finds in the sixteen rendered scenarios to develop with, and 0.176, the same over the measured ground of `vtest.avi`; about
/// 0.15 of it is bone and skin (US Army survey of 1988, from memory). The specification's 0.22 to 0.23 m would make areas nearly
/// twice as large.
pub const HEAD_WIDTH_M: f64 = 0.17;

/// Relative standard deviation of that from place to place: hats, hair, and what a detector takes for a head (our proposal).
const HEAD_WIDTH_SIGMA: f64 = 0.1;

/// View across where nobody states it, degrees: between a telephoto street camera (50) and a wide one (100); and the relative
/// standard deviation of the focal length by this guess, and where it is stated (our proposal).
const VIEW_ANGLE_DEG: f64 = 70.0;
const GUESSED_FOCAL_SIGMA: f64 = 0.4;
const STATED_FOCAL_SIGMA: f64 = 0.05;

/// Least share of the picture's height over which heads must be spread to tell how their size changes (our proposal).
const SPREAD_MIN: f64 = 0.1;

/// Relative standard deviation of areas from which on heads tell no camera: twice what the specification expects of a fallback
/// at the least (our proposal).
const SIGMA_MAX: f64 = 0.5;

/// By how much the slope may be off, against what the scatter of the heads alone makes: detectors see heads that are far away
/// or half hidden otherwise than near ones, which no number of heads averages out (our proposal).
const SLOPE_SYSTEMATIC: f64 = 2.0;

/// Uneven ground and people of different heights: relative standard deviation of a width taken as exact (our proposal).
const LEAST_SCATTER: f64 = 0.05;

/// A head seen in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadSeen {
    /// Row of its middle, pixels from the top.
    pub row_px: f64,
    /// Its width, pixels.
    pub width_px: f64,
}

/// Why heads tell no camera.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum HeadSizesError {
    /// A number is not finite, or a width not positive.
    #[error("head {index} has a row or width that is no size")]
    NotASize {
        /// Which, from 0.
        index: usize,
    },
    /// They say nothing of how size changes over the picture.
    #[error(
        "the {heads} heads are spread over {share:.0} % of the picture's height: at least two, over 10 %, are needed to tell \
         how their size changes"
    )]
    NotSpread {
        /// How many.
        heads: usize,
        /// Percent of the picture's height between the highest and the lowest.
        share: f64,
    },
    /// The middle of the picture would show the sky, or no head is large enough to be counted.
    #[error("by these heads the horizon lies below the picture's middle: the camera looks up")]
    LooksUp,
    /// How their size changes is known too badly.
    #[error(
        "by these heads areas are known to {percent:.0} % only: take in people nearer to the camera and farther from it, or \
         state the view across"
    )]
    TooUncertain {
        /// Relative standard deviation of areas, percent.
        percent: f64,
    },
}

/// Width of heads by row: the median line through all pairs of heads (Theil and Sen), which up to 29 % of false ones do not
/// move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadSizes {
    /// Growth of the width a row, pixels a pixel; at least 0, since heads lower in the picture are nearer.
    slope: f64,
    /// Width at the picture's middle row, pixels.
    at_middle_px: f64,
    /// Mean row of the heads, where their width is known best, pixels.
    mean_row_px: f64,
    /// Relative standard deviation of the width there.
    sigma_relative: f64,
    /// Standard deviation of the slope.
    slope_sigma: f64,
    image_size_px: [u32; 2],
}

impl HeadSizes {
    /// Of the heads seen in pictures of a size.
    ///
    /// # Errors
    /// [`HeadSizesError`] where they tell no camera.
    pub fn fit(heads: &[HeadSeen], image_size_px: [u32; 2]) -> Result<Self, HeadSizesError> {
        let is_size = |h: &HeadSeen| h.row_px.is_finite() && h.width_px.is_finite() && h.width_px > 0.0;
        if let Some(index) = heads.iter().position(|head| !is_size(head)) {
            return Err(HeadSizesError::NotASize { index });
        }
        let height_px = f64::from(image_size_px[1]);
        let rows = || heads.iter().map(|head| head.row_px);
        let span_px = rows().fold(f64::NEG_INFINITY, f64::max) - rows().fold(f64::INFINITY, f64::min);
        if heads.len() < 2 || span_px < SPREAD_MIN * height_px {
            let share = 100.0 * span_px.max(0.0) / height_px;
            return Err(HeadSizesError::NotSpread { heads: heads.len(), share });
        }
        // Heads side by side say nothing of how size changes with the row.
        let slopes = heads.iter().enumerate().flat_map(|(i, a)| {
            heads[i + 1..].iter().filter_map(move |b| {
                let rows_px = b.row_px - a.row_px;
                (rows_px.abs() > 0.1 * span_px).then(|| (b.width_px - a.width_px) / rows_px)
            })
        });
        let slope = median(slopes.collect()).unwrap_or(0.0).max(0.0);
        let middle_px = 0.5 * height_px;
        let at_middle = heads.iter().map(|head| head.width_px - slope * (head.row_px - middle_px));
        let at_middle_px = median(at_middle.collect()).unwrap_or(0.0);
        if at_middle_px <= 0.0 {
            return Err(HeadSizesError::LooksUp);
        }
        let off = heads.iter().map(|head| {
            let fitted = at_middle_px + slope * (head.row_px - middle_px);
            (head.width_px - fitted).abs() / fitted.max(1.0)
        });
        // The median of absolute deviations, as a standard deviation of a normal one.
        let scatter = (1.4826 * median(off.collect()).unwrap_or(0.0)).max(LEAST_SCATTER);
        let n = heads.len() as f64;
        let mean_row_px = rows().sum::<f64>() / n;
        let spread_px = (rows().map(|row| (row - mean_row_px).powi(2)).sum::<f64>() / n).sqrt();
        let sigma_relative = scatter / n.sqrt();
        let mut sizes =
            Self { slope, at_middle_px, mean_row_px, sigma_relative, slope_sigma: 0.0, image_size_px };
        sizes.slope_sigma = SLOPE_SYSTEMATIC * sigma_relative * sizes.width_px(mean_row_px) / spread_px;
        Ok(sizes)
    }

    /// Width of a head at a row, pixels; not positive from the horizon up.
    pub fn width_px(&self, row_px: f64) -> f64 {
        self.at_middle_px + self.slope * (row_px - 0.5 * f64::from(self.image_size_px[1]))
    }

    /// The corners of the part of the picture in which heads are at least `least_px` wide, pixels; `None` where that is nowhere.
    pub(super) fn corners_px(&self, least_px: f64) -> Option<[[f64; 2]; 4]> {
        let [width_px, height_px] = self.image_size_px.map(f64::from);
        let rows_up = (self.width_px(height_px) - least_px) / self.slope.max(f64::MIN_POSITIVE);
        let top_px = (height_px - rows_up).max(0.0);
        (rows_up > 0.0).then_some([
            [0.0, height_px],
            [width_px, height_px],
            [width_px, top_px],
            [0.0, top_px],
        ])
    }

    /// The camera that sees heads so, and the relative standard deviation of its areas: that of a head's width twice, of the
    /// fitted width three times, of the slope and of the focal length as far as the view is oblique, added in squares.
    /// `view_angle_deg` is the view across where somebody knows it. The camera stands at the ground's origin and looks along y.
    pub fn camera(&self, view_angle_deg: Option<f64>, head_height_m: f64) -> (Pinhole, f64) {
        let [width_px, height_px] = self.image_size_px;
        let half_view = 0.5 * view_angle_deg.unwrap_or(VIEW_ANGLE_DEG).to_radians();
        let focal_px = 0.5 * f64::from(width_px) / half_view.tan();
        let depression_rad = self.at_middle_px.atan2(self.slope * focal_px);
        let above_heads_m = HEAD_WIDTH_M * focal_px * depression_rad.sin() / self.at_middle_px;
        let camera = Pinhole {
            position_m: [0.0, 0.0, head_height_m + above_heads_m],
            yaw_rad: FRAC_PI_2,
            depression_rad,
            focal_px,
            image_width_px: width_px,
            image_height_px: height_px,
        };
        // Where the width is known best, a pixel's area changes with slope and focal length by this alone.
        let from_middle_px = 0.5 * f64::from(height_px) - self.mean_row_px;
        let foreshortening = |slope: f64, focal_px: f64| {
            let at_middle_px = self.width_px(self.mean_row_px) + slope * from_middle_px;
            (slope * focal_px).hypot(at_middle_px).max(f64::MIN_POSITIVE)
        };
        let half = |a: f64, b: f64| 0.5 * (a / b).ln().abs();
        let slopes = [self.slope + self.slope_sigma, (self.slope - self.slope_sigma).max(0.0)];
        let by_slope = half(foreshortening(slopes[0], focal_px), foreshortening(slopes[1], focal_px));
        let focal_sigma = if view_angle_deg.is_some() { STATED_FOCAL_SIGMA } else { GUESSED_FOCAL_SIGMA };
        let by_focal = half(
            foreshortening(self.slope, focal_px * (1.0 + focal_sigma)),
            foreshortening(self.slope, focal_px / (1.0 + focal_sigma)),
        );
        let by_width = (2.0 * HEAD_WIDTH_SIGMA).hypot(3.0 * self.sigma_relative);
        (camera, by_width.hypot(by_slope).hypot(by_focal))
    }
}

/// The relative standard deviation of areas, where it is small enough for a calibration.
pub(super) fn usable(sigma_area_relative: f64) -> Result<f64, HeadSizesError> {
    if sigma_area_relative <= SIGMA_MAX {
        Ok(sigma_area_relative)
    } else {
        Err(HeadSizesError::TooUncertain { percent: 100.0 * sigma_area_relative })
    }
}

/// `None` of nothing.
fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    (middle < values.len()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Calibration;

    const SIZE_PX: [u32; 2] = [1280, 720];

    fn camera(height_m: f64, depression_deg: f64, view_angle_deg: f64) -> Pinhole {
        Pinhole {
            position_m: [0.0, 0.0, height_m],
            yaw_rad: FRAC_PI_2,
            depression_rad: f64::to_radians(depression_deg),
            focal_px: 640.0 / f64::to_radians(0.5 * view_angle_deg).tan(),
            image_width_px: SIZE_PX[0],
            image_height_px: SIZE_PX[1],
        }
    }

    /// Heads over the whole picture, each off by a share of its width, every `false_each`-th by a factor of three.
    fn heads(camera: &Pinhole, scatter: f64, false_each: usize) -> Vec<HeadSeen> {
        let to_plane = camera.plane_from_image(1.6).unwrap();
        (0..80)
            .filter_map(|k| {
                let pixel = [f64::from(k * 37 % 80) / 80.0 * 1280.0, (f64::from(k) + 0.5) / 80.0 * 720.0];
                let [x, y] = to_plane.apply(pixel)?;
                let width_px = HEAD_WIDTH_M * camera.focal_px / camera.project([x, y, 1.6])?.depth_m;
                let off = 1.0 + scatter * (f64::from(k * 7919 % 200) / 100.0 - 1.0);
                let is_false = false_each > 0 && (k as usize).is_multiple_of(false_each);
                let width_px = width_px * off * if is_false { 3.0 } else { 1.0 };
                (width_px > 3.0).then_some(HeadSeen { row_px: pixel[1], width_px })
            })
            .collect()
    }

    #[test]
    fn exact_heads_and_a_known_lens_give_the_camera() {
        for depression_deg in [20.0, 45.0, 70.0, 90.0] {
            let truth = camera(8.0, depression_deg, 65.0);
            let sizes = HeadSizes::fit(&heads(&truth, 0.0, 0), SIZE_PX).unwrap();
            let (found, sigma) = sizes.camera(Some(65.0), 1.6);
            assert!((found.position_m[2] - 8.0).abs() < 0.02, "{depression_deg}: {found:?}");
            assert!((found.depression_rad - truth.depression_rad).abs() < 0.005, "{found:?}");
            assert!((0.19..0.3).contains(&sigma), "{sigma}");
        }
    }

    #[test]
    fn a_pixels_area_is_that_of_the_formula() {
        let truth = camera(8.0, 40.0, 65.0);
        let sizes = HeadSizes::fit(&heads(&truth, 0.0, 0), SIZE_PX).unwrap();
        let (found, _) = sizes.camera(Some(65.0), 1.6);
        let map = found.plane_from_image(1.6).unwrap();
        for row_px in [200.0, 360.0, 700.0] {
            let (a, c) = (sizes.slope * found.focal_px, sizes.at_middle_px);
            let formula = HEAD_WIDTH_M.powi(2) * a.hypot(c) / sizes.width_px(row_px).powi(3);
            let area = map.area_scale([500.0, row_px]).unwrap();
            assert!((area / formula - 1.0).abs() < 1e-9, "{area} {formula}");
        }
    }

    #[test]
    fn areas_hold_within_the_stated_error_under_noise_outliers_and_a_guessed_lens() {
        let (mut within, mut all) = (0, 0);
        for height_m in [5.0, 8.0, 15.0] {
            for depression_deg in [25.0, 40.0, 60.0] {
                for view_angle_deg in [50.0, 65.0, 90.0] {
                    let truth = camera(height_m, depression_deg, view_angle_deg);
                    let sizes = HeadSizes::fit(&heads(&truth, 0.25, 7), SIZE_PX).unwrap();
                    let (found, sigma) = sizes.camera(None, 1.6);
                    let area = |c: &Pinhole, v: f64| c.plane_from_image(1.6)?.area_scale([640.0, v]);
                    for row_px in [360.0, 500.0, 650.0] {
                        let ratio = area(&found, row_px).unwrap() / area(&truth, row_px).unwrap();
                        all += 1;
                        within += usize::from(ratio.ln().abs() < 1.645 * sigma);
                    }
                }
            }
        }
        assert!(within * 10 >= all * 9, "{within} of {all}");
    }

    #[test]
    fn heads_that_tell_no_camera_are_refused_with_the_reason() {
        let head = |row_px: f64, width_px: f64| HeadSeen { row_px, width_px };
        let fit = |heads: &[HeadSeen]| HeadSizes::fit(heads, SIZE_PX).unwrap_err();
        assert_eq!(fit(&[]), HeadSizesError::NotSpread { heads: 0, share: 0.0 });
        assert!(matches!(
            fit(&[head(300.0, 9.0), head(310.0, 9.0)]),
            HeadSizesError::NotSpread { heads: 2, .. }
        ));
        assert_eq!(fit(&[head(300.0, 9.0), head(500.0, f64::NAN)]), HeadSizesError::NotASize { index: 1 });
        assert_eq!(fit(&[head(500.0, 2.0), head(700.0, 20.0)]), HeadSizesError::LooksUp);
    }

    #[test]
    fn heads_in_a_narrow_band_that_differ_among_themselves_tell_no_camera() {
        let truth = camera(10.0, 35.0, 55.0);
        let band: Vec<HeadSeen> =
            heads(&truth, 0.5, 5).into_iter().filter(|head| (300.0..385.0).contains(&head.row_px)).collect();
        assert!(band.len() > 5);
        let sizes = HeadSizes::fit(&band, SIZE_PX).unwrap();
        let refused = Calibration::from_head_sizes(&sizes, None, 1.6).unwrap_err();
        assert!(matches!(refused, HeadSizesError::TooUncertain { percent } if percent > 50.0), "{refused}");
        let spread = HeadSizes::fit(&heads(&truth, 0.25, 7), SIZE_PX).unwrap();
        let calibration = Calibration::from_head_sizes(&spread, None, 1.6).unwrap();
        assert!(!calibration.is_calibrated() && calibration.knows_head_sizes());
    }
}
