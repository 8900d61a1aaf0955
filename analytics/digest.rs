//! Digests as text, and chains of them: what an audit trail is checked by.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The hash before the first entry of a chain.
pub const BEFORE_FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of an entry of a chain: SHA-256 of the hash before it, as text, and of the entry's own text. Anybody can check it
/// with standard tools; an entry that is changed, removed or inserted breaks every hash after it.
pub fn chained(before: &str, entry: &str) -> String {
    hex(&Sha256::new().chain_update(before).chain_update(entry).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_what_sha256sum_makes_of_the_texts_one_after_another() {
        // printf abc | sha256sum
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
        assert_eq!(chained("a", "bc"), abc);
        assert_eq!(hex(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
    }
}
