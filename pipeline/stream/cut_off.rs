//! Files whose end is missing, as far as the container tells and GStreamer does not.

use std::io::{Read, Seek, SeekFrom};

/// Most boxes of an MP4 file that are looked at; whole files have a handful, fragmented ones their index in front.
const MOST_BOXES: usize = 1000;

/// Bytes that an AVI file states beyond those it has. Its demultiplexer rebuilds the index of a file that was cut off
/// and reports the shorter length as the whole, so the header is the only witness.
pub(super) fn missing_avi_bytes(file: &mut (impl Read + Seek)) -> Option<u64> {
    let found = file.seek(SeekFrom::End(0)).ok()?;
    let [b'R', b'I', b'F', b'F', size @ ..] = header_at(file, 0)? else { return None };
    let stated = u64::from(u32::from_le_bytes(size)) + 8;
    (stated > found).then(|| stated - found)
}

/// Whether an MP4 file ends before its index (`moov`), which recorders write last: nothing in it can be decoded.
///
/// The demultiplexer fails on it within microseconds, while `decodebin` of GStreamer 1.22 may still be trying it out
/// and then ignores its error; the stream would stay silent for ever.
pub(super) fn lacks_mp4_index(file: &mut (impl Read + Seek)) -> bool {
    let mut at = 0;
    for index in 0..MOST_BOXES {
        let Some([size @ .., a, b, c, d]) = header_at(file, at) else { return index > 0 };
        match (index, &[a, b, c, d]) {
            (0, b"ftyp") => {}
            (0, _) | (_, b"moov") => return false,
            _ => {}
        }
        let bytes = match u32::from_be_bytes(size) {
            // It reaches to the end of the file.
            0 => return true,
            1 => match header_at(file, at + 8) {
                Some(large) => u64::from_be_bytes(large),
                None => return true,
            },
            small => u64::from(small),
        };
        match at.checked_add(bytes) {
            Some(next) if bytes >= 8 => at = next,
            _ => return true,
        }
    }
    false
}

fn header_at(file: &mut (impl Read + Seek), at: u64) -> Option<[u8; 8]> {
    let mut header = [0; 8];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut header).ok()?;
    Some(header)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxes(boxes: &[(&[u8; 4], u32)]) -> Vec<u8> {
        let of = |(kind, bytes): &(&[u8; 4], u32)| {
            let mut whole = vec![0; *bytes as usize];
            whole[..4].copy_from_slice(&bytes.to_be_bytes());
            whole[4..8].copy_from_slice(*kind);
            whole
        };
        boxes.iter().flat_map(of).collect()
    }

    #[test]
    fn an_mp4_file_needs_its_index() {
        let lacks = |bytes: &[u8]| lacks_mp4_index(&mut Cursor::new(bytes));
        let whole = boxes(&[(b"ftyp", 24), (b"mdat", 100), (b"moov", 40)]);
        assert!(!lacks(&whole));
        assert!(!lacks(&boxes(&[(b"ftyp", 24), (b"moov", 40), (b"mdat", 100)])));
        for end in 20..124 {
            assert!(lacks(&whole[..end]), "cut off at {end}");
        }
        let mut large = boxes(&[(b"ftyp", 24), (b"mdat", 100)]);
        large[24..28].copy_from_slice(&1_u32.to_be_bytes());
        for size in [0, 7, 16, 100, u64::MAX] {
            large[32..40].copy_from_slice(&size.to_be_bytes());
            assert!(lacks(&large), "a large box of {size} bytes");
        }
    }

    #[test]
    fn what_is_no_mp4_file_needs_none() {
        for other in [&b""[..], b"RIFF", b"RIFF\x00\x00\x00\x00AVI LIST", &[0; 100], &[255; 100]] {
            assert!(!lacks_mp4_index(&mut Cursor::new(other)), "{other:?}");
        }
    }

    #[test]
    fn an_avi_file_states_its_length() {
        let missing = |bytes: &[u8]| missing_avi_bytes(&mut Cursor::new(bytes));
        assert_eq!(missing(b"RIFF\x10\x00\x00\x00AVI LIST12345678"), None);
        assert_eq!(missing(b"RIFF\x10\x00\x00\x00AVI LIST123"), Some(5));
        assert_eq!(missing(b"RIF"), None);
        assert_eq!(missing(b"0123456789"), None);
    }
}
