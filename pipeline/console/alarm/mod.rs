//! Alarms: an incident of a site, and what people do about it, from its raising to its closing.

mod life;
mod performance;
mod record;
mod refusal;
#[cfg(test)]
mod tests;
mod timers;

pub(crate) use life::{Action, Actor, JournalEntry, Life, Note, Stage, Telling};
pub(crate) use performance::performance;
pub(crate) use record::record;
pub(crate) use refusal::Refusal;
pub(crate) use timers::{Timer, TimerName};
