//! Listens to the whole bus for the console.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use throng_console::{Console, RoomEvent};
use tokio::time::sleep;

use super::{describe::describe, events::event, orders::Orders, record::Recording};
use crate::publish::{Id, Network, Talker, Watcher};

/// Everything of every site.
const EVERYTHING: &str = "throng/v1/**";
/// Pause before the bus is tried again.
const RELISTEN_EVERY: Duration = Duration::from_secs(1);
/// Pause before a site is asked again what it is made of.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// What listening needs.
pub(super) struct Listening {
    pub(super) network: Network,
    pub(super) console: Arc<Console>,
    pub(super) recorder: Recording,
    pub(super) orders: Arc<Orders>,
}

/// Which configuration of a site is known, and when it was last asked for.
#[derive(Default)]
struct Known {
    config_sha256: Option<String>,
    asked_at: Option<Instant>,
}

/// Listens for ever; a bus that is down is tried again.
pub(super) async fn listen(mut of: Listening) {
    loop {
        let opened = async {
            let watcher = Watcher::open(&of.network, EVERYTHING, true).await?;
            anyhow::Ok((watcher, Talker::open(&of.network).await?))
        };
        match opened.await {
            Ok((watcher, talker)) => hear(&mut of, watcher, &Arc::new(talker)).await,
            Err(error) => tracing::debug!("The console does not hear the bus yet: {error:#}."),
        }
        sleep(RELISTEN_EVERY).await;
    }
}

async fn hear(of: &mut Listening, mut watcher: Watcher, talker: &Arc<Talker>) {
    let mut sites: BTreeMap<Id, Known> = BTreeMap::new();
    while let Some(arrival) = watcher.next().await {
        let Some(event) = event(&arrival) else { continue };
        if let Some((site, _)) = &arrival.topic {
            let known = sites.entry(site.clone()).or_default();
            let told = envelope(&event);
            let is_other = match (told, &known.config_sha256) {
                (Some((sha256, _)), Some(known)) => sha256 != known,
                (Some(_), None) => true,
                (None, known) => known.is_none(),
            };
            if is_other && known.asked_at.is_none_or(|at| at.elapsed() >= ASK_EVERY) {
                known.asked_at = Some(Instant::now());
                known.config_sha256 = told.map(|(sha256, _)| sha256.to_owned());
                ask(site.clone(), told.is_some_and(|(_, drill)| drill), talker, &of.console);
            }
        }
        of.recorder.take(&event);
        of.orders.take(&event);
        of.console.hear(event);
    }
}

/// Configuration and drill of a message.
fn envelope(event: &RoomEvent) -> Option<(&str, bool)> {
    let envelope = match event {
        RoomEvent::ZoneDensity(message) => &message.envelope,
        RoomEvent::ZoneState(message) => &message.envelope,
        RoomEvent::CameraState(message) => &message.envelope,
        _ => return None,
    };
    Some((&envelope.config_sha256, envelope.drill))
}

/// Asks a site what it is made of, beside the listening.
fn ask(site: Id, drill: bool, talker: &Arc<Talker>, console: &Arc<Console>) {
    let (talker, console) = (Arc::clone(talker), Arc::clone(console));
    tokio::spawn(async move {
        match talker.config(&site).await {
            Ok(config) => console.hear(RoomEvent::Site(Box::new(describe(config, drill)))),
            Err(error) => tracing::debug!("{error:#}."),
        }
    });
}
