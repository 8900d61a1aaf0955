//! One message of a drone about its camera, whatever the format it came in.

use throng_analytics::camera::Orientation;

/// What is known of a camera at one instant. What is not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PoseSample {
    /// Latitude and longitude of the camera, degrees (WGS 84).
    pub latitude_longitude_deg: Option<[f64; 2]>,
    /// Heights of the camera.
    pub heights: Heights,
    /// Where it looks.
    pub orientation: Option<Orientation>,
    /// Width of the view, degrees.
    pub horizontal_fov_deg: Option<f64>,
    /// How far the view is zoomed in beyond the lens' own width.
    pub zoom: Option<f64>,
    /// Standard deviation of the position as the drone states it, sideways and in height, metres.
    pub sigma_position_m: Option<[f64; 2]>,
    /// Distance to the ground along the axis of sight as the drone states it, metres: a check of all the rest.
    pub slant_range_m: Option<f64>,
}

/// The heights that drones speak of. They differ by tens of metres, so each has its own place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heights {
    /// Above mean sea level, metres.
    pub above_sea_m: Option<f64>,
    /// Above the ellipsoid, metres.
    pub above_ellipsoid_m: Option<f64>,
    /// Above the place of take-off, metres.
    pub above_take_off_m: Option<f64>,
    /// Above the ground in the picture's middle as the drone itself works it out, metres.
    pub above_ground_m: Option<f64>,
}

/// Where the ground lies, as a site states it. A height counts only against a ground of its own kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroundLevel {
    /// Above mean sea level, metres.
    pub above_sea_m: Option<f64>,
    /// Above the ellipsoid, metres.
    pub above_ellipsoid_m: Option<f64>,
    /// Above the place of take-off, metres.
    pub above_take_off_m: Option<f64>,
}

impl Heights {
    /// Height above the ground: by the site's ground level where it states one of a kind that the drone sends, else the
    /// drone's own; `None` where nothing tells. Take-off is not taken for the ground unless the site says so.
    pub fn above_ground_m(&self, ground: &GroundLevel) -> Option<f64> {
        let pairs = [
            (self.above_sea_m, ground.above_sea_m),
            (self.above_ellipsoid_m, ground.above_ellipsoid_m),
            (self.above_take_off_m, ground.above_take_off_m),
        ];
        pairs.into_iter().find_map(|(height, ground)| Some(height? - ground?)).or(self.above_ground_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_of_different_kinds_are_never_mixed() {
        let heights =
            Heights { above_sea_m: Some(150.0), above_ellipsoid_m: Some(190.0), ..Heights::default() };
        let ground = |sea, ellipsoid, take_off| GroundLevel {
            above_sea_m: sea,
            above_ellipsoid_m: ellipsoid,
            above_take_off_m: take_off,
        };
        assert_eq!(heights.above_ground_m(&ground(Some(120.0), None, None)), Some(30.0));
        assert_eq!(heights.above_ground_m(&ground(None, Some(161.0), None)), Some(29.0));
        assert_eq!(heights.above_ground_m(&ground(None, None, Some(0.0))), None);
        let own = Heights { above_ground_m: Some(28.0), ..heights };
        assert_eq!(own.above_ground_m(&GroundLevel::default()), Some(28.0));
    }
}
