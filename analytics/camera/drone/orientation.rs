//! Where a sensor looks, as a rotation: turned from telemetry's many forms, interpolated, and knocked askew.

use nalgebra::{Matrix3, Quaternion, Rotation3, UnitQuaternion, Vector3};

use super::Attitude;

/// Turns north, east and down into the sensor's forward, right and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orientation(UnitQuaternion<f64>);

/// Heading, pitch and roll in degrees, applied in that order.
fn turned([yaw, pitch, roll]: [f64; 3]) -> UnitQuaternion<f64> {
    UnitQuaternion::from_euler_angles(roll.to_radians(), pitch.to_radians(), yaw.to_radians())
}

impl Orientation {
    /// From a platform's attitude and a sensor's relative to it; `None` unless all numbers are finite.
    pub fn of_attitude(attitude: &Attitude) -> Option<Self> {
        let mut numbers = attitude.platform_deg.iter().chain(&attitude.sensor_deg);
        numbers
            .all(|n| n.is_finite())
            .then(|| Self(turned(attitude.platform_deg) * turned(attitude.sensor_deg)))
    }

    /// From the sensor's own heading, elevation (negative: down) and roll, degrees, as gimbals report them; `None` unless
    /// all are finite.
    pub fn of_angles(heading_elevation_roll_deg: [f64; 3]) -> Option<Self> {
        heading_elevation_roll_deg
            .iter()
            .all(|n| n.is_finite())
            .then(|| Self(turned(heading_elevation_roll_deg)))
    }

    /// From a quaternion `[w, x, y, z]` that turns north, east, down into the sensor's axes (`MAVLink`); `None` where it is
    /// far from unit length.
    pub fn of_quaternion([w, x, y, z]: [f64; 4]) -> Option<Self> {
        let quaternion = Quaternion::new(w, x, y, z);
        ((quaternion.norm() - 1.0).abs() < 0.05).then(|| Self(UnitQuaternion::from_quaternion(quaternion)))
    }

    /// Turned by `heading_deg` about the vertical, after which this is what it was: a frame of reference changed.
    #[must_use]
    pub fn turned_by_heading(self, heading_deg: f64) -> Self {
        Self(turned([heading_deg, 0.0, 0.0]) * self.0)
    }

    /// Heading, elevation and roll, degrees; heading and roll are not defined straight up and down.
    pub fn angles_deg(self) -> [f64; 3] {
        let (roll, pitch, yaw) = self.0.euler_angles();
        [yaw.to_degrees().rem_euclid(360.0), pitch.to_degrees(), roll.to_degrees()]
    }

    /// On the shortest way to `other`: 0 is here, 1 is there.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        // Opposite directions have no shortest way; half a turn between two messages is a fault of telemetry anyway.
        Self(self.0.try_slerp(&other.0, share, 1e-9).unwrap_or(if share < 0.5 { self.0 } else { other.0 }))
    }

    /// Angle to another orientation, degrees.
    pub fn angle_to_deg(self, other: Self) -> f64 {
        self.0.angle_to(&other.0).to_degrees()
    }

    /// Knocked askew by small angles in degrees: of heading about the vertical, of elevation about the sensor's right, of
    /// roll about its axis of sight. Unlike Euler angles they mean the same straight down.
    #[must_use]
    pub fn askew_by(self, [heading, elevation, roll]: [f64; 3]) -> Self {
        Self(turned([heading, 0.0, 0.0]) * self.0 * turned([0.0, elevation, roll]))
    }

    /// Rows: right, down and forward in a world of east, north, up.
    pub(super) fn camera_from_world(self) -> Matrix3<f64> {
        let north_east_down: Rotation3<f64> = self.0.to_rotation_matrix();
        let in_world = |axis: usize| {
            let column = north_east_down.matrix().column(axis);
            Vector3::new(column[1], column[0], -column[2]).transpose()
        };
        Matrix3::from_rows(&[in_world(1), in_world(2), in_world(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_goes_through_north() {
        let of = |heading| Orientation::of_angles([heading, -45.0, 0.0]).unwrap();
        let [heading, elevation, _] = of(350.0).towards(of(20.0), 1.0 / 3.0).angles_deg();
        // Great circles bend towards the pole between equal elevations: half a degree here.
        assert!(
            heading.min(360.0 - heading) < 0.5 && (elevation + 45.0).abs() < 1.0,
            "{heading} {elevation}"
        );
        assert!((of(10.0).angle_to_deg(of(10.0))).abs() < 1e-9);
    }

    #[test]
    fn a_gimbal_says_the_same_in_angles_and_as_a_quaternion() {
        let attitude = Attitude { platform_deg: [30.0, 0.0, 0.0], sensor_deg: [40.0, -60.0, 5.0] };
        let [a, b] = [Orientation::of_attitude(&attitude), Orientation::of_angles([70.0, -60.0, 5.0])];
        assert!(a.unwrap().angle_to_deg(b.unwrap()) < 1e-9);
        let q = b.unwrap().0;
        let c = Orientation::of_quaternion([q.w, q.i, q.j, q.k]).unwrap();
        assert!(c.angle_to_deg(b.unwrap()) < 1e-9);
        let relative = Orientation::of_angles([40.0, -60.0, 5.0]).unwrap().turned_by_heading(30.0);
        assert!(relative.angle_to_deg(c) < 1e-9);
        assert_eq!(Orientation::of_quaternion([0.0; 4]), None);
        assert_eq!(Orientation::of_angles([f64::NAN, 0.0, 0.0]), None);
    }

    #[test]
    fn askew_changes_what_it_names() {
        let down = Orientation::of_angles([30.0, -60.0, 0.0]).unwrap();
        let [heading, elevation, roll] = down.askew_by([2.0, 1.0, 0.0]).angles_deg();
        assert!((heading - 32.0).abs() < 1e-9 && (elevation + 59.0).abs() < 1e-9 && roll.abs() < 1e-9);
        let [_, _, roll] = down.askew_by([0.0, 0.0, 3.0]).angles_deg();
        assert!((roll - 3.0).abs() < 1e-9);
    }
}
