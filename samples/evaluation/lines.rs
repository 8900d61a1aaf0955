//! Lines and the filling of a zone against the truth of the simulated gate: who crossed, and how the crowd grew.
//!
//! A tracker's velocity is that of the last second, so where a crowd speeds up, as behind the gate that opens, fewer are seen
//! to cross than do: 8 % there, against 3 % at the steady entry.

use throng_analytics::line::{Line, Polyline, Side};
use throng_analytics::site::{Site, SiteModel, SiteReport};
use throng_analytics::trajectory::{Trajectories, crossing::crossings};

use super::play::{START, Sensor, zones};
use super::tracks::TrackedCrowd;
use crate::crowd::sensor::SensorConfig;
use crate::crowd::simulation::Simulation;
use crate::gate;

const FRAMES_PER_S: f64 = 10.0;
const ENTRY_M: [[f64; 2]; 2] = [[25.6, -2.5], [25.6, 2.5]];
const EXIT_M: [[f64; 2]; 2] = [[29.8, -2.5], [29.8, 2.5]];

/// One frame: what the site says, and how many truly stand in the zone before the gate.
struct Seen {
    t_secs: f64,
    report: SiteReport,
    people: usize,
}

/// The drill before a tracker, with a line on either side of the zone before the gate: the frames, and how many truly crossed
/// the entry and the exit, forwards.
fn drill(sensor: SensorConfig) -> (Vec<Seen>, [i64; 2]) {
    drill_with(sensor, &[ENTRY_M])
}

/// The same with other lines for the ways in.
fn drill_with(sensor: SensorConfig, entries: &[[[f64; 2]; 2]]) -> (Vec<Seen>, [i64; 2]) {
    let scenario = gate::scenario();
    let mut zones = zones(&scenario).unwrap();
    zones[0].is_enclosed_by_lines = true;
    let line = |id: &str, points: [[f64; 2]; 2], inside| Line {
        id: id.to_owned(),
        name: id.to_owned(),
        way: Polyline::new(points.to_vec()).unwrap(),
        inside,
        zone: Some("gate".to_owned()),
        cameras: Vec::new(),
    };
    // Along y the left of the line is upstream.
    let ways_in = entries.iter().enumerate().map(|(k, way)| line(&format!("entry-{k}"), *way, Side::Right));
    let lines = ways_in.chain([line("exit", EXIT_M, Side::Left)]).collect();
    let mut tracker = TrackedCrowd::new(sensor, zones.iter().map(|zone| &zone.outline), 1);
    let cameras = tracker.model().into_iter().collect();
    let mut site = Site::new(SiteModel { id: "drill".to_owned(), cameras, zones, lines });
    let mut simulation = Simulation::new(scenario, 1);
    let (mut seen, mut rows) = (Vec::new(), Vec::new());
    while tracker.due_secs() < gate::DURATION_SECS {
        let t_secs = tracker.due_secs();
        simulation.advance_to(t_secs);
        let frame = (t_secs * FRAMES_PER_S).round() as i64;
        rows.extend(simulation.agents().iter().map(|agent| (u64::from(agent.id), frame, agent.at)));
        if let Some(observation) = tracker.observe(&simulation) {
            site.observe(&observation);
        }
        let people = gate::people_in_zone(simulation.agents());
        seen.push(Seen { t_secs, report: site.step(START + t_secs), people });
    }
    let tracks = Trajectories::from_rows(FRAMES_PER_S, rows).unwrap();
    // Upstream is to the left of both lines: forwards is from left to right.
    let forwards =
        [ENTRY_M, EXIT_M].map(|line| -crossings(&tracks, line).iter().map(|c| c.direction).sum::<i64>());
    (seen, forwards)
}

#[test]
fn everybody_who_crosses_a_line_is_counted_once() {
    for (name, sensor, tolerance) in [
        ("perfect", SensorConfig { recall: 1.0, sigma_x_m: 0.0, ..SensorConfig::default() }, 0.1),
        ("90 % found, 8 cm", SensorConfig::default(), 0.25),
    ] {
        let (seen, truth) = drill(sensor);
        let last = &seen.last().unwrap().report.lines;
        let flows = [last[0].flow.unwrap(), last[1].flow.unwrap()];
        let measured = [
            flows[0].in_people.value - flows[0].out_people.value,
            flows[1].out_people.value - flows[1].in_people.value,
        ];
        for (line, (measured, truth)) in ["entry", "exit"].iter().zip(measured.iter().zip(truth)) {
            let error = measured / truth as f64 - 1.0;
            eprintln!("{name}, {line}: {measured:.1} of {truth}, {:+.1} %", 100.0 * error);
            assert!(error.abs() < tolerance, "{name}, {line}: {measured} of {truth}");
        }
        // Nobody turns back at the entry but those who are pushed.
        assert!(flows[0].out_people.value < 0.1 * flows[0].in_people.value, "{flows:?}");
    }
}

#[test]
fn a_zone_is_known_to_fill_from_the_moment_the_gate_closes() {
    let (seen, _) = drill(SensorConfig::default());
    let at = |secs: f64| seen.iter().find(|seen| seen.t_secs >= secs).unwrap();
    let people_at = |secs: f64| at(secs).people as f64;
    let mut errors = Vec::new();
    for after in [4.0, 6.0, 8.0, 10.0, 15.0, 20.0] {
        let secs = gate::CLOSES_AT_SECS + after;
        let zone = &at(secs).report.zones[0];
        let (filling, truth) =
            (zone.filling.unwrap(), (people_at(secs + 5.0) - people_at(secs - 5.0)) / 10.0);
        eprintln!(
            "{after:>4} s after: filling {:.2} [{:.2} to {:.2}] people/s, truth {truth:.2}",
            filling.people_per_s.value, filling.people_per_s.lo, filling.people_per_s.hi,
        );
        errors.push((filling.people_per_s.value - truth).abs());
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    eprintln!("mean error {mean:.2} people/s");
    assert!(mean < 1.0, "{errors:?}");
}

#[test]
fn lines_are_not_blamed_for_what_the_gate_does() {
    for (name, sensor) in [
        ("perfect", SensorConfig { recall: 1.0, sigma_x_m: 0.0, ..SensorConfig::default() }),
        ("90 % found, 8 cm", SensorConfig::default()),
    ] {
        let (seen, _) = drill(sensor);
        let blamed: Vec<(f64, &String)> = seen
            .iter()
            .flat_map(|seen| seen.report.zones[0].notes.iter().map(|note| (seen.t_secs, note)))
            .filter(|(_, note)| note.starts_with("the lines around this zone show"))
            .collect();
        assert!(blamed.is_empty(), "{name}: {blamed:?}");
        let drift = |seen: &Seen| Some(seen.report.zones[0].filling?.line_drift_people_per_s.value);
        let worst = seen.iter().filter_map(drift).map(f64::abs).fold(0.0, f64::max);
        eprintln!("{name}: the lines' drift is at most {worst:.2} people/s");
        // Nobody crosses before a closed gate, so nobody is counted wrongly there.
        let closed = seen.iter().rfind(|seen| seen.t_secs < gate::OPENS_AT_SECS).and_then(drift).unwrap();
        assert!(closed.abs() < 0.1, "{name}: {closed}");
    }
}

#[test]
fn a_way_in_that_is_counted_twice_is_found_out() {
    // The entry stands for two ways in, of which only one exists.
    let (seen, _) = drill_with(SensorConfig::default(), &[ENTRY_M, ENTRY_M]);
    let before = seen.iter().rfind(|seen| seen.t_secs < gate::CLOSES_AT_SECS).unwrap();
    let zone = &before.report.zones[0];
    let filling = zone.filling.unwrap();
    eprintln!("{filling:?}");
    assert!(filling.line_drift_people_per_s.lo > 0.5, "2.2 people/s too many: {filling:?}");
    assert!(filling.people_per_s.value.abs() < 1.0, "{filling:?}");
    let is_told =
        seen.iter().any(|seen| seen.report.zones[0].notes.iter().any(|n| n.contains("more coming in")));
    assert!(is_told);
}
