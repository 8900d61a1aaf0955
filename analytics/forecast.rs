//! Where a density is going: by Holt's linear smoothing over irregular samples, or by the balance of the lines around it.

use crate::{
    accumulation::Accumulation,
    estimate::{Estimate, SIGMAS_OF_90_PERCENT, normal_cdf},
    time::Timestamp,
};

/// Time constant of the level, seconds (analytics specification 5.1).
const TAU_LEVEL_SECS: f64 = 5.0;

/// Time constant of the trend, seconds (analytics specification 5.1).
const TAU_TREND_SECS: f64 = 15.0;

/// Samples must span this long before there is a trend, seconds: one time constant.
const SPAN_MIN_SECS: f64 = TAU_TREND_SECS;

/// A trend slower than this is none, per second (our proposal).
const TREND_MIN_PER_SEC: f64 = 1e-4;

/// A density that grows faster than this rises, people/m2/s: it comes to 5 people/m2 in eight minutes or less (our proposal).
const RISING_PER_SEC: f64 = 0.01;

/// Level, trend and scatter of a quantity.
#[derive(Clone, Debug, Default)]
pub struct Holt {
    since: Option<Timestamp>,
    last: Option<Timestamp>,
    level: f64,
    trend_per_sec: f64,
    residual_variance: f64,
    /// Since when it has risen without a pause.
    rising_since: Option<Timestamp>,
}

impl Holt {
    /// Takes in a value; times must grow.
    pub fn observe(&mut self, at: Timestamp, value: f64) {
        let Some(last) = self.last else {
            (self.since, self.last, self.level) = (Some(at), Some(at), value);
            return;
        };
        let dt = at.secs_since(last);
        if !(dt > 0.0 && value.is_finite()) {
            return;
        }
        let alpha = 1.0 - (-dt / TAU_LEVEL_SECS).exp();
        let beta = 1.0 - (-dt / TAU_TREND_SECS).exp();
        let predicted = self.level + self.trend_per_sec * dt;
        let residual = value - predicted;
        let level = predicted + alpha * residual;
        self.trend_per_sec += beta * ((level - self.level) / dt - self.trend_per_sec);
        self.residual_variance += beta * (residual * residual - self.residual_variance);
        (self.level, self.last) = (level, Some(at));
        let is_rising = self.trend_per_sec > RISING_PER_SEC;
        self.rising_since = self.rising_since.or(Some(at)).filter(|_| is_rising);
    }

    /// Change per second; `None` until the samples span one time constant of the trend.
    pub fn trend_per_sec(&self) -> Option<f64> {
        let span = self.last?.secs_since(self.since?);
        (span >= SPAN_MIN_SECS).then_some(self.trend_per_sec)
    }

    /// Seconds for which it has risen faster than 0.01 a second without a pause.
    pub fn rising_secs(&self) -> f64 {
        self.last.zip(self.rising_since).map_or(0.0, |(last, since)| last.secs_since(since))
    }

    /// Change per second with its 90 % interval: the scatter of past one-step forecasts over the trend's memory, as in
    /// [`probability_within`](Self::probability_within). `None` as for [`trend_per_sec`](Self::trend_per_sec).
    pub fn rate_per_sec(&self) -> Option<Estimate> {
        let value = self.trend_per_sec()?;
        let half = SIGMAS_OF_90_PERCENT * self.residual_variance.sqrt() / TAU_TREND_SECS;
        Some(Estimate { lo: value - half, value, hi: value + half })
    }

    /// Seconds until `threshold` at the present trend; `None` where the trend does not lead there, or is not known.
    /// 0 where it is reached.
    pub fn secs_to(&self, threshold: f64) -> Option<f64> {
        if self.last.is_some() && self.level >= threshold {
            return Some(0.0);
        }
        let trend = self.trend_per_sec()?;
        (trend > TREND_MIN_PER_SEC).then(|| (threshold - self.level) / trend)
    }

    /// Probability that `threshold` is reached within `horizon_secs`, from the scatter of past one-step forecasts
    /// carried forward: its error grows with the horizon over the trend's memory. 0 without a trend.
    pub fn probability_within(&self, threshold: f64, horizon_secs: f64) -> f64 {
        let Some(trend) = self.trend_per_sec() else { return 0.0 };
        let ahead = self.level + trend * horizon_secs;
        let sigma = self.residual_variance.sqrt() * (1.0 + horizon_secs / TAU_TREND_SECS);
        if sigma > 1e-9 {
            1.0 - normal_cdf((threshold - ahead) / sigma)
        } else {
            f64::from(u8::from(ahead >= threshold))
        }
    }
}

/// Where the density of a zone is going, people/m2.
#[derive(Clone, Copy, Debug)]
pub enum Trend<'a> {
    /// By its own past.
    Own(&'a Holt),
    /// By the balance of the lines around the zone and its count.
    Balance {
        /// Of the zone's people.
        filter: &'a Accumulation,
        /// Area of the zone, m2.
        area_m2: f64,
    },
}

impl Trend<'_> {
    /// Change per second; `None` where not known.
    pub fn trend_per_sec(&self) -> Option<f64> {
        match self {
            Self::Own(holt) => holt.trend_per_sec(),
            Self::Balance { filter, area_m2 } => Some(filter.filling()?.people_per_s.value / area_m2),
        }
    }

    /// Seconds until `threshold`; `None` where it does not lead there, 0 where it is reached.
    pub fn secs_to(&self, threshold: f64) -> Option<f64> {
        match self {
            Self::Own(holt) => holt.secs_to(threshold),
            Self::Balance { filter, area_m2 } => filter.secs_to(threshold * area_m2),
        }
    }

    /// Seconds until `threshold` with the 90 % interval that the rate's makes, from the soonest to the latest; infinite where it
    /// does not lead there. `None` where no rate is known.
    pub fn secs_to_with_interval(&self, threshold: f64) -> Option<Estimate> {
        let (level, rate) = match self {
            Self::Own(holt) => (holt.level, holt.rate_per_sec()?),
            Self::Balance { filter, area_m2 } => {
                let filling = filter.filling()?;
                (filling.people.value / area_m2, filling.people_per_s.scaled(1.0 / area_m2))
            }
        };
        let at = |rate: f64| {
            if level >= threshold {
                0.0
            } else if rate > TREND_MIN_PER_SEC {
                (threshold - level) / rate
            } else {
                f64::INFINITY
            }
        };
        let value = self.secs_to(threshold).unwrap_or(f64::INFINITY);
        Some(Estimate { lo: at(rate.hi).min(value), value, hi: at(rate.lo).max(value) })
    }

    /// Probability that `threshold` is reached within `horizon_secs`; 0 where nothing is known.
    pub fn probability_within(&self, threshold: f64, horizon_secs: f64) -> f64 {
        match self {
            Self::Own(holt) => holt.probability_within(threshold, horizon_secs),
            Self::Balance { filter, area_m2 } => filter.probability_within(threshold * area_m2, horizon_secs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(slope: f64, secs: f64) -> Holt {
        let mut holt = Holt::default();
        let steps = (secs * 5.0) as u32;
        for i in 0..=steps {
            let t = f64::from(i) / 5.0;
            holt.observe(Timestamp::from_unix_nanos(0) + t, 1.0 + slope * t);
        }
        holt
    }

    #[test]
    fn a_steady_rise_is_carried_forward() {
        let holt = fed(0.05, 60.0);
        assert!((holt.trend_per_sec().unwrap() - 0.05).abs() < 2e-3);
        // 4.0 now, 5.0 in 20 s.
        assert!((holt.secs_to(5.0).unwrap() - 20.0).abs() < 2.0);
        assert!(holt.probability_within(5.0, 60.0) > 0.9);
        assert!(holt.probability_within(12.0, 60.0) < 0.1);
        assert_eq!(holt.secs_to(3.0), Some(0.0));
    }

    #[test]
    fn the_time_to_a_threshold_has_the_interval_of_its_rate() {
        let steady = fed(0.05, 60.0);
        let secs = Trend::Own(&steady).secs_to_with_interval(5.0).unwrap();
        assert!(secs.lo <= secs.value && secs.value <= secs.hi && secs.hi - secs.lo < 8.0, "{secs:?}");
        let mut restless = steady.clone();
        for i in 1..=100 {
            let t = f64::from(i) / 5.0;
            restless
                .observe(Timestamp::from_unix_nanos(0) + (60.0 + t), 4.0 + 0.05 * t + 0.5 * (t * 9.0).sin());
        }
        let wider = Trend::Own(&restless).secs_to_with_interval(9.0).unwrap();
        assert!(wider.hi - wider.lo > 20.0, "{wider:?}");
        let never = fed(-0.01, 60.0);
        let secs = Trend::Own(&never).secs_to_with_interval(5.0).unwrap();
        assert!(secs.value.is_infinite() && secs.hi.is_infinite(), "{secs:?}");
        assert_eq!(Trend::Own(&fed(0.05, 5.0)).secs_to_with_interval(5.0), None);
    }

    #[test]
    fn a_rise_is_as_long_as_it_lasts_without_a_pause() {
        let mut holt = fed(0.05, 60.0);
        // The trend is found within some seconds.
        assert!(holt.rising_secs() > 50.0 && holt.rising_secs() < 60.0, "{}", holt.rising_secs());
        let mut hold = |from: f64, until: f64, value: &dyn Fn(f64) -> f64| {
            let mut t = from + 0.2;
            while t < until {
                holt.observe(Timestamp::from_unix_nanos(0) + t, value(t));
                t += 0.2;
            }
            holt.rising_secs()
        };
        assert!(hold(60.0, 120.0, &|_| 4.0).abs() < f64::EPSILON, "a pause ends it");
        let secs = hold(120.0, 150.0, &|t| 4.0 + 0.05 * (t - 120.0));
        assert!(secs > 20.0 && secs < 30.0, "it begins anew: {secs}");
        assert!(fed(0.008, 200.0).rising_secs().abs() < f64::EPSILON, "slower is no rise");
    }

    #[test]
    fn a_short_or_falling_past_promises_nothing() {
        assert_eq!(fed(0.05, 5.0).secs_to(5.0), None);
        assert!(fed(0.05, 5.0).probability_within(5.0, 60.0).abs() < f64::EPSILON);
        assert_eq!(fed(-0.01, 60.0).secs_to(5.0), None);
    }
}
