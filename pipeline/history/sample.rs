//! What is recorded: how a zone or a line is at an instant.

use throng_analytics::{level::Level, time::Timestamp};

use crate::{
    resolution::Resolution,
    rollup::{LineRollup, Rollup, ZoneRollup},
    store::{SeriesKey, SeriesKind},
};

/// How a zone is at an instant. What is not known is `None`, never 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZoneSample {
    /// Id of the site.
    pub site: String,
    /// Id of the zone.
    pub zone: String,
    /// When it was so: time of capture.
    pub at: Timestamp,
    /// People in the zone.
    pub people: Option<f64>,
    /// Mean density, people/m2.
    pub density_mean_people_per_m2: Option<f64>,
    /// 95th percentile over the zone's places of the local density, people/m2.
    pub density_p95_people_per_m2: Option<f64>,
    /// Highest local density, people/m2.
    pub density_max_people_per_m2: Option<f64>,
    /// Mean speed, m/s.
    pub speed_m_per_s: Option<f64>,
    /// Specific flow, people per metre and second.
    pub flow_people_per_m_s: Option<f64>,
    /// Stampede-risk score, 0 to 100.
    pub score: Option<f64>,
    /// Level; `None` is UNKNOWN.
    pub level: Option<Level>,
    /// Part of the zone's area that was seen, 0 to 1.
    pub coverage: Option<f64>,
    /// Whether the zone's cameras are calibrated.
    pub calibrated: bool,
    /// Whether this is a drill: kept apart, and left out of every statistic.
    pub drill: bool,
}

/// Who crosses a line at an instant. What is not known is `None`, never 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineSample {
    /// Id of the site.
    pub site: String,
    /// Id of the line.
    pub line: String,
    /// When it was so: time of capture.
    pub at: Timestamp,
    /// People a second who come in.
    pub in_people_per_s: Option<f64>,
    /// People a second who go out.
    pub out_people_per_s: Option<f64>,
    /// Whether this is a drill.
    pub drill: bool,
}

/// What windows are made of.
pub(crate) trait Sample: Clone {
    /// What a window of such samples sums up to.
    type Rollup: Rollup;
    /// Which series it belongs to.
    fn series(&self) -> SeriesKey;
    /// When it was so.
    fn at(&self) -> Timestamp;
    /// What it adds to a window in which it stood for `secs`.
    fn over(&self, secs: f64) -> Self::Rollup;
}

/// A finite number that is not negative; anything else was not measured.
fn measured(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}

impl Sample for ZoneSample {
    type Rollup = ZoneRollup;

    fn series(&self) -> SeriesKey {
        let (site, name) = (self.site.clone(), self.zone.clone());
        SeriesKey { site, kind: SeriesKind::Zone, name, drill: self.drill }
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn over(&self, secs: f64) -> ZoneRollup {
        let mut rollup = ZoneRollup::default();
        let people = measured(self.people);
        let density = measured(self.density_mean_people_per_m2);
        rollup.people.add(people, secs);
        rollup.people_max = people;
        rollup.density.add(density, secs);
        let p95 = measured(self.density_p95_people_per_m2);
        rollup.density_max = measured(self.density_max_people_per_m2).or(p95).or(density);
        if let Some(density) = p95.or(density) {
            rollup.density_bins.add(density, secs);
        }
        rollup.speed.add(measured(self.speed_m_per_s), secs);
        rollup.flow.add(measured(self.flow_people_per_m_s), secs);
        rollup.score_max = measured(self.score);
        if let Some(level) = self.level {
            rollup.level_secs[usize::from(level.number())] = secs;
        }
        rollup.coverage.add(measured(self.coverage).map(|coverage| coverage.min(1.0)), secs);
        rollup
    }
}

impl Sample for LineSample {
    type Rollup = LineRollup;

    fn series(&self) -> SeriesKey {
        let (site, name) = (self.site.clone(), self.line.clone());
        SeriesKey { site, kind: SeriesKind::Line, name, drill: self.drill }
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn over(&self, secs: f64) -> LineRollup {
        let (rate_in, rate_out) = (measured(self.in_people_per_s), measured(self.out_people_per_s));
        let known = |rate: Option<f64>| if rate.is_some() { secs } else { 0.0 };
        LineRollup {
            in_people: rate_in.unwrap_or_default() * secs,
            in_secs: known(rate_in),
            out_people: rate_out.unwrap_or_default() * secs,
            out_secs: known(rate_out),
        }
    }
}

/// Start of the ten-second window that an instant falls in, seconds since the Unix epoch.
pub(crate) fn window_of(at: Timestamp) -> i64 {
    Resolution::TenSecs.start_of(crate::clock::unix_secs(at))
}
