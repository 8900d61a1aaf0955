//! Every sample site is in order.

use super::*;

#[test]
fn every_sample_site_is_in_order_but_for_footage_that_is_not_there() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/samples"));
    let mut sites = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") || path.ends_with("Cargo.toml") {
            continue;
        }
        sites += 1;
        let found = match load(&path) {
            Ok(loaded) => loaded.warnings,
            Err(rejected) => rejected.diagnostics,
        };
        for diagnostic in found {
            let absent_footage =
                diagnostic.problem.contains("names a file that cannot be read (No such file");
            assert!(absent_footage, "{diagnostic}");
        }
    }
    assert!(sites >= 2, "found {sites} sample sites in {}", folder.display());
}

#[test]
fn the_gate_site_describes_the_simulated_gate() {
    use throng_samples::gate;

    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/gate.toml")).unwrap();
    let file: SiteFile = toml::from_str(&text).unwrap();
    let calibration = file.camera.unwrap()[0].calibration.clone().unwrap();
    let camera = gate::camera();
    assert_eq!(calibration.image_size_px, Some([camera.image_width_px, camera.image_height_px]));
    let (points, expected) = (calibration.points.unwrap(), gate::calibration_points());
    assert_eq!(points.len(), expected.len());
    for (point, expected) in points.iter().zip(expected) {
        assert_eq!(point.ground_m, Some(expected.in_ground_m));
        let [u, v] = point.image_px.unwrap();
        let off_px = (u - expected.in_image_px[0]).hypot(v - expected.in_image_px[1]);
        assert!(off_px < 0.1, "{point:?} is {off_px} pixels from {:?}", expected.in_image_px);
    }
    let zones = file.zone;
    assert_eq!(zones[0].polygon_m.as_deref(), Some(gate::ZONE_IN_GROUND.as_slice()));
    assert_eq!(zones[1].polygon_m.as_deref(), Some(gate::APPROACH_IN_GROUND.as_slice()));
}
