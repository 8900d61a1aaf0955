//! By when people must have done what: an alarm's three times.

use serde::{Deserialize, Serialize};
use throng_analytics::{level::Level, time::Timestamp};

use crate::options::AnswerTimes;

/// What must have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimerName {
    /// Somebody has acknowledged.
    Answer,
    /// Somebody is on the way.
    OnTheWay,
    /// Somebody is there.
    Arrived,
}

impl TimerName {
    /// In words, as the journal says it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Answer => "nobody answered in time",
            Self::OnTheWay => "nobody is on the way in time",
            Self::Arrived => "nobody arrived in time",
        }
    }
}

/// One time of an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timer {
    /// How long it gave, minutes.
    pub(crate) minutes: f64,
    /// For what.
    pub(crate) name: TimerName,
    /// Until when.
    pub(crate) due_at: Timestamp,
    /// When it was met.
    pub(crate) met_at: Option<Timestamp>,
    /// Whether it ran out first.
    pub(crate) missed: bool,
}

/// The times of an alarm that reached `level` at `at`: every alarm is answered; somebody goes there from orange on,
/// since yellow asks for readiness and blue for a second look.
pub(super) fn timers(level: Level, at: Timestamp, times: &AnswerTimes) -> Vec<Timer> {
    let timer = |name, minutes: f64| Timer {
        minutes,
        name,
        due_at: at + minutes * 60.0,
        met_at: None,
        missed: false,
    };
    let mut timers = vec![timer(TimerName::Answer, times.answer_minutes)];
    if level >= Level::Orange {
        timers.push(timer(TimerName::OnTheWay, times.on_the_way_minutes));
        timers.push(timer(TimerName::Arrived, times.arrived_minutes));
    }
    timers
}
