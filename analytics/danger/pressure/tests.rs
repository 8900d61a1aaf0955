use std::f64::consts::TAU;

use proptest::prelude::*;

use super::*;
use crate::danger::testing::{Noise, Square, at};

const SECS: f64 = 70.0;

/// Feeds `secs` of a crowd where all move alike, at `fps`.
fn fed(
    mut meter: PressureMeter,
    square: &mut Square,
    fps: f64,
    secs: f64,
    speed: impl Fn(f64) -> f64,
) -> PressureMeter {
    for i in 0..(secs * fps) as u32 {
        let t = f64::from(i) / fps;
        meter.observe(at(t), square.moves(Some(0.0), |_, _| [speed(t), 0.0]));
    }
    meter
}

fn sway(t: f64) -> f64 {
    0.1 * (TAU * t / 5.0).sin()
}

#[test]
fn a_swaying_crowd_has_the_pressure_of_the_closed_form() {
    let mut square = Square::new(6, 4.0);
    // One picture a slot; the window holds whole periods, so that rho A^2/2 is exact.
    let plain =
        fed(PressureMeter::plain(&square.cells, 0.25), &mut square, 2.5, SECS, sway).reading().unwrap();
    assert!((plain.p90_per_s2 - 0.02).abs() < 1e-6 && (plain.mean_per_s2 - 0.02).abs() < 1e-6);
    assert!((plain.gated_m2 - 9.0).abs() < 1e-9);
    assert_eq!(plain.definition, PressureDefinition::PLAIN);
    // A high-pass of 8 s keeps a wave of 5 s: 1/(1 + (T/(2 pi tau))^2) = 0.990 of its power.
    let corrected =
        fed(PressureMeter::corrected(&square.cells, 0.25), &mut square, 2.5, SECS, sway).reading().unwrap();
    assert!((corrected.p90_per_s2 - 0.0198).abs() < 2e-4);
}

#[test]
fn the_frame_rate_hardly_matters() {
    let mut square = Square::new(4, 4.0);
    for fps in [2.0, 5.0, 12.5, 30.0] {
        let meter = fed(PressureMeter::plain(&square.cells, 0.25), &mut square, fps, SECS, sway);
        let p = meter.reading().unwrap().p90_per_s2;
        assert!((p - 0.02).abs() < 1e-3, "{fps} fps: {p}");
    }
}

#[test]
fn a_still_crowd_measured_with_noise_has_no_pressure() {
    let sigma = 0.2;
    let mut square = Square::new(20, 5.0);
    let mut meters =
        [PressureMeter::corrected(&square.cells, 0.25), PressureMeter::plain(&square.cells, 0.25)];
    let mut noise = Noise(1);
    // The velocity of a cell is the mean over its people.
    let of_cell = sigma / (5.0_f64 * 0.25).sqrt();
    for i in 0..300 {
        let field = square.moves(Some(sigma), |_, _| [of_cell * noise.normal(), of_cell * noise.normal()]);
        for meter in &mut meters {
            meter.observe(at(f64::from(i) / 5.0), field);
        }
    }
    let [corrected, plain] = meters.map(|meter| meter.reading().unwrap());
    assert!(corrected.p90_per_s2 < 0.002 && corrected.mean_per_s2 < 5e-4);
    assert!(plain.p90_per_s2 > 4.0 * corrected.p90_per_s2);
}

#[test]
fn free_flow_gives_no_gated_reading() {
    let mut square = Square::new(4, 0.9);
    let gated = fed(PressureMeter::corrected(&square.cells, 0.25), &mut square, 5.0, SECS, sway);
    assert_eq!(gated.reading(), None);
    let plain = fed(PressureMeter::plain(&square.cells, 0.25), &mut square, 5.0, SECS, sway);
    assert!(plain.reading().is_some(), "the baseline has no gate");
}

#[test]
fn a_cell_must_be_dense_throughout_the_window() {
    let mut square = Square::new(4, 4.0);
    let mut meter = fed(PressureMeter::corrected(&square.cells, 0.25), &mut square, 5.0, 60.0, sway);
    assert!(meter.reading().is_some());
    for i in 0..150 {
        let t = 60.0 + f64::from(i) / 5.0;
        let density = if t < 61.0 { 3.0 } else { 4.0 };
        square.people.fill(density * 0.25);
        meter.observe(at(t), square.moves(Some(0.0), |_, _| [sway(t), 0.0]));
        if (62.0..80.0).contains(&t) {
            assert_eq!(meter.reading(), None, "at {t}");
        }
    }
    assert!(meter.reading().is_some(), "the thin second has left the window");
}

#[test]
fn slowing_down_is_not_turbulence() {
    let mut square = Square::new(4, 4.0);
    let slowing = |t: f64| (1.0 - 0.02 * t).max(0.0);
    let p = |meter: PressureMeter, square: &mut Square| {
        fed(meter, square, 5.0, 45.0, slowing).reading().unwrap().p90_per_s2
    };
    let corrected = p(PressureMeter::corrected(&square.cells, 0.25), &mut square);
    let plain = p(PressureMeter::plain(&square.cells, 0.25), &mut square);
    assert!(plain > 0.05, "{plain}");
    assert!(corrected < 0.02 * plain, "{corrected} of {plain}");
}

#[test]
fn a_clock_that_jumps_back_and_a_long_gap_begin_anew() {
    let mut square = Square::new(2, 4.0);
    for next_secs in [10.0, SECS + 2.5] {
        let mut meter = fed(PressureMeter::plain(&square.cells, 0.25), &mut square, 5.0, SECS, sway);
        assert!(meter.reading().is_some());
        meter.observe(at(next_secs), square.moves(Some(0.0), |_, _| [0.0, 0.0]));
        assert_eq!(meter.reading(), None);
    }
    let mut meter = fed(PressureMeter::plain(&square.cells, 0.25), &mut square, 5.0, SECS, sway);
    meter.observe(at(SECS + 1.5), square.moves(Some(0.0), |_, _| [0.0, 0.0]));
    assert!(meter.reading().is_some(), "some lost frames do not");
}

#[test]
fn an_unknown_error_is_not_zero() {
    let mut square = Square::new(2, 4.0);
    let mut meter = PressureMeter::corrected(&square.cells, 0.25);
    for i in 0..300 {
        let t = f64::from(i) / 5.0;
        meter.observe(at(t), square.moves(None, |_, _| [sway(t), 0.0]));
    }
    assert_eq!(meter.reading(), None);
}

#[test]
fn the_corrected_definition_reads_as_it_is() {
    assert_eq!(PressureDefinition::CORRECTED.in_words(), PressureDefinition::CORRECTED.to_string());
    assert_eq!(PressureDefinition::PLAIN.in_words(), PressureDefinition::PLAIN.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_finite_field_makes_a_nan(
        steps in prop::collection::vec((0.01..1.2_f64, prop_oneof![-3.0..3.0_f64, Just(1e38), Just(-1e20)]), 150..200),
        density in prop_oneof![0.0..9.0_f64, Just(1e30)],
    ) {
        let mut square = Square::new(3, density);
        let mut meter = PressureMeter::plain(&square.cells, 0.25);
        let mut t = 0.0;
        for (dt, v) in steps {
            t += dt;
            meter.observe(at(t), square.moves(Some(0.1), |index, _| [v, v * index as f64]));
            if let Some(reading) = meter.reading() {
                prop_assert!(reading.p90_per_s2.is_finite() && reading.p90_per_s2 >= 0.0);
                prop_assert!(reading.mean_per_s2.is_finite() && reading.mean_per_s2 >= 0.0);
            }
        }
    }
}
