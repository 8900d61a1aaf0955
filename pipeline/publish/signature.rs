//! Commands to loudspeakers, and signals from outside: signed by whoever gives them, and checked before anything else is done
//! with them.
//!
//! Access control keeps strangers off the key; the signature holds where that fails. Whether an authentic command still
//! counts, once, in order and in time, is the interlock's to say (`analytics::speaker::OrdersTaken`).

use std::{collections::BTreeMap, fmt, path::Path};

use anyhow::{Context as _, Result, anyhow, bail};
use ed25519_dalek::{
    Signature, Signer as _, SigningKey, VerifyingKey,
    pkcs8::{
        DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
        spki::der::pem::LineEnding,
    },
};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use throng_analytics::{
    digest::hex,
    wire::{Message, Signal, SignedSignal, SignedSpeakerCommand, SpeakerCommand},
};
use uuid::Uuid;

pub use self::signals::{SignalSource, SignalVerifier};
use super::Id;

mod signals;

/// Largest command taken, in bytes; a real one has well under a thousand.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;

/// Who gives commands: a name, the name of its key, and the key.
pub struct CommandSigner {
    issuer: String,
    key_id: String,
    key: SigningKey,
    last_seq: u64,
}

impl CommandSigner {
    /// An issuer with a private key in PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// The text is no such key.
    pub fn from_pem(issuer: &str, key_id: &str, pem: &str) -> Result<Self> {
        let key = signing_key_from_pem(key_id, pem)?;
        Ok(Self { issuer: issuer.to_owned(), key_id: key_id.to_owned(), key, last_seq: 0 })
    }

    /// The same from a file.
    ///
    /// # Errors
    /// The file cannot be read, or is no such key.
    pub fn from_pem_file(issuer: &str, key_id: &str, path: &Path) -> Result<Self> {
        let pem = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the private key {}", path.display()))?;
        Self::from_pem(issuer, key_id, &pem).with_context(|| format!("in {}", path.display()))
    }

    /// Whose signature it is.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Name of the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Signs a command, with this issuer's name and its next number filled in.
    ///
    /// Numbers are microseconds of `issued_at`, or one more than the last where the clock stands still or goes back:
    /// they grow across restarts without anything being kept.
    ///
    /// # Errors
    /// The command cannot be written as JSON.
    pub fn sign(&mut self, command: SpeakerCommand) -> Result<SignedSpeakerCommand> {
        let by_clock = u64::try_from(command.issued_at.unix_nanos() / 1000).unwrap_or(0);
        self.last_seq = by_clock.max(self.last_seq + 1);
        let command = SpeakerCommand { issuer: self.issuer.clone(), seq: self.last_seq, ..command };
        let text = serde_json::to_string(&command).context("cannot write the command as JSON")?;
        let signature = self.signature(SignedSpeakerCommand::SCHEMA, &text);
        Ok(SignedSpeakerCommand {
            schema: SignedSpeakerCommand::SCHEMA.to_owned(),
            command: text,
            key_id: self.key_id.clone(),
            signature,
        })
    }

    /// Signs a signal, with this issuer's name filled in.
    ///
    /// # Errors
    /// The signal cannot be written as JSON.
    pub fn sign_signal(&self, signal: Signal) -> Result<SignedSignal> {
        let signal = Signal { issuer: self.issuer.clone(), ..signal };
        let text = serde_json::to_string(&signal).context("cannot write the signal as JSON")?;
        let signature = self.signature(SignedSignal::SCHEMA, &text);
        Ok(SignedSignal {
            schema: SignedSignal::SCHEMA.to_owned(),
            signal: text,
            key_id: self.key_id.clone(),
            signature,
        })
    }

    fn signature(&self, schema: &str, text: &str) -> String {
        hex(&self.key.sign(&signed_bytes(schema, text)).to_bytes())
    }
}

impl fmt::Debug for CommandSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandSigner")
            .field("issuer", &self.issuer)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A key whose commands are taken.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// Whose it is: the `issuer` that commands signed with it must name.
    pub issuer: String,
    key: VerifyingKey,
}

impl TrustedKey {
    /// A public key in PEM, as `openssl pkey -in KEY.pem -pubout` writes it.
    ///
    /// # Errors
    /// The text is no such key.
    pub fn from_pem(issuer: &str, pem: &str) -> Result<Self> {
        let key = verifying_key_from_pem(pem)?;
        if key.is_weak() {
            bail!("the public key of {issuer} is one that signs anything: make a new pair");
        }
        Ok(Self { issuer: issuer.to_owned(), key })
    }
}

/// A private key in PEM (PKCS#8).
pub(crate) fn signing_key_from_pem(key_id: &str, pem: &str) -> Result<SigningKey> {
    // The library's own words would quote the key.
    SigningKey::from_pkcs8_pem(pem).map_err(|_may_hold_the_key| {
        anyhow!(
            "the key {key_id} is no Ed25519 private key in PEM: make one with `openssl genpkey -algorithm ed25519`"
        )
    })
}

/// A public key in PEM.
pub(crate) fn verifying_key_from_pem(pem: &str) -> Result<VerifyingKey> {
    VerifyingKey::from_public_key_pem(pem).map_err(|error| {
        anyhow!("not an Ed25519 public key in PEM ({error}): make it with `openssl pkey -in KEY.pem -pubout`")
    })
}

/// Why a command is not taken.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CommandRefused {
    /// More bytes than a command may have.
    #[error("{0} bytes are more than the {COMMAND_BYTES_MAX} a command may have")]
    TooLarge(usize),
    /// Not the message, or another version of it.
    #[error("not a {schema}: {reason}")]
    Malformed {
        /// Name of the schema.
        schema: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The key is not one of those trusted.
    #[error("the key {0:?} is not trusted here")]
    UnknownKey(String),
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Forged,
    /// Meant for another loudspeaker or site, or signed by a key of another issuer.
    #[error("{0}")]
    NotForHere(String),
    /// Given at a time that cannot be.
    #[error("{0}")]
    ImplausibleTime(String),
}

/// A command that somebody who is trusted signed for here.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthenticCommand {
    /// Name of the key that signed it.
    pub key_id: String,
    /// The command.
    pub command: SpeakerCommand,
}

/// Knows the commands for one loudspeaker.
#[derive(Clone, Debug)]
pub struct CommandVerifier {
    site: Id,
    speaker: Id,
    trusted: BTreeMap<String, TrustedKey>,
}

impl CommandVerifier {
    /// For a loudspeaker that trusts these keys, by `key_id`.
    pub fn new(site: Id, speaker: Id, trusted: BTreeMap<String, TrustedKey>) -> Self {
        Self { site, speaker, trusted }
    }

    /// The command in a payload, where a trusted key of its issuer signed it for this loudspeaker. Nothing is said of its
    /// time and its number.
    ///
    /// # Errors
    /// Why it is not authentic.
    pub fn authentic(&self, payload: &[u8]) -> Result<AuthenticCommand, CommandRefused> {
        let signed: SignedSpeakerCommand = read(payload)?;
        let trusted = Envelope::from(&signed)
            .opened(SignedSpeakerCommand::SCHEMA, |key_id| self.trusted.get(key_id))?;
        let command: SpeakerCommand = parsed(SignedSpeakerCommand::SCHEMA, &signed.command)?;
        trusted.is_of(&command.issuer)?;
        if command.site != self.site.as_str() || command.speaker != self.speaker.as_str() {
            return Err(CommandRefused::NotForHere(format!(
                "it is for {}/{} and this is {}/{}",
                command.site, command.speaker, self.site, self.speaker
            )));
        }
        Ok(AuthenticCommand { key_id: signed.key_id, command })
    }
}

/// What every signed message has.
struct Envelope<'a> {
    schema: &'a str,
    key_id: &'a str,
    text: &'a str,
    signature: &'a str,
}

impl<'a> From<&'a SignedSpeakerCommand> for Envelope<'a> {
    fn from(SignedSpeakerCommand { schema, key_id, command, signature }: &'a SignedSpeakerCommand) -> Self {
        Self { schema, key_id, text: command, signature }
    }
}

impl<'a> From<&'a SignedSignal> for Envelope<'a> {
    fn from(SignedSignal { schema, key_id, signal, signature }: &'a SignedSignal) -> Self {
        Self { schema, key_id, text: signal, signature }
    }
}

impl Envelope<'_> {
    /// The key that signed the text, where it is one of those trusted and the signature holds.
    fn opened<'k>(
        &self,
        schema: &'static str,
        trusted: impl FnOnce(&str) -> Option<&'k TrustedKey>,
    ) -> Result<&'k TrustedKey, CommandRefused> {
        if self.schema != schema {
            let reason = format!("its schema is {:?}", self.schema);
            return Err(CommandRefused::Malformed { schema, reason });
        }
        let trusted = trusted(self.key_id)
            .ok_or_else(|| CommandRefused::UnknownKey(self.key_id.chars().take(64).collect()))?;
        let signature = unhex(self.signature).ok_or(CommandRefused::Forged)?;
        trusted
            .key
            .verify_strict(&signed_bytes(schema, self.text), &Signature::from_bytes(&signature))
            .map_err(|_says_no_more| CommandRefused::Forged)?;
        Ok(trusted)
    }
}

impl TrustedKey {
    /// Whether a message that this key signed names its owner.
    fn is_of(&self, issuer: &str) -> Result<(), CommandRefused> {
        if issuer == self.issuer {
            return Ok(());
        }
        Err(CommandRefused::NotForHere(format!(
            "it names {issuer:?} as its issuer and the key is that of {:?}",
            self.issuer
        )))
    }
}

/// A signed message in a payload; nothing in it is believed yet.
fn read<M: Message>(payload: &[u8]) -> Result<M, CommandRefused> {
    if payload.len() > COMMAND_BYTES_MAX {
        return Err(CommandRefused::TooLarge(payload.len()));
    }
    serde_json::from_slice(payload)
        .map_err(|error| CommandRefused::Malformed { schema: M::SCHEMA, reason: error.to_string() })
}

/// What was signed.
fn parsed<T: DeserializeOwned>(schema: &'static str, text: &str) -> Result<T, CommandRefused> {
    serde_json::from_str(text)
        .map_err(|error| CommandRefused::Malformed { schema, reason: error.to_string() })
}

/// A new pair of keys in PEM, private and public, for a demonstration: made of what is random in two UUIDs.
///
/// # Errors
/// None that is known; the library's own are passed on.
pub fn generated_key() -> Result<(String, String)> {
    let seed = Sha256::new().chain_update(Uuid::now_v7()).chain_update(Uuid::now_v7()).finalize();
    let key = SigningKey::from_bytes(&seed.into());
    let private = key.to_pkcs8_pem(LineEnding::LF).context("the key cannot be written")?;
    let public =
        key.verifying_key().to_public_key_pem(LineEnding::LF).context("the key cannot be written")?;
    Ok((private.to_string(), public))
}

/// What the signature covers: the schema's name keeps a signature from being used for any other message.
fn signed_bytes(schema: &str, text: &str) -> Vec<u8> {
    [schema.as_bytes(), &[0], text.as_bytes()].concat()
}

/// The bytes of 128 lower-case hexadecimal digits: a signature is written in one way, so that a command is one message.
pub(crate) fn unhex(text: &str) -> Option<[u8; 64]> {
    let digit = |digit: char| digit.to_digit(16).filter(|_| !digit.is_ascii_uppercase()).map(|d| d as u8);
    let digits: Vec<u8> = text.chars().map(digit).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 128).then(|| bytes.try_into().ok()).flatten()
}

#[cfg(test)]
mod tests;
