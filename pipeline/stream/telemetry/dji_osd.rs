//! The state that DJI's Cloud API sends: `thing/product/{sn}/osd` over MQTT, which zenoh's bridge brings to the bus under
//! the same name.
//!
//! Values stand in `data`, directly (drones whose gimbal is their own) or in a table named after the payload, such as
//! `"39-0-7": {"gimbal_pitch": -60, ..}` (docks and the Matrice series).

use serde_json::Value;
use throng_analytics::camera::Orientation;

use super::sample::{Heights, PoseSample};

/// The pose in a message; `None` for messages that are none or say nothing of it.
pub fn read(payload: &[u8]) -> Option<PoseSample> {
    let message: Value = serde_json::from_slice(payload).ok()?;
    let data = message.get("data").unwrap_or(&message);
    let number = |name: &str| data.get(name)?.as_f64().filter(|number| number.is_finite());
    let gimbal = data
        .as_object()?
        .values()
        .chain([data])
        .find(|value| value.get("gimbal_pitch").is_some_and(Value::is_number));
    let angle = |name: &str| gimbal?.get(name)?.as_f64();
    let orientation = angle("gimbal_yaw")
        .zip(angle("gimbal_pitch"))
        .and_then(|(yaw, pitch)| Orientation::of_angles([yaw, pitch, angle("gimbal_roll").unwrap_or(0.0)]));
    let is_place = |latitude: f64, longitude: f64| {
        latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0)
    };
    let latitude_longitude_deg = number("latitude")
        .zip(number("longitude"))
        .filter(|(latitude, longitude)| is_place(*latitude, *longitude))
        .map(|(latitude, longitude)| [latitude, longitude]);
    let zoom = gimbal.and_then(|gimbal| gimbal.get("zoom_factor")?.as_f64()).filter(|zoom| *zoom >= 1.0);
    let sample = PoseSample {
        latitude_longitude_deg,
        heights: Heights {
            above_ellipsoid_m: number("height"),
            above_take_off_m: number("elevation"),
            ..Heights::default()
        },
        orientation,
        zoom,
        ..PoseSample::default()
    };
    (latitude_longitude_deg.is_some() || orientation.is_some()).then_some(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gimbal_stands_beside_the_position_or_in_a_table_of_its_own() {
        let beside = br#"{"bid":"x","timestamp":1,"data":{"latitude":31.2,"longitude":121.5,"height":60.5,"elevation":40.5,
            "attitude_head":10,"gimbal_pitch":-60,"gimbal_roll":0,"gimbal_yaw":90}}"#;
        let inside = br#"{"data":{"latitude":31.2,"longitude":121.5,"height":60.5,"elevation":40.5,
            "39-0-7":{"gimbal_pitch":-60,"gimbal_roll":0,"gimbal_yaw":90},"battery":{"capacity_percent":80}}}"#;
        for payload in [beside.as_slice(), inside] {
            let sample = read(payload).unwrap();
            assert_eq!(sample.latitude_longitude_deg, Some([31.2, 121.5]));
            assert_eq!(sample.heights.above_ellipsoid_m, Some(60.5));
            let [heading, elevation, _] = sample.orientation.unwrap().angles_deg();
            assert!((heading - 90.0).abs() < 1e-6 && (elevation + 60.0).abs() < 1e-6);
        }
    }

    #[test]
    fn messages_without_a_pose_are_none() {
        for payload in [
            &b"no json"[..],
            b"[]",
            b"{}",
            br#"{"data":{"battery":{}}}"#,
            br#"{"data":{"latitude":0,"longitude":0}}"#,
        ] {
            assert_eq!(read(payload), None);
        }
    }
}
