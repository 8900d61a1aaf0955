//! From samples to windows of ten seconds, in whatever order the samples come. Pure: what is stored already is asked for.
//!
//! A sample stands until the next of its series, five seconds at most; the newest one stands for as long as the one before
//! it did. Samples of the last minute are kept, and a window of that minute is summed up anew whenever one of them comes, so
//! that their order cannot matter. What comes later than that fills only time of which nothing is known.

use std::collections::{BTreeMap, BTreeSet};

use throng_analytics::time::Timestamp;

use crate::{
    clock::at_unix_secs,
    resolution::Resolution,
    rollup::Rollup,
    sample::{Sample, window_of},
};

/// For how long a sample stands at most: the age at which data is STALE (`analytics.md` 5.2).
pub(crate) const HOLD_MAX_SECS: f64 = 5.0;
/// For how long a sample stands that is the only one.
const HOLD_ALONE_SECS: f64 = 1.0;
/// Age up to which samples are kept to sum up anew, seconds.
const KEPT_SECS: i64 = 60;
/// Length of a window, seconds.
const WINDOW_SECS: i64 = Resolution::TenSecs.secs();

/// The samples of one series that are not settled yet.
#[derive(Debug)]
pub(crate) struct Collector<S: Sample> {
    /// In order of time.
    recent: Vec<S>,
    /// Too old to be summed up anew, in order of time.
    late: Vec<S>,
    /// What was stored of each unsettled window when it was first touched, by its start.
    stored: BTreeMap<i64, S::Rollup>,
    /// Starts of windows to be summed up anew.
    dirty: BTreeSet<i64>,
    /// Start of the oldest window of which all samples are here.
    oldest_window: i64,
}

impl<S: Sample> Default for Collector<S> {
    fn default() -> Self {
        Self {
            recent: Vec::new(),
            late: Vec::new(),
            stored: BTreeMap::new(),
            dirty: BTreeSet::new(),
            oldest_window: i64::MIN,
        }
    }
}

impl<S: Sample> Collector<S> {
    /// Samples that wait to be settled, and those of the last minute.
    pub(crate) fn held(&self) -> usize {
        self.recent.len() + self.late.len()
    }

    /// Takes a sample. Two of the same instant: the later to come stands.
    pub(crate) fn take(&mut self, sample: S) {
        let at = sample.at();
        if window_of(at) < self.oldest_window {
            insert(&mut self.late, sample);
            return;
        }
        let place = insert(&mut self.recent, sample);
        let before = place.checked_sub(1).map_or(at, |before| self.recent[before].at());
        self.touch(before, before + HOLD_MAX_SECS);
        self.touch(at, at + HOLD_MAX_SECS);
        // For how long the newest stands depends on the one before it, which this may be.
        let newest = self.recent.last().map_or(at, Sample::at);
        self.touch(newest, newest + HOLD_MAX_SECS);
    }

    fn touch(&mut self, from: Timestamp, to: Timestamp) {
        let mut window = window_of(from);
        while window <= window_of(to) {
            self.dirty.insert(window);
            window += WINDOW_SECS;
        }
    }

    /// The windows that have changed, as they are to be stored, by their start. `stored` tells what is stored of a window.
    ///
    /// # Errors
    /// Those of `stored`; nothing is lost then, and the same windows come again.
    pub(crate) fn changed<E>(
        &mut self,
        mut stored: impl FnMut(i64) -> Result<Option<S::Rollup>, E>,
    ) -> Result<Vec<(i64, S::Rollup)>, E> {
        let mut changed = Vec::new();
        let recent = windows(&self.recent);
        for start in self.dirty.range(self.oldest_window..) {
            let window = recent.get(start);
            let mut whole = match (self.stored.get(start), window) {
                (Some(base), _) => base.clone(),
                (None, Some(_)) => {
                    let base = stored(*start)?.unwrap_or_default();
                    self.stored.insert(*start, base.clone());
                    base
                }
                // Touched, but no sample reaches into it, and none did.
                (None, None) => continue,
            };
            if let Some(window) = window {
                whole.fill(window, WINDOW_SECS as f64);
            }
            changed.push((*start, whole));
        }
        for (start, window) in windows(&self.late) {
            // The span of a late sample may reach into windows that are summed up anew, and these know better.
            if start < self.oldest_window {
                let mut whole = stored(start)?.unwrap_or_default();
                whole.fill(&window, WINDOW_SECS as f64);
                changed.push((start, whole));
            }
        }
        Ok(changed)
    }

    /// Forgets what is settled, once what [`Collector::changed`] told is stored.
    pub(crate) fn settle(&mut self) {
        self.dirty.clear();
        self.late.clear();
        let Some(newest) = self.recent.last() else { return };
        let oldest = window_of(newest.at()) - KEPT_SECS;
        self.oldest_window = oldest;
        self.stored.retain(|start, _| *start >= oldest);
        let kept_from = at_unix_secs(oldest) - HOLD_MAX_SECS;
        let settled = self.recent.partition_point(|sample| sample.at() < kept_from);
        self.recent.drain(..settled);
    }

    /// Whether anything is to be stored.
    pub(crate) fn is_settled(&self) -> bool {
        self.dirty.is_empty() && self.late.is_empty()
    }
}

/// Puts a sample where its time belongs and says where that is.
fn insert<S: Sample>(samples: &mut Vec<S>, sample: S) -> usize {
    let place = samples.partition_point(|other| other.at() < sample.at());
    match samples.get_mut(place) {
        Some(same) if same.at() == sample.at() => *same = sample,
        _ => samples.insert(place, sample),
    }
    place
}

/// Samples in order of time, summed up by window.
pub(crate) fn windows<S: Sample>(samples: &[S]) -> BTreeMap<i64, S::Rollup> {
    let mut windows: BTreeMap<i64, S::Rollup> = BTreeMap::new();
    let mut hold_before = HOLD_ALONE_SECS;
    for (place, sample) in samples.iter().enumerate() {
        let at = sample.at();
        let hold =
            samples.get(place + 1).map_or(hold_before, |next| next.at().secs_since(at)).min(HOLD_MAX_SECS);
        hold_before = hold;
        let end = at + hold;
        let mut from = at;
        while from < end {
            let start = window_of(from);
            let to = end.min(at_unix_secs(start + WINDOW_SECS));
            windows.entry(start).or_default().merge(&sample.over(to.secs_since(from)));
            from = to;
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use throng_analytics::level::Level;

    use super::*;
    use crate::{rollup::ZoneRollup, sample::ZoneSample};

    fn sample(at_secs: f64, people: Option<f64>) -> ZoneSample {
        ZoneSample {
            at: Timestamp::default() + at_secs,
            people,
            density_mean_people_per_m2: people.map(|people| people / 100.0),
            level: people.map(|_| Level::Normal),
            coverage: people.map(|_| 1.0),
            ..ZoneSample::default()
        }
    }

    /// All that is stored after samples came in batches, each batch being one transaction.
    fn stored_after(batches: &[Vec<ZoneSample>]) -> BTreeMap<i64, ZoneRollup> {
        let mut stored = BTreeMap::new();
        let mut collector = Collector::default();
        for batch in batches {
            batch.iter().cloned().for_each(|sample| collector.take(sample));
            let changed =
                collector.changed(|start| Ok::<_, Infallible>(stored.get(&start).cloned())).unwrap();
            stored.extend(changed);
            collector.settle();
        }
        stored.retain(|_, window| *window != ZoneRollup::default());
        stored
    }

    fn close(a: &BTreeMap<i64, ZoneRollup>, b: &BTreeMap<i64, ZoneRollup>) -> bool {
        a.keys().eq(b.keys())
            && a.values().zip(b.values()).all(|(a, b)| {
                (a.people.sum - b.people.sum).abs() < 1e-6
                    && (a.people.secs - b.people.secs).abs() < 1e-6
                    && a.people_max == b.people_max
                    && (a.known_secs() - b.known_secs()).abs() < 1e-6
            })
    }

    #[test]
    fn a_sample_stands_until_the_next() {
        let windows = windows(&[sample(0.0, Some(10.0)), sample(4.0, Some(20.0)), sample(5.0, Some(0.0))]);
        let window = &windows[&0];
        // 4 s of 10, 1 s of 20, and the last stands for as long as the one before it, 1 s.
        assert!((window.people.sum - 60.0).abs() < 1e-9);
        assert!((window.people.secs - 6.0).abs() < 1e-9);
        assert!((window.unknown_secs(10.0) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_gap_is_unknown_and_not_zero() {
        let windows = windows(&[sample(0.0, Some(10.0)), sample(30.0, Some(20.0)), sample(31.0, None)]);
        assert_eq!(windows[&0].people.value(), Some(10.0));
        assert!((windows[&0].people.secs - HOLD_MAX_SECS).abs() < 1e-9);
        assert!(!windows.contains_key(&10) && !windows.contains_key(&20));
        assert!((windows[&30].people.secs - 1.0).abs() < 1e-9, "an unknown sample ends the one before it");
    }

    #[test]
    fn a_sample_across_the_end_of_a_window_counts_in_both() {
        let windows = windows(&[sample(8.0, Some(10.0)), sample(11.0, Some(10.0)), sample(12.0, Some(10.0))]);
        assert!((windows[&0].people.secs - 2.0).abs() < 1e-9);
        assert!((windows[&10].people.secs - 3.0).abs() < 1e-9);
    }

    #[test]
    fn what_comes_too_late_to_be_summed_up_anew_fills_only_unknown_time() {
        let early = vec![sample(0.0, Some(10.0)), sample(5.0, Some(10.0)), sample(200.0, Some(1.0))];
        let late = vec![sample(0.5, Some(1000.0)), sample(4.0, Some(1000.0)), sample(8.0, Some(1000.0))];
        let stored = stored_after(&[early, late]);
        assert!(stored[&0].known_secs() <= 10.0 + 1e-9);
        assert!((stored[&0].people.secs - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_second_process_adds_to_the_window_that_the_first_began() {
        let first = stored_after(&[vec![sample(0.0, Some(10.0)), sample(2.0, Some(10.0))]]);
        let mut collector = Collector::default();
        collector.take(sample(6.0, Some(20.0)));
        collector.take(sample(8.0, Some(20.0)));
        let changed = collector.changed(|start| Ok::<_, Infallible>(first.get(&start).cloned())).unwrap();
        let window = &changed[0].1;
        assert!((window.people.secs - 8.0).abs() < 1e-9);
        assert!((window.people.sum - (4.0 * 10.0 + 4.0 * 20.0)).abs() < 1e-9);
    }

    fn samples() -> impl Strategy<Value = Vec<ZoneSample>> {
        prop::collection::btree_map(0_u32..550, prop::option::of(0.0..500.0_f64), 1..60).prop_map(|entries| {
            entries.into_iter().map(|(tenths, people)| sample(f64::from(tenths) / 10.0, people)).collect()
        })
    }

    proptest! {
        #[test]
        fn samples_of_the_last_minute_may_come_in_any_order_and_in_any_transactions(
            (ordered, shuffled) in samples().prop_flat_map(|ordered| (Just(ordered.clone()), Just(ordered).prop_shuffle())),
            batch in 1_usize..20,
        ) {
            let mut at_once = windows(&ordered);
            let batches: Vec<Vec<ZoneSample>> = shuffled.chunks(batch).map(<[ZoneSample]>::to_vec).collect();
            at_once.retain(|_, window| *window != ZoneRollup::default());
            prop_assert!(close(&stored_after(&batches), &at_once));
        }

        #[test]
        fn no_window_knows_more_than_its_length(batches in prop::collection::vec(samples(), 1..4), shift in 0.0..300.0_f64) {
            let mut batches = batches;
            batches.push(vec![sample(shift, Some(1.0))]);
            for window in stored_after(&batches).values() {
                prop_assert!(window.known_secs() <= 10.0 + 1e-6);
            }
        }
    }
}
