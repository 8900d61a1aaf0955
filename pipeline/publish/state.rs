//! How the bus is doing, in words for the terminal and the camera state.

use std::fmt;

/// How the bus is doing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum BusState {
    /// Not open yet.
    #[default]
    Opening,
    /// Open, with nobody on the other side yet. Normal for a site that waits to be connected to.
    Alone,
    /// None of the endpoints that were named answers. Warnings are kept and delivered when one does.
    Waiting {
        /// The endpoints, credentials hidden.
        endpoints: Vec<String>,
        /// What zenoh last said, where it said something.
        reason: Option<String>,
    },
    /// At least one other process is connected.
    Connected {
        /// Peers and clients connected.
        peers: usize,
        /// Routers connected.
        routers: usize,
    },
    /// Closed by this process.
    Closed,
}

impl BusState {
    /// Whether what is published cannot reach those it was configured to reach.
    pub const fn is_down(&self) -> bool {
        matches!(self, Self::Opening | Self::Waiting { .. } | Self::Closed)
    }
}

impl fmt::Display for BusState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => f.write_str("bus: opening"),
            Self::Alone => f.write_str("bus: open, nobody connected yet"),
            Self::Waiting { endpoints, reason } => {
                write!(f, "bus: down, waiting for {}", endpoints.join(", "))?;
                match reason {
                    Some(reason) => write!(f, " ({reason})"),
                    None => Ok(()),
                }
            }
            Self::Connected { peers, routers } => {
                write!(f, "bus: connected to {}", counted(*peers, "peer"))?;
                if *routers > 0 { write!(f, " and {}", counted(*routers, "router")) } else { Ok(()) }
            }
            Self::Closed => f.write_str("bus: closed"),
        }
    }
}

/// `1 peer`, `2 peers`.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_is_waited_for() {
        let waiting = BusState::Waiting { endpoints: vec!["tcp/10.0.0.2:7447".to_owned()], reason: None };
        assert_eq!(waiting.to_string(), "bus: down, waiting for tcp/10.0.0.2:7447");
        assert!(waiting.is_down());
        let connected = BusState::Connected { peers: 1, routers: 2 };
        assert_eq!(connected.to_string(), "bus: connected to 1 peer and 2 routers");
        assert!(!connected.is_down());
        assert!(!BusState::Alone.is_down());
    }
}
