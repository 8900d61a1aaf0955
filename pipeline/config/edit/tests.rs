//! Edits change what they should and nothing else.

use super::*;

const SITE: &str = r#"# A site.
[site]
id = "square" # its name

[[camera]]
id = "mast"
uri = "film.mkv"
[camera.uncalibrated] # nobody has measured it
ground_width_m = 16.0

[[zone]]
id = "gate"
polygon_m = [[0, 0], [5, 0], [5, 5]] # as painted
profile = "street_flat" # shipped
capacity_people = 40

[[zone]]
id = "hall"
polygon_m = [[0, 0], [9, 0], [9, 9]]
profile = "own"
capacity_people = 40

# Slow to clear.
[[profile]]
id = "own"
density_people_per_m2 = { blue = 1, yellow = 2, orange = 3, red = 4 } # people on a square metre
clear_dwell_secs = { red = 600 }

[bus]
mode = "peer"
"#;

fn document() -> DocumentMut {
    SITE.parse().unwrap()
}

/// Lines of the text that are not in the site's, and the site's that are not in the text.
fn changed(document: &DocumentMut) -> (Vec<String>, Vec<String>) {
    let text = document.to_string();
    let but = |a: &str, b: &str| {
        a.lines().filter(|line| !b.lines().any(|other| other == *line)).map(str::to_owned).collect()
    };
    (but(&text, SITE), but(SITE, &text))
}

#[test]
fn points_take_the_place_of_a_guess_and_no_comment_is_lost() {
    let mut document = document();
    let points = Points {
        pairs: vec![PointPair { in_image_px: [1.0, 2.123_45], in_ground_m: [3.0, 4.0] }; 4],
        image_size_px: [640, 480],
        head_height_m: 1.6,
        lens: None,
        leave_out: Vec::new(),
    };
    set_points(&mut document, "mast", &points).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!(gone, ["[camera.uncalibrated] # nobody has measured it", "ground_width_m = 16.0"]);
    assert!(new.contains(&"image_size_px = [640, 480]".to_owned()), "{new:?}");
    assert!(new.contains(&"  { image_px = [1.0, 2.123], ground_m = [3.0, 4.0] },".to_owned()), "{new:?}");
    let back = stated(&document, "mast").unwrap();
    assert_eq!(back.points.map(|(pairs, size)| (pairs.len(), size)), Some((4, [640, 480])));
    let unknown = set_points(&mut document, "moon", &points).unwrap_err();
    assert!(format!("{unknown:#}").contains("no [[camera]] with id = \"moon\""), "{unknown:#}");
}

#[test]
fn a_zone_is_moved_beside_its_comment() {
    let mut document = document();
    set_outline(&mut document, "gate", None, &[[0.0, 0.0], [6.0, 0.0], [6.0, 6.0]]).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!(new, ["polygon_m = [[0.0, 0.0], [6.0, 0.0], [6.0, 6.0]] # as painted"]);
    assert_eq!(gone, ["polygon_m = [[0, 0], [5, 0], [5, 5]] # as painted"]);
    let unknown = set_outline(&mut document, "roof", None, &[]).unwrap_err();
    assert!(format!("{unknown:#}").contains("added in the site file itself"), "{unknown:#}");
}

#[test]
fn thresholds_of_a_profile_that_only_one_zone_has_are_changed_where_they_stand() {
    let mut document = document();
    let own = Profile::new("own", [1.0, 2.0, 3.0, 4.0]);
    set_thresholds(&mut document, "hall", &own, &BTreeMap::from([(Level::Red, 4.5)])).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!(
        new,
        [
            "density_people_per_m2 = { blue = 1, yellow = 2, orange = 3, red = 4.5 } # people on a square metre"
        ]
    );
    assert_eq!(gone.len(), 1);
}

#[test]
fn a_zone_with_a_shipped_profile_gets_one_of_its_own() {
    let mut document = document();
    let shipped = Profile { raise_dwell_secs: [1.0; 4], ..Profile::street_flat() };
    set_thresholds(&mut document, "gate", &shipped, &BTreeMap::from([(Level::Blue, 1.5)])).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!(gone, ["profile = \"street_flat\" # shipped"]);
    assert_eq!(
        new,
        [
            "profile = \"gate\" # shipped",
            "density_people_per_m2 = { blue = 1.5, yellow = 3.0, orange = 4.0, red = 5.0 }",
            "raise_dwell_secs = { blue = 1.0, yellow = 1.0, orange = 1.0, red = 1.0 }",
        ]
    );
    // A second change finds the copy.
    let copy = Profile::new("gate", [1.5, 3.0, 4.0, 5.0]);
    set_thresholds(&mut document, "gate", &copy, &BTreeMap::from([(Level::Red, 6.0)])).unwrap();
    assert_eq!(document.to_string().matches("[[profile]]").count(), 2);
}

#[test]
fn a_file_with_errors_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    fs::write(&path, "as it was").unwrap();
    let refused = replace(&path, "[site]\nid = \"x\"\n").unwrap_err();
    assert!(format!("{refused:#}").contains("error(s) in the site file"), "{refused:#}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
