//! How a room answers its alarms: the figures of EEMUA 191, and the three answer times.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use throng_analytics::time::Timestamp;

use super::{Life, Stage, TimerName};

/// EEMUA 191: how many alarms an operator can take in ten minutes on average, and after an upset.
const LIMIT_MEAN: f64 = 1.0;
const LIMIT_PEAK: f64 = 10.0;
const WINDOW_SECS: f64 = 600.0;
/// EEMUA 191 and ISA-18.2: an alarm that comes three times in a minute chatters.
const CHATTER_TIMES: usize = 3;
const CHATTER_SECS: f64 = 60.0;
/// ISA-18.2: an alarm that is open for a day is stale.
const STALE_SECS: f64 = 86_400.0;

/// The figures of a span of time.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Performance<'a> {
    from: Timestamp,
    to: Timestamp,
    operators: usize,
    per_operator_per_10_min: Load,
    chattering: Vec<Chatter<'a>>,
    stale: Vec<Stale<'a>>,
    answer: Answers,
    by_level: BTreeMap<&'static str, usize>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Load {
    mean: f64,
    max: f64,
    limit_mean: f64,
    limit_peak: f64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Chatter<'a> {
    site: &'a str,
    zone: &'a str,
    times: usize,
}

#[derive(Debug, PartialEq, Serialize)]
struct Stale<'a> {
    site: &'a str,
    zone: &'a str,
    raised_at: Timestamp,
    level: &'static str,
}

/// How many times were met, of those that were set.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Answers {
    within_1_min: usize,
    within_3_min: usize,
    within_5_min: usize,
    /// Alarms that had to be answered.
    count: usize,
    /// Alarms to which somebody had to go.
    count_to_go: usize,
}

/// The figures of these alarms (site, zone and life), raised from `from` to `to`.
pub(crate) fn performance<'a>(
    alarms: &[(&'a str, &'a str, &'a Life)],
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
) -> Performance<'a> {
    // What makes somebody look up: an alarm, or one that got worse.
    let mut sounded: Vec<(Timestamp, &str, &str)> = Vec::new();
    let mut operators = BTreeSet::new();
    let mut by_level = BTreeMap::new();
    let mut answer = Answers::default();
    let mut stale = Vec::new();
    for (site, zone, life) in alarms {
        for entry in &life.journal {
            if ["raised", "escalated", "reopened"].contains(&entry.what.as_str()) {
                sounded.push((entry.at, site, zone));
            }
            if entry.by != "system" {
                operators.insert(entry.by.as_str());
            }
        }
        *by_level.entry(life.peak.name()).or_default() += 1;
        let met = |name| {
            let mut of_name = life.timers.iter().filter(move |timer| timer.name == name);
            of_name.next().map(|timer| timer.met_at.is_some() && !timer.missed)
        };
        let (answered, on_the_way, arrived) =
            (met(TimerName::Answer), met(TimerName::OnTheWay), met(TimerName::Arrived));
        answer.count += usize::from(answered.is_some());
        answer.count_to_go += usize::from(arrived.is_some());
        answer.within_1_min += usize::from(answered == Some(true));
        answer.within_3_min += usize::from(on_the_way == Some(true));
        answer.within_5_min += usize::from(arrived == Some(true));
        if life.stage != Stage::Closed && now.secs_since(life.raised_at) > STALE_SECS {
            stale.push(Stale { site, zone, raised_at: life.raised_at, level: life.last_level.name() });
        }
    }
    sounded.sort();
    // An empty room still has somebody who should have looked.
    let share = operators.len().max(1) as f64;
    let windows = (to.secs_since(from) / WINDOW_SECS).max(1.0);
    Performance {
        from,
        to,
        operators: operators.len(),
        per_operator_per_10_min: Load {
            mean: sounded.len() as f64 / windows / share,
            max: most_within(&sounded, WINDOW_SECS) as f64 / share,
            limit_mean: LIMIT_MEAN,
            limit_peak: LIMIT_PEAK,
        },
        chattering: chattering(&sounded),
        stale,
        answer,
        by_level,
    }
}

/// Most of them in any span of that length.
fn most_within(sounded: &[(Timestamp, &str, &str)], secs: f64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (index, (at, ..)) in sounded.iter().enumerate() {
        while sounded.get(first).is_some_and(|(begin, ..)| at.secs_since(*begin) >= secs) {
            first += 1;
        }
        most = most.max(index + 1 - first);
    }
    most
}

fn chattering<'a>(sounded: &[(Timestamp, &'a str, &'a str)]) -> Vec<Chatter<'a>> {
    let zones: BTreeSet<(&str, &str)> = sounded.iter().map(|(_, site, zone)| (*site, *zone)).collect();
    zones
        .into_iter()
        .map(|(site, zone)| {
            let of_zone: Vec<_> =
                sounded.iter().filter(|(_, of, in_it)| (*of, *in_it) == (site, zone)).copied().collect();
            Chatter { site, zone, times: most_within(&of_zone, CHATTER_SECS) }
        })
        .filter(|chatter| chatter.times >= CHATTER_TIMES)
        .collect()
}
