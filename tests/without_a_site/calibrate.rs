//! `throng calibrate`: points whose ground is known, on a made picture, and heads in rendered ones.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use image::{Rgb, RgbImage};
use throng_analytics::camera::{Distortion, HeadSeen, HeadSizes, Lens};
use throng_samples::crowd::scenario::Suite;
use throng_samples::gate;
use throng_samples::scene::{self, Scene, Weather};

use crate::{CARD, clip, lines, said};

/// A camera calibrated with a tape that read 2 % long, a remark that must survive, and a zone of which half lies beyond
/// the points.
fn site(folder: &Path) {
    clip(&folder.join("clip.mkv"));
    let camera = gate::camera();
    let (width, height) = (camera.image_width_px, camera.image_height_px);
    let roughly: Vec<String> = gate::calibration_points()
        .iter()
        .map(|point| {
            let ([u, v], [x, y]) = (point.in_image_px, point.in_ground_m);
            format!("  {{ image_px = [{u}, {v}], ground_m = [{}, {}] }}", 1.02 * x, 1.02 * y)
        })
        .collect();
    let roughly = roughly.join(",\n");
    let text = format!(
        "[site]\nid = \"test\"\n[model]\ncard = \"{CARD}\"\ndevice = \"cpu\"\n\n[[camera]]\nid = \"gate\" # by the bridge\n\
         uri = \"clip.mkv\"\n[camera.calibration]\nimage_size_px = [{width}, {height}]\npoints = [\n{roughly}]\n\n[[zone]]\nid = \"near\"\n\
         polygon_m = [[20, -2], [28, -2], [28, 2], [20, 2]]\nprofile = \"street_flat\"\ncapacity_people = 40\n\
         [[zone]]\nid = \"far\"\npolygon_m = [[20, -10.5], [28, -10.5], [28, 2], [20, 2]]\nprofile = \"street_flat\"\n\
         capacity_people = 400\n"
    );
    fs::write(folder.join("site.toml"), text).unwrap();
    RgbImage::from_pixel(width, height, Rgb([90, 100, 90])).save(folder.join("still.png")).unwrap();
}

fn calibrate(folder: &Path, points: &str, more: &[&str]) -> Output {
    fs::write(folder.join("points.csv"), points).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.current_dir(folder).args(["calibrate", "site.toml", "gate", "--points", "points.csv", "--json"]);
    command.args(["--still", "still.png", "--picture", "out.png"]).args(more).output().unwrap()
}

fn points() -> String {
    gate::calibration_points().iter().fold("u_px,v_px,x_m,y_m\n".to_owned(), |csv, point| {
        let ([u, v], [x, y]) = (point.in_image_px, point.in_ground_m);
        format!("{csv}{u},{v},{x},{y}\n")
    })
}

#[test]
fn true_points_fit_and_are_kept_and_the_ground_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let output = calibrate(folder.path(), &points(), &["--write"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report = &lines(&output)[0];
    assert!(report["leave_one_out_rmse_m"].as_f64().unwrap() < 0.05, "{report}");
    let zone = |index: usize| report["zones"][index]["out_of_trust_share"].as_f64().unwrap();
    assert!(zone(0) < 0.05 && zone(1) > 0.3, "{report}");
    assert!(
        said(&output).contains("zone far") && said(&output).contains("OUT OF TRUST"),
        "{}",
        said(&output)
    );

    let drawn = image::open(folder.path().join("out.png")).unwrap().into_rgb8();
    let blue = drawn.pixels().filter(|pixel| pixel.0[2] > 180 && pixel.0[0] < 140).count();
    assert!(blue > 1000, "{blue} pixels of grid");

    let after = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    assert!(after.contains("# by the bridge") && after.contains("[camera.calibration]"), "{after}");
    // What was written is what was given: fitted from the site file it is the same.
    let again = Command::new(env!("CARGO_BIN_EXE_throng"))
        .current_dir(folder.path())
        .args(["calibrate", "site.toml", "gate", "--json", "--still", "still.png", "--picture", "out.png"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(lines(&again)[0]["leave_one_out_rmse_m"].as_f64().unwrap() < 0.05);
}

#[test]
fn points_that_contradict_each_other_leave_the_site_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let before = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    let wrong = points().replacen("u_px,v_px,x_m,y_m\n", "u_px,v_px,x_m,y_m\n100,300,-50,80\n", 1);
    let output = calibrate(folder.path(), &wrong, &["--write"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(fs::read_to_string(folder.path().join("site.toml")).unwrap(), before);
}

#[test]
fn the_heads_in_rendered_pictures_tell_areas_as_well_as_they_say() {
    for scenario in ["free_flow", "gate_closes", "night_market", "two_way_street"] {
        by_heads(scenario);
    }
}

/// Calibrates by the heads in pictures of a held-out scenario, and holds the areas against those of its true camera.
fn by_heads(scenario: &str) {
    let folder = tempfile::tempdir().unwrap();
    clip(&folder.path().join("clip.mkv"));
    let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/cards/compact.toml");
    let text = format!(
        "[site]\nid = \"test\"\n[model]\ncard = \"{card}\"\ndevice = \"cpu\"\n\n[[camera]]\nid = \"gate\" # by the bridge\n\
         uri = \"clip.mkv\"\n[camera.uncalibrated]\nground_width_m = 24 # a guess\nimage_size_px = [960, 540]\n\n[[zone]]\n\
         id = \"near\"\npolygon_m = [[6, 1], [18, 1], [18, 7], [6, 7]]\nprofile = \"street_flat\"\ncapacity_people = 40\n"
    );
    fs::write(folder.path().join("site.toml"), text).unwrap();
    let scenarios = Suite::HeldOut.scenarios().unwrap();
    let name = scenario;
    let scenario = scenarios.into_iter().find(|known| known.id == name).unwrap();
    let truth = scene::camera(&scenario);
    let view_deg = 2.0 * (0.5 * f64::from(truth.image_width_px) / truth.focal_px).atan().to_degrees();
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.current_dir(folder.path()).args([
        "calibrate",
        "site.toml",
        "gate",
        "--heads",
        "--write",
        "--json",
    ]);
    command.args(["--picture", "out.png", "--view-angle", &view_deg.to_string()]);
    for (k, frame) in Scene::of(scenario, 3, Weather::Day).at_frames_per_s(0.2).skip(2).take(4).enumerate() {
        let still = format!("still-{k}.png");
        frame.rgb.save(folder.path().join(&still)).unwrap();
        command.args(["--still", &still]);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report = &lines(&output)[0];
    let head = |k: usize| HeadSeen {
        row_px: report["head_widths_px"][k][0].as_f64().unwrap(),
        width_px: report["head_widths_px"][k][1].as_f64().unwrap(),
    };
    let sizes = HeadSizes::fit(&[head(0), head(1)], [960, 540]).unwrap();
    let (found, _) = sizes.camera(Some(view_deg), 1.6);
    let sigma = report["area_sigma"].as_f64().unwrap();
    assert!((0.1..0.4).contains(&sigma), "{report}");
    for row_px in [200.0, 270.0, 400.0] {
        let area = |camera: &throng_analytics::camera::Pinhole| {
            camera.plane_from_image(1.6).unwrap().area_scale([480.0, row_px]).unwrap()
        };
        let ratio = area(&found) / area(&truth);
        eprintln!("{name}, row {row_px}: densities {:.2} of the true, stated to {sigma:.2}", 1.0 / ratio);
        assert!(ratio.ln().abs() < 1.645 * sigma, "{name}, row {row_px}: {ratio} {report}");
    }
    let after = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    assert!(
        after.contains("# by the bridge") && after.contains("heads = [") && after.contains("view_angle_deg")
    );
    assert!(!after.contains("ground_width_m") && !after.contains("[6, 1]"), "{after}");
    assert!(said(&output).contains("1 zones and lines have new metres"), "{}", said(&output));
}

/// Slabs of random brightness, moved by so many pixels.
fn slabs(by_px: [u32; 2]) -> RgbImage {
    let camera = gate::camera();
    RgbImage::from_fn(camera.image_width_px, camera.image_height_px, |u, v| {
        let (x, y) = ((u + 1100 - by_px[0]) / 11, (v + 1100 - by_px[1]) / 11);
        let mixed = (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263)).wrapping_mul(1_274_126_177);
        Rgb([40 + ((mixed >> 13) & 0x7f) as u8; 3])
    })
}

#[test]
fn a_camera_that_was_nudged_is_fitted_again_without_measuring() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let first = calibrate(folder.path(), &points(), &["--write"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    slabs([0, 0]).save(folder.path().join("old.png")).unwrap();
    slabs([15, 8]).save(folder.path().join("still.png")).unwrap();
    let again = Command::new(env!("CARGO_BIN_EXE_throng"))
        .current_dir(folder.path())
        .args([
            "calibrate",
            "site.toml",
            "gate",
            "--moved-from",
            "old.png",
            "--still",
            "still.png",
            "--write",
        ])
        .args(["--picture", "out.png", "--json"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(said(&again).contains("moved by 15.0 px to the right and 8.0 px down"), "{}", said(&again));
    let text = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    let [u, v] = gate::calibration_points()
        .iter()
        .map(|point| point.in_image_px)
        .find(|[u, v]| *u > 100.0 && *v > 100.0)
        .unwrap();
    let (moved_u, moved_v) = (u + 15.0, v + 8.0);
    let site: toml::Table = text.parse().unwrap();
    let pairs = site["camera"][0]["calibration"]["points"].as_array().unwrap();
    let is_there = pairs.iter().any(|pair| {
        let at = |k: usize| pair["image_px"][k].as_float().unwrap();
        (at(0) - moved_u).hypot(at(1) - moved_v) < 0.5
    });
    assert!(is_there, "{u} {v} is not carried over: {text}");
}

/// First radial coefficient of a lens that bends much.
const BARREL_K1: f64 = -0.35;

/// Such a lens on the gate's camera.
fn barrel() -> Lens {
    let camera = gate::camera();
    Lens {
        focal_px: [camera.focal_px; 2],
        principal_point_px: [f64::from(camera.image_width_px), f64::from(camera.image_height_px)]
            .map(|side| 0.5 * side),
        distortion: Distortion::BrownConrady { radial: [BARREL_K1, 0.0, 0.0], tangential: [0.0; 2] },
    }
}

/// The points of the gate's ground as that lens shows them.
fn bent_points() -> String {
    gate::calibration_points().iter().fold("u_px,v_px,x_m,y_m\n".to_owned(), |csv, point| {
        let ([u, v], [x, y]) = (barrel().distort_px(point.in_image_px).unwrap(), point.in_ground_m);
        format!("{csv}{u},{v},{x},{y}\n")
    })
}

/// Clicks along straight lines, from and to in parts of the undistorted picture, as that lens shows them: half a pixel off to one
/// side and the other.
fn clicks(edges: &[(&str, [f64; 2], [f64; 2])]) -> String {
    let camera = gate::camera();
    let size = [camera.image_width_px, camera.image_height_px].map(f64::from);
    let mut csv = "edge,u_px,v_px\n".to_owned();
    for (name, from, to) in edges {
        for i in 0..10 {
            let part = f64::from(i) / 9.0;
            let ideal = [0, 1].map(|k| size[k] * (from[k] + part * (to[k] - from[k])));
            let [u, v] = barrel().distort_px(ideal).unwrap();
            let off = if (i / 2) % 2 == 0 { 0.5 } else { -0.5 };
            writeln!(csv, "{name},{:.2},{:.2}", u + off, v - off).unwrap();
        }
    }
    csv
}

fn calibrate_by_edges(folder: &Path, edges: &str) -> Output {
    fs::write(folder.join("edges.csv"), edges).unwrap();
    calibrate(folder, &bent_points(), &["--edges", "edges.csv", "--write"])
}

#[test]
fn edges_that_are_straight_in_the_world_tell_the_lens() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let output = calibrate_by_edges(
        folder.path(),
        &clicks(&[
            ("kerb", [0.04, 0.95], [0.96, 0.9]),
            ("eaves", [0.03, 0.08], [0.97, 0.05]),
            ("lamp post", [0.06, 0.06], [0.05, 0.94]),
            ("wall", [0.95, 0.1], [0.97, 0.9]),
        ]),
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report = &lines(&output)[0];
    let number = |key: &str| report["lens"][key].as_f64().unwrap();
    let focal_off = number("focal_px") / gate::camera().focal_px - 1.0;
    assert!(focal_off.abs() < 0.03, "{report}");
    // With a focal length that is a hundredth too long k1 comes out two hundredths too large.
    let k1_off = number("k1") - BARREL_K1 * (1.0 + focal_off).powi(2);
    assert!(k1_off.abs() < 3.0 * number("k1_sigma"), "{report}");
    for edge in report["lens"]["edges"].as_array().unwrap() {
        let off = |key: &str| edge[key].as_f64().unwrap();
        assert!(off("off_before_px") > 1.5 && off("off_after_px") < 0.8, "{edge}");
    }
    let rmse = report["leave_one_out_rmse_m"].as_f64().unwrap();
    assert!(rmse < 0.1, "{report}");
    // Without the lens they are worse, or give no ground at all.
    assert!(
        report["leave_one_out_rmse_without_lens_m"].as_f64().is_none_or(|bent| bent > 2.0 * rmse),
        "{report}"
    );
    assert!(said(&output).contains("so the lens has k1 = -0.3"), "{}", said(&output));

    let drawn = image::open(folder.path().join("out.png")).unwrap().into_rgb8();
    let green = drawn.pixels().filter(|pixel| pixel.0[1] > 210 && pixel.0[0] < 150).count();
    assert!(green > 500, "{green} pixels of edges");

    let after = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    assert!(
        after.contains("lens = { model = \"brown_conrady\"") && after.contains("# by the bridge"),
        "{after}"
    );
    // The site goes by what was written: other points, through the lens that it now has, fit as well.
    let again = calibrate(folder.path(), &bent_points(), &[]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(lines(&again)[0]["leave_one_out_rmse_m"].as_f64().unwrap() < 0.1);
}

#[test]
fn edges_that_tell_no_lens_leave_the_site_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let before = fs::read_to_string(folder.path().join("site.toml")).unwrap();
    for (edges, reason) in [
        (clicks(&[("road", [0.4, 0.4], [0.6, 0.6]), ("path", [0.4, 0.6], [0.6, 0.4])]), "the edges tell"),
        // Through the middle, clicked without error.
        (
            "edge,u_px,v_px\nroad,260,210\nroad,290,225\nroad,320,240\nroad,350,255\nroad,380,270\n"
                .to_owned(),
            "near the picture's border",
        ),
        ("edge,u_px,v_px\nkerb,10,20\nkerb,300,30\n".to_owned(), "0 is `kerb`"),
        ("edge,u_px,v_px\nkerb,10,20\nkerb,300,90000\n".to_owned(), "outside of the picture"),
        ("edge,u_px\nkerb,10\n".to_owned(), "expected the columns edge, u_px, v_px"),
    ] {
        let output = calibrate_by_edges(folder.path(), &edges);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(reason), "{reason}: {}", said(&output));
        assert_eq!(fs::read_to_string(folder.path().join("site.toml")).unwrap(), before);
    }
}
