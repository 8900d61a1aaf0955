//! A camera's own correction of its counts, fitted to a few hand counts.
//!
//! A counter errs in the same direction wherever the view, the light and the size of heads stay the same, as they do at
//! a fixed camera. A factor takes that out, and what is left over tells how wide the interval of this camera is.

use std::fmt;

use crate::counter::{PictureCount, Validity};

/// Fewest hand counts that say anything about how far counts scatter.
pub const HAND_COUNTS_MIN: usize = 5;

/// Added to counts before ratios are taken, in people: one person more or less where nobody is says little.
const OFFSET_PEOPLE: f64 = 0.5;

/// People for each person counted, and the 90 % interval around that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// True people for each person counted, above 0.
    pub scale: f64,
    /// Lower end of the 90 % interval over the corrected count, 0..=1.
    pub ratio_lo: f64,
    /// Upper end of the 90 % interval over the corrected count, at least 1.
    pub ratio_hi: f64,
}

/// The same picture counted by the model and by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandCount {
    /// People that the model counts.
    pub counted: f64,
    /// People that are there.
    pub people: f64,
}

/// Why hand counts give no correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There are fewer than [`HAND_COUNTS_MIN`].
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// Nobody was seen, by hand or by the model.
    Nobody,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { found } => write!(
                f,
                "{found} hand counts are too few: {HAND_COUNTS_MIN} or more are needed, of moments with few and with \
                 many people"
            ),
            Self::Nobody => f.write_str(
                "nobody was counted, by hand or by the model: choose moments with people in the picture",
            ),
        }
    }
}

impl std::error::Error for Unfit {}

impl Correction {
    /// Fits a correction to hand counts.
    ///
    /// The scale is the ratio of all people to all counts, the most likely one where people are Poisson around it. The
    /// interval is the prediction interval of the next logarithm of the ratio of people to corrected counts (Student's
    /// t: with few hand counts it is wide).
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn fit(counts: &[HandCount]) -> Result<Self, Unfit> {
        if counts.len() < HAND_COUNTS_MIN {
            return Err(Unfit::TooFew { found: counts.len() });
        }
        let counted: f64 = counts.iter().map(|count| count.counted).sum();
        let people: f64 = counts.iter().map(|count| count.people).sum();
        if !(counted > 0.0 && people > 0.0) {
            return Err(Unfit::Nobody);
        }
        let scale = people / counted;
        let logs: Vec<f64> = counts
            .iter()
            .map(|count| ((count.people + OFFSET_PEOPLE) / (scale * count.counted + OFFSET_PEOPLE)).ln())
            .collect();
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half = student_t_95(n - 1.0) * (variance * (1.0 + 1.0 / n)).sqrt();
        Ok(Self { scale, ratio_lo: (mean - half).exp().min(1.0), ratio_hi: (mean + half).exp().max(1.0) })
    }

    /// The corrected count, its map and its interval; a count that is not valid stays so.
    pub fn apply(&self, mut count: PictureCount) -> PictureCount {
        if count.validity != Validity::Valid {
            return count;
        }
        for people in &mut count.density.people_per_cell {
            *people *= self.scale as f32;
        }
        count.people *= self.scale;
        // The interval of the card holds for any camera, that of the hand counts for this one. One person more than
        // counted is always possible.
        count.people_lo = count.people * self.ratio_lo;
        count.people_hi = (count.people * self.ratio_hi).max(count.people + 1.0);
        count
    }
}

/// The 95 % quantile of Student's t with `freedom` degrees of freedom: Cornish-Fisher expansion, within 1 % from 4
/// degrees on (Abramowitz and Stegun 26.7.5).
fn student_t_95(freedom: f64) -> f64 {
    let z: f64 = 1.644_853_6;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(f64, f64)]) -> Vec<HandCount> {
        pairs.iter().map(|(counted, people)| HandCount { counted: *counted, people: *people }).collect()
    }

    #[test]
    fn a_counter_that_always_sees_double_is_halved() {
        let correction =
            Correction::fit(&counts(&[(20.0, 10.0), (8.0, 4.0), (40.0, 20.0), (60.0, 30.0), (2.0, 1.0)]));
        let Correction { scale, ratio_lo, ratio_hi } = correction.unwrap();
        assert!((scale - 0.5).abs() < 1e-12);
        assert!(ratio_lo > 0.999 && ratio_hi < 1.001, "no scatter, no width: [{ratio_lo}, {ratio_hi}]");
    }

    #[test]
    fn scatter_makes_the_interval_wide_and_more_counts_make_it_narrower() {
        let few = [(10.0, 8.0), (10.0, 12.0), (10.0, 9.0), (10.0, 11.0), (10.0, 10.0)];
        let many: Vec<(f64, f64)> = few.iter().copied().cycle().take(50).collect();
        let (few, many) = (Correction::fit(&counts(&few)).unwrap(), Correction::fit(&counts(&many)).unwrap());
        assert!((few.scale - 1.0).abs() < 1e-12 && few.ratio_lo < 0.8 && few.ratio_hi > 1.2, "{few:?}");
        assert!(many.ratio_lo > few.ratio_lo && many.ratio_hi < few.ratio_hi, "{many:?} against {few:?}");
    }

    #[test]
    fn too_few_counts_and_empty_scenes_are_refused() {
        assert_eq!(Correction::fit(&counts(&[(1.0, 1.0); 4])), Err(Unfit::TooFew { found: 4 }));
        assert_eq!(Correction::fit(&counts(&[(1.0, 0.0); 5])), Err(Unfit::Nobody));
    }

    #[test]
    fn quantiles_agree_with_the_tables() {
        for (freedom, quantile) in [(4.0, 2.132), (9.0, 1.833), (30.0, 1.697), (1e6, 1.645)] {
            assert!((student_t_95(freedom) - quantile).abs() < 0.01 * quantile, "{freedom}");
        }
    }
}
