//! A drone over a simulated crowd, of which everything is known: what becomes of its telemetry, its pictures and its motion.
//!
//! `geometry` asks whether a zone's density is right and its interval honest, with heads put into the picture by the exact
//! camera and taken out by the telemetry. `film` asks the same of velocities in rendered pictures. `program` runs the real
//! program on such a film, from a file and over UDP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod film;
mod geometry;
mod program;

use throng::stream::telemetry::placing::DroneSite;
use throng::stream::telemetry::sample::{GroundLevel, Heights, PoseSample};
use throng_analytics::{
    camera::{Orientation, PoseErrors},
    density_map::DensityMap,
    place::{Geodetic, SitePlace},
    polygon::Polygon,
    profile::Profile,
    zone::Zone,
};
use throng_samples::{crowd::scenario::Scenario, scene::CameraPose};

/// Where simulated places lie.
const PLACE: SitePlace = SitePlace {
    origin: Geodetic { latitude_deg: 31.2397, longitude_deg: 121.4998, height_m: 0.0 },
    y_axis_bearing_deg: 0.0,
};

/// Size of a drone's pictures.
const SIZE_PX: [u32; 2] = [960, 540];

fn scenario(id: &str) -> Scenario {
    let all = throng_samples::crowd::scenario::Suite::Dev.scenarios().unwrap();
    all.into_iter().find(|scenario| scenario.id == id).unwrap()
}

fn zones(scenario: &Scenario) -> Vec<Zone> {
    let zone = |measured: &throng_samples::crowd::scenario::MeasuredZone| Zone {
        id: measured.id.clone(),
        name: measured.id.clone(),
        outline: Polygon::new(measured.outline.clone()).unwrap(),
        profile: Profile::shipped("street_flat").unwrap(),
        capacity_people: None,
        diagram: throng_analytics::fundamental_diagram::FundamentalDiagram::WEIDMANN,
        features: Vec::new(),
        cameras: Vec::new(),
        ring: None,
        is_enclosed_by_lines: false,
    };
    scenario.zones.iter().map(zone).collect()
}

fn site(errors: PoseErrors) -> DroneSite {
    DroneSite {
        place: PLACE,
        ground: GroundLevel { above_ellipsoid_m: Some(0.0), ..GroundLevel::default() },
        horizontal_fov_deg: None,
        image_size_px: SIZE_PX,
        head_height_m: 1.6,
        errors,
    }
}

/// What a drone would say of a pose.
fn told(pose: &CameraPose) -> PoseSample {
    let [east_m, north_m, height_m] = pose.position_m;
    let Geodetic { latitude_deg, longitude_deg, .. } = PLACE.geodetic_from_site_m([east_m, north_m, 0.0]);
    PoseSample {
        latitude_longitude_deg: Some([latitude_deg, longitude_deg]),
        heights: Heights { above_ellipsoid_m: Some(height_m), ..Heights::default() },
        orientation: Orientation::of_angles([pose.heading_deg, -pose.depression_deg, 0.0]),
        horizontal_fov_deg: Some(pose.horizontal_fov_deg),
        ..PoseSample::default()
    }
}

/// Heads at pixels as a counter's map, cells of 4 pixels.
fn map_of(heads_px: impl Iterator<Item = [f64; 2]>) -> DensityMap {
    let [width, height] = SIZE_PX.map(|px| px as usize / 4);
    let mut people = vec![0.0; width * height];
    for [u, v] in heads_px {
        if u >= 0.0 && v >= 0.0 && u < 4.0 * width as f64 && v < 4.0 * height as f64 {
            people[(v / 4.0) as usize * width + (u / 4.0) as usize] += 1.0;
        }
    }
    DensityMap::new(width, height, 4.0, 4.0, people).unwrap()
}
