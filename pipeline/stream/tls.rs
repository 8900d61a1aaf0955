//! Why a server's certificate is not trusted, in plain words. GStreamer only says that connecting failed.

use std::sync::{Arc, Mutex};

use gio::{SocketClientEvent, TlsCertificateFlags as Flaw, TlsConnection, prelude::*};

use super::uri::SourceUri;
use crate::locked::locked;

/// What to do about a certificate that is not trusted.
pub(super) const ADVICE: &str = "install the certificate of whoever vouches for it (update-ca-certificates), or set \
                                 accept_any_certificate in [camera.stream], which lets anybody in between pose as the camera";

/// How long the server may take to show its certificate once more, seconds.
const PATIENCE_SECS: u32 = 2;

/// Schemes over TLS, with their ports.
const PORTS: [(&str, u16); 3] = [("https", 443), ("rtsps", 322), ("rtmps", 443)];

/// What speaks against a certificate, the gravest first.
const FLAWS: [(Flaw, &str); 6] = [
    (Flaw::REVOKED, "it was revoked"),
    (Flaw::UNKNOWN_CA, "nobody whom this machine trusts vouches for it"),
    (Flaw::BAD_IDENTITY, "it is for another host"),
    (Flaw::EXPIRED, "it has expired"),
    (Flaw::NOT_ACTIVATED, "it is not valid yet, or this machine's clock is wrong"),
    (Flaw::INSECURE, "it is too weak"),
];

/// Asks the server of `uri` for its certificate and says what is wrong with it; `None` where nothing is, where the server
/// does not answer, and for sources without TLS.
pub(super) fn why_distrusted(uri: &SourceUri) -> Option<String> {
    let url = url::Url::parse(uri.expose()).ok()?;
    let (_, port) = PORTS.into_iter().find(|(scheme, _)| *scheme == url.scheme())?;
    let host = format!("{}:{}", url.host_str()?, url.port().unwrap_or(port));
    let flaws = Arc::new(Mutex::new(Flaw::empty()));
    let found = Arc::clone(&flaws);
    let client = gio::SocketClient::new();
    client.set_timeout(PATIENCE_SECS);
    client.set_tls(true);
    client.connect_event(move |_, event, _, connection| {
        let tls = connection.and_then(|connection| connection.dynamic_cast_ref::<TlsConnection>());
        if let (SocketClientEvent::TlsHandshaking, Some(tls)) = (event, tls) {
            let found = Arc::clone(&found);
            tls.connect_accept_certificate(move |_, _, flaws| {
                *locked(&found) = flaws;
                false
            });
        }
    });
    // Whether it connects is of no interest: only what was said of the certificate.
    client.connect_to_host(&host, port, gio::Cancellable::NONE).ok();
    let flaws = *locked(&flaws);
    let whys: Vec<&str> =
        FLAWS.iter().filter(|(flaw, _)| flaws.contains(*flaw)).map(|(_, why)| *why).collect();
    match whys.as_slice() {
        [] if flaws.is_empty() => None,
        [] => Some("the server's certificate is not trusted".to_owned()),
        whys => Some(format!("the server's certificate is not trusted: {}", whys.join(", and "))),
    }
}
