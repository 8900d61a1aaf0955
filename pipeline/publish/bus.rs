//! The bus as the rest of the product sees it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use throng_analytics::wire::Ack;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tracing::{Span, warn};

use super::{
    BusState, Id, Network, Outgoing, Topic,
    acks::ACKS_WAITING_MAX,
    current::{Current, set_config},
    keeper::{Keeper, Left, OutboxOptions},
    outbox::Outbox,
    rare_log::RareLog,
    signals::{RawSignal, SIGNALS_WAITING_MAX},
    worker::{ToSite, serve},
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
    /// Where warnings wait until they have arrived.
    pub outbox: OutboxOptions,
    /// What the site's `config` key answers at first: JSON without secrets.
    pub config: Vec<u8>,
}

/// What the worker and the handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: BusOptions,
    pub(super) outbox: Arc<Outbox>,
    /// The outbox on disk, where there is one.
    pub(super) keeper: Option<Arc<Keeper>>,
    /// Why there is none although one was asked for.
    pub(super) outbox_trouble: Option<String>,
    pub(super) current: Arc<Current>,
    /// What the site's `config` key answers now.
    pub(super) config: Arc<Current>,
    pub(super) cameras_alive: watch::Sender<BTreeSet<Id>>,
    pub(super) state: watch::Sender<BusState>,
    /// Whether somebody listens to the density raster.
    pub(super) is_field_heard: Arc<AtomicBool>,
    pub(super) acks_refused: Arc<RareLog>,
    pub(super) signals_refused: Arc<RareLog>,
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
    signals: Option<mpsc::Receiver<RawSignal>>,
    left: Left,
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
        let (acks_in, acks) = mpsc::channel(ACKS_WAITING_MAX);
        let (signals_in, signals) = mpsc::channel(SIGNALS_WAITING_MAX);
        let to_site = ToSite { acks: acks_in, signals: signals_in };
        let outbox = Arc::new(Outbox::default());
        let (keeper, left, outbox_trouble) = Keeper::open(&options.outbox, &options.site, &outbox);
        let config = Arc::new(Current::default());
        set_config(&config, &options.site, &options.config)?;
        let shared = Arc::new(Shared {
            options,
            config,
            outbox,
            keeper: keeper.map(Arc::new),
            outbox_trouble,
            current: Arc::default(),
            cameras_alive: watch::Sender::default(),
            state: watch::Sender::default(),
            is_field_heard: Arc::default(),
            acks_refused: Arc::default(),
            signals_refused: Arc::default(),
            publish_failed: RareLog::default(),
        });
        let mut state = shared.state.subscribe();
        let worker = tokio::spawn(serve(Arc::clone(&shared), to_site, is_closing));
        // Without this wait the first messages of a run would race with the opening.
        if timeout(OPEN_WITHIN, state.wait_for(|state| *state != BusState::Opening)).await.is_err() {
            warn!("Bus still opening; messages wait for it.");
        }
        let handle = BusHandle { shared };
        Ok(Self { handle, acks: Some(acks), signals: Some(signals), left, closing, worker: Some(worker) })
    }

    /// What other threads publish with.
    pub fn handle(&self) -> BusHandle {
        self.handle.clone()
    }

    /// What an earlier run has left in the outbox.
    pub const fn left(&self) -> &Left {
        &self.left
    }

    /// The acknowledgements that arrive; `None` when taken before.
    pub fn take_acks(&mut self) -> Option<mpsc::Receiver<Ack>> {
        self.acks.take()
    }

    /// The signals from outside that arrive, unchecked; `None` when taken before.
    pub fn take_signals(&mut self) -> Option<mpsc::Receiver<RawSignal>> {
        self.signals.take()
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
        if let Some(keeper) = &self.handle.shared.keeper {
            keeper.close();
        }
    }
}

impl BusHandle {
    /// Hands a message over. Never waits for the network: measurements give way when too many wait, and are counted;
    /// the newest warning of every zone is never lost. With an outbox on disk a warning is there when this returns,
    /// unless the disk takes longer than a quarter of a second.
    pub fn publish(&self, message: Outgoing) {
        self.publish_all(vec![message]);
    }

    /// The same with several; the warnings among them share one visit to the disk, and go after the rest.
    ///
    /// What has no span of its own ends the current one with its arrival on the bus.
    pub fn publish_all(&self, mut messages: Vec<Outgoing>) {
        let current = Span::current();
        for message in messages.iter_mut().filter(|message| message.span.is_disabled()) {
            message.span = current.clone();
        }
        let goes_to_disk =
            |message: &Outgoing| message.seq.is_some() && matches!(message.topic, Topic::Warning(_));
        let Some(keeper) = &self.shared.keeper else {
            for message in messages {
                self.shared.outbox.push(message);
            }
            return;
        };
        let (warnings, rest): (Vec<_>, Vec<_>) = messages.into_iter().partition(goes_to_disk);
        for message in rest {
            self.shared.outbox.push(message);
        }
        if !warnings.is_empty() {
            keeper.save(warnings);
        }
    }

    /// Why warnings do not wait on disk although they should.
    pub fn outbox_trouble(&self) -> Option<String> {
        let keeper = self.shared.keeper.as_ref();
        keeper.and_then(|keeper| keeper.trouble()).or_else(|| self.shared.outbox_trouble.clone())
    }

    /// Confirmations of warnings that were refused.
    pub fn receipts_refused(&self) -> u64 {
        self.shared.keeper.as_ref().map_or(0, |keeper| keeper.refused().count())
    }

    /// Shows a camera as alive, or as lost: whoever watches then knows that there is no data.
    pub fn set_camera_alive(&self, camera: &Id, alive: bool) {
        self.shared.cameras_alive.send_if_modified(|cameras| {
            if alive { cameras.insert(camera.clone()) } else { cameras.remove(camera) }
        });
    }

    /// What the site's `config` key answers from now on: JSON without secrets.
    ///
    /// # Errors
    /// The site's name may not stand in a key.
    pub fn set_config(&self, document: &[u8]) -> Result<()> {
        set_config(&self.shared.config, &self.shared.options.site, document)
    }

    /// Whether somebody listens to the density raster: if not, it need not be made.
    pub fn is_field_heard(&self) -> bool {
        self.shared.is_field_heard.load(Ordering::Relaxed)
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
