//! Secrets: random tokens, and passwords as Argon2id.

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash};
use throng_analytics::digest::hex;

/// Shortest password, characters (NIST SP 800-63B with a second look at 8: nobody types it in a hurry, so 10).
pub(crate) const PASSWORD_CHARACTERS_MIN: usize = 10;
/// Longest password, bytes: hashing a megabyte is a way to keep a server busy.
pub(crate) const PASSWORD_BYTES_MAX: usize = 256;

/// The machine gives no random numbers, or no memory for a hash.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a secret: {0}")]
pub struct SecretError(String);

/// 256 random bits, hexadecimal.
pub(crate) fn token() -> Result<String, SecretError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| SecretError(error.to_string()))?;
    Ok(hex(&bytes))
}

/// A password that can be read out: 80 random bits in letters and digits that are not mistaken for each other.
pub(crate) fn password() -> Result<String, SecretError> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| SecretError(error.to_string()))?;
    Ok(bytes
        .iter()
        .enumerate()
        .flat_map(|(index, byte)| {
            let dash = (index > 0 && index % 4 == 0).then_some('-');
            let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'x');
            dash.into_iter().chain([char::from(letter)])
        })
        .collect())
}

/// Argon2id of a password, with the parameters that OWASP recommends (19 MiB, two passes), in PHC form.
pub(crate) fn hash(password: &str) -> Result<String, SecretError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| SecretError(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password has this hash. An unreadable hash fits none.
pub(crate) fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let stored = hash("long enough").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(fits("long enough", &stored) && !fits("long enougH", &stored) && !fits("", &stored));
        assert!(!fits("long enough", "nonsense"));
        assert_ne!(stored, hash("long enough").unwrap());
    }

    #[test]
    fn a_generated_password_is_long_enough_and_never_the_same() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert!(one.len() == 19 && one != other, "{one} {other}");
    }
}
