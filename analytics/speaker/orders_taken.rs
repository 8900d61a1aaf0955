//! Whether a signer's word still counts: each order once, in the order in which it was given, and not after its time.

use std::collections::BTreeMap;

use super::{
    order::{Authority, Refusal},
    policy::Policy,
};
use crate::time::Timestamp;

/// Signers whose numbers are remembered at most; each has a key that was given out by hand.
const SIGNERS_MAX: usize = 1024;

/// The number that each signer has reached.
#[derive(Clone, Debug, Default)]
pub struct OrdersTaken(BTreeMap<String, u64>);

impl OrdersTaken {
    /// With the numbers that were reached before.
    pub fn new(last_sequence: BTreeMap<String, u64>) -> Self {
        Self(last_sequence)
    }

    /// Takes an order whose signature holds. Its number is used up, also where its time is over.
    ///
    /// # Errors
    /// Why it does not count: a replay or overtaken, from the future, expired, or meant to live for too long.
    pub fn take(&mut self, authority: &Authority, policy: &Policy, now: Timestamp) -> Result<(), Refusal> {
        let last = self.0.get(&authority.signer).copied();
        if let Some(last) = last
            && authority.sequence <= last
        {
            return Err(Refusal::Replayed { last });
        }
        let ahead_secs = authority.issued_at.secs_since(now);
        // A number from the future is not remembered: it could lock its signer out.
        if ahead_secs > policy.clock_ahead_max_secs {
            return Err(Refusal::FromTheFuture { ahead_secs });
        }
        if self.0.len() < SIGNERS_MAX || last.is_some() {
            self.0.insert(authority.signer.clone(), authority.sequence);
        }
        let late_secs = now.secs_since(authority.expires_at);
        if late_secs >= 0.0 {
            return Err(Refusal::Expired { late_secs });
        }
        let lives_secs = authority.expires_at.secs_since(authority.issued_at);
        if lives_secs > policy.order_lives_max_secs { Err(Refusal::LivesTooLong) } else { Ok(()) }
    }
}
