//! A connection to a receiver of warnings or a loudspeaker, by TLS where its address asks for it.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    sign::CertifiedKey,
};

use crate::config::speaker_plan::{Address, Identity};

/// A connection.
#[derive(Debug)]
pub enum Connection {
    /// In the clear.
    Plain(TcpStream),
    /// By TLS.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    /// Connects within a time, and agrees on TLS where the address' scheme is `tls`, `mqtts`, `rtsps` or `sips`. Who asks for our
    /// certificate is shown that of the address.
    ///
    /// # Errors
    /// Nobody there, or a certificate that is not from an authority of the system, or from the address' own.
    pub fn open(to: &Address, within: Duration) -> Result<Self> {
        let addresses = (to.host.as_str(), to.port).to_socket_addrs();
        let addresses = addresses.with_context(|| format!("{to} has no address; check the host name"))?;
        // A name may stand for several, of which not all answer: IPv6 before IPv4, as a rule.
        let tried = addresses.map(|address| TcpStream::connect_timeout(&address, within));
        let socket = tried
            .reduce(Result::or)
            .with_context(|| format!("{to} has no address; check the host name"))?
            .with_context(|| format!("no answer from {to}"))?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(within))?;
        if !matches!(to.scheme.as_str(), "tls" | "mqtts" | "rtsps" | "sips") {
            return Ok(Self::Plain(socket));
        }
        socket.set_read_timeout(Some(within))?;
        let name = ServerName::try_from(to.host.clone())
            .with_context(|| format!("{to} has no name that a certificate could hold"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS cannot be used")?
            .with_root_certificates(roots(to)?);
        let config = match &to.identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = certified(identity)?;
                config.with_client_auth_cert(chain, key).context("our certificate cannot be used")?
            }
        };
        let client = ClientConnection::new(Arc::new(config), name).context("TLS cannot be used")?;
        let mut stream = Box::new(StreamOwned::new(client, socket));
        // Now rather than with the first bytes, so that a wrong certificate is told as one.
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).with_context(|| {
                format!("{to} is not trusted, or speaks no TLS; give its authority as `ca`, a file in PEM")
            })?;
        }
        Ok(Self::Tls(stream))
    }

    /// How long a read may wait.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn set_read_timeout(&self, within: Duration) -> io::Result<()> {
        self.socket().set_read_timeout(Some(within))
    }

    /// Our end of it.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Self::Tls(stream) = self {
            // Without it the other side could not tell a cut connection from an end.
            stream.conn.send_close_notify();
            stream.flush().ok();
        }
    }
}

/// Whom an address' certificate must come from, in DER.
///
/// # Errors
/// The address' own authority cannot be read, or there is none at all.
pub fn authorities(to: &Address) -> Result<Vec<CertificateDer<'static>>> {
    let Some(file) = &to.ca else {
        let found = rustls_native_certs::load_native_certs().certs;
        ensure!(
            !found.is_empty(),
            "this machine trusts no authority, so {to} cannot be checked: install ca-certificates, or give its authority \
             as `ca`"
        );
        return Ok(found);
    };
    let shown = file.display();
    let reader =
        BufReader::new(File::open(file).with_context(|| format!("cannot read the authority {shown}"))?);
    let certificates: Vec<_> = CertificateDer::pem_reader_iter(reader)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{shown} is no certificate in PEM"))?;
    ensure!(!certificates.is_empty(), "{shown} holds no certificate in PEM");
    Ok(certificates)
}

/// A certificate, the first of its file, those above it, and its private key.
///
/// # Errors
/// A file that cannot be read, or a key that does not belong to the certificate.
pub fn certified(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let (certificate, key) = (identity.certificate.display(), identity.key.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(&identity.certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read the certificate {certificate}"))?;
    let private = PrivateKeyDer::from_pem_file(&identity.key)
        .with_context(|| format!("cannot read the private key {key}"))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain.clone(), private.clone_key(), &provider)
        .with_context(|| format!("{key} is not the private key of {certificate}"))?;
    Ok((chain, private))
}

fn roots(to: &Address) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(authorities(to)?);
    ensure!(added > 0, "no authority for {to} can be used");
    Ok(roots)
}
