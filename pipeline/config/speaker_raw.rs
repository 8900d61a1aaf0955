//! The loudspeaker file word for word. Its comments are the manual; see `config/raw.rs` for how they are used.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{raw::Bus, source_text::SourceText};

/// A loudspeaker: who may command it, what it may say, and how sound leaves.
///
/// Relative file names are relative to the folder of this file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeakerFile {
    /// Which loudspeaker this is.
    #[schemars(required)]
    pub speaker: Option<Speaker>,
    /// How it reaches the zenoh bus. Without this table it is a peer on loopback and needs no router.
    pub bus: Option<Bus>,
    /// How sound leaves.
    #[schemars(required)]
    pub output: Option<Output>,
    /// A microphone that hears whether it really sounded. Without this table nobody knows.
    pub microphone: Option<Microphone>,
    /// What it may say, when, and who must agree.
    pub policy: Option<Policy>,
    /// How announcements sound.
    pub sound: Option<Sound>,
    /// The keys whose orders it takes, one `[[key]]` each.
    #[schemars(required, length(min = 1))]
    pub key: Option<Vec<Key>>,
    /// Announcements of this loudspeaker, beside those of the library; one with the id of the library replaces it.
    #[serde(default)]
    pub announcement: Vec<Announcement>,
}

/// Which loudspeaker this is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Speaker {
    /// Name on the bus: `throng/v1/{site}/speaker/{id}/...`.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate-pole")]
    pub id: Option<String>,
    /// The site it belongs to.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate-north")]
    pub site: Option<String>,
    /// IANA time zone of its quiet hours. Default: `UTC`.
    #[schemars(title = "an IANA time zone", example = &"Asia/Shanghai")]
    pub time_zone: Option<String>,
    /// `true` makes everything it says an exercise. Default: `false`.
    pub drill: Option<bool>,
    /// Whether it takes orders from its start on. Default: `false`: a person arms it with `throng speak --arm`.
    pub armed_at_start: Option<bool>,
    /// The audit trail. Default: `trail`, beside this file.
    pub trail: Option<String>,
    /// A file whose content starts with `1` while the mute switch is on, such as the value of a GPIO line.
    pub mute_file: Option<String>,
}

/// A microphone near the loudspeaker.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Microphone {
    /// `default`, the system's; or `gst:` and what GStreamer's launch syntax describes up to the sound. Default: `default`.
    #[schemars(title = "`default` or a GStreamer description", example = &"gst: alsasrc device=hw:1")]
    pub source: Option<String>,
}

/// How sound leaves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// What kind of loudspeaker it is.
    #[schemars(required)]
    pub kind: Option<OutputKind>,
    /// Where it is: `rtp://224.0.2.60:50000`, `http://HOST/path`, `mqtt://HOST:1883`, `sip://100@HOST:5060`; `https` and `mqtts`
    /// by TLS. Write a password as `${NAME}` and set the environment variable `NAME`.
    #[schemars(title = "the address of the loudspeaker", example = &"rtp://224.0.2.60:50000")]
    pub uri: Option<SourceText>,
    /// Certificate (PEM) of the authority that its certificate must come from. Default: those that the system trusts.
    pub ca: Option<String>,
    /// Folder of the files that `kind = "file"` writes. Default: `announcements`.
    pub folder: Option<String>,
    /// Codec of RTP. Default: `pcmu`.
    pub codec: Option<Codec>,
    /// Routers that RTP to a multicast group may pass. Default: 1, the local network.
    #[schemars(range(min = 1, max = 255), example = 1)]
    pub ttl: Option<u8>,
    /// Network interface that multicast leaves by. Default: the system's choice.
    pub interface: Option<String>,
    /// Serial number of the DJI dock or remote control.
    pub gateway_sn: Option<String>,
    /// Port of the payload at the drone. Default: 0.
    #[schemars(range(min = 0, max = 8), example = 2)]
    pub psdk_index: Option<u8>,
    /// What `kind = "http"` posts: `wav`, the sound; or `json`, only the name of the announcement. Default: `wav`.
    pub body: Option<HttpBody>,
}

/// Kind of loudspeaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// The sound card of this machine.
    SoundCard,
    /// WAV files, in real time: for drills at a desk and for machines without a sound card.
    File,
    /// RTP paging, to a multicast group or a single amplifier.
    Rtp,
    /// HTTP POST.
    Http,
    /// An Axis network loudspeaker, by VAPIX.
    Vapix,
    /// The loudspeaker of a DJI drone, by the Cloud API.
    Dji,
    /// The loudspeaker of a camera, by ONVIF's back channel.
    Onvif,
    /// A telephone system or SIP amplifier that answers by itself.
    Sip,
}

/// Codec of RTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// G.711 mu-law, 8 kHz.
    #[default]
    Pcmu,
    /// Opus, 48 kHz.
    Opus,
}

/// What HTTP posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HttpBody {
    /// The sound.
    #[default]
    Wav,
    /// The name of the announcement.
    Json,
}

/// What it may say, when, and who must agree.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Who must agree at normal: for messages such as the all-clear. Default: it is silent.
    pub normal: Option<Consent>,
    /// Who must agree at blue. Default: it is silent.
    pub blue: Option<Consent>,
    /// Who must agree at yellow. Default: it is silent.
    pub yellow: Option<Consent>,
    /// Who must agree at orange. Default: one person within 60 s.
    pub orange: Option<Consent>,
    /// Who must agree at red. Default: one person within 60 s.
    pub red: Option<Consent>,
    /// Whether people may have free text spoken; it takes two of them. Default: `false`.
    pub free_text: Option<bool>,
    /// Silence after an announcement, seconds. Default: 30.
    #[schemars(range(min = 0, max = 3600), example = 30)]
    pub cool_down_secs: Option<f64>,
    /// How often the same is said for one incident within ten minutes. Default: 5.
    #[schemars(range(min = 1, max = 100), example = 5)]
    pub repeats_max: Option<u32>,
    /// Hours in which only the most serious is said.
    pub quiet_hours: Option<QuietHours>,
    /// Zones in which it is heard: it never draws people there while they are in danger.
    #[serde(default)]
    #[schemars(example = ["gate"])]
    pub stands_in: Vec<String>,
    /// Loudspeakers at the exits that must have spoken for the same incident first.
    #[serde(default)]
    pub after: Vec<String>,
    /// Loudspeakers heard at the same place: it is silent while they speak.
    #[serde(default)]
    pub not_while: Vec<String>,
    /// How long it waits for `after` and `not_while`, seconds; then it refuses. Default: 20.
    #[schemars(range(min = 0, max = 600), example = 20)]
    pub wait_secs: Option<f64>,
    /// What an exercise sounds like. Default: `silent`.
    pub drill_sound: Option<DrillSound>,
}

/// Who must agree.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// People who must agree, each with a key of their own: 0 speaks at once, 1, or 2.
    #[schemars(required, range(min = 0, max = 2), example = 1)]
    pub people: Option<u8>,
    /// Within this long, seconds. Default: 60.
    #[schemars(range(min = 1, max = 600), example = 60)]
    pub within_secs: Option<f64>,
}

/// Hours of silence, local time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From.
    #[schemars(required, title = "a time of day, \"HH:MM\"", example = &"22:00")]
    pub from: Option<String>,
    /// Until; earlier than `from` means the next day.
    #[schemars(required, title = "a time of day, \"HH:MM\"", example = &"06:00")]
    pub until: Option<String>,
    /// Levels from this one on are said all the same. Default: `red`.
    pub except_from: Option<LevelName>,
}

/// A level by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// Interest.
    Blue,
    /// Caution.
    Yellow,
    /// Alert.
    Orange,
    /// Serious.
    Red,
}

/// What an exercise sounds like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillSound {
    /// Nothing is played aloud.
    #[default]
    Silent,
    /// "This is a drill" comes first.
    WordFirst,
}

/// How announcements sound.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// File with announcements. Default: the library shipped with throng.
    pub library: Option<String>,
    /// Program that speaks: takes `-v VOICE -s WORDS_PER_MINUTE --stdout TEXT` and writes WAV. Default: `espeak-ng`.
    pub program: Option<String>,
    /// Its Chinese voice. Default: `cmn`.
    pub voice_zh: Option<String>,
    /// Its English voice. Default: `en`.
    pub voice_en: Option<String>,
    /// How fast it speaks. Default: 150; slower is better understood outdoors.
    #[schemars(range(min = 80, max = 300), example = 150)]
    pub words_per_minute: Option<u32>,
    /// A gong before the words. Default: `true`.
    pub chime: Option<bool>,
    /// Silence before everything, for amplifiers that wake up slowly, milliseconds. Default: 300.
    #[schemars(range(min = 0, max = 5000), example = 300)]
    pub preroll_ms: Option<u32>,
    /// Loudness after EBU R 128, LUFS; peaks stay below -1 dBFS. Default: -16.
    #[schemars(range(min = -40, max = -5), example = -16)]
    pub loudness_lufs: Option<f64>,
    /// Folder in which finished announcements are kept. Default: `cache`, beside this file.
    pub cache: Option<String>,
}

/// A key whose orders are taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Name of the key; orders name it.
    #[schemars(required, title = "the name of a key", example = &"duty-officer-1")]
    pub id: Option<String>,
    /// Whose it is.
    #[schemars(required, title = "a name", example = &"duty officer")]
    pub issuer: Option<String>,
    /// Public key in PEM, as `openssl pkey -in KEY.pem -pubout` writes it.
    #[schemars(required, title = "the file name of a public key", example = &"keys/duty-officer-1.pub.pem")]
    pub file: Option<String>,
    /// Whether it is a person's; a site's key asks, and confirms nothing. Default: `false`.
    pub person: Option<bool>,
}

/// A file with announcements.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The announcements, one `[[announcement]]` each.
    #[serde(default)]
    pub announcement: Vec<Announcement>,
}

/// An announcement: words, or a recording of them, in one language or two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// Its name.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"do-not-crowd")]
    pub id: Option<String>,
    /// The words in Chinese; spoken first.
    pub zh: Option<String>,
    /// The words in English.
    pub en: Option<String>,
    /// A recording that is played instead of the spoken Chinese.
    pub clip_zh: Option<String>,
    /// A recording that is played instead of the spoken English.
    pub clip_en: Option<String>,
    /// Where it sends people. Default: `nowhere`.
    pub draw: Option<Draw>,
    /// Number of its clip on an Axis loudspeaker, which says only what it holds.
    pub vapix_clip: Option<u32>,
    /// Number of the clip there that says the same after the word "drill". Without it the loudspeaker is silent in exercises.
    pub vapix_drill_clip: Option<u32>,
}

/// Where an announcement sends people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// Nowhere.
    #[default]
    Nowhere,
    /// Away from the loudspeaker.
    Away,
    /// Towards the loudspeaker.
    Here,
}
