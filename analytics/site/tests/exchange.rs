//! What goes on, and what begins anew, where a running site is given another model.

use super::*;

fn quick(theta_up_people_per_m2: [f64; 4]) -> Profile {
    Profile {
        raise_dwell_secs: [2.0; 4],
        clear_dwell_secs: [2.0; 4],
        ..Profile::new("quick", theta_up_people_per_m2)
    }
}

fn quick_model(theta_up_people_per_m2: [f64; 4]) -> SiteModel {
    model(true, quick(theta_up_people_per_m2), None)
}

/// A site whose zone is blue at 2.4 people/m2, by the thresholds 2, 3, 4 and 5.
fn blue() -> Site {
    let mut site = Site::new(quick_model([2.0, 3.0, 4.0, 5.0]));
    feed(&mut site, 0.0, 20.0, |_| 2.4);
    assert_eq!(site.step(START + 20.0).zones[0].level, Some(Level::Blue));
    site
}

#[test]
fn a_level_follows_other_thresholds_in_the_same_incident_after_their_dwell() {
    let mut site = blue();
    let before = site.step(START + 20.0).zones.remove(0);
    site.exchange(quick_model([1.0, 1.5, 3.0, 5.0])).unwrap();
    let at_once = site.step(START + 20.1).zones.remove(0);
    assert_eq!((at_once.level, &at_once.incident), (Some(Level::Blue), &before.incident));
    assert_eq!(at_once.density_people_per_m2, before.density_people_per_m2);
    feed(&mut site, 20.2, 10.0, |_| 2.4);
    let after = site.step(START + 30.2).zones.remove(0);
    assert_eq!(after.level, Some(Level::Yellow));
    assert_eq!(after.incident.map(|incident| incident.id), before.incident.map(|incident| incident.id));
    site.exchange(quick_model([4.0, 5.0, 6.0, 7.0])).unwrap();
    feed(&mut site, 30.4, 20.0, |_| 2.4);
    assert_eq!(site.step(START + 50.4).zones[0].level, Some(Level::Normal));
}

#[test]
fn a_zone_that_is_moved_keeps_its_level_and_is_measured_anew() {
    let mut site = blue();
    let before = site.step(START + 20.0).zones.remove(0);
    let mut moved = quick_model([2.0, 3.0, 4.0, 5.0]);
    moved.zones[0].outline = Polygon::new(vec![[1.0, 1.0], [7.0, 1.0], [7.0, 7.0], [1.0, 7.0]]).unwrap();
    site.exchange(moved).unwrap();
    let at_once = site.step(START + 20.1).zones.remove(0);
    assert_eq!((at_once.level, at_once.incident), (Some(Level::Blue), before.incident));
    assert_eq!((at_once.density_people_per_m2, at_once.freshness), (None, Freshness::Fresh));
    assert!((at_once.area_m2 - 36.0).abs() < 1e-9);
    site.observe(&seen(20.2, 2.4));
    let density = site.step(START + 20.2).zones[0].density_people_per_m2.unwrap();
    assert!((density.value - 2.4).abs() < 0.1, "{density:?}");
}

#[test]
fn another_calibration_is_no_rush_of_people() {
    let mut site = blue();
    let mut wider = quick_model([2.0, 3.0, 4.0, 5.0]);
    // Each pixel shows four times the ground that it was taken for: a quarter of the density.
    let pairs: Vec<PointPair> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
        .into_iter()
        .map(|[u, v]| PointPair { in_image_px: [u, v], in_ground_m: [0.05 * u, 0.05 * (480.0 - v)] })
        .collect();
    wider.cameras[0].calibration = Calibration::from_point_pairs(&pairs, 640, 480, 1.6).unwrap();
    site.exchange(wider).unwrap();
    let at_once = site.step(START + 20.1).zones.remove(0);
    assert_eq!((at_once.level, at_once.density_people_per_m2), (Some(Level::Blue), None));
    site.observe(&seen(20.2, 2.4));
    let seen_anew = site.step(START + 20.2).zones.remove(0);
    let density = seen_anew.density_people_per_m2.unwrap();
    assert!((density.value - 0.6).abs() < 0.1, "{density:?}");
    assert_eq!((seen_anew.level, seen_anew.trend_people_per_m2_per_sec), (Some(Level::Blue), None));
}

#[test]
fn a_zone_with_an_incident_is_not_taken_out() {
    let mut site = blue();
    let without = || SiteModel { zones: Vec::new(), ..quick_model([2.0, 3.0, 4.0, 5.0]) };
    let refused = site.exchange(without()).unwrap_err();
    assert_eq!(refused, IncidentGoesOn { zone: "middle".to_owned() });
    assert_eq!(site.step(START + 20.1).zones[0].level, Some(Level::Blue));
    feed(&mut site, 20.2, 20.0, |_| 0.2);
    site.exchange(without()).unwrap();
    assert!(site.step(START + 41.0).zones.is_empty());
}

#[test]
fn a_zone_that_lost_its_pictures_while_it_was_normal_may_be_taken_out() {
    let mut site = Site::new(quick_model([2.0, 3.0, 4.0, 5.0]));
    feed(&mut site, 0.0, 20.0, |_| 0.2);
    let lost = site.step(START + 60.0).zones.remove(0);
    assert_eq!((lost.level, lost.incident.is_some()), (None, true));
    site.exchange(SiteModel { zones: Vec::new(), ..quick_model([2.0, 3.0, 4.0, 5.0]) }).unwrap();
    assert!(site.step(START + 60.1).zones.is_empty());
}

#[test]
fn a_zone_that_comes_in_is_unknown_until_it_is_measured() {
    let mut site = blue();
    let before = site.step(START + 20.0).zones.remove(0);
    let mut more = quick_model([2.0, 3.0, 4.0, 5.0]);
    let outline = Polygon::new(vec![[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 5.0]]).unwrap();
    more.zones.insert(0, Zone { id: "corner".to_owned(), outline, ..more.zones[0].clone() });
    site.exchange(more).unwrap();
    let at_once = site.step(START + 20.1);
    assert_eq!((at_once.zones[0].level, at_once.zones[0].last_level), (None, None));
    assert_eq!((at_once.zones[1].level, &at_once.zones[1].incident), (Some(Level::Blue), &before.incident));
    feed(&mut site, 20.2, 10.0, |_| 2.4);
    let measured = site.step(START + 30.2).zones.remove(0);
    assert_eq!((measured.zone.as_str(), measured.level), ("corner", Some(Level::Blue)));
}

#[test]
fn a_zone_with_another_outline_counts_its_own_people() {
    let mut site = site(true);
    feed(&mut site, 0.0, 5.0, |_| 3.0);
    let mut other = model(true, Profile::street_flat(), None);
    // On its corner, in the same bounds: every edge runs askew through cells that the square filled.
    let corners = vec![[8.0, 3.5], [10.5, 6.0], [8.0, 8.5], [5.5, 6.0]];
    other.zones[0].outline = Polygon::new(corners).unwrap();
    site.exchange(other).unwrap();
    feed(&mut site, 5.0, 5.0, |_| 3.0);
    let zone = site.step(START + 9.8).zones.remove(0);
    let density = zone.density_people_per_m2.unwrap();
    assert!((density.value - 3.0).abs() < 0.03, "{density:?}");
}
