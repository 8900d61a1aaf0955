//! The bus as the rest of the product sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use throng_analytics::wire::Ack;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tracing::warn;

use super::{
    BusState, Id, Network, Outgoing, acks::ACKS_WAITING_MAX, current::Current, outbox::Outbox,
    rare_log::RareLog, worker::serve,
};

/// Longest time for the last messages to leave when the bus is closed.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// How long opening waits for the session; a bus that is down is opened in the background after that.
const OPEN_WITHIN: Duration = Duration::from_secs(2);

/// What the bus needs to know.
#[derive(Clone, Debug)]
pub struct BusOptions {
    /// Where the bus is.
    pub network: Network,
    /// The site whose keys are published.
    pub site: Id,
    /// This process.
    pub node: Id,
}

/// What the worker and the handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: BusOptions,
    pub(super) outbox: Outbox,
    pub(super) current: Arc<Current>,
    pub(super) cameras_alive: watch::Sender<BTreeSet<Id>>,
    pub(super) state: watch::Sender<BusState>,
    pub(super) acks_refused: Arc<RareLog>,
    pub(super) publish_failed: RareLog,
}

impl Shared {
    /// Takes over a state; returns whether it differs from the one before.
    pub(super) fn set_state(&self, state: BusState) -> bool {
        self.state.send_if_modified(|known| {
            let differs = *known != state;
            *known = state;
            differs
        })
    }
}

/// A site on the bus, until closed. Dropped, it closes in the background as long as its runtime lives.
#[derive(Debug)]
pub struct Bus {
    handle: BusHandle,
    acks: Option<mpsc::Receiver<Ack>>,
    closing: watch::Sender<bool>,
    worker: Option<JoinHandle<()>>,
}

/// What any thread publishes with. Cheap to clone; nothing in it waits for the network.
#[derive(Clone, Debug)]
pub struct BusHandle {
    shared: Arc<Shared>,
}

impl Bus {
    /// Opens the bus. To be called within a multi-threaded tokio runtime.
    ///
    /// A bus that is down is no error: it is opened in the background, for ever, and what is published until then
    /// waits within bounds.
    ///
    /// # Errors
    /// Options that can never work: a malformed endpoint, an unreadable configuration file, a client without a router.
    pub async fn open(options: BusOptions) -> Result<Self> {
        options.network.check()?;
        let (closing, is_closing) = watch::channel(false);
        let (to_site, acks) = mpsc::channel(ACKS_WAITING_MAX);
        let shared = Arc::new(Shared {
            options,
            outbox: Outbox::default(),
            current: Arc::default(),
            cameras_alive: watch::Sender::default(),
            state: watch::Sender::default(),
            acks_refused: Arc::default(),
            publish_failed: RareLog::default(),
        });
        let mut state = shared.state.subscribe();
        let worker = tokio::spawn(serve(Arc::clone(&shared), to_site, is_closing));
        // Without this wait the first messages of a run would race with the opening.
        if timeout(OPEN_WITHIN, state.wait_for(|state| *state != BusState::Opening)).await.is_err() {
            warn!("Bus still opening; messages wait for it.");
        }
        Ok(Self { handle: BusHandle { shared }, acks: Some(acks), closing, worker: Some(worker) })
    }

    /// What other threads publish with.
    pub fn handle(&self) -> BusHandle {
        self.handle.clone()
    }

    /// The acknowledgements that arrive; `None` when taken before.
    pub fn take_acks(&mut self) -> Option<mpsc::Receiver<Ack>> {
        self.acks.take()
    }

    /// Lets the last messages leave and closes, within 2 s.
    pub async fn close(mut self) {
        self.closing.send_replace(true);
        if let Some(worker) = self.worker.take() {
            let abort = worker.abort_handle();
            match timeout(CLOSE_WITHIN, worker).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!("Bus did not close cleanly: {error}."),
                Err(_elapsed) => {
                    abort.abort();
                    warn!(
                        "Bus did not close within {} s: the last messages may be lost.",
                        CLOSE_WITHIN.as_secs()
                    );
                }
            }
        }
    }
}

impl BusHandle {
    /// Hands a message over. Never waits: measurements give way when too many wait, and are counted; the newest
    /// warning of every zone is never lost.
    pub fn publish(&self, message: Outgoing) {
        self.shared.outbox.push(message);
    }

    /// Shows a camera as alive, or as lost: whoever watches then knows that there is no data.
    pub fn set_camera_alive(&self, camera: &Id, alive: bool) {
        self.shared.cameras_alive.send_if_modified(|cameras| {
            if alive { cameras.insert(camera.clone()) } else { cameras.remove(camera) }
        });
    }

    /// How the bus is doing.
    pub fn state(&self) -> BusState {
        self.shared.state.borrow().clone()
    }

    /// How the bus is doing, as it changes.
    pub fn states(&self) -> watch::Receiver<BusState> {
        self.shared.state.subscribe()
    }

    /// Messages that never reached the bus, by the short name of their topic.
    pub fn dropped(&self) -> BTreeMap<&'static str, u64> {
        self.shared.outbox.dropped()
    }

    /// Acknowledgements that were refused.
    pub fn acks_refused(&self) -> u64 {
        self.shared.acks_refused.count()
    }
}
