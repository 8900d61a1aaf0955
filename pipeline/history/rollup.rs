//! What a window sums up to, and how windows sum up to longer ones.

use crate::density_bins::DensityBins;

/// A mean over the time for which the quantity was known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    /// Value times seconds.
    pub sum: f64,
    /// Seconds for which it was known.
    pub secs: f64,
}

impl Mean {
    /// From what is stored: a mean and for how long; no mean is no time.
    pub fn of(mean: Option<f64>, secs: Option<f64>) -> Self {
        match (mean, secs) {
            (Some(mean), Some(secs)) if secs > 0.0 => Self { sum: mean * secs, secs },
            _ => Self::default(),
        }
    }

    /// Adds a value that stood for `secs`; an unknown one adds nothing.
    pub fn add(&mut self, value: Option<f64>, secs: f64) {
        if let Some(value) = value
            && secs > 0.0
        {
            self.sum += value * secs;
            self.secs += secs;
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.secs += other.secs;
    }

    fn scaled(self, factor: f64) -> Self {
        Self { sum: self.sum * factor, secs: self.secs * factor }
    }

    /// The mean; `None` where nothing was known.
    pub fn value(self) -> Option<f64> {
        (self.secs > 0.0).then(|| self.sum / self.secs)
    }
}

/// The larger of two that may be unknown.
fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (known, None) | (None, known) => known,
    }
}

/// A window, whatever it is of.
pub trait Rollup: Clone + Default + Send + PartialEq + std::fmt::Debug + 'static {
    /// Adds a window that shares no time with this one.
    fn merge(&mut self, other: &Self);
    /// All times, and what was summed over them, by a factor from 0 to 1.
    #[must_use]
    fn scaled(&self, factor: f64) -> Self;
    /// Seconds of which anything is known.
    fn known_secs(&self) -> f64;

    /// Adds what came late, as far as this window of `window_secs` has time of which nothing is known.
    fn fill(&mut self, late: &Self, window_secs: f64) {
        let (free, needed) = ((window_secs - self.known_secs()).max(0.0), late.known_secs());
        if needed > free {
            self.merge(&late.scaled(free / needed));
        } else {
            self.merge(late);
        }
    }
}

/// A window of a zone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZoneRollup {
    /// People.
    pub people: Mean,
    /// Most people at once.
    pub people_max: Option<f64>,
    /// Mean density, people/m2.
    pub density: Mean,
    /// Highest local density, people/m2.
    pub density_max: Option<f64>,
    /// How long the dense places (95th percentile over the zone) were how dense.
    pub density_bins: DensityBins,
    /// Mean speed, m/s.
    pub speed: Mean,
    /// Specific flow, people per metre and second.
    pub flow: Mean,
    /// Highest score, 0 to 100.
    pub score_max: Option<f64>,
    /// Seconds at each level, normal first. The rest of the window was UNKNOWN.
    pub level_secs: [f64; 5],
    /// Part of the zone that was seen, 0 to 1.
    pub coverage: Mean,
}

impl Rollup for ZoneRollup {
    fn merge(&mut self, other: &Self) {
        self.people.merge(other.people);
        self.people_max = larger(self.people_max, other.people_max);
        self.density.merge(other.density);
        self.density_max = larger(self.density_max, other.density_max);
        self.density_bins.merge(&other.density_bins);
        self.speed.merge(other.speed);
        self.flow.merge(other.flow);
        self.score_max = larger(self.score_max, other.score_max);
        for (mine, theirs) in self.level_secs.iter_mut().zip(other.level_secs) {
            *mine += theirs;
        }
        self.coverage.merge(other.coverage);
    }

    fn scaled(&self, factor: f64) -> Self {
        Self {
            people: self.people.scaled(factor),
            people_max: self.people_max,
            density: self.density.scaled(factor),
            density_max: self.density_max,
            density_bins: self.density_bins.scaled(factor),
            speed: self.speed.scaled(factor),
            flow: self.flow.scaled(factor),
            score_max: self.score_max,
            level_secs: self.level_secs.map(|secs| secs * factor),
            coverage: self.coverage.scaled(factor),
        }
    }

    fn known_secs(&self) -> f64 {
        [self.people, self.density, self.speed, self.flow, self.coverage]
            .iter()
            .map(|mean| mean.secs)
            .fold(self.level_secs.iter().sum(), f64::max)
    }
}

impl ZoneRollup {
    /// Seconds of a window of `window_secs` at no known level.
    pub fn unknown_secs(&self, window_secs: f64) -> f64 {
        (window_secs - self.level_secs.iter().sum::<f64>()).max(0.0)
    }

    /// Part of the zone and of a window of `window_secs` that was seen, 0 to 1; `None` where nothing is known of it.
    pub fn coverage_of(&self, window_secs: f64) -> Option<f64> {
        (self.coverage.secs > 0.0).then(|| (self.coverage.sum / window_secs).min(1.0))
    }
}

/// A window of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LineRollup {
    /// People who came in while it was known.
    pub in_people: f64,
    /// Seconds for which that was known.
    pub in_secs: f64,
    /// People who went out while it was known.
    pub out_people: f64,
    /// Seconds for which that was known.
    pub out_secs: f64,
}

impl Rollup for LineRollup {
    fn merge(&mut self, other: &Self) {
        self.in_people += other.in_people;
        self.in_secs += other.in_secs;
        self.out_people += other.out_people;
        self.out_secs += other.out_secs;
    }

    fn scaled(&self, factor: f64) -> Self {
        Self {
            in_people: self.in_people * factor,
            in_secs: self.in_secs * factor,
            out_people: self.out_people * factor,
            out_secs: self.out_secs * factor,
        }
    }

    fn known_secs(&self) -> f64 {
        self.in_secs.max(self.out_secs)
    }
}

impl LineRollup {
    /// People who came in; `None` where that was known at no time.
    pub fn people_in(&self) -> Option<f64> {
        (self.in_secs > 0.0).then_some(self.in_people)
    }

    /// People who went out; `None` where that was known at no time.
    pub fn people_out(&self) -> Option<f64> {
        (self.out_secs > 0.0).then_some(self.out_people)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use throng_analytics::{level::Level, time::Timestamp};

    use super::*;
    use crate::{
        resolution::Resolution,
        sample::{Sample as _, ZoneSample},
    };

    /// Windows of ten seconds, some of which are missing.
    fn parts() -> impl Strategy<Value = Vec<(i64, ZoneRollup)>> {
        prop::collection::btree_map(
            0_i64..720,
            (prop::option::of(0.0..900.0_f64), 0.0..9.0_f64, 0_u8..5),
            1..200,
        )
        .prop_map(|windows| {
            windows
                .into_iter()
                .map(|(place, (people, density, level))| {
                    let sample = ZoneSample {
                        at: Timestamp::default(),
                        people,
                        density_mean_people_per_m2: Some(density),
                        level: Level::from_number(level),
                        score: people.map(|people| people / 10.0),
                        ..ZoneSample::default()
                    };
                    (place * 10, sample.over(10.0))
                })
                .collect()
        })
    }

    /// Windows put together to those of a longer resolution.
    fn longer(resolution: Resolution, parts: &[(i64, ZoneRollup)]) -> Vec<(i64, ZoneRollup)> {
        let mut longer = std::collections::BTreeMap::<i64, ZoneRollup>::new();
        for (start, part) in parts {
            longer.entry(resolution.start_of(*start)).or_default().merge(part);
        }
        longer.into_iter().collect()
    }

    fn same(a: &ZoneRollup, b: &ZoneRollup) -> bool {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
        close(a.people.sum, b.people.sum)
            && close(a.people.secs, b.people.secs)
            && close(a.density.sum, b.density.sum)
            && a.people_max == b.people_max
            && a.score_max == b.score_max
            && a.density_bins == b.density_bins
            && a.level_secs.iter().zip(b.level_secs).all(|(a, b)| close(*a, b))
    }

    proptest! {
        #[test]
        fn rollups_of_rollups_are_rollups_of_the_parts(parts in parts()) {
            let by_steps = longer(
                Resolution::Hour,
                &longer(Resolution::QuarterHour, &longer(Resolution::Minute, &parts)),
            );
            let at_once = longer(Resolution::Hour, &parts);
            prop_assert_eq!(by_steps.len(), at_once.len());
            for ((start, steps), (same_start, once)) in by_steps.iter().zip(&at_once) {
                prop_assert_eq!(start, same_start);
                prop_assert!(same(steps, once));
            }
        }

        #[test]
        fn parts_may_be_merged_in_any_order(
            (ordered, shuffled) in parts().prop_flat_map(|parts| (Just(parts.clone()), Just(parts).prop_shuffle()))
        ) {
            let merged = |parts: &[(i64, ZoneRollup)]| {
                let mut whole = ZoneRollup::default();
                for (_, part) in parts {
                    whole.merge(part);
                }
                whole
            };
            prop_assert!(same(&merged(&ordered), &merged(&shuffled)));
        }
    }

    #[test]
    fn a_quantity_that_nobody_measured_is_unknown_and_not_zero() {
        let rollup = ZoneSample { people: Some(3.0), ..ZoneSample::default() }.over(10.0);
        assert_eq!(rollup.speed.value(), None);
        assert_eq!(rollup.coverage_of(10.0), None);
        assert!((rollup.unknown_secs(10.0) - 10.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_number_that_is_none_is_unknown() {
        let sample = ZoneSample { people: Some(f64::NAN), score: Some(-1.0), ..ZoneSample::default() };
        let rollup = sample.over(10.0);
        assert_eq!((rollup.people.value(), rollup.score_max), (None, None));
    }
}
