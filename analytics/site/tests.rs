//! A site as a whole: a camera straight above a square, people laid out by hand.

use super::*;
use crate::{camera::PointPair, polygon::Polygon, profile::Profile};

const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

/// 640 x 480 pixels at 2.5 cm: 16 m x 12 m; one zone of 5 m x 5 m in the middle.
fn site(calibrated: bool) -> Site {
    let pairs: Vec<PointPair> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
        .into_iter()
        .map(|[u, v]| PointPair { in_image_px: [u, v], in_ground_m: [0.025 * u, 0.025 * (480.0 - v)] })
        .collect();
    let calibration = if calibrated {
        Calibration::from_point_pairs(&pairs, 640, 480, 1.6).unwrap()
    } else {
        Calibration::uncalibrated(16.0, 640, 480).unwrap()
    };
    let zone = Zone {
        id: "middle".into(),
        name: "Middle".into(),
        outline: Polygon::new(vec![[5.5, 3.5], [10.5, 3.5], [10.5, 8.5], [5.5, 8.5]]).unwrap(),
        profile: Profile::street_flat(),
        capacity_people: None,
        cameras: vec![],
    };
    Site::new(SiteModel {
        id: "square".into(),
        cameras: vec![CameraModel { id: "top".into(), calibration }],
        zones: vec![zone],
    })
}

fn seen(secs: f64, density_people_per_m2: f64) -> CameraObservation {
    // Cells of 8 px are 0.2 m: 0.04 m2.
    let people = vec![(density_people_per_m2 * 0.04) as f32; 80 * 60];
    let density = DensityMap::new(80, 60, 8.0, 8.0, people).unwrap();
    let total = density.people();
    CameraObservation {
        camera: "top".into(),
        captured_at: START + secs,
        count: Ok(ImageCount { density, people_lo: 0.9 * total, people_hi: 1.15 * total }),
        motion: None,
    }
}

/// Feeds a density for a while at 5 frames a second and returns the levels that were passed through.
fn feed(site: &mut Site, from_secs: f64, secs: f64, density: impl Fn(f64) -> f64) -> Vec<Option<Level>> {
    let mut levels = Vec::new();
    for i in 0..(secs * 5.0) as usize {
        let t = from_secs + i as f64 / 5.0;
        site.observe(&seen(t, density(t - from_secs)));
        let report = site.step(START + t);
        let zone = &report.zones[0];
        if levels.last() != Some(&zone.level) {
            levels.push(zone.level);
        }
        if let (Some(incident), Some(Level::Red)) = (&zone.incident, zone.level) {
            site.acknowledge(&incident.id, &AckRecord { operator: "duty officer".into(), at: START + t });
        }
    }
    levels
}

#[test]
fn a_zone_has_the_density_that_was_laid_out() {
    let mut site = site(true);
    feed(&mut site, 0.0, 5.0, |_| 3.0);
    let report = site.step(START + 5.0);
    let zone = &report.zones[0];
    let density = zone.density_people_per_m2.unwrap();
    assert!((density.value - 3.0).abs() < 0.05, "{density:?}");
    assert!(density.lo < 3.0 && density.hi > 3.0);
    assert!((zone.people.unwrap().value - 75.0).abs() < 1.0);
    assert!((zone.hot_spot.unwrap().max_people_per_m2 - 3.0).abs() < 0.05);
    assert_eq!(zone.coverage, Some(1.0));
}

#[test]
fn a_slow_fill_passes_every_level_and_comes_back() {
    let mut site = site(true);
    let up = feed(&mut site, 0.0, 400.0, |t| (0.5 + 0.015 * t).min(5.6));
    let all = [
        None,
        Some(Level::Normal),
        Some(Level::Blue),
        Some(Level::Yellow),
        Some(Level::Orange),
        Some(Level::Red),
    ];
    assert_eq!(up, all[1..]);
    let down = feed(&mut site, 400.0, 900.0, |_| 0.5);
    assert_eq!(
        down,
        [Some(Level::Red), Some(Level::Orange), Some(Level::Yellow), Some(Level::Blue), Some(Level::Normal)]
    );
}

#[test]
fn no_data_is_unknown_and_never_zero_or_normal() {
    let mut site = site(true);
    let before = site.step(START);
    assert_eq!((before.zones[0].level, before.zones[0].people), (None, None));
    feed(&mut site, 0.0, 60.0, |_| 3.5);
    for (age, freshness, level_known, number_known) in [
        (1.0, Freshness::Fresh, true, true),
        (4.0, Freshness::Degraded, true, true),
        (20.0, Freshness::Stale, true, false),
        (40.0, Freshness::Lost, false, false),
    ] {
        let zone = site.step(START + 59.8 + age).zones.remove(0);
        assert_eq!(zone.freshness, freshness);
        assert_eq!(zone.level.is_some(), level_known, "{age}");
        assert_eq!(zone.density_people_per_m2.is_some(), number_known, "{age}");
        assert_eq!(zone.last_level, Some(Level::Yellow));
    }
}

#[test]
fn a_picture_that_is_not_valid_changes_nothing_but_the_note() {
    let mut site = site(true);
    feed(&mut site, 0.0, 5.0, |_| 3.0);
    let invalid = CameraObservation { count: Err("the picture is black".into()), ..seen(5.2, 0.0) };
    site.observe(&invalid);
    let zone = site.step(START + 5.2).zones.remove(0);
    assert!((zone.density_people_per_m2.unwrap().value - 3.0).abs() < 0.05);
    assert!(zone.notes.iter().any(|note| note.contains("the picture is black")), "{:?}", zone.notes);
}

#[test]
fn an_impossible_density_is_not_believed() {
    let mut site = site(true);
    feed(&mut site, 0.0, 5.0, |_| 3.0);
    site.observe(&seen(5.2, 30.0));
    let zone = site.step(START + 5.2).zones.remove(0);
    assert!((zone.density_people_per_m2.unwrap().value - 3.0).abs() < 0.05);
    assert_eq!(zone.freshness, Freshness::Degraded);
}

#[test]
fn without_calibration_a_dense_crowd_is_yellow_and_says_why() {
    let mut site = site(false);
    let levels = feed(&mut site, 0.0, 120.0, |_| 6.0);
    assert_eq!(levels.last().unwrap(), &Some(Level::Yellow));
    let zone = site.step(START + 120.0).zones.remove(0);
    assert!(!zone.is_calibrated && zone.notes.iter().any(|n| n.contains("uncalibrated")));
}
