//! Opens a zenoh session on the network.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, anyhow};
use zenoh::Session;

use super::{
    network::{Meeting, Network},
    zenoh_error::in_words,
};

/// Opens a session.
///
/// A peer is open at once, whoever else is there; a client fails while none of its routers answers, and is to be
/// opened again.
///
/// # Errors
/// A listening endpoint that is taken, a client whose routers are down, or a configuration zenoh refuses.
pub async fn open_session(network: &Network) -> Result<Session> {
    if network.is_loopback() && meeting_point_is_free(network.meeting_port) {
        let host = network.config(Meeting::Host)?;
        // Another process may take the port in between: then it is the host.
        if let Ok(session) = zenoh::open(host).await {
            return Ok(session);
        }
    }
    let config = network.config(Meeting::Guest)?;
    zenoh::open(config).await.map_err(|error| {
        anyhow!("cannot open the bus on {}: {}", network.shown_endpoints().join(", "), in_words(&error))
    })
}

/// Whether nobody listens at the meeting point yet.
fn meeting_point_is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
