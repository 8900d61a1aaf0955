//! The other side of the bus: hears what sites publish, and when they fall silent.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::{Result, anyhow};
use throng_analytics::time::Timestamp;
use tokio::sync::mpsc;
use zenoh::{
    Session, Wait as _,
    key_expr::{KeyExpr, OwnedKeyExpr},
    sample::{Sample, SampleKind},
};
use zenoh_ext::{AdvancedSubscriberBuilderExt as _, HistoryConfig, RecoveryConfig};

use super::{
    Id, Network, Topic,
    keys::patterns,
    open_session,
    repeats::{REPEATED, Repeats},
    zenoh_error::in_words,
};
use crate::clock::wall_clock;

/// Arrivals waiting to be taken at most. A watcher that is slower loses, and is told; it never slows a site down.
const ARRIVALS_MAX: usize = 4096;

/// Something heard on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The key as it stands on the bus.
    pub key: String,
    /// The site and the topic, where the key is one of ours.
    pub topic: Option<(Id, Topic)>,
    /// When it came in here.
    pub received_at: Timestamp,
    /// What it says.
    pub heard: Heard,
}

/// What an arrival says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message {
        /// Encoding with schema, such as `application/json;throng.warning.v1`.
        encoding: String,
        /// The payload.
        payload: Vec<u8>,
    },
    /// A node or camera is there.
    Alive,
    /// A node or camera is gone: there is no data from it any more.
    Lost,
}

/// A session that listens. Dropping it closes the session.
#[derive(Debug)]
pub struct Watcher {
    session: Session,
    arrivals: mpsc::Receiver<Arrival>,
    missed: Arc<AtomicU64>,
}

impl Watcher {
    /// Listens on a key expression, and on the liveliness of every node and camera where `all_liveliness`, else only
    /// of those the key expression takes in.
    ///
    /// Warnings raised before come first, as far as their publishers still keep them.
    ///
    /// # Errors
    /// The text is no key expression, or the session cannot be opened; see [`open_session`].
    pub async fn open(network: &Network, key_expression: &str, all_liveliness: bool) -> Result<Self> {
        let wanted = parsed(key_expression)?;
        let session = open_session(network).await?;
        Self::listen(session, &wanted, all_liveliness)
    }

    /// Declares the subscribers.
    fn listen(session: Session, wanted: &OwnedKeyExpr, all_liveliness: bool) -> Result<Self> {
        let refused = |error: zenoh::Error| {
            anyhow!("zenoh does not take the subscriber on {wanted}: {}", in_words(&error))
        };
        let (sender, arrivals) = mpsc::channel(ARRIVALS_MAX);
        let missed = Arc::new(AtomicU64::new(0));
        let hear = Hear { sender, missed: Arc::clone(&missed) };

        // First of all, so that whoever hears of a warning or of a node hears its measurements too: declarations stay in
        // order, and a measurement is sent once.
        let warnings = patterns::warnings().map_err(refused)?;
        let (hear_measured, not_here) = (hear.clone(), warnings.clone());
        session
            .declare_subscriber(wanted.clone())
            .callback(move |sample| {
                if !not_here.intersects(sample.key_expr()) {
                    hear_measured.message(&sample);
                }
            })
            .background()
            .wait()
            .map_err(refused)?;

        for pattern in patterns::liveliness().map_err(refused)? {
            if !all_liveliness && !wanted.intersects(&pattern) {
                continue;
            }
            let (hear, wanted) = (hear.clone(), wanted.clone());
            session
                .liveliness()
                .declare_subscriber(pattern)
                .history(true)
                .callback(move |sample| {
                    if all_liveliness || wanted.intersects(sample.key_expr()) {
                        hear.token(&sample);
                    }
                })
                .background()
                .wait()
                .map_err(refused)?;
        }

        // Warnings have their own subscriber, which orders them by their publisher's numbers and fetches what is
        // missing. It would also order everything else, across priorities, and drop what was overtaken.
        if wanted.intersects(&warnings) {
            let wanted = wanted.clone();
            let mut repeats = Repeats::default();
            session
                .declare_subscriber(warnings)
                .history(HistoryConfig::default().detect_late_publishers())
                .recovery(RecoveryConfig::default().heartbeat())
                .callback_mut(move |sample: Sample| {
                    let is_repetition = sample
                        .attachment()
                        .is_some_and(|attachment| attachment.to_bytes() == REPEATED.as_bytes());
                    if wanted.intersects(sample.key_expr())
                        && repeats.is_new(sample.key_expr(), &sample.payload().to_bytes(), is_repetition)
                    {
                        hear.message(&sample);
                    }
                })
                .background()
                .wait()
                .map_err(refused)?;
        }
        Ok(Self { session, arrivals, missed })
    }

    /// The next arrival; `None` once the session is closed.
    pub async fn next(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }

    /// Whether any site or router is connected.
    pub fn is_connected(&self) -> bool {
        self.session.info().transports().wait().next().is_some()
    }

    /// Arrivals lost so far because they were not taken fast enough.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// Closes the session.
    pub async fn close(self) -> Result<()> {
        self.session
            .close()
            .await
            .map_err(|error| anyhow!("the bus did not close cleanly: {}", in_words(&error)))
    }
}

/// Where the subscribers put what they hear.
#[derive(Clone)]
struct Hear {
    sender: mpsc::Sender<Arrival>,
    missed: Arc<AtomicU64>,
}

impl Hear {
    /// A message; a deletion says nothing on this bus.
    fn message(&self, sample: &Sample) {
        if sample.kind() == SampleKind::Put {
            let encoding = sample.encoding().to_string();
            self.put(
                sample.key_expr(),
                Heard::Message { encoding, payload: sample.payload().to_bytes().into_owned() },
            );
        }
    }

    /// A liveliness token.
    fn token(&self, sample: &Sample) {
        let heard = match sample.kind() {
            SampleKind::Put => Heard::Alive,
            SampleKind::Delete => Heard::Lost,
        };
        self.put(sample.key_expr(), heard);
    }

    fn put(&self, key: &KeyExpr<'_>, heard: Heard) {
        let arrival =
            Arrival { key: key.to_string(), topic: Topic::parse(key), received_at: wall_clock(), heard };
        if self.sender.try_send(arrival).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a text is a key expression.
///
/// # Errors
/// Says what is wrong with it, with an example of one.
pub fn check_key_expression(text: &str) -> Result<()> {
    parsed(text).map(|_key_expression| ())
}

/// The key expression in a text.
fn parsed(text: &str) -> Result<OwnedKeyExpr> {
    OwnedKeyExpr::autocanonize(text.to_owned()).map_err(|error| {
        anyhow!(
            "\"{text}\" is no key expression ({}): write chunks separated by single '/', with '*' for any one chunk \
             and '**' for any number, such as \"throng/v1/*/warning/*\"",
            in_words(&error)
        )
    })
}
