//! Coded pictures that no other is predicted from, as their own headers say: H.264 by `nal_ref_idc` (ITU-T H.264, 7.4.1), H.265 by
//! the sub-layer non-reference types of NAL units (ITU-T H.265, table 7-1).

use gstreamer as gst;

/// Looks at the pictures of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Headers {
    codec: Codec,
    framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    H264,
    /// With the highest temporal layer seen: pictures of the layers below it may be needed by those above.
    H265 {
        highest_layer: u8,
    },
}

/// How NAL units follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// Each after 0, 0, 1.
    StartCodes,
    /// Each after its length in so many bytes.
    Lengths(usize),
}

/// What the header of a NAL unit says.
enum Unit {
    /// No part of a picture: parameters, supplements.
    Other,
    /// Of a picture that others are predicted from.
    Needed,
    /// Of one that none is predicted from.
    Disposable,
}

impl Headers {
    /// For a stream of these caps; `None` for other codecs, and where the caps do not say how units follow each other.
    pub(super) fn of(caps: &gst::CapsRef) -> Option<Self> {
        let structure = caps.structure(0)?;
        let (codec, length_at) = match structure.name().as_str() {
            "video/x-h264" => (Codec::H264, 4),
            "video/x-h265" => (Codec::H265 { highest_layer: 0 }, 21),
            _ => return None,
        };
        let framing = if structure.get::<&str>("stream-format") == Ok("byte-stream") {
            Framing::StartCodes
        } else {
            // ISO/IEC 14496-15: the last two bits of this byte are one less than the bytes of a length.
            let setup = structure.get::<gst::Buffer>("codec_data").ok()?;
            let setup = setup.map_readable().ok()?;
            Framing::Lengths(usize::from(*setup.get(length_at)? & 3) + 1)
        };
        Some(Self { codec, framing })
    }

    /// Whether no other picture is predicted from this one; `false` where its header is not found.
    pub(super) fn is_disposable(&mut self, picture: &[u8]) -> bool {
        let mut rest = picture;
        while let Some((unit, after)) = self.next_unit(rest) {
            match self.read(unit) {
                Some(Unit::Disposable) => return true,
                Some(Unit::Needed) => return false,
                Some(Unit::Other) | None => rest = after,
            }
        }
        false
    }

    /// The first NAL unit, at least its header, and what follows.
    fn next_unit<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        match self.framing {
            Framing::StartCodes => {
                let at = bytes.windows(3).position(|three| three == [0, 0, 1])? + 3;
                // The next start code ends it; its header is all that is asked for.
                Some((&bytes[at..], &bytes[at..]))
            }
            Framing::Lengths(size) => {
                let length = bytes.get(..size)?.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
                let end = size.checked_add(length)?;
                Some((bytes.get(size..end)?, &bytes[end..]))
            }
        }
    }

    fn read(&mut self, unit: &[u8]) -> Option<Unit> {
        Some(match &mut self.codec {
            Codec::H264 => {
                let header = *unit.first()?;
                match (header & 0x1f, (header >> 5) & 3) {
                    (1..=5, 0) => Unit::Disposable,
                    (1..=5, _) => Unit::Needed,
                    _ => Unit::Other,
                }
            }
            Codec::H265 { highest_layer } => {
                let (kind, layer) = ((*unit.first()? >> 1) & 0x3f, *unit.get(1)? & 7);
                if kind > 31 {
                    return Some(Unit::Other);
                }
                *highest_layer = (*highest_layer).max(layer);
                // Of the first sixteen, those with even numbers are not referred to within their layer.
                let is_unreferred = kind < 16 && kind.is_multiple_of(2);
                if is_unreferred && layer == *highest_layer { Unit::Disposable } else { Unit::Needed }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H264: Headers = Headers { codec: Codec::H264, framing: Framing::StartCodes };

    fn h265() -> Headers {
        Headers { codec: Codec::H265 { highest_layer: 0 }, framing: Framing::Lengths(4) }
    }

    #[test]
    fn h264_pictures_tell_by_two_bits() {
        // A delimiter and a supplement before the picture itself.
        let picture = |header: u8| [0, 0, 0, 1, 9, 16, 0, 0, 1, 6, 5, 1, 0, 128, 0, 0, 1, header, 0x9a, 0x01];
        for (header, is_disposable) in [(0x01, true), (0x41, false), (0x61, false), (0x65, false)] {
            let mut headers = H264;
            assert_eq!(headers.is_disposable(&picture(header)), is_disposable, "{header:#x}");
        }
        let mut by_length = Headers { framing: Framing::Lengths(2), ..H264 };
        assert!(by_length.is_disposable(&[0, 2, 6, 1, 0, 2, 0x01, 0x9a]));
        assert!(!by_length.is_disposable(&[0, 2, 6, 1, 0, 9, 0x01, 0x9a]), "a length beyond the end");
    }

    #[test]
    fn h265_pictures_of_a_lower_layer_are_kept_for_those_above() {
        let picture = |kind: u8, layer: u8| [0, 0, 0, 3, kind << 1, layer + 1, 0];
        // Temporal ids are sent plus one.
        let mut one_layer = h265();
        assert!(!one_layer.is_disposable(&picture(19, 0)) && !one_layer.is_disposable(&picture(1, 0)));
        assert!(one_layer.is_disposable(&picture(0, 0)));
        let mut layers = h265();
        assert!(layers.is_disposable(&picture(0, 2)));
        assert!(!layers.is_disposable(&picture(0, 1)), "a picture of layer 2 may need it");
    }

    #[test]
    fn what_is_no_picture_is_no_reason_to_drop_anything() {
        for bytes in [&[][..], &[0, 0, 1], &[0, 0, 0, 1], &[0xff; 40], &[0; 40], &[0, 0, 1, 9, 0, 0, 1]] {
            let mut headers = H264;
            assert!(!headers.is_disposable(bytes), "{bytes:?}");
            assert!(!h265().is_disposable(bytes), "{bytes:?}");
        }
    }
}
