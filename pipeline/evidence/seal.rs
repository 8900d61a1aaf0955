//! The seal of a bundle: an Ed25519 signature over its list of digests.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use throng_analytics::digest::hex;

use super::manifest::SCHEMA;
use crate::publish::signature::{signing_key_from_pem, unhex, verifying_key_from_pem};

/// What seals bundles: a private key and its name.
pub struct Seal {
    key_id: String,
    key: SigningKey,
}

impl Seal {
    /// A private key in PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// The file cannot be read, or is no such key.
    pub fn from_pem_file(key_id: &str, path: &Path) -> Result<Self> {
        let shown = path.display();
        let pem =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the private key {shown}"))?;
        let key = signing_key_from_pem(key_id, &pem).with_context(|| format!("in {shown}"))?;
        Ok(Self { key_id: key_id.to_owned(), key })
    }

    /// Name of the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whether this key made a signature of a manifest.
    pub fn holds(&self, manifest: &[u8], signature: &str) -> bool {
        let signature = unhex(signature.trim());
        signature.is_some_and(|signature| {
            let signature = Signature::from_bytes(&signature);
            self.key.verifying_key().verify_strict(&sealed_bytes(manifest), &signature).is_ok()
        })
    }

    /// The signature of a manifest, lower-case hexadecimal.
    pub fn sign(&self, manifest: &[u8]) -> String {
        hex(&self.key.sign(&sealed_bytes(manifest)).to_bytes())
    }
}

/// Checks a seal by a public key in PEM, as `openssl pkey -in KEY.pem -pubout` writes it.
///
/// # Errors
/// The file is no such key, or the manifest was not signed by it.
pub fn check(manifest: &[u8], signature: &str, public_key: &Path) -> Result<()> {
    let shown = public_key.display();
    let pem =
        std::fs::read_to_string(public_key).with_context(|| format!("cannot read the public key {shown}"))?;
    let key: VerifyingKey = verifying_key_from_pem(&pem).with_context(|| format!("in {shown}"))?;
    let Some(signature) = unhex(signature.trim()) else {
        bail!("the signature is no signature: 128 lower-case hexadecimal digits are expected")
    };
    if key.verify_strict(&sealed_bytes(manifest), &Signature::from_bytes(&signature)).is_err() {
        bail!(
            "the signature does not hold: the bundle was changed, or {shown} is not the key that sealed it"
        );
    }
    Ok(())
}

/// What the signature covers: the schema's name keeps it from being used for any other message.
fn sealed_bytes(manifest: &[u8]) -> Vec<u8> {
    [SCHEMA.as_bytes(), &[0], manifest].concat()
}
