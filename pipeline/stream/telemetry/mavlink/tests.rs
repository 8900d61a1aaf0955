//! Messages as drones send them, cut short and broken.

use proptest::prelude::*;

use super::*;

/// A frame of a message; zeros at the payload's end are left out, as every sender does.
fn frame_of(id: u32, system: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
    let [a, b, c, _] = id.to_le_bytes();
    let mut bytes = vec![0xfd, length as u8, 0, 0, 7, system, 1, a, b, c];
    bytes.extend_from_slice(&payload[..length]);
    let crc = frame::crc(bytes[1..].iter().copied().chain(crc_extra(id)));
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn ints(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// 60 degrees down, to the east.
fn eastward() -> Vec<u8> {
    let [half_yaw, half_pitch] = [45.0_f32.to_radians(), -30.0_f32.to_radians()];
    let (sy, cy, sp, cp) = (half_yaw.sin(), half_yaw.cos(), half_pitch.sin(), half_pitch.cos());
    floats(&[cy * cp, -sy * sp, cy * sp, sy * cp])
}

fn fov_status(fov_deg: f32) -> Vec<u8> {
    let places = ints(&[5, 312_000_000, 1_215_000_000, 60_250, i32::MAX, i32::MIN, i32::MAX]);
    frame_of(CAMERA_FOV_STATUS, 1, &[places, eastward(), floats(&[fov_deg, 40.0])].concat())
}

fn position() -> Vec<u8> {
    frame_of(GLOBAL_POSITION_INT, 1, &ints(&[5, 312_000_000, 1_215_000_000, 60_250, 40_250, 0, 0]))
}

fn gimbal(flags: u16) -> Vec<u8> {
    let rates = floats(&[f32::NAN, f32::NAN, f32::NAN]);
    let payload = [ints(&[5]), eastward(), rates, ints(&[0]), flags.to_le_bytes().to_vec(), vec![1, 1]];
    frame_of(GIMBAL_DEVICE_ATTITUDE_STATUS, 1, &payload.concat())
}

#[test]
fn the_camera_says_everything_itself() {
    let poses = MavlinkReader::default().read(&[b"\xfd\x00".to_vec(), fov_status(62.5)].concat(), 0.0);
    let [pose] = poses[..] else { panic!("{poses:?}") };
    let [latitude, longitude] = pose.latitude_longitude_deg.unwrap();
    assert!((latitude - 31.2).abs() < 1e-9 && (longitude - 121.5).abs() < 1e-9);
    assert_eq!((pose.heights.above_sea_m, pose.horizontal_fov_deg), (Some(60.25), Some(62.5)));
    let [heading, elevation, roll] = pose.orientation.unwrap().angles_deg();
    assert!((heading - 90.0).abs() < 1e-4 && (elevation + 60.0).abs() < 1e-4 && roll.abs() < 1e-3);
    let unknown = MavlinkReader::default().read(&fov_status(f32::NAN), 0.0);
    assert_eq!(unknown[0].horizontal_fov_deg, None);
}

#[test]
fn parts_are_put_together_while_they_are_of_one_moment() {
    let mut reader = MavlinkReader::default();
    assert_eq!(reader.read(&gimbal(YAW_IN_EARTH_FRAME), 0.0), [], "no position yet");
    assert_eq!(reader.read(&position(), 0.0), []);
    let [pose] = reader.read(&gimbal(YAW_IN_EARTH_FRAME), 0.2)[..] else { panic!("a pose") };
    assert!((pose.orientation.unwrap().angles_deg()[0] - 90.0).abs() < 1e-4);
    assert_eq!((pose.heights.above_take_off_m, pose.horizontal_fov_deg), (Some(40.25), None));
    assert_eq!(reader.read(&gimbal(YAW_IN_VEHICLE_FRAME), 0.3), [], "the vehicle's heading is not known");
    let turned = frame_of(ATTITUDE, 1, &[ints(&[5]), floats(&[0.0, 0.0, 0.5, 0.0, 0.0, 0.0])].concat());
    reader.read(&turned, 0.4);
    let [pose] = reader.read(&gimbal(YAW_IN_VEHICLE_FRAME), 0.5)[..] else { panic!("a pose") };
    assert!((pose.orientation.unwrap().angles_deg()[0] - 90.0 - 0.5_f64.to_degrees()).abs() < 1e-3);
    assert_eq!(reader.read(&gimbal(YAW_IN_EARTH_FRAME), 9.0), [], "the position is old");
    reader.read(&[position(), fov_status(60.0)].concat(), 10.0);
    assert_eq!(reader.read(&gimbal(YAW_IN_EARTH_FRAME), 10.1), [], "the camera says more");
}

#[test]
fn other_vehicles_and_broken_frames_are_not_listened_to() {
    let mut reader = MavlinkReader::default();
    reader.read(&position(), 0.0);
    let mut other = fov_status(60.0);
    other[5] = 9;
    let length = other.len() - 2;
    let crc = frame::crc(other[1..length].iter().copied().chain([22]));
    other[length..].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(reader.read(&other, 0.1), []);
    let good = fov_status(60.0);
    assert_eq!(reader.read(&good, 0.2).len(), 1);
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 0x04;
        assert_eq!(MavlinkReader::default().read(&bad, 0.0), [], "a flipped bit at {index}");
        assert_eq!(MavlinkReader::default().read(&good[..index], 0.0), []);
    }
}

proptest! {
    #[test]
    fn any_datagram_is_read_without_a_panic(
        bytes in prop::collection::vec(prop_oneof![Just(0xfd_u8), any::<u8>()], 0..400),
        at in 0..80_usize, value: u8,
    ) {
        let mut changed = fov_status(60.0);
        let at = at % changed.len();
        changed[at] = value;
        let mut reader = MavlinkReader::default();
        for pose in reader.read(&[bytes, changed].concat(), 0.0) {
            prop_assert!(pose.latitude_longitude_deg.is_none_or(|[latitude, _]| latitude.abs() <= 90.0));
        }
    }
}
