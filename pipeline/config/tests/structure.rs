//! What is not a site file at all: syntax, keys, types and ranges.

use super::*;

#[test]
fn each_slip_is_said_with_line_key_expectation_and_advice() {
    for (from, to, message) in [
        (
            "count_fps = 5",
            "count_fps = -3",
            "site.toml:9: camera[0].count_fps: is -3; expected a number above 0 and at most 60; set it to e.g. 5",
        ),
        (
            "count_fps = 5",
            "count_fps = nan",
            "site.toml:9: camera[0].count_fps: is nan; expected a number above 0",
        ),
        ("count_fps = 5", "count_fps = +inf", "camera[0].count_fps: is +inf; expected a number above 0"),
        (
            "count_fps = 5",
            "count_fps = \"five\"",
            "camera[0].count_fps: is the text \"five\"; expected a number",
        ),
        ("count_fps = 5", "count_fps = 0", "camera[0].count_fps: is 0; expected a number above 0"),
        (
            "count_fps = 5",
            "count_fsp = 5",
            "site.toml:9: camera[0].count_fsp: is not a key of this table; expected `calibration`, `count_correction`, \
             `count_fps`, `count_width_px`, `drone`, `id`, `moves`, `position_m`, `stream`, `uncalibrated`, `uri`, `watch`; did you mean `count_fps`?",
        ),
        (
            "count_fps = 5",
            "count_fps = 5\ncount_fps = 6",
            "site.toml:10: count_fps: is given twice; expected each key at most once in its table; remove one",
        ),
        (
            "count_fps = 5",
            "count_width_px = 640.5",
            "camera[0].count_width_px: is 640.5; expected a whole number",
        ),
        (
            "id = \"cam-1\"\n",
            "",
            "site.toml:6: camera[0].id: is missing; expected an id: lower-case letters, digits, `-` and `_`, at most \
             63; add e.g. `id = \"cam-1\"`",
        ),
        (
            "uri = \"rtsp://viewer:s3cret@10.0.0.7/main\"",
            "uri = 5",
            "camera[0].uri: is 5; expected a file name or a stream URI; set it to e.g. \"rtsp://viewer:***@10.0.0.7",
        ),
        (
            "[640, 480]",
            "[640]",
            "camera[0].calibration.image_size_px: has 1 element; expected [width, height] in whole pixels",
        ),
        (
            "image_px = [540, 200]",
            "image_px = [540, \"200\"]",
            "site.toml:15: camera[0].calibration.points[1].image_px[1]: is the text \"200\"; expected a number",
        ),
        (
            "ground_m = [4.0, 20.0]",
            "ground_m = [nan, 20.0]",
            "points[1].ground_m[0]: is nan; expected a number",
        ),
        (
            "[-2, 6], [2, 6], [2, 14], [-2, 14]",
            "[-2, 6], [2, 6]",
            "zone[0].polygon_m: has 2 elements; expected at least 3 corners [x, y] in metres",
        ),
        (
            "capacity_people = 80",
            "capacity_people = 0",
            "zone[0].capacity_people: is 0; expected a whole number",
        ),
        (
            "[site]",
            "drill = 1\n[site]",
            "site.toml:2: drill: is not a key of this table; expected `bus`, `camera`",
        ),
        (
            "id = \"test\"",
            "id = \"test\"\ndrill = \"yes\"",
            "site.drill: is the text \"yes\"; expected true or false",
        ),
        (
            "id = \"test\"",
            "id = \"test\"\norigin = { latitude_deg = 95, longitude_deg = 13.7 }",
            "site.toml:4: site.origin.latitude_deg: is 95; expected a number at least -89 and at most 89",
        ),
        (
            "id = \"test\"",
            "id = \"test\"\norigin = { latitude_deg = 51 }",
            "site.origin.longitude_deg: is missing; expected a number at least -180 and at most 180",
        ),
        (
            "[[camera]]",
            "[camera]",
            "camera: is a single table; expected a list of tables; write its header with double brackets: [[camera]]",
        ),
    ] {
        assert_said(&broken(from, to), &[message]);
    }
}

#[test]
fn text_that_is_no_toml_is_said_by_line() {
    assert_said(&broken("id = \"test\"", "id = test"), &["site.toml:3: ", "is not valid TOML", "expected"]);
}

#[test]
fn an_empty_file_lacks_what_every_site_needs() {
    assert_eq!(
        said(""),
        [
            "site.toml: camera: is missing; expected a list of tables; add `camera`; samples/demo.toml shows how",
            "site.toml: site: is missing; expected a table; add the table [site]",
            "site.toml: warning: zone: is not given: people are counted, and nothing is warned of; expected one [[zone]] \
             or more; add a [[zone]]; samples/demo.toml shows how",
        ]
    );
}

#[test]
fn one_run_reports_every_error_of_every_section() {
    let text = SOUND
        .replace("id = \"test\"", "id = \"Test Site\"\ncolour = 1")
        .replace("Asia/Seoul", "Asia/Soul")
        .replace("count_fps = 5", "count_fps = -1")
        .replace("[4.0, 20.0]", "[-4.0, 20.0]")
        .replace("street_flat", "street_flta")
        .replace("capacity_people = 80", "capacity_people = -80");
    let said = said(&text);
    for part in [
        "site.colour: is not a key",
        "site.id: is \"Test Site\"",
        "site.time_zone: is \"Asia/Soul\"",
        "camera[0].count_fps: is -1",
        "camera[0].calibration.points[1]: point pairs 0 and 1 are the same point on the ground",
        "zone[0].profile: names no profile: \"street_flta\"",
        "zone[0].capacity_people: is -80",
    ] {
        assert!(said.iter().any(|line| line.contains(part)), "{part:?} is not in {said:#?}");
    }
    assert_eq!(said.len(), 7, "{said:#?}");
}

#[test]
fn no_text_makes_the_check_panic() {
    for text in [
        "\u{feff}",
        "[",
        "= 1",
        "[[camera]]\n[camera]",
        "camera = 5",
        "camera = [1, {}]",
        "[[camera]]\n[[camera.calibration]]",
        "[site]\nid = \"\"\"",
        "a.b.c = 1\na.b = 2",
        "zone = [[[[[]]]]]",
        "[[zone]]\npolygon_m = [[0, 0], [1e308, 0], [0, 1e308]]",
        "\0\0\0",
    ] {
        assert!(!said(text).is_empty(), "{text:?} is no site");
    }
    for end in (0..SOUND.len()).step_by(5) {
        said(&SOUND[..end]);
    }
}
