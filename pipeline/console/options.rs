//! How a console is started.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use crate::clock::Clock;

/// How a console is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where accounts, alarms and the audit trail are kept.
    pub data_dir: PathBuf,
    /// How the way to the browser is protected.
    pub tls: Tls,
    /// Language of pages before somebody has chosen one.
    pub language: Language,
    /// When an alarm must be answered.
    pub timers: AnswerTimes,
    /// Adds the account `demo` with the password `demo`, for demonstrations on loopback.
    pub demo_account: bool,
    /// Serves the pages from this folder instead of those in the binary, for those who write them.
    pub web_dir: Option<PathBuf>,
    /// Lets whoever knows it read `/metrics` from elsewhere than this machine.
    pub metrics_token: Option<String>,
    /// Where a program beside the console shows cameras as smooth video; none: by the console's own pictures alone.
    pub live_pictures: Option<LivePictures>,
    /// Where the time comes from.
    pub clock: Clock,
    /// How many requests a client may make.
    pub rates: Rates,
}

impl Options {
    /// What is usual, for an address and a folder.
    pub fn new(listen: SocketAddr, data_dir: PathBuf) -> Self {
        Self {
            listen,
            data_dir,
            tls: if listen.ip().is_loopback() { Tls::Off } else { Tls::Generated },
            language: Language::En,
            timers: AnswerTimes::default(),
            demo_account: false,
            web_dir: None,
            metrics_token: None,
            live_pictures: None,
            clock: Clock::system(),
            rates: Rates::default(),
        }
    }
}

/// How the way to the browser is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all; only on loopback.
    Off,
    /// With a certificate and its key in PEM files.
    Own {
        /// The certificate, and those between it and its root.
        cert: PathBuf,
        /// Its key (PKCS 8).
        key: PathBuf,
    },
    /// With a certificate that is made at the first start and kept in the data folder.
    Generated,
}

/// The address at which a program beside the console (`MediaMTX`, go2rtc and the like) shows one camera by `WebRTC` or HLS:
/// `{site}` and `{camera}` in it stand for their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePictures(String);

impl LivePictures {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LivePictures {
    type Err = String;

    fn from_str(address: &str) -> Result<Self, String> {
        let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        let rest = rest.ok_or("expected an address that begins with http:// or https://")?;
        // Every viewer's page shows it.
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err("user and password have no place in it, since every viewer is shown it".to_owned());
        }
        if !rest.contains("{camera}")
            || rest.chars().any(|letter| letter.is_whitespace() || letter.is_control())
        {
            return Err(
                "expected {camera} where the camera's id goes, as in https://HOST:8889/{camera}".to_owned()
            );
        }
        Ok(Self(address.to_owned()))
    }
}

/// Language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// Its code in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// By when an alarm must be answered, minutes after it was raised. One, three and five minutes are what public-safety
/// crowd concepts ask: one to answer, three until somebody is on the way, five until somebody is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerTimes {
    /// To acknowledge.
    pub answer_minutes: f64,
    /// Until somebody is on the way.
    pub on_the_way_minutes: f64,
    /// Until somebody is there.
    pub arrived_minutes: f64,
}

impl Default for AnswerTimes {
    fn default() -> Self {
        Self { answer_minutes: 1.0, on_the_way_minutes: 3.0, arrived_minutes: 5.0 }
    }
}

/// How many requests a client may make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Requests a second of one address, on average.
    pub requests_per_s: f64,
    /// Requests of one address at once.
    pub burst: f64,
    /// Failed logins of one address for one user in five minutes.
    pub login_failures: u32,
}

impl Default for Rates {
    /// A page makes some 20 requests when it opens, a wall of 64 cameras as many again; several officers may share an
    /// address behind a gateway. Five wrong passwords are what OWASP's guide on authentication lets pass.
    fn default() -> Self {
        Self { requests_per_s: 100.0, burst: 600.0, login_failures: 5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_live_pictures_says_where_the_camera_goes_and_holds_no_secret() {
        let of = |address: &str| address.parse::<LivePictures>();
        assert_eq!(
            of("https://room:8889/{site}-{camera}/").unwrap().as_str(),
            "https://room:8889/{site}-{camera}/"
        );
        for (wrong, because) in [
            ("rtsp://room/{camera}", "begins with http"),
            ("javascript:alert(1)//{camera}", "begins with http"),
            ("http://viewer:secret@room/{camera}", "no place in it"),
            ("http://room/street", "{camera}"),
            ("http://room/{camera} x", "{camera}"),
        ] {
            let reason = of(wrong).unwrap_err();
            assert!(reason.contains(because) && !reason.contains("secret"), "{wrong}: {reason}");
        }
    }
}
