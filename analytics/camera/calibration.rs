//! A camera's calibration as the site uses it: ground plane, head plane, and how far to trust them.

use nalgebra::Matrix3;

use crate::ground::HEAD_MIN_PX;

use super::consensus::{AGREEING_MIN, contradictions};
use super::covariance::FitCovariance;
use super::head_sizes::usable;
use super::homography::outlier;
use super::{
    CalibrationError, Contradiction, DroneCamera, DroneCameraError, HeadSizes, HeadSizesError, Homography,
    ImageFromPlane, Lens, PlaneFromImage, PointPair, STANDING_HEAD_HEIGHT_M, TrustRegion,
    leave_one_out_rmse_m, pose_from_ground,
};

/// How the metres came about; published, because it decides what a density may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalibrationMethod {
    /// Point pairs, with the head plane from the decomposed pose.
    HeadPlane,
    /// Point pairs, but the pose could not be recovered (a view straight down, or strong lens distortion): heads are
    /// projected to the ground plane, so density is low by `((H - h) / H)^2`.
    GroundPlane,
    /// A plan of the ground: positions come measured, as from an orthophoto or the tracks of another sensor.
    Plan,
    /// The telemetry of a camera that moves, picture by picture.
    Telemetry,
    /// No point pairs: the camera follows from how large heads are in its picture ([`HeadSizes`]). Levels are capped at
    /// yellow (analytics specification 4.5).
    HeadSizes,
    /// No point pairs: one scale for the whole picture. Levels are capped at yellow likewise.
    Uncalibrated,
}

/// Largest root mean square residual of a usable fit, in metres: beyond it the pairs contradict each other.
const RMSE_LIMIT_M: f64 = 1.0;

/// Relative standard deviation of areas assumed for the uncalibrated fallback: 20 to 35 % density error is to be
/// expected (analytics specification 4.5); the upper end, since the scale is a guess.
const UNCALIBRATED_SIGMA_AREA: f64 = 0.35;

/// Relative standard deviation of areas added where heads had to be projected to the ground plane: half of the largest
/// bias in common use, -36 % from an 8 m mast (analytics specification, decision 4).
const GROUND_PLANE_SIGMA_AREA: f64 = 0.18;

/// Relative standard deviation of areas by point pairs at best, and where nothing tells it (our proposal).
const LEAST_SIGMA_AREA: f64 = 0.02;
const UNJUDGED_SIGMA_AREA: f64 = 0.10;

/// Relative standard deviation of areas on a plan: that of a tape measured to a hundredth (our proposal).
const PLAN_SIGMA_AREA: f64 = 0.02;

/// What a fit of point pairs goes by beside them.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Height of heads above the ground, metres.
    pub head_height_m: f64,
    /// The camera's lens, where it was measured; pairs, and all pixels of the calibration, are those that it gives.
    pub lens: Option<Lens>,
    /// Indices of pairs that somebody decided to leave out.
    pub leave_out: Vec<usize>,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { head_height_m: STANDING_HEAD_HEIGHT_M, lens: None, leave_out: Vec::new() }
    }
}

/// Maps between a camera's image and the site's ground plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    method: CalibrationMethod,
    image_size_px: [u32; 2],
    ground_from_image: PlaneFromImage,
    image_from_ground: ImageFromPlane,
    head_plane_from_image: PlaneFromImage,
    image_from_head_plane: ImageFromPlane,
    trust_region: Option<TrustRegion>,
    leave_one_out_rmse_m: Option<f64>,
    left_out: Vec<Contradiction>,
    covariance: Option<FitCovariance>,
    camera_height_m: Option<f64>,
    depression_rad: Option<f64>,
    /// Relative standard deviation of areas, where whoever made the calibration states it.
    stated_sigma_area: Option<f64>,
}

impl Calibration {
    /// From point pairs in an image of the given size; heads at `head_height_m` above the ground (1.6 standing).
    ///
    /// # Errors
    /// [`CalibrationError`] names the pair or the property that is wrong.
    pub fn from_point_pairs(
        pairs: &[PointPair],
        image_width_px: u32,
        image_height_px: u32,
        head_height_m: f64,
    ) -> Result<Self, CalibrationError> {
        let options = FitOptions { head_height_m, ..FitOptions::default() };
        Self::fit(pairs, [image_width_px, image_height_px], &options)
    }

    /// From point pairs in an image of the given size, with what else is known of the camera and decided about the pairs.
    ///
    /// # Errors
    /// [`CalibrationError`] names the pairs or the property that is wrong. Pairs that contradict the rest are named with how
    /// far they are off, and nothing is fitted without them unless they are left out by name.
    pub fn fit(
        pairs: &[PointPair],
        image_size_px: [u32; 2],
        options: &FitOptions,
    ) -> Result<Self, CalibrationError> {
        let undistorted = pairs
            .iter()
            .enumerate()
            .map(|(index, pair)| {
                let undo = |lens: &Lens| lens.undistort_px(pair.in_image_px);
                let in_image_px = options.lens.as_ref().map_or(Some(pair.in_image_px), undo);
                let in_image_px = in_image_px.ok_or(CalibrationError::BeyondLens { index })?;
                Ok(PointPair { in_image_px, ..*pair })
            })
            .collect::<Result<Vec<PointPair>, CalibrationError>>()?;
        let original: Vec<usize> = (0..pairs.len()).filter(|i| !options.leave_out.contains(i)).collect();
        let kept: Vec<PointPair> = original.iter().map(|i| undistorted[*i]).collect();
        let left_out = pairs.len() - kept.len();
        if left_out > 0 && kept.len() < AGREEING_MIN {
            return Err(CalibrationError::TooFewAgree { left_out, left: kept.len() });
        }
        let ground = consistent_fit(&kept).map_err(|error| error.numbered_by(&original))?;
        let residuals_m = ground.residuals_m(&undistorted);
        let mut calibration = Self::from_ground(&ground, &kept, image_size_px, options)?;
        calibration.left_out = (0..pairs.len())
            .filter(|i| options.leave_out.contains(i))
            .map(|index| Contradiction { index, off_m: residuals_m[index].unwrap_or(f64::INFINITY) })
            .collect();
        Ok(calibration)
    }

    fn from_ground(
        ground: &Homography,
        kept: &[PointPair],
        [width_px, height_px]: [u32; 2],
        options: &FitOptions,
    ) -> Result<Self, CalibrationError> {
        let pose =
            pose_from_ground(ground, width_px, height_px, options.head_height_m, options.lens.as_ref());
        let (method, head_plane) = match &pose {
            Some(pose) => (CalibrationMethod::HeadPlane, &pose.head_plane_from_image),
            None => (CalibrationMethod::GroundPlane, ground),
        };
        let through_lens = |h: &Homography| PlaneFromImage::new(h.clone(), options.lens);
        let (ground_from_image, head_plane_from_image) = (through_lens(ground), through_lens(head_plane));
        let invert =
            |map: &PlaneFromImage| map.inverse().ok_or(CalibrationError::Collinear { space: "in the image" });
        Ok(Self {
            method,
            image_size_px: [width_px, height_px],
            image_from_ground: invert(&ground_from_image)?,
            image_from_head_plane: invert(&head_plane_from_image)?,
            ground_from_image,
            head_plane_from_image,
            trust_region: Some(TrustRegion::around(&kept.iter().map(|p| p.in_ground_m).collect::<Vec<_>>())),
            leave_one_out_rmse_m: leave_one_out_rmse_m(kept),
            left_out: Vec::new(),
            covariance: FitCovariance::of(ground, kept),
            camera_height_m: pose.as_ref().map(|p| p.camera.position_m[2]),
            depression_rad: pose.as_ref().map(|p| p.camera.depression_rad),
            stated_sigma_area: None,
        })
    }

    /// From the telemetry of a camera in the air, with the relative standard deviation of areas that its errors make
    /// ([`DroneCamera::sigma_area_relative`]); heads at `head_height_m`. It holds for the picture that it was made for.
    ///
    /// # Errors
    /// [`DroneCameraError`] where the camera looks too flat, or is lower than the heads.
    pub fn from_drone(
        drone: &DroneCamera,
        head_height_m: f64,
        sigma_area_relative: f64,
    ) -> Result<Self, DroneCameraError> {
        let too_flat = || DroneCameraError::TooFlat { depression_deg: drone.depression_rad().to_degrees() };
        if drone.slant_range_m().is_none() {
            return Err(too_flat());
        }
        let height_m = drone.position_m()[2];
        if height_m <= head_height_m {
            return Err(DroneCameraError::BelowGround { height_m });
        }
        let map = |z: f64| drone.plane_from_image(z).ok_or_else(too_flat);
        let through = |h: Homography| PlaneFromImage::new(h, None);
        let (ground_from_image, head_plane_from_image) = (through(map(0.0)?), through(map(head_height_m)?));
        let invert = |map: &PlaneFromImage| map.inverse().ok_or_else(too_flat);
        Ok(Self {
            method: CalibrationMethod::Telemetry,
            image_size_px: drone.image_size_px(),
            image_from_ground: invert(&ground_from_image)?,
            image_from_head_plane: invert(&head_plane_from_image)?,
            ground_from_image,
            head_plane_from_image,
            trust_region: None,
            leave_one_out_rmse_m: None,
            left_out: Vec::new(),
            covariance: None,
            camera_height_m: Some(height_m),
            depression_rad: Some(drone.depression_rad()),
            stated_sigma_area: Some(sigma_area_relative),
        })
    }

    /// From how large heads are in the picture, trusted where they are large enough to be counted. The ground's origin lies
    /// below the camera, y ahead and x to the right. `view_angle_deg` is the view across where somebody knows it.
    ///
    /// # Errors
    /// [`HeadSizesError`] where areas would be known too badly, and where no head is large enough to be counted.
    pub fn from_head_sizes(
        sizes: &HeadSizes,
        view_angle_deg: Option<f64>,
        head_height_m: f64,
    ) -> Result<Self, HeadSizesError> {
        let (camera, sigma_area_relative) = sizes.camera(view_angle_deg, head_height_m);
        let sigma_area_relative = usable(sigma_area_relative)?;
        let unseen = HeadSizesError::LooksUp;
        let map = |z: f64| Some(PlaneFromImage::new(camera.plane_from_image(z)?, None));
        let (ground_from_image, head_plane_from_image) =
            (map(0.0).ok_or(unseen)?, map(head_height_m).ok_or(unseen)?);
        let corners = sizes.corners_px(HEAD_MIN_PX).ok_or(unseen)?;
        let corners_m = corners.into_iter().map(|corner| head_plane_from_image.apply(corner));
        let corners_m = corners_m.collect::<Option<Vec<_>>>().ok_or(unseen)?;
        Ok(Self {
            method: CalibrationMethod::HeadSizes,
            image_size_px: [camera.image_width_px, camera.image_height_px],
            image_from_ground: ground_from_image.inverse().ok_or(unseen)?,
            image_from_head_plane: head_plane_from_image.inverse().ok_or(unseen)?,
            ground_from_image,
            head_plane_from_image,
            trust_region: Some(TrustRegion::around(&corners_m)),
            leave_one_out_rmse_m: None,
            left_out: Vec::new(),
            covariance: None,
            camera_height_m: Some(camera.position_m[2]),
            depression_rad: Some(camera.depression_rad),
            stated_sigma_area: Some(sigma_area_relative),
        })
    }

    /// What is known of a camera that moves before its first pose: the size of its picture. Nothing of any site is in it.
    /// `None` for a picture without pixels.
    pub fn awaiting_telemetry(image_width_px: u32, image_height_px: u32) -> Option<Self> {
        // Farther from a site than its zones are, and near enough for the map to be inverted with certainty.
        const NOWHERE_M: f64 = 1e5;
        Self::flat(CalibrationMethod::Telemetry, [NOWHERE_M; 2], 1.0, image_width_px, image_height_px)
    }

    /// The stated fallback without point pairs: the picture is taken as a plan `ground_width_m` wide, with the
    /// ground's origin at its lower left corner, x to the right and y up. `None` unless the numbers are positive.
    pub fn uncalibrated(ground_width_m: f64, image_width_px: u32, image_height_px: u32) -> Option<Self> {
        let m_per_px = ground_width_m / f64::from(image_width_px);
        Self::flat(CalibrationMethod::Uncalibrated, [0.0; 2], m_per_px, image_width_px, image_height_px)
    }

    /// A plan of the ground: x to the right and y up from `origin_m` at its lower left corner, `m_per_px` metres a pixel.
    /// Whoever is seen stands where the plan shows it. `None` unless the numbers are finite and positive.
    pub fn plan(
        origin_m: [f64; 2],
        m_per_px: f64,
        image_width_px: u32,
        image_height_px: u32,
    ) -> Option<Self> {
        Self::flat(CalibrationMethod::Plan, origin_m, m_per_px, image_width_px, image_height_px)
    }

    fn flat(
        method: CalibrationMethod,
        origin_m: [f64; 2],
        m_per_px: f64,
        image_width_px: u32,
        image_height_px: u32,
    ) -> Option<Self> {
        let is_finite = m_per_px.is_finite() && origin_m.iter().all(|c| c.is_finite());
        if !(is_finite && m_per_px > 0.0 && image_width_px > 0 && image_height_px > 0) {
            return None;
        }
        let top_m = origin_m[1] + m_per_px * f64::from(image_height_px);
        let plan = Homography::from_matrix(Matrix3::new(
            m_per_px,
            0.0,
            origin_m[0],
            0.0,
            -m_per_px,
            top_m,
            0.0,
            0.0,
            1.0,
        ))?;
        let plan = PlaneFromImage::new(plan, None);
        let inverse = plan.inverse()?;
        Some(Self {
            method,
            image_size_px: [image_width_px, image_height_px],
            ground_from_image: plan.clone(),
            image_from_ground: inverse.clone(),
            head_plane_from_image: plan,
            image_from_head_plane: inverse,
            trust_region: None,
            leave_one_out_rmse_m: None,
            left_out: Vec::new(),
            covariance: None,
            camera_height_m: None,
            depression_rad: None,
            stated_sigma_area: None,
        })
    }

    /// How the metres came about.
    pub fn method(&self) -> CalibrationMethod {
        self.method
    }

    /// Whether densities are in true metres.
    pub fn is_calibrated(&self) -> bool {
        !matches!(self.method, CalibrationMethod::Uncalibrated | CalibrationMethod::HeadSizes)
    }

    /// Whether it says how large a head is in the picture: a picture taken as a plan does not.
    pub fn knows_head_sizes(&self) -> bool {
        self.method != CalibrationMethod::Uncalibrated
    }

    /// Whether every picture has a calibration of its own.
    pub fn is_moving(&self) -> bool {
        self.method == CalibrationMethod::Telemetry
    }

    /// Width and height in pixels of the image that the calibration speaks of.
    pub fn image_size_px(&self) -> [u32; 2] {
        self.image_size_px
    }

    /// Ground point in metres from a pixel that shows the ground.
    pub fn ground_from_image(&self) -> &PlaneFromImage {
        &self.ground_from_image
    }

    /// Pixel from a ground point in metres.
    pub fn image_from_ground(&self) -> &ImageFromPlane {
        &self.image_from_ground
    }

    /// Place on the site's plane of the person whose head is at a pixel.
    pub fn head_plane_from_image(&self) -> &PlaneFromImage {
        &self.head_plane_from_image
    }

    /// Pixel of the head of a person who stands at a place of the site's plane.
    pub fn image_from_head_plane(&self) -> &ImageFromPlane {
        &self.image_from_head_plane
    }

    /// Where the point pairs carry the calibration; `None` without calibration, where nothing is better than the rest.
    pub fn trust_region(&self) -> Option<&TrustRegion> {
        self.trust_region.as_ref()
    }

    /// Leave-one-out error of the point pairs in metres; `None` for fewer than five pairs or without calibration.
    pub fn leave_one_out_rmse_m(&self) -> Option<f64> {
        self.leave_one_out_rmse_m
    }

    /// The point pairs that were left out by name, with how far each lies from where the others put it.
    pub fn left_out(&self) -> &[Contradiction] {
        &self.left_out
    }

    /// Height of the camera above the ground in metres, where the pose could be recovered.
    pub fn camera_height_m(&self) -> Option<f64> {
        self.camera_height_m
    }

    /// Angle of the axis of sight below the horizon in radians, where the pose could be recovered.
    pub fn depression_rad(&self) -> Option<f64> {
        self.depression_rad
    }

    /// Relative standard deviation of the area of a part of the ground, given by some of its places, metres: what the fit's
    /// covariance makes of it, at least 2 %; 10 % with four point pairs, which leave no residual to judge by; and 18 % more,
    /// added in squares, without a head plane (our proposal, after analytics specification 4.1 and 4.4). What a drone's
    /// telemetry states goes before.
    pub fn sigma_area_relative(&self, places_m: impl Iterator<Item = [f64; 2]>) -> f64 {
        if let Some(stated) = self.stated_sigma_area {
            return stated;
        }
        let by_points = || {
            let pixels = places_m.filter_map(|place| {
                self.head_plane_from_image.undistorted(self.image_from_head_plane.apply(place)?)
            });
            let sigma =
                self.covariance.as_ref().and_then(|covariance| covariance.sigma_area_relative(pixels));
            sigma.map_or(UNJUDGED_SIGMA_AREA, |sigma| sigma.max(LEAST_SIGMA_AREA))
        };
        match self.method {
            CalibrationMethod::HeadPlane | CalibrationMethod::Telemetry => by_points(),
            CalibrationMethod::GroundPlane => by_points().hypot(GROUND_PLANE_SIGMA_AREA),
            CalibrationMethod::Plan => PLAN_SIGMA_AREA,
            CalibrationMethod::Uncalibrated | CalibrationMethod::HeadSizes => UNCALIBRATED_SIGMA_AREA,
        }
    }
}

/// The fit of pairs that all agree.
fn consistent_fit(pairs: &[PointPair]) -> Result<Homography, CalibrationError> {
    let fitted = Homography::fit(pairs);
    // What is wrong with the form of the pairs was said; whether they contradict each other is asked of the rest.
    let may_contradict =
        matches!(&fitted, Ok(_) | Err(CalibrationError::BeyondHorizon { .. } | CalibrationError::Mirrored));
    if let (true, Some(points)) = (may_contradict, contradictions(pairs))
        && !points.is_empty()
    {
        let agreeing = pairs.len() - points.len();
        return Err(CalibrationError::Contradicting { points, agreeing });
    }
    let ground_from_image = fitted?;
    let residuals_m: Vec<f64> =
        ground_from_image.residuals_m(pairs).into_iter().map(|r| r.unwrap_or(f64::INFINITY)).collect();
    let rmse_m = (residuals_m.iter().map(|r| r * r).sum::<f64>() / residuals_m.len() as f64).sqrt();
    if rmse_m.is_nan() || rmse_m > RMSE_LIMIT_M {
        let largest = residuals_m.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
        let suspect = outlier(pairs).unwrap_or(largest);
        return Err(CalibrationError::Inconsistent { rmse_m, suspect });
    }
    Ok(ground_from_image)
}

#[cfg(test)]
mod tests;
