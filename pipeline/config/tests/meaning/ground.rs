//! What lies on the ground: its plan, zones with their profiles, lines.

use super::*;

#[test]
fn a_plan_is_a_picture_and_lies_where_its_points_say() {
    let folder = tempfile::tempdir().unwrap();
    image::RgbImage::new(400, 250).save(folder.path().join("plan.png")).unwrap();
    std::fs::write(folder.path().join("plan.svg"), "<svg/>").unwrap();
    let plan = |image: &str, points: &str| {
        let table =
            format!("time_zone = \"Asia/Seoul\"\n[site.plan]\nimage = \"{image}\"\npoints = [{points}]\n");
        let mut findings = Findings::new(Path::new("site.toml"));
        let path = folder.path().join("site.toml");
        let plan = plan_of(
            &broken("time_zone = \"Asia/Seoul\"\n", &table),
            &path,
            &|_| Some(String::new()),
            &mut findings,
        );
        let found = findings.into_sorted().into_iter().filter(|found| found.key.starts_with("site.plan"));
        (plan.and_then(|plan| plan.ground_plan), found.map(|found| found.to_string()).collect::<Vec<_>>())
    };
    let corners = "{ image_px = [0, 0], ground_m = [5, 25] }, { image_px = [400, 250], ground_m = [45, 0] }";
    let (placed, said) = plan("plan.png", corners);
    assert_eq!(said, Vec::<String>::new());
    if let Some(placed) = placed {
        assert_eq!((placed.size_px, placed.media_type), ([400, 250], "image/png"));
        assert!((placed.on_ground.ground_m([200.0, 125.0])[0] - 25.0).abs() < 1e-9);
    }
    for (image, points, parts) in [
        (
            "plan.svg",
            corners,
            ["site.plan.image: names \"plan.svg\": it is neither PNG nor JPEG", "expected a PNG or JPEG"],
        ),
        (
            "none.png",
            corners,
            ["site.plan.image: names \"none.png\": No such file", "relative to the folder of this file"],
        ),
        (
            "plan.png",
            "{ image_px = [0, 0], ground_m = [5, 25] }",
            ["site.plan.points: has 1 element", "expected"],
        ),
        (
            "plan.png",
            "{ image_px = [9, 9], ground_m = [5, 25] }, { image_px = [9, 9], ground_m = [5, 25] }",
            ["site.plan.points: the points share one place", "give two that lie far apart"],
        ),
        (
            "plan.png",
            "{ image_px = [0, 0], ground_m = [0, 0] }, { image_px = [400, 0], ground_m = [40, 0] }, { image_px = [0, 250], ground_m = [0, 25] }",
            ["m off", "measure that point again"],
        ),
    ] {
        let (_, said) = plan(image, points);
        assert!(said.len() == 1 && parts.iter().all(|part| said[0].contains(part)), "{parts:?}: {said:#?}");
    }
}

#[test]
fn a_zone_that_cannot_be_is_said_with_its_reason() {
    let corners = "[[-2, 6], [2, 6], [2, 14], [-2, 14]]";
    for (to, message) in [
        (
            "[[-2, 6], [2, 14], [2, 6], [-2, 14]]",
            "site.toml:22: zone[0].polygon_m: the polygon crosses itself: the edge from corner 0 meets the edge from \
             corner 2; expected corners in order",
        ),
        ("[[0, 6], [0.5, 6], [0.5, 6.5]]", "zone[0].polygon_m: the polygon covers 0.125 m2"),
        (
            "[[0, 0], [4000, 0], [4000, 4000]]",
            "zone[0].polygon_m: the zone extends over 4000 x 4000 m; expected an area",
        ),
        (
            "[[0, 0], [900, 900], [900, 900.1]]",
            "zone[0].polygon_m: the zone is a sliver of 45.0 m2 in 900 x 900 m",
        ),
        (
            "[[0, 0], [1e300, 0], [0, 1e300]]",
            "zone[0].polygon_m[1][0]: is 1e300; expected a number at least -10000000",
        ),
        (
            "[[-2, -9], [2, -9], [2, -5], [-2, -5]]",
            "zone[0].polygon_m: 0 % of the zone can be measured by camera \"cam-1\"; 100 % is outside its picture",
        ),
    ] {
        let text = broken(corners, to);
        let said = said(&text);
        assert!(said.iter().any(|line| line.contains(message)), "{message:?} is not in {said:#?}");
    }
    let partly = said(&broken(corners, "[[-6, 6], [2, 6], [2, 14], [-6, 14]]"));
    assert!(
        !partly.is_empty()
            && partly.iter().all(|line| line.contains("site.toml:22: warning: zone[0].polygon_m: ")),
        "{partly:#?}"
    );
    let far = format!(
        "{SOUND}\n[[zone]]\nid = \"far\"\npolygon_m = [[9000, 9000], [9010, 9000], [9010, 9010]]\n\
                       profile = \"street_flat\"\ncapacity_people = 5\ncameras = []\n"
    );
    assert!(
        said(&far).iter().any(|line| line.contains("zone[1].polygon_m: 0 % of the zone")),
        "{:#?}",
        said(&far)
    );
    let beyond = said(&broken(corners, "[[-6, 24], [6, 24], [6, 40], [-6, 40]]"));
    assert!(
        beyond.iter().any(|line| {
            line.contains(
                "site.toml:22: zone[0].polygon_m: 100 % of the zone is farther from the points of camera",
            )
        }),
        "{beyond:#?}"
    );
    let without = SOUND.split("[[zone]]").next().unwrap();
    assert_said(without, &["warning: zone: is not given: people are counted, and nothing is warned of"]);
}

#[test]
fn profiles_climb_and_names_of_profiles_and_cameras_are_known() {
    let profile = |id: &str, densities: &str| {
        format!("{SOUND}\n[[profile]]\nid = \"{id}\"\ndensity_people_per_m2 = {{ {densities} }}\n")
    };
    for (text, message) in [
        (
            profile("steps", "blue = 2, yellow = 2, orange = 4, red = 5"),
            "profile[0].density_people_per_m2.yellow: is 2 while blue is 2; expected more than the density of blue",
        ),
        (
            profile("steps", "blue = 1, yellow = 2, orange = 4"),
            "profile[0].density_people_per_m2.red: is missing; expected a number above 0 and at most 16",
        ),
        (
            profile("street_flat", "blue = 1, yellow = 2, orange = 3, red = 4"),
            "profile[0].id: is \"street_flat\", a profile that throng ships; expected a name of its own",
        ),
        (
            broken("street_flat", "street_flta"),
            "site.toml:23: zone[0].profile: names no profile: \"street_flta\"; expected one of street_flat, \
             narrow_slope_stairs, standing_event; did you mean \"street_flat\"?",
        ),
        (
            broken("capacity_people = 80", "capacity_people = 80\ncameras = [\"cam-2\"]"),
            "zone[0].cameras[0]: names no camera: \"cam-2\"; expected one of the cameras cam-1; did you mean \"cam-1\"?",
        ),
    ] {
        assert_said(&text, &[message]);
    }
    let unreadable_name = broken("id = \"cam-1\"", "id = 1").replace("= 80", "= 80\ncameras = [\"cam-1\"]");
    assert_said(&unreadable_name, &["camera[0].id: is 1; expected an id"]);
}

#[test]
fn a_zones_features_are_known_ones_and_how_people_walk_is_stated_whole() {
    let walking = |more: &str| {
        let zone = "profile = \"street_flat\"";
        broken(
            zone,
            &format!("{zone}\nwalking = {{ free_speed_m_per_s = 1.36, decay_people_per_m2 = 3.13{more} }}"),
        )
    };
    assert_eq!(said(&walking(", jam_density_people_per_m2 = 4.01, envelope = 0.64")), Vec::<String>::new());
    let features = |list: &str| {
        broken("profile = \"street_flat\"", &format!("profile = \"street_flat\"\nfeatures = {list}"))
    };
    assert_eq!(said(&features("[\"stairs\", \"dead_end\"]")), Vec::<String>::new());
    assert_said(&features("[\"stair\"]"), &["zone[0].features[0]", "stairs"]);
    assert_said(&walking(""), &["zone[0].walking.jam_density_people_per_m2"]);
    assert_said(&walking(", jam_density_people_per_m2 = 4, envelope = 1.5"), &["zone[0].walking.envelope"]);
}

#[test]
fn a_line_that_cannot_be_is_said_with_its_reason() {
    let with = |line: &str| format!("{SOUND}\n[[line]]\nid = \"door\"\n{line}\n");
    // The zone's lower edge: the zone lies to the left of it.
    let edge = "points_m = [[-2, 6], [2, 6]]";
    assert_eq!(said(&with(edge)), Vec::<String>::new());
    assert_eq!(said(&with(&format!("{edge}\nzone = \"gate\""))), Vec::<String>::new());
    assert_eq!(said(&with(&format!("{edge}\nzone = \"gate\"\ninside = \"left\""))), Vec::<String>::new());
    for (line, message) in [
        ("points_m = [[0, 6]]", "line[0].points_m: has 1 element; expected at least 2 points"),
        ("points_m = [[-2, 6], [-2, 6]]", "line[0].points_m[1]: points 0 and 1 are the same place"),
        (
            "points_m = [[0, 6], [0.2, 6]]",
            "line[0].points_m: the line is 0.20 m long; expected two or more different points",
        ),
        (
            "points_m = [[-2, -9], [2, -9]]",
            "line[0].points_m: 0 % of the line can be measured by camera \"cam-1\"; 100 % is outside its picture",
        ),
        (
            "points_m = [[-2, 6], [2, 6]]\nzone = \"gat\"",
            "line[0].zone: names no zone: \"gat\"; expected one of the zones gate; did you mean \"gate\"?",
        ),
        (
            "points_m = [[-2, 6], [2, 6]]\nzone = \"gate\"\ninside = \"right\"",
            "line[0].inside: says that zone \"gate\" lies to the right, and it lies to the left",
        ),
        (
            "points_m = [[-2, 10], [2, 10]]\nzone = \"gate\"",
            "line[0].inside: is missing, and zone \"gate\" lies on both sides of the line or on none",
        ),
        (
            "points_m = [[-2, 6], [2, 6]]\ncameras = [\"cam-2\"]",
            "line[0].cameras[0]: names no camera: \"cam-2\"",
        ),
        (
            "points_m = [[-2, 6], [2, 6]]\ninside = \"up\"",
            "line[0].inside: is the text \"up\"; expected one of",
        ),
    ] {
        assert_said(&with(line), &[message]);
    }
    let enclosed = broken("profile = \"street_flat\"", "profile = \"street_flat\"\nenclosed_by_lines = true");
    assert_said(&enclosed, &["zone[0].enclosed_by_lines: is true, and no [[line]] names this zone"]);
    let edge = format!("{enclosed}\n[[line]]\nid = \"door\"\n{edge}\nzone = \"gate\"\n");
    assert_eq!(said(&edge), Vec::<String>::new());
}
