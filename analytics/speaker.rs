//! Loudspeakers that speak at the right moment and never at the wrong one: what may be said ([`Policy`]), the state
//! machine that decides ([`Interlock`]), and whether it helped ([`effect`]).
//!
//! Pure: the time is an argument, and what must happen comes back as [`Action`]s. Nothing here makes a sound.

pub mod effect;
mod interlock;
mod order;
mod policy;

pub use interlock::{Action, Interlock, Receipt, Speaking, Stage, StopCause, Waiting};
pub use order::{Authority, Moment, Order, Refusal, Request, Say, What};
pub use policy::{Consent, Draw, Drill, Policy, QuietHours};

#[cfg(test)]
mod tests;
