//! One line of `throng count --json`.

use serde::Serialize;
use throng_models::counter::{PictureCount, Validity};

/// The count of one picture or frame.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    /// File or stream, without credentials.
    source: &'a str,
    /// Seconds after the video's start; 0 for a picture.
    t_s: f64,
    /// People; null where not valid.
    count: Option<f64>,
    /// Lower end of the 90 % interval, people; null where not valid.
    lo: Option<f64>,
    /// Upper end of the 90 % interval, people; null where not valid.
    hi: Option<f64>,
    /// Whether the count may be used.
    valid: bool,
    /// Why it may not; null where it may.
    reason: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(super) fn of(source: &'a str, t_s: f64, counted: &'a PictureCount) -> Self {
        match &counted.validity {
            Validity::Valid => Self {
                source,
                t_s: rounded(t_s, 1e3),
                count: Some(rounded(counted.people, 1e2)),
                lo: Some(rounded(counted.people_lo, 1e2)),
                hi: Some(rounded(counted.people_hi, 1e2)),
                valid: true,
                reason: None,
            },
            Validity::NotValid { reason } => Self::unreadable(source, t_s, reason),
        }
    }

    /// For a source that gives no (more) pictures, from `t_s` on.
    pub(super) fn unreadable(source: &'a str, t_s: f64, reason: &'a str) -> Self {
        let t_s = rounded(t_s, 1e3);
        Self { source, t_s, count: None, lo: None, hi: None, valid: false, reason: Some(reason) }
    }
}

/// More digits than the figures deserve would only make the lines long.
fn rounded(value: f64, steps_per_unit: f64) -> f64 {
    (value * steps_per_unit).round() / steps_per_unit
}

#[cfg(test)]
mod tests {
    use throng_analytics::density_map::DensityMap;

    use super::*;

    fn counted(people: f64, validity: Validity) -> PictureCount {
        let density = DensityMap::new(0, 0, 1.0, 1.0, Vec::new()).unwrap();
        let (people_lo, people_hi) = (people * 0.5, people * 2.0);
        PictureCount {
            people,
            people_lo,
            people_hi,
            density,
            detected_heads_px: None,
            detected_head_widths_px: None,
            validity,
            inference_secs: 0.0,
        }
    }

    #[test]
    fn a_count_is_one_line_with_every_key() {
        let json =
            serde_json::to_string(&Record::of("a.mp4", 1.23456, &counted(7.126, Validity::Valid))).unwrap();
        assert_eq!(
            json,
            r#"{"source":"a.mp4","t_s":1.235,"count":7.13,"lo":3.56,"hi":14.25,"valid":true,"reason":null}"#
        );
    }

    #[test]
    fn what_is_not_valid_has_a_reason_and_no_number() {
        let black = counted(f64::NAN, Validity::NotValid { reason: "picture is black".to_owned() });
        let json = serde_json::to_string(&Record::of("a.jpg", 0.0, &black)).unwrap();
        assert_eq!(
            json,
            r#"{"source":"a.jpg","t_s":0.0,"count":null,"lo":null,"hi":null,"valid":false,"reason":"picture is black"}"#
        );
    }
}
