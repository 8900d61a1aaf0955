use super::*;
use crate::{fundamental_diagram::FundamentalDiagram, polygon::Polygon};

const NOW: Timestamp = Timestamp::from_unix_nanos(1_900_000_000_000_000_000);

fn zone(id: &str, features: &[SiteFeature]) -> Zone {
    Zone {
        id: id.to_owned(),
        name: id.to_owned(),
        ring: None,
        outline: Polygon::new(vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]).unwrap(),
        profile: Profile::street_flat(),
        capacity_people: None,
        diagram: FundamentalDiagram::default(),
        features: features.to_vec(),
        is_enclosed_by_lines: false,
        cameras: Vec::new(),
    }
}

fn signal(id: &str) -> Signal {
    Signal {
        id: id.to_owned(),
        site: "stadium".to_owned(),
        zones: Vec::new(),
        kind: SignalKind::Weather,
        severity: None,
        from: NOW,
        until: NOW + 600.0,
        people: None,
        thresholds_factor: None,
        source: "CAP".to_owned(),
        text: "heavy rain".to_owned(),
        issuer: "weather".to_owned(),
        issued_at: NOW,
    }
}

fn told(signals: &mut Signals, signal: Signal, now: Timestamp) -> Result<Taken, SignalRefused> {
    signals.take(signal, ["stairs", "square"].into_iter(), now)
}

#[test]
fn rain_lowers_the_thresholds_of_stairs_alone_and_ends_by_itself() {
    let (stairs, square) = (zone("stairs", &[SiteFeature::Stairs]), zone("square", &[]));
    let mut signals = Signals::default();
    assert!(!signals.has_changed(NOW));
    assert_eq!(told(&mut signals, signal("rain"), NOW), Ok(Taken::New));
    assert!(signals.has_changed(NOW) && !signals.has_changed(NOW + 1.0), "looked at once");
    let tightening = signals.tightening(&stairs, NOW + 1.0).unwrap();
    assert!((tightening.of(&stairs.profile).theta_up_people_per_m2[3] - 5.0 / 1.2).abs() < 1e-9);
    assert_eq!(signals.tightening(&square, NOW + 1.0), None);
    assert!(!signals.has_changed(NOW + 599.0) && signals.has_changed(NOW + 600.0));
    assert_eq!(signals.tightening(&stairs, NOW + 600.0), None);
    assert_eq!(signals.lasting(NOW + 600.0).count(), 0);
}

#[test]
fn the_strictest_of_several_counts_and_one_that_begins_later_waits() {
    let square = zone("square", &[]);
    let mut signals = Signals::default();
    let tickets = |id: &str, factor: f64| Signal {
        kind: SignalKind::Event,
        thresholds_factor: Some(factor),
        zones: vec!["square".to_owned()],
        ..signal(id)
    };
    told(&mut signals, tickets("mild", 0.9), NOW).unwrap();
    told(&mut signals, Signal { from: NOW + 60.0, ..tickets("strict", 0.7) }, NOW).unwrap();
    told(&mut signals, Signal { thresholds_factor: None, ..tickets("words", 1.0) }, NOW).unwrap();
    assert!(signals.has_changed(NOW));
    assert_eq!(signals.tightening(&square, NOW).map(|found| found.signal.id), Some("mild".to_owned()));
    assert!(signals.has_changed(NOW + 60.0));
    assert_eq!(signals.tightening(&square, NOW + 60.0).map(|found| found.factor), Some(0.7));
    assert_eq!(signals.tightening(&zone("stairs", &[]), NOW + 60.0), None);
}

#[test]
fn what_loosens_lasts_for_ever_or_is_elsewhere_is_refused_and_what_was_said_stays() {
    let mut signals = Signals::default();
    told(&mut signals, signal("rain"), NOW).unwrap();
    let named = |zone: &str| Signal { zones: vec![zone.to_owned()], ..signal("other") };
    for (wrong, why) in [
        (Signal { thresholds_factor: Some(1.2), ..signal("other") }, "only lowered"),
        (Signal { thresholds_factor: Some(f64::NAN), ..signal("other") }, "only lowered"),
        (Signal { thresholds_factor: Some(0.1), ..signal("other") }, "only lowered"),
        (Signal { until: NOW + 30.0 * 86_400.0, ..signal("other") }, "within a week"),
        (Signal { from: NOW + 900.0, ..signal("other") }, "end after it begins"),
        (named("roof"), "no zone \"roof\""),
        (Signal { issuer: "trains".to_owned(), ..signal("rain") }, "of a signal of weather"),
        (Signal { text: "drizzle".to_owned(), ..signal("rain") }, "a replay, or overtaken"),
    ] {
        let refused = told(&mut signals, wrong, NOW).unwrap_err().to_string();
        assert!(refused.contains(why), "{why:?} is not in {refused:?}");
    }
    assert_eq!(told(&mut signals, signal("rain"), NOW + 5.0), Ok(Taken::Known));
    assert_eq!(signals.lasting(NOW).map(|one| one.text.as_str()).collect::<Vec<_>>(), ["heavy rain"]);
}

#[test]
fn what_was_taken_back_does_not_come_back_by_saying_the_old_one_again() {
    let stairs = zone("stairs", &[SiteFeature::Stairs]);
    let mut signals = Signals::default();
    told(&mut signals, signal("rain"), NOW).unwrap();
    let back = Signal { until: NOW + 10.0, issued_at: NOW + 10.0, ..signal("rain") };
    assert_eq!(told(&mut signals, back, NOW + 10.0), Ok(Taken::Over));
    assert!(signals.has_changed(NOW + 10.0));
    assert!(told(&mut signals, signal("rain"), NOW + 11.0).is_err());
    assert_eq!(signals.tightening(&stairs, NOW + 11.0), None);
}

#[test]
fn there_is_room_for_so_many_and_no_more() {
    let mut signals = Signals::default();
    for number in 0..SIGNALS_MAX {
        told(&mut signals, signal(&format!("rain-{number}")), NOW).unwrap();
    }
    assert_eq!(told(&mut signals, signal("rain-more"), NOW), Err(SignalRefused::TooMany));
    assert!(signals.has_changed(NOW + 600.0));
    assert_eq!(
        told(&mut signals, Signal { until: NOW + 900.0, ..signal("rain-more") }, NOW + 600.0),
        Ok(Taken::New)
    );
}
