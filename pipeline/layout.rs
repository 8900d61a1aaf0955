//! From a plan to what a site is made of, for those who draw it.

use throng_analytics::{
    camera::Calibration,
    line::Line,
    place::SitePlace,
    wire::{CameraLayout, LayoutOrigin, LineLayout, SiteLayout, SpeakerLayout, ZoneLayout},
    zone::Zone,
};

use crate::config::plan::{CameraPlan, Plan, SpeakerRequestPlan};

/// What the site of a plan is made of.
pub fn layout(plan: &Plan) -> SiteLayout {
    SiteLayout {
        origin: plan.place.map(origin),
        time_zone: plan.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        zones: plan.zones.iter().map(|of| zone(of, plan)).collect(),
        lines: plan.lines.iter().map(line).collect(),
        cameras: plan.cameras.iter().map(camera).collect(),
        speakers: plan.speakers.iter().map(|of| speaker(of, &plan.zones)).collect(),
    }
}

fn origin(place: SitePlace) -> LayoutOrigin {
    LayoutOrigin {
        latitude_deg: place.origin.latitude_deg,
        longitude_deg: place.origin.longitude_deg,
        bearing_deg: place.y_axis_bearing_deg,
    }
}

fn zone(zone: &Zone, plan: &Plan) -> ZoneLayout {
    let corners_m = zone.outline.corners_m();
    let measuring = plan.cameras.iter().map(|camera| camera.id.as_str()).filter(|id| zone.is_measured_by(id));
    ZoneLayout {
        id: zone.id.clone(),
        name: zone.name.clone(),
        ring: zone.ring,
        outline_in_ground_m: corners_m.to_vec(),
        outline_lon_lat_deg: plan.place.map(|place| place.ring_lon_lat_deg(corners_m)),
        area_m2: zone.outline.area_m2(),
        capacity_people: zone.capacity_people,
        thresholds_people_per_m2: zone.profile.theta_up_people_per_m2,
        cameras: measuring.map(str::to_owned).collect(),
        features: zone.features.iter().map(|feature| feature.name().to_owned()).collect(),
        is_enclosed_by_lines: zone.is_enclosed_by_lines,
    }
}

fn line(line: &Line) -> LineLayout {
    LineLayout {
        id: line.id.clone(),
        name: line.name.clone(),
        points_in_ground_m: line.way.points_m().to_vec(),
        zone: line.zone.clone(),
        inside: Some(line.inside),
    }
}

fn camera(camera: &CameraPlan) -> CameraLayout {
    let calibration = &camera.calibration;
    let footprint_in_ground_m =
        if calibration.is_moving() { None } else { footprint_m(calibration) }.unwrap_or_default();
    CameraLayout {
        id: camera.id.to_string(),
        is_calibrated: calibration.is_calibrated(),
        is_moving: calibration.is_moving(),
        position_in_ground_m: camera.position_m,
        footprint_in_ground_m,
    }
}

/// Corners of the ground that a picture shows, upper left first; none where it shows the horizon.
fn footprint_m(calibration: &Calibration) -> Option<Vec<[f64; 2]>> {
    let [width_px, height_px] = calibration.image_size_px().map(f64::from);
    [[0.0, 0.0], [width_px, 0.0], [width_px, height_px], [0.0, height_px]]
        .into_iter()
        .map(|corner_px| calibration.ground_from_image().apply(corner_px))
        .collect()
}

fn speaker(speaker: &SpeakerRequestPlan, zones: &[Zone]) -> SpeakerLayout {
    let all = || zones.iter().map(|zone| zone.id.clone()).collect();
    SpeakerLayout {
        id: speaker.id.to_string(),
        position_in_ground_m: speaker.position_m,
        zones: speaker.zones.clone().unwrap_or_else(all),
    }
}
