//! What officers ask for, signed where it must be, and carried to the bus.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use throng_analytics::{
    level::Level,
    wire::{self, Ack, Message, SpeakerCommand, SpeakerOrder},
};
use throng_console::{Commands, RoomEvent, SpeakOrder};
use tokio::{
    sync::mpsc,
    time::{interval, sleep},
};
use uuid::Uuid;

use crate::{
    clock::wall_clock,
    locked::locked,
    publish::{Id, Network, Outgoing, Talker, Topic, signature::CommandSigner},
};

/// Messages that wait for the bus. An order waits for nothing: what does not fit is refused.
const WAITING_MAX: usize = 64;
/// How often a site is told again of what lasts outside, for one that starts meanwhile.
const SIGNALS_EVERY: Duration = Duration::from_secs(30);
/// Pause before the bus is tried again.
const REOPEN_EVERY: Duration = Duration::from_secs(1);
/// How long the bus may take to take a message before the officer is told.
const SENT_WITHIN: Duration = Duration::from_secs(3);

/// A message on its way, and where its fate is told.
pub(super) struct Outbound {
    site: Id,
    message: Outgoing,
    sent: std::sync::mpsc::SyncSender<Result<(), String>>,
}

/// The incident behind an order.
#[derive(Clone, Debug)]
struct Incident {
    zone: String,
    level: Option<Level>,
    drill: bool,
}

/// What officers ask for.
pub(super) struct Orders {
    signer: Mutex<Option<CommandSigner>>,
    incidents: Mutex<BTreeMap<String, Incident>>,
    drills: Mutex<BTreeMap<String, bool>>,
    signals: Arc<Signals>,
    outbound: mpsc::Sender<Outbound>,
}

/// Signals that were entered here and last, as they travel, by their ids.
#[derive(Default)]
pub(super) struct Signals(Mutex<BTreeMap<String, (Id, wire::Signal, Outgoing)>>);

impl Signals {
    /// Those that last, with their sites.
    fn lasting(&self) -> Vec<(Id, Outgoing)> {
        let mut signals = locked(&self.0);
        signals.retain(|_, (_, signal, _)| signal.until > wall_clock());
        signals.values().map(|(site, _, message)| (site.clone(), message.clone())).collect()
    }
}

/// What [`carry`] takes.
pub(super) struct Carried {
    outbound: mpsc::Receiver<Outbound>,
    signals: Arc<Signals>,
}

/// The console's end, and the end that [`carry`] takes.
pub(super) fn orders(signer: Option<CommandSigner>) -> (Arc<Orders>, Carried) {
    let (outbound, carried) = mpsc::channel(WAITING_MAX);
    let signals = Arc::<Signals>::default();
    let orders = Orders {
        signer: Mutex::new(signer),
        incidents: Mutex::default(),
        drills: Mutex::default(),
        signals: Arc::clone(&signals),
        outbound,
    };
    (Arc::new(orders), Carried { outbound: carried, signals })
}

/// Carries messages to the bus, for ever.
pub(super) async fn carry(network: Network, mut carried: Carried) {
    let talker = loop {
        match Talker::open(&network).await {
            Ok(talker) => break talker,
            Err(error) => tracing::debug!("Orders do not reach the bus yet: {error:#}."),
        }
        sleep(REOPEN_EVERY).await;
    };
    let mut again = interval(SIGNALS_EVERY);
    loop {
        tokio::select! {
            next = carried.outbound.recv() => {
                let Some(Outbound { site, message, sent }) = next else { return };
                let put = talker.put(&site, message).map_err(|error| format!("{error:#}"));
                // Whoever asked may have given up.
                sent.try_send(put).ok();
            }
            _ = again.tick() => {
                for (site, message) in carried.signals.lasting() {
                    if let Err(error) = talker.put(&site, message) {
                        tracing::debug!("A signal is not said again: {error:#}.");
                    }
                }
            }
        }
    }
}

impl Orders {
    /// Remembers what orders refer to.
    pub(super) fn take(&self, event: &RoomEvent) {
        let RoomEvent::Warning(warning) = event else { return };
        let drill = warning.envelope.drill;
        let incident = Incident { zone: warning.zone.clone(), level: warning.level, drill };
        locked(&self.drills).insert(warning.envelope.site.clone(), drill);
        let mut incidents = locked(&self.incidents);
        incidents.insert(warning.incident.clone(), incident);
        // Ids sort by time (UUIDv7): the first is the oldest.
        while incidents.len() > 1000 {
            incidents.pop_first();
        }
    }

    /// Hands a message to the bus and waits for its word.
    fn send(&self, site: &str, topic: Topic, message: &impl Message) -> Result<(), String> {
        let site = Id::new(site).map_err(|error| format!("{error:#}"))?;
        let message = Outgoing::message(topic, message).map_err(|error| format!("{error:#}"))?;
        let (sent, fate) = std::sync::mpsc::sync_channel(1);
        let full = |_| "the bus does not take orders now; say it by radio".to_owned();
        self.outbound.try_send(Outbound { site, message, sent }).map_err(full)?;
        fate.recv_timeout(SENT_WITHIN)
            .unwrap_or_else(|_| Err("the bus does not answer; say it by radio".to_owned()))
    }

    fn order(&self, site: &str, speaker: &str, command: SpeakerCommand) -> Result<String, String> {
        let id = command.command_id.clone();
        let speaker = Id::new(speaker).map_err(|error| format!("{error:#}"))?;
        let signed = locked(&self.signer)
            .as_mut()
            .ok_or(
                "this console has no key to sign orders with: start it with one that the loudspeaker trusts",
            )?
            .sign(command)
            .map_err(|error| format!("{error:#}"))?;
        self.send(site, Topic::SpeakerCommand(speaker), &signed)?;
        Ok(id)
    }

    fn command(&self, site: &str, speaker: &str, order: SpeakerOrder) -> SpeakerCommand {
        let id = Uuid::now_v7().to_string();
        SpeakerCommand {
            drill: locked(&self.drills).get(site).copied().unwrap_or(false),
            ..SpeakerCommand::given(id, site, speaker, order, wall_clock())
        }
    }
}

impl Commands for Orders {
    fn acknowledge(&self, site: &str, ack: &Ack) -> Result<(), String> {
        let incident = Id::new(ack.incident.as_str()).map_err(|error| format!("{error:#}"))?;
        self.send(site, Topic::Ack(incident), ack)
    }

    fn speak(&self, site: &str, speaker: &str, order: &SpeakOrder) -> Result<String, String> {
        let incident = order.incident.as_ref().and_then(|id| locked(&self.incidents).get(id).cloned());
        // Without an incident an officer speaks because they see a need: that is orange, which asks for agreement.
        let level = incident.as_ref().and_then(|incident| incident.level).unwrap_or(Level::Orange);
        let command = self.command(site, speaker, SpeakerOrder::Play);
        let command = SpeakerCommand {
            // What answers an exercise is one, also on a loudspeaker of the real site.
            drill: command.drill || incident.as_ref().is_some_and(|incident| incident.drill),
            announcement: Some(order.announcement.clone()),
            level: Some(level),
            incident: order.incident.clone(),
            zone: incident.map(|incident| incident.zone),
            priority: Level::Red.number() - level.number(),
            repeat: order.repeats,
            ..command
        };
        self.order(site, speaker, command)
    }

    fn confirm(&self, site: &str, speaker: &str, command_id: &str, _: &str) -> Result<(), String> {
        let command = SpeakerCommand {
            refers_to: Some(command_id.to_owned()),
            ..self.command(site, speaker, SpeakerOrder::Confirm)
        };
        self.order(site, speaker, command).map(drop)
    }

    fn signal(&self, signal: &wire::Signal) -> Result<(), String> {
        let in_words = |error: anyhow::Error| format!("{error:#}");
        let site = Id::new(signal.site.as_str()).map_err(|error| format!("{error:#}"))?;
        let id = Id::new(signal.id.as_str()).map_err(|error| format!("{error:#}"))?;
        let signed = locked(&self.signer)
            .as_ref()
            .ok_or("this console has no key to sign signals with: the site does not hear of it")?
            .sign_signal(signal.clone())
            .map_err(in_words)?;
        self.send(&signal.site, Topic::Signal(id.clone()), &signed)?;
        let message = Outgoing::message(Topic::Signal(id), &signed).map_err(in_words)?;
        locked(&self.signals.0).insert(signal.id.clone(), (site, signal.clone(), message));
        Ok(())
    }

    fn abort(&self, site: &str, speaker: &str, _: &str) -> Result<(), String> {
        self.order(site, speaker, self.command(site, speaker, SpeakerOrder::Abort)).map(drop)
    }
}
