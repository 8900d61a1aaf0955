//! Heads put into the picture by the exact camera, and onto the ground by the telemetry.

use throng::stream::telemetry::track::PoseAt;
use throng_analytics::{
    camera::{Calibration, PoseErrors},
    site::{CameraModel, CameraObservation, ImageCount, Site, SiteModel, ZoneReport},
    time::Timestamp,
};
use throng_samples::{
    crowd::simulation::Simulation,
    rng::Rng,
    scene::{CameraPose, Flight},
};

use super::*;

/// Crowds that end inside of a zone, fill it, and walk through it.
const SCENARIOS: [&str; 3] = ["gate_closes", "free_flow", "concert"];

/// When each is looked at, seconds.
const INSTANTS_SECS: [f64; 5] = [10.0, 40.0, 70.0, 95.0, 120.0];

/// What the site makes of one picture whose heads are known.
fn seen(
    zones: &[Zone],
    heads: &[[f64; 2]],
    flight: &Flight,
    t_secs: f64,
    told_pose: &CameraPose,
    errors: PoseErrors,
) -> Vec<ZoneReport> {
    let exact = flight.camera(t_secs);
    let heads_px =
        heads.iter().filter_map(|[x, y]| Some(exact.project([*x, *y, 1.6])?.in_image_px)).collect::<Vec<_>>();
    let at = PoseAt { sample: told(told_pose), age_secs: 0.0, turn_deg_per_s: 0.0, is_degraded: false };
    let placed = site(errors).place(&at).unwrap();
    let model = CameraModel {
        id: "drone".to_owned(),
        calibration: Calibration::awaiting_telemetry(SIZE_PX[0], SIZE_PX[1]).unwrap(),
    };
    let mut site = Site::new(SiteModel {
        id: "test".to_owned(),
        cameras: vec![model],
        zones: zones.to_vec(),
        lines: Vec::new(),
    });
    let density = map_of(heads_px.into_iter());
    let people = density.people();
    let captured_at = Timestamp::from_unix_nanos(0) + t_secs;
    site.move_camera("drone", &placed.view.unwrap());
    site.observe(&CameraObservation {
        camera: "drone".to_owned(),
        captured_at,
        count: Ok(ImageCount { density, people_lo: people, people_hi: people }),
        motion: None,
    });
    site.step(captured_at).zones
}

/// Looks at every scenario and instant from `flights` flights: true density, what was seen, coverage.
fn look(flights: u64, is_exact: bool, each: &mut dyn FnMut(&str, f64, &ZoneReport)) {
    let errors = if is_exact { PoseErrors::NONE } else { PoseErrors::UNCORRECTED };
    for id in SCENARIOS {
        let scenario = scenario(id);
        let zones = zones(&scenario);
        let mut simulation = Simulation::new(scenario.clone(), 7);
        for t_secs in INSTANTS_SECS {
            simulation.advance_to(t_secs);
            let heads: Vec<[f64; 2]> = simulation.agents().iter().map(|agent| agent.at).collect();
            for seed in 0..flights {
                let mut flight = Flight::over(&scenario, Rng::new(100 + seed));
                let pose =
                    if is_exact { CameraPose::of(&flight.camera(t_secs)) } else { flight.telemetry(t_secs) };
                let reports = seen(&zones, &heads, &flight, t_secs, &pose, errors);
                for (zone, report) in zones.iter().zip(&reports) {
                    let inside = heads.iter().filter(|head| zone.outline.contains(**head)).count();
                    each(
                        &format!("{id}/{} {t_secs} s", zone.id),
                        inside as f64 / zone.outline.area_m2(),
                        report,
                    );
                }
            }
        }
    }
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn with_exact_telemetry_a_zones_density_is_within_a_tenth() {
    let (mut looked, mut worst) = (0, 0.0_f64);
    look(4, true, &mut |what, truth, report| {
        let found = report.density_people_per_m2.unwrap_or_else(|| panic!("{what}: {:?}", report.notes));
        assert!(report.coverage.unwrap() > 0.99, "{what}: {:?}", report.coverage);
        // A tenth, and one person who stands on the edge.
        let off = (found.value - truth).abs();
        looked += 1;
        if truth > 1.0 {
            worst = worst.max(off / truth);
        }
        assert!(off <= 0.1 * truth + 1.0 / report.area_m2, "{what}: {truth:.2} {found:?}");
    });
    eprintln!("exact telemetry: {looked} zones, worst error {:.1} %", 100.0 * worst);
    assert!(looked > 50);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn the_interval_holds_the_truth_nine_times_of_ten_under_the_noise_of_telemetry() {
    let (mut looked, mut held, mut width) = (0, 0, 0.0);
    look(24, false, &mut |what, truth, report| {
        let found = report.density_people_per_m2.unwrap_or_else(|| panic!("{what}: {:?}", report.notes));
        if truth < 0.5 {
            return;
        }
        looked += 1;
        held += u32::from((found.lo..=found.hi).contains(&truth));
        width += (found.hi - found.lo) / truth;
    });
    let share = f64::from(held) / f64::from(looked);
    eprintln!(
        "noisy telemetry: {looked} zones, {:.1} % held, mean width {:.0} % of the density",
        100.0 * share,
        100.0 * width / f64::from(looked)
    );
    assert!(looked > 300 && share >= 0.9, "{held} of {looked}");
    // An interval that holds everything says nothing.
    assert!(share < 0.995, "{held} of {looked}");
}
