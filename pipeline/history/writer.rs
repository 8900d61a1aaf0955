//! The thread that writes: one transaction a second, whatever comes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use throng_analytics::time::Timestamp;

use crate::{
    alarm::AlarmRecord,
    clock::unix_secs,
    collector::Collector,
    error::HistoryError,
    options::Options,
    packed_day::pack_days,
    resolution::Resolution,
    rollup::Rollup,
    sample::{LineSample, Sample, ZoneSample},
    store::{Batch, SeriesKey, SeriesKind, Store},
};

/// Time between two transactions.
const EVERY: Duration = Duration::from_secs(1);
/// Longer windows are summed up anew after so many transactions: a minute. They are written to disk less often so.
const LONGER_EVERY: u32 = 60;
/// What is too old is deleted after so many transactions: ten minutes, and once at the start.
const DELETE_EVERY: u32 = 600;
/// Days of each table that are packed between two transactions at most: some tens of milliseconds.
const PACKED_AT_ONCE: usize = 100;
/// A time further in the future than this is a clock that is wrong, seconds.
const FUTURE_MAX_SECS: f64 = 60.0;

/// Samples of one series that are held while the store cannot be written: an hour at 4 a second.
const HELD_MAX: usize = 14_400;

/// Resolution, kind, series and start.
type LongerWindow = (Resolution, SeriesKind, i64, i64);

/// What the writer is told.
pub(crate) enum Order {
    Zone(Box<ZoneSample>),
    Line(Box<LineSample>),
    Alarm(Box<AlarmRecord>),
    /// Write everything now, longer windows too, and answer.
    Flush(SyncSender<Result<(), String>>),
    /// Write everything and end.
    Close,
}

/// What the writer tells of itself.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) waiting: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) refused: AtomicU64,
    failures: Mutex<BTreeMap<Duty, String>>,
}

impl Tally {
    /// Remembers a failure until the same was done: what works beside it is no news of it.
    fn note(&self, duty: Duty, done: &Result<(), HistoryError>) {
        let Ok(mut failures) = self.failures.lock() else { return };
        match done {
            Ok(()) => failures.remove(&duty),
            Err(error) => failures.insert(duty, error.to_string()),
        };
    }

    /// The gravest failure that lasts.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failures.lock().ok()?.first_key_value().map(|(_, failure)| failure.clone())
    }
}

/// What the writer does to the store, gravest failure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
    Write,
    Delete,
    Pack,
}

/// The writer's state.
pub(crate) struct Writer {
    store: Box<dyn Store>,
    options: Options,
    tally: Arc<Tally>,
    numbers: HashMap<SeriesKey, i64>,
    zones: BTreeMap<i64, Collector<ZoneSample>>,
    lines: BTreeMap<i64, Collector<LineSample>>,
    alarms: Vec<AlarmRecord>,
    /// Longer windows to be summed up anew.
    longer: BTreeSet<LongerWindow>,
}

impl Writer {
    pub(crate) fn new(store: Box<dyn Store>, options: Options, tally: Arc<Tally>) -> Self {
        Self {
            store,
            options,
            tally,
            numbers: HashMap::new(),
            zones: BTreeMap::new(),
            lines: BTreeMap::new(),
            alarms: Vec::new(),
            longer: BTreeSet::new(),
        }
    }

    /// Writes until told to end, or until nobody can tell it anything any more.
    pub(crate) fn run(mut self, orders: &Receiver<Order>) {
        let mut due = Instant::now() + EVERY;
        let mut transactions = 0_u32;
        let mut is_packing = true;
        self.delete_old();
        loop {
            match orders.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => {
                    // Whether it can be written is noted.
                    drop(self.write(true));
                    return;
                }
                Ok(Order::Flush(answer)) => {
                    let written = self.write(true).map_err(|error| error.to_string());
                    // Whoever asked may have gone.
                    drop(answer.try_send(written));
                }
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if Instant::now() >= due {
                transactions = transactions.wrapping_add(1);
                drop(self.write(transactions.is_multiple_of(LONGER_EVERY)));
                if transactions.is_multiple_of(DELETE_EVERY) {
                    self.delete_old();
                }
                if is_packing || transactions.is_multiple_of(LONGER_EVERY) {
                    is_packing = self.pack();
                }
                due = Instant::now() + EVERY;
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Zone(sample) => {
                if let Some(series) = self.place(&*sample) {
                    hold(&mut self.zones, series, *sample, &self.tally);
                }
            }
            Order::Line(sample) => {
                if let Some(series) = self.place(&*sample) {
                    hold(&mut self.lines, series, *sample, &self.tally);
                }
            }
            Order::Alarm(alarm) => self.alarms.push(*alarm),
            Order::Flush(_) | Order::Close => {}
        }
    }

    /// Number of the series that a sample goes to; none where it can be placed in none, which is counted.
    fn place(&mut self, sample: &impl Sample) -> Option<i64> {
        self.tally.waiting.fetch_sub(1, Ordering::Relaxed);
        if !self.is_acceptable(sample.at()) {
            return None;
        }
        match self.number(sample.series()) {
            // That a number is known is no news of the store.
            Ok(number) => Some(number),
            Err(error) => {
                self.tally.dropped.fetch_add(1, Ordering::Relaxed);
                self.tally.note(Duty::Write, &Err(error));
                None
            }
        }
    }

    /// Whether a sample can be placed: not older than what is kept, and not of a clock that is wrong.
    fn is_acceptable(&self, at: Timestamp) -> bool {
        let now = (self.options.clock)();
        let too_old = self
            .options
            .retention
            .oldest(Resolution::TenSecs, unix_secs(now))
            .is_some_and(|oldest| unix_secs(at) < oldest + Resolution::Hour.secs());
        let acceptable = !too_old && at.secs_since(now) <= FUTURE_MAX_SECS;
        if !acceptable {
            self.tally.refused.fetch_add(1, Ordering::Relaxed);
        }
        acceptable
    }

    /// Number of a series. When one is first met, its last two hours of longer windows are summed up anew: an earlier
    /// process may have died before it did.
    fn number(&mut self, key: SeriesKey) -> Result<i64, HistoryError> {
        if let Some(series) = self.numbers.get(&key) {
            return Ok(*series);
        }
        let series = self.store.series(&key)?;
        if let Some(newest) = self.store.newest(key.kind, Resolution::TenSecs, series)? {
            for start in (newest - 2 * Resolution::Hour.secs()..=newest).step_by(60) {
                mark(&mut self.longer, key.kind, series, start);
            }
        }
        self.numbers.insert(key, series);
        Ok(series)
    }

    /// Writes what has changed. After a failure it is still there and is tried again.
    fn write(&mut self, longer_too: bool) -> Result<(), HistoryError> {
        let nothing = self.alarms.is_empty()
            && self.zones.values().all(Collector::is_settled)
            && self.lines.values().all(Collector::is_settled);
        if nothing && (!longer_too || self.longer.is_empty()) {
            return Ok(());
        }
        let written = self.write_at_once(longer_too);
        self.tally.note(Duty::Write, &written);
        written
    }

    /// One transaction with everything that has changed.
    fn write_at_once(&mut self, longer_too: bool) -> Result<(), HistoryError> {
        self.store.begin()?;
        let written = self.write_changed(longer_too).and_then(|()| self.store.commit());
        if let Err(error) = written {
            // The first error is the one to tell.
            drop(self.store.rollback());
            return Err(error);
        }
        self.alarms.clear();
        self.zones.values_mut().for_each(Collector::settle);
        self.lines.values_mut().for_each(Collector::settle);
        if longer_too {
            self.longer.clear();
        }
        Ok(())
    }

    fn write_changed(&mut self, longer_too: bool) -> Result<(), HistoryError> {
        let mut batch = Batch { alarms: self.alarms.clone(), ..Batch::default() };
        let end = Resolution::TenSecs.secs();
        for (series, collector) in &mut self.zones {
            let store = &mut self.store;
            let changed = collector.changed(|start| {
                let stored = store.zone_windows(Resolution::TenSecs, *series, start, start + end)?;
                Ok::<_, HistoryError>(stored.into_iter().next().map(|(_, window)| window))
            })?;
            batch.zones.extend(
                changed.into_iter().map(|(start, window)| (Resolution::TenSecs, *series, start, window)),
            );
        }
        for (series, collector) in &mut self.lines {
            let store = &mut self.store;
            let changed = collector.changed(|start| {
                let stored = store.line_windows(Resolution::TenSecs, *series, start, start + end)?;
                Ok::<_, HistoryError>(stored.into_iter().next().map(|(_, window)| window))
            })?;
            batch.lines.extend(
                changed.into_iter().map(|(start, window)| (Resolution::TenSecs, *series, start, window)),
            );
        }
        for (_, series, start, _) in &batch.zones {
            mark(&mut self.longer, SeriesKind::Zone, *series, *start);
        }
        for (_, series, start, _) in &batch.lines {
            mark(&mut self.longer, SeriesKind::Line, *series, *start);
        }
        self.store.put(&batch)?;
        if longer_too { self.write_longer() } else { Ok(()) }
    }

    /// Sums longer windows up from the next shorter ones, shortest first.
    fn write_longer(&mut self) -> Result<(), HistoryError> {
        let now = unix_secs((self.options.clock)());
        for resolution in Resolution::ALL {
            let Some(finer) = resolution.finer() else { continue };
            let oldest = self.options.retention.oldest(finer, now).unwrap_or(i64::MIN);
            let mut batch = Batch::default();
            for (_, kind, series, start) in self.longer.iter().filter(|window| window.0 == resolution) {
                // Parts of it may be deleted already: what was summed up before knows more.
                if *start < oldest {
                    continue;
                }
                let end = start + resolution.secs();
                match kind {
                    SeriesKind::Zone => {
                        let parts = self.store.zone_windows(finer, *series, *start, end)?;
                        batch.zones.extend(merged(parts).map(|whole| (resolution, *series, *start, whole)));
                    }
                    SeriesKind::Line => {
                        let parts = self.store.line_windows(finer, *series, *start, end)?;
                        batch.lines.extend(merged(parts).map(|whole| (resolution, *series, *start, whole)));
                    }
                }
            }
            self.store.put(&batch)?;
        }
        Ok(())
    }

    fn delete_old(&mut self) {
        let now = unix_secs((self.options.clock)());
        let deleted = Resolution::ALL.into_iter().try_for_each(|resolution| {
            let oldest = self.options.retention.oldest(resolution, now);
            oldest.map_or(Ok(()), |oldest| self.store.delete_before(resolution, oldest))
        });
        self.tally.note(Duty::Delete, &deleted);
    }

    /// Packs some days; says whether there may be more.
    fn pack(&mut self) -> bool {
        let now = unix_secs((self.options.clock)());
        let packed = pack_days(self.store.as_mut(), now, PACKED_AT_ONCE);
        let is_packing = matches!(packed, Ok(1..));
        self.tally.note(Duty::Pack, &packed.map(drop));
        is_packing
    }
}

/// Gives a sample to the collector of its series, unless that holds too many already.
fn hold<S: Sample>(collectors: &mut BTreeMap<i64, Collector<S>>, series: i64, sample: S, tally: &Tally) {
    let collector = collectors.entry(series).or_default();
    if collector.held() < HELD_MAX {
        collector.take(sample);
    } else {
        tally.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Marks the longer windows around a start to be summed up anew.
fn mark(longer: &mut BTreeSet<LongerWindow>, kind: SeriesKind, series: i64, start: i64) {
    for resolution in &Resolution::ALL[1..] {
        longer.insert((*resolution, kind, series, resolution.start_of(start)));
    }
}

/// All parts in one; `None` of none.
pub(crate) fn merged<R: Rollup>(parts: Vec<(i64, R)>) -> Option<R> {
    let mut parts = parts.into_iter().map(|(_, part)| part);
    let mut whole = parts.next()?;
    for part in parts {
        whole.merge(&part);
    }
    Some(whole)
}
