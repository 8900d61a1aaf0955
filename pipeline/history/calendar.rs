//! Days that are not like others: holidays, market days, events.

use serde::{Deserialize, Serialize};

use crate::error::HistoryError;

/// What makes a day unlike others. Days of one kind are alike, and are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A public holiday.
    Holiday,
    /// A market day.
    Market,
    /// A concert, a match, a festival.
    Event,
    /// The place is closed, or a part of it.
    Closure,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Holiday, Self::Market, Self::Event, Self::Closure];

    /// The name in tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::Market => "market",
            Self::Event => "event",
            Self::Closure => "closure",
        }
    }

    /// The kind of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An entry of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEvent {
    /// The day, `YYYY-MM-DD`, in the site's time zone.
    pub date: String,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: EventKind,
    /// Only at this site; everywhere without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

impl CalendarEvent {
    /// # Errors
    /// The date is none, or there is no name.
    pub(crate) fn check(&self) -> Result<(), HistoryError> {
        parse_date(&self.date)?;
        if self.name.trim().is_empty() || self.name.chars().count() > 200 {
            return Err(HistoryError::BadRequest(
                "a calendar entry needs a name of 1 to 200 characters".to_owned(),
            ));
        }
        Ok(())
    }
}

/// The day of `YYYY-MM-DD`.
pub(crate) fn parse_date(date: &str) -> Result<jiff::civil::Date, HistoryError> {
    let shape = date.len() == 10 && date.as_bytes()[4] == b'-';
    date.parse().ok().filter(|_| shape).ok_or_else(|| {
        HistoryError::BadRequest(format!(
            "\"{date}\" is not a day: write it as YYYY-MM-DD, such as 2026-10-01"
        ))
    })
}
