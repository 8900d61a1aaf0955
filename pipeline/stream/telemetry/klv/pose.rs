//! What a packet of ST 0601 says of the camera's pose.

use throng_analytics::camera::{Attitude, Orientation};

use super::{Packet, tag};
use crate::stream::telemetry::sample::{Heights, PoseSample};

/// A circle that holds a place in 90 % of the cases, in standard deviations of one axis; and a height likewise.
const CE90_SIGMAS: f64 = 2.146;
const LE90_SIGMAS: f64 = 1.645;

impl From<&Packet> for PoseSample {
    fn from(packet: &Packet) -> Self {
        let number = |tag| packet.number(tag);
        let either = |fine, coarse| number(fine).or_else(|| number(coarse));
        let above_sea_m = number(tag::SENSOR_ALTITUDE);
        let above_ellipsoid_m = either(tag::SENSOR_HEIGHT_EXTENDED, tag::SENSOR_HEIGHT);
        let over = |height: Option<f64>, ground| Some(height? - number(ground)?);
        Self {
            latitude_longitude_deg: number(tag::SENSOR_LATITUDE)
                .zip(number(tag::SENSOR_LONGITUDE))
                .map(|(latitude, longitude)| [latitude, longitude]),
            heights: Heights {
                above_sea_m,
                above_ellipsoid_m,
                above_take_off_m: None,
                above_ground_m: over(above_ellipsoid_m, tag::CENTRE_HEIGHT)
                    .or_else(|| over(above_sea_m, tag::CENTRE_ELEVATION)),
            },
            orientation: orientation(packet),
            horizontal_fov_deg: number(tag::HORIZONTAL_FOV).filter(|degrees| *degrees > 0.0),
            zoom: None,
            sigma_position_m: number(tag::CE90)
                .zip(number(tag::LE90))
                .map(|(circle, height)| [circle / CE90_SIGMAS, height / LE90_SIGMAS]),
            slant_range_m: number(tag::SLANT_RANGE).filter(|range| *range > 0.0),
        }
    }
}

/// The platform turned by the sensor. A platform's pitch and roll are not guessed at: without them there is none. A sensor's
/// roll is zero in gimbals that have no such axis and do not send it.
fn orientation(packet: &Packet) -> Option<Orientation> {
    let number = |tag| packet.number(tag);
    let pitch = number(tag::PLATFORM_PITCH_FULL).or_else(|| number(tag::PLATFORM_PITCH));
    let roll = number(tag::PLATFORM_ROLL_FULL).or_else(|| number(tag::PLATFORM_ROLL));
    Orientation::of_attitude(&Attitude {
        platform_deg: [number(tag::PLATFORM_HEADING)?, pitch?, roll?],
        sensor_deg: [
            number(tag::SENSOR_AZIMUTH)?,
            number(tag::SENSOR_ELEVATION)?,
            number(tag::SENSOR_ROLL).unwrap_or(0.0),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_becomes_a_pose_and_lacks_what_it_lacks() {
        let packet = Packet::default()
            .with(tag::SENSOR_LATITUDE, 31.2)
            .with(tag::SENSOR_LONGITUDE, 121.5)
            .with(tag::SENSOR_ALTITUDE, 60.0)
            .with(tag::CENTRE_ELEVATION, 20.0)
            .with(tag::PLATFORM_HEADING, 90.0)
            .with(tag::PLATFORM_PITCH, 0.0)
            .with(tag::SENSOR_AZIMUTH, 0.0)
            .with(tag::SENSOR_ELEVATION, -45.0)
            .with(tag::CE90, 4.292);
        let pose = PoseSample::from(&packet);
        assert_eq!(pose.latitude_longitude_deg, Some([31.2, 121.5]));
        assert_eq!((pose.heights.above_ground_m, pose.horizontal_fov_deg), (Some(40.0), None));
        assert_eq!(pose.orientation, None, "the platform's roll is missing");
        assert_eq!(pose.sigma_position_m, None, "of two errors one is missing");
        let whole = PoseSample::from(&packet.with(tag::PLATFORM_ROLL, 0.0));
        let [heading, elevation, _] = whole.orientation.unwrap().angles_deg();
        assert!((heading - 90.0).abs() < 1e-6 && (elevation + 45.0).abs() < 1e-6);
    }
}
