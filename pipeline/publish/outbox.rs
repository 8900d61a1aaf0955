//! The border between the site's thread and the network: bounded, and never in the way of either.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard},
};

use tokio::sync::Notify;

use super::{Outgoing, Topic, store::Place};
use crate::locked::locked;

/// Messages that a later one supersedes, waiting at most: a step of a thousand zones has about six thousand.
const MEASURED_MAX: usize = 16 * 1024;
/// Kept messages waiting before those that a newer one of the same key supersedes are dropped.
const KEPT_MAX: usize = 1024;

/// What waits to be published.
///
/// Measurements: the oldest gives way when the queue is full, and is counted. Kept messages (warnings) go first and in
/// order. When very many wait, as after a long outage, a message gives way to a newer one of the same key; the newest
/// state of every key is never lost, so the queue is bounded by the larger of its limit and the number of keys.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    measured_max: usize,
    kept_max: usize,
}

/// A message in the queue, with its place on disk where it has one.
#[derive(Debug, PartialEq)]
pub(super) struct Queued {
    pub(super) message: Outgoing,
    pub(super) place: Option<Place>,
}

/// The queues.
#[derive(Debug, Default)]
struct Waiting {
    kept: VecDeque<Queued>,
    measured: VecDeque<Outgoing>,
    dropped: BTreeMap<&'static str, u64>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::with_limits(MEASURED_MAX, KEPT_MAX)
    }
}

impl Outbox {
    /// An outbox with its own limits.
    fn with_limits(measured_max: usize, kept_max: usize) -> Self {
        Self { waiting: Mutex::default(), arrived: Notify::new(), measured_max, kept_max }
    }

    /// Puts a message in; never waits for the network.
    pub(super) fn push(&self, message: Outgoing) {
        self.put(message, None);
    }

    /// The same with a message that is on disk, and can be had again from there.
    pub(super) fn push_saved(&self, message: Outgoing, place: Place) {
        self.put(message, Some(place));
    }

    fn put(&self, message: Outgoing, place: Option<Place>) {
        let mut waiting = self.lock();
        if message.topic.delivery().kept {
            if waiting.kept.len() >= self.kept_max {
                waiting.drop_superseded(&message.topic);
            }
            waiting.kept.push_back(Queued { message, place });
        } else {
            if waiting.measured.len() >= self.measured_max
                && let Some(oldest) = waiting.measured.pop_front()
            {
                waiting.count_drop(&oldest.topic);
            }
            waiting.measured.push_back(message);
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// The next message: kept ones first, each queue in order.
    pub(super) fn pop(&self) -> Option<Queued> {
        let mut waiting = self.lock();
        let measured = |message| Queued { message, place: None };
        waiting.kept.pop_front().or_else(|| waiting.measured.pop_front().map(measured))
    }

    /// Returns when something may have arrived since the last [`Self::pop`] that found nothing.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Messages dropped so far, by the short name of their topic.
    pub(super) fn dropped(&self) -> BTreeMap<&'static str, u64> {
        self.lock().dropped.clone()
    }

    /// Counts a message that the network refused.
    pub(super) fn count_drop(&self, topic: &Topic) {
        self.lock().count_drop(topic);
    }

    /// The queues; a panic elsewhere while they were held leaves them whole, since every change is one step.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        locked(&self.waiting)
    }
}

impl Waiting {
    /// Drops the oldest kept message that has a newer one of its key, or that `incoming` supersedes.
    fn drop_superseded(&mut self, incoming: &Topic) {
        let superseded = (0..self.kept.len()).find(|&index| {
            let topic = &self.kept[index].message.topic;
            topic == incoming || self.kept.iter().skip(index + 1).any(|later| later.message.topic == *topic)
        });
        // One that is on disk is not lost: it comes from there.
        if let Some(old) = superseded.and_then(|index| self.kept.remove(index))
            && old.place.is_none()
        {
            self.count_drop(&old.message.topic);
        }
    }

    fn count_drop(&mut self, topic: &Topic) {
        *self.dropped.entry(topic.delivery().name).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Id;

    fn warning(zone: &str, level: u8) -> Outgoing {
        let topic = Topic::Warning(Id::new(zone).unwrap());
        Outgoing::new(topic, vec![level])
    }

    fn density(value: u8) -> Outgoing {
        let topic = Topic::ZoneDensity(Id::new("gate").unwrap());
        Outgoing::new(topic, vec![value])
    }

    fn drain(outbox: &Outbox) -> Vec<Outgoing> {
        std::iter::from_fn(|| outbox.pop()).map(|queued| queued.message).collect()
    }

    #[test]
    fn warnings_overtake_measurements_and_both_keep_their_order() {
        let outbox = Outbox::default();
        for message in [density(1), warning("a", 1), density(2), warning("a", 2)] {
            outbox.push(message);
        }
        assert_eq!(drain(&outbox), [warning("a", 1), warning("a", 2), density(1), density(2)]);
        assert!(outbox.dropped().is_empty());
    }

    #[test]
    fn the_oldest_measurement_gives_way_and_is_counted() {
        let outbox = Outbox::with_limits(2, 2);
        for value in 1..=5 {
            outbox.push(density(value));
        }
        assert_eq!(drain(&outbox), [density(4), density(5)]);
        assert_eq!(outbox.dropped(), BTreeMap::from([("density", 3)]));
    }

    #[test]
    fn the_newest_warning_of_every_zone_survives_any_outage() {
        let outbox = Outbox::with_limits(2, 3);
        for message in [warning("a", 1), warning("b", 1), warning("a", 2), warning("a", 3), warning("b", 2)] {
            outbox.push(message);
        }
        assert_eq!(drain(&outbox), [warning("a", 2), warning("a", 3), warning("b", 2)]);
        assert_eq!(outbox.dropped(), BTreeMap::from([("warning", 2)]));
        for zone in ["a", "b", "c", "d", "e"] {
            outbox.push(warning(zone, 1));
        }
        assert_eq!(drain(&outbox).len(), 5, "no newer one of the same key: nothing gives way");
    }
}
