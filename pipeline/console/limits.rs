//! How often a client may ask, and how often it may be wrong about a password.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use throng_analytics::time::Timestamp;

use crate::options::Rates;

/// After this long a wrong password is forgotten, seconds.
const FAILURES_FORGOTTEN_SECS: f64 = 300.0;
/// How many more wrong passwords an address has than one user: several people may share it.
const FAILURES_OF_ADDRESS: u32 = 5;
/// Clients remembered; beyond it those that have been quiet go.
const CLIENTS_MAX: usize = 10_000;

/// What a client has left.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// All limits.
#[derive(Debug)]
pub(crate) struct Limits {
    rates: Rates,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
    failures: Mutex<HashMap<(IpAddr, String), Vec<Timestamp>>>,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { rates, buckets: Mutex::default(), failures: Mutex::default() }
    }

    /// Whether an address may ask once more now.
    pub(crate) fn may_ask(&self, address: IpAddr, now: Timestamp) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CLIENTS_MAX {
            buckets.retain(|_, bucket| now.secs_since(bucket.at) < 60.0);
        }
        let rates = self.rates;
        let bucket = buckets.entry(address).or_insert(Bucket { left: rates.burst, at: now });
        let gained = now.secs_since(bucket.at).max(0.0) * rates.requests_per_s;
        bucket.left = (bucket.left + gained).min(rates.burst);
        bucket.at = now;
        let may = bucket.left >= 1.0;
        if may {
            bucket.left -= 1.0;
        }
        may
    }

    /// Whether an address may try a password for a user now.
    pub(crate) fn may_log_in(&self, address: IpAddr, user: &str, now: Timestamp) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, times| {
            times.retain(|at| now.secs_since(*at) < FAILURES_FORGOTTEN_SECS);
            !times.is_empty()
        });
        let count = |times: &Vec<Timestamp>| u32::try_from(times.len()).unwrap_or(u32::MAX);
        let of_user = failures.get(&(address, user.to_owned())).map_or(0, count);
        let of_address: u32 =
            failures.iter().filter(|((of, _), _)| *of == address).map(|(_, times)| count(times)).sum();
        of_user < self.rates.login_failures && of_address < self.rates.login_failures * FAILURES_OF_ADDRESS
    }

    /// A password was wrong.
    pub(crate) fn failed(&self, address: IpAddr, user: &str, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < CLIENTS_MAX {
            failures.entry((address, user.to_owned())).or_default().push(now);
        }
    }

    /// A password was right: the user's earlier slips are forgotten.
    pub(crate) fn succeeded(&self, address: IpAddr, user: &str) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&(address, user.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_unix_nanos(1_750_000_000_000_000_000) + secs
    }

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn a_client_has_a_burst_and_then_its_rate_and_others_are_not_its_concern() {
        let limits = Limits::new(Rates { requests_per_s: 2.0, burst: 3.0, ..Rates::default() });
        let asked = |secs| limits.may_ask(address(1), at(secs));
        assert_eq!([asked(0.0), asked(0.0), asked(0.0), asked(0.0)], [true, true, true, false]);
        assert_eq!([asked(0.6), asked(0.6)], [true, false]);
        assert!(limits.may_ask(address(2), at(0.6)));
    }

    #[test]
    fn wrong_passwords_count_for_a_user_and_for_an_address_and_are_forgotten() {
        let limits = Limits::new(Rates { login_failures: 2, ..Rates::default() });
        for _ in 0..2 {
            assert!(limits.may_log_in(address(1), "ann", at(0.0)));
            limits.failed(address(1), "ann", at(0.0));
        }
        assert!(!limits.may_log_in(address(1), "ann", at(299.0)));
        // The real ann, elsewhere, is not locked out by it.
        assert!(limits.may_log_in(address(2), "ann", at(0.0)));
        assert!(limits.may_log_in(address(1), "bob", at(0.0)));
        for number in 0..8 {
            limits.failed(address(1), &format!("guess{number}"), at(1.0));
        }
        assert!(!limits.may_log_in(address(1), "bob", at(1.0)));
        assert!(limits.may_log_in(address(1), "ann", at(301.5)));
    }
}
