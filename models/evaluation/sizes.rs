//! Whether a count depends on how large a picture is given: the people in it do not.

use serde::Serialize;

/// Sizes at which the same picture is counted, as factors of its own.
pub const SIZES: [f64; 3] = [0.5, 1.0, 2.0];

/// Counts this far apart, as a share of their mean, are taken for the same.
const SAME_WITHIN: f64 = 0.2;

/// Pictures with fewer true people have no part: one person more or less is a large share of them.
const PEOPLE_MIN: f64 = 10.0;

/// One picture counted at each of [`SIZES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeCounts {
    /// True people.
    pub people_true: f64,
    /// People counted at each size.
    pub people: [f64; SIZES.len()],
}

impl SizeCounts {
    /// Largest less smallest count, over their mean.
    fn spread(&self) -> f64 {
        let (lo, hi) = self.people.iter().fold((f64::MAX, f64::MIN), |(lo, hi), p| (lo.min(*p), hi.max(*p)));
        let mean = self.people.iter().sum::<f64>() / SIZES.len() as f64;
        if mean > 0.0 { (hi - lo) / mean } else { 0.0 }
    }
}

/// How counts of the same pictures at different sizes differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeConsistency {
    /// Pictures of ten true people or more, counted at every size.
    pub images: usize,
    /// The sizes, as factors of the picture's own.
    pub sizes: [f64; SIZES.len()],
    /// Share of the pictures whose counts lie within 20 % of their mean of each other.
    pub same_share: f64,
    /// Median over the pictures of the largest less the smallest count, over their mean.
    pub median_spread: f64,
    /// Mean absolute error at each size, people a picture.
    pub mae: [f64; SIZES.len()],
    /// Mean of counted minus true at each size, people a picture.
    pub bias: [f64; SIZES.len()],
}

/// Sums up; `None` where no picture has ten true people.
pub fn size_consistency(counts: &[SizeCounts]) -> Option<SizeConsistency> {
    let known: Vec<&SizeCounts> = counts.iter().filter(|c| c.people_true >= PEOPLE_MIN).collect();
    let mut spreads: Vec<f64> = known.iter().map(|c| c.spread()).collect();
    spreads.sort_by(f64::total_cmp);
    let images = known.len();
    let median_spread = *spreads.get(images / 2)?;
    let same = spreads.iter().filter(|spread| **spread <= SAME_WITHIN).count();
    let mean = |of: &dyn Fn(f64) -> f64, size: usize| {
        known.iter().map(|c| of(c.people[size] - c.people_true)).sum::<f64>() / images as f64
    };
    Some(SizeConsistency {
        images,
        sizes: SIZES,
        same_share: same as f64 / images as f64,
        median_spread,
        mae: std::array::from_fn(|size| mean(&f64::abs, size)),
        bias: std::array::from_fn(|size| mean(&|error| error, size)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_change_with_size_are_told_from_those_that_do_not() {
        let counts = [
            SizeCounts { people_true: 20.0, people: [19.0, 20.0, 21.0] },
            SizeCounts { people_true: 20.0, people: [10.0, 20.0, 30.0] },
            SizeCounts { people_true: 40.0, people: [40.0, 40.0, 40.0] },
            SizeCounts { people_true: 1.0, people: [0.0, 1.0, 9.0] },
        ];
        let found = size_consistency(&counts).unwrap();
        assert_eq!(found.images, 3);
        assert!((found.same_share - 2.0 / 3.0).abs() < 1e-9);
        assert!((found.median_spread - 0.1).abs() < 1e-9);
        assert!((found.mae[0] - 11.0 / 3.0).abs() < 1e-9 && (found.bias[2] - 11.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn few_people_say_nothing_of_sizes() {
        assert_eq!(size_consistency(&[SizeCounts { people_true: 2.0, people: [1.0; 3] }]), None);
    }
}
