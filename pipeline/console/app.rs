//! What all requests share.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize},
};

use serde_json::{Value, json};
use throng_analytics::{time::Timestamp, wire::Signal};
use throng_history::History;
use tokio::sync::{Semaphore, broadcast};
use tracing::{error, warn};

use crate::{
    alarm,
    ground::Ground,
    http::Shared,
    limits::Limits,
    options::Options,
    ports::{Commands, Desk, Drills, Evidence, Pictures},
    room::{Alarm, AlarmKey, Delta, Heard, Room},
    session::Sessions,
    store::{Store, StoreError},
};

/// What all requests share.
pub(crate) struct App {
    pub(crate) options: Options,
    pub(crate) room: Mutex<Room>,
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) limits: Limits,
    /// What the pages are told.
    pub(crate) live: broadcast::Sender<Arc<Delta>>,
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) pictures: Arc<dyn Pictures>,
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) drills: Option<Arc<dyn Drills>>,
    pub(crate) evidence: Option<Arc<dyn Evidence>>,
    pub(crate) ground: Option<Arc<dyn Ground>>,
    pub(crate) history: Option<Arc<History>>,
    /// Pictures that were encoded a moment ago.
    pub(crate) shared_pictures: Mutex<Shared>,
    /// Passwords hashed at once: each takes 19 MiB and a core.
    pub(crate) hashing: Semaphore,
    /// A hash that fits no password: an unknown user takes as long as a wrong password.
    pub(crate) decoy_hash: String,
    pub(crate) started_at: Timestamp,
    /// Events that were dropped because the room could not keep up.
    pub(crate) events_dropped: AtomicU64,
    pub(crate) viewers: AtomicUsize,
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    pub(crate) fn room(&self) -> MutexGuard<'_, Room> {
        // A step that panicked left a thing as it was or as it was told: the next message mends it.
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pictures_shared(&self) -> MutexGuard<'_, Shared> {
        self.shared_pictures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the pages what changed. Under the room's lock, so that revisions leave in order.
    pub(crate) fn tell(&self, room: &mut Room, now: Timestamp) {
        if let Some(delta) = room.delta(now) {
            // Nobody looks: nobody is told.
            let _viewers = self.live.send(Arc::new(delta));
        }
    }

    /// Writes down what became of alarms. On the disk when this returns.
    pub(crate) fn persist(&self, heard: &Heard) -> Result<(), StoreError> {
        self.journal_signals(heard)?;
        if heard.notes.is_empty() {
            return Ok(());
        }
        let mut alarms: Vec<_> = {
            let room = self.room();
            heard
                .changed
                .iter()
                .filter_map(|key| Some((key.clone(), room.alarms.get(key)?.clone())))
                .collect()
        };
        alarms.dedup_by(|(a, _), (b, _)| a == b);
        for (key, alarm) in &alarms {
            self.store.put_alarm(key, alarm)?;
            self.remember(key, alarm);
        }
        self.store.append(heard.notes.iter().map(|((site, incident), note)| {
            let details = json!({ "site": site, "incident": incident, "what": note.what, "text": note.text });
            (note.at, note.by.clone(), "alarm", details)
        }))
    }

    /// What a site goes by of what happens outside is in the trail with its reason, and in the history.
    fn journal_signals(&self, heard: &Heard) -> Result<(), StoreError> {
        if heard.signals.is_empty() {
            return Ok(());
        }
        for (signal, _) in &heard.signals {
            self.remember_signal(signal);
        }
        let now = self.now();
        self.store.append(heard.signals.iter().map(|(signal, is_over)| {
            let event = if *is_over { "signal_over" } else { "signal_in_force" };
            (now, signal.issuer.clone(), event, json!(signal))
        }))
    }

    /// Hands a signal to the history.
    pub(crate) fn remember_signal(&self, signal: &Signal) {
        let Some(history) = &self.history else { return };
        if let Err(failure) = history.put_signal(signal) {
            warn!("A signal for {} is not in the history: {failure}.", signal.site);
        }
    }

    /// Hands an alarm to the history. What fails here is made up for at the next change and at the next start.
    pub(crate) fn remember(&self, (site, incident): &AlarmKey, alarm: &Alarm) {
        let Some(history) = &self.history else { return };
        let (warning, life) = (&alarm.warning, &alarm.life);
        let record = alarm::record(site, incident, &warning.zone, warning.envelope.drill, life);
        if let Err(failure) = history.record_alarm(&record) {
            warn!("An alarm of {site} is not in the history yet: {failure}.");
        }
    }

    /// The same where nobody waits for it: a failure is logged.
    pub(crate) fn persist_or_log(&self, heard: &Heard) {
        if let Err(failure) = self.persist(heard) {
            error!("An alarm's life was not written down: {failure}.");
        }
    }

    /// Writes into the audit trail.
    pub(crate) fn record(&self, by: &str, event: &'static str, details: Value) -> Result<(), StoreError> {
        self.store.append([(self.now(), by.to_owned(), event, details)])
    }
}
