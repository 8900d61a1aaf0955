//! HTTP digest authentication (RFC 7616), which SIP shares (RFC 8760).

use md5::Md5;
use sha2::{Digest, Sha256};
use throng_analytics::digest::hex;
use uuid::Uuid;

/// What a server asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    is_sha256: bool,
    has_qop: bool,
}

impl Challenge {
    /// The challenge in a `WWW-Authenticate` or `Proxy-Authenticate` header; `None` where it is no digest that is known.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, parameters) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut challenge = Self::default();
        for (name, value) in parameters_of(parameters) {
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "nonce" => challenge.nonce = value,
                "opaque" => challenge.opaque = Some(value),
                "algorithm" if value.eq_ignore_ascii_case("sha-256") => challenge.is_sha256 = true,
                "algorithm" if value.eq_ignore_ascii_case("md5") => {}
                "algorithm" => return None,
                "qop" => challenge.has_qop = value.split(',').any(|qop| qop.trim() == "auth"),
                _ => {}
            }
        }
        (!challenge.nonce.is_empty()).then_some(challenge)
    }

    /// The `Authorization` header that answers it.
    pub fn answer(&self, user: &str, password: &str, method: &str, uri: &str) -> String {
        let cnonce = Uuid::now_v7().simple().to_string();
        self.answer_with(user, password, method, uri, &cnonce)
    }

    fn answer_with(&self, user: &str, password: &str, method: &str, uri: &str, cnonce: &str) -> String {
        let Self { realm, nonce, .. } = self;
        let hash =
            |text: String| if self.is_sha256 { hex(&Sha256::digest(text)) } else { hex(&Md5::digest(text)) };
        let who = hash(format!("{user}:{realm}:{password}"));
        let what = hash(format!("{method}:{uri}"));
        let (response, qop) = if self.has_qop {
            let response = hash(format!("{who}:{nonce}:00000001:{cnonce}:auth:{what}"));
            (response, format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\""))
        } else {
            (hash(format!("{who}:{nonce}:{what}")), String::new())
        };
        let algorithm = if self.is_sha256 { "SHA-256" } else { "MD5" };
        let opaque = self.opaque.as_ref().map_or_else(String::new, |opaque| format!(", opaque=\"{opaque}\""));
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={algorithm}{qop}{opaque}"
        )
    }
}

/// `name="value", name=value` as pairs; commas in quotes belong to the value.
fn parameters_of(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, remainder) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').map_or((after, ""), |(value, remainder)| (value, remainder)),
        };
        pairs.push((name.trim_matches([',', ' ', '\t']).to_owned(), value.trim().to_owned()));
        rest = remainder;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_come_out() {
        // RFC 7616, 3.9.1.
        let header = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = Challenge::parse(&header(algorithm)).unwrap();
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let answer = challenge.answer_with("Mufasa", "Circle of Life", "GET", "/dir/index.html", cnonce);
            assert!(answer.contains(&format!("response=\"{response}\"")), "{answer}");
        }
    }

    #[test]
    fn what_is_no_digest_is_no_challenge() {
        for header in ["", "Basic realm=\"x\"", "Digest realm=\"x\"", "Digest nonce=\"n\", algorithm=SHA-512"]
        {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
