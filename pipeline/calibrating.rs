//! What point pairs make of a camera: how far each lies off, and how much of each zone can be believed. For
//! `throng calibrate` and for the console's page.

use anyhow::{Context as _, ensure};
use throng_analytics::{
    camera::{Calibration, FitOptions, Homography, Lens, PointPair, pose_from_ground},
    ground::{Visibility, zone_visibility},
    zone::Zone,
};

/// A camera's points as they are to be fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// The pairs.
    pub pairs: Vec<PointPair>,
    /// Width and height of the picture that they were measured in, pixels.
    pub image_size_px: [u32; 2],
    /// Height at which heads are seen, metres.
    pub head_height_m: f64,
    /// The lens, where it was measured in such a picture.
    pub lens: Option<Lens>,
    /// Which of the pairs are left out.
    pub leave_out: Vec<usize>,
}

impl Points {
    /// Fits the ground to them.
    ///
    /// # Errors
    /// They show no flat ground from above; the message names the point that is wrong.
    pub fn fit(&self, camera: &str) -> anyhow::Result<Calibration> {
        let options = FitOptions {
            head_height_m: self.head_height_m,
            lens: self.lens,
            leave_out: self.leave_out.clone(),
        };
        let calibration = Calibration::fit(&self.pairs, self.image_size_px, &options)
            .with_context(|| format!("the points of camera {camera} give no calibration"))?;
        ensure!(calibration.is_calibrated(), "the points give no ground seen from above");
        Ok(calibration)
    }

    /// The focal length that they tell once `lens` is taken back, pixels; `None` where they tell none, as from straight above.
    pub fn focal_px(&self, lens: &Lens) -> Option<f64> {
        let used = self.pairs.iter().enumerate().filter(|(index, _)| !self.leave_out.contains(index));
        let undo = |(_, pair): (usize, &PointPair)| {
            Some(PointPair { in_image_px: lens.undistort_px(pair.in_image_px)?, ..*pair })
        };
        let ground = Homography::fit(&used.map(undo).collect::<Option<Vec<_>>>()?).ok()?;
        let [width_px, height_px] = self.image_size_px;
        let pose = pose_from_ground(&ground, width_px, height_px, self.head_height_m, None)?;
        Some(pose.camera.focal_px)
    }
}

/// How far a point lies off, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointFit {
    /// From the fit of all points.
    pub residual_m: Option<f64>,
    /// From the fit of the others; `None` where four are not left.
    pub by_others_m: Option<f64>,
    /// Where the others put it, pixels; `None`, too, where a lens bends the picture.
    pub by_others_px: Option<[f64; 2]>,
}

/// How far each of the pairs lies off.
pub fn point_fits(calibration: &Calibration, pairs: &[PointPair]) -> Vec<PointFit> {
    let undistorted = undistorted(calibration, pairs);
    let has_lens = undistorted != pairs;
    let fit = |(index, pair): (usize, &PointPair)| {
        let distance = |to: [f64; 2]| (to[0] - pair.in_ground_m[0]).hypot(to[1] - pair.in_ground_m[1]);
        let others = without(&undistorted, index);
        let by_others = others.as_ref();
        PointFit {
            residual_m: calibration.ground_from_image().apply(pair.in_image_px).map(distance),
            by_others_m: by_others.and_then(|fit| fit.apply(undistorted[index].in_image_px)).map(distance),
            by_others_px: by_others
                .filter(|_| !has_lens)
                .and_then(|fit| fit.inverse()?.apply(pair.in_ground_m)),
        }
    };
    pairs.iter().enumerate().map(fit).collect()
}

/// The pairs in a picture without what the lens does to it.
fn undistorted(calibration: &Calibration, pairs: &[PointPair]) -> Vec<PointPair> {
    let undo = |pair: &PointPair| {
        let in_image_px = calibration.ground_from_image().undistorted(pair.in_image_px);
        PointPair { in_image_px: in_image_px.unwrap_or(pair.in_image_px), ..*pair }
    };
    pairs.iter().map(undo).collect()
}

/// The fit of all pairs but one; `None` where four are not left.
fn without(pairs: &[PointPair], index: usize) -> Option<Homography> {
    let others: Vec<PointPair> =
        pairs.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, pair)| *pair).collect();
    Homography::fit(&others).ok()
}

/// How far a zone can be believed.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneFit<'a> {
    /// The zone.
    pub zone: &'a Zone,
    /// How much of it is seen.
    pub seen: Visibility,
    /// Relative standard deviation of its area.
    pub area_sigma: f64,
}

/// How far the zones that a camera measures can be believed.
pub fn zone_fits<'a>(calibration: &Calibration, zones: &'a [Zone], camera: &str) -> Vec<ZoneFit<'a>> {
    let measured = zones.iter().filter(|zone| zone.is_measured_by(camera));
    let fit = |zone: &'a Zone| ZoneFit {
        zone,
        seen: zone_visibility(calibration, &zone.outline),
        area_sigma: calibration.sigma_area_relative(zone.outline.corners_m().iter().copied()),
    };
    measured.map(fit).collect()
}
