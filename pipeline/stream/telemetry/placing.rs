//! From what a drone says of its camera to where the picture lies on a site's ground.

use throng_analytics::{
    camera::{DroneCamera, DronePose, LOW_CONFIDENCE_BELOW_DEG, MovingView, PoseErrors},
    place::{Geodetic, SitePlace},
};

use super::{
    sample::{GroundLevel, PoseSample},
    track::PoseAt,
};

/// What a site states of a drone's camera, beyond what the telemetry tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DroneSite {
    /// Where the site's metres lie on Earth.
    pub place: SitePlace,
    /// Where the ground lies.
    pub ground: GroundLevel,
    /// Width of the view without zoom, degrees, where telemetry does not tell it.
    pub horizontal_fov_deg: Option<f64>,
    /// Width and height of the picture, pixels, of which only the shape matters.
    pub image_size_px: [u32; 2],
    /// Height above the ground at which heads are seen, metres.
    pub head_height_m: f64,
    /// How far off the telemetry is.
    pub errors: PoseErrors,
}

/// A picture on the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedPicture {
    /// The camera.
    pub camera: DroneCamera,
    /// The same as numbers, in the site's metres.
    pub pose: DronePose,
    /// How far off it may be.
    pub errors: PoseErrors,
    /// Corners of the picture on the ground, upper left first and clockwise in the picture, metres; `None` where one of
    /// them looks at the horizon.
    pub footprint_m: Option<[[f64; 2]; 4]>,
    /// Where it lies for counting; or why nothing is counted in it.
    pub view: Result<MovingView, String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl DroneSite {
    /// Puts a picture on the ground.
    ///
    /// # Errors
    /// What the telemetry lacks or contradicts, in words.
    pub fn place(&self, at: &PoseAt) -> Result<PlacedPicture, String> {
        let pose = self.pose(&at.sample)?;
        let camera = pose.camera().map_err(|error| error.to_string())?;
        let mut notes = Vec::new();
        let mut errors = self.errors(&at.sample);
        if at.is_degraded {
            errors.angle_deg = errors.angle_deg.hypot(at.turn_deg_per_s * at.age_secs);
            notes.push(format!(
                "the telemetry is {:.1} s old while the camera turns: densities are less certain",
                at.age_secs
            ));
        }
        if let Some(stated_m) = at.sample.slant_range_m
            && camera.agrees_with_slant_range(stated_m) == Some(false)
        {
            let computed_m = camera.slant_range_m().unwrap_or(f64::NAN);
            notes.push(format!(
                "the drone states {stated_m:.0} m to the ground and its pose gives {computed_m:.0} m: check the ground level"
            ));
        }
        let view = MovingView::new(&pose, &errors, self.head_height_m).map_err(|error| {
            if camera.is_low_confidence() {
                format!("{error}; density is withheld below {LOW_CONFIDENCE_BELOW_DEG} degrees")
            } else {
                error.to_string()
            }
        });
        Ok(PlacedPicture { footprint_m: camera.footprint_m(), camera, pose, errors, view, notes })
    }

    /// The camera alone, as the telemetry has it.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub fn camera(&self, sample: &PoseSample) -> Result<DroneCamera, String> {
        self.pose(sample)?.camera().map_err(|error| error.to_string())
    }

    /// The pose in the site's metres.
    fn pose(&self, sample: &PoseSample) -> Result<DronePose, String> {
        let lacks = |what: &str| format!("the telemetry does not say {what}");
        let [latitude_deg, longitude_deg] =
            sample.latitude_longitude_deg.ok_or_else(|| lacks("where the drone is"))?;
        // Heights are of several kinds and come apart from this.
        let above = Geodetic { latitude_deg, longitude_deg, height_m: self.place.origin.height_m };
        let [x_m, y_m, _] = self.place.site_m_from_geodetic(above);
        let height_m = sample.heights.above_ground_m(&self.ground).ok_or_else(|| {
            lacks("how high it is above a ground that the site knows; give `ground_above_sea_m` or another level")
        })?;
        let zoomed = |fov_deg: f64| match sample.zoom {
            Some(zoom) => 2.0 * ((fov_deg.to_radians() / 2.0).tan() / zoom).atan().to_degrees(),
            None => fov_deg,
        };
        // What the site states is the lens; where both speak, the drone knows its zoom.
        let horizontal_fov_deg = sample
            .horizontal_fov_deg
            .filter(|_| sample.zoom.is_none())
            .or_else(|| self.horizontal_fov_deg.or(sample.horizontal_fov_deg).map(zoomed))
            .ok_or_else(|| lacks("how wide the view is; give `horizontal_fov_deg`"))?;
        Ok(DronePose {
            position_m: [x_m, y_m, height_m],
            orientation: sample
                .orientation
                .ok_or_else(|| lacks("where the camera looks"))?
                .turned_by_heading(-self.place.y_axis_bearing_deg),
            horizontal_fov_deg,
            image_size_px: self.image_size_px,
        })
    }

    /// The site's errors, or the larger ones that the drone itself states.
    fn errors(&self, sample: &PoseSample) -> PoseErrors {
        let [sideways_m, height_m] = sample.sigma_position_m.unwrap_or_default();
        PoseErrors {
            sideways_m: self.errors.sideways_m.max(sideways_m),
            height_m: self.errors.height_m.max(height_m),
            ..self.errors
        }
    }
}

#[cfg(test)]
mod tests {
    use throng_analytics::camera::Orientation;

    use super::*;
    use crate::stream::telemetry::sample::Heights;

    const PLACE: SitePlace = SitePlace {
        origin: Geodetic { latitude_deg: 31.2, longitude_deg: 121.5, height_m: 0.0 },
        y_axis_bearing_deg: 30.0,
    };

    fn site() -> DroneSite {
        DroneSite {
            place: PLACE,
            ground: GroundLevel { above_sea_m: Some(20.0), ..GroundLevel::default() },
            horizontal_fov_deg: None,
            image_size_px: [960, 540],
            head_height_m: 1.6,
            errors: PoseErrors::UNCORRECTED,
        }
    }

    fn at(elevation_deg: f64) -> PoseAt {
        let at = PLACE.geodetic_from_site_m([30.0, -40.0, 0.0]);
        let sample = PoseSample {
            latitude_longitude_deg: Some([at.latitude_deg, at.longitude_deg]),
            heights: Heights { above_sea_m: Some(50.0), ..Heights::default() },
            orientation: Orientation::of_angles([30.0, elevation_deg, 0.0]),
            horizontal_fov_deg: Some(60.0),
            slant_range_m: Some(30.0 / (-elevation_deg).to_radians().sin()),
            ..PoseSample::default()
        };
        PoseAt { sample, age_secs: 0.0, turn_deg_per_s: 0.0, is_degraded: false }
    }

    #[test]
    fn degrees_become_the_sites_metres() {
        let placed = site().place(&at(-60.0)).unwrap();
        let [x, y, z] = placed.camera.position_m();
        assert!((x - 30.0).abs() < 1e-6 && (y + 40.0).abs() < 1e-6 && (z - 30.0).abs() < 1e-9);
        assert!(placed.view.is_ok() && placed.notes.is_empty() && placed.footprint_m.is_some());
        // The camera looks where the site's y axis points.
        let [x, y] = placed.camera.plane_point([480.0, 270.0], 0.0).unwrap();
        assert!((x - 30.0).abs() < 1e-6 && (y + 40.0 - 30.0 / 60.0_f64.to_radians().tan()).abs() < 1e-6);
    }

    #[test]
    fn what_is_missing_or_contradicts_is_said_and_never_guessed() {
        let with = |change: &dyn Fn(&mut PoseSample)| {
            let mut at = at(-60.0);
            change(&mut at.sample);
            site().place(&at)
        };
        let error = |change: &dyn Fn(&mut PoseSample)| with(change).unwrap_err();
        assert!(error(&|s| s.latitude_longitude_deg = None).contains("where the drone is"));
        assert!(error(&|s| s.orientation = None).contains("where the camera looks"));
        assert!(error(&|s| s.horizontal_fov_deg = None).contains("`horizontal_fov_deg`"));
        assert!(error(&|s| s.heights = Heights::default()).contains("`ground_above_sea_m`"));
        let low = with(&|s| s.heights.above_sea_m = Some(19.0)).unwrap_err();
        assert!(low.contains("-1 m above the ground"), "{low}");
        let off = with(&|s| s.slant_range_m = Some(50.0)).unwrap();
        assert!(off.notes[0].contains("check the ground level"), "{:?}", off.notes);
        let flat = site().place(&at(-15.0)).unwrap();
        let reason = flat.view.unwrap_err();
        assert!(reason.contains("withheld below 20 degrees"), "{reason}");
    }

    #[test]
    fn zoom_narrows_the_lens_that_the_site_states() {
        let mut zoomed = at(-60.0);
        (zoomed.sample.horizontal_fov_deg, zoomed.sample.zoom) = (None, Some(2.0));
        let site = DroneSite { horizontal_fov_deg: Some(60.0), ..site() };
        let focal_px = site.place(&zoomed).unwrap().camera.focal_px();
        assert!((focal_px - 2.0 * 480.0 / 30.0_f64.to_radians().tan()).abs() < 1e-6, "{focal_px}");
    }
}
