//! A session that speaks and asks, for whoever answers warnings: acknowledgements and orders out, configurations in.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use throng_analytics::wire::SiteConfig;
use zenoh::Session;

use super::{Id, Network, Outgoing, Topic, open_session, speaker_link::put, zenoh_error::in_words};

/// How long a site may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A session that speaks and asks. Where it is its own, it closes when dropped.
#[derive(Debug)]
pub struct Talker {
    session: Session,
}

impl Talker {
    /// Opens a session.
    ///
    /// # Errors
    /// See [`open_session`].
    pub async fn open(network: &Network) -> Result<Self> {
        Ok(Self { session: open_session(network).await? })
    }

    /// Speaks in a session that is open already.
    pub(super) const fn of(session: Session) -> Self {
        Self { session }
    }

    /// Publishes a message once; may wait for the network where the topic's row says so.
    ///
    /// # Errors
    /// zenoh's.
    pub fn put(&self, site: &Id, message: Outgoing) -> Result<()> {
        put(&self.session, site, message)
    }

    /// What a site says of its configuration.
    ///
    /// # Errors
    /// Nobody answers, or not with a configuration.
    pub async fn config(&self, site: &Id) -> Result<SiteConfig> {
        let refused = |error: zenoh::Error| anyhow!("cannot ask {site}: {}", in_words(&error));
        let key = Topic::Config.key(site).map_err(refused)?;
        let answers = self.session.get(key).timeout(ANSWER_WITHIN).await.map_err(refused)?;
        while let Ok(reply) = answers.recv_async().await {
            if let Ok(sample) = reply.result() {
                let text = sample.payload().to_bytes();
                return serde_json::from_slice(&text)
                    .with_context(|| format!("the configuration of {site} cannot be read"));
            }
        }
        Err(anyhow!("{site} does not say what it is made of"))
    }
}
