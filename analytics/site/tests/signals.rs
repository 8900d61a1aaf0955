//! What a signal from outside does to a site.

use super::*;
use crate::wire::SignalKind;

fn tickets(factor: f64, from_secs: f64, until_secs: f64) -> Signal {
    Signal {
        id: "concert".to_owned(),
        site: "square".to_owned(),
        zones: vec!["middle".to_owned()],
        kind: SignalKind::Event,
        severity: None,
        from: START + from_secs,
        until: START + until_secs,
        people: Some(40_000.0),
        thresholds_factor: Some(factor),
        source: "ticket sales".to_owned(),
        text: "sold out".to_owned(),
        issuer: "tickets".to_owned(),
        issued_at: START + from_secs,
    }
}

fn quick() -> Profile {
    let dwells = [2.0; 4];
    Profile { raise_dwell_secs: dwells, clear_dwell_secs: dwells, ..Profile::street_flat() }
}

#[test]
fn a_signal_raises_the_level_of_the_same_crowd_and_its_end_lets_it_fall() {
    let mut site = site_of(true, quick());
    feed(&mut site, 0.0, 20.0, |_| 1.9);
    assert_eq!(site.step(START + 20.0).zones[0].level, Some(Level::Normal));
    assert_eq!(site.take_signal(tickets(0.6, 20.0, 60.0), START + 20.0), Ok(Taken::New));
    feed(&mut site, 20.2, 20.0, |_| 1.9);
    let tightened = site.step(START + 40.2).zones.remove(0);
    assert_eq!(tightened.level, Some(Level::Yellow), "3.0 is 1.8 people/m2 for now");
    let note = "thresholds lowered to 60 % until ";
    assert!(
        tightened
            .notes
            .iter()
            .any(|said| said.starts_with(note) && said.ends_with("sold out (ticket sales)"))
    );
    let (signals, zones) = site.signals(START + 40.2);
    assert_eq!((signals.len(), zones[0].zone.as_str()), (1, "middle"));
    assert!((zones[0].thresholds_people_per_m2[1] - 1.8).abs() < 1e-9, "{zones:?}");

    feed(&mut site, 40.4, 60.0, |_| 1.9);
    let after = site.step(START + 100.4).zones.remove(0);
    assert_eq!(after.level, Some(Level::Blue), "it ended by itself");
    assert!(!after.notes.iter().any(|said| said.starts_with(note)), "{:?}", after.notes);
    assert_eq!(after.incident.map(|incident| incident.id), tightened.incident.map(|incident| incident.id));
    assert_eq!(site.signals(START + 100.4), (vec![], vec![]));
}

#[test]
fn a_signal_lowers_the_capacity_that_counts_too_and_outlives_another_site_file() {
    let mut site = site_with(true, quick(), Some(100.0));
    feed(&mut site, 0.0, 20.0, |_| 1.7);
    assert_eq!(site.step(START + 20.0).zones[0].level, Some(Level::Normal), "42 of 100 people");
    site.take_signal(tickets(0.8, 20.0, 600.0), START + 20.0).unwrap();
    site.exchange(model(true, quick(), Some(100.0))).unwrap();
    feed(&mut site, 20.2, 20.0, |_| 1.7);
    assert_eq!(site.step(START + 40.2).zones[0].level, Some(Level::Blue), "42 of 80 people");
}
