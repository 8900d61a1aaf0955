//! The thread that owns the outbox on disk: warnings go through it to the network, and its disk holds nobody up.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use throng_analytics::wire::{Warning, WarningReceipt};
use tracing::{Span, error, info, warn};
use uuid::Uuid;

use super::{
    Id, Outgoing,
    outbox::Outbox,
    rare_log::RareLog,
    store::{Store, Unconfirmed},
};
use crate::{locked::locked, traces};

/// Tasks that wait for the disk at most.
const TASKS_MAX: usize = 256;
/// Longest wait of the site for its warnings to be on the disk; then they go out all the same.
const SAVE_PATIENCE: Duration = Duration::from_millis(250);
/// How often what could not be written is tried again, and the history cut.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);
/// How long what need not be on the disk at once may wait for company.
const NOTES_PERIOD: Duration = Duration::from_millis(500);
/// Warnings that could not be written and wait for another try at most.
const UNSAVED_MAX: usize = 4096;
/// Longest wait for an answer out of the file.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Where the outbox is, and who must confirm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxOptions {
    /// The file. `None`: warnings wait in memory, and a process that is killed loses them.
    pub file: Option<PathBuf>,
    /// Groups of subscribers that must each confirm a warning before it leaves the outbox. None: handing it to a
    /// connected bus is enough.
    pub confirm_groups: Vec<Id>,
}

/// What an earlier run has left.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// Id of the series of numbers that warnings are to carry.
    pub numbering: String,
    /// The next number of every zone.
    pub next_seqs: BTreeMap<String, u64>,
    /// The last warning of every zone, with the level that was last known.
    pub last_told: Vec<Warning>,
}

/// What the thread is asked to do.
enum Task {
    Save { warnings: Vec<Outgoing>, done: SyncSender<()> },
    Delivered(Vec<i64>),
    Confirmed(Box<WarningReceipt>),
    Unconfirmed { after: i64, rows_max: usize, answer: SyncSender<Vec<Unconfirmed>> },
    History { zone: Option<String>, rows_max: usize, answer: SyncSender<Vec<Vec<u8>>> },
}

/// The door to the thread. Dropped, the thread writes what it has and ends.
#[derive(Debug)]
pub(super) struct Keeper {
    tasks: Mutex<Option<SyncSender<Task>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    outbox: Arc<Outbox>,
    trouble: Arc<Mutex<Option<String>>>,
    slow: RareLog,
    refused: Arc<RareLog>,
}

impl Keeper {
    /// Opens the outbox of a site; `None` where it can only be kept in memory, which is said loudly unless it was
    /// asked for. Returns what an earlier run has left.
    pub(super) fn open(
        options: &OutboxOptions,
        site: &Id,
        outbox: &Arc<Outbox>,
    ) -> (Option<Self>, Left, Option<String>) {
        let in_memory = || Left { numbering: Uuid::now_v7().to_string(), ..Left::default() };
        let Some(file) = &options.file else {
            return (None, in_memory(), None);
        };
        let opened = Store::open(file, site, &options.confirm_groups).and_then(|mut store| {
            let left = Left {
                numbering: store.numbering().to_owned(),
                next_seqs: store.next_seqs()?,
                last_told: store.last_told()?,
            };
            store.prune()?;
            Ok((Self::start(store, outbox)?, left))
        });
        match opened {
            Ok((keeper, left)) => {
                info!("Warnings wait on disk in {} until they have arrived.", file.display());
                (Some(keeper), left, None)
            }
            Err(error) => {
                let trouble = format!("warnings wait in memory only: {error:#}");
                error!(
                    "The outbox is not on disk, and what waits is lost if this process is killed: {error:#}."
                );
                (None, in_memory(), Some(trouble))
            }
        }
    }

    /// Starts the thread.
    pub(super) fn start(store: Store, outbox: &Arc<Outbox>) -> Result<Self> {
        let (tasks, to_do) = sync_channel(TASKS_MAX);
        let trouble = Arc::new(Mutex::new(None));
        let refused = Arc::new(RareLog::default());
        let worker = Worker {
            store,
            outbox: Arc::clone(outbox),
            trouble: Arc::clone(&trouble),
            refused: Arc::clone(&refused),
            unsaved: VecDeque::new(),
            delivered: Vec::new(),
            failed: RareLog::default(),
        };
        let thread = thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || worker.run(&to_do))
            .context("cannot start the thread of the outbox")?;
        Ok(Self {
            tasks: Mutex::new(Some(tasks)),
            thread: Mutex::new(Some(thread)),
            outbox: Arc::clone(outbox),
            trouble,
            slow: RareLog::default(),
            refused,
        })
    }

    /// Writes warnings and hands them on to the network, in this order. Waits for the disk, but not for long.
    pub(super) fn save(&self, warnings: Vec<Outgoing>) {
        let (done, is_done) = sync_channel(1);
        if let Err(task) = self.send(Task::Save { warnings, done }) {
            // The disk has not answered for hundreds of warnings, or the thread has ended: better told than kept.
            if let Task::Save { warnings, .. } = *task {
                for warning in warnings {
                    self.outbox.push(warning);
                }
            }
            self.say_slow();
        } else if is_done.recv_timeout(SAVE_PATIENCE).is_err() {
            self.say_slow();
        }
    }

    fn say_slow(&self) {
        if let Some(count) = self.slow.occurred(Instant::now()) {
            error!(
                times = count,
                "The disk of the outbox takes longer than {} ms for a warning.",
                SAVE_PATIENCE.as_millis()
            );
        }
    }

    /// Takes note that warnings have been handed over.
    pub(super) fn delivered(&self, positions: Vec<i64>) {
        // Lost notes only mean that a warning is said once more.
        self.send(Task::Delivered(positions)).ok();
    }

    /// Takes a group's confirmation.
    pub(super) fn confirmed(&self, receipt: WarningReceipt) {
        self.send(Task::Confirmed(Box::new(receipt))).ok();
    }

    /// Warnings not confirmed yet, from after a place on.
    pub(super) fn unconfirmed(&self, after: i64, rows_max: usize) -> Vec<Unconfirmed> {
        let (answer, answered) = sync_channel(1);
        if self.send(Task::Unconfirmed { after, rows_max, answer }).is_err() {
            return Vec::new();
        }
        answered.recv_timeout(ANSWER_PATIENCE).unwrap_or_default()
    }

    /// The newest warnings, oldest first.
    pub(super) fn history(&self, zone: Option<&str>, rows_max: usize) -> Vec<Vec<u8>> {
        let (answer, answered) = sync_channel(1);
        if self.send(Task::History { zone: zone.map(str::to_owned), rows_max, answer }).is_err() {
            return Vec::new();
        }
        answered.recv_timeout(ANSWER_PATIENCE).unwrap_or_default()
    }

    /// What is wrong with the disk.
    pub(super) fn trouble(&self) -> Option<String> {
        locked(&self.trouble).clone()
    }

    /// Receipts that were refused.
    pub(super) fn refused(&self) -> &RareLog {
        &self.refused
    }

    /// Writes what is left and closes the file.
    pub(super) fn close(&self) {
        locked(&self.tasks).take();
        let thread = locked(&self.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            error!("The thread of the outbox ended by a panic.");
        }
    }

    fn send(&self, task: Task) -> Result<(), Box<Task>> {
        let sender = locked(&self.tasks).clone();
        let Some(sender) = sender else { return Err(Box::new(task)) };
        sender.try_send(task).map_err(|error| match error {
            TrySendError::Full(task) | TrySendError::Disconnected(task) => Box::new(task),
        })
    }
}

/// The thread's own.
struct Worker {
    store: Store,
    outbox: Arc<Outbox>,
    trouble: Arc<Mutex<Option<String>>>,
    refused: Arc<RareLog>,
    /// What went out without being written, oldest first.
    unsaved: VecDeque<Outgoing>,
    /// Places that were handed over, not yet written down.
    delivered: Vec<i64>,
    failed: RareLog,
}

impl Worker {
    fn run(mut self, tasks: &Receiver<Task>) {
        let mut upkeep_at = Instant::now() + UPKEEP_PERIOD;
        loop {
            match tasks.recv_timeout(NOTES_PERIOD) {
                Ok(task) => self.work_off(task, tasks),
                Err(RecvTimeoutError::Timeout) => self.write_notes(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= upkeep_at {
                upkeep_at = Instant::now() + UPKEEP_PERIOD;
                self.retry();
                self.write_notes();
                if let Err(error) = self.store.prune() {
                    self.say_failed(&error);
                }
            }
        }
        self.retry();
        self.write_notes();
    }

    /// Does a task, and with one that saves all others that save and wait behind it: they share a visit to the disk.
    fn work_off(&mut self, first: Task, tasks: &Receiver<Task>) {
        let mut next = Some(first);
        while let Some(task) = next.take() {
            match task {
                Task::Save { mut warnings, done } => {
                    let mut all_done = vec![done];
                    while let Ok(task) = tasks.try_recv() {
                        match task {
                            Task::Save { warnings: more, done } => {
                                warnings.extend(more);
                                all_done.push(done);
                            }
                            other => {
                                next = Some(other);
                                break;
                            }
                        }
                    }
                    self.save(warnings);
                    // Whoever did not wait so long is gone.
                    for done in all_done {
                        done.try_send(()).unwrap_or_default();
                    }
                }
                Task::Delivered(positions) => self.delivered.extend(positions),
                Task::Confirmed(receipt) => {
                    if let Err(error) = self.store.confirm(&receipt)
                        && let Some(count) = self.refused.occurred(Instant::now())
                    {
                        warn!(refused = count, "Confirmation by {:?} refused: {error:#}.", receipt.by);
                    }
                }
                Task::Unconfirmed { after, rows_max, answer } => {
                    self.write_notes();
                    let rows = self.store.unconfirmed(after, rows_max);
                    answer.try_send(self.or_empty(rows)).unwrap_or_default();
                }
                Task::History { zone, rows_max, answer } => {
                    let rows = self.store.history(zone.as_deref(), rows_max);
                    answer.try_send(self.or_empty(rows)).unwrap_or_default();
                }
            }
        }
    }

    /// Writes warnings, and hands them to the network whether or not that worked.
    fn save(&mut self, warnings: Vec<Outgoing>) {
        // Older ones first, or they would be out of order for ever.
        self.retry();
        if !self.unsaved.is_empty() {
            self.keep_in_memory(warnings);
            return;
        }
        let writing: Vec<Span> = warnings.iter().map(|warning| traces::outbox(&warning.span)).collect();
        let saved = self.store.save(&warnings);
        drop(writing);
        match saved {
            Ok(places) => {
                for (warning, place) in warnings.into_iter().zip(places) {
                    self.outbox.push_saved(warning, place);
                }
            }
            Err(error) => {
                self.say_failed(&error);
                self.keep_in_memory(warnings);
            }
        }
    }

    fn keep_in_memory(&mut self, warnings: Vec<Outgoing>) {
        for warning in warnings {
            self.unsaved.push_back(warning.to_keep());
            self.outbox.push(warning);
        }
        while self.unsaved.len() > UNSAVED_MAX {
            self.unsaved.pop_front();
        }
    }

    /// Tries again to write what could not be written.
    fn retry(&mut self) {
        if self.unsaved.is_empty() {
            return;
        }
        match self.store.save(self.unsaved.make_contiguous()) {
            Ok(_places) => {
                info!("The outbox is on disk again: {} warnings were written late.", self.unsaved.len());
                self.unsaved.clear();
                *locked(&self.trouble) = None;
            }
            Err(error) => self.say_failed(&error),
        }
    }

    /// Writes down what was handed over.
    fn write_notes(&mut self) {
        if self.delivered.is_empty() {
            return;
        }
        match self.store.delivered(&self.delivered) {
            Ok(()) => self.delivered.clear(),
            Err(error) => self.say_failed(&error),
        }
    }

    fn say_failed(&self, error: &anyhow::Error) {
        *locked(&self.trouble) = Some(format!("warnings wait in memory only: {error:#}"));
        if let Some(count) = self.failed.occurred(Instant::now()) {
            error!(
                times = count,
                "The outbox cannot be written, and what waits is lost if this process is killed: {error:#}. Make room \
                 on its disk."
            );
        }
    }

    fn or_empty<T>(&self, rows: Result<Vec<T>>) -> Vec<T> {
        rows.unwrap_or_else(|error| {
            self.say_failed(&error);
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests;
