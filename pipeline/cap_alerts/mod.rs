//! Alerts of others by the Common Alerting Protocol 1.2 (OASIS), and which signals a site is told by them.
//!
//! In nouns: **document -> alert -> rule -> signal**. [`alert`] reads a document, [`table`] says which alerts concern the site and
//! what they lower, [`alerts`] knows which of them hold now, [`source`] fetches them. All but the last is pure.

pub mod alert;
pub mod alerts;
pub mod source;
pub mod table;
