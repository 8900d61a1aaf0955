//! A webhook for sirens, signs and other programs: signed, tried again until the warning expires, and safe to be taken
//! twice.
//!
//! `X-Throng-Signature` is `sha256=` and the HMAC-SHA-256 (RFC 2104) of `X-Throng-Timestamp`, a dot and the body; a receiver
//! that checks both, and the age of the time stamp, takes neither forged nor replayed calls. `Idempotency-Key` is the same
//! in every try. The signature keeps a call from being forged, also by plain HTTP; HTTPS keeps it from being read.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use throng_analytics::{digest::hex, time::Timestamp, wire::Warning};

use crate::{
    config::speaker_plan::Address,
    http_call::{self, Method},
};

/// Block of SHA-256, bytes.
const BLOCK: usize = 64;

/// A call that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The same in every try.
    pub idempotency_key: String,
    /// The body.
    pub body: Vec<u8>,
    /// From when on it is not worth making.
    pub expires_at: Timestamp,
}

impl Call {
    /// The call of a warning.
    ///
    /// # Errors
    /// The warning cannot be written as JSON.
    pub fn of(warning: &Warning) -> Result<Self> {
        let envelope = &warning.envelope;
        Ok(Self {
            idempotency_key: format!("{}-{}-{}", envelope.site, warning.incident, envelope.seq),
            body: serde_json::to_vec(warning).context("the warning cannot be written")?,
            expires_at: warning.expires_at,
        })
    }

    /// Makes the call once.
    ///
    /// # Errors
    /// No answer, or none that is a success; the address is shown without secrets.
    pub fn make(&self, to: &Address, secret: &str, now: Timestamp) -> Result<()> {
        let time = (now.unix_nanos() / 1_000_000_000).to_string();
        let signature = signature(secret, &time, &self.body);
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", self.idempotency_key.as_str()),
            ("x-throng-timestamp", time.as_str()),
            ("x-throng-signature", signature.as_str()),
        ];
        match http_call::call(to, Method::Post, &to.path, &headers, &self.body)?.status {
            // It was taken before: as good as taken now.
            200..=299 | 409 => Ok(()),
            status => bail!("{to} answered {status}"),
        }
    }
}

/// `sha256=...` over the time stamp and the body.
pub fn signature(secret: &str, time: &str, body: &[u8]) -> String {
    format!("sha256={}", hex(&hmac_sha256(secret.as_bytes(), &[time.as_bytes(), b".", body].concat())))
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    let key = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block[..key.len()].copy_from_slice(&key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4231_come_out() {
        for (key, message, mac) in [
            (
                b"Jefe".to_vec(),
                &b"what do ya want for nothing?"[..],
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac_sha256(&key, message)), mac);
        }
    }
}
