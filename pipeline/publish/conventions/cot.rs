//! Cursor on Target: each zone as a drawn shape on the maps of TAK, coloured by its level. It goes stale by itself, so
//! that a map whose data have ended turns grey rather than staying green.

use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{Geometry, Warning, WarningTransition},
};

use super::{lat_lon, xml::Xml};

/// A shape is stale after three refreshes of a warning have not come, seconds.
const STALE_AFTER_SECS: f64 = 180.0;
/// What Cursor on Target writes for an unknown number.
const UNKNOWN: &str = "9999999.0";

/// The event of a warning; `None` where the site does not say where on the earth it is.
pub fn event(warning: &Warning) -> Option<String> {
    let Geometry::Polygon { coordinates } = warning.geometry.as_ref()?;
    // The ring is closed by its first corner; the shape is closed by TAK.
    let ring = coordinates.first().filter(|ring| ring.len() > 3)?;
    let corners: Vec<[f64; 2]> = ring[..ring.len() - 1].iter().map(|place| lat_lon(*place)).collect();
    let mean = |axis: usize| corners.iter().map(|corner| corner[axis]).sum::<f64>() / corners.len() as f64;
    let at = warning.envelope.published_at;
    let is_over = warning.transition == WarningTransition::Cleared;
    let stale = at + if is_over { 1.0 } else { STALE_AFTER_SECS };
    let uid = format!("throng.{}.{}", warning.envelope.site, warning.zone);
    let [now, stale] = [at, stale].map(time);
    let (mut xml, level) = (Xml::document(), warning.level.map_or("UNKNOWN", Level::name).to_uppercase());
    let attributes = [
        ("version", "2.0"),
        ("uid", &uid),
        ("type", "u-d-f"),
        ("how", "m-f"),
        ("time", &now),
        ("start", &now),
        ("stale", &stale),
    ];
    xml.within("event", &attributes, |xml| {
        let [lat, lon] = [mean(0), mean(1)].map(|degrees| format!("{degrees:.7}"));
        xml.empty(
            "point",
            &[("lat", &lat), ("lon", &lon), ("hae", UNKNOWN), ("ce", UNKNOWN), ("le", UNKNOWN)],
        );
        xml.within("detail", &[], |xml| {
            let drill = if warning.envelope.drill { "DRILL " } else { "" };
            xml.empty("contact", &[("callsign", &format!("{drill}{} {level}", warning.zone))]);
            for [latitude, longitude] in &corners {
                xml.empty("link", &[("point", &format!("{latitude:.7},{longitude:.7},0"))]);
            }
            let colour = colour(warning.level);
            xml.empty("strokeColor", &[("value", &argb(0xff, colour).to_string())]);
            xml.empty("fillColor", &[("value", &argb(0x60, colour).to_string())]);
            xml.element("remarks", &warning.text.en);
        });
    });
    Some(xml.into_text())
}

/// Red, green and blue of a level; grey where nobody knows.
fn colour(level: Option<Level>) -> u32 {
    match level {
        None => 0x0080_8080,
        Some(Level::Normal) => 0x0000_8000,
        Some(Level::Blue) => 0x001e_88e5,
        Some(Level::Yellow) => 0x00fd_d835,
        Some(Level::Orange) => 0x00fb_8c00,
        Some(Level::Red) => 0x00e5_3935,
    }
}

/// A colour as TAK writes it: a signed 32-bit number.
fn argb(alpha: u8, colour: u32) -> i32 {
    (u32::from(alpha) << 24 | colour).cast_signed()
}

/// With milliseconds, UTC.
fn time(at: Timestamp) -> String {
    format!("{}Z", at.to_string().get(..23).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    #[test]
    fn a_zone_is_a_shape_with_latitude_first_that_goes_stale() {
        let xml = event(&warning()).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        assert_eq!(
            (root.attribute("uid"), root.attribute("type")),
            (Some("throng.stadium.gate"), Some("u-d-f"))
        );
        assert_eq!(root.attribute("stale"), Some("2026-11-25T12:03:00.000Z"));
        let links: Vec<_> = document.descendants().filter_map(|node| node.attribute("point")).collect();
        assert_eq!(
            links,
            ["31.2000000,121.5000000,0", "31.2000000,121.6000000,0", "31.3000000,121.6000000,0"]
        );
        let stroke = document.descendants().find(|node| node.has_tag_name("strokeColor")).unwrap();
        assert_eq!(stroke.attribute("value"), Some("-291840"));
    }

    #[test]
    fn the_end_goes_stale_at_once_and_without_a_place_there_is_no_shape() {
        let mut told = warning();
        told.transition = WarningTransition::Cleared;
        assert!(event(&told).unwrap().contains("stale=\"2026-11-25T12:00:01.000Z\""));
        told.geometry = None;
        assert_eq!(event(&told), None);
    }
}
