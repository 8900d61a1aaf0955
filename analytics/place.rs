//! Where a site lies on Earth: places on the WGS 84 ellipsoid, and the site's own metres on it.

use nalgebra::{Matrix3, Vector3};

/// Semi-major axis of WGS 84, metres.
const SEMI_MAJOR_M: f64 = 6_378_137.0;

/// Flattening of WGS 84.
const FLATTENING: f64 = 1.0 / 298.257_223_563;

const ECCENTRICITY_SQUARED: f64 = FLATTENING * (2.0 - FLATTENING);

/// A place on the WGS 84 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geodetic {
    /// Degrees north.
    pub latitude_deg: f64,
    /// Degrees east.
    pub longitude_deg: f64,
    /// Metres above the ellipsoid.
    pub height_m: f64,
}

impl Geodetic {
    /// Earth-centred, earth-fixed coordinates, metres.
    fn earth_centred_m(self) -> Vector3<f64> {
        let (sin_lat, cos_lat) = self.latitude_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.longitude_deg.to_radians().sin_cos();
        let normal_m = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
        Vector3::new(
            (normal_m + self.height_m) * cos_lat * cos_lon,
            (normal_m + self.height_m) * cos_lat * sin_lon,
            (normal_m * (1.0 - ECCENTRICITY_SQUARED) + self.height_m) * sin_lat,
        )
    }

    /// The place at earth-centred coordinates, metres, by Bowring's iteration: five rounds leave less than a micrometre
    /// within 100 km of the ellipsoid. Not for the poles themselves, where longitude has no meaning.
    fn from_earth_centred_m(at: Vector3<f64>) -> Self {
        let from_axis_m = at.x.hypot(at.y);
        let mut latitude_rad = at.z.atan2(from_axis_m * (1.0 - ECCENTRICITY_SQUARED));
        let mut height_m = 0.0;
        for _ in 0..5 {
            let (sin_lat, cos_lat) = latitude_rad.sin_cos();
            let normal_m = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
            height_m = from_axis_m * cos_lat + at.z * sin_lat
                - normal_m * (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat);
            latitude_rad = (at.z + normal_m * ECCENTRICITY_SQUARED * sin_lat).atan2(from_axis_m);
        }
        Self {
            latitude_deg: latitude_rad.to_degrees(),
            longitude_deg: at.y.atan2(at.x).to_degrees(),
            height_m,
        }
    }

    /// East, north and up of earth-centred directions, seen from here.
    fn local_from_earth(self) -> Matrix3<f64> {
        let (sin_lat, cos_lat) = self.latitude_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.longitude_deg.to_radians().sin_cos();
        Matrix3::new(
            -sin_lon,
            cos_lon,
            0.0,
            -sin_lat * cos_lon,
            -sin_lat * sin_lon,
            cos_lat,
            cos_lat * cos_lon,
            cos_lat * sin_lon,
            sin_lat,
        )
    }

    /// East, north and up of `self` seen from `origin`, metres.
    pub fn east_north_up_m(self, origin: Self) -> [f64; 3] {
        (origin.local_from_earth() * (self.earth_centred_m() - origin.earth_centred_m())).into()
    }

    #[must_use]
    /// The place that lies so many metres east, north and up of `self`.
    pub fn moved_by_m(self, east_north_up_m: [f64; 3]) -> Self {
        let offset = self.local_from_earth().transpose() * Vector3::from(east_north_up_m);
        Self::from_earth_centred_m(self.earth_centred_m() + offset)
    }
}

/// Where a site's own metres lie on Earth. The ground is the plane that touches the ellipsoid's height at the origin:
/// 1 km away the Earth has fallen 8 cm below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SitePlace {
    /// The point `[0, 0]` of the site's ground, at its height.
    pub origin: Geodetic,
    /// Where the site's y axis points, degrees clockwise from true north; x points 90 degrees further.
    pub y_axis_bearing_deg: f64,
}

impl SitePlace {
    /// The place of a point given in the site's metres, the third above the ground.
    pub fn geodetic_from_site_m(&self, [x, y, z]: [f64; 3]) -> Geodetic {
        let (sin, cos) = self.y_axis_bearing_deg.to_radians().sin_cos();
        self.origin.moved_by_m([x * cos + y * sin, y * cos - x * sin, z])
    }

    /// The site's metres of a place, the third above the ground.
    pub fn site_m_from_geodetic(&self, place: Geodetic) -> [f64; 3] {
        let (sin, cos) = self.y_axis_bearing_deg.to_radians().sin_cos();
        let [east, north, up] = place.east_north_up_m(self.origin);
        [east * cos - north * sin, east * sin + north * cos, up]
    }

    /// A polygon on the ground as a closed ring of `[longitude, latitude]` in degrees (RFC 7946).
    pub fn ring_lon_lat_deg(&self, polygon_in_ground_m: &[[f64; 2]]) -> Vec<[f64; 2]> {
        polygon_in_ground_m
            .iter()
            .chain(polygon_in_ground_m.first())
            .map(|[x, y]| {
                let place = self.geodetic_from_site_m([*x, *y, 0.0]);
                [place.longitude_deg, place.latitude_deg]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn degrees_become_metres_on_the_ellipsoid() {
        let origin = Geodetic { latitude_deg: 0.0, longitude_deg: 0.0, height_m: 0.0 };
        let up = Geodetic { height_m: 120.0, ..origin }.east_north_up_m(origin);
        assert!(up[0].abs() < 1e-6 && up[1].abs() < 1e-6 && (up[2] - 120.0).abs() < 1e-6);
        // A thousandth of a degree: along the equator a tau/360000, north 110.574 m.
        let east = Geodetic { longitude_deg: 0.001, ..origin }.east_north_up_m(origin);
        assert!((east[0] - 111.319_49).abs() < 1e-4 && east[1].abs() < 1e-6, "{east:?}");
        let north = Geodetic { latitude_deg: 0.001, ..origin }.east_north_up_m(origin);
        assert!((north[1] - 110.574_28).abs() < 1e-3 && north[0].abs() < 1e-6, "{north:?}");
    }

    #[test]
    fn the_y_axis_points_where_the_bearing_says() {
        let origin = Geodetic { latitude_deg: 39.9, longitude_deg: 116.4, height_m: 44.0 };
        let place = SitePlace { origin, y_axis_bearing_deg: 90.0 };
        let along_y = place.geodetic_from_site_m([0.0, 100.0, 0.0]).east_north_up_m(origin);
        assert!((along_y[0] - 100.0).abs() < 1e-6 && along_y[1].abs() < 1e-6, "{along_y:?}");
        let along_x = place.geodetic_from_site_m([100.0, 0.0, 0.0]).east_north_up_m(origin);
        assert!((along_x[1] + 100.0).abs() < 1e-6, "x points south then: {along_x:?}");
    }

    #[test]
    fn a_ring_is_closed_and_names_longitude_first() {
        let origin = Geodetic { latitude_deg: 51.0, longitude_deg: 13.7, height_m: 0.0 };
        let ring = SitePlace { origin, y_axis_bearing_deg: 0.0 }.ring_lon_lat_deg(&[
            [0.0, 0.0],
            [100.0, 0.0],
            [100.0, 100.0],
        ]);
        assert_eq!((ring.len(), ring[0]), (4, ring[3]));
        assert!((ring[0][0] - 13.7).abs() < 1e-9 && (ring[0][1] - 51.0).abs() < 1e-9);
        assert!(ring[1][0] > 13.7 && ring[2][1] > 51.0);
    }

    proptest! {
        #[test]
        fn metres_go_to_earth_and_back(
            latitude_deg in -85.0..85.0_f64, longitude_deg in -180.0..180.0_f64, height_m in -400.0..5000.0_f64,
            y_axis_bearing_deg in -360.0..360.0_f64, at in prop::array::uniform3(-5000.0..5000.0_f64),
        ) {
            let place = SitePlace { origin: Geodetic { latitude_deg, longitude_deg, height_m }, y_axis_bearing_deg };
            let back = place.site_m_from_geodetic(place.geodetic_from_site_m(at));
            for (back, at) in back.iter().zip(at) {
                prop_assert!((back - at).abs() < 1e-5);
            }
        }
    }
}
