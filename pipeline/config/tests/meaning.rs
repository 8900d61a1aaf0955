//! Well-formed values that cannot be, or refer to what is not there.

use throng_models::device::Device;

use super::*;

#[test]
fn ids_and_the_time_zone_are_checked_with_a_suggestion() {
    for (from, to, message) in [
        (
            "id = \"test\"",
            "id = \"North Gate\"",
            "site.toml:3: site.id: is \"North Gate\"; expected 1 to 63 of a-z, 0-9, '-' and '_', the first a letter \
             or digit; write e.g. \"north-gate\"",
        ),
        ("id = \"test\"", "id = \"\"", "site.id: is \"\"; expected 1 to 63"),
        ("id = \"cam-1\"", "id = \"cam/1\"", "camera[0].id: is \"cam/1\"; expected 1 to 63"),
        (
            "Asia/Seoul",
            "Asia/Soul",
            "site.toml:4: site.time_zone: is \"Asia/Soul\"; expected a time zone of the IANA data base; did you mean \
             \"Asia/Seoul\"?",
        ),
    ] {
        assert_said(&broken(from, to), &[message]);
    }
}

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
fn an_id_is_used_once() {
    let twice = format!(
        "{SOUND}\n[[zone]]\nid = \"gate\"\npolygon_m = [[-1, 8], [1, 8], [1, 12]]\nprofile = \"street_flat\"\ncapacity_people = 5\n"
    );
    assert_said(
        &twice,
        &["zone[1].id: is \"gate\", as is zone[0].id; expected an id that no other [[zone]] has"],
    );
}

#[test]
fn a_calibration_that_cannot_be_is_said_at_the_point_that_is_wrong() {
    for (from, to, message) in [
        (
            "[4.0, 20.0]",
            "[-4.0, 20.0]",
            "calibration.points[1]: point pairs 0 and 1 are the same point on the ground",
        ),
        (
            "image_px = [540, 200]",
            "image_px = [940, 200]",
            "points[1].image_px: is [940, 200]; expected a point inside the picture of 640 x 480 pixels",
        ),
    ] {
        let said = said(&broken(from, to));
        assert!(said.iter().any(|line| line.contains(message)), "{message:?} is not in {said:#?}");
    }
    let mirrored = SOUND
        .replace("[-4.0, 20.0]", "[a]")
        .replace("[4.0, 20.0]", "[-4.0, 20.0]")
        .replace("[a]", "[4.0, 20.0]")
        .replace("[-2.5, 5.0]", "[b]")
        .replace("[2.5, 5.0]", "[-2.5, 5.0]")
        .replace("[b]", "[2.5, 5.0]");
    assert_said(&mirrored, &["camera[0].calibration.points: the point pairs are mirrored", "swap x and y"]);
    let in_a_row = SOUND.replace("[-4.0, 20.0]", "[6.0, 5.0]").replace("[4.0, 20.0]", "[9.0, 5.0]");
    assert_said(&in_a_row, &["camera[0].calibration.points: ", "on one line on the ground"]);
}

#[test]
fn a_camera_states_how_its_metres_came_about() {
    let [before, rest] =
        [SOUND.split("[camera.calibration]").next().unwrap(), SOUND.split("[[zone]]").nth(1).unwrap()];
    let neither = format!("{before}[[zone]]{rest}");
    assert_said(&neither, &["camera[0].calibration: is missing", "or [camera.uncalibrated]"]);
    let both = SOUND.replace("[[zone]]", "[camera.uncalibrated]\nground_width_m = 20\n[[zone]]");
    assert_said(&both, &["camera[0].uncalibrated: is given beside [camera.calibration]"]);
    let by = |keys: &str| {
        format!("{before}[camera.uncalibrated]\nimage_size_px = [640, 480]\n{keys}\n[[zone]]{rest}")
    };
    assert_said(&by(""), &["camera[0].uncalibrated: says nothing of how large anything is"]);
    let heads = |first: f64, second: f64| {
        format!("heads = [{{ row_px = 100, width_px = {first} }}, {{ row_px = 400, width_px = {second} }}]")
    };
    let twice = format!("{}\nground_width_m = 20", heads(8.0, 20.0));
    assert_said(&by(&twice), &["camera[0].uncalibrated.ground_width_m: is given beside `heads`"]);
    assert_said(&by(&heads(20.0, 8.0)), &["camera[0].uncalibrated.heads: ", "areas are known to"]);
    assert_said(&by(&heads(8.0, 20.0)), &["camera[0].uncalibrated: the camera is not calibrated"]);
}

#[test]
fn endpoints_are_checked_without_opening_any() {
    for (bus, message) in [
        (
            "connect = [\"mqtt/10.0.0.2:1883\"]",
            "bus.connect[0]: is not a bus endpoint: \"mqtt/10.0.0.2:1883\" has an",
        ),
        ("listen = [\"tcp/10.0.0.2\"]", "bus.listen[0]: is not a bus endpoint: \"tcp/10.0.0.2\" has no port"),
        ("mode = \"client\"", "bus.mode: is \"client\" without an endpoint to connect to"),
        ("mode = \"router\"", "bus.mode: is the text \"router\"; expected one of \"peer\", \"client\""),
        (
            "config_file = \"absent.json5\"",
            "bus.config_file: cannot read the zenoh configuration absent.json5",
        ),
    ] {
        assert_said(&format!("{SOUND}\n[bus]\n{bus}\n"), &[message]);
    }
}

#[test]
fn a_model_that_is_not_there_is_said_at_its_key() {
    let text = format!("{SOUND}\n[model]\ncard = \"absent.toml\"\ndevice = \"gpu\"\n");
    let mut findings = Findings::new(Path::new("site.toml"));
    assert!(plan_of(&text, Path::new("site.toml"), &|_| None, &mut findings).is_none());
    let said: Vec<String> = findings.into_sorted().iter().map(ToString::to_string).collect();
    assert!(said[0].contains("model.card: model card cannot be read: No such file"), "{said:#?}");
    assert!(
        said[1].contains("model.device: is \"gpu\"; expected \"auto\", \"cpu\", \"cuda:N\""),
        "{said:#?}"
    );
}

#[test]
fn several_devices_stand_with_commas_between() {
    let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/cards/compact.toml");
    let model = |device: &str| {
        let text = format!("{SOUND}\n[model]\ncard = \"{card}\"\ndevice = \"{device}\"\n");
        let mut findings = Findings::new(Path::new("site.toml"));
        plan_of(&text, Path::new("site.toml"), &|_| None, &mut findings).map(|plan| plan.model)
    };
    let two = model("cuda:0, tensorrt:1").unwrap();
    assert_eq!((two.device, two.also_on), (Device::Cuda(0), vec![Device::TensorRt(1)]));
    assert_eq!(model("cuda:3").unwrap().also_on, []);
    for wrong in ["", "cuda:0,", "cuda:0, gpu", "cuda:0 cuda:1"] {
        assert!(model(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_source_that_cannot_be_opened_is_said_without_its_credentials() {
    let uri = "rtsp://viewer:s3cret@10.0.0.7/main";
    for (to, message) in [
        (
            "gopher://viewer:s3cret@h/x",
            "camera[0].uri: the scheme \"gopher\" is not one that throng can open; expected",
        ),
        (
            "rtsp://viewer:s3cret@/main",
            "camera[0].uri: rtsp://viewer:***@/main names no host; expected rtsp://HOST/...",
        ),
        (
            "absent.mp4",
            "camera[0].uri: names a file that cannot be read (No such file or directory (os error 2)): ",
        ),
        ("/", "camera[0].uri: names a folder: /; expected a video file"),
        ("", "camera[0].uri: the video source is empty; expected a file name or a URI"),
        (
            "rtsp://viewer:${NOBODY}@h/x",
            "camera[0].uri: needs the environment variable NOBODY, which is not set",
        ),
        ("rtsp://viewer:${NOBODY@h/x", "camera[0].uri: holds a `${` without a name and `}`"),
        ("${CAM_PASSWORD}/x.mp4", "camera[0].uri: holds a `${` outside the user part"),
    ] {
        let text = broken(uri, to);
        assert_said(&text, &[message]);
        assert!(!said(&text)[0].contains("s3cret"));
    }
}

#[test]
fn what_a_source_has_no_use_for_is_told() {
    let with = |keys: &str| broken("[[zone]]", &format!("[camera.stream]\n{keys}\n\n[[zone]]"));
    assert_eq!(
        said(&with("transport = \"udp\"\nlatency_ms = 50\nsilent_after_secs = 5")),
        Vec::<String>::new()
    );
    for (keys, message) in [
        (
            "loop = true",
            "camera[0].stream.loop: has no use here; expected this key only with a file or a folder",
        ),
        ("stills_fps = 2", "camera[0].stream.stills_fps: has no use here"),
        ("stale_after_secs = 4", "camera[0].stream.silent_after_secs: is 3, and the stream is stale after 4"),
        ("transport = \"tpc\"", "camera[0].stream.transport: is the text \"tpc\""),
    ] {
        assert_said(&with(keys), &[message]);
    }
}

#[test]
fn a_password_in_the_wrong_place_is_not_shown_either() {
    let text = SOUND
        .replace(
            "id = \"cam-1\"",
            "id = \"rtsp://viewer:s3cret@10.0.0.7/main\"\nurl = \"rtsp://viewer:s3cret@10.0.0.7\"",
        )
        .replace("Asia/Seoul", "rtsp://viewer:s3cret@10.0.0.7")
        .replace("street_flat", "rtsp://viewer:s3cret@10.0.0.7");
    for line in said(&format!("{text}\n[bus]\nconnect = [\"rtsp://viewer:s3cret@10.0.0.7\"]\n")) {
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[test]
fn debug_output_of_raw_file_and_plan_shows_no_credentials() {
    let file: SiteFile = toml::from_str(SOUND).unwrap();
    assert!(!format!("{file:?}").contains("s3cret"));
    let text = SOUND.replace("s3cret", "${CAM_PASSWORD}");
    let mut findings = Findings::new(Path::new("site.toml"));
    let (file, removed): (SiteFile, _) = read_as(&text, &schema::site_schema(), &mut findings).unwrap();
    let environment = |_: &str| Some("hunter2".to_owned());
    let mut checker = Checker {
        folder: Path::new(""),
        removed: &removed,
        findings: &mut findings,
        environment: &environment,
    };
    let cameras = checker.cameras(file.camera.as_deref().unwrap(), None).0.unwrap();
    assert_eq!(cameras[0].uri.expose(), "rtsp://viewer:hunter2@10.0.0.7/main");
    assert!(!format!("{cameras:?}").contains("hunter2"));
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
fn a_contradicting_point_is_named_and_may_be_left_out_by_name() {
    let more = "    { image_px = [320, 200], ground_m = [0.0, 20.0] },
    { image_px = [320, 460], ground_m = [0.0, 5.0] },
    { image_px = [320, 305.93], ground_m = [0.0, 11.0] },
    { image_px = [200, 200], ground_m = [-2.18, 20.0] },
]";
    let eight = SOUND.replacen("\n]\n", &format!("\n{more}\n"), 1);
    let wrong = eight.replacen("ground_m = [-2.18, 20.0]", "ground_m = [-12.18, 20.0]", 1);
    assert_said(
        &wrong,
        &["camera[0].calibration.points[7]: ", "7 of the point pairs agree", "leave_out = [7]"],
    );
    let left_out = wrong.replacen("image_size_px", "leave_out = [7]\nimage_size_px", 1);
    assert_said(&left_out, &["warning: camera[0].calibration.leave_out: leaves out point 7", "10.0"]);
    let absent = wrong.replacen("image_size_px", "leave_out = [8]\nimage_size_px", 1);
    assert_said(&absent, &["camera[0].calibration.leave_out[0]: is 8, and there are 8 points"]);
}

#[test]
fn a_lens_that_cannot_be_is_said() {
    let with =
        |lens: &str| SOUND.replacen("[[zone]]", &format!("[camera.calibration.lens]\n{lens}\n[[zone]]"), 1);
    for (lens, message) in [
        ("focal_px = [500, 500]", "camera[0].calibration.lens.model: is missing"),
        ("model = \"fisheye\"", "camera[0].calibration.lens.focal_px: is missing"),
        (
            "model = \"fisheye\"\nfocal_px = [500, 500]\np1 = 0.001",
            "camera[0].calibration.lens.p1: is given for the model \"fisheye\", which has none",
        ),
        ("model = \"brown_conrady\"\nfocal_px = [200, 200]\nk1 = -0.5", "camera[0].calibration.lens: folds "),
    ] {
        assert_said(&with(lens), &[message]);
    }
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

#[test]
fn a_model_file_that_is_not_the_cards_is_said_with_both_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = shipped::file(check::model::DEFAULT_CARD).unwrap();
    let site = folder.path().join("site.toml");
    std::fs::copy(shipped, folder.path().join("card.toml")).unwrap();
    std::fs::write(&site, format!("{SOUND}\n[model]\ncard = \"card.toml\"\n")).unwrap();
    let absent = load(&site).unwrap_err().to_string();
    assert!(absent.contains("model.card: model file of card `throng-compact` cannot be read"), "{absent}");
    std::fs::write(folder.path().join("compact.onnx"), b"not the model").unwrap();
    let other = load(&site).unwrap_err().to_string();
    assert!(other.contains("site.toml:27: model.card: model file has SHA-256 "), "{other}");
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
fn a_certificate_comes_with_its_key_and_https_with_both() {
    for (table, message) in [
        (
            "[publish.onvif_events]\nat = \"https://vms:x@0.0.0.0:8899\"",
            "publish.onvif_events.at: is to be served by TLS without a certificate",
        ),
        (
            "[publish.onvif_events]\nat = \"http://vms:x@0.0.0.0:8899\"\ncertificate = \"absent.pem\"\nkey = \"absent.pem\"",
            "publish.onvif_events.at: is not served by TLS, and has a certificate",
        ),
        (
            "[publish.modbus]\nuri = \"tls://10.0.0.9\"\ncertificate = \"absent.pem\"",
            "publish.modbus.key: is missing",
        ),
        (
            "[publish.gb28181]\nuri = \"sips://device@10.0.0.9/server\"\ncertificate = \"absent.pem\"\nkey = \"absent.pem\"",
            "publish.gb28181.certificate: cannot be used: cannot read the certificate",
        ),
    ] {
        let said = said(&format!("{SOUND}\n{table}\n"));
        assert!(said.iter().any(|line| line.contains(message)), "{message:?} is not in {said:#?}");
    }
}
