//! Basic encoding rules of lengths and tags, as SMPTE ST 336 and MISB ST 0107 use them.

/// A length and the bytes after it: short form below 128, else the number of bytes that follow in the low seven bits.
/// `None` where the bytes end too soon, for the indefinite form, and for lengths that no machine holds.
pub(super) fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return Some((usize::from(*first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > size_of::<usize>() || rest.len() < count {
        return None;
    }
    let (digits, rest) = rest.split_at(count);
    Some((digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest))
}

/// A tag and the bytes after it: seven bits a byte, the high bit says that more follow. `None` where the bytes end too soon
/// or the tag needs more than 28 bits.
pub(super) fn tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut tag = 0;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        tag = tag << 7 | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((tag, &bytes[index + 1..]));
        }
    }
    None
}

/// Appends a length in the shortest form.
pub(super) fn push_length(bytes: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        bytes.push(length as u8);
        return;
    }
    let digits = length.to_be_bytes();
    let skipped = digits.iter().take_while(|digit| **digit == 0).count();
    bytes.push(0x80 | (digits.len() - skipped) as u8);
    bytes.extend_from_slice(&digits[skipped..]);
}

/// Appends a tag of at most 28 bits.
pub(super) fn push_tag(bytes: &mut Vec<u8>, tag: u32) {
    for septet in (1..4).rev().filter(|septet| tag >> (7 * septet) > 0) {
        bytes.push(0x80 | (tag >> (7 * septet)) as u8 & 0x7f);
    }
    bytes.push((tag & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_tags_come_back() {
        for number in [0_usize, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_216] {
            let mut bytes = Vec::new();
            push_length(&mut bytes, number);
            bytes.push(0xaa);
            assert_eq!(length(&bytes), Some((number, &[0xaa][..])), "{bytes:x?}");
        }
        for number in [0_u32, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 0x0fff_ffff] {
            let mut bytes = Vec::new();
            push_tag(&mut bytes, number);
            bytes.push(0xaa);
            assert_eq!(tag(&bytes), Some((number, &[0xaa][..])), "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_without_end_is_nothing() {
        for bytes in [&b""[..], &[0x80, 1], &[0x82, 1], &[0x89; 16], &[0xff; 300]] {
            assert_eq!(length(bytes), None, "{bytes:x?}");
        }
        for bytes in [&b""[..], &[0x80], &[0x81, 0x81, 0x81, 0x81, 1]] {
            assert_eq!(tag(bytes), None, "{bytes:x?}");
        }
    }
}
