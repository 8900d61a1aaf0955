//! How warnings leave beside the bus: other conventions, loudspeakers, evidence.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::source_text::SourceText;

/// Other ways in which warnings leave.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// File with the words of advice. Default: those shipped with throng.
    pub advice: Option<String>,
    /// Common Alerting Protocol 1.2.
    pub cap: Option<PublishCap>,
    /// Cursor on Target, for maps of TAK: `udp://239.2.3.1:6969`, `tcp://HOST:8087` or
    /// `tls://HOST:8089`.
    pub cot: Option<PublishTo>,
    /// GeoJSON.
    pub geojson: Option<PublishFile>,
    /// Syslog: `udp://HOST:514`, `tcp://HOST:601` or `tls://HOST:6514`.
    pub syslog: Option<PublishTo>,
    /// A webhook: `https://HOST/path` or `http://HOST/path`.
    pub webhook: Option<PublishWebhook>,
    /// ONVIF Profile M events in JSON over MQTT: `mqtt://HOST:1883` or `mqtts://HOST:8883`; a path is put before
    /// the topics.
    pub onvif: Option<PublishTo>,
    /// ONVIF's event service, from which video management systems fetch as from a camera.
    pub onvif_events: Option<PublishAt>,
    /// A relay by Modbus TCP, or by Modbus/TCP Security.
    pub modbus: Option<PublishModbus>,
    /// GB/T 28181 alarms: `sip://DEVICE:${PASSWORD}@HOST:5060/SERVER`, both with 20 digits; by TCP with `sip+tcp://`, by TLS with
    /// `sips://HOST:5061`.
    pub gb28181: Option<PublishTo>,
}

/// CAP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishCap {
    /// Name of the sender, such as a host name.
    #[schemars(required, title = "a name without spaces", example = &"crowd.police.example")]
    pub sender: Option<String>,
    /// Folder to which each message is written.
    #[schemars(required, title = "a folder", example = &"cap")]
    pub folder: Option<String>,
}

/// An address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishTo {
    /// Where to. Write a password as `${NAME}` and set the environment variable `NAME`.
    #[schemars(required, title = "an address", example = &"udp://10.0.0.9:514")]
    pub uri: Option<SourceText>,
    /// Certificate (PEM) of the authority that the receiver's must come from. Default: those that the system trusts.
    #[schemars(title = "the file name of a certificate", example = &"tls/ca.pem")]
    pub ca: Option<String>,
    /// Certificate (PEM) of our own, where the receiver asks for one.
    #[schemars(title = "the file name of a certificate", example = &"tls/analyser.pem")]
    pub certificate: Option<String>,
    /// Its private key (PEM).
    #[schemars(title = "the file name of a private key", example = &"tls/analyser-key.pem")]
    pub key: Option<String>,
}

/// An address of our own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishAt {
    /// Where it listens, and the user who may ask. Write the password as `${NAME}` and set the environment variable `NAME`.
    #[schemars(required, title = "an address", example = &"https://vms:${VMS_PASSWORD}@0.0.0.0:8899")]
    pub at: Option<SourceText>,
    /// Certificate (PEM) that it shows; needed for `https`.
    #[schemars(title = "the file name of a certificate", example = &"tls/events.pem")]
    pub certificate: Option<String>,
    /// Its private key (PEM).
    #[schemars(title = "the file name of a private key", example = &"tls/events-key.pem")]
    pub key: Option<String>,
}

/// A file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishFile {
    /// The file.
    #[schemars(required, title = "a file name", example = &"zones.geojson")]
    pub file: Option<String>,
}

/// A webhook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishWebhook {
    /// Where to.
    #[schemars(required, title = "an address", example = &"https://signs.police.example/warning")]
    pub uri: Option<SourceText>,
    /// Certificate (PEM) of the authority that the receiver's must come from. Default: those that the system trusts.
    #[schemars(title = "the file name of a certificate", example = &"tls/ca.pem")]
    pub ca: Option<String>,
    /// Name of the environment variable with the secret that signs.
    #[schemars(required, title = "the name of an environment variable", example = &"SIGN_SECRET")]
    pub secret_variable: Option<String>,
}

/// A relay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishModbus {
    /// Where it is: `tcp://HOST:502`, or `tls://HOST:802` for Modbus/TCP Security, whose devices ask for a certificate.
    #[schemars(required, title = "an address", example = &"tcp://10.0.0.9:502")]
    pub uri: Option<SourceText>,
    /// Certificate (PEM) of the authority that the device's must come from. Default: those that the system trusts.
    #[schemars(title = "the file name of a certificate", example = &"tls/ca.pem")]
    pub ca: Option<String>,
    /// Certificate (PEM) of our own, where the receiver asks for one.
    #[schemars(title = "the file name of a certificate", example = &"tls/analyser.pem")]
    pub certificate: Option<String>,
    /// Its private key (PEM).
    #[schemars(title = "the file name of a private key", example = &"tls/analyser-key.pem")]
    pub key: Option<String>,
    /// Its unit. Default: 1.
    #[schemars(range(min = 0, max = 247), example = 1)]
    pub unit: Option<u8>,
    /// The first of its five coils: blue, yellow, orange, red by the highest level that is known, and unknown, which is on
    /// while the level of any zone is not known. Default: 0.
    #[schemars(range(min = 0, max = 65531), example = 16)]
    pub first_coil: Option<u16>,
    /// The first of two holding registers: the highest level, 1 blue to 4 red, 0 only while every zone is known to be
    /// normal, else 65535; and how many zones are not known. Default: no register is written.
    #[schemars(range(min = 0, max = 65534), example = 100)]
    pub first_register: Option<u16>,
}

/// What a loudspeaker is asked to say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSpeaker {
    /// The loudspeaker.
    #[schemars(required, title = "an id: lower-case letters, digits, `-` and `_`, at most 63", example = &"gate-pole")]
    pub id: Option<String>,
    /// Where it hangs, in metres on the ground: drawn on the map, and used for nothing else.
    #[schemars(inner(range(min = -1e7, max = 1e7)), title = "[x, y] in metres", example = [12.5, -4.0])]
    pub position_m: Option<[f64; 2]>,
    /// Zones for which it is asked. Default: all.
    #[schemars(example = ["gate"])]
    pub zones: Option<Vec<String>>,
    /// Announcement at orange.
    #[schemars(example = &"do-not-crowd")]
    pub orange: Option<String>,
    /// Announcement at red.
    #[schemars(example = &"stop-pushing")]
    pub red: Option<String>,
    /// How often it is said. Default: 2.
    #[schemars(range(min = 1, max = 10), example = 2)]
    pub times: Option<u8>,
}

/// The key that signs what this site asks of loudspeakers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeakerKey {
    /// Private key in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    #[schemars(required, title = "the file name of a private key", example = &"keys/site.pem")]
    pub file: Option<String>,
    /// Name of the key, as the loudspeakers know it.
    #[schemars(required, title = "the name of a key", example = &"site-gate-north")]
    pub id: Option<String>,
    /// Whose it is, as the loudspeakers know it.
    #[schemars(required, title = "a name", example = &"site gate-north")]
    pub issuer: Option<String>,
}

/// What is kept of alarms: at orange and red a signed folder with a short clip, densities, messages and every input, which
/// `throng replay` plays again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Where the folders go.
    #[schemars(required, title = "the name of a folder", example = &"evidence")]
    pub folder: Option<String>,
    /// Private key in PEM that seals them, as `openssl genpkey -algorithm ed25519` writes it.
    #[schemars(required, title = "the file name of a private key", example = &"keys/evidence.pem")]
    pub key: Option<String>,
    /// Name of the key. Default: `evidence`.
    #[schemars(title = "the name of a key", example = &"evidence-2026")]
    pub key_id: Option<String>,
    /// Seconds of clip before the alarm. Default: 30.
    #[schemars(range(min = 0, max = 120), example = 30)]
    pub before_secs: Option<f64>,
    /// Seconds of clip and of inputs after it. Default: 30.
    #[schemars(range(min = 0, max = 300), example = 30)]
    pub after_secs: Option<f64>,
    /// `false` keeps clips in which faces and number plates can be recognised: ask whoever answers for privacy. Default:
    /// `true`, no head keeps more than 8 pixels across.
    pub conceal: Option<bool>,
}
