//! All runs together: what the warnings came to.

use std::collections::BTreeMap;

use serde::Serialize;
use throng_analytics::level::Level;

use super::baseline::Baseline;
use super::bootstrap::{self, Bounds, Interval, median};
#[cfg(doc)]
use super::play::COUNTED_FROM_PEOPLE_PER_M2;
use super::play::Outcome;
use crate::crowd::scenario::Kind;

/// Which level an event must have been preceded by, else it counts as missed.
const ACTED_ON: Level = Level::Orange;

/// Bins of the reliability curve.
const RELIABILITY_BINS: usize = 10;

/// A figure for each warning level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ByLevel<T> {
    /// Blue.
    pub blue: T,
    /// Yellow.
    pub yellow: T,
    /// Orange.
    pub orange: T,
    /// Red.
    pub red: T,
}

impl<T> ByLevel<T> {
    fn new(mut figure: impl FnMut(Level) -> T) -> Self {
        let [blue, yellow, orange, red] = Level::WARNING.map(&mut figure);
        Self { blue, yellow, orange, red }
    }

    /// In the order of the levels.
    pub fn in_order(&self) -> [&T; 4] {
        [&self.blue, &self.yellow, &self.orange, &self.red]
    }
}

/// What came of some runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worth {
    /// Runs.
    pub runs: usize,
    /// Runs in which people came to harm.
    pub harmed: usize,
    /// Runs of danger with harm or onset that no orange or red preceded.
    pub missed: usize,
    /// 90 % interval of that.
    pub missed_interval: Bounds,
    /// Hours of benign scenes.
    pub benign_hours: f64,
    /// Alarms at a level or above, an hour of benign scenes; none without such scenes.
    pub false_alarms_per_hour: Option<ByLevel<f64>>,
    /// 90 % intervals of those.
    pub false_alarms_per_hour_interval: Option<ByLevel<Bounds>>,
    /// Seconds from the first alarm at a level or above to harm, 0 where none came before; over the runs with harm.
    pub lead_to_harm_s: ByLevel<Option<Interval>>,
    /// The same to the onset.
    pub lead_to_onset_s: ByLevel<Option<Interval>>,
    /// Highest true density, people/m2.
    pub density_max_people_per_m2: f64,
    /// Measured over true density, averaged over zones and time where the true one is at least
    /// [`COUNTED_FROM_PEOPLE_PER_M2`]; none where it never is.
    pub measured_over_true_density: Option<f64>,
    /// Minutes in which a zone changed its level more than three times.
    pub chattering_mins: usize,
    /// Share of the zones' time in which the level was not known.
    pub unknown_share: f64,
}

/// How well the score speaks of harm within two minutes. Not a probability, so this tells how far it is from being one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Mean squared difference of score and harm.
    pub brier: f64,
    /// The same of always saying how often harm follows: the score must be below it to say anything.
    pub brier_of_base_rate: f64,
    /// Ten bins of the score: its mean, how often harm followed, seconds.
    pub curve: Vec<ReliabilityBin>,
}

/// A bin of the reliability curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Mean score, 0 to 1.
    pub score: f64,
    /// Share of its seconds with harm in the next two minutes.
    pub harm_share: f64,
    /// Seconds.
    pub secs: usize,
}

/// A baseline at one threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BaselineWorth {
    /// Threshold, people/m2 or 1/s2.
    pub threshold: f64,
    /// Runs with harm or onset that no alarm preceded.
    pub missed: usize,
    /// 90 % interval of that.
    pub missed_interval: Bounds,
    /// Alarms an hour of benign scenes.
    pub false_alarms_per_hour: f64,
    /// 90 % interval of those; absent without such scenes.
    pub false_alarms_per_hour_interval: Option<Bounds>,
    /// Seconds from the first alarm to harm.
    pub lead_to_harm_s: Option<Interval>,
}

/// A baseline as its authors state it, and as good as it gets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BaselineSummary {
    /// At the stated threshold.
    pub stated: BaselineWorth,
    /// At the lowest threshold with no more false alarms than our orange; absent where every threshold has more.
    pub at_our_false_alarm_rate: Option<BaselineWorth>,
}

/// What a suite came to, with one sensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// All runs.
    #[serde(flatten)]
    pub all: Worth,
    /// Each scenario.
    pub by_scenario: BTreeMap<String, Worth>,
    /// The alarms of others on the same measurements.
    pub baselines: BTreeMap<Baseline, BaselineSummary>,
    /// What the score says of harm.
    pub score: Reliability,
}

impl Summary {
    /// Of the runs of one sensor.
    pub fn of(outcomes: &[&Outcome]) -> Self {
        let all = worth(outcomes);
        let mut by_scenario = BTreeMap::new();
        for outcome in outcomes {
            by_scenario.entry(outcome.scenario.clone()).or_insert_with(Vec::new).push(*outcome);
        }
        let ours = all.false_alarms_per_hour.map_or(0.0, |rate| rate.orange);
        Self {
            by_scenario: by_scenario.into_iter().map(|(id, runs)| (id, worth(&runs))).collect(),
            baselines: Baseline::ALL.into_iter().map(|kind| (kind, baseline(outcomes, kind, ours))).collect(),
            score: reliability(outcomes),
            all,
        }
    }
}

fn benign_hours(outcomes: &[&Outcome]) -> f64 {
    let benign = outcomes.iter().filter(|o| o.kind == Kind::Benign);
    // The sum of nothing is a negative zero.
    benign.fold(0.0, |secs, o| secs + o.watched_secs) / 3600.0
}

/// For each run with an event that had to be warned of, whether it was missed, by the lead that it had.
fn misses(outcomes: &[&Outcome], lead: impl Fn(&Outcome, f64) -> Option<f64>) -> Vec<bool> {
    outcomes.iter().filter_map(|o| o.event_secs().map(|at| lead(o, at).is_none())).collect()
}

/// Alarms and hours of each benign run.
fn benign_runs(outcomes: &[&Outcome], alarms: impl Fn(&Outcome) -> usize) -> Vec<(usize, f64)> {
    let benign = outcomes.iter().filter(|o| o.kind == Kind::Benign);
    benign.map(|o| (alarms(o), o.watched_secs / 3600.0)).collect()
}

fn per_hour(count: usize, hours: f64) -> f64 {
    if hours > 0.0 { count as f64 / hours } else { 0.0 }
}

fn worth(outcomes: &[&Outcome]) -> Worth {
    let alarms = |outcome: &'_ Outcome, level: Level| outcome.alarms[usize::from(level.number()) - 1].clone();
    let hours = benign_hours(outcomes);
    let false_alarms = |level| benign_runs(outcomes, |o| alarms(o, level).count());
    let all_of = |runs: Vec<(usize, f64)>| per_hour(runs.iter().map(|(alarms, _)| alarms).sum(), hours);
    let leads = |event: &dyn Fn(&Outcome) -> Option<f64>| {
        ByLevel::new(|level| {
            let leads: Vec<f64> = outcomes
                .iter()
                .filter(|o| o.kind == Kind::Danger)
                .filter_map(|o| event(o).map(|at| alarms(o, level).lead_secs(at).unwrap_or(0.0)))
                .collect();
            median(&leads)
        })
    };
    let [measured, true_density] = [0, 1].map(|k| outcomes.iter().map(|o| o.density_sums[k]).sum::<f64>());
    let zone_secs: f64 = outcomes.iter().map(|o| o.watched_secs * o.zones as f64).sum();
    let misses = misses(outcomes, |o, at| alarms(o, ACTED_ON).lead_secs(at));
    Worth {
        runs: outcomes.len(),
        harmed: outcomes.iter().filter(|o| o.harm_secs.is_some()).count(),
        missed: misses.iter().filter(|is_missed| **is_missed).count(),
        missed_interval: bootstrap::number(&misses),
        benign_hours: hours,
        false_alarms_per_hour: (hours > 0.0).then(|| ByLevel::new(|level| all_of(false_alarms(level)))),
        false_alarms_per_hour_interval: (hours > 0.0)
            .then(|| ByLevel::new(|level| bootstrap::rate(&false_alarms(level)))),
        lead_to_harm_s: leads(&|o| o.harm_secs),
        lead_to_onset_s: leads(&|o| o.onset_secs),
        density_max_people_per_m2: outcomes.iter().map(|o| o.density_max_people_per_m2).fold(0.0, f64::max),
        measured_over_true_density: (true_density > 0.0).then(|| measured / true_density),
        chattering_mins: outcomes.iter().map(|o| o.chattering_mins).sum(),
        unknown_share: if zone_secs > 0.0 {
            outcomes.iter().map(|o| o.unknown_secs).sum::<f64>() / zone_secs
        } else {
            0.0
        },
    }
}

fn baseline(outcomes: &[&Outcome], kind: Baseline, ours_per_hour: f64) -> BaselineSummary {
    let hours = benign_hours(outcomes);
    let log = |outcome: &Outcome, threshold: f64| {
        let logs = outcome.baselines.iter().find(|(k, _)| *k == kind).map(|(_, logs)| logs);
        let row = logs.and_then(|logs| logs.iter().find(|(t, _)| t.total_cmp(&threshold).is_eq()));
        row.map(|(_, log)| log.clone()).unwrap_or_default()
    };
    let at = |threshold: f64| {
        let benign = benign_runs(outcomes, |o| log(o, threshold).count());
        let lead = |o: &Outcome, at: f64| log(o, threshold).lead_secs(at);
        let leads: Vec<f64> = outcomes
            .iter()
            .filter(|o| o.kind == Kind::Danger)
            .filter_map(|o| o.harm_secs.map(|at| lead(o, at).unwrap_or(0.0)))
            .collect();
        let misses = misses(outcomes, lead);
        BaselineWorth {
            threshold,
            missed: misses.iter().filter(|is_missed| **is_missed).count(),
            missed_interval: bootstrap::number(&misses),
            false_alarms_per_hour: per_hour(benign.iter().map(|(alarms, _)| alarms).sum(), hours),
            false_alarms_per_hour_interval: (hours > 0.0).then(|| bootstrap::rate(&benign)),
            lead_to_harm_s: median(&leads),
        }
    };
    BaselineSummary {
        stated: at(kind.stated_threshold()),
        at_our_false_alarm_rate: kind
            .thresholds()
            .into_iter()
            .map(at)
            .find(|worth| worth.false_alarms_per_hour <= ours_per_hour),
    }
}

fn reliability(outcomes: &[&Outcome]) -> Reliability {
    let scores: Vec<(f64, f64)> = outcomes
        .iter()
        .flat_map(|o| o.scores.iter().map(|(score, harm)| (*score, f64::from(u8::from(*harm)))))
        .collect();
    let n = scores.len().max(1) as f64;
    let base = scores.iter().map(|(_, harm)| harm).sum::<f64>() / n;
    let curve = (0..RELIABILITY_BINS)
        .filter_map(|bin| {
            let of_bin = |score: f64| ((score * RELIABILITY_BINS as f64) as usize).min(RELIABILITY_BINS - 1);
            let inside: Vec<&(f64, f64)> = scores.iter().filter(|(score, _)| of_bin(*score) == bin).collect();
            let secs = inside.len();
            (secs > 0).then(|| ReliabilityBin {
                score: inside.iter().map(|(score, _)| score).sum::<f64>() / secs as f64,
                harm_share: inside.iter().map(|(_, harm)| harm).sum::<f64>() / secs as f64,
                secs,
            })
        })
        .collect();
    Reliability {
        brier: scores.iter().map(|(score, harm)| (score - harm).powi(2)).sum::<f64>() / n,
        brier_of_base_rate: base * (1.0 - base),
        curve,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::alarm::AlarmLog;
    use crate::evaluation::baseline::BaselineAlarms;

    /// A run of 360 s whose alarms, and the density that others see, begin at given times.
    fn run(scenario: &str, kind: Kind, harm_secs: Option<f64>, orange_secs: Option<f64>) -> Outcome {
        let from = |secs: Option<f64>| {
            let mut log = AlarmLog::default();
            (0..360).map(f64::from).for_each(|t| log.observe(t, secs.is_some_and(|from| t >= from)));
            log
        };
        let mut rival = BaselineAlarms::new(Baseline::OneFrameCount);
        let dense = orange_secs.map_or(f64::INFINITY, |at| at + 20.0);
        (0..360).map(f64::from).for_each(|t| rival.observe(t, if t >= dense { 5.0 } else { 2.0 }));
        Outcome {
            scenario: scenario.to_owned(),
            kind,
            setup: "a".to_owned(),
            watched_secs: 360.0,
            onset_secs: harm_secs.map(|t| t - 30.0),
            harm_secs,
            density_max_people_per_m2: 5.0,
            density_sums: [3.6, 4.0],
            alarms: [from(orange_secs), from(orange_secs), from(orange_secs), from(None)],
            chattering_mins: 0,
            unknown_secs: 36.0,
            zones: 2,
            scores: vec![(0.9, harm_secs.is_some()), (0.1, false)],
            baselines: vec![(
                Baseline::OneFrameCount,
                rival.logs().map(|(at, log)| (at, log.clone())).collect(),
            )],
        }
    }

    #[test]
    fn leads_misses_and_false_alarms_are_counted_as_stated() {
        let runs = [
            run("gate", Kind::Danger, Some(300.0), Some(240.0)),
            run("gate", Kind::Danger, Some(300.0), Some(260.0)),
            run("gate", Kind::Danger, Some(300.0), Some(310.0)),
            run("calm", Kind::Benign, None, Some(100.0)),
            run("calm", Kind::Benign, None, None),
        ];
        let summary = Summary::of(&runs.iter().collect::<Vec<_>>());
        assert_eq!((summary.all.runs, summary.all.harmed, summary.all.missed), (5, 3, 1));
        let lead = summary.all.lead_to_harm_s.orange.unwrap();
        assert!((lead.median - 40.0).abs() < 1e-9, "60, 40 and none: {lead:?}");
        // Three draws of three: a median of 60, and one of 0, come up in 7 of 27 each.
        assert!(lead.lo.abs() < 1e-9 && (lead.hi - 60.0).abs() < 1e-9, "{lead:?}");
        assert!((summary.all.lead_to_onset_s.orange.unwrap().median - 10.0).abs() < 1e-9);
        let rate = summary.all.false_alarms_per_hour.unwrap();
        assert!((rate.orange - 5.0).abs() < 1e-9, "one in 0.2 hours: {rate:?}");
        assert!(rate.red.abs() < 1e-9);
        let between = summary.all.false_alarms_per_hour_interval.unwrap();
        assert_eq!((between.orange.lo, between.orange.hi), (0.0, 10.0), "none or both of two runs");
        assert!((between.red.hi - 20f64.ln() / 0.2).abs() < 1e-9, "none seen in 0.2 hours: {between:?}");
        let missed = summary.all.missed_interval;
        assert_eq!((missed.lo, missed.hi), (0.0, 2.0), "one of three: three at once come up in 1 of 27");
        assert!((summary.all.unknown_share - 0.05).abs() < 1e-9);
        assert!((summary.all.measured_over_true_density.unwrap() - 0.9).abs() < 1e-9);
        assert_eq!(summary.by_scenario["calm"].missed, 0);
        assert_eq!(summary.by_scenario["gate"].false_alarms_per_hour, None);
        let rival = summary.baselines[&Baseline::OneFrameCount];
        assert!((rival.stated.lead_to_harm_s.unwrap().median - 20.0).abs() < 1e-9);
        let fair = rival.at_our_false_alarm_rate.unwrap();
        assert!(fair.false_alarms_per_hour <= rate.orange && fair.threshold > 2.0, "{fair:?}");
        assert!((summary.score.brier_of_base_rate - 0.21).abs() < 1e-9);
    }
}
