//! From a count to the interval in which nine true counts of ten lie, by what the card measured.

use crate::card::ErrorStratum;

/// Ratios of true to predicted people where a card measured none: a counter on footage unlike its training pictures is
/// often off by a factor of two, so the band says just that.
const UNMEASURED: (f64, f64) = (0.5, 2.0);

/// The 90 % interval `(lo, hi)` of true people around a prediction of `people`.
///
/// The stratum is the one that holds `people`; its ratios are of true people to the larger of predicted people and one,
/// because near zero a plain ratio says nothing. Where none holds it, nothing was measured: the interval is that of the
/// nearest, and at least as wide as that of an unmeasured model. It always holds `people` itself and reaches at least one
/// person above it.
pub(crate) fn around(people: f64, strata: &[ErrorStratum]) -> (f64, f64) {
    let distance = |stratum: &ErrorStratum| {
        if people < stratum.people_min {
            stratum.people_min - people
        } else {
            (people - stratum.people_max).max(0.0)
        }
    };
    // Where two strata meet, the later one begins: `people_max` is exclusive.
    let stratum = strata.iter().rev().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let (ratio_lo, ratio_hi) = stratum.map_or(UNMEASURED, |s| (s.ratio_lo, s.ratio_hi));
    let base = people.max(1.0);
    let interval = ((base * ratio_lo).min(people), (base * ratio_hi).max(people + 1.0));
    let is_measured = |stratum: &ErrorStratum| (stratum.people_min..stratum.people_max).contains(&people);
    if strata.is_empty() || strata.iter().any(is_measured) { interval } else { off_range(people, interval) }
}

/// The interval `(lo, hi)` around `people`, made as wide as that of an unmeasured model where it is narrower: for pictures
/// with heads of a size, or counts, that the model was not trained for.
pub(crate) fn off_range(people: f64, (lo, hi): (f64, f64)) -> (f64, f64) {
    let (unmeasured_lo, unmeasured_hi) = around(people, &[]);
    (lo.min(unmeasured_lo), hi.max(unmeasured_hi))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stratum(people_min: f64, people_max: f64, ratio_lo: f64, ratio_hi: f64) -> ErrorStratum {
        ErrorStratum { people_min, people_max, images: 10, bias_relative: 0.0, ratio_lo, ratio_hi }
    }

    #[test]
    fn the_stratum_that_holds_the_count_decides() {
        let strata = [stratum(0.0, 50.0, 0.5, 1.5), stratum(50.0, 500.0, 0.8, 1.2)];
        assert_eq!(around(40.0, &strata), (20.0, 60.0));
        assert_eq!(around(100.0, &strata), (80.0, 120.0));
        assert_eq!(around(50.0, &strata), (40.0, 60.0));
    }

    #[test]
    fn outside_all_strata_nothing_is_narrower_than_off_by_two() {
        let strata = [stratum(10.0, 50.0, 0.4, 1.5), stratum(60.0, 500.0, 0.8, 2.5)];
        assert_eq!(around(1000.0, &strata), (500.0, 2500.0));
        assert_eq!(around(4.0, &strata), (1.6, 8.0));
        assert_eq!(around(58.0, &strata), (29.0, 145.0));
    }

    #[test]
    fn an_unmeasured_model_is_off_by_two() {
        assert_eq!(around(30.0, &[]), (15.0, 60.0));
    }

    #[test]
    fn off_the_range_nothing_is_narrower_than_off_by_two() {
        assert_eq!(off_range(30.0, (27.0, 33.0)), (15.0, 60.0));
        assert_eq!(off_range(30.0, (10.0, 90.0)), (10.0, 90.0));
    }

    #[test]
    fn nobody_seen_may_still_be_somebody() {
        assert_eq!(around(0.0, &[stratum(0.0, 10.0, 0.9, 1.1)]), (0.0, 1.1));
        assert_eq!(around(0.5, &[stratum(0.0, 10.0, 0.0, 4.0)]), (0.0, 4.0));
    }

    #[test]
    fn a_biased_stratum_still_holds_the_count_itself() {
        let (lo, hi) = around(100.0, &[stratum(0.0, 200.0, 1.2, 1.6)]);
        assert!(lo <= 100.0 && hi >= 100.0);
    }
}
