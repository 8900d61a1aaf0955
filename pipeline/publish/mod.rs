//! Out: the site's facts and warnings on the zenoh bus.
//!
//! # Brief overview
//! A [`Topic`] is a key with its encoding and quality of service, all in one table. An [`Outgoing`] is a message in
//! its wire form. A [`BusHandle`] takes messages from any thread and never waits; the [`Bus`] behind it is a task that
//! owns the zenoh session, publishes, repeats warnings, answers late joiners and says how it is doing as a
//! [`BusState`]. A [`Watcher`] is the other side: it hears what sites publish and when they fall silent.
//!
//! zenoh is used here and nowhere else.

mod acks;
mod bus;
pub mod conventions;
mod current;
mod delivery;
mod id;
mod in_order;
pub mod intake;
mod keeper;
pub mod keys;
mod marks;
mod network;
mod outbox;
mod outgoing;
mod publishers;
mod rare_log;
mod receipts;
mod repeats;
mod session;
mod signals;
pub mod signature;
mod speaker_link;
mod state;
mod store;
mod talker;
mod watcher;
mod worker;
mod zenoh_error;

#[cfg(test)]
mod tests;

pub use self::{
    bus::{Bus, BusHandle, BusOptions},
    delivery::{Delivery, Form},
    id::Id,
    keeper::{Left, OutboxOptions},
    keys::Topic,
    network::{BusMode, MEETING_PORT, Network, shown_endpoint},
    outgoing::Outgoing,
    rare_log::RareLog,
    session::open_session,
    signals::RawSignal,
    speaker_link::{SpeakerHeard, SpeakerLink},
    state::BusState,
    talker::Talker,
    watcher::{Arrival, Heard, Watcher, check_key_expression},
};
