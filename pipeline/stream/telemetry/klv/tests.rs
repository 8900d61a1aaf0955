//! Packets there and back, and packets that are broken in every way.

use proptest::prelude::*;

use super::*;

fn flight() -> Packet {
    let packet = Packet {
        time_us: Some(1_700_000_000_123_456),
        sensor_name: Some("EO".to_owned()),
        version: Some(19),
        ..Packet::default()
    };
    packet
        .with(tag::PLATFORM_HEADING, 159.97)
        .with(tag::PLATFORM_PITCH, -0.43)
        .with(tag::PLATFORM_ROLL, 3.4)
        .with(tag::SENSOR_LATITUDE, 60.176_822)
        .with(tag::SENSOR_LONGITUDE, 128.426_759)
        .with(tag::SENSOR_ALTITUDE, 120.0)
        .with(tag::HORIZONTAL_FOV, 44.1)
        .with(tag::SENSOR_AZIMUTH, 160.7)
        .with(tag::SENSOR_ELEVATION, -60.5)
        .with(tag::SENSOR_ROLL, 0.0)
        .with(tag::SENSOR_HEIGHT_EXTENDED, 131.25)
        .with(82, 60.1)
        .with(83, 128.4)
}

#[test]
fn a_packet_comes_back() {
    let written = flight();
    let mut bytes = written.encode();
    bytes.extend_from_slice(b"next");
    let (read, rest) = Packet::decode(&bytes).unwrap();
    assert_eq!(rest, b"next");
    assert_eq!(
        (read.time_us, read.sensor_name.clone(), read.version),
        (written.time_us, Some("EO".to_owned()), Some(19))
    );
    for (tag, number) in &written.numbers {
        assert!((read.numbers[tag] - number).abs() < 0.16, "tag {tag}: {number} {}", read.numbers[tag]);
    }
    assert!((read.number(tag::SENSOR_HEIGHT_EXTENDED).unwrap() - 131.25).abs() < 1e-4);
    assert_eq!(read.number(tag::SLANT_RANGE), None);
}

#[test]
fn a_number_out_of_range_is_absent_and_never_its_limit() {
    let bytes = flight().with(tag::PLATFORM_PITCH, 35.0).with(tag::HORIZONTAL_FOV, 400.0).encode();
    let (read, _) = Packet::decode(&bytes).unwrap();
    assert_eq!((read.number(tag::PLATFORM_PITCH), read.number(tag::HORIZONTAL_FOV)), (None, None));
    assert!(read.number(tag::PLATFORM_ROLL).is_some());
}

#[test]
fn long_lengths_and_unknown_items_are_read_over() {
    // An item of a tag in two bytes and a length in long form, before the checksum.
    let mut items = vec![0x81, 0x02, 0x81, 0xc8];
    items.extend_from_slice(&[7; 200]);
    items.extend_from_slice(&[5, 2, 0x80, 0x00, 1, 2]);
    let mut bytes = KEY.to_vec();
    bytes.extend_from_slice(&[0x82, 0, (items.len() + 2) as u8]);
    bytes.extend_from_slice(&items);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum.to_be_bytes());
    let (read, rest) = Packet::decode(&bytes).unwrap();
    assert!((read.number(tag::PLATFORM_HEADING).unwrap() - 180.0).abs() < 0.01 && rest.is_empty());
}

#[test]
fn what_is_broken_is_said() {
    let good = flight().encode();
    let decode = |bytes: &[u8]| Packet::decode(bytes).unwrap_err();
    assert_eq!(decode(b"something else entirely"), BadPacket::Key);
    assert_eq!(decode(&good[..good.len() - 1]), BadPacket::CutOff);
    for index in 17..good.len() - 2 {
        let mut bytes = good.clone();
        bytes[index] ^= 0x10;
        assert!(Packet::decode(&bytes).is_err(), "one flipped bit at {index} must not pass");
    }
    let mut swapped = good.clone();
    swapped[30] ^= 1;
    assert!(matches!(decode(&swapped), BadPacket::Checksum { .. } | BadPacket::Items));
    // A checksum that is not the last item covers nothing.
    let mut unsealed = KEY.to_vec();
    unsealed.extend_from_slice(&[8, 1, 2, 0, 0, 5, 2, 0, 0]);
    assert_eq!(decode(&unsealed), BadPacket::Items);
}

#[test]
fn packets_are_found_between_other_bytes() {
    let one = flight().encode();
    let mut bad = one.clone();
    bad[40] ^= 0xff;
    let stream = [b"noise".as_slice(), &one, b"\x00\x00", &bad, &one, &KEY[..9]].concat();
    let (found, bad) = packets(&stream);
    assert_eq!((found.len(), bad), (2, 1));
}

/// Changes packets as lines and faults do, and as somebody would who means harm: bits flipped, bytes set, cut out, doubled,
/// and, half of the time, the checksum made to fit again, so that what is behind it is reached too.
fn mutated(good: &[u8], dice: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=dice(8) {
        let at = dice(bytes.len().max(1));
        match dice(6) {
            0 => bytes[at] ^= 1 << dice(8),
            1 => bytes[at] = dice(256) as u8,
            2 => bytes[at] = [0, 0x7f, 0x80, 0xff][dice(4)],
            3 => bytes.truncate(at),
            4 => {
                let end = (at + dice(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + dice(40)).min(bytes.len());
                let doubled = bytes[at..end].to_vec();
                bytes.splice(at..at, doubled);
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    if dice(2) == 0 && bytes.len() > 20 {
        let (length, whole) = (bytes.len() - 17, bytes.len());
        bytes[..16].copy_from_slice(&KEY);
        if length < 128 {
            bytes[16] = length as u8;
        }
        let sum = checksum(&bytes[..whole - 2]);
        bytes[whole - 2..].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

#[test]
fn a_hundred_thousand_mutated_packets_neither_panic_nor_hang_nor_lie() {
    let good = flight().encode();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // Xorshift: the same packets in every run.
    let mut dice = |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % sides as u64) as usize
    };
    let mut passed = 0;
    for _ in 0..100_000 {
        let bytes = mutated(&good, &mut dice);
        let (found, _) = packets(&bytes);
        for packet in found {
            passed += 1;
            for (tag, number) in &packet.numbers {
                assert!(number.is_finite(), "tag {tag}: {number}");
            }
            assert!(packet.number(tag::SENSOR_LATITUDE).is_none_or(|degrees| degrees.abs() <= 90.0));
        }
    }
    assert!(passed > 1000, "mutations behind a good checksum are reached too: {passed}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut sealed = KEY.to_vec();
        sealed.extend_from_slice(&bytes);
        let _: (Vec<Packet>, usize) = packets(&sealed);
        prop_assert!(Packet::decode(&bytes).is_err());
    }

    #[test]
    fn any_numbers_come_back(latitude in -90.0..90.0_f64, longitude in -180.0..180.0_f64, height in -900.0..19_000.0_f64) {
        let packet = Packet::default()
            .with(tag::SENSOR_LATITUDE, latitude)
            .with(tag::SENSOR_LONGITUDE, longitude)
            .with(tag::SENSOR_HEIGHT, height);
        let (read, _) = Packet::decode(&packet.encode()).unwrap();
        prop_assert!((read.number(tag::SENSOR_LATITUDE).unwrap() - latitude).abs() < 1e-7);
        prop_assert!((read.number(tag::SENSOR_LONGITUDE).unwrap() - longitude).abs() < 1e-7);
        prop_assert!((read.number(tag::SENSOR_HEIGHT).unwrap() - height).abs() < 0.16);
    }
}
