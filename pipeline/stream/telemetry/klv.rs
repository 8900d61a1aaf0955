//! MISB ST 0601, the key-length-value packets in which military and police drones send where their camera is.
//!
//! A packet is a universal key, a length, and items of tag, length and value; the last is a checksum over all before it.
//! [`Packet::decode`] takes nothing on trust: a packet whose checksum does not hold is no packet, and a number that is
//! marked as out of range is absent.

mod ber;
mod item;
mod pose;

use std::collections::BTreeMap;

use item::form;

/// The universal key of the local set.
const KEY: [u8; 16] =
    [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x0b, 0x01, 0x01, 0x0e, 0x01, 0x03, 0x01, 0x01, 0x00, 0x00, 0x00];

/// Most items of a packet that are read; the standard knows fewer than 150.
const ITEMS_MAX: usize = 512;

/// Tags by name, as far as they are used by name.
pub mod tag {
    /// Checksum.
    pub const CHECKSUM: u32 = 1;
    /// Microseconds since 1970, UTC without leap seconds.
    pub const TIME: u32 = 2;
    /// Platform's heading, pitch and roll.
    pub const PLATFORM_HEADING: u32 = 5;
    /// See above; at most 20 degrees.
    pub const PLATFORM_PITCH: u32 = 6;
    /// See above; at most 50 degrees.
    pub const PLATFORM_ROLL: u32 = 7;
    /// Name of the sensor that made the picture.
    pub const SENSOR_NAME: u32 = 11;
    /// Sensor's latitude.
    pub const SENSOR_LATITUDE: u32 = 13;
    /// Sensor's longitude.
    pub const SENSOR_LONGITUDE: u32 = 14;
    /// Sensor's altitude above mean sea level.
    pub const SENSOR_ALTITUDE: u32 = 15;
    /// Horizontal field of view.
    pub const HORIZONTAL_FOV: u32 = 16;
    /// Sensor's azimuth relative to the platform.
    pub const SENSOR_AZIMUTH: u32 = 18;
    /// Sensor's elevation relative to the platform.
    pub const SENSOR_ELEVATION: u32 = 19;
    /// Sensor's roll relative to the platform.
    pub const SENSOR_ROLL: u32 = 20;
    /// Distance to the frame's centre.
    pub const SLANT_RANGE: u32 = 21;
    /// Frame centre's latitude.
    pub const CENTRE_LATITUDE: u32 = 23;
    /// Frame centre's longitude.
    pub const CENTRE_LONGITUDE: u32 = 24;
    /// Frame centre's elevation above mean sea level.
    pub const CENTRE_ELEVATION: u32 = 25;
    /// Radius around the frame's centre that holds it in 90 %.
    pub const CE90: u32 = 45;
    /// The same of its height.
    pub const LE90: u32 = 46;
    /// Version of the standard.
    pub const VERSION: u32 = 65;
    /// Sensor's height above the ellipsoid.
    pub const SENSOR_HEIGHT: u32 = 75;
    /// Frame centre's height above the ellipsoid.
    pub const CENTRE_HEIGHT: u32 = 78;
    /// Platform's pitch without limit.
    pub const PLATFORM_PITCH_FULL: u32 = 90;
    /// Platform's roll without limit.
    pub const PLATFORM_ROLL_FULL: u32 = 91;
    /// Sensor's height above the ellipsoid, in fine steps.
    pub const SENSOR_HEIGHT_EXTENDED: u32 = 104;
    /// Corners of the picture on the ground, latitude and longitude of each from the upper left clockwise.
    pub const CORNERS: std::ops::RangeInclusive<u32> = 82..=89;
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// Not the key of ST 0601: another kind of metadata.
    #[error("the key is not that of MISB ST 0601")]
    Key,
    /// It ends before its length says.
    #[error("it is cut off")]
    CutOff,
    /// An item reaches beyond the packet, or the last one is no checksum.
    #[error("its items do not fit its length")]
    Items,
    /// The checksum is another.
    #[error("its checksum is {found:04x} and should be {expected:04x}")]
    Checksum {
        /// Worked out from the bytes.
        expected: u16,
        /// Stated in the packet.
        found: u16,
    },
}

/// A packet: numbers and texts by tag. What is not known, or marked as out of range, is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packet {
    /// When it was made, microseconds since 1970.
    pub time_us: Option<u64>,
    /// Name of the sensor.
    pub sensor_name: Option<String>,
    /// Version of the standard.
    pub version: Option<u8>,
    numbers: BTreeMap<u32, f64>,
}

impl Packet {
    /// The packet that `bytes` begin with, and the bytes after it.
    ///
    /// # Errors
    /// [`BadPacket`]. Nothing of such a packet is to be believed.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), BadPacket> {
        let after_key = bytes.strip_prefix(&KEY).ok_or(BadPacket::Key)?;
        let (length, body) = ber::length(after_key).ok_or(BadPacket::CutOff)?;
        if body.len() < length {
            return Err(BadPacket::CutOff);
        }
        let (mut items, rest) = body.split_at(length);
        let whole = &bytes[..bytes.len() - rest.len()];
        let mut packet = Self::default();
        let mut stated = None;
        for _ in 0..ITEMS_MAX {
            if items.is_empty() {
                break;
            }
            let (tag, after_tag) = ber::tag(items).ok_or(BadPacket::Items)?;
            let (length, after_length) = ber::length(after_tag).ok_or(BadPacket::Items)?;
            if after_length.len() < length {
                return Err(BadPacket::Items);
            }
            let (value, after) = after_length.split_at(length);
            // Only as the last item does a checksum cover the packet.
            stated = (tag == tag::CHECKSUM).then_some(value);
            packet.take(tag, value);
            items = after;
        }
        let [high, low] = *stated.filter(|_| items.is_empty()).ok_or(BadPacket::Items)? else {
            return Err(BadPacket::Items);
        };
        let (expected, found) = (checksum(&whole[..whole.len() - 2]), u16::from_be_bytes([high, low]));
        if expected == found { Ok((packet, rest)) } else { Err(BadPacket::Checksum { expected, found }) }
    }

    fn take(&mut self, tag: u32, value: &[u8]) {
        match tag {
            tag::TIME => self.time_us = value.try_into().ok().map(u64::from_be_bytes),
            tag::SENSOR_NAME => self.sensor_name = std::str::from_utf8(value).ok().map(str::to_owned),
            tag::VERSION => self.version = value.first().copied().filter(|_| value.len() == 1),
            _ => {
                if let Some(number) = form(tag).and_then(|form| form.read(value)) {
                    self.numbers.insert(tag, number);
                }
            }
        }
    }

    /// The number of an item: degrees, metres.
    pub fn number(&self, tag: u32) -> Option<f64> {
        self.numbers.get(&tag).copied()
    }

    /// The same packet with the number of an item; one that the item cannot hold is written as out of range, or left out
    /// where its form has no mark for that. Tags that hold no numbers are ignored.
    #[must_use]
    pub fn with(mut self, tag: u32, number: f64) -> Self {
        if form(tag).is_some() {
            self.numbers.insert(tag, number);
        }
        self
    }

    /// The packet as bytes: time first, checksum last, as the standard wants it.
    pub fn encode(&self) -> Vec<u8> {
        let mut items = Vec::with_capacity(256);
        let mut push = |tag: u32, value: &[u8]| {
            ber::push_tag(&mut items, tag);
            ber::push_length(&mut items, value.len());
            items.extend_from_slice(value);
        };
        if let Some(time_us) = self.time_us {
            push(tag::TIME, &time_us.to_be_bytes());
        }
        if let Some(name) = &self.sensor_name {
            push(tag::SENSOR_NAME, name.as_bytes());
        }
        for (tag, number) in &self.numbers {
            if let Some(value) = form(*tag).and_then(|form| form.write(*number)) {
                push(*tag, &value);
            }
        }
        if let Some(version) = self.version {
            push(tag::VERSION, &[version]);
        }
        ber::push_tag(&mut items, tag::CHECKSUM);
        ber::push_length(&mut items, 2);
        let mut bytes = KEY.to_vec();
        ber::push_length(&mut bytes, items.len() + 2);
        bytes.extend_from_slice(&items);
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_be_bytes());
        bytes
    }
}

/// Every packet in a stretch of bytes. What is between them, and packets that are none, are passed over and counted.
pub fn packets(bytes: &[u8]) -> (Vec<Packet>, usize) {
    let (mut found, mut bad) = (Vec::new(), 0);
    let mut rest = bytes;
    while let Some(at) = rest.windows(KEY.len()).position(|window| window == KEY) {
        rest = &rest[at..];
        match Packet::decode(rest) {
            Ok((packet, after)) => {
                found.push(packet);
                rest = after;
            }
            Err(_counted) => {
                bad += 1;
                rest = &rest[KEY.len()..];
            }
        }
    }
    (found, bad)
}

/// The running 16-bit sum of the standard: bytes at even places count as the high byte.
fn checksum(bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .enumerate()
        .fold(0_u16, |sum, (index, byte)| sum.wrapping_add(u16::from(*byte) << (8 * ((index + 1) % 2))))
}

#[cfg(test)]
mod tests;
