//! Figures over runs and their uncertainty, by drawing the runs anew.

use serde::Serialize;

use crate::rng::Rng;

/// Draws.
const DRAWS: usize = 1000;

/// A figure with its 90 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The median.
    pub median: f64,
    /// 5th percentile of the medians of the draws.
    pub lo: f64,
    /// 95th percentile.
    pub hi: f64,
}

/// The median of values with its interval; `None` of nothing. The same values give the same interval.
pub fn median(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    let median = middle(&mut sorted)?;
    let mut rng = Rng::new(1);
    let mut draws: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let mut drawn: Vec<f64> = (0..values.len()).map(|_| values[rng.index(values.len())]).collect();
            middle(&mut drawn)
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    Some(Interval { median, lo: draws[DRAWS / 20], hi: draws[DRAWS - 1 - DRAWS / 20] })
}

/// Ends of a 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// 5th percentile.
    pub lo: f64,
    /// 95th percentile.
    pub hi: f64,
}

/// One-sided probability of an interval's end.
const BEYOND: f64 = 0.05;

/// The interval of how many events an hour there are, of runs with their events and hours. Where no run had an event every draw
/// has none, which proves nothing: the upper end is then the rate that would have shown itself in 95 of 100 such suites,
/// `ln 20` over the hours (the rule of three); infinite for no hours.
pub fn rate(runs: &[(usize, f64)]) -> Bounds {
    if runs.iter().all(|(events, _)| *events == 0) {
        let hours = runs.iter().fold(0.0, |sum, (_, hours)| sum + hours);
        return Bounds { lo: 0.0, hi: -BEYOND.ln() / hours };
    }
    draws(runs, |runs| {
        let (events, hours) = runs.fold((0, 0.0), |sum, (events, hours)| (sum.0 + events, sum.1 + hours));
        events as f64 / hours
    })
}

/// The interval of how many of as many runs are so. Where none is, the upper end is what would have shown itself in 95 of 100
/// such suites: `n (1 - 0.05^(1/n))`, three for many.
pub fn number(runs: &[bool]) -> Bounds {
    let n = runs.len() as f64;
    if runs.iter().all(|is_so| !is_so) {
        let share = if runs.is_empty() { 0.0 } else { 1.0 - BEYOND.powf(1.0 / n) };
        return Bounds { lo: 0.0, hi: n * share };
    }
    draws(runs, |runs| runs.filter(|is_so| *is_so).count() as f64)
}

fn draws<T: Copy>(runs: &[T], figure: impl Fn(&mut dyn Iterator<Item = T>) -> f64) -> Bounds {
    let mut rng = Rng::new(1);
    let mut figures: Vec<f64> =
        (0..DRAWS).map(|_| figure(&mut (0..runs.len()).map(|_| runs[rng.index(runs.len())]))).collect();
    figures.sort_by(f64::total_cmp);
    Bounds { lo: figures[DRAWS / 20], hi: figures[DRAWS - 1 - DRAWS / 20] }
}

fn middle(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let upper = *values.get(n / 2)?;
    Some(if n % 2 == 1 { upper } else { 0.5 * (upper + values[n / 2 - 1]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median_and_narrows_with_more_runs() {
        let values = |n: usize| (0..n).map(|i| ((i * 37) % 101) as f64).collect::<Vec<_>>();
        let (few, many) = (median(&values(9)).unwrap(), median(&values(900)).unwrap());
        for interval in [few, many] {
            assert!(interval.lo <= interval.median && interval.median <= interval.hi, "{interval:?}");
        }
        assert!(many.hi - many.lo < few.hi - few.lo);
        assert_eq!(median(&values(9)), Some(few), "the same again");
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn rates_and_numbers_have_the_scatter_of_their_runs() {
        // Poisson and binomial: 20 events in 100 runs of a quarter of an hour scatter by sqrt(20) and sqrt(20 * 0.8).
        let runs: Vec<(usize, f64)> = (0..100).map(|i| (usize::from(i % 5 == 0), 0.25)).collect();
        let per_hour = rate(&runs);
        assert!((per_hour.hi - per_hour.lo - 2.0 * 1.645 * 4.0 / 25.0).abs() < 0.08, "{per_hour:?}");
        let missed = number(&(0..100).map(|i| i % 5 == 0).collect::<Vec<_>>());
        assert!((missed.hi - missed.lo - 2.0 * 1.645 * 4.0).abs() < 2.0, "{missed:?}");
        assert!(missed.lo < 20.0 && missed.hi > 20.0);
    }

    #[test]
    fn nothing_seen_is_not_nothing_there() {
        let none = rate(&[(0, 0.5), (0, 1.0)]);
        assert!(none.lo.abs() < 1e-12 && (none.hi - 2.0).abs() < 0.01, "3.0 over 1.5 hours: {none:?}");
        assert!(rate(&[]).hi.is_infinite());
        let none = number(&[false; 32]);
        assert!((none.hi - 2.86).abs() < 0.01, "{none:?}");
        assert_eq!(number(&[]), Bounds { lo: 0.0, hi: 0.0 });
    }
}
