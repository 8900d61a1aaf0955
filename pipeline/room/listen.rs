//! Listens to the whole bus for the console.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use throng_console::{Console, RoomEvent, SiteDescription};
use tokio::time::sleep;

use super::{describe::describe, events::event, ground::RoomGround, orders::Orders, record::Recording};
use crate::{
    locked::locked,
    publish::{Id, Network, Talker, Watcher},
};

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
    pub(super) ground: Arc<RoomGround>,
    pub(super) recorder: Recording,
    pub(super) orders: Arc<Orders>,
}

/// Configurations that sites were described by, by site; shared with those who ask.
type Described = Arc<Mutex<BTreeMap<Id, String>>>;

/// Listens for ever; a bus that is down is tried again.
pub(super) async fn listen(mut of: Listening) {
    loop {
        match Watcher::open(&of.network, EVERYTHING, true).await {
            Ok(watcher) => hear(&mut of, watcher).await,
            Err(error) => tracing::debug!("The console does not hear the bus yet: {error:#}."),
        }
        sleep(RELISTEN_EVERY).await;
    }
}

async fn hear(of: &mut Listening, mut watcher: Watcher) {
    let talker = Arc::new(watcher.talker());
    let described = Described::default();
    let mut asked: BTreeMap<Id, Instant> = BTreeMap::new();
    while let Some(arrival) = watcher.next().await {
        let Some(event) = event(&arrival) else { continue };
        // Only a message says which configuration its site runs, and whether it is a drill; cameras tell every second.
        if let (Some((site, _)), Some((config_sha256, drill))) = (&arrival.topic, envelope(&event))
            && locked(&described).get(site).is_none_or(|known| known != config_sha256)
            && asked.get(site).is_none_or(|at| at.elapsed() >= ASK_EVERY)
        {
            asked.insert(site.clone(), Instant::now());
            let asking = Asking {
                site: site.clone(),
                drill,
                talker: Arc::clone(&talker),
                console: Arc::clone(&of.console),
                ground: Arc::clone(&of.ground),
                described: described.clone(),
            };
            tokio::spawn(ask(asking));
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

/// What asking a site needs.
struct Asking {
    site: Id,
    drill: bool,
    talker: Arc<Talker>,
    console: Arc<Console>,
    ground: Arc<RoomGround>,
    described: Described,
}

/// Asks a site what it is made of, beside the listening. Where it does not answer it is asked again later.
async fn ask(of: Asking) {
    match of.talker.config(&of.site).await {
        Ok(config) => {
            let plan = of.ground.place(of.site.as_str());
            locked(&of.described).insert(of.site, config.config_sha256.clone());
            let description = SiteDescription { plan, ..describe(config, of.drill) };
            of.console.hear(RoomEvent::Site(Box::new(description)));
        }
        Err(error) => tracing::debug!("{error:#}."),
    }
}
