//! The dialects of several models, and files that are of no use.

use proptest::prelude::*;

use super::*;

const BRACKETS: &str = "1\r
00:00:00,000 --> 00:00:00,033\r
<font size=\"28\">FrameCnt: 1, DiffTime: 33ms\r
2024-05-01 12:00:00.000\r
[iso: 100] [shutter: 1/1000.0] [fnum: 2.8] [ev: 0] [focal_len: 24.00] [dzoom_ratio: 2.00], [latitude: 31.200000] \
[longitude: 121.500000] [rel_alt: 30.500 abs_alt: 45.250] [gb_yaw: -90.0 gb_pitch: -60.0 gb_roll: 0.5] </font>\r
\r
2\r
00:01:02,500 --> 00:01:02,533\r
[latitude : 31.3] [longtitude : 121.6] [altitude: 31.0] [gb_yaw : 0.1 gb_pitch : -45.0 gb_roll : 0.0]\r
\r
3\r
00:01:03,000 --> 00:01:03,033\r
a spoken subtitle\r
";

#[test]
fn brackets_say_everything() {
    let flight = read(BRACKETS).unwrap();
    assert_eq!((flight.samples.len(), flight.unreadable), (2, 1));
    let (at_secs, first) = flight.samples[0];
    assert!(at_secs.abs() < 1e-12);
    assert_eq!(first.latitude_longitude_deg, Some([31.2, 121.5]));
    assert_eq!((first.heights.above_take_off_m, first.heights.above_sea_m), (Some(30.5), Some(45.25)));
    let [heading, elevation, roll] = first.orientation.unwrap().angles_deg();
    assert!((heading - 270.0).abs() < 1e-6 && (elevation + 60.0).abs() < 1e-6 && (roll - 0.5).abs() < 1e-6);
    // 24 mm: 84 degrees across the diagonal, 76 across the width.
    assert!((first.horizontal_fov_deg.unwrap() - 76.3).abs() < 0.3, "{first:?}");
    assert_eq!(first.zoom, Some(2.0));
    let (at_secs, second) = flight.samples[1];
    assert!((at_secs - 62.5).abs() < 1e-9);
    assert_eq!(second.latitude_longitude_deg, Some([31.3, 121.6]));
    assert_eq!(second.heights.above_take_off_m, Some(31.0));
}

#[test]
fn older_models_tell_where_they_are_but_not_where_they_look() {
    let spoken = [
        "1\n00:00:01,000 --> 00:00:02,000\nF/2.8, SS 206.14, ISO 150, EV 0, GPS (8.6499, 53.1665, 16), D 24.08m, H 6.50m, H.S 0.00m/s, V.S 0.00m/s\n",
        "1\n00:00:01,000 --> 00:00:02,000\nHOME(8.6499,53.1665) 2017.08.05 14:11:51\nGPS(8.6499,53.1665,16) BAROMETER:6.5\nISO:100 Shutter:60 EV: Fnum:F2.2\n",
    ];
    for text in spoken {
        let (at_secs, sample) = entry_of(text.trim_end()).unwrap();
        assert!((at_secs - 1.0).abs() < 1e-12);
        assert_eq!(sample.latitude_longitude_deg, Some([53.1665, 8.6499]), "{text}");
        assert_eq!(sample.heights.above_take_off_m, Some(6.5), "{text}");
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains("where the camera looks") && error.contains("CSV"), "{error}");
    }
}

#[test]
fn what_is_no_telemetry_is_said() {
    for text in ["", "WEBVTT\n\n00:01 --> 00:02\nhello\n", "1\n00:00:00,000 --> 00:00:01,000\nhello\n"] {
        assert!(read(text).unwrap_err().to_string().contains("no subtitle of a DJI drone"), "{text}");
    }
    let indoors = "1\n00:00:00,000 --> 00:00:01,000\n[latitude: 0.0] [longitude: 0.0] [gb_yaw: 1 gb_pitch: -4 gb_roll: 0]\n";
    assert!(read(indoors).unwrap_err().to_string().contains("where the drone is"));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(cut in 0..600_usize, text in "[\\[\\]a-z:0-9 ,.\\-\n>]{0,80}") {
        let at = BRACKETS.floor_char_boundary(cut.min(BRACKETS.len()));
        if let Ok(flight) = read(&[&BRACKETS[..at], &text, &BRACKETS[at..]].concat()) {
            prop_assert!(flight.samples.iter().all(|(at_secs, _)| at_secs.is_finite()));
        }
    }
}
