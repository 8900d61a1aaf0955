//! Where the bus is: endpoints, and the zenoh configuration made from them.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use zenoh::{Config, config::EndPoint};

use super::zenoh_error::in_words;

/// The port on loopback where processes of one machine meet when nothing is configured: zenoh's own.
pub const MEETING_PORT: u16 = 7447;

/// Role on the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BusMode {
    /// Talks to other peers and to routers directly.
    #[default]
    Peer,
    /// Talks only through the routers named in `connect`.
    Client,
}

/// Where the bus is.
///
/// With no endpoint and no file, the process is a peer on loopback: the first process of the machine listens on
/// [`MEETING_PORT`], every further one connects there, and gossip introduces them to each other. Nothing leaves the
/// machine, and no server is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Role; without meaning where a configuration file gives it.
    pub mode: BusMode,
    /// Endpoints to connect to (`tcp/10.0.0.2:7447`); one that is down is tried again for ever.
    pub connect: Vec<String>,
    /// Endpoints to listen on.
    pub listen: Vec<String>,
    /// A zenoh configuration file (JSON5), for certificates and access control; `connect` and `listen`, where given,
    /// replace the endpoints in it.
    pub config_file: Option<PathBuf>,
    /// The port on loopback where processes meet when nothing else is configured.
    pub meeting_port: u16,
}

impl Network {
    /// How another session on this machine reaches the one that these options open: two cannot listen on one endpoint.
    #[must_use]
    pub fn neighbour(&self) -> Self {
        if self.listen.is_empty() {
            return self.clone();
        }
        let connect = self
            .listen
            .iter()
            .map(|endpoint| endpoint.replace("/0.0.0.0:", "/127.0.0.1:").replace("/[::]:", "/[::1]:"));
        Self { connect: connect.collect(), listen: Vec::new(), ..self.clone() }
    }

    /// The same for one that speaks to whoever reaches that session: peers pass nothing on for each other, so it listens
    /// too, at the same addresses on ports of its own.
    #[must_use]
    pub fn sibling(&self) -> Self {
        let own_port = |endpoint: &String| {
            let address = endpoint.find(['?', '#']).unwrap_or(endpoint.len());
            let (address, more) = endpoint.split_at(address);
            Some(format!("{}:0{more}", address.rsplit_once(':')?.0))
        };
        Self { listen: self.listen.iter().filter_map(own_port).collect(), ..self.neighbour() }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            mode: BusMode::Peer,
            connect: Vec::new(),
            listen: Vec::new(),
            config_file: None,
            meeting_port: MEETING_PORT,
        }
    }
}

/// The part a process plays at the meeting point on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// It listens at the meeting point.
    Host,
    /// It connects to the meeting point, and listens on a free port for those it will be introduced to.
    Guest,
}

impl Network {
    /// Whether nothing is configured, so that processes meet on loopback.
    pub fn is_loopback(&self) -> bool {
        self.connect.is_empty() && self.listen.is_empty() && self.config_file.is_none()
    }

    /// The endpoint of the meeting point.
    pub(super) fn meeting_endpoint(&self) -> String {
        format!("tcp/127.0.0.1:{}", self.meeting_port)
    }

    /// Every endpoint named, or the meeting point, fit to be shown.
    pub fn shown_endpoints(&self) -> Vec<String> {
        if self.is_loopback() {
            return vec![self.meeting_endpoint()];
        }
        self.connect.iter().chain(&self.listen).map(|endpoint| shown_endpoint(endpoint)).collect()
    }

    /// The endpoints that somebody must answer on, fit to be shown.
    pub(super) fn shown_connect(&self) -> Vec<String> {
        self.connect.iter().map(|endpoint| shown_endpoint(endpoint)).collect()
    }

    /// Reads and checks everything, opening nothing.
    ///
    /// # Errors
    /// An endpoint or a configuration file that zenoh cannot take, by name; a client without a router.
    pub fn check(&self) -> Result<()> {
        self.config(Meeting::Host).map(|_| ())
    }

    /// The zenoh configuration; `meeting` matters only on loopback.
    pub(super) fn config(&self, meeting: Meeting) -> Result<Config> {
        if self.is_loopback() {
            if self.mode == BusMode::Client {
                return Err(anyhow!(
                    "the bus is in client mode but has no endpoint to connect to: name the router in `connect`, such \
                     as \"tcp/10.0.0.2:7447\", or use peer mode"
                ));
            }
            let (listen, connect) = match meeting {
                Meeting::Host => (self.meeting_endpoint(), vec![]),
                Meeting::Guest => ("tcp/127.0.0.1:0".to_owned(), vec![self.meeting_endpoint()]),
            };
            let mut config = configured(Config::default(), self.mode, &[listen], &connect)?;
            // Two that are introduced would call each other at once, and may both hang up on the second call. Here
            // everybody can be called, so it is enough that one of them does.
            let strategy = serde_json::json!({ "peer": { "to_router": "always", "to_peer": "greater-zid" } });
            set(&mut config, "scouting/gossip/autoconnect_strategy", &strategy)?;
            return Ok(config);
        }
        for endpoint in self.connect.iter().chain(&self.listen) {
            check_endpoint(endpoint)?;
        }
        let Some(file) = &self.config_file else {
            return configured(Config::default(), self.mode, &self.listen, &self.connect);
        };
        let mut config = Config::from_file(file).map_err(|error| {
            anyhow!(
                "cannot read the zenoh configuration {}: {}; it must be JSON5",
                file.display(),
                in_words(&error)
            )
        })?;
        // Warnings are ordered and recovered by time stamp; a file that leaves them off would break that unseen.
        set(&mut config, "timestamping/enabled", &true)?;
        if !self.listen.is_empty() {
            set(&mut config, "listen/endpoints", &self.listen)?;
        }
        if !self.connect.is_empty() {
            set(&mut config, "connect/endpoints", &self.connect)?;
        }
        Ok(config)
    }
}

/// Longest silence of a neighbour, milliseconds: as in `deploy/zenoh`, rather than zenoh's 10 s.
const LEASE_MS: u32 = 3000;

/// The settings of the house over zenoh's defaults.
fn configured(mut config: Config, mode: BusMode, listen: &[String], connect: &[String]) -> Result<Config> {
    let client = mode == BusMode::Client;
    set(&mut config, "mode", &if client { "client" } else { "peer" })?;
    // Nobody finds or is found by shouting into the network: endpoints are named, or loopback is used.
    set(&mut config, "scouting/multicast/enabled", &false)?;
    set(&mut config, "scouting/gossip/enabled", &true)?;
    set(&mut config, "timestamping/enabled", &true)?;
    // Whoever hangs, or lost its power or its network, is missed after so long, with a sign of life in each quarter of it.
    set(&mut config, "transport/link/tx/lease", &LEASE_MS)?;
    set(&mut config, "transport/link/tx/keep_alive", &4)?;
    set(&mut config, "listen/endpoints", &listen)?;
    set(&mut config, "connect/endpoints", &connect)?;
    // A peer opens at once and goes on trying in the background. A client can only wait or fail: it fails, and is
    // opened again by the caller, which then knows why and can say so.
    set(&mut config, "connect/timeout_ms", &if client { 0 } else { -1 })?;
    set(&mut config, "connect/exit_on_failure", &client)?;
    set(
        &mut config,
        "connect/retry",
        &serde_json::json!({ "period_init_ms": 250, "period_max_ms": 2000, "period_increase_factor": 2.0 }),
    )?;
    Ok(config)
}

/// Sets one value of a configuration.
fn set(config: &mut Config, key: &str, value: &impl serde::Serialize) -> Result<()> {
    let json = serde_json::to_string(value).context("cannot write a zenoh setting as JSON")?;
    config
        .insert_json5(key, &json)
        .map_err(|error| anyhow!("zenoh does not take the setting {key}: {}", in_words(&error)))
}

/// Refuses what is no endpoint.
fn check_endpoint(endpoint: &str) -> Result<()> {
    let malformed = |why: &str| {
        anyhow!(
            "not a bus endpoint: \"{}\" {why}; write protocol/host:port, such as \"tcp/10.0.0.2:7447\" or \
             \"tls/bus.example.org:7447\"",
            shown_endpoint(endpoint)
        )
    };
    endpoint.parse::<EndPoint>().map_err(|_parse_error| malformed("has no protocol/address"))?;
    let (protocol, address) = endpoint.split_once('/').ok_or_else(|| malformed("has no protocol"))?;
    if !["tcp", "tls", "quic", "udp", "ws", "unixsock-stream"].contains(&protocol) {
        return Err(malformed("has an unknown protocol"));
    }
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    if protocol != "unixsock-stream" && port.is_none() {
        return Err(malformed("has no port"));
    }
    Ok(())
}

/// An endpoint fit to be shown: settings after `#` may hold keys, and anything before `@` a password.
pub fn shown_endpoint(endpoint: &str) -> String {
    let (locator, settings) = match endpoint.split_once('#') {
        Some((locator, _)) => (locator, "#***"),
        None => (endpoint, ""),
    };
    match (locator.split_once('/'), locator.rsplit_once('@')) {
        (Some((protocol, _)), Some((_, host))) => format!("{protocol}/***@{host}{settings}"),
        _ => format!("{locator}{settings}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn json(config: &Config, key: &str) -> String {
        config.get_json(key).unwrap()
    }

    #[test]
    fn a_sibling_of_a_site_that_listens_calls_it_and_can_be_called() {
        let network = Network { listen: vec!["tcp/0.0.0.0:7447#iface=lo".to_owned()], ..Network::default() };
        let sibling = network.sibling();
        assert_eq!(sibling.connect, ["tcp/127.0.0.1:7447#iface=lo"]);
        assert_eq!(sibling.listen, ["tcp/0.0.0.0:0#iface=lo"]);
        assert!(Network::default().sibling().is_loopback());
    }

    #[test]
    fn with_nothing_configured_processes_meet_on_loopback_without_scouting() {
        let network = Network::default();
        let host = network.config(Meeting::Host).unwrap();
        assert_eq!(json(&host, "listen/endpoints"), r#"["tcp/127.0.0.1:7447"]"#);
        assert_eq!(json(&host, "connect/endpoints"), "[]");
        let guest = network.config(Meeting::Guest).unwrap();
        assert_eq!(json(&guest, "listen/endpoints"), r#"["tcp/127.0.0.1:0"]"#);
        assert_eq!(json(&guest, "connect/endpoints"), r#"["tcp/127.0.0.1:7447"]"#);
        for config in [host, guest] {
            assert_eq!(json(&config, "mode"), r#""peer""#);
            assert_eq!(json(&config, "scouting/multicast/enabled"), "false");
            assert_eq!(json(&config, "timestamping/enabled"), "true");
        }
    }

    #[test]
    fn named_endpoints_replace_loopback() {
        let network = Network { connect: vec!["tcp/10.0.0.2:7447".to_owned()], ..Network::default() };
        let config = network.config(Meeting::Host).unwrap();
        assert_eq!(json(&config, "connect/endpoints"), r#"["tcp/10.0.0.2:7447"]"#);
        assert_eq!(json(&config, "listen/endpoints"), "[]");
        assert_eq!(json(&config, "connect/exit_on_failure"), "false");
    }

    #[test]
    fn a_configuration_file_is_kept_but_for_time_stamps_and_named_endpoints() {
        let mut file = tempfile::Builder::new().suffix(".json5").tempfile().unwrap();
        write!(
            file,
            "{{ mode: \"client\", connect: {{ endpoints: [\"tcp/10.0.0.3:7447\"] }}, // a router\n}}"
        )
        .unwrap();
        let mut network = Network { config_file: Some(file.path().to_owned()), ..Network::default() };
        let config = network.config(Meeting::Host).unwrap();
        assert_eq!(json(&config, "mode"), r#""client""#);
        assert_eq!(json(&config, "connect/endpoints"), r#"["tcp/10.0.0.3:7447"]"#);
        assert_eq!(json(&config, "timestamping/enabled"), "true");
        network.connect = vec!["tcp/10.0.0.4:7447".to_owned()];
        let config = network.config(Meeting::Host).unwrap();
        assert_eq!(json(&config, "connect/endpoints"), r#"["tcp/10.0.0.4:7447"]"#);
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_an_example_and_without_secrets() {
        for (endpoint, why) in [
            ("", "has no protocol"),
            ("10.0.0.2:7447", "has no protocol"),
            ("tcp/10.0.0.2", "has no port"),
            ("tcp/10.0.0.2:99999", "has no port"),
            ("mqtt/10.0.0.2:1883", "unknown protocol"),
            ("tcp/user:secret@host", "has no port"),
            ("tls/host#connect_private_key_base64=secret", "has no port"),
        ] {
            let network = Network { connect: vec![endpoint.to_owned()], ..Network::default() };
            let error = format!("{:#}", network.check().unwrap_err());
            assert!(error.contains(why), "{endpoint}: {error}");
            assert!(error.contains("tcp/10.0.0.2:7447"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let client = Network { mode: BusMode::Client, ..Network::default() };
        assert!(client.check().unwrap_err().to_string().contains("name the router in `connect`"));
        let absent = Network { config_file: Some("absent.json5".into()), ..Network::default() };
        assert!(
            absent
                .check()
                .unwrap_err()
                .to_string()
                .contains("cannot read the zenoh configuration absent.json5")
        );
    }
}
