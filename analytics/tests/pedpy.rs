//! Densities, speeds and crossings of real experiments, frame by frame against what `PedPy` 1.5.1 computes from them.
//!
//! The experiments are not part of the repository: without them the tests say so and pass.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use throng_analytics::trajectory::{
    archive::{self, Unit},
    area::Area,
    measure::{FrameMeasures, Geometry, Method, measure},
    voronoi::CutOff,
};

const TOLERANCE: f64 = 1e-6;

/// One of the measures of a frame.
type Measure = fn(&FrameMeasures) -> f64;

/// The folder of the experiments; `None`, with a notice, where it is absent.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/pedpy"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not here", folder.display());
    None
}

fn points(value: &Value) -> Vec<[f64; 2]> {
    serde_json::from_value(value.clone()).unwrap()
}

fn geometry(folder: &Path, name: &str) -> (Geometry, Value) {
    let text = fs::read_to_string(folder.join("ref/geometry.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let one = &all[name];
    let obstacles: Vec<Vec<[f64; 2]>> =
        one["obstacles"].as_array().into_iter().flatten().map(points).collect();
    let line = points(&one["measurement_line"]);
    let geometry = Geometry {
        walkable: Area::new(&points(&one["walkable_area"]), &obstacles).unwrap(),
        measured: Area::new(&points(&one["measurement_area"]), &[]).unwrap(),
        line_m: Some([line[0], line[1]]),
    };
    (geometry, one.clone())
}

/// The column `value` of a table of the reference, by frame.
fn reference(folder: &Path, file: &str) -> BTreeMap<i64, f64> {
    let text = fs::read_to_string(folder.join("ref").join(file)).unwrap();
    let row = |line: &str| {
        let mut words = line.split(',');
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    text.lines().skip(1).map(|line| row(line).unwrap()).collect()
}

#[test]
fn the_bottleneck_agrees_in_every_frame() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("040_c_56_h-.txt")).unwrap();
    let trajectories = archive::parse(&text, None, None).unwrap();
    let (geometry, _) = geometry(&folder, "bottleneck");
    let compare = |method: Method, files: &[(&str, Measure)]| {
        let measures = measure(&trajectories, &geometry, method);
        for (file, value) in files {
            let reference = reference(&folder, file);
            assert_eq!(measures.frames.len(), reference.len());
            for frame in &measures.frames {
                let (found, expected) = (value(frame), reference[&frame.frame]);
                assert!(
                    (found - expected).abs() < TOLERANCE,
                    "{file}, frame {}: {found} instead of {expected}",
                    frame.frame
                );
            }
        }
    };
    // PedPy says 0 where nobody is in the area; here nobody has no speed.
    let mean_speed: Measure = |frame| frame.mean_speed.unwrap_or(0.0);
    compare(
        Method { speed_step: 5, cut_off: None },
        &[
            ("bn_classic_density.csv", |frame| frame.classic_density),
            ("bn_voronoi_density.csv", |frame| frame.voronoi_density),
            ("bn_mean_speed_step5.csv", mean_speed),
            ("bn_voronoi_speed_step5.csv", |frame| frame.voronoi_speed),
        ],
    );
    compare(
        Method { speed_step: 25, cut_off: None },
        &[
            ("bn_mean_speed_step25.csv", mean_speed),
            ("bn_voronoi_speed_step25.csv", |frame| frame.voronoi_speed),
        ],
    );
    let cut_off = Some(CutOff { radius_m: 1.0, corners_per_quarter: 3 });
    compare(
        Method { speed_step: 5, cut_off },
        &[("bn_voronoi_density_cutoff1.0.csv", |frame| frame.voronoi_density)],
    );
}

#[test]
fn the_bottleneck_is_crossed_by_the_same_people_in_the_same_frames() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("040_c_56_h-.txt")).unwrap();
    let trajectories = archive::parse(&text, None, None).unwrap();
    let (geometry, _) = geometry(&folder, "bottleneck");
    let measures = measure(&trajectories, &geometry, Method { speed_step: 5, cut_off: None });
    let mut first: BTreeMap<i64, f64> = BTreeMap::new();
    for crossing in &measures.crossings {
        first.entry(i64::try_from(crossing.id).unwrap()).or_insert(crossing.frame as f64);
    }
    assert_eq!(first, reference(&folder, "bn_crossing_frames.csv"));
    let flow = measures.flow.unwrap();
    assert_eq!(flow.people, 75);
    assert!((flow.people_per_s.unwrap() - 1.147_642_679_900_744_4).abs() < 1e-9);
}

#[test]
fn nine_corridors_agree_in_their_steady_states() {
    let Some(folder) = folder() else { return };
    let (geometry, raw) = geometry(&folder, "corridor");
    let table = fs::read_to_string(folder.join("ref/fd_unidirectional_steady.csv")).unwrap();
    let columns: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    for line in table.lines().skip(1) {
        let row: BTreeMap<&str, &str> = columns.iter().copied().zip(line.split(',')).collect();
        let name = row["run"];
        let text = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        let whole = archive::parse(&text, Some(16.0), Some(Unit::Centimetre)).unwrap();
        let steady: [i64; 2] = serde_json::from_value(raw["steady_state_frames"][name].clone()).unwrap();
        // The reference takes speeds within the steady state alone.
        let trajectories = whole.between(steady[0], steady[1]).unwrap();
        let of = |cut_off| measure(&trajectories, &geometry, Method { speed_step: 5, cut_off }).frames;
        let (whole_cells, near_cells) =
            (of(None), of(Some(CutOff { radius_m: 0.8, corners_per_quarter: 3 })));
        let mean = |frames: &[FrameMeasures], value: Measure| {
            frames.iter().map(value).sum::<f64>() / frames.len() as f64
        };
        for (column, found) in [
            ("rho_classic", mean(&whole_cells, |frame| frame.classic_density)),
            ("v_mean", mean(&whole_cells, |frame| frame.mean_speed.unwrap_or(0.0))),
            ("rho_vor", mean(&whole_cells, |frame| frame.voronoi_density)),
            ("rho_vor_cut08", mean(&near_cells, |frame| frame.voronoi_density)),
            ("v_vor", mean(&whole_cells, |frame| frame.voronoi_speed)),
        ] {
            let expected: f64 = row[column].parse().unwrap();
            assert!((found - expected).abs() < TOLERANCE, "{name} {column}: {found} instead of {expected}");
        }
    }
}
