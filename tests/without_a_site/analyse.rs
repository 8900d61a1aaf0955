//! `throng analyse`: even walking on a lattice, whose density, speed and flow are known.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::{lines, said};

const WALKABLE: &str = "0,0 20,0 20,4 0,4";
const AREA: &str = "8,0.6 12,0.6 12,3.4 8,3.4";

fn analyse(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.current_dir(folder).args(["analyse", "walk.txt"]).args(arguments).output().unwrap()
}

/// People a metre apart from each other, all walking 1 m/s to the right for 5 s at 10 frames/s.
fn walk(folder: &Path, header: &str) {
    let mut text = header.to_owned();
    for person in 0..60 {
        for frame in 0..50 {
            let x = f64::from(person / 4) + 0.23 + 0.1 * f64::from(frame);
            writeln!(text, "{person} {frame} {x:.3} {:.3} 1.7", f64::from(person % 4) + 0.5).unwrap();
        }
    }
    fs::write(folder.join("walk.txt"), text).unwrap();
}

#[test]
fn even_walking_has_the_density_speed_and_flow_that_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    walk(folder.path(), "# framerate: 10 fps\n# id frame x/m y/m z/m\n");
    let more = ["--line", "10,0 10,4", "--csv", "out", "--plots", "out", "--json"];
    let geometry = ["--walkable", WALKABLE, "--area", AREA, "--frames", "0:30"];
    let output = analyse(folder.path(), &[&geometry[..], &more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let found = &lines(&output)[0];
    let value = |path: &str| found.pointer(path).unwrap().as_f64().unwrap();
    assert!((value("/voronoi_density/mean") - 1.0).abs() < 1e-9, "{found}");
    // Four columns of which two rows stand in the area: 8 people on 4 m by 2.8 m.
    assert!((value("/classic_density/mean") - 8.0 / 11.2).abs() < 1e-9, "{found}");
    assert!(
        (value("/voronoi_speed/mean") - 1.0).abs() < 1e-9 && (value("/mean_speed/mean") - 1.0).abs() < 1e-9
    );
    // Four cross side by side each second: at 0.8, 1.8 and 2.8 s.
    assert_eq!(found["people_crossed"], 12);
    assert!((value("/flow_per_s") - 11.0 / 2.0).abs() < 1e-9, "{found}");
    assert!((value("/specific_flow_per_m_per_s") - 11.0 / 8.0).abs() < 1e-9);
    let table = fs::read_to_string(folder.path().join("out/walk.frames.csv")).unwrap();
    assert_eq!(table.lines().count(), 32);
    assert!(image::open(folder.path().join("out/walk.png")).is_ok());
}

#[test]
fn what_is_missing_is_said_with_the_flag_that_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    walk(folder.path(), "");
    for (arguments, expected) in [
        (vec!["--area", AREA], "the ground where people can be is missing: give --walkable or --geometry"),
        (
            vec!["--area", AREA, "--walkable", WALKABLE, "--unit", "m"],
            "walk.txt: the file does not state its frame rate (`# framerate: 25 fps`); give it with --fps",
        ),
        (
            vec!["--area", AREA, "--walkable", "0,0 1,1 2,2", "--fps", "10", "--unit", "m"],
            "the walkable area: the area is empty",
        ),
        (
            vec!["--area", AREA, "--walkable", WALKABLE, "--fps", "10", "--unit", "m", "--frames", "90:99"],
            "walk.txt: nobody is in frames 90 to 99",
        ),
    ] {
        let output = analyse(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(expected), "{expected:?} is not in {}", said(&output));
    }
}
