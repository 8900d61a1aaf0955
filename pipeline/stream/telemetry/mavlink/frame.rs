//! `MAVLink` 2 frames: found in a datagram, their checksum verified, their payload made whole.

/// First byte of a frame.
const MAGIC: u8 = 0xfd;
/// Bytes before the payload, the first included; of the checksum; of a signature.
const HEADER: usize = 10;
const CHECKSUM: usize = 2;
const SIGNATURE: usize = 13;
/// The incompatibility flag that says "signed". A frame with any other one cannot be understood.
const SIGNED: u8 = 0x01;

/// Longest payload.
pub(super) const PAYLOAD_MAX: usize = 255;

/// A message: its number, who sent it, and its payload with the zeros that senders leave out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Number of the message.
    pub(super) id: u32,
    /// System that sent it.
    pub(super) system: u8,
    /// Payload.
    pub(super) payload: [u8; PAYLOAD_MAX],
}

/// Every frame of a datagram whose checksum holds. `crc_extra` gives the byte that makes the checksum speak for the
/// message's definition too; messages without one are not wanted.
pub(super) fn frames(datagram: &[u8], crc_extra: impl Fn(u32) -> Option<u8>) -> Vec<Frame> {
    let mut found = Vec::new();
    let mut rest = datagram;
    while let Some(at) = rest.iter().position(|byte| *byte == MAGIC) {
        rest = &rest[at..];
        match frame(rest, &crc_extra) {
            Some((frame, length)) => {
                found.extend(frame);
                rest = &rest[length..];
            }
            None => rest = &rest[1..],
        }
    }
    found
}

/// The frame that `bytes` begin with, absent where its message is not wanted, and its length; `None` where it is none.
fn frame(bytes: &[u8], crc_extra: &impl Fn(u32) -> Option<u8>) -> Option<(Option<Frame>, usize)> {
    let [_, length, incompatible, _, _, system, _, id @ ..] = *bytes.first_chunk::<HEADER>()?;
    let id = u32::from_le_bytes([id[0], id[1], id[2], 0]);
    if incompatible & !SIGNED != 0 {
        return None;
    }
    let end = HEADER + usize::from(length);
    let whole = end + CHECKSUM + if incompatible & SIGNED == 0 { 0 } else { SIGNATURE };
    let stated = u16::from_le_bytes(*bytes.get(end..)?.first_chunk()?);
    if bytes.len() < whole {
        return None;
    }
    let Some(extra) = crc_extra(id) else { return Some((None, whole)) };
    if crc(bytes[1..end].iter().copied().chain([extra])) != stated {
        return None;
    }
    let mut payload = [0; PAYLOAD_MAX];
    payload[..usize::from(length)].copy_from_slice(&bytes[HEADER..end]);
    Some((Some(Frame { id, system, payload }), whole))
}

/// CRC-16/MCRF4XX, the checksum of X.25.
pub(super) fn crc(bytes: impl Iterator<Item = u8>) -> u16 {
    bytes.fold(0xffff, |crc: u16, byte| {
        let mut mixed = byte ^ crc.to_le_bytes()[0];
        mixed ^= mixed << 4;
        let mixed = u16::from(mixed);
        (crc >> 8) ^ (mixed << 8) ^ (mixed << 3) ^ (mixed >> 4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_its_definition() {
        assert_eq!(crc(b"123456789".iter().copied()), 0x6f91);
    }
}
