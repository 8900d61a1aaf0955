//! One warning, many conventions: each in a file of its own, fed by the same message, switched on in the site file.
//!
//! Each that is switched on has a thread and a bounded queue of its own: a siren that does not answer delays neither the
//! bus nor the others. What does not fit is counted and said.

pub mod advice;
pub mod cap;
pub mod cot;
pub mod gb28181;
pub mod geojson;
pub mod modbus;
pub mod onvif;
mod outlet;
mod platform;
pub mod syslog;
pub mod webhook;
mod xml;

#[cfg(test)]
mod testing;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use throng_analytics::{level::Level, wire::Warning};

use self::outlet::Outlet;
pub use self::outlet::{OutletPlan, Secret};
use super::rare_log::RareLog;

/// Warnings that may wait for one convention.
const WAITING_MAX: usize = 256;
/// Longest time for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The conventions of a site. Dropped, they end once what waits was sent.
#[derive(Debug, Default)]
pub struct Conventions {
    outlets: Vec<Running>,
    lost: RareLog,
    is_closing: Arc<AtomicBool>,
}

/// A convention that runs.
#[derive(Debug)]
struct Running {
    name: &'static str,
    shows_state: bool,
    sender: Option<Sender<Told>>,
    thread: Option<JoinHandle<()>>,
}

/// What a convention is told.
#[derive(Debug)]
enum Told {
    Warning(Arc<Warning>),
    Zone(String, ZoneChange),
}

/// What becomes of a zone beside its warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneChange {
    /// It is watched from now on; nothing is known of it yet.
    Watched,
    /// Nothing was known of it, and now it has a level.
    Seen(Level),
    /// It is watched no longer.
    Gone,
}

impl Conventions {
    /// Starts those that are switched on, for a site with these zones. `last_told` is what an earlier run told of each zone
    /// last: a relay goes on from it.
    ///
    /// # Errors
    /// A thread cannot be started, or an address cannot be served at.
    pub fn start(plans: &[OutletPlan], zones: &[String], last_told: &[Warning]) -> Result<Self> {
        let mut conventions = Self::default();
        for plan in plans {
            let (sender, told) = bounded(WAITING_MAX);
            let (name, mut outlet) = (plan.name(), Outlet::new(plan.clone(), zones, last_told)?);
            let is_closing = Arc::clone(&conventions.is_closing);
            let work = move || serve(name, &mut outlet, &told, &is_closing);
            let thread = std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .context("cannot start a thread")?;
            let shows_state = plan.shows_state();
            conventions.outlets.push(Running {
                name,
                shows_state,
                sender: Some(sender),
                thread: Some(thread),
            });
        }
        Ok(conventions)
    }

    /// Whether none is switched on.
    pub fn is_empty(&self) -> bool {
        self.outlets.is_empty()
    }

    /// Tells a warning. Never waits.
    pub fn tell(&self, warning: &Arc<Warning>) {
        for outlet in &self.outlets {
            self.send(outlet, Told::Warning(Arc::clone(warning)));
        }
    }

    /// Tells those that show what is known what has become of a zone. Never waits.
    pub fn show(&self, zone: &str, change: ZoneChange) {
        for outlet in self.outlets.iter().filter(|outlet| outlet.shows_state) {
            self.send(outlet, Told::Zone(zone.to_owned(), change));
        }
    }

    fn send(&self, Running { name, sender, .. }: &Running, told: Told) {
        let is_lost = sender.as_ref().is_none_or(|sender| sender.try_send(told).is_err());
        if is_lost && let Some(count) = self.lost.occurred(Instant::now()) {
            tracing::error!(lost = count, "Warning lost on its way to {name}: too many wait.");
        }
    }
}

impl Drop for Conventions {
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Relaxed);
        for running in &mut self.outlets {
            running.sender = None;
        }
        for Running { name, thread, .. } in &mut self.outlets {
            if thread.take().is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("The thread of {name} ended by a panic.");
            }
        }
    }
}

/// Sends until there is nothing more to come.
fn serve(name: &'static str, outlet: &mut Outlet, told: &Receiver<Told>, is_closing: &AtomicBool) {
    let goes_on = || told.is_empty() && !is_closing.load(Ordering::Relaxed);
    let failed = RareLog::default();
    loop {
        let next = match outlet.due() {
            Some(wait) => told.recv_timeout(wait),
            None => told.recv().map_err(RecvTimeoutError::from),
        };
        let outcome = match &next {
            Ok(Told::Warning(warning)) => outlet.tell(warning, &goes_on),
            Ok(Told::Zone(zone, change)) => outlet.show(zone, *change),
            Err(RecvTimeoutError::Timeout) => outlet.tend(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Err(error) = outcome
            && let Some(count) = failed.occurred(Instant::now())
        {
            tracing::error!(failed = count, "{name}: {error:#}.");
        }
    }
}

/// `[latitude, longitude]` of GeoJSON's `[longitude, latitude]`. The only place where the order is turned round: CAP, Cursor
/// on Target and GB/T 28181 have latitude first, or name them.
fn lat_lon([longitude, latitude]: [f64; 2]) -> [f64; 2] {
    [latitude, longitude]
}
