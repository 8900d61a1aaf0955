//! Pull points (Core Specification, 9.1): what each subscriber has not taken yet. Pure: the time is an argument.

use std::collections::{BTreeMap, VecDeque};

use throng_analytics::{time::Timestamp, wire::Warning};

use super::{Operation, notifications, without_prefixes};

/// Subscribers at a time.
pub(super) const SUBSCRIBERS_MAX: usize = 16;
/// Notifications that wait for one; the oldest give way.
const WAITING_MAX: usize = 256;

/// All subscribers, and what they are to be told.
#[derive(Debug, Default)]
pub(super) struct PullPoints {
    last: BTreeMap<String, Warning>,
    points: BTreeMap<u64, PullPoint>,
    last_id: u64,
}

#[derive(Debug)]
struct PullPoint {
    filter: Filter,
    waiting: VecDeque<String>,
    lasts_secs: f64,
    ends_at: Timestamp,
}

/// Topics that are wanted; none for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<String>);

impl Filter {
    /// An expression of the concrete set: topics with `|` between them, each with `//.` behind it where all below it are wanted.
    pub(super) fn parse(expression: &str) -> Self {
        let wanted = expression.split('|').map(str::trim).filter(|topic| !topic.is_empty());
        Self(wanted.map(without_prefixes_of_pattern).collect())
    }

    fn lets_pass(&self, topic: &str) -> bool {
        let topic = without_prefixes(topic);
        let is_wanted = |wanted: &String| match wanted.strip_suffix("//.") {
            Some(above) => {
                topic.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            None => topic == *wanted,
        };
        self.0.is_empty() || self.0.iter().any(is_wanted)
    }
}

fn without_prefixes_of_pattern(pattern: &str) -> String {
    match pattern.strip_suffix("//.") {
        Some(above) => without_prefixes(above) + "//.",
        None => without_prefixes(pattern),
    }
}

impl PullPoints {
    /// Puts a warning where it is wanted.
    pub(super) fn tell(&mut self, warning: &Warning) {
        self.last.insert(warning.zone.clone(), warning.clone());
        for (topic, element) in notifications(warning, Operation::Changed) {
            for point in self.points.values_mut().filter(|point| point.filter.lets_pass(topic)) {
                point.push(element.clone());
            }
        }
    }

    /// A new subscriber, who is told first how everything is; `None` where there are too many.
    pub(super) fn create(&mut self, filter: Filter, ends_at: Timestamp, now: Timestamp) -> Option<u64> {
        let lasts_secs = ends_at.secs_since(now);
        self.points.retain(|_, point| point.ends_at > now);
        if self.points.len() >= SUBSCRIBERS_MAX {
            return None;
        }
        self.last_id += 1;
        self.points.insert(self.last_id, PullPoint { filter, waiting: VecDeque::new(), lasts_secs, ends_at });
        self.synchronise(self.last_id, now);
        Some(self.last_id)
    }

    /// Takes up to `limit` notifications, and when the subscription ends; `None` for a subscriber that is not known.
    pub(super) fn take(&mut self, id: u64, limit: usize, now: Timestamp) -> Option<(Vec<String>, Timestamp)> {
        let point = self.point(id, now)?;
        let count = limit.min(point.waiting.len());
        Some((point.waiting.drain(..count).collect(), point.ends_at))
    }

    /// Tells a subscriber once more how everything is; whether it is known.
    pub(super) fn synchronise(&mut self, id: u64, now: Timestamp) -> bool {
        let last: Vec<_> =
            self.last.values().flat_map(|warning| notifications(warning, Operation::Initialized)).collect();
        let Some(point) = self.point(id, now) else { return false };
        for (topic, element) in last {
            if point.filter.lets_pass(topic) {
                point.push(element);
            }
        }
        true
    }

    /// Lets a subscriber who will wait so long at most be known for its time after that, too: who fetches need not renew.
    pub(super) fn keep_alive(&mut self, id: u64, wait_secs: f64, now: Timestamp) {
        if let Some(point) = self.point(id, now) {
            point.ends_at = point.ends_at.max(now + wait_secs + point.lasts_secs);
        }
    }

    /// Lets a subscription last longer; whether it is known.
    pub(super) fn renew(&mut self, id: u64, ends_at: Timestamp, now: Timestamp) -> bool {
        self.point(id, now).map(|point| point.ends_at = ends_at).is_some()
    }

    /// Ends a subscription; whether it was known.
    pub(super) fn end(&mut self, id: u64) -> bool {
        self.points.remove(&id).is_some()
    }

    fn point(&mut self, id: u64, now: Timestamp) -> Option<&mut PullPoint> {
        self.points.get_mut(&id).filter(|point| point.ends_at > now)
    }
}

impl PullPoint {
    fn push(&mut self, element: String) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(element);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    const NOW: Timestamp = Timestamp::from_unix_nanos(0);

    #[test]
    fn who_comes_late_is_told_how_it_is_and_then_what_changes() {
        let mut points = PullPoints::default();
        points.tell(&warning());
        let id = points.create(Filter::default(), NOW + 60.0, NOW).unwrap();
        let (told, _) = points.take(id, 1, NOW).unwrap();
        assert!(told.len() == 1 && told[0].contains("Initialized") && told[0].contains("126"), "{told:?}");
        points.tell(&warning());
        let (told, _) = points.take(id, 100, NOW).unwrap();
        let changed = told.iter().filter(|element| element.contains("Changed")).count();
        assert_eq!((told.len(), changed), (3, 2));
        assert_eq!(points.take(id, 100, NOW), Some((Vec::new(), NOW + 60.0)));
        assert!(points.synchronise(id, NOW));
        assert_eq!(points.take(id, 100, NOW).unwrap().0.len(), 2);
    }

    #[test]
    fn a_subscription_ends_by_itself_unless_it_is_renewed_and_there_are_not_too_many() {
        let mut points = PullPoints::default();
        let id = points.create(Filter::default(), NOW + 60.0, NOW).unwrap();
        assert!(points.renew(id, NOW + 90.0, NOW + 30.0));
        assert!(points.take(id, 1, NOW + 80.0).is_some());
        points.keep_alive(id, 30.0, NOW + 80.0);
        assert!(points.take(id, 1, NOW + 169.0).is_some());
        assert_eq!(points.take(id, 1, NOW + 171.0), None);
        assert!(!points.renew(id, NOW + 300.0, NOW + 171.0));
        let late = NOW + 200.0;
        let made: Vec<_> =
            (0..=SUBSCRIBERS_MAX).map(|_| points.create(Filter::default(), late + 1.0, late)).collect();
        assert_eq!(made.iter().flatten().count(), SUBSCRIBERS_MAX);
        assert!(points.end(made[0].unwrap()) && !points.end(made[0].unwrap()));
        assert!(points.create(Filter::default(), late + 1.0, late).is_some());
        // One that does not come keeps no more than so much.
        for _ in 0..WAITING_MAX {
            points.tell(&warning());
        }
        assert_eq!(points.take(made[1].unwrap(), usize::MAX, late).unwrap().0.len(), WAITING_MAX);
    }

    #[test]
    fn filters_name_topics_and_what_is_below_them() {
        let counter = super::super::OCCUPANCY;
        for (expression, wanted) in [
            ("", true),
            ("tns1:RuleEngine//.", true),
            ("x:RuleEngine/CountAggregation/OccupancyCounter", true),
            ("tns1:RuleEngine/CountAggregation", false),
            ("tns1:Device//. | tns1:RuleEngine/CountAggregation//.", true),
            ("tns1:Rule//.", false),
            ("tns1:Device//.", false),
        ] {
            assert_eq!(Filter::parse(expression).lets_pass(counter), wanted, "{expression}");
        }
    }
}
