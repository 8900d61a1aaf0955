use super::*;
use crate::training::writer::FIRST_TRAINING_SEED;

const SEED: u64 = 1;

#[test]
fn the_same_seed_films_the_same_pictures() {
    const { assert!(SEED < FIRST_TRAINING_SEED) };
    let film = |seed| Scene::gate(seed).take(3).map(|f| f.rgb.into_raw()).collect::<Vec<_>>();
    assert_eq!(film(SEED), film(SEED));
    assert_ne!(film(SEED), film(SEED + 1));
}

#[test]
fn the_film_has_the_cameras_size_and_its_whole_length() {
    let mut scene = Scene::gate(SEED);
    assert_eq!(scene.size_px(), [640, 480]);
    assert_eq!(scene.frames(), 1500);
    let first = scene.next().unwrap();
    assert_eq!(first.rgb.dimensions(), (640, 480));
    assert!(first.t_secs.abs() < 1e-12);
    assert!((scene.next().unwrap().t_secs - 0.1).abs() < 1e-12);
}

#[test]
fn heads_in_the_picture_are_people_on_the_ground_seen_through_the_camera() {
    let frame = Scene::gate(SEED).next().unwrap();
    let plane = gate::camera().plane_from_image(1.59).unwrap();
    assert!(frame.heads.len() > 10, "{}", frame.heads.len());
    for head in &frame.heads {
        let [x, y] = plane.apply(head.head_in_image.map(f64::from)).unwrap();
        let off_m = (x - head.head_in_ground[0]).hypot(y - head.head_in_ground[1]);
        // People are 1.52 to 1.92 m tall: their heads lie up to 0.2 m off the plane.
        assert!(off_m < 0.5, "{head:?} {off_m}");
    }
}

#[test]
fn a_person_shows_where_the_truth_says() {
    // The same picture with and without people differs at the heads.
    let mut scene = Scene::gate(SEED);
    let empty = scene.stage.backdrop().clone();
    let frame = scene.next().unwrap();
    for [u, v] in frame.heads_in_image() {
        let (x, y) = (u as u32, v as u32);
        let ground = empty.colours[y as usize * empty.width_px + x as usize];
        let seen = frame.rgb.get_pixel(x, y).0;
        let apart: f32 = (0..3).map(|k| (ground[k] - f32::from(seen[k])).abs()).sum();
        assert!(apart > 12.0, "nobody at {u} {v}: {ground:?} {seen:?}");
    }
}

#[test]
fn any_scenario_can_be_filmed_with_its_zones_in_the_picture() {
    for scenario in crate::crowd::scenario::Suite::Dev.scenarios().unwrap() {
        let camera = place::camera(&scenario);
        let [width_px, height_px] = [camera.image_width_px, camera.image_height_px].map(f64::from);
        for corner in scenario.zones.iter().flat_map(|zone| &zone.outline) {
            for height_m in [0.0, 1.7] {
                let [u, v] = camera.project([corner[0], corner[1], height_m]).unwrap().in_image_px;
                let inside = (0.0..width_px).contains(&u) && (0.0..height_px).contains(&v);
                assert!(inside, "{}: {corner:?} at {u:.0} {v:.0}", scenario.id);
            }
        }
    }
    let scenario = crate::crowd::scenario::Suite::Dev.scenarios().unwrap().remove(0);
    let frame = Scene::of(scenario, SEED, Weather::Rain).next().unwrap();
    assert!(frame.heads_in_image().len() > 50, "{}", frame.heads.len());
    assert!(frame.zones[0].people > 50);
    let truth = serde_json::to_value(&frame).unwrap();
    assert!(truth.get("rgb").is_none() && truth["heads"][0]["head_in_ground"].is_array());
}
