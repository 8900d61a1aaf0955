//! Did an announcement help? Density, net inflow and speed of a zone before and after it, with the error of each
//! difference.
//!
//! This is a comparison, not an experiment: what else happened at the same time is in it. The interval is Welch's, with
//! each window's number of samples reduced by the correlation from one sample to the next (`n (1 - r) / (1 + r)`): ten
//! readings of one slow crowd are not ten crowds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One reading of a zone; what is not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// People per square metre.
    pub density_people_per_m2: Option<f64>,
    /// People more in the zone each second: those who come less those who leave.
    pub net_inflow_people_per_s: Option<f64>,
    /// Mean speed of the people, m/s.
    pub speed_m_per_s: Option<f64>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    /// Length of each window, seconds.
    pub secs: f64,
    /// Time left out after the announcement began, for people to hear it and to turn, seconds.
    pub settling_secs: f64,
}

impl Default for Windows {
    /// Half a minute on either side; people need some ten seconds to hear, to understand and to move.
    fn default() -> Self {
        Self { secs: 30.0, settling_secs: 10.0 }
    }
}

/// Fewest samples of a window: below that there is no scatter to speak of.
const SAMPLES_MIN: usize = 8;
/// Smallest differences worth telling, people/m2, people/s and m/s: below them a difference may be sure and yet mean
/// nothing to whoever stands there.
const WORTH_TELLING: [f64; 3] = [0.1, 0.1, 0.05];
/// A difference of density that is too large to be called no change only because it is not sure, people/m2: half a step from one
/// level to the next.
const NO_CHANGE_PEOPLE_PER_M2_MAX: f64 = 0.5;
/// Two-sided 90 % point of Student's t by degrees of freedom, 1 to 10; 1.7 above (1.725 at 20, 1.645 at infinity).
const STUDENT_90: [f64; 10] = [6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81];

/// A quantity before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Mean before.
    pub before: f64,
    /// Mean after.
    pub after: f64,
    /// Lower end of the 90 % interval of the difference after - before.
    pub difference_lo: f64,
    /// Its upper end.
    pub difference_hi: f64,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Density or inflow fell, or people walk freely again, and nothing got worse.
    Helped,
    /// No difference that stands out from the scatter.
    NoChange,
    /// Density or inflow rose, or people slowed down.
    Worse,
    /// There is too little data on one side, or density differs much and yet within its scatter: nobody knows.
    Unknown,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// It works: go on watching.
    Watch,
    /// Say it again.
    Repeat,
    /// Say something else.
    Change,
    /// Words do not help: send people, stop the inflow.
    Escalate,
    /// There is no data: look with your own eyes.
    VerifyByEye,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// What it came to.
    pub verdict: Verdict,
    /// What to do next.
    pub advice: Advice,
    /// People per square metre.
    pub density_people_per_m2: Option<Comparison>,
    /// People more each second.
    pub net_inflow_people_per_s: Option<Comparison>,
    /// Metres a second.
    pub speed_m_per_s: Option<Comparison>,
}

/// Compares the samples around an announcement that began at `began`, the `times`-th for this incident (from 1).
pub fn effect(samples: &[Sample], began: Timestamp, windows: Windows, times: u32) -> Effect {
    let within = |from: f64, until: f64| {
        samples.iter().filter(move |sample| (from..until).contains(&sample.at.secs_since(began)))
    };
    let compare = |value: fn(&Sample) -> Option<f64>| {
        let before: Vec<f64> = within(-windows.secs, 0.0).filter_map(value).collect();
        let after: Vec<f64> =
            within(windows.settling_secs, windows.settling_secs + windows.secs).filter_map(value).collect();
        comparison(&before, &after)
    };
    let density = compare(|sample| sample.density_people_per_m2);
    let inflow = compare(|sample| sample.net_inflow_people_per_s);
    let speed = compare(|sample| sample.speed_m_per_s);
    let verdict = verdict(density, inflow, speed);
    let advice = match (verdict, times) {
        (Verdict::Helped, _) => Advice::Watch,
        (Verdict::NoChange, 0 | 1) => Advice::Repeat,
        (Verdict::NoChange, 2) => Advice::Change,
        (Verdict::NoChange | Verdict::Worse, _) => Advice::Escalate,
        (Verdict::Unknown, _) => Advice::VerifyByEye,
    };
    Effect {
        verdict,
        advice,
        density_people_per_m2: density,
        net_inflow_people_per_s: inflow,
        speed_m_per_s: speed,
    }
}

/// Density speaks first, then inflow, then speed: a crowd that is still as dense is not helped by walking faster.
fn verdict(density: Option<Comparison>, inflow: Option<Comparison>, speed: Option<Comparison>) -> Verdict {
    let Some(density) = density else { return Verdict::Unknown };
    let more = |comparison: Option<Comparison>, worth: f64| {
        comparison.map_or(0, |c| {
            let difference = c.after - c.before;
            i32::from(c.difference_lo > 0.0 && difference > worth)
                - i32::from(c.difference_hi < 0.0 && -difference > worth)
        })
    };
    let [worth_density, worth_inflow, worth_speed] = WORTH_TELLING;
    // Positive is worse.
    let signs = [more(Some(density), worth_density), more(inflow, worth_inflow), -more(speed, worth_speed)];
    match signs.into_iter().find(|sign| *sign != 0) {
        Some(1) => Verdict::Worse,
        // Fewer come in, and yet something else got worse: no help.
        Some(_) if signs.contains(&1) => Verdict::NoChange,
        Some(_) => Verdict::Helped,
        None if (density.after - density.before).abs() > NO_CHANGE_PEOPLE_PER_M2_MAX => Verdict::Unknown,
        None => Verdict::NoChange,
    }
}

fn comparison(before: &[f64], after: &[f64]) -> Option<Comparison> {
    let (b, a) = (Window::of(before)?, Window::of(after)?);
    let error = (b.mean_variance + a.mean_variance).sqrt();
    // Welch and Satterthwaite.
    let freedom = (b.mean_variance + a.mean_variance).powi(2)
        / (b.mean_variance.powi(2) / (b.effective - 1.0) + a.mean_variance.powi(2) / (a.effective - 1.0));
    let index = if freedom.is_finite() { (freedom.floor() as usize).max(1) - 1 } else { usize::MAX };
    let half = STUDENT_90.get(index).copied().unwrap_or(1.7) * error;
    let difference = a.mean - b.mean;
    Some(Comparison {
        before: b.mean,
        after: a.mean,
        difference_lo: difference - half,
        difference_hi: difference + half,
    })
}

struct Window {
    mean: f64,
    /// Variance of the mean.
    mean_variance: f64,
    /// Samples that are worth as much as independent ones.
    effective: f64,
}

impl Window {
    fn of(values: &[f64]) -> Option<Self> {
        if values.len() < SAMPLES_MIN || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let products: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
        let correlation = if squares > 0.0 { (products / squares).clamp(0.0, 0.99) } else { 0.0 };
        let effective = (n * (1.0 - correlation) / (1.0 + correlation)).max(2.0);
        Some(Self { mean, mean_variance: squares / (n - 1.0) / effective, effective })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reading each second from 40 s before to 60 s after; the step comes at 5 s.
    fn crowd(density: [f64; 2], inflow: [f64; 2], speed: [f64; 2]) -> Vec<Sample> {
        (-40..60)
            .map(|second: i32| {
                let part = usize::from(second >= 5);
                // A fixed scatter, uncorrelated enough and the same on both sides.
                let noise = f64::from((second * 7919).rem_euclid(13) - 6) / 6.0;
                Sample {
                    at: Timestamp::from_unix_nanos(1_000_000_000_000) + f64::from(second),
                    density_people_per_m2: Some(density[part] + 0.1 * noise),
                    net_inflow_people_per_s: Some(inflow[part] + 0.2 * noise),
                    speed_m_per_s: Some(speed[part] + 0.05 * noise),
                }
            })
            .collect()
    }

    fn judged(density: [f64; 2], inflow: [f64; 2], speed: [f64; 2], times: u32) -> (Verdict, Advice) {
        let began = Timestamp::from_unix_nanos(1_000_000_000_000);
        let effect = effect(&crowd(density, inflow, speed), began, Windows::default(), times);
        (effect.verdict, effect.advice)
    }

    #[test]
    fn a_table_of_crowds_before_and_after() {
        let (same, slow) = ([1.0, 1.0], [0.5, 0.5]);
        for (what, density, inflow, speed, times, expected) in [
            ("thinner", [4.0, 3.5], same, slow, 1, (Verdict::Helped, Advice::Watch)),
            ("denser", [4.0, 4.6], same, slow, 1, (Verdict::Worse, Advice::Escalate)),
            ("as before", [4.0, 4.0], same, slow, 1, (Verdict::NoChange, Advice::Repeat)),
            ("as before, said twice", [4.0, 4.0], same, slow, 2, (Verdict::NoChange, Advice::Change)),
            ("as before, said thrice", [4.0, 4.0], same, slow, 3, (Verdict::NoChange, Advice::Escalate)),
            ("fewer come", [4.0, 4.0], [2.0, 0.5], slow, 1, (Verdict::Helped, Advice::Watch)),
            ("more come", [4.0, 4.0], [0.5, 2.0], slow, 1, (Verdict::Worse, Advice::Escalate)),
            ("they walk again", [4.0, 4.0], same, [0.3, 0.7], 1, (Verdict::Helped, Advice::Watch)),
            ("they stop", [4.0, 4.0], same, [0.7, 0.3], 1, (Verdict::Worse, Advice::Escalate)),
            (
                "fewer come but they stop",
                [4.0, 4.0],
                [2.0, 0.5],
                [0.7, 0.3],
                1,
                (Verdict::NoChange, Advice::Repeat),
            ),
            ("denser though fewer come", [4.0, 4.6], [2.0, 0.5], slow, 1, (Verdict::Worse, Advice::Escalate)),
            ("sure, but not worth telling", [4.0, 3.95], same, slow, 1, (Verdict::NoChange, Advice::Repeat)),
        ] {
            assert_eq!(judged(density, inflow, speed, times), expected, "{what}");
        }
    }

    #[test]
    fn without_data_on_one_side_nobody_knows() {
        let began = Timestamp::from_unix_nanos(1_000_000_000_000);
        let samples = crowd([4.0, 3.0], [1.0, 1.0], [0.5, 0.5]);
        let before: Vec<Sample> = samples.iter().copied().filter(|sample| sample.at < began).collect();
        for known in [&before[..], &[]] {
            let effect = effect(known, began, Windows::default(), 1);
            assert_eq!((effect.verdict, effect.advice), (Verdict::Unknown, Advice::VerifyByEye));
            assert_eq!(effect.density_people_per_m2, None);
        }
    }

    #[test]
    fn a_crowd_that_swings_about_another_density_is_not_called_unchanged() {
        let began = Timestamp::from_unix_nanos(1_000_000_000_000);
        let density = |second: f64| if second < 0.0 { 1.5 } else { 4.5 + 3.0 * (second / 8.0).sin() };
        let samples: Vec<Sample> = (-40..60)
            .map(|second| Sample {
                at: began + f64::from(second),
                density_people_per_m2: Some(density(f64::from(second))),
                ..Sample::default()
            })
            .collect();
        let effect = effect(&samples, began, Windows::default(), 1);
        let comparison = effect.density_people_per_m2.unwrap();
        assert!(
            comparison.difference_lo < 0.0 && comparison.after - comparison.before > 2.0,
            "{comparison:?}"
        );
        assert_eq!((effect.verdict, effect.advice), (Verdict::Unknown, Advice::VerifyByEye));
    }

    #[test]
    fn a_slow_drift_of_few_independent_readings_is_not_sure() {
        // The same rise and fall in both windows but for a small shift: strongly correlated readings.
        let began = Timestamp::from_unix_nanos(1_000_000_000_000);
        let samples: Vec<Sample> = (-40..60)
            .map(|second| Sample {
                at: began + f64::from(second),
                density_people_per_m2: Some(4.0 + 0.5 * (f64::from(second) / 9.0).sin()),
                ..Sample::default()
            })
            .collect();
        let effect = effect(&samples, began, Windows::default(), 1);
        let comparison = effect.density_people_per_m2.unwrap();
        assert!(comparison.difference_lo < 0.0 && comparison.difference_hi > 0.0, "{comparison:?}");
        assert_eq!(effect.verdict, Verdict::NoChange);
    }
}
