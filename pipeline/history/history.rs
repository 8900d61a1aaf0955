//! The door to the history: records without blocking, answers from the store.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{self, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
};

use throng_analytics::{time::Timestamp, wire::Signal};

use crate::{
    alarm::{AlarmQuery, AlarmRecord},
    calendar::{CalendarEvent, parse_date},
    clock::unix_secs,
    error::{HistoryError, redacted},
    options::{Options, Retention},
    sample::{LineSample, ZoneSample},
    series::{self, LineSeries, ZoneSeries},
    store::{self, Health, SeriesKey, SeriesKind, Store},
    writer::{Order, Tally, Writer},
};

/// Connections for readers that are kept open.
const READERS_KEPT: usize = 4;

/// The history of one or more sites.
pub struct History {
    address: String,
    options: Options,
    orders: SyncSender<Order>,
    tally: Arc<Tally>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<Box<dyn Store>>>,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("place", &redacted(&self.address)).finish_non_exhaustive()
    }
}

impl History {
    /// Opens a history: a path, `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`. Its tables are made where they are
    /// not there.
    ///
    /// # Errors
    /// The store cannot be opened; the message holds no password.
    pub fn open(address: &str) -> Result<Self, HistoryError> {
        Self::open_with(address, Options::default())
    }

    /// Opens a history that is kept in another way.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn open_with(address: &str, options: Options) -> Result<Self, HistoryError> {
        let store = store::open(address)?;
        let tally = Arc::new(Tally::default());
        let (orders, received) = mpsc::sync_channel(options.queue_max.max(1));
        let writer = Writer::new(store, options, Arc::clone(&tally));
        let writer = thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || writer.run(&received))
            .map_err(|error| HistoryError::Open {
            place: redacted(address),
            reason: format!("cannot start its thread: {error}"),
        })?;
        Ok(Self {
            address: address.to_owned(),
            options,
            orders,
            tally,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(Vec::new()),
        })
    }

    /// Records how a zone is. Never blocks; where the writer cannot follow, the sample is dropped and counted.
    pub fn record_zone(&self, sample: &ZoneSample) {
        self.record(Order::Zone(Box::new(sample.clone())));
    }

    /// Records who crosses a line. Never blocks; where the writer cannot follow, the sample is dropped and counted.
    pub fn record_line(&self, sample: &LineSample) {
        self.record(Order::Line(Box::new(sample.clone())));
    }

    fn record(&self, order: Order) {
        self.tally.waiting.fetch_add(1, Ordering::Relaxed);
        if self.orders.try_send(order).is_err() {
            self.tally.waiting.fetch_sub(1, Ordering::Relaxed);
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records an incident as it is now, over what was recorded of it before.
    ///
    /// # Errors
    /// The writer cannot follow or has ended; record it again.
    pub fn record_alarm(&self, alarm: &AlarmRecord) -> Result<(), HistoryError> {
        self.orders.try_send(Order::Alarm(Box::new(alarm.clone()))).map_err(|error| match error {
            TrySendError::Full(_) => HistoryError::Database {
                place: redacted(&self.address),
                doing: "record an alarm",
                reason: "too much is waiting to be written".to_owned(),
            },
            TrySendError::Disconnected(_) => HistoryError::Closed,
        })
    }

    /// Waits until everything recorded so far is stored, longer windows too.
    ///
    /// # Errors
    /// It cannot be stored.
    pub fn flush(&self) -> Result<(), HistoryError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.orders.send(Order::Flush(answer)).map_err(closed)?;
        answered.recv().map_err(closed)?.map_err(|reason| HistoryError::Database {
            place: redacted(&self.address),
            doing: "store what was recorded",
            reason,
        })
    }

    /// Stores everything recorded so far and ends the writer. Dropping the history does the same.
    pub fn close(&self) {
        let writer = self.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(writer) = writer {
            // Either may have ended by itself, and then there is nothing to wait for.
            drop(self.orders.send(Order::Close));
            drop(writer.join());
        }
    }

    /// A zone from an instant to another in at most `points_max` windows.
    ///
    /// # Errors
    /// The times are in the wrong order, or the store cannot be read.
    pub fn zone_series(
        &self,
        site: &str,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
        points_max: usize,
    ) -> Result<ZoneSeries, HistoryError> {
        self.series_of(site, zone, false, from, to, points_max)
    }

    /// As [`History::zone_series`], of drills.
    ///
    /// # Errors
    /// As [`History::zone_series`].
    pub fn zone_series_of_drills(
        &self,
        site: &str,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
        points_max: usize,
    ) -> Result<ZoneSeries, HistoryError> {
        self.series_of(site, zone, true, from, to, points_max)
    }

    fn series_of(
        &self,
        site: &str,
        zone: &str,
        drill: bool,
        from: Timestamp,
        to: Timestamp,
        points_max: usize,
    ) -> Result<ZoneSeries, HistoryError> {
        let span = self.span(from, to, points_max)?;
        let key = SeriesKey { site: site.to_owned(), kind: SeriesKind::Zone, name: zone.to_owned(), drill };
        self.read(|store| {
            let windows = match store.find_series(&key)? {
                Some(series) => store.zone_windows(span.resolution, series, span.from, span.to)?,
                None => Vec::new(),
            };
            Ok(ZoneSeries::of(&span, &windows))
        })
    }

    /// A line from an instant to another in at most `points_max` windows.
    ///
    /// # Errors
    /// The times are in the wrong order, or the store cannot be read.
    pub fn line_series(
        &self,
        site: &str,
        line: &str,
        from: Timestamp,
        to: Timestamp,
        points_max: usize,
    ) -> Result<LineSeries, HistoryError> {
        let span = self.span(from, to, points_max)?;
        let key =
            SeriesKey { site: site.to_owned(), kind: SeriesKind::Line, name: line.to_owned(), drill: false };
        self.read(|store| {
            let windows = match store.find_series(&key)? {
                Some(series) => store.line_windows(span.resolution, series, span.from, span.to)?,
                None => Vec::new(),
            };
            Ok(LineSeries::of(&span, &windows))
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    pub(crate) fn retention(&self) -> &Retention {
        &self.options.retention
    }

    fn span(&self, from: Timestamp, to: Timestamp, points_max: usize) -> Result<series::Span, HistoryError> {
        let now = unix_secs(self.now());
        series::Span::of(unix_secs(from), unix_secs(to), points_max, &self.options.retention, now)
    }

    /// Zones and lines that have a history, of one site or of all.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn series(&self, site: Option<&str>) -> Result<Vec<SeriesKey>, HistoryError> {
        self.read(|store| Ok(store.all_series(site)?.into_iter().map(|(_, key)| key).collect()))
    }

    /// Incidents, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn alarms(&self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError> {
        self.read(|store| store.alarms(query))
    }

    /// Keeps a signal from outside, over what was kept of it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_signal(&self, signal: &Signal) -> Result<(), HistoryError> {
        self.read(|store| store.put_signal(signal))
    }

    /// Signals of a site that lasted at some time between two, by their beginnings.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn signals(&self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError> {
        self.read(|store| store.signals(site, from, to))
    }

    /// Enters a day into the calendar, over an entry of the same day, name and site.
    ///
    /// # Errors
    /// The entry is not one, or the store cannot be written.
    pub fn put_event(&self, event: &CalendarEvent) -> Result<(), HistoryError> {
        event.check()?;
        self.read(|store| store.put_event(event))
    }

    /// Takes a day out of the calendar and says whether it was in it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn delete_event(&self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError> {
        self.read(|store| store.delete_event(date, name, site))
    }

    /// The calendar from a day to a day (`YYYY-MM-DD`, both within), of a site and of everywhere, or of all sites.
    ///
    /// # Errors
    /// A day is none, or the store cannot be read.
    pub fn events(
        &self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError> {
        parse_date(from)?;
        parse_date(to)?;
        self.read(|store| store.events(site, from, to))
    }

    /// How the history itself is: size, age, what waits, what was lost.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn health(&self) -> Result<Health, HistoryError> {
        let health = self.read(|store| store.health())?;
        Ok(Health {
            waiting: self.tally.waiting.load(Ordering::Relaxed),
            dropped: self.tally.dropped.load(Ordering::Relaxed),
            refused: self.tally.refused.load(Ordering::Relaxed),
            failure: self.tally.failure(),
            ..health
        })
    }

    /// Asks the same of many, over several connections at once; the answers are in the order of the questions.
    pub(crate) fn read_each<T: Sync, R: Send>(
        of: &[T],
        ask: impl Fn(&T) -> Result<R, HistoryError> + Sync,
    ) -> Result<Vec<R>, HistoryError> {
        let readers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(READERS_KEPT);
        let share = of.len().div_ceil(readers).max(1);
        thread::scope(|scope| {
            let ask = &ask;
            let started: Vec<_> = of
                .chunks(share)
                .map(|of| {
                    let asking = move || of.iter().map(ask).collect::<Result<Vec<_>, _>>();
                    thread::Builder::new().name("history-reader".to_owned()).spawn_scoped(scope, asking)
                })
                .collect();
            let mut answers = Vec::with_capacity(of.len());
            for reader in started {
                // A thread that cannot be started, or that panicked, has no answer.
                let answer = reader.ok().and_then(|reader| reader.join().ok());
                answers.extend(answer.unwrap_or(Err(HistoryError::Closed))?);
            }
            Ok(answers)
        })
    }

    /// Asks over a connection of its own, so that a long question keeps nobody waiting.
    pub(crate) fn read<T>(
        &self,
        ask: impl FnOnce(&mut dyn Store) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let idle = self.readers.lock().ok().and_then(|mut readers| readers.pop());
        let mut store = match idle {
            Some(store) => store,
            None => store::open(&self.address)?,
        };
        // A connection on which something failed is not used again.
        let answer = ask(store.as_mut())?;
        if let Ok(mut readers) = self.readers.lock()
            && readers.len() < READERS_KEPT
        {
            readers.push(store);
        }
        Ok(answer)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed<E>(_: E) -> HistoryError {
    HistoryError::Closed
}
