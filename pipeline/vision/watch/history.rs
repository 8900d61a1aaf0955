//! What a camera usually measures.

use std::collections::VecDeque;

use throng_analytics::time::Timestamp;

/// Values kept: at one a second, the last minutes.
const LENGTH: usize = 240;

/// Least time between two kept values, seconds.
const EVERY_SECS: f64 = 1.0;

/// Values without which nothing is usual yet.
const KNOWN_FROM: usize = 10;

/// A value's recent past.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    values: VecDeque<f64>,
    kept_at: Option<Timestamp>,
}

impl History {
    /// Keeps a value, unless one was kept a moment ago.
    pub(super) fn keep(&mut self, value: f64, at: Timestamp) {
        if self.kept_at.is_some_and(|kept| (0.0..EVERY_SECS).contains(&at.secs_since(kept))) {
            return;
        }
        self.kept_at = Some(at);
        if self.values.len() == LENGTH {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// A quantile, 0 to 1; `None` before enough is known.
    pub(super) fn quantile(&self, part: f64) -> Option<f64> {
        if self.values.len() < KNOWN_FROM {
            return None;
        }
        let mut sorted: Vec<f64> = self.values.iter().copied().collect();
        let index = (part * (sorted.len() - 1) as f64).round() as usize;
        Some(*sorted.select_nth_unstable_by(index, f64::total_cmp).1)
    }
}

/// Holds a suspicion until it has lasted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lasting {
    /// When it began: the last picture before it.
    since: Option<Timestamp>,
    /// The picture before this one.
    before: Option<Timestamp>,
    /// Whether it has lasted.
    holds: bool,
    /// When what was suspected was last absent, while it holds.
    absent_since: Option<Timestamp>,
}

impl Lasting {
    /// The last picture before the suspicion, once it has lasted for `secs`; over when it was absent for `secs` too.
    pub(super) fn observe(&mut self, is_suspect: bool, at: Timestamp, secs: f64) -> Option<Timestamp> {
        let before = self.before.replace(at).unwrap_or(at);
        if is_suspect {
            self.absent_since = None;
            let since = *self.since.get_or_insert(before);
            self.holds |= at.secs_since(since) >= secs;
        } else if self.holds {
            let absent = *self.absent_since.get_or_insert(at);
            if at.secs_since(absent) >= secs.min(1.0) {
                *self = Self { before: self.before, ..Self::default() };
            }
        } else {
            self.since = None;
        }
        self.since.filter(|_| self.holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_no_trouble_and_a_moment_of_clarity_no_end_of_it() {
        let at = |secs: f64| Timestamp::default() + secs;
        let mut lasting = Lasting::default();
        assert_eq!(lasting.observe(false, at(0.0), 2.0), None);
        assert_eq!(lasting.observe(true, at(1.0), 2.0), None);
        assert_eq!(lasting.observe(false, at(2.0), 2.0), None);
        assert_eq!(lasting.observe(true, at(3.0), 2.0), None);
        assert_eq!(lasting.observe(true, at(4.0), 2.0), Some(at(2.0)));
        assert_eq!(lasting.observe(false, at(4.2), 2.0), Some(at(2.0)));
        assert_eq!(lasting.observe(true, at(4.4), 2.0), Some(at(2.0)));
        assert_eq!(lasting.observe(false, at(4.6), 2.0), Some(at(2.0)));
        assert_eq!(lasting.observe(false, at(5.6), 2.0), None);
    }

    #[test]
    fn nothing_is_usual_before_enough_was_seen() {
        let mut history = History::default();
        for second in 0..9 {
            history.keep(f64::from(second), Timestamp::default() + f64::from(second));
            history.keep(1e9, Timestamp::default() + f64::from(second) + 0.5);
        }
        assert_eq!(history.quantile(0.5), None);
        history.keep(9.0, Timestamp::default() + 9.0);
        assert_eq!((history.quantile(0.0), history.quantile(1.0)), (Some(0.0), Some(9.0)));
    }
}
