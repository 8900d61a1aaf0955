//! Made scenes whose truth is known: a textured street, people who cross it, noise.

use std::sync::LazyLock;

use image::RgbImage;
use throng_samples::rng::Rng;

use super::{
    lies::{Liar, MadeLie},
    *,
};

const SIZE: (u32, u32) = (320, 240);
const FPS: f64 = 5.0;

/// The street without people, luma.
static GROUND: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let luma = |x: u32, y: u32| {
        let (u, v) = (f64::from(x), f64::from(y));
        let texture = 30.0 * (0.31 * u + 0.02 * v).sin() + 25.0 * (0.23 * v + 0.05 * u).cos();
        120.0 + texture + if (x / 40 + y / 30).is_multiple_of(2) { 20.0 } else { -15.0 }
    };
    (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| luma(x, y))).collect()
});

/// The street at `secs`: walkers who cross it, each at a pace of its own, and the noise of a sensor.
fn street(secs: f64, noise: f64, walkers: u32, rng: &mut Rng) -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (u, v) = (f64::from(x), f64::from(y));
        let walker = (0..walkers).any(|walker| {
            let pace = 17.0 + 7.3 * f64::from(walker);
            let at = (40.0 * f64::from(walker) + pace * secs) % 400.0 - 40.0;
            (u - at).abs() < 8.0 && (v - 60.0 - 25.0 * f64::from(walker)).abs() < 20.0
        });
        let luma =
            if walker { 220.0 } else { GROUND[(y * SIZE.0 + x) as usize] } + noise * (rng.uniform() - 0.5);
        image::Rgb([luma.clamp(0.0, 255.0) as u8; 3])
    })
}

/// What is said over `secs` seconds of a film made by `picture`.
fn watched(
    settings: WatchSettings,
    secs: f64,
    mut picture: impl FnMut(f64) -> RgbImage,
) -> Vec<(f64, Option<Trouble>)> {
    let mut watch = PictureWatch::new(settings);
    (0..(secs * FPS) as u32)
        .map(|i| {
            let at = f64::from(i) / FPS;
            let picture = picture(at);
            let view = RgbView::new(picture.as_raw(), SIZE.0 as usize, SIZE.1 as usize, 3 * SIZE.0 as usize);
            (at, watch.observe(view.unwrap(), 1, Timestamp::default() + at).unwrap())
        })
        .collect()
}

/// A lie told from 20 s on for `told_secs`, and the truth after it: what was said at last while it was told and at last.
fn told(lie: MadeLie, told_secs: f64) -> (Option<Trouble>, Option<Trouble>) {
    let (mut rng, mut liar) = (Rng::new(7), Liar::new(lie));
    let end = 20.0 + told_secs;
    let said = watched(WatchSettings::default(), end + 20.0, |at| {
        let truth = street(at, 12.0, 4, &mut rng);
        if (20.0..end).contains(&at) {
            return liar.tell(truth);
        }
        liar.see(&truth, at);
        truth
    });
    assert!(said.iter().filter(|(at, _)| *at < 20.0).all(|(_, said)| said.is_none()), "{said:?}");
    let last_told = said.iter().rfind(|(at, _)| *at < end).and_then(|(_, said)| said.clone());
    (last_told, said.last().and_then(|(_, said)| said.clone()))
}

#[test]
fn every_lie_is_told_and_taken_back() {
    for (lie, as_, secs) in [
        (MadeLie::Frozen, Lie::Frozen, 8.0),
        (MadeLie::FrozenReencoded, Lie::Frozen, 10.0),
        (MadeLie::Looped, Lie::Looped, 26.0),
        (MadeLie::Covered, Lie::Covered, 8.0),
        (MadeLie::Defocused, Lie::Defocused, 8.0),
        (MadeLie::Nudged, Lie::Moved, 14.0),
        (MadeLie::Rain, Lie::Veiled, 8.0),
        (MadeLie::Glare, Lie::Veiled, 8.0),
    ] {
        let (during, after) = told(lie, secs);
        assert_eq!(during.as_ref().map(|trouble| trouble.lie), Some(as_), "{lie:?}: {during:?}");
        assert_eq!(after, None, "{lie:?}");
    }
}

#[test]
fn a_frozen_picture_is_believed_until_it_stopped_moving() {
    let (during, _) = told(MadeLie::Frozen, 8.0);
    let believed = during.unwrap().believed_until.secs_since(Timestamp::default());
    assert!((19.7..20.3).contains(&believed), "{believed}");
}

#[test]
fn a_place_where_nobody_moves_is_not_frozen() {
    let mut rng = Rng::new(3);
    let said = watched(WatchSettings::default(), 60.0, |_| street(0.0, 12.0, 0, &mut rng));
    assert!(said.iter().all(|(_, said)| said.is_none()), "{said:?}");
}

#[test]
fn one_walker_in_a_night_without_noise_is_life_and_a_standstill_of_everything_is_none() {
    let mut rng = Rng::new(3);
    let said = watched(WatchSettings::default(), 30.0, |at| street(at, 0.0, 1, &mut rng));
    assert!(said.iter().all(|(_, said)| said.is_none()), "{said:?}");
    let said = watched(WatchSettings::default(), 30.0, |_| street(0.0, 0.0, 1, &mut rng));
    assert_eq!(said.last().and_then(|(_, said)| Some(said.as_ref()?.lie)), Some(Lie::Frozen));
}

#[test]
fn a_nudge_is_measured() {
    let (during, _) = told(MadeLie::Nudged, 14.0);
    let shift = during.unwrap().shift.unwrap();
    // The picture is read 3 % of its width further right, so what is in it moves left.
    assert!((shift.middle[0] + 0.03).abs() < 0.004 && shift.middle[1].abs() < 0.004, "{shift:?}");
    let moved = shift.apply([160.0, 120.0], [320.0, 240.0]);
    assert!((moved[0] - 150.4).abs() < 1.5 && (moved[1] - 120.0).abs() < 1.5, "{moved:?}");
}

#[test]
fn slow_drift_adds_up_to_a_moved_camera() {
    let mut rng = Rng::new(5);
    let said = watched(WatchSettings::default(), 90.0, |at| {
        let truth = street(at, 12.0, 3, &mut rng);
        let shift = (at / 15.0) as u32;
        RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| *truth.get_pixel((x + shift).min(SIZE.0 - 1), y))
    });
    let first = said.iter().find_map(|(at, said)| said.as_ref().map(|said| (*at, said.clone())));
    let (at, trouble) = first.unwrap();
    assert_eq!(trouble.lie, Lie::Moved);
    // 1 % of 320 pixels is reached with the fourth.
    assert!((55.0..75.0).contains(&at), "{at}: {trouble:?}");
}

#[test]
fn a_camera_that_moves_on_purpose_and_what_is_switched_off_are_left_alone() {
    for settings in [
        WatchSettings { moves: true, ..WatchSettings::default() },
        WatchSettings { off: vec![Lie::Moved], ..WatchSettings::default() },
    ] {
        let mut rng = Rng::new(9);
        let said = watched(settings, 40.0, |at| {
            let truth = street(at, 12.0, 3, &mut rng);
            let shift = if at > 20.0 { 12 } else { 0 };
            RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| *truth.get_pixel((x + shift).min(SIZE.0 - 1), y))
        });
        assert!(said.iter().all(|(_, said)| said.is_none()), "{said:?}");
    }
}

#[test]
fn a_confirmed_view_is_the_view() {
    let mut rng = Rng::new(11);
    let mut watch = PictureWatch::new(WatchSettings::default());
    let mut last = None;
    for i in 0..350 {
        let at = f64::from(i) / FPS;
        let truth = street(at, 12.0, 3, &mut rng);
        let shift = if at > 20.0 { 12 } else { 0 };
        let picture =
            RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| *truth.get_pixel((x + shift).min(SIZE.0 - 1), y));
        let view = RgbView::new(picture.as_raw(), 320, 240, 960).unwrap();
        last = watch.observe(view, 1, Timestamp::default() + at).unwrap();
        if i == 200 {
            assert_eq!(last.as_ref().map(|trouble| trouble.lie), Some(Lie::Moved));
            watch.confirm();
        }
    }
    assert_eq!(last, None);
}
