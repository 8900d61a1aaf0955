use super::*;
use crate::cap_alerts::alert::{Area, Severity};

const NOW: Timestamp = Timestamp::from_unix_nanos(1_795_000_000_000_000_000);

fn table() -> Table {
    Table::parse(include_str!("../../../deploy/zenoh/cap_alerts.toml")).unwrap()
}

fn name(identifier: &str) -> AlertName {
    AlertName { sender: "weather".to_owned(), identifier: identifier.to_owned() }
}

/// A thunderstorm everywhere for an hour from now.
fn storm(identifier: &str, kind: AlertKind, references: &[&str]) -> Alert {
    let info = Info {
        language: Some("en-US".to_owned()),
        event: "Thunderstorm".to_owned(),
        categories: vec!["Met".to_owned()],
        severity: Some(Severity::Severe),
        is_over: false,
        from: None,
        until: Some(NOW + 3600.0),
        headline: Some(format!("storm {identifier}")),
        sender_name: None,
        areas: Vec::new(),
    };
    Alert {
        name: name(identifier),
        sent: NOW - 60.0,
        kind,
        references: references.iter().map(|reference| name(reference)).collect(),
        infos: vec![info],
    }
}

fn changed(change: impl FnOnce(&mut Info)) -> Alert {
    let mut alert = storm("a", AlertKind::Alert, &[]);
    change(&mut alert.infos[0]);
    alert
}

/// Texts of the signals that last, and how many are said to be over.
fn told(alerts: &Alerts, now: Timestamp) -> (Vec<String>, usize) {
    let signals = alerts.signals("site", &table(), now);
    let (lasting, over): (Vec<_>, Vec<_>) = signals.into_values().partition(|signal| signal.until > now);
    (lasting.into_iter().map(|signal| signal.text).collect(), over.len())
}

fn of(alerts: &[Alert]) -> Alerts {
    let mut seen = Alerts::default();
    assert_eq!(seen.take(alerts.iter().cloned(), NOW), 0);
    seen
}

#[test]
fn an_alert_becomes_the_signal_of_its_rule_until_it_expires() {
    let alerts = of(&[storm("a", AlertKind::Alert, &[])]);
    let signals = alerts.signals("site", &table(), NOW);
    let (id, signal) = signals.first_key_value().unwrap();
    assert!(id.starts_with("cap-") && id.ends_with("-storm"), "{id}");
    assert!(crate::publish::Id::new(id.as_str()).is_ok());
    assert_eq!(
        (signal.kind, signal.until, signal.thresholds_factor),
        (SignalKind::Weather, NOW + 3600.0, Some(0.8))
    );
    assert_eq!(
        (signal.zones.as_slice(), signal.severity.as_deref()),
        (["stairs".to_owned()].as_slice(), Some("Severe"))
    );
    assert_eq!(told(&alerts, NOW + 3600.0), (Vec::new(), 0));
}

#[test]
fn an_update_takes_the_place_of_an_alert_and_a_cancel_ends_it_in_whatever_order_they_come() {
    let (a, b) = (storm("a", AlertKind::Alert, &[]), storm("b", AlertKind::Update, &["a"]));
    let cancel = storm("c", AlertKind::Cancel, &["a", "b"]);
    for order in [[&a, &b], [&b, &a]] {
        assert_eq!(
            told(&of(&order.map(Clone::clone)), NOW),
            (vec!["storm b".to_owned()], 2),
            "by both rules"
        );
    }
    for order in [[&a, &b, &cancel], [&cancel, &b, &a], [&b, &cancel, &a]] {
        let alerts = of(&order.map(Clone::clone));
        assert_eq!(told(&alerts, NOW).0, Vec::<String>::new());
        // Long after that was said, what was taken back is still not there, though its feed goes on showing it.
        let mut later = alerts;
        later.take([a.clone()], NOW + 600.0);
        assert_eq!(told(&later, NOW + 600.0), (Vec::new(), 0));
    }
}

#[test]
fn what_an_earlier_run_told_is_taken_back_by_its_name_alone() {
    let before = of(&[storm("a", AlertKind::Alert, &[])]).signals("site", &table(), NOW);
    let after = of(&[storm("c", AlertKind::Cancel, &["a"])]).signals("site", &table(), NOW);
    let (id, _) = before.first_key_value().unwrap();
    assert!(after[id].until <= NOW);
}

#[test]
fn an_alert_that_is_gone_from_its_feed_holds_on() {
    let mut alerts = of(&[storm("a", AlertKind::Alert, &[])]);
    alerts.take([], NOW + 1800.0);
    assert_eq!(told(&alerts, NOW + 1800.0).0, ["storm a"]);
}

#[test]
fn what_is_over_elsewhere_or_not_in_the_table_is_no_signal() {
    let far = Area { circles: vec![([0.0, 0.0], 100.0)], ..Area::default() };
    for alert in [
        changed(|info| info.until = Some(NOW)),
        changed(|info| info.is_over = true),
        changed(|info| info.areas = vec![far]),
        changed(|info| info.event = "Pollen".to_owned()),
        changed(|info| info.severity = Some(Severity::Minor)),
    ] {
        assert_eq!(told(&of(&[alert]), NOW), (Vec::new(), 0));
    }
}

#[test]
fn one_without_an_end_lasts_as_long_as_its_rule_says_and_none_longer_than_a_week() {
    let until = |alert: Alert| {
        of(&[alert]).signals("site", &table(), NOW).into_values().next().map(|signal| signal.until)
    };
    assert_eq!(until(changed(|info| info.until = None)), Some(NOW - 60.0 + 3.0 * 3600.0));
    let long = until(changed(|info| info.until = Some(NOW + 30.0 * DAY_SECS))).unwrap();
    assert!((5.0..6.0).contains(&(long.secs_since(NOW) / DAY_SECS)), "{long}");
}

#[test]
fn of_several_languages_the_preferred_one_is_shown_and_the_strictest_of_the_rest_counts() {
    let mut alert = storm("a", AlertKind::Alert, &[]);
    let zh = Info {
        language: Some("zh-CN".to_owned()),
        severity: Some(Severity::Extreme),
        until: Some(NOW + 7200.0),
        headline: Some("雷雨".to_owned()),
        ..alert.infos[0].clone()
    };
    alert.infos.push(zh);
    let signals = of(&[alert]).signals("site", &table(), NOW);
    let signal = signals.into_values().next().unwrap();
    assert_eq!((signal.text.as_str(), signal.severity.as_deref()), ("雷雨", Some("Extreme")));
    assert_eq!(signal.until, NOW + 7200.0);
}

#[test]
fn there_is_room_for_so_many_alerts_and_no_more() {
    let mut alerts = Alerts::default();
    let many = (0..ALERTS_MAX + 3).map(|number| storm(&number.to_string(), AlertKind::Alert, &[]));
    assert_eq!(alerts.take(many, NOW), 3);
}
