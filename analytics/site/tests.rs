//! A site as a whole: a camera straight above a square, people laid out by hand.

mod exchange;
mod signals;

use proptest::prelude::*;

use super::*;
use crate::{camera::PointPair, polygon::Polygon, profile::Profile};

const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

/// 640 x 480 pixels at 2.5 cm: 16 m x 12 m; one zone of 5 m x 5 m in the middle.
fn site(calibrated: bool) -> Site {
    site_of(calibrated, Profile::street_flat())
}

fn site_of(calibrated: bool, profile: Profile) -> Site {
    site_with(calibrated, profile, None)
}

fn site_with(calibrated: bool, profile: Profile, capacity_people: Option<f64>) -> Site {
    Site::new(model(calibrated, profile, capacity_people))
}

fn model(calibrated: bool, profile: Profile, capacity_people: Option<f64>) -> SiteModel {
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
        profile,
        capacity_people,
        diagram: crate::fundamental_diagram::FundamentalDiagram::WEIDMANN,
        features: Vec::new(),
        ring: None,
        is_enclosed_by_lines: false,
        cameras: vec![],
    };
    SiteModel {
        id: "square".into(),
        cameras: vec![CameraModel { id: "top".into(), calibration }],
        zones: vec![zone],
        lines: Vec::new(),
    }
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
            site.acknowledge(
                &incident.id,
                &AckRecord { operator: "duty officer".into(), at: START + t, shelved_until: None },
            );
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
fn a_place_that_fills_on_end_is_orange_sooner_than_one_that_fills_for_half_a_minute() {
    let mut on_end = site(true);
    let levels = feed(&mut on_end, 0.0, 56.0, |t| 0.6 + 0.03 * t);
    assert_eq!(levels.last(), Some(&Some(Level::Orange)), "below 60 % of the threshold: {levels:?}");
    let mut for_a_while = site(true);
    let levels = feed(&mut for_a_while, 0.0, 120.0, |t| 1.3 + 0.03 * t.min(30.0));
    assert!(!levels.contains(&Some(Level::Orange)), "{levels:?}");
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

#[test]
fn a_capture_clock_that_begins_anew_is_followed() {
    let mut site = site(true);
    feed(&mut site, 1000.0, 20.0, |_| 3.5);
    feed(&mut site, 0.0, 10.0, |_| 1.0);
    let zone = site.step(START + 10.0).zones.remove(0);
    assert!((zone.density_people_per_m2.unwrap().value - 1.0).abs() < 0.05);
    assert_eq!(zone.captured_at, Some(START + 9.8));
}

#[test]
fn of_two_cameras_the_one_that_sees_more_speaks_until_it_falls_silent() {
    let left_half: Vec<PointPair> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
        .into_iter()
        .map(|[u, v]| PointPair { in_image_px: [u, v], in_ground_m: [0.0125 * u, 0.025 * (480.0 - v)] })
        .collect();
    let half = CameraModel {
        id: "half".into(),
        calibration: Calibration::from_point_pairs(&left_half, 640, 480, 0.0).unwrap(),
    };
    let whole = site(true).views[0].clone();
    let mut site = Site::new(SiteModel {
        id: "square".into(),
        cameras: vec![half, CameraModel { id: "top".into(), calibration: whole.calibration().clone() }],
        zones: vec![Zone {
            id: "middle".into(),
            name: "Middle".into(),
            outline: Polygon::new(vec![[5.5, 3.5], [10.5, 3.5], [10.5, 8.5], [5.5, 8.5]]).unwrap(),
            profile: Profile::street_flat(),
            capacity_people: None,
            diagram: crate::fundamental_diagram::FundamentalDiagram::WEIDMANN,
            features: Vec::new(),
            ring: None,
            is_enclosed_by_lines: false,
            cameras: vec![],
        }],
        lines: Vec::new(),
    });
    site.observe(&seen(0.0, 3.0));
    site.observe(&CameraObservation { camera: "half".into(), ..seen(0.1, 1.0) });
    let zone = site.step(START + 0.1).zones.remove(0);
    assert_eq!((zone.camera.as_deref(), zone.coverage), (Some("top"), Some(1.0)));
    site.observe(&CameraObservation { camera: "half".into(), ..seen(3.0, 1.0) });
    let zone = site.step(START + 3.0).zones.remove(0);
    assert_eq!(zone.camera.as_deref(), Some("half"));
    assert!((zone.coverage.unwrap() - 0.5).abs() < 0.02, "{:?}", zone.coverage);
}

/// What may happen to a site in an instant.
#[derive(Clone, Debug)]
struct Happening {
    after_secs: f64,
    seen: Option<(f64, bool, [f32; 2])>,
    acknowledges: bool,
}

fn happening() -> impl Strategy<Value = Happening> {
    let after_secs = prop_oneof![8 => 0.05..1.0_f64, 2 => 1.0..50.0_f64, 1 => -20.0..0.0_f64];
    let people_per_m2 = prop_oneof![4 => 0.0..7.0_f64, 1 => Just(0.0), 1 => 15.0..1e6_f64];
    let seen = (people_per_m2, prop::bool::weighted(0.9), [-1e4..1e4_f32, -1e4..1e4_f32]);
    (after_secs, proptest::option::weighted(0.8, seen), any::<bool>())
        .prop_map(|(after_secs, seen, acknowledges)| Happening { after_secs, seen, acknowledges })
}

fn numbers(zone: &ZoneReport) -> Vec<f64> {
    let estimates = [zone.density_people_per_m2, zone.people].into_iter().flatten();
    let spots = zone.hot_spot.into_iter().flat_map(|h| [h.p95_people_per_m2, h.max_people_per_m2]);
    let motions = zone.motion.into_iter().flat_map(|m| [m.velocity_m_per_s[0], m.speed_m_per_s]);
    let risks = zone.risk.iter().flat_map(|risk| {
        let shares = risk.contributions.iter().flat_map(|c| [c.sub_score, c.share.unwrap_or(0.0)]);
        let raw = risk.raw.iter().map(|r| r.value);
        let interval = [risk.interval.p5, risk.interval.p50, risk.interval.p95, risk.score];
        let instead = risk.counterfactual.map(|c| c.density_people_per_m2);
        shares.chain(raw).chain(interval).chain(instead).collect::<Vec<_>>()
    });
    let others = [zone.coverage, zone.occupancy_ratio, zone.trend_people_per_m2_per_sec, zone.secs_to_red];
    estimates
        .flat_map(|e| [e.lo, e.value, e.hi])
        .chain(spots)
        .chain(motions)
        .chain(risks)
        .chain(others.into_iter().flatten())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_are_finite_and_no_level_falls_without_fresh_data(
        happenings in proptest::collection::vec(happening(), 1..120),
        calibrated: bool,
    ) {
        // Short dwells, so that levels come and go within a few seconds.
        let quick = Profile {
            raise_dwell_secs: [1.0; 4],
            clear_dwell_secs: [1.0; 4],
            ..Profile::new("quick", [0.5, 1.0, 1.5, 2.0])
        };
        let mut site = site_of(calibrated, quick);
        let (mut now, mut last_level) = (0.0, None);
        for Happening { after_secs, seen: happened, acknowledges } in happenings {
            now += after_secs;
            if let Some((density, valid, velocity)) = happened {
                let mut observation = seen(now, density);
                observation.motion = MotionField::new(1, 1, 640.0, 480.0, vec![velocity]).ok();
                if !valid {
                    observation.count = Err("the lens is covered".into());
                }
                site.observe(&observation);
            }
            let zone = site.step(START + now).zones.remove(0);
            prop_assert!(numbers(&zone).iter().all(|n| n.is_finite()), "{zone:?}");
            prop_assert!(zone.last_level >= last_level || zone.freshness == Freshness::Fresh, "{zone:?}");
            prop_assert!(zone.freshness != Freshness::Lost || zone.level.is_none(), "{zone:?}");
            prop_assert!(!zone.freshness.may_raise() || zone.level.is_some(), "{zone:?}");
            prop_assert!(zone.level.is_none() || zone.level == zone.last_level);
            last_level = zone.last_level;
            if let (Some(incident), true) = (&zone.incident, acknowledges) {
                let ack = AckRecord { operator: "duty officer".into(), at: START + now, shelved_until: None };
                prop_assert!(site.acknowledge(&incident.id, &ack));
            }
        }
    }
}

#[test]
fn a_zone_that_fills_has_a_time_to_its_capacity() {
    let mut site = site_with(true, Profile::street_flat(), Some(100.0));
    let zone = site.step(START).zones.remove(0);
    assert_eq!((zone.secs_to_capacity, zone.capacity_probability), (None, None));
    // 25 m2: 0.02 people/m2 a second are 0.5 people a second; 75 after two minutes.
    feed(&mut site, 0.0, 120.0, |t| 0.6 + 0.02 * t);
    let zone = site.step(START + 119.8).zones.remove(0);
    let (secs, probability) = (zone.secs_to_capacity.unwrap(), zone.capacity_probability.unwrap());
    assert!((secs - 50.0).abs() < 6.0 && probability > 0.9, "{secs} {probability}");
    feed(&mut site, 120.0, 120.0, |_| 1.0);
    let zone = site.step(START + 239.8).zones.remove(0);
    assert_eq!(zone.secs_to_capacity, None, "it no longer fills");
    assert!(zone.capacity_probability.unwrap() < 0.1);
}
