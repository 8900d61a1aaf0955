//! What a camera's calibration says of its metres, and cannot.

use super::*;

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
