//! A number with its 90 % interval.

/// Two-sided 90 % of a normal distribution lies within this many standard deviations.
pub(crate) const SIGMAS_OF_90_PERCENT: f64 = 1.644_853_6;

/// An estimate with a 90 % interval, which may be lopsided: counters miss more people than they invent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Lower end.
    pub lo: f64,
    /// The estimate.
    pub value: f64,
    /// Upper end.
    pub hi: f64,
}

impl Estimate {
    /// The same in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { lo: self.lo * factor, value: self.value * factor, hi: self.hi * factor }
    }

    /// Standard deviation on the side of `x`, from the interval's half on that side.
    fn sigma_towards(&self, x: f64) -> f64 {
        let half = if x >= self.value { self.hi - self.value } else { self.value - self.lo };
        half.max(0.0) / SIGMAS_OF_90_PERCENT
    }

    /// The larger of the two standard deviations.
    pub fn sigma(&self) -> f64 {
        (self.hi - self.value).max(self.value - self.lo).max(0.0) / SIGMAS_OF_90_PERCENT
    }

    /// Probability that the true value is at least `threshold`, taking each half of the interval as half a normal.
    pub fn probability_at_least(&self, threshold: f64) -> f64 {
        let sigma = self.sigma_towards(threshold);
        if sigma > 0.0 {
            1.0 - normal_cdf((threshold - self.value) / sigma)
        } else if self.value >= threshold {
            1.0
        } else {
            0.0
        }
    }
}

/// Cumulative standard normal distribution (Abramowitz and Stegun 7.1.26; absolute error below 1.5e-7).
pub(crate) fn normal_cdf(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let erf = 1.0 - poly * (-x * x).exp();
    if z >= 0.0 { 0.5 * (1.0 + erf) } else { 0.5 * (1.0 - erf) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_lie_beyond_each_end() {
        let estimate = Estimate { lo: 3.0, value: 4.0, hi: 6.0 };
        assert!((estimate.probability_at_least(6.0) - 0.05).abs() < 1e-6);
        assert!((estimate.probability_at_least(3.0) - 0.95).abs() < 1e-6);
        assert!((estimate.probability_at_least(4.0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn without_spread_it_is_yes_or_no() {
        let estimate = Estimate { lo: 4.0, value: 4.0, hi: 4.0 };
        assert!((estimate.probability_at_least(4.0) - 1.0).abs() < f64::EPSILON);
        assert!(estimate.probability_at_least(4.1).abs() < f64::EPSILON);
    }
}
