use throng_analytics::density_map::DensityMap;

use super::super::heat::HeatUnit;
use super::*;

fn zone(name: &str, level: Option<Level>, polygon: &[PointPx]) -> ZoneOverlay {
    ZoneOverlay {
        name: name.to_owned(),
        polygon_in_image: polygon.to_vec(),
        level,
        density_people_per_m2: Some(Estimate { value: 4.6, lo: 4.1, hi: 5.0 }),
        people: Some(112.0),
        risk: Some(71.0),
    }
}

fn frame<'a>(zones: &'a [ZoneOverlay], heat: Option<HeatLayer<'a>>) -> OverlayFrame<'a> {
    OverlayFrame {
        camera: "gate",
        captured_at: "2026-03-01 12:04:31 UTC",
        people: Some(Estimate { value: 57.2, lo: 49.0, hi: 66.0 }),
        heat,
        zones,
        lines: &[],
        note: Some("uncalibrated: densities rest on a stated fallback"),
    }
}

const SQUARE: [PointPx; 4] = [[60.0, 80.0], [300.0, 80.0], [300.0, 200.0], [60.0, 200.0]];

#[test]
fn a_label_tells_level_and_figures_and_never_a_zero_for_what_is_unknown() {
    let known = zone("gate-front", Some(Level::Orange), &SQUARE);
    assert_eq!(figures(&known), "4.6 /m² [4.1–5.0]  112 people  risk 71");
    let unknown = ZoneOverlay { density_people_per_m2: None, people: None, risk: None, ..known };
    assert_eq!(figures(&unknown), "no valid data");
}

#[test]
fn unknown_is_hatched_and_looks_unlike_normal() {
    let blank = RgbImage::from_pixel(320, 240, Rgb([90; 3]));
    let drawn = |level| {
        let mut picture = blank.clone();
        draw_zone(&mut picture, &zone("z", level, &SQUARE), 12.0);
        picture
    };
    let shades = |picture: &RgbImage| {
        let mut shades: Vec<[u8; 3]> = (100..260).map(|x| picture.get_pixel(x, 140).0).collect();
        shades.sort_unstable();
        shades.dedup();
        shades.len()
    };
    assert_eq!(shades(&drawn(Some(Level::Normal))), 1);
    assert!(shades(&drawn(None)) > 2);
}

#[test]
fn labels_of_zones_in_one_place_do_not_cover_each_other() {
    let mut taken = Vec::new();
    let mut picture = RgbImage::new(768, 576);
    for name in ["one", "two", "three"] {
        draw_label(&mut picture, &zone(name, Some(Level::Red), &SQUARE), 15.0, 25.0, &mut taken);
    }
    assert_eq!(taken.len(), 3);
    for (i, one) in taken.iter().enumerate() {
        assert!(taken[i + 1..].iter().all(|other| !overlap(one, other)), "{taken:?}");
    }
}

#[test]
fn a_zone_out_of_view_gets_no_label() {
    let mut taken = Vec::new();
    let mut picture = RgbImage::new(100, 100);
    for polygon in [&[][..], &[[-9.0, 1.0], [-5.0, 9.0], [-7.0, 5.0]], &[[f64::NAN, 0.0]]] {
        draw_label(&mut picture, &zone("away", Some(Level::Red), polygon), 15.0, 25.0, &mut taken);
    }
    assert!(taken.is_empty());
}

#[test]
fn any_picture_size_is_drawn_and_kept() {
    let map = DensityMap::new(4, 3, 8.0, 8.0, vec![0.5; 12]).unwrap();
    let heat = HeatLayer { map: &map, unit: HeatUnit::PeoplePerCell, full_value: 0.5 };
    let zones = [zone("a", Some(Level::Blue), &SQUARE), zone("b", None, &[])];
    for (width, height) in [(0, 0), (1, 1), (0, 7), (17, 3), (320, 240), (2000, 100)] {
        let mut picture = RgbImage::new(width, height);
        draw_overlay(&mut picture, &frame(&zones, Some(heat)));
        assert_eq!(picture.dimensions(), (width, height));
        let nothing_known = OverlayFrame { people: None, note: None, ..frame(&[], None) };
        draw_overlay(&mut picture, &nothing_known);
    }
}
