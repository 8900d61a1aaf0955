//! What a zone's measurements say for and against each level.

use super::{ZoneReport, ZoneTracker};
use crate::{
    estimate::Estimate,
    level::Level,
    profile::{DOWN_RATIO, OCCUPANCY_RATIO, per_level},
    risk,
    warning::{Evidence, Held},
};

/// Relative standard deviation from which nothing is cleared on a density (analytics specification 4.4).
const LOW_CONFIDENCE: f64 = 0.35;

/// Horizon and probability of a forecast that raises a level early, and the share of the threshold that must already
/// be there (analytics specification 5.1).
const FORECAST_SECS: f64 = 60.0;
const FORECAST_PROBABILITY: f64 = 0.7;
const FORECAST_SHARE: f64 = 0.6;

/// A hold-up of half a minute is common and harmless: a train's stop, a light, a gate that pauses. A place that goes on
/// filling for longer than this, seconds, from the density on at which flow peaks (Weidmann: 1.75 people/m2, this share of red
/// on a flat street), and will probably be at red within this horizon, seconds, takes more people than it lets go (analytics
/// specification 5.1: horizons of one to five minutes; the numbers are our proposal, chosen on the scenarios to develop with).
const SUSTAINED_SECS: f64 = 35.0;
const SUSTAINED_SHARE_OF_RED: f64 = 0.35;
const SUSTAINED_HORIZON_SECS: f64 = 120.0;

impl ZoneTracker {
    /// The highest level whose threshold the density has reached more likely than not.
    pub(super) fn density_level(&self, density: Estimate) -> Level {
        let reached = |level: &Level| density.probability_at_least(self.profile().theta_up(*level)) >= 0.5;
        Level::WARNING.into_iter().rev().find(reached).unwrap_or(Level::Normal)
    }

    pub(super) fn evidence(&self, report: &ZoneReport) -> Evidence {
        let (density, freshness) = (report.density_people_per_m2, report.freshness);
        let profile = self.profile();
        let probability = |theta: &dyn Fn(Level) -> f64| {
            Level::WARNING.map(|l| density.map_or(0.0, |d| d.probability_at_least(theta(l))))
        };
        let density_level = density.map_or(Level::Normal, |d| self.density_level(d));
        let score_level = |score: f64| {
            let lo = density.map_or(0.0, |d| d.lo);
            risk::capped(risk::band(score), density_level, lo)
        };
        // A score is left where it falls a tenth below its band, as red is left a tenth below its threshold.
        let score = report.risk.as_ref().map_or_else(Held::default, |risk| Held {
            up: score_level(risk.score),
            hold: score_level(risk.score / per_level(&DOWN_RATIO, Level::Red)),
        });
        let factor = self.tightened.as_ref().map_or(1.0, |(tightening, _)| tightening.factor);
        let occupied = |ratio: f64| {
            Level::WARNING
                .into_iter()
                .rev()
                .find(|level| ratio >= factor * per_level(&OCCUPANCY_RATIO, *level))
                .unwrap_or(Level::Normal)
        };
        let occupancy = report.occupancy_ratio.map_or_else(Held::default, |ratio| Held {
            up: occupied(ratio),
            hold: occupied(ratio / per_level(&DOWN_RATIO, Level::Blue)),
        });
        // Confidence is judged against what is to be left: a sparse crowd is known well enough to be no danger,
        // however large the error of its small count is in relative terms.
        let held = self.machine.last_level().unwrap_or(Level::Normal).max(Level::Blue);
        let low_confidence =
            density.is_none_or(|d| d.sigma() > LOW_CONFIDENCE * d.value.max(profile.theta_down(held)));
        Evidence {
            freshness,
            is_new_sample: self.is_new_sample,
            probability_up: probability(&|level| profile.theta_up(level)),
            probability_down: probability(&|level| profile.theta_down(level)),
            occupancy,
            score,
            forecast: self.forecast(density, density_level),
            low_confidence,
            ceiling: if report.is_calibrated { Level::Red } else { Level::Yellow },
        }
    }

    /// The level that a forecast asks for: the highest whose threshold is near and about to be reached; never red.
    fn forecast(&self, density: Option<Estimate>, density_level: Level) -> Level {
        let trend = self.trend();
        let is_coming = |level: &Level| {
            let threshold = self.profile().theta_up(*level);
            let near = density.is_some_and(|density| density.value >= FORECAST_SHARE * threshold);
            let rising = trend.secs_to(threshold).is_some_and(|secs| secs <= FORECAST_SECS);
            near && rising && trend.probability_within(threshold, FORECAST_SECS) >= FORECAST_PROBABILITY
        };
        let fills_up = |level: &Level| {
            *level == Level::Orange && density.is_some_and(|density| self.is_filling_up(density))
        };
        let mut above =
            [Level::Orange, Level::Yellow, Level::Blue].into_iter().filter(|l| *l > density_level);
        above.find(|level| is_coming(level) || fills_up(level)).unwrap_or(Level::Normal)
    }

    /// Whether the zone has filled for longer than a harmless hold-up lasts, and goes on towards red.
    fn is_filling_up(&self, density: Estimate) -> bool {
        let red = self.zone.profile.theta_up(Level::Red);
        self.tracker.trend().rising_secs() >= SUSTAINED_SECS
            && density.value >= SUSTAINED_SHARE_OF_RED * red
            && self.trend().probability_within(red, SUSTAINED_HORIZON_SECS) >= FORECAST_PROBABILITY
    }
}
