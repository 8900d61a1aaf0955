//! The items of MISB ST 0601 that a pose is made of: their tags, and how their numbers are written.

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// Whole numbers from 0 to the largest stand for `lo` to `hi`.
    Unsigned {
        /// Bytes.
        width: usize,
        /// What 0 stands for.
        lo: f64,
        /// What the largest stands for.
        hi: f64,
    },
    /// Whole numbers stand for `-reach` to `reach`; the most negative one means "out of range".
    Signed {
        /// Bytes.
        width: usize,
        /// What the largest stands for.
        reach: f64,
    },
    /// MISB ST 1201 `IMAPB(lo, hi)` in as many bytes as there are: a fixed-point number; a set high bit means that it is none.
    Mapped {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
}

/// Bytes in which `Mapped` numbers are written here: 0.03 mm in heights.
const MAPPED_WIDTH: usize = 4;

impl Form {
    /// The number in an item's value; `None` where it has another width, is out of range, or is marked as such.
    pub(super) fn read(self, value: &[u8]) -> Option<f64> {
        let number = |value: &[u8]| value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        match self {
            Self::Unsigned { width, lo, hi } => {
                let largest = (1_u64 << (8 * width)) - 1;
                (value.len() == width).then(|| lo + (hi - lo) * number(value) as f64 / largest as f64)
            }
            Self::Signed { width, reach } => {
                let largest = (1_i64 << (8 * width - 1)) - 1;
                let raw = (value.len() == width).then(|| number(value))?.cast_signed();
                let signed = if raw > largest { raw - 2 * (largest + 1) } else { raw };
                (signed >= -largest).then(|| reach * signed as f64 / largest as f64)
            }
            Self::Mapped { lo, hi } => {
                let is_number = (2..=8).contains(&value.len()) && value[0] & 0x80 == 0;
                let (scale, offset) = is_number.then(|| mapping(lo, hi, value.len()))?;
                let mapped = (number(value) as f64 - offset) / scale + lo;
                (mapped <= hi).then_some(mapped)
            }
        }
    }

    /// A number as an item's value; one that is not finite or out of range is written as such where the form can, else not.
    pub(super) fn write(self, number: f64) -> Option<Vec<u8>> {
        let last = |number: u64, width: usize| number.to_be_bytes()[8 - width..].to_vec();
        match self {
            Self::Unsigned { width, lo, hi } => {
                let largest = (1_u64 << (8 * width)) - 1;
                (lo..=hi)
                    .contains(&number)
                    .then(|| last(((number - lo) / (hi - lo) * largest as f64).round() as u64, width))
            }
            Self::Signed { width, reach } => {
                let largest = (1_i64 << (8 * width - 1)) - 1;
                let is_in_range = (-reach..=reach).contains(&number);
                let whole =
                    if is_in_range { (number / reach * largest as f64).round() as i64 } else { -largest - 1 };
                Some(last(whole as u64, width))
            }
            Self::Mapped { lo, hi } => (lo..=hi).contains(&number).then(|| {
                let (scale, offset) = mapping(lo, hi, MAPPED_WIDTH);
                last((scale * (number - lo) + offset) as u64, MAPPED_WIDTH)
            }),
        }
    }
}

/// Scale and offset of ST 1201: zero stays exactly zero where it lies in the range.
fn mapping(lo: f64, hi: f64, width: usize) -> (f64, f64) {
    let bits = 8.0 * width as f64 - 1.0 - (hi - lo).log2().ceil();
    let scale = bits.exp2();
    let offset = if lo < 0.0 && hi > 0.0 { scale * lo - (scale * lo).floor() } else { 0.0 };
    (scale, offset)
}

/// Altitudes and heights.
const HEIGHT: Form = Form::Unsigned { width: 2, lo: -900.0, hi: 19_000.0 };
/// Latitudes and angles up and down; longitudes and angles to both sides; corners from the frame's centre.
const LATITUDE: Form = Form::Signed { width: 4, reach: 90.0 };
const LONGITUDE: Form = Form::Signed { width: 4, reach: 180.0 };
const CORNER: Form = Form::Signed { width: 2, reach: 0.075 };
/// Fields of view; angles all around; probable errors of position.
const FIELD_OF_VIEW: Form = Form::Unsigned { width: 2, lo: 0.0, hi: 180.0 };
const AROUND: Form = Form::Unsigned { width: 4, lo: 0.0, hi: 360.0 };
const ERROR: Form = Form::Unsigned { width: 2, lo: 0.0, hi: 4095.0 };

/// How the number of an item is written; `None` for items that are no numbers or not known here.
///
/// Ranges and widths: MISB ST 0601, as in the sources of jMISB; the full angles 90 and 91 and the extended height 104 are
/// finer than 6, 7 and 75, whose steps a moving picture shows.
pub(super) fn form(tag: u32) -> Option<Form> {
    Some(match tag {
        5 => Form::Unsigned { width: 2, lo: 0.0, hi: 360.0 },
        6 => Form::Signed { width: 2, reach: 20.0 },
        7 => Form::Signed { width: 2, reach: 50.0 },
        13 | 23 | 82 | 84 | 86 | 88 | 90 | 91 => LATITUDE,
        14 | 19 | 24 | 83 | 85 | 87 | 89 => LONGITUDE,
        15 | 25 | 75 | 78 => HEIGHT,
        16 | 17 => FIELD_OF_VIEW,
        18 | 20 => AROUND,
        21 => Form::Unsigned { width: 4, lo: 0.0, hi: 5_000_000.0 },
        22 => Form::Unsigned { width: 2, lo: 0.0, hi: 10_000.0 },
        26..=33 => CORNER,
        45 | 46 => ERROR,
        104 => Form::Mapped { lo: -900.0, hi: 40_000.0 },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_for_what_the_standard_says() {
        // Worked out by hand: half of the range and a quarter, and the marks for "none".
        let heading = form(5).unwrap();
        assert!((heading.read(&[0x80, 0x00]).unwrap() - 180.0).abs() < 0.003);
        assert_eq!(heading.read(&[0xff, 0xff]), Some(360.0));
        let pitch = form(6).unwrap();
        assert_eq!(pitch.read(&[0x7f, 0xff]), Some(20.0));
        assert_eq!(pitch.read(&[0x80, 0x01]), Some(-20.0));
        assert_eq!(pitch.read(&[0x80, 0x00]), None, "out of range");
        assert_eq!(form(15).unwrap().read(&[0, 0]), Some(-900.0));
        assert_eq!(form(13).unwrap().read(&[0x80, 0, 0, 0]), None, "an error, not 90 degrees south");
        assert_eq!(form(13).unwrap().read(&[0x40, 0]), None, "another width");
        assert_eq!(form(3), None, "a text");
    }

    #[test]
    fn every_number_comes_back_within_a_step() {
        for tag in 0..=142 {
            let Some(form) = form(tag) else { continue };
            let (lo, hi, steps) = match form {
                Form::Unsigned { width, lo, hi } => (lo, hi, (8.0 * width as f64).exp2()),
                Form::Signed { width, reach } => (-reach, reach, (8.0 * width as f64).exp2()),
                Form::Mapped { lo, hi } => (lo, hi, 1e9),
            };
            for part in 0..=100 {
                let number = lo + (hi - lo) * f64::from(part) / 100.0;
                let back = form.read(&form.write(number).unwrap()).unwrap();
                assert!((back - number).abs() <= (hi - lo) / steps, "tag {tag}: {number} {back}");
            }
            for outside in [f64::NAN, hi + 1.0, lo - 1.0] {
                let written = form.write(outside);
                assert_eq!(written.and_then(|value| form.read(&value)), None, "tag {tag}: {outside}");
            }
        }
    }
}
