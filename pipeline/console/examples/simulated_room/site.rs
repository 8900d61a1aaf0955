//! The two sites: a square with its streets in three rings, and a small station.

use std::collections::BTreeMap;

use throng_analytics::{level::Level, line::Side, wire::LayoutOrigin, zone::Ring};
use throng_console::{
    Announcement, CameraDescription, LineDescription, SiteDescription, SpeakerDescription, ZoneDescription,
};

use crate::ground;

/// Site, id, name, ring, left, bottom, width, height in metres, capacity, features.
type Zone = (&'static str, &'static str, Ring, [f64; 4], f64, &'static [&'static str]);

const ZONES: [Zone; 8] = [
    ("stage", "Stage front 舞台前", Ring::Core, [40.0, 40.0, 40.0, 20.0], 2400.0, &[]),
    ("square", "Square 广场", Ring::Core, [30.0, 62.0, 60.0, 30.0], 5400.0, &[]),
    ("stairs", "Stairs 台阶", Ring::Core, [92.0, 44.0, 12.0, 30.0], 900.0, &["stairs", "narrow"]),
    ("north", "North street 北街", Ring::District, [52.0, 94.0, 14.0, 40.0], 1600.0, &["narrow"]),
    ("east", "East street 东街", Ring::District, [106.0, 52.0, 46.0, 14.0], 1800.0, &["slope"]),
    ("west", "West street 西街", Ring::District, [-20.0, 66.0, 48.0, 14.0], 1900.0, &[]),
    ("metro", "Metro exit 地铁出口", Ring::Periphery, [154.0, 48.0, 20.0, 22.0], 1200.0, &["dead_end"]),
    ("parking", "Car park 停车场", Ring::Periphery, [-60.0, 56.0, 38.0, 34.0], 3000.0, &[]),
];

/// The square of an old town.
pub(crate) fn square() -> SiteDescription {
    SiteDescription {
        time_zone: "UTC".to_owned(),
        id: "square".to_owned(),
        name: "Old town square 老城广场".to_owned(),
        drill: false,
        place: Some(LayoutOrigin { latitude_deg: 31.2400, longitude_deg: 121.4900, bearing_deg: 0.0 }),
        zones: ZONES.iter().map(zone).collect(),
        lines: vec![
            line("north-gate", "North gate 北门", [[52.0, 92.0], [66.0, 92.0]], "square", Side::Right),
            line("east-gate", "East gate 东门", [[104.0, 52.0], [104.0, 66.0]], "stairs", Side::Left),
            line("west-gate", "West gate 西门", [[30.0, 66.0], [30.0, 80.0]], "square", Side::Right),
        ],
        cameras: vec![
            camera("cam-stage", "Stage mast 舞台", [60.0, 36.0], [30.0, 38.0, 60.0, 30.0]),
            camera("cam-square", "Roof 屋顶", [28.0, 96.0], [26.0, 60.0, 66.0, 36.0]),
            camera("cam-stairs", "Stairs 台阶", [106.0, 80.0], [90.0, 42.0, 16.0, 34.0]),
            camera("cam-metro", "Metro 地铁", [176.0, 74.0], [104.0, 46.0, 72.0, 26.0]),
        ],
        speakers: vec![
            speaker("horn-stage", "Stage horn 舞台喇叭", [60.0, 62.0], &["stage", "square"]),
            speaker("horn-stairs", "Stairs horn 台阶喇叭", [104.0, 60.0], &["stairs", "east"]),
        ],
        plan: None,
        listed_by: Some("simulated".to_owned()),
        config_sha256: "simulated".repeat(7),
        site_file: String::new(),
    }
}

/// A small station, indoors, whose site file names no place on Earth.
pub(crate) fn station() -> SiteDescription {
    let hall = ("hall", "Hall 大厅", Ring::Core, [0.0, 0.0, 40.0, 25.0], 1500.0, &[][..]);
    SiteDescription {
        time_zone: "UTC".to_owned(),
        id: "station".to_owned(),
        name: "East station 东站".to_owned(),
        zones: vec![zone(&hall)],
        plan: Some(ground::PLAN),
        listed_by: Some("simulated".to_owned()),
        ..SiteDescription::default()
    }
}

fn zone((id, name, ring, [x, y, width, height], capacity, features): &Zone) -> ZoneDescription {
    let outline = vec![[*x, *y], [x + width, *y], [x + width, y + height], [*x, y + height]];
    let in_degrees = |[x, y]: [f64; 2]| [121.49 + x / 95_200.0, 31.24 + y / 110_900.0];
    ZoneDescription {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        ring: Some(*ring),
        outline_wgs84: Some(outline.iter().copied().map(in_degrees).collect()),
        outline_in_ground_m: outline,
        area_m2: width * height,
        capacity_people: Some(*capacity),
        thresholds_people_per_m2: BTreeMap::from([
            (Level::Blue, 1.5),
            (Level::Yellow, 2.5),
            (Level::Orange, 3.5),
            (Level::Red, 5.0),
        ]),
        cameras: match *id {
            "stage" => vec!["cam-stage".to_owned()],
            "square" | "west" => vec!["cam-square".to_owned()],
            "stairs" => vec!["cam-stairs".to_owned()],
            "metro" | "east" => vec!["cam-metro".to_owned()],
            _ => Vec::new(),
        },
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        is_enclosed_by_lines: *id == "stage",
    }
}

fn line(id: &str, name: &str, points: [[f64; 2]; 2], zone: &str, inside: Side) -> LineDescription {
    LineDescription {
        id: id.to_owned(),
        name: name.to_owned(),
        points_in_ground_m: points.to_vec(),
        zone: Some(zone.to_owned()),
        inside: Some(inside),
    }
}

fn camera(id: &str, name: &str, at: [f64; 2], [x, y, width, height]: [f64; 4]) -> CameraDescription {
    CameraDescription {
        id: id.to_owned(),
        name: name.to_owned(),
        is_calibrated: true,
        position_in_ground_m: Some(at),
        footprint_in_ground_m: vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]],
    }
}

fn speaker(id: &str, name: &str, at: [f64; 2], zones: &[&str]) -> SpeakerDescription {
    let announcement = |id: &str, zh: &str, en: &str| Announcement {
        id: id.to_owned(),
        zh: zh.to_owned(),
        en: en.to_owned(),
    };
    SpeakerDescription {
        id: id.to_owned(),
        name: name.to_owned(),
        position_in_ground_m: Some(at),
        zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        announcements: vec![
            announcement(
                "stop-inflow",
                "前方拥挤，请停止前行，原地等候。",
                "It is crowded ahead. Please stop and wait.",
            ),
            announcement("move-back", "请慢慢后退，不要推挤。", "Please step back slowly. Do not push."),
            announcement("use-exits", "请使用两侧出口有序离开。", "Please leave by the side exits."),
        ],
    }
}
