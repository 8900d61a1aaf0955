//! Where each convention goes, and how it is sent.

use std::{
    fs,
    io::Write as _,
    net::{ToSocketAddrs as _, UdpSocket},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use throng_analytics::wire::Warning;
use uuid::Uuid;

use super::{
    CONNECT_WITHIN, ZoneChange, advice::AdviceBook, cap::Cap, cot, geojson::Zones, modbus::Relay, onvif,
    platform::Platform, syslog, webhook::Call,
};
use crate::{clock::wall_clock, config::speaker_plan::Address, connection::Connection, mqtt::Client};

/// First pause before a webhook is tried again, doubled up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);

/// A convention that is switched on, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub enum OutletPlan {
    /// CAP 1.2, a file for each message.
    Cap {
        /// Name of the sender.
        sender: String,
        /// The words.
        advice: Box<AdviceBook>,
        /// Folder of the files.
        folder: PathBuf,
    },
    /// Cursor on Target, by `udp` (multicast or not), `tcp` or `tls`.
    Cot {
        /// Where to.
        to: Address,
    },
    /// GeoJSON, one file with all zones.
    GeoJson {
        /// The file.
        file: PathBuf,
    },
    /// Syslog, by `udp`, `tcp` or `tls` (RFC 5425).
    Syslog {
        /// Where to.
        to: Address,
    },
    /// A webhook.
    Webhook {
        /// Where to.
        to: Address,
        /// The secret that signs.
        secret: Secret,
    },
    /// ONVIF Profile M: JSON events over MQTT.
    Onvif {
        /// The broker; its path is a prefix of the topics.
        broker: Address,
    },
    /// ONVIF's event service, from which video management systems fetch.
    OnvifEvents {
        /// Where it listens; its user is the one who may ask.
        at: Address,
    },
    /// A relay by Modbus TCP.
    Modbus {
        /// Where to.
        to: Address,
        /// Unit.
        unit: u8,
        /// The first of five coils.
        first_coil: u16,
        /// The first of two holding registers.
        first_register: Option<u16>,
    },
    /// GB/T 28181.
    Gb28181 {
        /// The platform; the user is our device.
        platform: Address,
        /// Hours from UTC of the times in alarms.
        zone_offset_hours: i32,
    },
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl OutletPlan {
    /// Whether it shows how it is, and not only what changes.
    pub(super) const fn shows_state(&self) -> bool {
        matches!(self, Self::Modbus { .. } | Self::OnvifEvents { .. } | Self::GeoJson { .. })
    }

    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cap { .. } => "cap",
            Self::Cot { .. } => "cot",
            Self::GeoJson { .. } => "geojson",
            Self::Syslog { .. } => "syslog",
            Self::Webhook { .. } => "webhook",
            Self::Onvif { .. } => "onvif",
            Self::OnvifEvents { .. } => "onvif_events",
            Self::Modbus { .. } => "modbus",
            Self::Gb28181 { .. } => "gb28181",
        }
    }
}

/// A convention at work.
pub(super) enum Outlet {
    Cap { cap: Box<Cap>, folder: PathBuf },
    Cot { to: Address },
    GeoJson { zones: Zones, file: PathBuf },
    Syslog { to: Address },
    Webhook { to: Address, secret: Secret },
    Onvif { broker: Address },
    OnvifEvents(onvif::Service),
    Modbus(Relay),
    Gb28181(Box<Platform>),
}

impl Outlet {
    /// For a site with these zones. `last_told` is what an earlier run told of each zone last, with its level where that was
    /// last known.
    ///
    /// # Errors
    /// The address that it serves at is taken.
    pub(super) fn new(plan: OutletPlan, zones: &[String], last_told: &[Warning]) -> Result<Self> {
        Ok(match plan {
            OutletPlan::Cap { sender, advice, folder } => {
                Self::Cap { cap: Box::new(Cap::new(&sender, *advice)), folder }
            }
            OutletPlan::Cot { to } => Self::Cot { to },
            OutletPlan::GeoJson { file } => Self::GeoJson { zones: Zones::default(), file },
            OutletPlan::Syslog { to } => Self::Syslog { to },
            OutletPlan::Webhook { to, secret } => Self::Webhook { to, secret },
            OutletPlan::Onvif { broker } => Self::Onvif { broker },
            OutletPlan::OnvifEvents { at } => Self::OnvifEvents(onvif::Service::start(&at, last_told)?),
            OutletPlan::Modbus { to, unit, first_coil, first_register } => {
                Self::Modbus(Relay::new(to, unit, first_coil, first_register, zones, last_told))
            }
            OutletPlan::Gb28181 { platform, zone_offset_hours } => {
                Self::Gb28181(Box::new(Platform::new(platform, zone_offset_hours)))
            }
        })
    }

    /// How long it can do without being tended; `None` for ever.
    pub(super) fn due(&self) -> Option<Duration> {
        match self {
            Self::Modbus(relay) => Some(relay.due()),
            Self::Gb28181(platform) => Some(platform.due()),
            _ => None,
        }
    }

    /// What it does without a warning: a platform is registered with and kept alive, a relay set again.
    pub(super) fn tend(&mut self) -> Result<()> {
        match self {
            Self::Modbus(relay) => relay.set(),
            Self::Gb28181(platform) => platform.tend(),
            _ => Ok(()),
        }
    }

    /// Shows what has become of a zone, where it shows what is known.
    pub(super) fn show(&mut self, zone: &str, change: ZoneChange) -> Result<()> {
        match self {
            Self::Modbus(relay) => relay.show(zone, change),
            Self::OnvifEvents(service) => {
                service.show(zone, change);
                Ok(())
            }
            // A map shows what was warned of: nothing comes into it with a zone, and it goes with the zone.
            Self::GeoJson { zones, file } if change == ZoneChange::Gone => match zones.without(zone) {
                Some(left) => replace(file, &serde_json::to_vec_pretty(&left)?),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Sends a warning. `is_newest` says that no newer one waits: only then is it worth trying again for long.
    pub(super) fn tell(&mut self, warning: &Warning, is_newest: &dyn Fn() -> bool) -> Result<()> {
        match self {
            Self::Cap { cap, folder } => {
                let message = cap.message(warning);
                replace(&folder.join(format!("{}.xml", message.identifier)), message.xml.as_bytes())
            }
            Self::Cot { to } => match cot::event(warning) {
                Some(event) => send(to, event.as_bytes()),
                None => bail!(
                    "a zone without a place on the earth is no shape on a map: add [site.origin] to the site file"
                ),
            },
            Self::GeoJson { zones, file } => {
                replace(file, &serde_json::to_vec_pretty(&zones.collection(warning))?)
            }
            Self::Syslog { to } => {
                let line = syslog::line(warning);
                if to.scheme == "udp" { send(to, line.as_bytes()) } else { send(to, &syslog::counted(&line)) }
            }
            Self::Webhook { to, secret } => call(&Call::of(warning)?, to, &secret.0, is_newest),
            Self::Onvif { broker } => {
                let mut client = Client::connect(broker, &format!("throng-{}", Uuid::now_v7().simple()))?;
                let prefix = broker.path.trim_matches('/');
                for (topic, event) in onvif::json(warning) {
                    let topic = if prefix.is_empty() { topic } else { format!("{prefix}/{topic}") };
                    client.publish(&topic, &serde_json::to_vec(&event)?)?;
                }
                Ok(())
            }
            Self::OnvifEvents(service) => {
                service.tell(warning);
                Ok(())
            }
            Self::Modbus(relay) => relay.tell(warning),
            Self::Gb28181(platform) => platform.tell(warning),
        }
    }
}

/// One datagram, or one connection.
fn send(to: &Address, bytes: &[u8]) -> Result<()> {
    if to.scheme != "udp" {
        let mut connection = Connection::open(to, CONNECT_WITHIN)?;
        connection.write_all(bytes).with_context(|| format!("{to} takes nothing"))?;
        return connection.flush().with_context(|| format!("{to} takes nothing"));
    }
    let address = (to.host.as_str(), to.port).to_socket_addrs().ok().and_then(|mut found| found.next());
    let address = address.with_context(|| format!("{to} has no address; check the host name"))?;
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).context("there is no UDP socket")?;
    socket.send_to(bytes, address).map(|_| ()).with_context(|| format!("nothing can be sent to {to}"))
}

/// Writes a file as a whole: whoever reads it sees the old or the new one.
fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    let shown = file.display();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of {shown}"))?;
    }
    let new = file.with_extension("new");
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("cannot write {shown}"))
}

/// Calls a webhook until it takes it, the warning expires, or a newer one waits.
fn call(call: &Call, to: &Address, secret: &str, is_newest: &dyn Fn() -> bool) -> Result<()> {
    let mut pause = RETRY_FIRST;
    loop {
        let now = wall_clock();
        let Err(error) = call.make(to, secret, now) else { return Ok(()) };
        if now >= call.expires_at || !is_newest() {
            return Err(error.context("given up"));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(RETRY_MAX);
    }
}
