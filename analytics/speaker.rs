//! Loudspeakers that speak at the right moment and never at the wrong one: what may be said ([`Policy`]), the state
//! machine that decides ([`Interlock`]), and whether it helped ([`effect`]).
//!
//! Pure: the time is an argument, and what must happen comes back as [`Action`]s. Nothing here makes a sound.

mod action;
pub mod effect;
mod interlock;
mod order;
mod orders_taken;
mod policy;

pub use action::{Action, Receipt, Stage, StopCause};
pub use interlock::{Interlock, Speaking, Waiting};
pub use order::{Authority, Moment, Order, Refusal, Request, Say, What};
pub use orders_taken::OrdersTaken;
pub use policy::{Consent, Draw, Drill, Policy, QuietHours};

#[cfg(test)]
mod tests;
