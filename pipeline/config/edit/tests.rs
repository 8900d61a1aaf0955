//! Edits change what they should and nothing else.

use throng_analytics::{line::Side, zone::Ring};

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
    assert!(format!("{unknown:#}").contains("no [[zone]] with id = \"roof\""), "{unknown:#}");
}

fn roof() -> NewZone<'static> {
    NewZone {
        id: "roof",
        name: Some("The roof"),
        corners_m: &[[1.0, 2.0], [3.123_456, 2.0], [3.0, 4.0]],
        profile: "street_flat",
        capacity_people: 30,
        ring: Some(Ring::District),
    }
}

#[test]
fn a_zone_comes_in_behind_the_others_and_goes_out_without_a_trace() {
    let mut document = document();
    add_zone(&mut document, &roof()).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!(gone, [""; 0]);
    assert_eq!(
        new,
        [
            "id = \"roof\"",
            "name = \"The roof\"",
            "polygon_m = [[1.0, 2.0], [3.123, 2.0], [3.0, 4.0]]",
            "profile = \"street_flat\"",
            "capacity_people = 30",
            "ring = \"district\"",
        ]
    );
    let text = document.to_string();
    let at = |line: &str| text.find(line).unwrap();
    assert!(
        at("id = \"hall\"") < at("id = \"roof\"") && at("id = \"roof\"") < at("# Slow to clear."),
        "{text}"
    );
    let twice = add_zone(&mut document, &roof()).unwrap_err();
    assert!(format!("{twice:#}").contains("id = \"roof\" already"), "{twice:#}");
    // As somebody who reads the file anew finds it.
    let mut document: DocumentMut = text.parse().unwrap();
    remove_zone(&mut document, "roof").unwrap();
    assert_eq!(document.to_string(), SITE);
    assert!(remove_zone(&mut document, "roof").is_err());
}

#[test]
fn a_file_without_zones_gets_its_first_and_loses_its_last() {
    let text =
        "[site]\nid = \"x\"\n\n[[camera]]\nid = \"mast\"\n\n[bus]\nmode = \"peer\" # alone\n# the end\n";
    let mut document: DocumentMut = text.parse().unwrap();
    add_zone(&mut document, &roof()).unwrap();
    let with = document.to_string();
    assert!(
        with.starts_with(text.trim_end_matches("# the end\n")) && with.ends_with("# the end\n"),
        "{with}"
    );
    let mut document: DocumentMut = with.parse().unwrap();
    remove_zone(&mut document, "roof").unwrap();
    assert_eq!(document.to_string(), text);
}

#[test]
fn a_zone_goes_out_with_its_own_comment_and_leaves_what_is_of_more_than_it() {
    let zone = |id: &str| format!("[[zone]]\nid = \"{id}\"\n[zone.walking] # measured\njam = 5\n");
    let text = format!(
        "# A site.\n\n# The zones of the square.\n\n# Narrow.\n{}\n# Wide.\n{}\n# The bus.\n[bus]\n# end\n",
        zone("gate"),
        zone("hall")
    );
    let mut document: DocumentMut = text.parse().unwrap();
    remove_zone(&mut document, "gate").unwrap();
    let expected = format!(
        "# A site.\n\n# The zones of the square.\n\n# Wide.\n{}\n# The bus.\n[bus]\n# end\n",
        zone("hall")
    );
    assert_eq!(document.to_string(), expected);
    let mut document: DocumentMut = expected.parse().unwrap();
    remove_zone(&mut document, "hall").unwrap();
    assert_eq!(document.to_string(), "# A site.\n\n# The zones of the square.\n\n# The bus.\n[bus]\n# end\n");
}

fn door(inside: Option<Side>) -> LineWay<'static> {
    LineWay {
        id: "door",
        name: Some("North door"),
        points_m: &[[0.0, 5.0], [2.000_04, 5.0]],
        zone: Some("gate"),
        inside,
    }
}

#[test]
fn a_line_comes_in_is_drawn_anew_and_goes_out_without_a_trace() {
    let mut document = document();
    add_line(&mut document, &door(None)).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!(gone, [""; 0]);
    let head = ["[[line]]", "id = \"door\"", "name = \"North door\""];
    assert_eq!(new[..3], head);
    assert_eq!(new[3..], ["points_m = [[0.0, 5.0], [2.0, 5.0]]", "zone = \"gate\""]);
    let twice = add_line(&mut document, &door(None)).unwrap_err();
    assert!(format!("{twice:#}").contains("a [[line]] with id = \"door\" already"), "{twice:#}");

    // As somebody who reads the file anew finds it, and has written beside it.
    let text = document.to_string().replace("zone = \"gate\"\n", "zone = \"gate\" # the north one\n");
    let mut document: DocumentMut = text.parse().unwrap();
    let points_m = &[[0.0, 5.0], [1.0, 6.0], [2.0, 5.0]];
    let anew = LineWay { name: None, points_m, ..door(Some(Side::Right)) };
    assert_eq!(set_line(&mut document, &anew).unwrap(), None);
    let (new, _) = changed(&document);
    assert_eq!(new[..3], head);
    assert_eq!(
        new[3..],
        [
            "points_m = [[0.0, 5.0], [1.0, 6.0], [2.0, 5.0]]",
            "zone = \"gate\" # the north one",
            "inside = \"right\"",
        ]
    );
    set_line(&mut document, &LineWay { zone: None, ..door(None) }).unwrap();
    assert!(!document.to_string().contains("north one") && !document.to_string().contains("inside"));

    assert_eq!(remove_line(&mut document, "door").unwrap(), None);
    assert_eq!(document.to_string(), SITE);
    let unknown = set_line(&mut document, &door(None)).unwrap_err();
    assert!(format!("{unknown:#}").contains("no [[line]] with id = \"door\""), "{unknown:#}");
    assert!(remove_line(&mut document, "door").is_err());
}

#[test]
fn lines_are_said_to_enclose_a_zone_only_while_all_of_them_bound_it() {
    let enclosed = SITE.replace(
        "capacity_people = 40\n\n[[zone]]",
        "capacity_people = 40\nenclosed_by_lines = true\n\n[[zone]]",
    );
    let with_door = || {
        let mut document: DocumentMut = enclosed.parse().unwrap();
        add_line(&mut document, &door(None)).unwrap();
        document
    };
    let says_so = |document: &DocumentMut| document.to_string().contains("enclosed_by_lines");
    let mut document = with_door();
    assert_eq!(set_line(&mut document, &door(Some(Side::Left))).unwrap(), None);
    assert!(says_so(&document));
    let elsewhere = LineWay { zone: Some("hall"), ..door(None) };
    assert_eq!(set_line(&mut document, &elsewhere).unwrap().as_deref(), Some("gate"));
    assert!(!says_so(&document));
    let mut document = with_door();
    assert_eq!(remove_line(&mut document, "door").unwrap().as_deref(), Some("gate"));
    assert_eq!(document.to_string(), SITE);
}

#[test]
fn what_names_a_zone_is_found_and_freed_beside_its_comments() {
    let speakers = r#"
[[speaker]]
id = "horn"
zones = ["gate", "hall"] # both ways

[[speaker]]
id = "pole"
zones = [
  "hall", # first
  # The second.
  "gate", # last
]

[[speaker]]
id = "lamp"
zones = ["gate",]

[[speaker]]
id = "all"
"#;
    let mut document: DocumentMut = format!("{SITE}{speakers}").parse().unwrap();
    add_line(&mut document, &door(None)).unwrap();
    assert_eq!(lines_of(&document, "gate"), ["door"]);
    assert!(lines_of(&document, "hall").is_empty());
    free_line(&mut document, "door", Side::Right).unwrap();
    assert!(lines_of(&document, "gate").is_empty());
    assert_eq!(
        free_speakers(&mut document, "gate"),
        [("horn".to_owned(), 1), ("pole".to_owned(), 1), ("lamp".to_owned(), 0)]
    );
    let text = document.to_string();
    let freed = speakers
        .replace("[\"gate\", \"hall\"]", "[\"hall\"]")
        .replace("[\"gate\",]", "[]")
        .replace("  # The second.\n  \"gate\", # last\n", "");
    assert!(text.contains(&freed), "{text}");
    assert!(text.contains("inside = \"right\"") && !text.contains("zone = \"gate\""), "{text}");
    assert!(free_speakers(&mut document, "gate").is_empty());
}

#[test]
fn a_place_is_stated_changed_and_taken_back() {
    let mut document = document();
    set_position(&mut document, "camera", "mast", Some([1.0, -2.000_4])).unwrap();
    let (new, gone) = changed(&document);
    assert_eq!((new, gone), (vec!["position_m = [1.0, -2.0]".to_owned()], Vec::new()));
    let text = document.to_string();
    assert!(text.find("position_m").unwrap() < text.find("[camera.uncalibrated]").unwrap(), "{text}");
    set_position(&mut document, "camera", "mast", None).unwrap();
    assert_eq!(document.to_string(), SITE);
    let unknown = set_position(&mut document, "speaker", "horn", Some([0.0; 2])).unwrap_err();
    assert!(format!("{unknown:#}").contains("no [[speaker]] with id = \"horn\""), "{unknown:#}");
}

#[test]
fn profiles_are_those_of_the_file_and_the_shipped_ones() {
    let profiles = profiles(&document());
    assert_eq!(profiles.get("own"), Some(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(profiles.get("street_flat"), Some(&Profile::street_flat().theta_up_people_per_m2));
    assert_eq!(profiles.len(), 4);
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
