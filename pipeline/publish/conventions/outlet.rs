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
    advice::AdviceBook, cap::Cap, cot, gb28181, geojson::Zones, modbus, onvif, syslog, webhook::Call,
};
use crate::{
    clock::wall_clock, config::speaker_plan::Address, connection::Connection, mqtt::Client, sip::Agent,
};

/// Longest time for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
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
    /// A relay by Modbus TCP.
    Modbus {
        /// Where to.
        to: Address,
        /// Unit.
        unit: u8,
        /// The first of four coils.
        first_coil: u16,
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
    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cap { .. } => "cap",
            Self::Cot { .. } => "cot",
            Self::GeoJson { .. } => "geojson",
            Self::Syslog { .. } => "syslog",
            Self::Webhook { .. } => "webhook",
            Self::Onvif { .. } => "onvif",
            Self::Modbus { .. } => "modbus",
            Self::Gb28181 { .. } => "gb28181",
        }
    }
}

/// A convention at work.
pub(super) struct Outlet {
    plan: OutletPlan,
    cap: Option<Cap>,
    zones: Zones,
    number: u32,
    platform: Option<Agent>,
}

impl Outlet {
    pub(super) fn new(plan: OutletPlan) -> Self {
        let cap = match &plan {
            OutletPlan::Cap { sender, advice, .. } => Some(Cap::new(sender, (**advice).clone())),
            _ => None,
        };
        Self { plan, cap, zones: Zones::default(), number: 0, platform: None }
    }

    /// How often it wants to be heard without a warning.
    pub(super) fn idle_every() -> Duration {
        Duration::from_secs_f64(gb28181::KEEPALIVE_SECS)
    }

    /// What it does without a warning: a platform is registered with and kept alive.
    pub(super) fn idle(&mut self) -> Result<()> {
        let OutletPlan::Gb28181 { platform, .. } = &self.plan else { return Ok(()) };
        let body = gb28181::keepalive(&platform.user, self.number);
        self.report(&body)
    }

    /// Sends a warning. `is_newest` says that no newer one waits: only then is it worth trying again for long.
    pub(super) fn tell(&mut self, warning: &Warning, is_newest: &dyn Fn() -> bool) -> Result<()> {
        self.number = self.number.wrapping_add(1);
        match &self.plan {
            OutletPlan::Cap { folder, .. } => {
                let Some(cap) = &mut self.cap else { return Ok(()) };
                let message = cap.message(warning);
                replace(&folder.join(format!("{}.xml", message.identifier)), message.xml.as_bytes())
            }
            OutletPlan::Cot { to } => match cot::event(warning) {
                Some(event) => send(to, event.as_bytes()),
                None => bail!(
                    "a zone without a place on the earth is no shape on a map: add [site.origin] to the site file"
                ),
            },
            OutletPlan::GeoJson { file } => {
                replace(file, &serde_json::to_vec_pretty(&self.zones.collection(warning))?)
            }
            OutletPlan::Syslog { to } => {
                let line = syslog::line(warning);
                if to.scheme == "udp" { send(to, line.as_bytes()) } else { send(to, &syslog::counted(&line)) }
            }
            OutletPlan::Webhook { to, secret } => call(&Call::of(warning)?, to, &secret.0, is_newest),
            OutletPlan::Onvif { broker } => {
                let mut client = Client::connect(broker, &format!("throng-{}", Uuid::now_v7().simple()))?;
                let prefix = broker.path.trim_matches('/');
                for (topic, event) in onvif::json(warning) {
                    let topic = if prefix.is_empty() { topic } else { format!("{prefix}/{topic}") };
                    client.publish(&topic, &serde_json::to_vec(&event)?)?;
                }
                Ok(())
            }
            OutletPlan::Modbus { to, unit, first_coil } => {
                let transaction = (self.number & 0xffff) as u16;
                modbus::set(
                    &format!("{}:{}", to.host, to.port),
                    transaction,
                    *unit,
                    *first_coil,
                    warning.level,
                )
            }
            OutletPlan::Gb28181 { platform, zone_offset_hours } => {
                let body = gb28181::alarm(warning, &platform.user, self.number, *zone_offset_hours);
                self.report(&body)
            }
        }
    }

    /// Sends a MESSAGE to the platform, registered first where it must be.
    fn report(&mut self, body: &str) -> Result<()> {
        let OutletPlan::Gb28181 { platform, .. } = &self.plan else { return Ok(()) };
        let target = format!("sip:{}@{}:{}", platform.path.trim_matches('/'), platform.host, platform.port);
        if self.platform.is_none() {
            let mut agent = Agent::new(platform)?;
            let registrar = format!("sip:{}:{}", platform.host, platform.port);
            let expires = gb28181::EXPIRES_SECS.to_string();
            let headers = [("Expires", expires.as_str())];
            let (_, answer) =
                agent.request("REGISTER", &registrar, &headers, &[], CONNECT_WITHIN, &mut || true)?;
            let status = answer.and_then(|answer| answer.status()).unwrap_or_default();
            anyhow::ensure!(status == 200, "the platform {platform} refuses to register: {status}");
            self.platform = Some(agent);
        }
        let Some(agent) = &mut self.platform else { return Ok(()) };
        let headers = [("Content-Type", gb28181::MEDIA_TYPE)];
        let sent = agent.request("MESSAGE", &target, &headers, body.as_bytes(), CONNECT_WITHIN, &mut || true);
        let status = sent.map(|(_, answer)| answer.and_then(|answer| answer.status()).unwrap_or_default());
        if !matches!(status, Ok(200..=299)) {
            // The next report registers anew.
            self.platform = None;
        }
        match status? {
            200..=299 => Ok(()),
            status => bail!("the platform {platform} answered {status}"),
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
