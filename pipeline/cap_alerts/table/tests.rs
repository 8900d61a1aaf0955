use super::*;

/// The table that is shown to people.
const EXAMPLE: &str = include_str!("../../../deploy/zenoh/cap_alerts.toml");

fn refused(part: &str, by: &str) -> String {
    assert!(EXAMPLE.contains(part), "{part}");
    format!("{:#}", Table::parse(&EXAMPLE.replacen(part, by, 1)).unwrap_err())
}

fn info(event: &str, severity: Option<Severity>) -> Info {
    Info {
        language: None,
        event: event.to_owned(),
        categories: vec!["Met".to_owned()],
        severity,
        is_over: false,
        from: None,
        until: None,
        headline: None,
        sender_name: None,
        areas: Vec::new(),
    }
}

#[test]
fn the_example_is_a_table() {
    let table = Table::parse(EXAMPLE).unwrap();
    let storm = &table.rules[0];
    assert!(storm.takes(&info("Severe Thunderstorm Warning", Some(Severity::Severe))));
    assert!(storm.takes(&info("雷雨大风", Some(Severity::Moderate))));
    assert!(!storm.takes(&info("Severe Thunderstorm Warning", Some(Severity::Minor))));
    assert!(storm.takes(&info("thunderstorm", None)), "who does not say how serious it is counts");
    assert!(!storm.takes(&info("Heat", Some(Severity::Extreme))));
}

#[test]
fn a_table_that_could_loosen_or_miss_is_refused() {
    for (part, by, said) in [
        ("factor = 0.8", "factor = 1.2", "thresholds are only lowered"),
        ("factor = 0.8", "factor = nan", "thresholds are only lowered"),
        ("factor = 0.8", "factr = 0.8", "unknown field `factr`"),
        ("at = [31.2400, 121.4900]", "at = [121.4900, 31.2400]", "latitude and longitude"),
        ("within_m = 3000", "within_m = 0", "metres above 0"),
        ("name = \"flood\"", "name = \"storm\"", "two rules have the name storm"),
        ("lasts = \"3h\"", "lasts = \"3\"", "has no unit"),
    ] {
        assert!(refused(part, by).contains(said), "{said}: {}", refused(part, by));
    }
}

#[test]
fn an_area_is_about_the_site_unless_it_can_be_ruled_out() {
    let place = Place { at: [31.24, 121.49], within_m: 3000.0, geocodes: vec!["310101".to_owned()] };
    let polygon = |corners: &[[f64; 2]]| Area { polygons: vec![corners.to_vec()], ..Area::default() };
    let square = |south: f64, west: f64, side: f64| {
        polygon(&[
            [south, west],
            [south, west + side],
            [south + side, west + side],
            [south + side, west],
            [south, west],
        ])
    };
    let circle = |radius_km: f64| Area { circles: vec![([31.24, 121.59], radius_km)], ..Area::default() };
    let codes = |code: &str| Area { geocodes: vec![code.to_owned()], ..Area::default() };
    // 0.1 degrees of longitude are 9.5 km here.
    for (area, is_in, why) in [
        (square(31.0, 121.0, 1.0), true, "it is around the site"),
        (square(31.0, 121.51, 1.0), true, "it begins 1.9 km away"),
        (square(31.0, 121.6, 1.0), false, "it begins 10 km away"),
        (square(31.239, 121.489, 0.002), true, "it is within the surroundings"),
        (circle(7.0), true, "it ends 2.5 km away"),
        (circle(6.0), false, "it ends 3.5 km away"),
        (codes("310101"), true, "its code is one of the site's"),
        (codes("110101"), false, "its code is another"),
        (Area::default(), true, "nothing rules it out"),
    ] {
        assert_eq!(place.is_in(&[area]), is_in, "{why}");
    }
    assert!(place.is_in(&[]));
    assert!(place.is_in(&[codes("110101"), circle(7.0)]), "any of several");
    let uncoded = Place { geocodes: Vec::new(), ..place };
    assert!(uncoded.is_in(&[codes("110101")]), "a code that cannot be compared rules nothing out");
    let fiji = Place { at: [-17.0, 179.99], within_m: 3000.0, geocodes: Vec::new() };
    let across = polygon(&[[-16.0, 179.0], [-16.0, -179.0], [-18.0, -179.0], [-18.0, 179.0], [-16.0, 179.0]]);
    assert!(fiji.is_in(&[across]), "also across the 180th meridian");
}
