//! Motion of pictures whose shift is known.

use super::*;

/// Side lengths of the test picture: reduced by one, so that shifts are exact.
const SIZE: (usize, usize) = (320, 240);

/// A textured picture: the ground stays, and what lies in `moved` (columns) is shifted right by `shift_px`.
fn picture((width, height): (usize, usize), moved: std::ops::Range<usize>, shift_px: usize) -> Vec<u8> {
    let texture = |x: usize, y: usize| {
        let (x, y) = (x as f64, y as f64);
        let waves = (0.31 * x).sin() + (0.23 * y + 0.05 * x).cos() + (0.11 * x * 0.7 + 0.17 * y).sin();
        (128.0 + 36.0 * waves) as u8
    };
    (0..width * height)
        .flat_map(|i| {
            let (x, y) = (i % width, i / width);
            [texture(if moved.contains(&x) { x + 1000 - shift_px } else { x + 1000 }, y); 3]
        })
        .collect()
}

fn view(rgb: &[u8], (width, height): (usize, usize)) -> RgbView<'_> {
    RgbView::new(rgb, width, height, 3 * width).unwrap()
}

fn at(secs: f64) -> Timestamp {
    Timestamp::default() + secs
}

#[test]
fn what_moves_has_its_velocity_and_what_stands_has_none() {
    let (first, second) = (picture(SIZE, 160..320, 0), picture(SIZE, 160..320, 3));
    let mut meter = MotionMeter::new().unwrap();
    assert!(meter.follow(view(&first, SIZE), 1, at(0.0)).unwrap().is_none());
    let motion = meter.follow(view(&second, SIZE), 1, at(0.1)).unwrap().unwrap();
    // 3 pixels in 0.1 s, in an image twice as wide: 60 pixels a second.
    let field = motion.field(2.0).unwrap();
    for v in [100.0, 240.0, 400.0] {
        let moving = field.at([520.0, v]).unwrap();
        assert!((moving[0] - 60.0).abs() < 8.0 && moving[1].abs() < 8.0, "{moving:?}");
        let standing = field.at([120.0, v]).unwrap();
        assert!(standing[0].hypot(standing[1]) < 4.0, "{standing:?}");
    }
    assert_eq!(ShakeWatch::default().observe(&motion.shifts_px, at(0.1)), None);
}

#[test]
fn a_shifted_picture_is_a_shaken_camera() {
    let (first, second) = (picture(SIZE, 0..320, 0), picture(SIZE, 0..320, 4));
    let mut meter = MotionMeter::new().unwrap();
    meter.follow(view(&first, SIZE), 1, at(0.0)).unwrap();
    let motion = meter.follow(view(&second, SIZE), 1, at(0.1)).unwrap().unwrap();
    match ShakeWatch::default().observe(&motion.shifts_px, at(0.1)) {
        Some(ShakeChange::Began([u, v])) => assert!((u - 4.0).abs() < 0.3 && v.abs() < 0.3, "{u} {v}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_subtracted_across_sessions_gaps_and_sizes() {
    let still = picture(SIZE, 0..0, 0);
    let small = picture((160, 120), 0..0, 0);
    let mut meter = MotionMeter::new().unwrap();
    let mut follow =
        |rgb: &[u8], size, session, secs| meter.follow(view(rgb, size), session, at(secs)).unwrap().is_some();
    assert!(!follow(&still, SIZE, 1, 0.0), "the first picture");
    assert!(follow(&still, SIZE, 1, 0.5), "half a second is a step");
    assert!(!follow(&still, SIZE, 2, 0.6), "another session");
    assert!(follow(&still, SIZE, 2, 0.7));
    assert!(!follow(&still, SIZE, 2, 0.7), "the same picture again");
    assert!(!follow(&still, SIZE, 2, 0.3), "time that runs backwards");
    assert!(!follow(&still, SIZE, 2, 5.0), "a gap");
    assert!(!follow(&small, (160, 120), 2, 5.1), "another size");
    assert!(follow(&small, (160, 120), 2, 5.2));
}

#[test]
fn pictures_of_every_size_are_taken() {
    let mut meter = MotionMeter::new().unwrap();
    let mut session = 0;
    for size in
        [(1, 1), (63, 64), (64, 64), (65, 97), (333, 64), (64, 333), (639, 70), (641, 129), (1921, 131)]
    {
        let rgb = picture(size, 0..0, 0);
        session += 1;
        meter.follow(view(&rgb, size), session, at(0.0)).unwrap();
        let motion = meter.follow(view(&rgb, size), session, at(0.1)).unwrap();
        let factor = (size.0 / FLOW_WIDTH_PX).max(1);
        let is_large_enough = (size.0 / factor).min(size.1 / factor) >= LEAST_SIDE_PX;
        assert_eq!(motion.is_some(), is_large_enough, "{size:?}");
        if let Some(field) = motion.and_then(|motion| motion.field(1.0)) {
            let middle = field.at([size.0 as f64 / 2.0, size.1 as f64 / 2.0]).unwrap();
            assert!(middle[0].abs() + middle[1].abs() < 1.0, "{size:?}: {middle:?}");
        }
    }
}

#[test]
fn a_street_camera_on_a_fixed_mount_does_not_shake() {
    let path = std::path::Path::new("/usr/share/doc/opencv-doc/examples/data/vtest.avi");
    if !path.exists() {
        println!("Skipped: vtest.avi is not installed; deploy/setup.sh installs it with opencv-doc.");
        return;
    }
    let options = crate::stream::options::StreamOptions {
        count_fps: 10.0,
        width_px: None,
        pace: crate::stream::options::Pace::AsFastAsPossible,
        origin: at(0.0),
        session: 1,
        connect: crate::stream::connect::Connect::default(),
    };
    let uri = crate::stream::uri::SourceUri::from_path(path).unwrap();
    let stream = crate::stream::source::CameraStream::start("street", &uri, options).unwrap();
    let (mut meter, mut shake) = (MotionMeter::new().unwrap(), ShakeWatch::default());
    for frame in stream.frames() {
        let motion = meter.follow(frame.rgb().unwrap(), 1, frame.captured_at).unwrap();
        let change = motion.and_then(|motion| shake.observe(&motion.shifts_px, frame.captured_at));
        assert_eq!(change, None, "frame {}", frame.seq);
    }
}
