//! From what a site says it is made of to what the console draws.

use std::collections::BTreeMap;

use throng_analytics::{
    level::Level,
    wire::{CameraLayout, LineLayout, SiteConfig, SpeakerLayout, ZoneLayout},
};
use throng_console::{
    CameraDescription, LineDescription, SiteDescription, SpeakerDescription, ZoneDescription,
};

/// What the console draws of a site. A site of an older version says nothing of its parts; it still has its id.
pub(super) fn describe(config: SiteConfig, drill: bool) -> SiteDescription {
    let listed_by = config.layout.as_ref().map(|_layout| config.node);
    let layout = config.layout.unwrap_or_default();
    SiteDescription {
        listed_by,
        name: config.site.clone(),
        id: config.site,
        drill,
        time_zone: if layout.time_zone.is_empty() { "UTC".to_owned() } else { layout.time_zone },
        place: layout.origin,
        zones: layout.zones.into_iter().map(zone).collect(),
        lines: layout.lines.into_iter().map(line).collect(),
        cameras: layout.cameras.into_iter().map(camera).collect(),
        speakers: layout.speakers.into_iter().map(speaker).collect(),
        plan: None,
        config_sha256: config.config_sha256,
        site_file: config.text,
    }
}

fn zone(zone: ZoneLayout) -> ZoneDescription {
    let levels = Level::WARNING.into_iter().zip(zone.thresholds_people_per_m2);
    ZoneDescription {
        id: zone.id,
        name: zone.name,
        ring: zone.ring,
        outline_in_ground_m: zone.outline_in_ground_m,
        outline_wgs84: zone.outline_lon_lat_deg,
        area_m2: zone.area_m2,
        capacity_people: zone.capacity_people,
        thresholds_people_per_m2: levels.collect::<BTreeMap<_, _>>(),
        cameras: zone.cameras,
        features: zone.features,
        is_enclosed_by_lines: zone.is_enclosed_by_lines,
    }
}

fn line(line: LineLayout) -> LineDescription {
    LineDescription {
        id: line.id,
        name: line.name,
        points_in_ground_m: line.points_in_ground_m,
        zone: line.zone,
        inside: line.inside,
    }
}

fn camera(camera: CameraLayout) -> CameraDescription {
    CameraDescription {
        name: camera.id.clone(),
        id: camera.id,
        is_calibrated: camera.is_calibrated,
        position_in_ground_m: camera.position_in_ground_m,
        footprint_in_ground_m: camera.footprint_in_ground_m,
    }
}

fn speaker(speaker: SpeakerLayout) -> SpeakerDescription {
    SpeakerDescription {
        name: speaker.id.clone(),
        id: speaker.id,
        position_in_ground_m: speaker.position_in_ground_m,
        zones: speaker.zones,
        announcements: Vec::new(),
    }
}
