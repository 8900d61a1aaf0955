//! Densities, speeds and crossings of real experiments, frame by frame against what `PedPy` 1.5.1 computes from them.
//!
//! The experiments are not part of the repository: without them the tests say so and pass.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;
use throng_analytics::trajectory::{
    Present, Trajectories,
    archive::{self, Unit},
    area::Area,
    crossing::{crossings, flow},
    density::{classic_people_per_m2, mean_speed_m_per_s, voronoi_people_per_m2, voronoi_speed_m_per_s},
    speed::velocities_m_per_s,
    voronoi::{CutOff, cells},
};

const TOLERANCE: f64 = 1e-6;

/// The folder of the experiments; `None`, with a notice, where it is absent.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/pedpy"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not here", folder.display());
    None
}

struct Geometry {
    walkable: Area,
    measured: Area,
    line: [[f64; 2]; 2],
}

fn points(value: &Value) -> Vec<[f64; 2]> {
    serde_json::from_value(value.clone()).unwrap()
}

fn geometry(folder: &PathBuf, name: &str) -> (Geometry, Value) {
    let text = fs::read_to_string(folder.join("ref/geometry.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let one = &all[name];
    let obstacles: Vec<Vec<[f64; 2]>> =
        one["obstacles"].as_array().into_iter().flatten().map(points).collect();
    let line = points(&one["measurement_line"]);
    let geometry = Geometry {
        walkable: Area::new(&points(&one["walkable_area"]), &obstacles).unwrap(),
        measured: Area::new(&points(&one["measurement_area"]), &[]).unwrap(),
        line: [line[0], line[1]],
    };
    (geometry, one.clone())
}

/// The column `value` of a table of the reference, by frame.
fn reference(folder: &PathBuf, file: &str) -> BTreeMap<i64, f64> {
    let text = fs::read_to_string(folder.join("ref").join(file)).unwrap();
    let row = |line: &str| {
        let mut words = line.split(',');
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    text.lines().skip(1).map(|line| row(line).unwrap()).collect()
}

fn speeds(trajectories: &Trajectories, step: usize) -> Vec<Vec<Option<f64>>> {
    let of = |track| velocities_m_per_s(track, trajectories.fps, step);
    let speed = |v: Option<[f64; 2]>| v.map(|[x, y]| x.hypot(y));
    trajectories.tracks().iter().map(|track| of(track).into_iter().map(speed).collect()).collect()
}

fn speeds_of(
    present: &[Present],
    frame: i64,
    trajectories: &Trajectories,
    speeds: &[Vec<Option<f64>>],
) -> Vec<Option<f64>> {
    let at = |person: &Present| {
        let first = trajectories.tracks()[person.track].first_frame;
        speeds[person.track][usize::try_from(frame - first).unwrap()]
    };
    present.iter().map(at).collect()
}

fn near(file: &str, frame: i64, found: f64, reference: &BTreeMap<i64, f64>) {
    let expected = reference[&frame];
    assert!((found - expected).abs() < TOLERANCE, "{file}, frame {frame}: {found} instead of {expected}");
}

#[test]
fn the_bottleneck_agrees_in_every_frame() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("040_c_56_h-.txt")).unwrap();
    let trajectories = archive::parse(&text, None, None).unwrap();
    let (geometry, _) = geometry(&folder, "bottleneck");
    let files = [
        "bn_classic_density.csv",
        "bn_voronoi_density.csv",
        "bn_voronoi_density_cutoff1.0.csv",
        "bn_mean_speed_step5.csv",
        "bn_voronoi_speed_step5.csv",
        "bn_mean_speed_step25.csv",
        "bn_voronoi_speed_step25.csv",
    ];
    let references = files.map(|file| reference(&folder, file));
    let by_step = [speeds(&trajectories, 5), speeds(&trajectories, 25)];
    let frames = trajectories.frames();
    assert_eq!(frames.len(), references[0].len());
    for (frame, present) in &frames {
        let own = cells(present, &geometry.walkable, None);
        let cut_off = CutOff { radius_m: 1.0, corners_per_quarter: 3 };
        let near_own = cells(present, &geometry.walkable, Some(cut_off));
        let [step5, step25] = by_step.each_ref().map(|all| speeds_of(present, *frame, &trajectories, all));
        // PedPy says 0 where nobody is in the area; here nobody has no speed.
        let mean =
            |speeds: &[Option<f64>]| mean_speed_m_per_s(present, speeds, &geometry.measured).unwrap_or(0.0);
        let found = [
            classic_people_per_m2(present, &geometry.measured),
            voronoi_people_per_m2(&own, &geometry.measured),
            voronoi_people_per_m2(&near_own, &geometry.measured),
            mean(&step5),
            voronoi_speed_m_per_s(&own, &step5, &geometry.measured),
            mean(&step25),
            voronoi_speed_m_per_s(&own, &step25, &geometry.measured),
        ];
        for ((file, found), reference) in files.iter().zip(found).zip(&references) {
            near(file, *frame, found, reference);
        }
    }
}

#[test]
fn the_bottleneck_is_crossed_by_the_same_people_in_the_same_frames() {
    let Some(folder) = folder() else { return };
    let text = fs::read_to_string(folder.join("040_c_56_h-.txt")).unwrap();
    let trajectories = archive::parse(&text, None, None).unwrap();
    let (geometry, _) = geometry(&folder, "bottleneck");
    let found = crossings(&trajectories, geometry.line);
    let mut first: BTreeMap<i64, f64> = BTreeMap::new();
    for crossing in &found {
        first.entry(i64::try_from(crossing.id).unwrap()).or_insert(crossing.frame as f64);
    }
    assert_eq!(first, reference(&folder, "bn_crossing_frames.csv"));
    let flow = flow(&found, trajectories.fps);
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
        let by_step = speeds(&trajectories, 5);
        let cut_off = CutOff { radius_m: 0.8, corners_per_quarter: 3 };
        let mut sums = [0.0; 5];
        let mut frames = 0.0;
        for (frame, present) in &trajectories.frames() {
            let own = cells(present, &geometry.walkable, None);
            let speeds = speeds_of(present, *frame, &trajectories, &by_step);
            let measured = &geometry.measured;
            frames += 1.0;
            for (sum, value) in sums.iter_mut().zip([
                classic_people_per_m2(present, measured),
                mean_speed_m_per_s(present, &speeds, measured).unwrap_or(0.0),
                voronoi_people_per_m2(&own, measured),
                voronoi_people_per_m2(&cells(present, &geometry.walkable, Some(cut_off)), measured),
                voronoi_speed_m_per_s(&own, &speeds, measured),
            ]) {
                *sum += value;
            }
        }
        for (column, sum) in ["rho_classic", "v_mean", "rho_vor", "rho_vor_cut08", "v_vor"].iter().zip(sums) {
            let expected: f64 = row[column].parse().unwrap();
            let mean = sum / frames;
            assert!((mean - expected).abs() < TOLERANCE, "{name} {column}: {mean} instead of {expected}");
        }
    }
}
