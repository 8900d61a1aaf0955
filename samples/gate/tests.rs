use throng_analytics::camera::{Homography, leave_one_out_rmse_m};

use super::*;
use crate::crowd::simulation::Simulation;

#[test]
fn the_zone_fills_through_every_level_and_drains() {
    let mut simulation = Simulation::new(scenario(), 1);
    let density_people_per_m2: Vec<f64> = (0..=DURATION_SECS as u32)
        .map(|t| {
            simulation.advance_to(f64::from(t));
            people_in_zone(simulation.agents()) as f64 / zone_area_m2()
        })
        .collect();
    let (closes, opens) = (CLOSES_AT_SECS as usize, OPENS_AT_SECS as usize);
    let calm = density_people_per_m2[..closes].iter().copied().fold(0.0, f64::max);
    assert!(calm < 1.5, "{calm}");
    let crossed: Vec<usize> = [2.0, 3.0, 4.0, 5.0]
        .map(|level| density_people_per_m2.iter().position(|rho| *rho >= level).unwrap())
        .to_vec();
    assert!(crossed.is_sorted() && crossed[0] > closes && crossed[3] < opens, "{crossed:?}");
    assert!(crossed[3] - closes < 65, "red within about a minute of the closing: {crossed:?}");
    assert!(density_people_per_m2[crossed[3] + 3..opens].iter().all(|rho| *rho >= 5.0), "{crossed:?}");
    let peak = density_people_per_m2.iter().copied().fold(0.0, f64::max);
    assert!((5.5..6.5).contains(&peak), "{peak}");
    assert!(density_people_per_m2[opens + 10..].iter().all(|rho| *rho < 1.5), "drained and stays calm");
}

#[test]
fn a_drill_hurts_nobody() {
    let mut simulation = Simulation::new(scenario(), 1);
    let mut load_max: f64 = 0.0;
    for second in 0..OPENS_AT_SECS as u32 {
        simulation.advance_to(f64::from(second));
        load_max = simulation.agents().iter().map(|a| a.contact_load_n_per_m).fold(load_max, f64::max);
    }
    // Fruin reports 4500 N/m as what bends steel barriers.
    assert!(load_max > 0.0 && load_max < 4500.0, "{load_max}");
}

#[test]
fn a_user_can_calibrate_the_camera_from_the_points() {
    let pairs = calibration_points();
    assert_eq!(pairs.len(), 10, "every point is in front of the camera");
    let size = [camera().image_width_px, camera().image_height_px].map(f64::from);
    for pair in &pairs {
        let inside = (0..2).all(|k| pair.in_image_px[k] >= 0.0 && pair.in_image_px[k] < size[k]);
        assert!(inside, "{pair:?}");
    }
    assert!(Homography::fit(&pairs).is_ok());
    assert!(leave_one_out_rmse_m(&pairs).unwrap() < 1e-6);
}

#[test]
fn the_zones_lie_in_the_picture_at_the_ground_and_at_the_heads() {
    let camera = camera();
    for corner in ZONE_IN_GROUND.iter().chain(&APPROACH_IN_GROUND) {
        for height_m in [0.0, 1.6] {
            let [u, v] = camera.project([corner[0], corner[1], height_m]).unwrap().in_image_px;
            assert!((0.0..640.0).contains(&u) && (0.0..480.0).contains(&v), "{corner:?} {height_m}: {u} {v}");
        }
    }
}

fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn the_site_file_of_the_drill_holds_these_numbers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/gate.toml");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: there is no gate.toml beside this crate");
        return;
    };
    let site: toml::Table = text.parse().unwrap();
    let numbers = |value: &toml::Value| -> [f64; 2] {
        let both = value.as_array().unwrap();
        let number = |v: &toml::Value| v.as_float().unwrap_or_else(|| v.as_integer().unwrap() as f64);
        [number(&both[0]), number(&both[1])]
    };
    let calibration = &site["camera"][0]["calibration"];
    assert!(apart(numbers(&calibration["image_size_px"]), [640.0, 480.0]) < 1e-9);
    let points = calibration["points"].as_array().unwrap();
    let expected = calibration_points();
    assert_eq!(points.len(), expected.len());
    for (point, pair) in points.iter().zip(expected) {
        assert!(apart(numbers(&point["ground_m"]), pair.in_ground_m) < 1e-9, "{point} {pair:?}");
        // The file gives tenths of a pixel.
        assert!(apart(numbers(&point["image_px"]), pair.in_image_px) < 0.1, "{point} {pair:?}");
    }
    for (id, polygon) in [("gate", ZONE_IN_GROUND), ("approach", APPROACH_IN_GROUND)] {
        let zones = site["zone"].as_array().unwrap();
        let zone = zones.iter().find(|zone| zone["id"].as_str() == Some(id)).expect(id);
        let corners: Vec<[f64; 2]> = zone["polygon_m"].as_array().unwrap().iter().map(numbers).collect();
        assert_eq!(corners, polygon, "{id}");
    }
}
