use super::spans::{clock_text, known_runs};
use super::*;

const SPAN: TimeSpan = TimeSpan { from_secs: 0.0, to_secs: 10.0 };

#[expect(clippy::unnecessary_wraps, reason = "samples hold what may be unknown")]
fn estimate(value: f64) -> Option<Estimate> {
    Some(Estimate { value, lo: value * 0.9, hi: value * 1.1 })
}

fn zone_sample(t_secs: f64, value: f64, level: Option<Level>) -> ZoneSample {
    ZoneSample { t_secs, density_people_per_m2: estimate(value), level }
}

fn zone(name: &str, samples: Vec<ZoneSample>) -> ZoneTrack {
    ZoneTrack { zone: name.to_owned(), thresholds_people_per_m2: Some([2.0, 3.0, 4.0, 5.0]), samples }
}

#[test]
fn a_line_breaks_at_missing_values_and_at_silence() {
    let points = [
        (0.0, estimate(1.0)),
        (1.0, estimate(2.0)),
        (2.0, None),
        (3.0, estimate(3.0)),
        (3.5, estimate(f64::NAN)),
        (4.0, estimate(4.0)),
        (9.0, estimate(5.0)),
    ];
    let runs = known_runs(&points, 2.0);
    let times: Vec<Vec<f64>> = runs.iter().map(|run| run.iter().map(|p| p.0).collect()).collect();
    assert_eq!(times, [vec![0.0, 1.0], vec![3.0], vec![4.0], vec![9.0]]);
}

#[test]
fn the_level_is_unknown_wherever_nothing_says_otherwise() {
    let samples = [zone_sample(2.0, 1.0, Some(Level::Normal)), zone_sample(3.0, 4.5, Some(Level::Orange))];
    assert_eq!(
        level_spans(&samples, SPAN, 2.0),
        [
            (0.0, 2.0, None),
            (2.0, 3.0, Some(Level::Normal)),
            (3.0, 5.0, Some(Level::Orange)),
            (5.0, 10.0, None)
        ]
    );
    assert_eq!(level_spans(&[], SPAN, 2.0), [(0.0, 10.0, None)]);
}

#[test]
fn a_gap_stays_empty_rather_than_falling_to_zero() {
    let track = |t: [f64; 2]| {
        let samples = (0..20).map(move |i| zone_sample(t[0] + f64::from(i) * 0.1, 4.0, Some(Level::Orange)));
        samples.chain((0..20).map(move |i| zone_sample(t[1] + f64::from(i) * 0.1, 4.0, Some(Level::Orange))))
    };
    let mut gap = zone("gate", track([0.0, 8.0]).collect());
    gap.thresholds_people_per_m2 = None;
    let timeline = Timeline { zones: vec![gap], gap_secs: 1.0, ..Timeline::default() };
    let picture = render(&timeline).unwrap();
    // The zone's chart is the lower one; in the middle of the gap nothing but paper and grid is there.
    let middle = 72 + (WIDTH_PX - 72 - 112) / 2;
    let dark = (500..800).filter(|y| picture.get_pixel(middle, *y).0.iter().all(|c| *c < 180)).count();
    assert_eq!(dark, 0);
    let column_with_data = 72 + 40;
    let dark =
        (500..800).filter(|y| picture.get_pixel(column_with_data, *y).0.iter().all(|c| *c < 120)).count();
    assert!(dark > 0, "the line itself is missing");
}

#[test]
fn nothing_little_and_nonsense_are_drawn_without_harm() {
    render(&Timeline::default()).unwrap();
    let odd = Timeline {
        title: "odd".to_owned(),
        cameras: vec![
            CameraTrack::default(),
            CameraTrack {
                camera: "one".to_owned(),
                samples: vec![CountSample { t_secs: 5.0, people: estimate(3.0) }],
            },
            CameraTrack {
                camera: "broken".to_owned(),
                samples: vec![CountSample { t_secs: f64::NAN, people: estimate(f64::INFINITY) }],
            },
        ],
        zones: (0..9)
            .map(|i| ZoneTrack {
                thresholds_people_per_m2: (i % 2 == 0).then_some([f64::NAN, 1.0, f64::INFINITY, -3.0]),
                ..zone(&format!("z{i}"), vec![zone_sample(5.0, f64::from(i), None)])
            })
            .collect(),
        warnings: vec![
            WarningMark { t_secs: f64::NAN, zone: "z8".to_owned(), level: Level::Red },
            WarningMark { t_secs: 5.5, zone: "z8".to_owned(), level: Level::Red },
        ],
        gap_secs: f64::NAN,
        ..Timeline::default()
    };
    assert_eq!(render(&odd).unwrap().dimensions(), (WIDTH_PX, HEIGHT_PX));
}

#[test]
fn the_worst_zones_are_shown_in_their_given_order() {
    let zones = (0..7)
        .map(|i| {
            let level = if i == 5 { Level::Red } else { Level::Normal };
            zone(&format!("z{i}"), vec![zone_sample(0.0, f64::from(i), Some(level))])
        })
        .collect();
    let timeline = Timeline { zones, ..Timeline::default() };
    let shown: Vec<&str> = zones_shown(&timeline).iter().map(|z| z.zone.as_str()).collect();
    assert_eq!(shown, ["z2", "z3", "z4", "z5", "z6"]);
}

#[test]
fn times_and_ticks_read_like_a_clock() {
    assert_eq!(clock_text(0.0), "0:00");
    assert_eq!(clock_text(75.0), "1:15");
    assert_eq!(clock_text(3661.5), "1:01:01.5");
    assert_eq!(
        TimeSpan { from_secs: 0.0, to_secs: 60.0 }.ticks(6),
        [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    );
    assert!(TimeSpan { from_secs: -1e9, to_secs: 1e9 }.ticks(12).len() < 30);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = Path::new("no-such-folder/timeline.png");
    let message = format!("{:#}", write_png(&Timeline::default(), path).unwrap_err());
    assert!(message.contains("no-such-folder/timeline.png") && message.contains("check that"), "{message}");
}
