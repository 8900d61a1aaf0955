//! Zenoh publishers, each declared once, with the quality of service of its topic.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, anyhow};
use throng_analytics::time::Timestamp;
use tokio::{task::block_in_place, time::Instant};
use zenoh::{
    Session, Wait as _, bytes::ZBytes, key_expr::OwnedKeyExpr, pubsub::Publisher, qos::CongestionControl,
};
use zenoh_ext::{AdvancedPublisher, AdvancedPublisherBuilderExt as _, CacheConfig, MissDetectionConfig};

use super::{Delivery, Id, Outgoing, Topic, marks::Marks, outgoing::marked_expired, zenoh_error::in_words};

/// Messages of one key that whoever joins late can still get: hours of a zone's changes of level.
const HISTORY_SAMPLES: usize = 64;
/// How often subscribers are told the last sequence number, so that a lost last message shows.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How often the newest value of a repeated topic is sent again: at least 1 Hz, with room for a late timer.
pub(super) const REPEAT_PERIOD: Duration = Duration::from_millis(900);

/// The publishers of a session.
pub(super) struct Publishers {
    session: Session,
    site: Id,
    declared: BTreeMap<Topic, Declared>,
}

/// What was published.
pub(super) struct Published {
    pub(super) key: OwnedKeyExpr,
    /// As it travels.
    pub(super) payload: ZBytes,
    /// Whether somebody listens to it, of what is kept.
    pub(super) is_heard: bool,
}

/// One key with what sends on it.
struct Declared {
    key: OwnedKeyExpr,
    delivery: Delivery,
    sender: Sender,
    /// Newest value and when it was last sent, where the topic is repeated.
    repeating: Option<(Outgoing, Instant)>,
}

/// What sends on a key.
enum Sender {
    /// Publishes and forgets.
    Measured(Publisher<'static>),
    /// Numbers and keeps what it publishes; repeats go beside it, so that they do not push history out of the cache.
    Kept { first: Box<AdvancedPublisher<'static>>, again: Publisher<'static> },
}

impl Publishers {
    /// None declared yet.
    pub(super) fn new(session: Session, site: Id) -> Self {
        Self { session, site, declared: BTreeMap::new() }
    }

    /// Publishes a message, declaring its publisher the first time; one that has expired by `now` is marked.
    ///
    /// # Errors
    /// Zenoh refused the declaration or the message.
    pub(super) fn publish(&mut self, message: Outgoing, marks: Marks, now: Timestamp) -> Result<Published> {
        let is_expired = message.is_expired(now);
        let payload = payload(&message, is_expired);
        let declared = self.declared(&message.topic)?;
        declared.send(payload.clone(), marks)?;
        if declared.delivery.repeated && !is_expired {
            declared.repeating = Some((message, Instant::now()));
        }
        Ok(Published { key: declared.key.clone(), payload, is_heard: declared.is_heard() })
    }

    /// Says a warning again that nobody has confirmed, beside the numbered publisher, whose history it would fill.
    ///
    /// # Errors
    /// Zenoh refused the declaration or the message.
    pub(super) fn redeliver(&mut self, message: &Outgoing, first_seq: u64, now: Timestamp) -> Result<()> {
        let payload = payload(message, message.is_expired(now));
        let declared = self.declared(&message.topic)?;
        if let Sender::Kept { again, .. } = &declared.sender {
            let marks = Marks { redelivered: true, first_seq: Some(first_seq), repeated: false };
            block_in_place(|| again.put(payload).attachment(marks.attachment()).wait())
                .map_err(|error| anyhow!("cannot deliver {} again: {}", declared.key, in_words(&error)))?;
        }
        Ok(())
    }

    /// Whether somebody listens to anything that is kept.
    pub(super) fn is_any_heard(&self) -> bool {
        self.declared.values().any(Declared::is_heard)
    }

    /// Whether somebody listens to a topic that is kept.
    pub(super) fn is_heard(&mut self, topic: &Topic) -> bool {
        self.declared(topic).is_ok_and(|declared| declared.is_heard())
    }

    /// Keeps `is_heard` true while somebody listens to a topic that is not kept.
    ///
    /// # Errors
    /// Zenoh refused the declaration.
    pub(super) fn watch_listeners(&mut self, topic: &Topic, is_heard: &Arc<AtomicBool>) -> Result<()> {
        let is_heard = Arc::clone(is_heard);
        let declared = self.declared(topic)?;
        let Sender::Measured(publisher) = &declared.sender else { return Ok(()) };
        publisher
            .matching_listener()
            .callback(move |status| is_heard.store(status.matching(), Ordering::Relaxed))
            .background()
            .wait()
            .map_err(|error| anyhow!("cannot see who listens to {}: {}", declared.key, in_words(&error)))
    }

    /// The publisher of a topic, declared the first time.
    fn declared(&mut self, topic: &Topic) -> Result<&mut Declared> {
        if !self.declared.contains_key(topic) {
            let declared = declare(&self.session, &self.site, topic)?;
            self.declared.insert(topic.clone(), declared);
        }
        self.declared.get_mut(topic).ok_or_else(|| anyhow!("no publisher for {topic:?}"))
    }

    /// Sends again what is due, or everything repeated with `now_due`, leaving out what has expired by `now`.
    pub(super) fn repeat(&mut self, now_due: bool, now: Timestamp) -> Result<()> {
        for declared in self.declared.values_mut() {
            let Some((message, sent_at)) = &mut declared.repeating else { continue };
            if !now_due && sent_at.elapsed() < REPEAT_PERIOD {
                continue;
            }
            if message.is_expired(now) {
                declared.repeating = None;
                continue;
            }
            *sent_at = Instant::now();
            let payload = ZBytes::from(message.payload.as_slice());
            if let Sender::Kept { again, .. } = &declared.sender {
                block_in_place(|| again.put(payload).attachment(Marks::REPEATED.attachment()).wait())
                    .map_err(|error| anyhow!("cannot repeat {}: {}", declared.key, in_words(&error)))?;
            }
        }
        Ok(())
    }
}

impl Declared {
    /// Whether somebody listens to what is kept; nobody asks of what is not.
    fn is_heard(&self) -> bool {
        match &self.sender {
            Sender::Kept { again, .. } => {
                again.matching_status().wait().is_ok_and(|status| status.matching())
            }
            Sender::Measured(_) => false,
        }
    }

    /// Sends a payload.
    fn send(&self, payload: ZBytes, marks: Marks) -> Result<()> {
        // A sender that waits for room on a link would hold up everything else on this worker of tokio.
        match &self.sender {
            Sender::Measured(publisher) if self.delivery.congestion == CongestionControl::Drop => {
                publisher.put(payload).wait()
            }
            Sender::Measured(publisher) => block_in_place(|| publisher.put(payload).wait()),
            Sender::Kept { first, .. } => {
                block_in_place(|| first.put(payload).attachment(marks.attachment()).wait())
            }
        }
        .map_err(|error| anyhow!("cannot publish on {}: {}", self.key, in_words(&error)))
    }
}

/// A payload as it travels.
fn payload(message: &Outgoing, is_expired: bool) -> ZBytes {
    if is_expired {
        ZBytes::from(marked_expired(&message.payload))
    } else {
        ZBytes::from(message.payload.as_slice())
    }
}

/// Declares the publisher of a topic.
fn declare(session: &Session, site: &Id, topic: &Topic) -> Result<Declared> {
    let refused =
        |error: zenoh::Error| anyhow!("zenoh does not take the publisher of {topic:?}: {}", in_words(&error));
    let key = topic.key(site).map_err(refused)?;
    let delivery = topic.delivery();
    let publisher = || {
        session
            .declare_publisher(key.clone())
            .encoding(delivery.form.encoding())
            .priority(delivery.priority)
            .congestion_control(delivery.congestion)
            .express(delivery.express)
    };
    let sender = if delivery.kept {
        let first = publisher()
            .cache(CacheConfig::default().max_samples(HISTORY_SAMPLES))
            .sample_miss_detection(MissDetectionConfig::default().heartbeat(HEARTBEAT))
            .publisher_detection()
            .wait()
            .map_err(refused)?;
        Sender::Kept { first: Box::new(first), again: publisher().wait().map_err(refused)? }
    } else {
        Sender::Measured(publisher().wait().map_err(refused)?)
    };
    Ok(Declared { key, delivery, sender, repeating: None })
}
