//! Percentiles and their uncertainty, by drawing the runs anew.

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
}
