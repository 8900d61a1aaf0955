//! How a zone fills: what crosses its lines, reconciled with how many are counted in it (analytics specification 2.3).
//!
//! A Kalman filter with the state `[N, N', b]`: people, people a second, and the share of all who cross that the lines'
//! balance shows beyond the truth. The count says where N is, and scatters; the lines say at once how it changes, and may
//! be wrong for long: one entrance counted worse than the other makes a balance that runs away. Kept apart as `b`, this is
//! known, published, and does not move the forecast. It is a share and no rate, since lines over which nobody walks
//! cannot be wrong: where the traffic ends, so does its drift. The count speaks for N alone, the lines for N' + b times the
//! crossings.

use nalgebra::{Matrix3, RowVector3, Vector3};

use crate::{
    estimate::{Estimate, SIGMAS_OF_90_PERCENT, normal_cdf},
    line_flow::FLOW_WINDOW_SECS,
    time::Timestamp,
    tracker::PHI,
};

/// Time for which those missed by the counter stay missed, seconds: samples closer together err alike (our proposal).
const COUNT_MEMORY_SECS: f64 = 3.0;

/// How fast the rate of a zone may change: standard deviation over ten seconds, people/m2/s. A gate that closes on an
/// inflow of 0.1 people/m2/s does so at once; this follows within some seconds (our proposal).
const RATE_CHANGE_PEOPLE_PER_M2_PER_S: f64 = 0.03;
const RATE_CHANGE_SECS: f64 = 10.0;

/// Standard deviation of the drift before anything is known of it, as a share of the crossings, and the time in which it may
/// change by as much, seconds (our proposal; at the simulated gate 8 % fewer are seen to go out than do).
const DRIFT_SHARE: f64 = 0.1;
const DRIFT_SECS: f64 = 300.0;

/// Time over which crossings are averaged to tell what the drift comes to, seconds: that of a line's flow.
const RECENT_SECS: f64 = FLOW_WINDOW_SECS;

/// Time for which a zone must have been about even before the drift of its lines may be told, seconds (our proposal): while
/// it fills or empties, the lines know at once and the count follows, and what they differ by is no fault of the lines.
const EVEN_SECS: f64 = 30.0;

/// Crossings a second whose scatter is always allowed for: nobody seen is not nobody for certain.
const CROSSINGS_MIN_PER_S: f64 = 0.2;

/// A gap after which the past no longer speaks for the present, seconds (our proposal).
const GAP_SECS: f64 = 5.0;

/// Time that must be seen before there is a trend, seconds (our proposal).
const SPAN_MIN_SECS: f64 = 5.0;

/// A rate counts as one from this many standard deviations on (analytics specification 2.3).
const RATE_SIGMAS: f64 = 2.0;

/// What one picture says of a zone and of its lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BalanceSample {
    /// When it was captured.
    pub captured_at: Timestamp,
    /// People counted in the zone.
    pub people: f64,
    /// What the lines of the zone show together since the sample before; `None` where one of them is not seen.
    pub lines: Option<LineBalance>,
}

/// What all lines of a zone show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineBalance {
    /// In less out, people a second.
    pub net_people_per_s: f64,
    /// In plus out, people a second: it decides how far that may be off.
    pub gross_people_per_s: f64,
}

impl LineBalance {
    fn is_usable(&self) -> bool {
        self.net_people_per_s.is_finite() && self.gross_people_per_s.is_finite()
    }
}

/// The filter of one zone.
#[derive(Clone, Debug)]
pub struct Accumulation {
    area_m2: f64,
    since: Option<Timestamp>,
    last: Option<Timestamp>,
    /// N, N', b.
    state: Vector3<f64>,
    covariance: Matrix3<f64>,
    /// In plus out of late, people a second.
    gross_people_per_s: f64,
    /// When the rate was last told from 0.
    uneven_at: Option<Timestamp>,
}

/// How a zone fills.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filling {
    /// People in the zone, with the error of the filter alone.
    pub people: Estimate,
    /// People a second.
    pub people_per_s: Estimate,
    /// What the lines show beyond that at the crossings of late, people a second: above 0 they count too many in, or too few
    /// out.
    pub line_drift_people_per_s: Estimate,
    /// The same as a share of those who cross.
    pub line_drift_share: Estimate,
    /// Whether the zone has neither filled nor emptied for a while: only then a drift can be told from a count that follows.
    pub is_even: bool,
}

impl Accumulation {
    /// For a zone of that area.
    pub fn new(area_m2: f64) -> Self {
        Self {
            area_m2,
            since: None,
            last: None,
            state: Vector3::zeros(),
            covariance: Matrix3::zeros(),
            gross_people_per_s: 0.0,
            uneven_at: None,
        }
    }

    /// Takes in a sample; times must grow. After a gap of more than 5 s, or where the clock began anew, the past is
    /// forgotten.
    pub fn observe(&mut self, sample: &BalanceSample) {
        if !sample.people.is_finite() {
            return;
        }
        let dt = self.last.map(|last| sample.captured_at.secs_since(last));
        match dt {
            Some(dt) if dt.abs() <= GAP_SECS => {
                if dt <= 0.0 {
                    return;
                }
                self.predict(dt);
                let people = self.state[0].max(sample.people).max(0.0);
                let variance = PHI * (people + 1.0) * (COUNT_MEMORY_SECS / dt).max(1.0);
                self.update(RowVector3::new(1.0, 0.0, 0.0), sample.people, variance);
                if let Some(lines) = sample.lines.filter(LineBalance::is_usable) {
                    let gross = lines.gross_people_per_s;
                    self.gross_people_per_s +=
                        (1.0 - (-dt / RECENT_SECS).exp()) * (gross - self.gross_people_per_s);
                    let variance = PHI * gross.max(CROSSINGS_MIN_PER_S) / dt;
                    self.update(RowVector3::new(0.0, 1.0, gross), lines.net_people_per_s, variance);
                }
            }
            _ => self.begin(sample),
        }
        let rate_sigma = self.covariance[(1, 1)].max(0.0).sqrt();
        if self.state[1].abs() > RATE_SIGMAS * rate_sigma {
            self.uneven_at = Some(sample.captured_at);
        }
        self.last = Some(sample.captured_at);
    }

    fn begin(&mut self, sample: &BalanceSample) {
        let rate = RATE_CHANGE_PEOPLE_PER_M2_PER_S * self.area_m2;
        self.since = Some(sample.captured_at);
        self.state = Vector3::new(sample.people, 0.0, 0.0);
        self.covariance = Matrix3::from_diagonal(&Vector3::new(
            PHI * (sample.people + 1.0),
            4.0 * rate * rate,
            DRIFT_SHARE * DRIFT_SHARE,
        ));
        self.gross_people_per_s =
            sample.lines.filter(LineBalance::is_usable).map_or(0.0, |l| l.gross_people_per_s);
        self.uneven_at = None;
    }

    /// Constant rate, of which the change is white noise; constant share of drift that wanders.
    fn predict(&mut self, dt: f64) {
        self.coast(dt);
        let q = (RATE_CHANGE_PEOPLE_PER_M2_PER_S * self.area_m2).powi(2) / RATE_CHANGE_SECS;
        let wander = DRIFT_SHARE * DRIFT_SHARE / DRIFT_SECS;
        let noise = Matrix3::new(
            q * dt.powi(3) / 3.0,
            q * dt * dt / 2.0,
            0.0,
            q * dt * dt / 2.0,
            q * dt,
            0.0,
            0.0,
            0.0,
            wander * dt,
        );
        self.covariance += noise;
    }

    /// What comes if the rate stays as it is.
    fn coast(&mut self, dt: f64) {
        let transition = Matrix3::new(1.0, dt, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
        self.state = transition * self.state;
        self.covariance = transition * self.covariance * transition.transpose();
    }

    fn update(&mut self, measures: RowVector3<f64>, value: f64, variance: f64) {
        let innovation = value - (measures * self.state).x;
        let spread = (measures * self.covariance * measures.transpose()).x + variance;
        if !(spread > 0.0 && spread.is_finite()) {
            return;
        }
        let gain = self.covariance * measures.transpose() / spread;
        self.state += gain * innovation;
        // Joseph's form: the covariance stays symmetric and positive however often it is updated.
        let keep = Matrix3::identity() - gain * measures;
        self.covariance = keep * self.covariance * keep.transpose() + gain * gain.transpose() * variance;
    }

    /// How the zone fills; `None` until five seconds have been seen.
    pub fn filling(&self) -> Option<Filling> {
        let span = self.last?.secs_since(self.since?);
        let with_interval = |k: usize| {
            let half = SIGMAS_OF_90_PERCENT * self.covariance[(k, k)].max(0.0).sqrt();
            Estimate { lo: self.state[k] - half, value: self.state[k], hi: self.state[k] + half }
        };
        (span >= SPAN_MIN_SECS).then(|| Filling {
            people: with_interval(0),
            people_per_s: with_interval(1),
            line_drift_people_per_s: with_interval(2).scaled(self.gross_people_per_s),
            line_drift_share: with_interval(2),
            is_even: self
                .last
                .zip(self.uneven_at.or(self.since))
                .is_some_and(|(last, uneven_at)| last.secs_since(uneven_at) >= EVEN_SECS),
        })
    }

    /// Seconds until `people` are there: `(threshold - N) / N'` where N' is more than two standard deviations above 0. 0 where
    /// they are there already.
    pub fn secs_to(&self, people: f64) -> Option<f64> {
        self.filling()?;
        if self.state[0] >= people {
            return Some(0.0);
        }
        let rate = self.state[1];
        (rate > RATE_SIGMAS * self.covariance[(1, 1)].max(0.0).sqrt())
            .then(|| (people - self.state[0]) / rate)
    }

    /// Probability that at least `people` are there in `horizon_secs`, by the filter's own prediction: the rate may change as
    /// much as it does in ten seconds, and then stays. 0 without a prediction.
    pub fn probability_within(&self, people: f64, horizon_secs: f64) -> f64 {
        if self.filling().is_none() {
            return 0.0;
        }
        let mut ahead = self.clone();
        let horizon_secs = horizon_secs.max(0.0);
        ahead.predict(horizon_secs.min(RATE_CHANGE_SECS));
        ahead.coast((horizon_secs - RATE_CHANGE_SECS).max(0.0));
        let sigma = ahead.covariance[(0, 0)].max(0.0).sqrt();
        if sigma > 1e-9 {
            1.0 - normal_cdf((people - ahead.state[0]) / sigma)
        } else {
            f64::from(u8::from(ahead.state[0] >= people))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA_M2: f64 = 25.0;

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_unix_nanos(0) + secs
    }

    /// A reproducible normal deviate.
    fn normal(i: usize) -> f64 {
        let uniform = |k: usize| ((k * 7919 + 13) as f64 * 0.618_033_988_75).fract().max(1e-9);
        (-2.0 * uniform(2 * i).ln()).sqrt() * (std::f64::consts::TAU * uniform(2 * i + 1)).cos()
    }

    /// Fed five times a second for a while: people by time; in less out, and in plus out, a second by time; with errors.
    fn fed(
        secs: f64,
        people: impl Fn(f64) -> f64,
        lines: impl Fn(f64) -> Option<(f64, f64)>,
        scatter: f64,
    ) -> Accumulation {
        let mut filter = Accumulation::new(AREA_M2);
        for i in 0..=(secs * 5.0) as usize {
            let t = i as f64 / 5.0;
            // Errors of the count hold for some seconds, as those of a counter do.
            let error = scatter * (PHI * (people(t) + 1.0)).sqrt() * normal(i / 10);
            filter.observe(&BalanceSample {
                captured_at: at(t),
                people: people(t) + error,
                lines: lines(t).map(|(net, gross_people_per_s)| LineBalance {
                    net_people_per_s: net + 0.3 * scatter * normal(i + 5000),
                    gross_people_per_s,
                }),
            });
        }
        filter
    }

    #[test]
    fn a_steady_fill_is_carried_to_capacity() {
        let filter = fed(40.0, |t| 20.0 + 2.0 * t, |_| Some((2.0, 2.5)), 0.0);
        let filling = filter.filling().unwrap();
        assert!((filling.people.value - 100.0).abs() < 0.5, "{filling:?}");
        assert!((filling.people_per_s.value - 2.0).abs() < 0.02, "{filling:?}");
        assert!(filling.line_drift_people_per_s.value.abs() < 0.02, "{filling:?}");
        // (160 - 100) / 2.
        assert!((filter.secs_to(160.0).unwrap() - 30.0).abs() < 1.0);
        assert_eq!(filter.secs_to(90.0), Some(0.0));
        assert!(
            filter.probability_within(160.0, 20.0) < 0.2 && filter.probability_within(110.0, 20.0) > 0.95
        );
        assert!((filter.probability_within(140.0, 20.0) - 0.5).abs() < 0.05);
    }

    #[test]
    fn lines_that_are_wrong_all_the_time_are_found_out_and_do_not_move_the_forecast() {
        // As many come as go, and one way in counts a fifth of all crossings too many: 0.4 a second.
        let filter = fed(240.0, |_| 60.0, |_| Some((0.4, 2.0)), 1.0);
        let filling = filter.filling().unwrap();
        let drift = filling.line_drift_people_per_s;
        assert!((drift.value - 0.4).abs() < 0.15 && drift.lo > 0.1, "{filling:?}");
        assert!(filling.people_per_s.value.abs() < 0.1 && filling.is_even, "{filling:?}");
        assert_eq!(filter.secs_to(100.0), None);
    }

    #[test]
    fn a_drift_ends_with_the_traffic_that_made_it() {
        let walks = |t: f64| if t < 240.0 { (0.4, 2.0) } else { (0.0, 0.0) };
        let filling = fed(280.0, |_| 60.0, |t| Some(walks(t)), 1.0).filling().unwrap();
        assert!(filling.line_drift_people_per_s.value.abs() < 0.02, "{filling:?}");
        assert!(filling.people_per_s.value.abs() < 0.15, "{filling:?}");
    }

    #[test]
    fn a_zone_that_fills_is_not_even_until_it_has_stood_still_for_a_while() {
        let people = |t: f64| 20.0 + 2.0 * t.min(60.0);
        let walks = |t: f64| Some(if t < 60.0 { (2.0, 2.0) } else { (0.0, 0.1) });
        let is_even = |secs: f64| fed(secs, people, walks, 0.0).filling().unwrap().is_even;
        assert!(!is_even(50.0) && !is_even(70.0));
        assert!(is_even(130.0));
    }

    #[test]
    fn with_lines_a_fill_is_known_sooner_and_better_than_by_the_count_alone() {
        // A gate closes at 60 s: 2.5 a second come, nobody leaves.
        let people = |t: f64| 40.0 + 2.5 * (t - 60.0_f64).max(0.0);
        let rate = |t: f64| if t >= 60.0 { 2.5 } else { 0.0 };
        let error_at = |secs: f64, with_lines: bool| {
            let filter = fed(secs, people, |t| with_lines.then(|| (rate(t), rate(t) + 0.5)), 1.0);
            (filter.filling().unwrap().people_per_s.value - 2.5).abs()
        };
        for secs in [65.0, 70.0] {
            let (lines, alone) = (error_at(secs, true), error_at(secs, false));
            assert!(lines < 0.6 * alone, "after {} s: {lines} {alone}", secs - 60.0);
        }
        assert!(error_at(70.0, true) < 0.6);
    }

    #[test]
    fn the_interval_holds_the_truth_in_nine_of_ten_fills() {
        let held = (0..100).filter(|k| {
            let mut filter = Accumulation::new(AREA_M2);
            for i in 0..150 {
                let t = i as f64 / 5.0;
                let people = 30.0 + 1.5 * t;
                // White errors of the size that the filter expects of samples that are 0.2 s apart.
                let count = (PHI * (people + 1.0) * 15.0_f64).sqrt() * normal(1000 * k + i);
                let crossed = (PHI * 1.5 / 0.2_f64).sqrt() * normal(1000 * k + i + 500);
                let lines = LineBalance { net_people_per_s: 1.5 + crossed, gross_people_per_s: 1.5 };
                filter.observe(&BalanceSample {
                    captured_at: at(t),
                    people: people + count,
                    lines: Some(lines),
                });
            }
            let rate = filter.filling().unwrap().people_per_s;
            (rate.lo..=rate.hi).contains(&1.5)
        });
        let held = held.count();
        assert!(held >= 85, "{held} of 100");
    }

    #[test]
    fn a_gap_forgets_and_nonsense_is_ignored() {
        let mut filter = fed(20.0, |_| 50.0, |_| Some((0.0, 0.5)), 0.0);
        filter.observe(&BalanceSample { captured_at: at(20.1), people: f64::NAN, lines: None });
        assert!((filter.filling().unwrap().people.value - 50.0).abs() < 0.1);
        filter.observe(&BalanceSample { captured_at: at(60.0), people: 10.0, lines: None });
        assert_eq!(filter.filling(), None);
        assert!(filter.probability_within(5.0, 60.0).abs() < 1e-12);
    }
}
