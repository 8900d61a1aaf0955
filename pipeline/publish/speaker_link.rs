//! A loudspeaker on the bus: hears its orders and what its neighbours do, tells its state and its receipts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::{Result, anyhow};
use crossbeam::channel::Sender;
use zenoh::{
    Session, Wait as _,
    liveliness::LivelinessToken,
    sample::{Sample, SampleKind},
};

use super::{
    Id, Network, Outgoing, Topic, keys::patterns, open_session, signature::COMMAND_BYTES_MAX,
    zenoh_error::in_words,
};

/// What a loudspeaker hears.
#[derive(Clone, Debug, PartialEq)]
pub enum SpeakerHeard {
    /// An order, not checked yet.
    Order(Vec<u8>),
    /// A receipt of another loudspeaker of the site.
    Receipt(Vec<u8>),
    /// Another loudspeaker is gone.
    Gone(Id),
}

/// A loudspeaker's session. Dropped, it closes, and the loudspeaker is seen to be gone.
#[derive(Debug)]
pub struct SpeakerLink {
    session: Session,
    site: Id,
    _alive: LivelinessToken,
}

impl SpeakerLink {
    /// Opens a session and listens. What is too large, or comes faster than it is taken, is counted in `refused`.
    ///
    /// No history is asked for: an order that was given before the loudspeaker came is not meant any more.
    ///
    /// # Errors
    /// The session cannot be opened; see [`open_session`].
    pub async fn open(
        network: &Network,
        site: &Id,
        speaker: &Id,
        heard: Sender<SpeakerHeard>,
        refused: Arc<AtomicU64>,
    ) -> Result<Self> {
        let session = open_session(network).await?;
        let problem =
            |error: zenoh::Error| anyhow!("zenoh does not take the loudspeaker: {}", in_words(&error));
        let orders = Topic::SpeakerCommand(speaker.clone()).key(site).map_err(problem)?;
        let (to_agent, count) = (heard.clone(), Arc::clone(&refused));
        let take = move |sample: Sample| {
            let is_order = sample.kind() == SampleKind::Put && sample.payload().len() <= COMMAND_BYTES_MAX;
            if !is_order
                || to_agent.try_send(SpeakerHeard::Order(sample.payload().to_bytes().into_owned())).is_err()
            {
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        session.declare_subscriber(orders).callback(take).background().wait().map_err(problem)?;

        let is_other = {
            let own = speaker.clone();
            move |key: &zenoh::key_expr::keyexpr| match Topic::parse(key) {
                Some((_, Topic::SpeakerReceipt(id) | Topic::SpeakerAlive(id))) if id != own => Some(id),
                _ => None,
            }
        };
        let (to_agent, is_neighbour) = (heard.clone(), is_other.clone());
        let receipts = patterns::speaker_receipts(site).map_err(problem)?;
        let take = move |sample: Sample| {
            if is_neighbour(sample.key_expr()).is_some() && sample.payload().len() <= COMMAND_BYTES_MAX {
                // A receipt that is lost makes this loudspeaker wait, and then refuse: the safe side.
                to_agent.try_send(SpeakerHeard::Receipt(sample.payload().to_bytes().into_owned())).ok();
            }
        };
        session.declare_subscriber(receipts).callback(take).background().wait().map_err(problem)?;

        let alive = patterns::speakers_alive(site).map_err(problem)?;
        let take = move |sample: Sample| {
            if let (SampleKind::Delete, Some(id)) = (sample.kind(), is_other(sample.key_expr())) {
                heard.try_send(SpeakerHeard::Gone(id)).ok();
            }
        };
        session.liveliness().declare_subscriber(alive).callback(take).background().wait().map_err(problem)?;

        let key = Topic::SpeakerAlive(speaker.clone()).key(site).map_err(problem)?;
        let alive = session.liveliness().declare_token(key).wait().map_err(problem)?;
        Ok(Self { session, site: site.clone(), _alive: alive })
    }

    /// Publishes; may wait for the network where the topic's row says so.
    ///
    /// # Errors
    /// zenoh's.
    pub fn put(&self, message: Outgoing) -> Result<()> {
        put(&self.session, &self.site, message)
    }
}

/// Publishes a message once, as its topic's row says.
pub(super) fn put(session: &Session, site: &Id, message: Outgoing) -> Result<()> {
    let row = message.topic.delivery();
    let problem = |error: zenoh::Error| anyhow!("zenoh does not take {}: {}", row.name, in_words(&error));
    let key = message.topic.key(site).map_err(problem)?;
    session
        .put(key, message.payload)
        .encoding(row.form.encoding())
        .priority(row.priority)
        .congestion_control(row.congestion)
        .express(row.express)
        .wait()
        .map_err(problem)
}
