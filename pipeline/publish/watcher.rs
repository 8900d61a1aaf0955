//! The other side of the bus: hears what sites publish, and when they fall silent.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use throng_analytics::{
    time::Timestamp,
    wire::{Message as _, WarningReceipt},
};
use tokio::{sync::mpsc, time::sleep_until};
use zenoh::{
    Session, Wait as _,
    key_expr::{KeyExpr, OwnedKeyExpr},
    sample::{Sample, SampleKind},
};
use zenoh_ext::{AdvancedSubscriberBuilderExt as _, HistoryConfig, RecoveryConfig};

use super::{
    Id, Network, Outgoing, Talker, Topic,
    in_order::{InOrder, Outcome, Stamp},
    keys::patterns,
    marks::Marks,
    open_session,
    outgoing::marked_expired,
    repeats::Repeats,
    speaker_link::put,
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
///
/// Every warning comes once, and in the order in which it was raised. One that was overtaken by a newer one comes all
/// the same, marked `expired`.
#[derive(Debug)]
pub struct Watcher {
    session: Session,
    raw: mpsc::Receiver<Raw>,
    ready: VecDeque<Arrival>,
    order: InOrder<Arrival>,
    /// For warnings of others, which carry no id of their series.
    repeats: Repeats,
    confirming: Option<Confirming>,
    missed: Arc<AtomicU64>,
}

/// For whom warnings are confirmed, and up to which of each key that was done.
#[derive(Debug)]
struct Confirming {
    group: Id,
    by: String,
    up_to: BTreeMap<String, (Stamp, Instant)>,
}

/// As it came in.
#[derive(Debug)]
struct Raw {
    arrival: Arrival,
    /// Given on warnings.
    marks: Option<Marks>,
}

/// The part of a warning that says which one it is.
#[derive(Deserialize)]
struct Numbered {
    numbering: String,
    seq: u64,
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
        let (sender, raw) = mpsc::channel(ARRIVALS_MAX);
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
            session
                .declare_subscriber(warnings)
                .history(HistoryConfig::default().detect_late_publishers())
                .recovery(RecoveryConfig::default().heartbeat())
                .callback(move |sample: Sample| {
                    if wanted.intersects(sample.key_expr()) {
                        hear.warning(&sample);
                    }
                })
                .background()
                .wait()
                .map_err(refused)?;
        }
        Ok(Self {
            session,
            raw,
            ready: VecDeque::new(),
            order: InOrder::default(),
            repeats: Repeats::default(),
            confirming: None,
            missed,
        })
    }

    /// Speaks for a group of subscribers from now on: [`Self::confirm`] tells the site that the group has a warning.
    #[must_use]
    pub fn confirming(mut self, group: Id, by: &str) -> Self {
        self.confirming = Some(Confirming { group, by: by.to_owned(), up_to: BTreeMap::new() });
        self
    }

    /// The next arrival; `None` once the session is closed.
    pub async fn next(&mut self) -> Option<Arrival> {
        loop {
            if let Some(arrival) = self.ready.pop_front() {
                return Some(arrival);
            }
            let overdue_at = self.order.next_overdue();
            let wait = sleep_until(overdue_at.unwrap_or_else(Instant::now).into());
            tokio::select! {
                raw = self.raw.recv() => self.take(raw?).await,
                () = wait, if overdue_at.is_some() => {
                    let due = self.order.overdue(Instant::now());
                    self.ready.extend(due.into_iter().map(|due| delivered(due.item, due.late)));
                }
            }
        }
    }

    /// Puts what came in where it belongs.
    async fn take(&mut self, raw: Raw) {
        let (Some(marks), Heard::Message { payload, .. }) = (raw.marks, &raw.arrival.heard) else {
            self.ready.push_back(raw.arrival);
            return;
        };
        let Ok(Numbered { numbering, seq }) = serde_json::from_slice(payload) else {
            let is_repetition = marks.repeated || marks.redelivered;
            if self.repeats.is_new(&raw.arrival.key, payload, is_repetition) {
                self.ready.push_back(raw.arrival);
            }
            return;
        };
        let (key, stamp) = (raw.arrival.key.clone(), Stamp { numbering, seq });
        match self.order.feed(&key, &stamp, marks, raw.arrival, Instant::now()) {
            Outcome::Deliver(due) => {
                self.ready.extend(due.into_iter().map(|due| delivered(due.item, due.late)));
            }
            // Said again: the confirmation may have been lost.
            Outcome::Known if marks.redelivered => self.confirm_again(&key).await,
            Outcome::Known => {}
        }
    }

    /// Tells the site that the group has this warning and all before it, once that is so. To be called when whatever
    /// it is to cause has been done: what is not confirmed is said again, also to whoever speaks for the group next.
    ///
    /// # Errors
    /// The bus does not take the confirmation.
    pub async fn confirm(&mut self, arrival: &Arrival) -> Result<()> {
        let Heard::Message { payload, .. } = &arrival.heard else { return Ok(()) };
        let (Some(confirming), Some(complete)) =
            (&mut self.confirming, self.order.complete_up_to(&arrival.key))
        else {
            return Ok(());
        };
        let Ok(Numbered { numbering, seq }) = serde_json::from_slice(payload) else { return Ok(()) };
        if numbering != complete.numbering {
            return Ok(());
        }
        let known = confirming.up_to.get(&arrival.key).filter(|(stamp, _)| stamp.numbering == numbering);
        // A late one completes all that came after it.
        let highest = known.map_or(seq, |(stamp, _)| stamp.seq.max(seq));
        let stamp = Stamp { numbering, seq: highest.min(complete.seq) };
        confirming.up_to.insert(arrival.key.clone(), (stamp, Instant::now()));
        self.send_receipt(&arrival.key).await
    }

    /// Sends the last confirmation of a key again, at most once a second.
    async fn confirm_again(&mut self, key: &str) {
        let Some(confirming) = &mut self.confirming else { return };
        let Some((_, sent_at)) = confirming.up_to.get_mut(key) else { return };
        if sent_at.elapsed().as_secs() == 0 {
            return;
        }
        *sent_at = Instant::now();
        if let Err(error) = self.send_receipt(key).await {
            tracing::debug!("{error:#}.");
        }
    }

    async fn send_receipt(&self, key: &str) -> Result<()> {
        let Some(confirming) = &self.confirming else { return Ok(()) };
        let Some((stamp, _)) = confirming.up_to.get(key) else { return Ok(()) };
        let topic = KeyExpr::try_from(key).ok().and_then(|key| Topic::parse(&key));
        let Some((site, Topic::Warning(zone))) = topic else { return Ok(()) };
        let receipt = WarningReceipt {
            schema: WarningReceipt::SCHEMA.to_owned(),
            site: site.to_string(),
            group: confirming.group.to_string(),
            by: confirming.by.clone(),
            zone: zone.to_string(),
            numbering: stamp.numbering.clone(),
            up_to_seq: stamp.seq,
            at: wall_clock(),
        };
        let topic = Topic::Receipt(confirming.group.clone(), zone);
        let delivery = topic.delivery();
        let refused = |error: zenoh::Error| anyhow!("cannot confirm a warning: {}", in_words(&error));
        let text = serde_json::to_vec(&receipt).context("cannot write a confirmation as JSON")?;
        self.session
            .put(topic.key(&site).map_err(refused)?, text)
            .encoding(delivery.form.encoding())
            .priority(delivery.priority)
            .congestion_control(delivery.congestion)
            .express(delivery.express)
            .await
            .map_err(refused)
    }

    /// Speaks and asks in this session.
    pub fn talker(&self) -> Talker {
        Talker::of(self.session.clone())
    }

    /// Publishes a message once.
    ///
    /// # Errors
    /// zenoh's.
    pub fn put(&self, site: &Id, message: Outgoing) -> Result<()> {
        put(&self.session, site, message)
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

/// A warning whose turn it is; one that was overtaken is for the record.
fn delivered(arrival: Arrival, is_late: bool) -> Arrival {
    match arrival.heard {
        Heard::Message { encoding, payload } if is_late => {
            Arrival { heard: Heard::Message { encoding, payload: marked_expired(&payload) }, ..arrival }
        }
        _ => arrival,
    }
}

/// Where the subscribers put what they hear.
#[derive(Clone)]
struct Hear {
    sender: mpsc::Sender<Raw>,
    missed: Arc<AtomicU64>,
}

impl Hear {
    /// A message; a deletion says nothing on this bus.
    fn message(&self, sample: &Sample) {
        self.put_message(sample, None);
    }

    /// A warning.
    fn warning(&self, sample: &Sample) {
        self.put_message(sample, Some(Marks::of(sample)));
    }

    fn put_message(&self, sample: &Sample, marks: Option<Marks>) {
        if sample.kind() == SampleKind::Put {
            let encoding = sample.encoding().to_string();
            let payload = sample.payload().to_bytes().into_owned();
            self.put(sample.key_expr(), Heard::Message { encoding, payload }, marks);
        }
    }

    /// A liveliness token.
    fn token(&self, sample: &Sample) {
        let heard = match sample.kind() {
            SampleKind::Put => Heard::Alive,
            SampleKind::Delete => Heard::Lost,
        };
        self.put(sample.key_expr(), heard, None);
    }

    fn put(&self, key: &KeyExpr<'_>, heard: Heard, marks: Option<Marks>) {
        let arrival =
            Arrival { key: key.to_string(), topic: Topic::parse(key), received_at: wall_clock(), heard };
        if self.sender.try_send(Raw { arrival, marks }).is_err() {
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
