//! What a loudspeaker may say, when, and who must agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::{level::Level, time::CLOCK_AHEAD_SECS_MAX};

/// Who must agree before a loudspeaker speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Consent {
    /// Nobody can: at this level it is silent.
    Never,
    /// Nobody need: it speaks at once.
    Automatic,
    /// People must, each with a key of their own.
    Confirmed {
        /// How many, 1 or 2. A person who asks for an announcement is the first of them.
        people: usize,
        /// Within this long, seconds; later it is refused.
        within_secs: f64,
    },
}

/// Where an announcement sends people who hear it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Draw {
    /// It asks for something else: to wait, to stop pushing.
    #[default]
    Nowhere,
    /// Away from the loudspeaker.
    Away,
    /// Towards the loudspeaker ("the exit is here").
    Here,
}

/// What an exercise sounds like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drill {
    /// Nothing is played aloud; everything else happens as it would.
    #[default]
    Silent,
    /// The word "drill" comes first, in every language of the announcement.
    WordFirst,
}

/// Hours in which only the most serious is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// First minute of the day, local time, 0 to 1439.
    pub from_minute: u16,
    /// First minute after it; a smaller number than `from_minute` means the next day.
    pub until_minute: u16,
    /// From this level on it is said all the same.
    pub except_from: Level,
}

impl QuietHours {
    /// Whether a level must keep silent at a minute of the day.
    pub fn silence(&self, level: Level, minute: u16) -> bool {
        let within = if self.from_minute <= self.until_minute {
            (self.from_minute..self.until_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.until_minute
        };
        within && level < self.except_from
    }
}

/// The rules of one loudspeaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Who must agree, by level. A level that is not here is silent.
    pub consent: BTreeMap<Level, Consent>,
    /// The approved announcements and where each sends people. Nothing else is said.
    pub announcements: BTreeMap<String, Draw>,
    /// Whether a person may have free text spoken. Always confirmed by a second person.
    pub allows_free_text: bool,
    /// Silence after an announcement, seconds; a higher level than the last need not wait for its end.
    pub cool_down_secs: f64,
    /// How often the same announcement may be said for the same incident within [`Policy::repeats_within_secs`].
    pub repeats_max: u32,
    /// The time over which repeats are counted, seconds.
    pub repeats_within_secs: f64,
    /// Hours in which only the most serious is said.
    pub quiet_hours: Option<QuietHours>,
    /// Zones that hear this loudspeaker: it must not draw people there while they are in danger.
    pub stands_in: BTreeSet<String>,
    /// Loudspeakers, at the exits, that must have spoken for the same incident first: those behind leave before those
    /// in front are told to turn.
    pub after: BTreeSet<String>,
    /// Loudspeakers that are heard at the same place: it is silent while one of them speaks.
    pub not_while: BTreeSet<String>,
    /// How long a request waits for `after` and `not_while`, seconds; then it is refused.
    pub wait_secs: f64,
    /// What an exercise sounds like.
    pub drill: Drill,
    /// Whether everything said here is an exercise.
    pub is_drill: bool,
    /// Longest life of an order from its making to its expiry, seconds: a longer one could be replayed later.
    pub order_lives_max_secs: f64,
    /// How far a sender's clock may be ahead, seconds.
    pub clock_ahead_max_secs: f64,
    /// Oldest picture behind a request that no person made, seconds.
    pub data_age_max_secs: f64,
}

impl Default for Policy {
    /// The safe one: a person confirms orange and red within a minute, nothing is approved.
    fn default() -> Self {
        let confirmed = Consent::Confirmed { people: 1, within_secs: 60.0 };
        Self {
            consent: BTreeMap::from([(Level::Orange, confirmed), (Level::Red, confirmed)]),
            announcements: BTreeMap::new(),
            allows_free_text: false,
            cool_down_secs: 30.0,
            repeats_max: 5,
            repeats_within_secs: 600.0,
            quiet_hours: None,
            stands_in: BTreeSet::new(),
            after: BTreeSet::new(),
            not_while: BTreeSet::new(),
            wait_secs: 20.0,
            drill: Drill::Silent,
            is_drill: false,
            order_lives_max_secs: 120.0,
            clock_ahead_max_secs: CLOCK_AHEAD_SECS_MAX,
            data_age_max_secs: 10.0,
        }
    }
}
