//! What a loudspeaker's agent needs: the checked file.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use jiff::tz::TimeZone;
use throng_analytics::speaker::Policy;

use super::speaker_raw::HttpBody;
use crate::{
    publish::{Id, Network, signature::TrustedKey},
    stream::player::RtpCodec,
};

/// A loudspeaker, checked.
#[derive(Clone, Debug)]
pub struct SpeakerPlan {
    /// The site.
    pub site_id: Id,
    /// The loudspeaker.
    pub id: Id,
    /// Time zone of its quiet hours.
    pub time_zone: TimeZone,
    /// Where the bus is.
    pub bus: Network,
    /// Whether it takes orders from its start on.
    pub armed_at_start: bool,
    /// The audit trail.
    pub trail: PathBuf,
    /// The mute switch, where there is one.
    pub mute_file: Option<PathBuf>,
    /// How sound leaves.
    pub output: OutputPlan,
    /// What hears whether it sounded: `default` or a GStreamer description; none: nothing does.
    pub microphone: Option<String>,
    /// The rules.
    pub policy: Policy,
    /// How announcements sound.
    pub sound: SoundPlan,
    /// The announcements by name.
    pub announcements: BTreeMap<String, AnnouncementPlan>,
    /// The keys whose orders are taken, by name.
    pub keys: BTreeMap<String, KeyPlan>,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub config_sha256: String,
}

/// A key whose orders are taken.
#[derive(Clone, Debug)]
pub struct KeyPlan {
    /// The key.
    pub key: TrustedKey,
    /// Whether it is a person's.
    pub is_person: bool,
}

/// How sound leaves.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputPlan {
    /// The sound card.
    Card,
    /// WAV files in a folder.
    File {
        /// The folder.
        folder: PathBuf,
    },
    /// RTP.
    Rtp {
        /// The group or host.
        to: std::net::SocketAddr,
        /// Codec.
        codec: RtpCodec,
        /// Routers that multicast may pass.
        ttl: u8,
        /// Interface that multicast leaves by.
        interface: Option<String>,
    },
    /// HTTP POST.
    Http {
        /// Where to.
        to: Address,
        /// What.
        body: HttpBody,
    },
    /// An Axis loudspeaker.
    Vapix {
        /// Where it is.
        to: Address,
    },
    /// A drone's loudspeaker.
    Dji {
        /// The broker.
        broker: Address,
        /// Serial number of the dock or remote control.
        gateway_sn: String,
        /// Port of the payload.
        psdk_index: u8,
    },
    /// The loudspeaker of a camera, by ONVIF's back channel.
    Onvif {
        /// The camera's stream.
        to: Address,
    },
    /// A telephone system or amplifier.
    Sip {
        /// User and host to call; its user information is ours.
        to: Address,
    },
}

/// A host with credentials. Neither `Debug` nor `Display` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `http`, `mqtt` and so on.
    pub scheme: String,
    /// User; empty where there is none.
    pub user: String,
    /// Password; empty where there is none.
    pub password: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// The authority (PEM) that its certificate must come from, where it has one; none: any that the system trusts.
    pub ca: Option<PathBuf>,
    /// Who we are, where the other side asks.
    pub identity: Option<Identity>,
}

/// A certificate of our own and its private key, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those above it but for the authority's.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}{}", self.scheme, self.host, self.port, self.path)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How announcements sound.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundPlan {
    /// The program that speaks.
    pub program: String,
    /// Its Chinese voice.
    pub voice_zh: String,
    /// Its English voice.
    pub voice_en: String,
    /// How fast it speaks.
    pub words_per_minute: u32,
    /// A gong before the words.
    pub chime: bool,
    /// Silence before everything, milliseconds.
    pub preroll_ms: u32,
    /// Loudness, LUFS.
    pub loudness_lufs: f64,
    /// Folder of finished announcements.
    pub cache: PathBuf,
}

/// An announcement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnouncementPlan {
    /// The words in Chinese.
    pub zh: Option<String>,
    /// The words in English.
    pub en: Option<String>,
    /// A recording of the Chinese.
    pub clip_zh: Option<PathBuf>,
    /// A recording of the English.
    pub clip_en: Option<PathBuf>,
    /// Number of its clip on an Axis loudspeaker.
    pub vapix_clip: Option<u32>,
    /// Number of the clip there that says "drill" first.
    pub vapix_drill_clip: Option<u32>,
}
