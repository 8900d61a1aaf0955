//! The way to the browser: an own certificate, or one that is made here.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::options::{Options, Tls};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file.
    #[error("cannot use {}: {reason}; give a certificate and its key (PKCS 8) in PEM", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// The certificate cannot be kept.
    #[error("cannot keep the certificate in {}: {source}; check the folder", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: io::Error,
    },
    /// Certificate and key do not belong together.
    #[error("certificate and key cannot be used: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The server's side of TLS; none where it is off.
pub(crate) fn config(options: &Options) -> Result<Option<RustlsConfig>, TlsError> {
    let (cert, key) = match &options.tls {
        Tls::Off => return Ok(None),
        Tls::Own { cert, key } => (cert.clone(), key.clone()),
        Tls::Generated => generated(options)?,
    };
    let unusable = |path: &Path, reason: String| TlsError::File { path: path.to_owned(), reason };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&cert)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(&cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable(&cert, "it holds no certificate".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(&key).map_err(|error| unusable(&key, error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(RustlsConfig::from_config(Arc::new(config))))
}

/// A certificate of our own, made once: browsers ask once whether to trust it, and see where it changes.
fn generated(options: &Options) -> Result<(PathBuf, PathBuf), TlsError> {
    let (cert, key) = (options.data_dir.join("console-cert.pem"), options.data_dir.join("console-key.pem"));
    if cert.exists() && key.exists() {
        return Ok((cert, key));
    }
    let names = vec!["localhost".to_owned(), options.listen.ip().to_string()];
    let made = rcgen::generate_simple_self_signed(names)?;
    keep(&key, &made.signing_key.serialize_pem())?;
    keep(&cert, &made.cert.pem())?;
    Ok((cert, key))
}

/// Writes a file that only its owner can read, from its first byte on.
fn keep(path: &Path, text: &str) -> Result<(), TlsError> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| TlsError::Keep { path: path.to_owned(), source })
}
