//! `MAVLink` 2 as drones send it to ground stations over UDP: the five messages that tell where the camera is.
//!
//! Best is `CAMERA_FOV_STATUS`, which says everything. Without it position, attitude and gimbal are put together, and the
//! width of the view comes from the site. Field orders and numbers: the `common` dialect's definitions. Own code, because the
//! dialect's crate is 200 messages for the sake of five.

mod frame;

use throng_analytics::camera::Orientation;

use super::sample::{Heights, PoseSample};
use frame::{Frame, PAYLOAD_MAX};

/// Numbers of the messages.
const ATTITUDE: u32 = 30;
const ATTITUDE_QUATERNION: u32 = 31;
const GLOBAL_POSITION_INT: u32 = 33;
const CAMERA_FOV_STATUS: u32 = 271;
const GIMBAL_DEVICE_ATTITUDE_STATUS: u32 = 285;

/// How long a part of a pose may wait for the others, in seconds: they come some ten times a second.
const PARTS_TOGETHER_SECS: f64 = 1.0;

/// Gimbal flags: yaw held to north (before the frames had flags of their own), in the vehicle's frame, in the earth's.
const YAW_LOCK: u16 = 16;
const YAW_IN_VEHICLE_FRAME: u16 = 32;
const YAW_IN_EARTH_FRAME: u16 = 64;

/// The byte that each message's definition adds to the checksum.
fn crc_extra(id: u32) -> Option<u8> {
    Some(match id {
        ATTITUDE => 39,
        ATTITUDE_QUATERNION => 246,
        GLOBAL_POSITION_INT => 104,
        CAMERA_FOV_STATUS => 22,
        GIMBAL_DEVICE_ATTITUDE_STATUS => 137,
        _ => return None,
    })
}

/// Little-endian numbers of a payload.
struct Fields<'a>(&'a [u8; PAYLOAD_MAX]);

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    /// A whole number; `None` for the ends of its range, which mean "unknown" and "beyond the horizon".
    fn i32(&self, at: usize) -> Option<f64> {
        let number = i32::from_le_bytes(self.bytes(at));
        (number != i32::MAX && number != i32::MIN).then_some(f64::from(number))
    }

    /// A number; `None` where it is not finite.
    fn f32(&self, at: usize) -> Option<f64> {
        Some(f64::from(f32::from_le_bytes(self.bytes(at)))).filter(|number| number.is_finite())
    }

    fn quaternion(&self, at: usize) -> Option<Orientation> {
        Orientation::of_quaternion([self.f32(at)?, self.f32(at + 4)?, self.f32(at + 8)?, self.f32(at + 12)?])
    }

    /// Latitude and longitude in 1e-7 degrees, and millimetres above the sea after them.
    fn place(&self, at: usize) -> Option<([f64; 2], Option<f64>)> {
        let [latitude, longitude] = [self.i32(at)? * 1e-7, self.i32(at + 4)? * 1e-7];
        let is_place =
            latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0);
        is_place.then(|| ([latitude, longitude], self.i32(at + 8).map(|mm| mm * 1e-3)))
    }
}

/// Puts messages together to poses.
#[derive(Clone, Debug, Default)]
pub struct MavlinkReader {
    /// The vehicle that is listened to: the first that said something; others on the same link are ignored.
    system: Option<u8>,
    position: Option<(f64, PoseSample)>,
    heading_deg: Option<(f64, f64)>,
    /// When the camera last said everything itself.
    whole_at: Option<f64>,
}

impl MavlinkReader {
    /// The poses in a datagram that came at `at_secs` of any steady clock.
    pub fn read(&mut self, datagram: &[u8], at_secs: f64) -> Vec<PoseSample> {
        let frames = frame::frames(datagram, crc_extra);
        frames.iter().filter_map(|frame| self.take(frame, at_secs)).collect()
    }

    fn take(&mut self, frame: &Frame, at_secs: f64) -> Option<PoseSample> {
        if frame.system != *self.system.get_or_insert(frame.system) {
            return None;
        }
        let fields = Fields(&frame.payload);
        match frame.id {
            CAMERA_FOV_STATUS => {
                let (place, above_sea_m) = fields.place(4)?;
                self.whole_at = Some(at_secs);
                Some(PoseSample {
                    latitude_longitude_deg: Some(place),
                    heights: Heights { above_sea_m, ..Heights::default() },
                    orientation: fields.quaternion(28),
                    horizontal_fov_deg: fields.f32(44).filter(|degrees| *degrees > 0.0),
                    ..PoseSample::default()
                })
            }
            GLOBAL_POSITION_INT => {
                let (place, above_sea_m) = fields.place(4)?;
                let above_take_off_m = fields.i32(16).map(|mm| mm * 1e-3);
                let heights = Heights { above_sea_m, above_take_off_m, ..Heights::default() };
                let sample =
                    PoseSample { latitude_longitude_deg: Some(place), heights, ..PoseSample::default() };
                self.position = Some((at_secs, sample));
                None
            }
            ATTITUDE => {
                self.heading_deg = Some((at_secs, fields.f32(12)?.to_degrees()));
                None
            }
            ATTITUDE_QUATERNION => {
                self.heading_deg = Some((at_secs, fields.quaternion(4)?.angles_deg()[0]));
                None
            }
            GIMBAL_DEVICE_ATTITUDE_STATUS => self.assemble(&fields, at_secs),
            _ => None,
        }
    }

    /// A pose from the gimbal's message and the newest of the others, unless the camera itself says more.
    fn assemble(&self, gimbal: &Fields<'_>, at_secs: f64) -> Option<PoseSample> {
        let together = |at: f64| (0.0..=PARTS_TOGETHER_SECS).contains(&(at_secs - at));
        if self.whole_at.is_some_and(together) {
            return None;
        }
        let (_, position) = self.position.filter(|(at, _)| together(*at))?;
        let (seen, flags) = (gimbal.quaternion(4)?, gimbal.u16(36));
        let is_to_north =
            flags & YAW_IN_EARTH_FRAME != 0 || (flags & YAW_IN_VEHICLE_FRAME == 0 && flags & YAW_LOCK != 0);
        let orientation = if is_to_north {
            seen
        } else {
            let (_, heading_deg) = self.heading_deg.filter(|(at, _)| together(*at))?;
            seen.turned_by_heading(heading_deg)
        };
        Some(PoseSample { orientation: Some(orientation), ..position })
    }
}

#[cfg(test)]
mod tests;
