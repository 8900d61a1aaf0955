//! A zone or a line over time, as a chart wants it: columns, with null where nothing is known.

use serde::Serialize;
use throng_analytics::time::Timestamp;

use crate::{
    clock::at_unix_secs,
    error::HistoryError,
    options::Retention,
    resolution::Resolution,
    rollup::{LineRollup, Rollup, ZoneRollup},
};

/// Lengths of the steps of a chart, seconds: those of the tables, and whole multiples of an hour.
const STEPS_SECS: [i64; 10] =
    [10, 60, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600, 28 * 24 * 3600];
/// Points that a series has at most, whatever was asked.
const POINTS_MAX: i64 = 10_000;

/// From when to when, in which steps, read from which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) step_secs: i64,
    pub(crate) resolution: Resolution,
}

impl Span {
    /// The finest steps of which at most `points_max` are needed, and which are still kept that far back.
    pub(crate) fn of(
        from: i64,
        to: i64,
        points_max: usize,
        retention: &Retention,
        now: i64,
    ) -> Result<Self, HistoryError> {
        if to <= from {
            return Err(HistoryError::BadRequest("\"from\" must be before \"to\"".to_owned()));
        }
        let points_max = i64::try_from(points_max).unwrap_or(POINTS_MAX).clamp(1, POINTS_MAX);
        let span = |step_secs: i64| {
            let resolution =
                Resolution::ALL.into_iter().rev().find(|resolution| resolution.secs() <= step_secs);
            let from = from - from.rem_euclid(step_secs);
            let to = to + (-to).rem_euclid(step_secs);
            Self { from, to, step_secs, resolution: resolution.unwrap_or(Resolution::TenSecs) }
        };
        let fits = |span: &Self| {
            (span.to - span.from) / span.step_secs <= points_max
                && retention.oldest(span.resolution, now).is_none_or(|oldest| span.from >= oldest)
        };
        let longest = to - from;
        Ok(STEPS_SECS.into_iter().map(span).find(fits).unwrap_or_else(|| {
            // Longer than 28 days times the points: steps as long as it takes.
            let day = 24 * 3600;
            let step = (longest / points_max / day + 2) * day;
            if points_max > 1 { span(step) } else { span(longest.max(day) * 2) }
        }))
    }

    /// Windows put together to the steps of this span: one entry a step, `None` without data.
    pub(crate) fn steps<R: Rollup>(&self, windows: &[(i64, R)]) -> Vec<(i64, Option<R>)> {
        let count = (self.to - self.from) / self.step_secs;
        let mut steps: Vec<(i64, Option<R>)> =
            (0..count).map(|step| (self.from + step * self.step_secs, None)).collect();
        for (start, window) in windows {
            let Ok(step) = usize::try_from((start - self.from).div_euclid(self.step_secs)) else { continue };
            if let Some((_, sum)) = steps.get_mut(step) {
                match sum {
                    Some(sum) => sum.merge(window),
                    None => *sum = Some(window.clone()),
                }
            }
        }
        steps
    }
}

/// A zone over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneSeries {
    /// Length of a step, seconds.
    pub resolution_secs: i64,
    /// Start of the first step.
    pub from: Timestamp,
    /// End of the last.
    pub to: Timestamp,
    /// One entry a step in each column; null where it was not known.
    pub columns: ZoneColumns,
}

/// Columns of a zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ZoneColumns {
    /// Start of the step.
    pub at: Vec<Timestamp>,
    /// Mean number of people.
    pub people: Vec<Option<f64>>,
    /// Most people at once.
    pub people_max: Vec<Option<f64>>,
    /// Mean density, people/m2.
    pub density_mean: Vec<Option<f64>>,
    /// Density of the dense places that was exceeded a twentieth of the time, people/m2.
    pub density_p95: Vec<Option<f64>>,
    /// Highest local density, people/m2.
    pub density_max: Vec<Option<f64>>,
    /// Mean speed, m/s.
    pub speed: Vec<Option<f64>>,
    /// Mean specific flow, people per metre and second.
    pub flow: Vec<Option<f64>>,
    /// Highest score, 0 to 100.
    pub score_max: Vec<Option<f64>>,
    /// Part of zone and time that was seen, 0 to 1.
    pub coverage: Vec<Option<f64>>,
    /// Seconds at each level.
    pub level_secs: LevelColumns,
}

/// Seconds at each level, and at none. A step without data is UNKNOWN from end to end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LevelColumns {
    /// Seconds at normal.
    pub normal: Vec<f64>,
    /// Seconds at blue.
    pub blue: Vec<f64>,
    /// Seconds at yellow.
    pub yellow: Vec<f64>,
    /// Seconds at orange.
    pub orange: Vec<f64>,
    /// Seconds at red.
    pub red: Vec<f64>,
    /// Seconds at no known level.
    pub unknown: Vec<f64>,
}

impl ZoneSeries {
    pub(crate) fn of(span: &Span, windows: &[(i64, ZoneRollup)]) -> Self {
        let secs = span.step_secs as f64;
        let mut columns = ZoneColumns::default();
        for (start, window) in span.steps(windows) {
            let window = window.unwrap_or_default();
            columns.at.push(at_unix_secs(start));
            columns.people.push(window.people.value());
            columns.people_max.push(window.people_max);
            columns.density_mean.push(window.density.value());
            columns.density_p95.push(window.density_bins.quantile(0.95));
            columns.density_max.push(window.density_max);
            columns.speed.push(window.speed.value());
            columns.flow.push(window.flow.value());
            columns.score_max.push(window.score_max);
            columns.coverage.push(window.coverage_of(secs));
            let [normal, blue, yellow, orange, red] = window.level_secs;
            let levels = &mut columns.level_secs;
            levels.normal.push(normal);
            levels.blue.push(blue);
            levels.yellow.push(yellow);
            levels.orange.push(orange);
            levels.red.push(red);
            levels.unknown.push(window.unknown_secs(secs));
        }
        Self {
            resolution_secs: span.step_secs,
            from: at_unix_secs(span.from),
            to: at_unix_secs(span.to),
            columns,
        }
    }
}

/// A line over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineSeries {
    /// Length of a step, seconds.
    pub resolution_secs: i64,
    /// Start of the first step.
    pub from: Timestamp,
    /// End of the last.
    pub to: Timestamp,
    /// One entry a step in each column; null where it was not known.
    pub columns: LineColumns,
}

/// Columns of a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LineColumns {
    /// Start of the step.
    pub at: Vec<Timestamp>,
    /// People who came in while it was known.
    pub in_people: Vec<Option<f64>>,
    /// People who went out while it was known.
    pub out_people: Vec<Option<f64>>,
    /// Part of the time for which both were known, 0 to 1.
    pub coverage: Vec<Option<f64>>,
}

impl LineSeries {
    pub(crate) fn of(span: &Span, windows: &[(i64, LineRollup)]) -> Self {
        let mut columns = LineColumns::default();
        for (start, window) in span.steps(windows) {
            let window = window.unwrap_or_default();
            let known = window.in_secs.min(window.out_secs) / span.step_secs as f64;
            columns.at.push(at_unix_secs(start));
            columns.in_people.push(window.people_in());
            columns.out_people.push(window.people_out());
            columns.coverage.push((known > 0.0).then_some(known.min(1.0)));
        }
        Self {
            resolution_secs: span.step_secs,
            from: at_unix_secs(span.from),
            to: at_unix_secs(span.to),
            columns,
        }
    }
}
