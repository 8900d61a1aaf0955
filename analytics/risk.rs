//! The crush-risk score, 0 to 100: a noisy-OR of named factors with exact shares (analytics specification 7).
//!
//! Not a probability of injury. Factors without data drop out and are listed.

use crate::{
    danger::{conflict::Conflict, oscillation::Oscillation, pressure::Pressure},
    estimate::Estimate,
    fundamental_diagram::FundamentalDiagram,
    level::Level,
    wire::{Contribution, Counterfactual, FactorKind, RawValue, ScoreInterval},
};

/// Sub-score of the density's upper estimate: piecewise linear through these points (our proposal, between the limits
/// of analytics specification 1.2).
const DENSITY_ANCHORS: [(f64, f64); 6] =
    [(2.0, 0.0), (3.5, 0.25), (5.0, 0.5), (6.0, 0.7), (7.0, 0.9), (8.0, 1.0)];

/// Sub-score of the seconds to [`GROWTH_TARGET_PEOPLE_PER_M2`] (our proposal, analytics specification 7).
const GROWTH_ANCHORS: [(f64, f64); 3] = [(20.0, 1.0), (60.0, 0.6), (300.0, 0.0)];

/// The density that growth is measured against, people/m2 (our proposal, analytics specification 7).
pub const GROWTH_TARGET_PEOPLE_PER_M2: f64 = 6.5;

/// Sub-score of the crowd pressure in 1/s2, corrected for noise and slow changes, against its logarithm: 0.02 is the
/// threshold of turbulence of Helbing, Johansson and Al-Abideen 2007 (analytics specification 2.4, 7).
const PRESSURE_ANCHORS_PER_S2: [(f64, f64); 3] = [(0.005, 0.0), (0.02, 0.6), (0.1, 1.0)];

/// Root mean square speed at which an oscillation begins to count, and how much more makes it count in full, m/s
/// (analytics specification 7).
const OSCILLATION_M_PER_S: (f64, f64) = (0.05, 0.15);

/// Slowest speed that image motion tells from standing still, m/s: the noise floor of tracks over one second
/// (analytics specification 2.2). Weidmann's curve reaches 0 at 5.4 people/m2, where denser crowds still move.
const SPEED_RESOLUTION_M_PER_S: f64 = 0.11;

/// No factor alone decides, whatever the place (our proposal).
const WEIGHT_MAX: f64 = 0.97;

/// Weights of the factors on level open ground (our proposal).
const WEIGHTS: [(FactorKind, f64); 6] = [
    (FactorKind::Density, 0.95),
    (FactorKind::Growth, 0.45),
    (FactorKind::Instability, 0.60),
    (FactorKind::Oscillation, 0.60),
    (FactorKind::Breakdown, 0.25),
    (FactorKind::Conflict, 0.25),
];

/// One for each of [`WEIGHTS`].
type SubScores = [Option<f64>; WEIGHTS.len()];

/// Score from which each warning level is given, blue to red (our proposal, analytics specification 7).
const BANDS: [f64; 4] = [25.0, 50.0, 70.0, 85.0];

/// From this lower estimate on, the score may exceed the density ladder by more than one level, people/m2
/// (our proposal, analytics specification 7).
const UNCAPPED_FROM_PEOPLE_PER_M2: f64 = 3.5;

/// What is known of a zone when its risk is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskInputs {
    /// Density, people/m2.
    pub density_people_per_m2: Estimate,
    /// Seconds to [`GROWTH_TARGET_PEOPLE_PER_M2`], from the soonest to the latest: infinite where the trend does not lead
    /// there, `None` where there is no trend yet.
    pub secs_to_growth_target: Option<Estimate>,
    /// Mean speed of the people, m/s, where measured.
    pub speed_m_per_s: Option<Estimate>,
    /// How fast people walk there at a density.
    pub diagram: FundamentalDiagram,
    /// Corrected crowd pressure; `None` where motion or its error is not known, or no place was dense for long enough.
    pub pressure: Option<Pressure>,
    /// Collective oscillation; `None` where none can be told.
    pub oscillation: Option<Oscillation>,
    /// How opposed streams meet; `None` where hardly anybody moves.
    pub conflict: Option<Conflict>,
    /// What the place multiplies every weight by, at least 1 ([`SiteFeature`](crate::site_feature::SiteFeature)).
    pub site_factor: f64,
}

impl RiskInputs {
    /// The factors with their weights at this place.
    fn weights(&self) -> [(FactorKind, f64); WEIGHTS.len()] {
        WEIGHTS.map(|(kind, weight)| (kind, (weight * self.site_factor.max(1.0)).min(WEIGHT_MAX)))
    }
}

/// A judged risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// 0 to 100.
    pub score: f64,
    /// Band of the score before any cap.
    pub level: Level,
    /// The score over the intervals of the inputs that have one: density (with the count, the calibration and the heights in
    /// it), speed, and the time to the growth target.
    pub interval: ScoreInterval,
    /// Each available factor.
    pub contributions: Vec<Contribution>,
    /// Measured values, with units.
    pub raw: Vec<RawValue>,
    /// Factors without data.
    pub missing_inputs: Vec<FactorKind>,
    /// The density at which the score would be one level lower.
    pub counterfactual: Option<Counterfactual>,
}

/// Level of a score.
pub fn band(score: f64) -> Level {
    let reached = BANDS.iter().filter(|from| score >= **from).count();
    u8::try_from(reached).ok().and_then(Level::from_number).unwrap_or(Level::Red)
}

/// The score's level as far as it may act: at most one above the density's own ladder, unless the crowd is dense for
/// certain.
pub fn capped(score_level: Level, density_level: Level, density_lo_people_per_m2: f64) -> Level {
    if density_lo_people_per_m2 >= UNCAPPED_FROM_PEOPLE_PER_M2 {
        score_level
    } else {
        score_level.min(density_level.above())
    }
}

impl Risk {
    /// Of nothing: what [`judge_into`] fills.
    pub fn blank() -> Self {
        Self {
            score: 0.0,
            level: Level::Normal,
            interval: ScoreInterval { p5: 0.0, p50: 0.0, p95: 0.0 },
            contributions: Vec::new(),
            raw: Vec::new(),
            missing_inputs: Vec::new(),
            counterfactual: None,
        }
    }
}

/// Judges the risk of a zone.
pub fn judge(inputs: &RiskInputs) -> Risk {
    let mut risk = Risk::blank();
    judge_into(inputs, &mut risk);
    risk
}

/// The same into a risk of before, whose room is used again.
pub fn judge_into(inputs: &RiskInputs, risk: &mut Risk) {
    let density = inputs.density_people_per_m2;
    let factors = sub_scores(inputs, density.value, density.hi);
    let weights = inputs.weights();
    let score = noisy_or(&weights, &factors);
    let known =
        || weights.iter().zip(&factors).filter_map(|((kind, weight), x)| Some((*kind, *weight, (*x)?)));
    let total_log: f64 = known().map(|(_, weight, x)| (1.0 - weight * x).ln()).sum();
    risk.contributions.clear();
    risk.contributions.extend(known().map(|(factor, weight, sub_score)| Contribution {
        factor,
        sub_score,
        weight,
        share: (total_log < 0.0).then(|| (1.0 - weight * sub_score).ln() / total_log),
    }));
    let missing = WEIGHTS.iter().zip(&factors).filter(|(_, x)| x.is_none());
    risk.missing_inputs.clear();
    risk.missing_inputs.extend(missing.map(|((kind, _), _)| *kind));
    risk.interval = interval(inputs, &weights);
    (risk.score, risk.level) = (score, band(score));
    risk.raw.clear();
    raw_values(inputs, &mut risk.raw);
    risk.counterfactual = counterfactual(inputs, score);
}

/// The score over its inputs' intervals: what each end of an input alone changes, added in squares, as in the density's own
/// error budget. A Monte Carlo over all of them (analytics specification 7) would cost a thousand scores a picture for ends
/// that differ by a point.
fn interval(inputs: &RiskInputs, weights: &[(FactorKind, f64)]) -> ScoreInterval {
    let density = inputs.density_people_per_m2;
    let at = |rho: f64, changed: &RiskInputs| noisy_or(weights, &sub_scores(changed, rho, rho));
    let exactly = |value: Option<f64>| value.map(|value| Estimate { lo: value, value, hi: value });
    let with_speed = |end: fn(Estimate) -> f64| {
        let speed_m_per_s = exactly(inputs.speed_m_per_s.map(end));
        at(density.value, &RiskInputs { speed_m_per_s, ..*inputs })
    };
    let with_growth = |end: fn(Estimate) -> f64| {
        let secs_to_growth_target = exactly(inputs.secs_to_growth_target.map(end));
        at(density.value, &RiskInputs { secs_to_growth_target, ..*inputs })
    };
    let p50 = at(density.value, inputs);
    let away = |scores: [f64; 3], sign: f64| {
        scores.iter().map(|score| (sign * (score - p50)).max(0.0).powi(2)).sum::<f64>().sqrt()
    };
    // Slower, sooner and denser are worse.
    let below = away([at(density.lo, inputs), with_speed(|s| s.hi), with_growth(|g| g.hi)], -1.0);
    let above = away([at(density.hi, inputs), with_speed(|s| s.lo), with_growth(|g| g.lo)], 1.0);
    ScoreInterval { p5: (p50 - below).max(0.0), p50, p95: (p50 + above).min(100.0) }
}

/// The sub-scores in the order of [`WEIGHTS`], 0 to 1, all but density behind the density gate; `None` without data.
fn sub_scores(inputs: &RiskInputs, rho: f64, rho_hi: f64) -> SubScores {
    // Below two people a square metre motion says nothing about crushing.
    let gate = ((rho - 2.0) / 2.0).clamp(0.0, 1.0);
    let breakdown = inputs.speed_m_per_s.map(|speed| {
        let normal = inputs.diagram.envelope * inputs.diagram.speed_m_per_s(rho);
        let reference = normal.max(SPEED_RESOLUTION_M_PER_S);
        (1.0 - speed.value / reference).clamp(0.0, 1.0)
    });
    let instability = inputs.pressure.map(|pressure| {
        let logarithmic = PRESSURE_ANCHORS_PER_S2.map(|(from, x)| (from.ln(), x));
        // The logarithm of nothing is below every anchor.
        piecewise(&logarithmic, pressure.p90_per_s2.max(f64::MIN_POSITIVE).ln())
    });
    let oscillation = inputs.oscillation.map(|oscillation| {
        let (from, span) = OSCILLATION_M_PER_S;
        let strength = ((oscillation.rms_m_per_s - from) / span).clamp(0.0, 1.0);
        oscillation.peak_fraction.clamp(0.0, 1.0) * strength
    });
    [
        Some(piecewise(&DENSITY_ANCHORS, rho_hi)),
        inputs.secs_to_growth_target.map(|secs| gate * piecewise(&GROWTH_ANCHORS, secs.value)),
        instability.map(|x| gate * x),
        oscillation.map(|x| gate * x),
        breakdown.map(|x| gate * x),
        inputs.conflict.map(|conflict| gate * conflict.index().clamp(0.0, 1.0)),
    ]
}

fn noisy_or(weights: &[(FactorKind, f64)], factors: &SubScores) -> f64 {
    let kept = weights.iter().zip(factors).map(|((_, weight), x)| 1.0 - weight * x.unwrap_or(0.0));
    100.0 * (1.0 - kept.product::<f64>())
}

/// Linear between the anchors, constant beyond the ends; the anchors' x grow.
fn piecewise(anchors: &[(f64, f64)], x: f64) -> f64 {
    let (Some(first), Some(last)) = (anchors.first(), anchors.last()) else { return 0.0 };
    if x.is_nan() || x <= first.0 {
        return first.1;
    }
    anchors.windows(2).find(|pair| x <= pair[1].0).map_or(last.1, |pair| {
        pair[0].1 + (x - pair[0].0) / (pair[1].0 - pair[0].0) * (pair[1].1 - pair[0].1)
    })
}

fn raw_values(inputs: &RiskInputs, raw: &mut Vec<RawValue>) {
    let value = |name: &'static str, value: f64, unit: &'static str| RawValue {
        name: name.into(),
        value,
        unit: unit.into(),
        definition: None,
    };
    let density = inputs.density_people_per_m2;
    raw.push(value("density", density.value, "people/m2"));
    raw.push(value("density_hi", density.hi, "people/m2"));
    // An infinite time has no place in JSON: no growth is told by the factor's sub-score of 0.
    raw.extend(
        inputs
            .secs_to_growth_target
            .filter(|secs| secs.value.is_finite())
            .map(|secs| value("time_to_6_5_per_m2", secs.value, "s")),
    );
    raw.extend(inputs.speed_m_per_s.map(|v| value("speed", v.value, "m/s")));
    raw.extend(inputs.pressure.map(|pressure| RawValue {
        definition: Some(pressure.definition.in_words()),
        ..value("crowd_pressure", pressure.p90_per_s2, "1/s2")
    }));
    if let Some(oscillation) = inputs.oscillation {
        raw.push(value("oscillation_peak_fraction", oscillation.peak_fraction, "1"));
        raw.push(value("oscillation_rms_speed", oscillation.rms_m_per_s, "m/s"));
        raw.push(value("oscillation_period", oscillation.period_secs, "s"));
        raw.push(value("oscillation_chirality", oscillation.chirality, "1"));
    }
    if let Some(conflict) = inputs.conflict {
        raw.push(value("counter_flow", conflict.counter_flow, "1"));
        raw.push(value("lane_order", conflict.lane_order, "1"));
    }
    if inputs.site_factor > 1.0 {
        raw.push(value("site_factor", inputs.site_factor, "1"));
    }
}

/// The density, all else equal, at which the score would fall below its band; found by bisection, since the score
/// grows with density.
fn counterfactual(inputs: &RiskInputs, score: f64) -> Option<Counterfactual> {
    let level = band(score);
    let floor = *BANDS.get(usize::from(level.number()).checked_sub(1)?)?;
    let density = inputs.density_people_per_m2;
    let weights = inputs.weights();
    let at =
        |factor: f64| noisy_or(&weights, &sub_scores(inputs, density.value * factor, density.hi * factor));
    let (mut below, mut above) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = 0.5 * (below + above);
        if at(middle) < floor { below = middle } else { above = middle }
    }
    (below > 0.0)
        .then(|| Counterfactual { level: level.below(), density_people_per_m2: density.value * below })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::danger::pressure::PressureDefinition;

    fn sure(value: f64) -> Estimate {
        Estimate { lo: value, value, hi: value }
    }

    fn exact(rho: f64) -> RiskInputs {
        RiskInputs {
            density_people_per_m2: sure(rho),
            secs_to_growth_target: None,
            speed_m_per_s: None,
            diagram: FundamentalDiagram::WEIDMANN,
            pressure: None,
            oscillation: None,
            conflict: None,
            site_factor: 1.0,
        }
    }

    fn pressure(p90_per_s2: f64) -> Pressure {
        let definition = PressureDefinition::CORRECTED;
        Pressure { p90_per_s2, mean_per_s2: p90_per_s2, gated_m2: 10.0, definition }
    }

    fn oscillation(peak_fraction: f64, rms_m_per_s: f64) -> Oscillation {
        Oscillation { period_secs: 10.0, peak_fraction, chirality: 1.0, rms_m_per_s, cycles: 6.0 }
    }

    fn mixed(counter_flow: f64) -> Conflict {
        Conflict { counter_flow, lane_order: 0.0, direction_entropy: 0.5, moving_people: 30.0 }
    }

    #[test]
    fn density_alone_reaches_red_at_seven() {
        assert!((judge(&exact(7.0)).score - 85.5).abs() < 1e-9);
        assert_eq!(judge(&exact(7.0)).level, Level::Red);
        assert_eq!(judge(&exact(1.9)).level, Level::Normal);
        assert!(judge(&exact(1.9)).score.abs() < 1e-12);
    }

    #[test]
    fn motion_counts_nothing_below_two_people_a_square_metre() {
        let everything = |rho| RiskInputs {
            speed_m_per_s: Some(sure(0.0)),
            secs_to_growth_target: Some(sure(1.0)),
            pressure: Some(pressure(1.0)),
            oscillation: Some(oscillation(1.0, 1.0)),
            conflict: Some(mixed(1.0)),
            ..exact(rho)
        };
        assert!(judge(&everything(1.9)).score.abs() < 1e-12);
        assert!(judge(&everything(4.0)).missing_inputs.is_empty());
        assert!(judge(&everything(4.0)).score > 90.0, "the gate is open");
    }

    #[test]
    fn the_same_crowd_is_more_at_risk_on_stairs() {
        let on_stairs = RiskInputs { site_factor: 1.2, speed_m_per_s: Some(sure(0.02)), ..exact(4.5) };
        let on_the_level = RiskInputs { site_factor: 1.0, ..on_stairs };
        let [stairs, level] = [on_stairs, on_the_level].map(|inputs| judge(&inputs));
        assert!(stairs.score > level.score + 2.0 && stairs.score < 100.0, "{} {}", stairs.score, level.score);
        assert!(stairs.raw.iter().any(|raw| raw.name == "site_factor"));
        assert!(judge(&RiskInputs { site_factor: 1.5, ..exact(1.9) }).score.abs() < 1e-12);
        assert!(judge(&RiskInputs { site_factor: 9.0, ..exact(9.0) }).score <= 97.0 + 1e-9);
    }

    #[test]
    fn shares_sum_to_one_and_missing_inputs_are_listed() {
        let inputs = RiskInputs {
            speed_m_per_s: Some(sure(0.02)),
            secs_to_growth_target: Some(sure(40.0)),
            ..exact(4.5)
        };
        let risk = judge(&inputs);
        let shares: f64 = risk.contributions.iter().filter_map(|c| c.share).sum();
        assert!((shares - 1.0).abs() < 1e-12);
        assert_eq!(
            risk.missing_inputs,
            [FactorKind::Instability, FactorKind::Oscillation, FactorKind::Conflict]
        );
        let would_be = risk.counterfactual.unwrap();
        assert_eq!(would_be.level, risk.level.below());
        assert!(would_be.density_people_per_m2 < 4.5);
    }

    #[test]
    fn every_input_with_an_interval_widens_the_scores() {
        let known = RiskInputs {
            speed_m_per_s: Some(sure(0.05)),
            secs_to_growth_target: Some(sure(40.0)),
            ..exact(4.2)
        };
        let width = |inputs: &RiskInputs| {
            let ScoreInterval { p5, p50, p95 } = judge(inputs).interval;
            assert!(p5 <= p50 && p50 <= p95, "{p5} {p50} {p95}");
            [p50 - p5, p95 - p50]
        };
        assert!(width(&known).iter().all(|half| half.abs() < 1e-9), "what is sure has no width");
        let speed = Some(Estimate { lo: 0.01, value: 0.05, hi: 0.1 });
        let growth = Some(Estimate { lo: 25.0, value: 40.0, hi: f64::INFINITY });
        let density = Estimate { lo: 3.8, value: 4.2, hi: 4.9 };
        let by_speed = RiskInputs { speed_m_per_s: speed, ..known };
        let by_growth = RiskInputs { secs_to_growth_target: growth, ..known };
        let by_density = RiskInputs { density_people_per_m2: density, ..known };
        let by_all = RiskInputs { speed_m_per_s: speed, secs_to_growth_target: growth, ..by_density };
        let single = [by_speed, by_growth, by_density].map(|inputs| width(&inputs));
        let all = width(&by_all);
        for side in 0..2 {
            assert!(
                single.iter().all(|width| width[side] > 0.1 && width[side] < all[side]),
                "{single:?} {all:?}"
            );
            let squares: f64 = single.iter().map(|width| width[side].powi(2)).sum();
            assert!((all[side] - squares.sqrt()).abs() < 1e-9);
        }
    }

    #[test]
    fn the_scores_interval_is_that_of_a_monte_carlo() {
        let mut worst = 0.0_f64;
        for rho in [2.5, 3.5, 4.5, 5.5, 6.5] {
            let inputs = RiskInputs {
                density_people_per_m2: Estimate { lo: 0.88 * rho, value: rho, hi: 1.2 * rho },
                speed_m_per_s: Some(Estimate { lo: 0.03, value: 0.07, hi: 0.11 }),
                secs_to_growth_target: Some(Estimate { lo: 40.0, value: 55.0, hi: 90.0 }),
                ..exact(rho)
            };
            let drawn = |estimate: Estimate, z: f64| {
                let half = if z > 0.0 { estimate.hi - estimate.value } else { estimate.value - estimate.lo };
                sure((estimate.value + z * half / crate::estimate::SIGMAS_OF_90_PERCENT).max(0.0))
            };
            // SplitMix64 (Steele, Lea and Flood 2014), twelve of which sum up to a normal deviate.
            let uniform = |k: u64| {
                let z = k.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                (z ^ (z >> 31)) as f64 / u64::MAX as f64
            };
            let normal = |k: u64| (12 * k..12 * k + 12).map(uniform).sum::<f64>() - 6.0;
            let mut scores: Vec<f64> = (0..4000)
                .map(|k| {
                    let draw = RiskInputs {
                        density_people_per_m2: drawn(inputs.density_people_per_m2, normal(3 * k)),
                        speed_m_per_s: inputs.speed_m_per_s.map(|v| drawn(v, normal(3 * k + 1))),
                        secs_to_growth_target: inputs
                            .secs_to_growth_target
                            .map(|secs| drawn(secs, normal(3 * k + 2))),
                        ..inputs
                    };
                    judge(&draw).score
                })
                .collect();
            scores.sort_by(f64::total_cmp);
            let ScoreInterval { p5, p95, .. } = judge(&inputs).interval;
            for (ours, theirs) in [(p5, scores[200]), (p95, scores[3799])] {
                worst = worst.max((ours - theirs).abs());
            }
        }
        assert!(worst < 1.5, "{worst}");
    }

    #[test]
    fn the_score_runs_ahead_of_the_density_by_one_level_at_most() {
        assert_eq!(capped(Level::Red, Level::Blue, 2.2), Level::Yellow);
        assert_eq!(capped(Level::Red, Level::Blue, 3.6), Level::Red);
    }

    proptest! {
        #[test]
        fn the_score_grows_with_density_and_stays_in_its_range(
            rho in 0.0..12.0_f64, more in 0.0..4.0_f64,
            secs in proptest::option::of(0.0..1e4_f64), speed in proptest::option::of(0.0..3.0_f64),
            pressure_per_s2 in proptest::option::of(0.0..2.0_f64), counter_flow in proptest::option::of(0.0..1.0_f64),
            peak in proptest::option::of((0.0..1.0_f64, 0.0..1.0_f64)),
        ) {
            let moving = RiskInputs {
                secs_to_growth_target: secs.map(sure),
                pressure: pressure_per_s2.map(pressure),
                oscillation: peak.map(|(fraction, rms)| oscillation(fraction, rms)),
                conflict: counter_flow.map(mixed),
                ..exact(rho)
            };
            let judged = |rho| judge(&RiskInputs { density_people_per_m2: exact(rho).density_people_per_m2, ..moving });
            prop_assert!(judged(rho + more).score >= judged(rho).score - 1e-9);
            let worse = RiskInputs { pressure: pressure_per_s2.map(|p| pressure(p + more)), ..moving };
            prop_assert!(judge(&worse).score >= judge(&moving).score - 1e-9);
            let inputs = RiskInputs { speed_m_per_s: speed.map(sure), ..moving };
            let risk = judge(&inputs);
            prop_assert!(risk.score.is_finite() && (0.0..=100.0).contains(&risk.score));
            let ScoreInterval { p5, p50, p95 } = risk.interval;
            prop_assert!(0.0 <= p5 && p5 <= p50 && p50 <= p95 && p95 <= 100.0);
        }
    }
}
