//! Warnings at the receiving end: each once, and in the order in which they were raised.
//!
//! The sender says things more than once: the newest every second, and after an outage all that nobody has confirmed.
//! A number (`seq`, within a `numbering`) tells what has come already. Where one is missing, those after it wait for
//! it, but not for long: a newer warning matters more than a complete record.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::marks::Marks;

/// How long a warning waits for one that was raised before it.
pub(super) const GAP_PATIENCE: Duration = Duration::from_secs(2);
/// Warnings of a key that wait at most.
const HELD_MAX: usize = 256;
/// Numbers of a key that are known to be missing at most; older ones are given up.
const MISSING_MAX: usize = 4096;
/// Keys whose order is kept at most: more zones than any city has, and a bound for whoever makes keys up.
const KEYS_MAX: usize = 10_000;

/// Which warning of a key this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Series of numbers.
    pub(super) numbering: String,
    /// Number in it.
    pub(super) seq: u64,
}

/// A warning whose turn it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Delivered<T> {
    /// The warning.
    pub(super) item: T,
    /// A newer one of its key has gone before: it is for the record only.
    pub(super) late: bool,
}

/// What came of a warning.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome<T> {
    /// These are to be delivered now, in this order; none where it waits for an earlier one.
    Deliver(Vec<Delivered<T>>),
    /// It has been delivered before.
    Known,
}

/// Keeps the order of every key.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    keys: BTreeMap<String, KeyOrder<T>>,
}

/// One key.
#[derive(Debug)]
struct KeyOrder<T> {
    numbering: String,
    /// The number whose turn it is.
    next: u64,
    /// What came before its turn.
    held: BTreeMap<u64, T>,
    held_since: Option<Instant>,
    /// Numbers below `next` that never came.
    missing: BTreeSet<u64>,
    /// A repetition that came before any history, and may be followed by it.
    awaited: Option<u64>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self { keys: BTreeMap::new() }
    }
}

impl<T> InOrder<T> {
    /// Takes a warning in.
    pub(super) fn feed(
        &mut self,
        key: &str,
        stamp: &Stamp,
        marks: Marks,
        item: T,
        now: Instant,
    ) -> Outcome<T> {
        if !self.keys.contains_key(key) && self.keys.len() >= KEYS_MAX {
            self.keys.pop_first();
        }
        let begin = marks.first_seq.unwrap_or(stamp.seq).min(stamp.seq);
        let order = self.keys.entry(key.to_owned()).or_insert_with(|| KeyOrder::new(&stamp.numbering, begin));
        let mut due = Vec::new();
        if order.numbering != stamp.numbering {
            // A new file of the sender: what still waits of the old one is delivered first.
            due = order.skip_gaps();
            *order = KeyOrder::new(&stamp.numbering, begin);
        }
        if !order.is_begun() {
            // On joining, the repetition of the newest comes before the history: the history goes first. Should none
            // come, the second repetition begins.
            if marks.repeated && order.awaited != Some(stamp.seq) {
                order.awaited = Some(stamp.seq);
                return Outcome::Deliver(due);
            }
            order.next = begin;
            order.awaited = None;
        }
        if let Some(first) = marks.first_seq {
            due.extend(order.forget_before(first, now));
        }
        match order.take(stamp.seq, item, now) {
            Outcome::Known if due.is_empty() => Outcome::Known,
            Outcome::Known => Outcome::Deliver(due),
            Outcome::Deliver(more) => {
                due.extend(more);
                Outcome::Deliver(due)
            }
        }
    }

    /// What has waited long enough for an earlier one by `now`.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Delivered<T>> {
        self.keys
            .values_mut()
            .filter(|order| {
                order.held_since.is_some_and(|at| now.saturating_duration_since(at) >= GAP_PATIENCE)
            })
            .flat_map(|order| order.skip_gap(now))
            .collect()
    }

    /// When something will have waited long enough.
    pub(super) fn next_overdue(&self) -> Option<Instant> {
        self.keys.values().filter_map(|order| order.held_since).min().map(|at| at + GAP_PATIENCE)
    }

    /// The series and the number up to which nothing of a key is missing.
    pub(super) fn complete_up_to(&self, key: &str) -> Option<Stamp> {
        let order = self.keys.get(key).filter(|order| order.is_begun())?;
        let end = order.missing.first().copied().unwrap_or(order.next);
        Some(Stamp { numbering: order.numbering.clone(), seq: end.checked_sub(1)? })
    }
}

impl<T> KeyOrder<T> {
    fn new(numbering: &str, next: u64) -> Self {
        Self {
            numbering: numbering.to_owned(),
            next,
            held: BTreeMap::new(),
            held_since: None,
            missing: BTreeSet::new(),
            awaited: Some(u64::MAX),
        }
    }

    /// Whether the first number is settled.
    const fn is_begun(&self) -> bool {
        self.awaited.is_none()
    }

    fn take(&mut self, seq: u64, item: T, now: Instant) -> Outcome<T> {
        if seq < self.next {
            return if self.missing.remove(&seq) {
                Outcome::Deliver(vec![Delivered { item, late: true }])
            } else {
                Outcome::Known
            };
        }
        if seq > self.next {
            if self.held.insert(seq, item).is_some() {
                return Outcome::Known;
            }
            self.held_since.get_or_insert(now);
            let due = if self.held.len() > HELD_MAX { self.skip_gap(now) } else { Vec::new() };
            return Outcome::Deliver(due);
        }
        let mut due = vec![Delivered { item, late: false }];
        self.next = self.next.saturating_add(1);
        due.extend(self.follow(now));
        Outcome::Deliver(due)
    }

    /// Everything held whose turn it is now.
    fn follow(&mut self, now: Instant) -> Vec<Delivered<T>> {
        let mut due = Vec::new();
        while let Some(item) = self.held.remove(&self.next) {
            due.push(Delivered { item, late: false });
            self.next = self.next.saturating_add(1);
        }
        self.held_since = if self.held.is_empty() {
            None
        } else if due.is_empty() {
            self.held_since
        } else {
            Some(now)
        };
        due
    }

    /// Gives up waiting for what is missing before the first that is held.
    fn skip_gap(&mut self, now: Instant) -> Vec<Delivered<T>> {
        let Some(&first) = self.held.keys().next() else { return Vec::new() };
        self.missing.extend((self.next..first).rev().take(MISSING_MAX));
        while self.missing.len() > MISSING_MAX {
            self.missing.pop_first();
        }
        self.next = first;
        self.follow(now)
    }

    /// Everything held, in order.
    fn skip_gaps(&mut self) -> Vec<Delivered<T>> {
        std::mem::take(&mut self.held).into_values().map(|item| Delivered { item, late: false }).collect()
    }

    /// The sender has nothing before this number any more.
    fn forget_before(&mut self, first: u64, now: Instant) -> Vec<Delivered<T>> {
        self.missing = self.missing.split_off(&first);
        let mut due = Vec::new();
        while let Some(entry) = self.held.first_entry().filter(|entry| *entry.key() < first) {
            due.push(Delivered { item: entry.remove(), late: false });
        }
        self.next = self.next.max(first);
        due.extend(self.follow(now));
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: Marks = Marks { repeated: false, redelivered: false, first_seq: None };

    fn stamp(seq: u64) -> Stamp {
        Stamp { numbering: "a".to_owned(), seq }
    }

    /// Feeds numbers; what is delivered, with `true` for late.
    fn fed(order: &mut InOrder<u64>, marks: Marks, seqs: &[u64], now: Instant) -> Vec<(u64, bool)> {
        seqs.iter()
            .flat_map(|&seq| match order.feed("gate", &stamp(seq), marks, seq, now) {
                Outcome::Deliver(due) => due,
                Outcome::Known => Vec::new(),
            })
            .map(|due| (due.item, due.late))
            .collect()
    }

    #[test]
    fn each_is_delivered_once_and_in_order() {
        let (mut order, now) = (InOrder::default(), Instant::now());
        let due = fed(&mut order, FIRST, &[5, 6, 6, 5, 8, 9, 7, 10, 8], now);
        assert_eq!(due, [5, 6, 7, 8, 9, 10].map(|seq| (seq, false)));
        assert_eq!(order.complete_up_to("gate"), Some(stamp(10)));
        assert_eq!(order.next_overdue(), None);
    }

    #[test]
    fn a_newer_one_does_not_wait_for_ever_and_the_one_that_comes_after_it_is_late() {
        let (mut order, now) = (InOrder::default(), Instant::now());
        assert_eq!(fed(&mut order, FIRST, &[1, 4], now), [(1, false)]);
        assert!(order.overdue(now + GAP_PATIENCE / 2).is_empty());
        let due = order.overdue(now + GAP_PATIENCE);
        assert_eq!(due, [Delivered { item: 4, late: false }]);
        assert_eq!(order.complete_up_to("gate"), Some(stamp(1)), "2 and 3 are still to come");
        assert_eq!(fed(&mut order, FIRST, &[3, 2, 5], now), [(3, true), (2, true), (5, false)]);
        assert_eq!(order.complete_up_to("gate"), Some(stamp(5)));
    }

    #[test]
    fn on_joining_history_comes_before_the_repetition_of_the_newest() {
        let (mut order, now) = (InOrder::default(), Instant::now());
        assert!(fed(&mut order, Marks::REPEATED, &[3], now).is_empty());
        assert_eq!(fed(&mut order, FIRST, &[1, 2, 3], now), [(1, false), (2, false), (3, false)]);
        assert!(fed(&mut order, Marks::REPEATED, &[3, 3], now).is_empty());

        let mut without_history = InOrder::default();
        assert_eq!(fed(&mut without_history, Marks::REPEATED, &[7, 7], now), [(7, false)]);
    }

    #[test]
    fn the_sender_says_where_to_begin_and_what_will_never_come() {
        let (mut order, now) = (InOrder::default(), Instant::now());
        let from_2 = Marks { first_seq: Some(2), ..FIRST };
        assert!(fed(&mut order, from_2, &[4], now).is_empty(), "2 and 3 come first");
        assert_eq!(fed(&mut order, from_2, &[2, 3], now), [(2, false), (3, false), (4, false)]);
        assert!(fed(&mut order, FIRST, &[9], now).is_empty());
        let from_9 = Marks { first_seq: Some(9), ..FIRST };
        assert_eq!(fed(&mut order, from_9, &[10], now), [(9, false), (10, false)]);
    }

    #[test]
    fn a_new_outbox_begins_anew() {
        let (mut order, now) = (InOrder::default(), Instant::now());
        fed(&mut order, FIRST, &[50, 52], now);
        let other = Stamp { numbering: "b".to_owned(), seq: 0 };
        let Outcome::Deliver(due) = order.feed("gate", &other, FIRST, 0, now) else { panic!() };
        assert_eq!(due.iter().map(|due| due.item).collect::<Vec<_>>(), [52, 0]);
    }

    proptest! {
        #[test]
        fn whatever_comes_twice_or_late_is_delivered_once_and_only_the_late_are_out_of_order(
            seqs in prop::collection::vec(0_u64..40, 1..200),
            waits in prop::collection::vec(any::<bool>(), 200),
        ) {
            let (mut order, mut now) = (InOrder::default(), Instant::now());
            let mut due = fed(&mut order, Marks { first_seq: Some(0), ..FIRST }, &[0], now);
            for (seq, wait) in seqs.iter().zip(waits) {
                due.extend(fed(&mut order, FIRST, &[*seq], now));
                if wait {
                    now += GAP_PATIENCE;
                    due.extend(order.overdue(now).into_iter().map(|due| (due.item, due.late)));
                }
            }
            while let Some(at) = order.next_overdue() {
                due.extend(order.overdue(at).into_iter().map(|due| (due.item, due.late)));
            }
            let mut sent: Vec<u64> = seqs.iter().copied().chain([0]).collect();
            sent.sort_unstable();
            sent.dedup();
            let mut arrived: Vec<u64> = due.iter().map(|(seq, _)| *seq).collect();
            let in_order: Vec<u64> = due.iter().filter(|(_, late)| !late).map(|(seq, _)| *seq).collect();
            prop_assert!(in_order.is_sorted());
            arrived.sort_unstable();
            prop_assert_eq!(arrived, sent);
        }
    }
}
