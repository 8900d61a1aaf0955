//! The loudspeaker file: keys, rules, announcements and where sound goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
};

use throng_analytics::{
    level::Level,
    speaker::{self, Consent, Draw, Drill, QuietHours},
};
use url::Url;

use super::{Checker, camera::unexpandable, publish::TlsFiles};
use crate::{
    config::{
        diagnostic::Remark,
        environment,
        key_path::KeyPath,
        source_text::SourceText,
        speaker_plan::{Address, AnnouncementPlan, KeyPlan, OutputPlan, SoundPlan, SpeakerPlan},
        speaker_raw::{self as raw, Codec, DrillSound, LevelName, Library, OutputKind, SpeakerFile},
    },
    publish::signature::TrustedKey,
    stream::player::RtpCodec,
};

/// The library that ships with throng.
pub(in crate::config) const SHIPPED_LIBRARY: &str = include_str!("../../speaker/announcements.toml");

impl Checker<'_> {
    /// Checks everything and makes the plan; none where anything is wrong.
    pub(in crate::config) fn speaker(
        &mut self,
        file: &SpeakerFile,
        config_sha256: String,
    ) -> Option<SpeakerPlan> {
        let root = KeyPath::root();
        let at = root.key("speaker");
        let head = file.speaker.as_ref();
        let id = self.id(head.and_then(|s| s.id.as_ref()), &at.key("id"));
        let site_id = self.id(head.and_then(|s| s.site.as_ref()), &at.key("site"));
        let time_zone = self.time_zone(head.and_then(|s| s.time_zone.as_ref()), &at.key("time_zone"));
        let bus = self.bus(file.bus.as_ref());
        let output = file.output.as_ref().and_then(|output| self.output(output, &root.key("output")));
        let keys = self.keys(file.key.as_deref().unwrap_or_default());
        let sound = file.sound.clone().unwrap_or_default();
        let announcements = self.announcements(file, &sound);
        let policy = self.policy(file, announcements.as_ref());
        let head = head?;
        let in_folder =
            |name: &Option<String>, default: &str| self.folder.join(name.as_deref().unwrap_or(default));
        let sound = SoundPlan {
            cache: in_folder(&sound.cache, "cache"),
            program: sound.program.unwrap_or_else(|| "espeak-ng".to_owned()),
            voice_zh: sound.voice_zh.unwrap_or_else(|| "cmn".to_owned()),
            voice_en: sound.voice_en.unwrap_or_else(|| "en".to_owned()),
            words_per_minute: sound.words_per_minute.unwrap_or(150),
            chime: sound.chime.unwrap_or(true),
            preroll_ms: sound.preroll_ms.unwrap_or(300),
            loudness_lufs: sound.loudness_lufs.unwrap_or(-16.0),
        };
        let trail = in_folder(&head.trail, "trail");
        let mute_file = head.mute_file.as_ref().map(|file| self.folder.join(file));
        let announcements = announcements?;
        Some(SpeakerPlan {
            site_id: site_id?,
            id: id?,
            time_zone: time_zone?,
            bus: bus?,
            armed_at_start: head.armed_at_start.unwrap_or(false),
            trail,
            mute_file,
            output: output?,
            microphone: file
                .microphone
                .as_ref()
                .map(|microphone| microphone.source.clone().unwrap_or_else(|| "default".to_owned())),
            policy: policy?,
            sound,
            announcements: announcements.into_iter().map(|(id, (plan, _))| (id, plan)).collect(),
            keys: keys?,
            config_sha256,
        })
    }

    fn output(&mut self, output: &raw::Output, at: &KeyPath) -> Option<OutputPlan> {
        let kind = output.kind?;
        let schemes: &[(&str, u16, &str)] = match kind {
            OutputKind::SoundCard => return Some(OutputPlan::Card),
            OutputKind::File => {
                let folder = output.folder.as_deref().unwrap_or("announcements");
                return Some(OutputPlan::File { folder: self.folder.join(folder) });
            }
            OutputKind::Rtp => &[("rtp", 0, "rtp://224.0.2.60:50000")],
            OutputKind::Http => {
                &[("http", 80, "http://10.0.0.9/play"), ("https", 443, "https://10.0.0.9/play")]
            }
            OutputKind::Vapix => &[
                ("http", 80, "http://root:${HORN_PASSWORD}@10.0.0.9"),
                ("https", 443, "https://root:${HORN_PASSWORD}@10.0.0.9"),
            ],
            OutputKind::Dji => &[
                ("mqtt", 1883, "mqtt://throng:${MQTT_PASSWORD}@10.0.0.9:1883"),
                ("mqtts", 8883, "mqtts://throng:${MQTT_PASSWORD}@broker.police.example:8883"),
            ],
            OutputKind::Onvif => &[
                ("rtsp", 554, "rtsp://throng:${CAMERA_PASSWORD}@10.0.0.9/stream1"),
                ("rtsps", 322, "rtsps://throng:${CAMERA_PASSWORD}@10.0.0.9/stream1"),
            ],
            OutputKind::Sip => &[("sip", 5060, "sip://100@10.0.0.9:5060")],
        };
        let to = match output.uri.as_ref() {
            None => self.address(None, schemes[0], &at.key("uri"))?,
            uri => {
                self.one_of(uri, TlsFiles { ca: output.ca.as_deref(), ..TlsFiles::default() }, schemes, at)?
            }
        };
        match kind {
            OutputKind::SoundCard | OutputKind::File => None,
            OutputKind::Rtp => {
                let Ok(ip) = to.host.trim_matches(['[', ']']).parse() else {
                    let remark = Remark::new(
                        format!("names the host {:?}", to.host),
                        "an IP address and a port",
                        "write e.g. \"rtp://224.0.2.60:50000\"",
                    );
                    self.findings.error(&at.key("uri"), remark);
                    return None;
                };
                Some(OutputPlan::Rtp {
                    to: SocketAddr::new(ip, to.port),
                    codec: match output.codec.unwrap_or_default() {
                        Codec::Pcmu => RtpCodec::Pcmu,
                        Codec::Opus => RtpCodec::Opus,
                    },
                    ttl: output.ttl.unwrap_or(1),
                    interface: output.interface.clone(),
                })
            }
            OutputKind::Http => Some(OutputPlan::Http { to, body: output.body.unwrap_or_default() }),
            OutputKind::Vapix => Some(OutputPlan::Vapix { to }),
            OutputKind::Onvif => Some(OutputPlan::Onvif { to }),
            OutputKind::Sip => Some(OutputPlan::Sip { to }),
            OutputKind::Dji => {
                let Some(gateway_sn) = output.gateway_sn.clone() else {
                    let remark = Remark::new(
                        "is missing",
                        "the serial number of the dock or remote control",
                        "add it; it stands on the device and in its Cloud API settings",
                    );
                    self.findings.error(&at.key("gateway_sn"), remark);
                    return None;
                };
                Some(OutputPlan::Dji { broker: to, gateway_sn, psdk_index: output.psdk_index.unwrap_or(0) })
            }
        }
    }

    /// An address of a scheme, with secrets from the environment. A port of 0 as the default means that it must be given.
    pub(super) fn address(
        &mut self,
        uri: Option<&SourceText>,
        (scheme, default_port, example): (&str, u16, &str),
        at: &KeyPath,
    ) -> Option<Address> {
        let expected = format!("an address such as {example}");
        let advice = format!("write e.g. {example:?}");
        let Some(uri) = uri else {
            self.findings.error(at, Remark::new("is missing", expected, advice));
            return None;
        };
        let expanded = match environment::expand(uri.expose(), self.environment) {
            Ok(expanded) => expanded,
            Err(why) => {
                self.findings.error(at, unexpandable(&why));
                return None;
            }
        };
        let parsed = Url::parse(&expanded).ok().filter(|url| url.scheme() == scheme && url.has_host());
        let port = parsed.as_ref().and_then(|url| url.port().or((default_port > 0).then_some(default_port)));
        let (Some(url), Some(port)) = (parsed, port) else {
            self.findings.error(at, Remark::new(format!("is {uri}"), expected, advice));
            return None;
        };
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Some(Address {
            scheme: scheme.to_owned(),
            user: percent_decoded(url.username()),
            password: percent_decoded(url.password().unwrap_or_default()),
            host: url.host_str().unwrap_or_default().to_owned(),
            port,
            path: if path.is_empty() { "/".to_owned() } else { path },
            ca: None,
            identity: None,
        })
    }

    fn keys(&mut self, keys: &[raw::Key]) -> Option<BTreeMap<String, KeyPlan>> {
        let list = KeyPath::root().key("key");
        self.unique(keys.iter().map(|key| key.id.as_ref()), &list);
        let mut plans = BTreeMap::new();
        for (index, key) in keys.iter().enumerate() {
            let at = list.index(index).key("file");
            let (Some(id), Some(issuer), Some(file)) = (&key.id, &key.issuer, &key.file) else { continue };
            let is_person = key.person.unwrap_or(false);
            let trusted = self.public_key(issuer, file, &at);
            plans.extend(trusted.map(|key| (id.clone(), KeyPlan { key, is_person })));
        }
        (plans.len() == keys.len()).then_some(plans)
    }

    /// The public key in a file; none where there is none.
    pub(super) fn public_key(&mut self, issuer: &str, file: &str, at: &KeyPath) -> Option<TrustedKey> {
        let read = std::fs::read_to_string(self.folder.join(file))
            .map_err(|error| anyhow::anyhow!("cannot be read: {error}"))
            .and_then(|pem| TrustedKey::from_pem(issuer, &pem));
        read.map_err(|error| {
            let remark = Remark::new(
                format!("names {file:?}: {error:#}"),
                "the file of an Ed25519 public key in PEM",
                "make one with `openssl pkey -in KEY.pem -pubout -out KEY.pub.pem`",
            );
            self.findings.error(at, remark);
        })
        .ok()
    }

    /// The library's announcements and the file's own, which replace those of the same name.
    fn announcements(
        &mut self,
        file: &SpeakerFile,
        sound: &raw::Sound,
    ) -> Option<BTreeMap<String, (AnnouncementPlan, Draw)>> {
        let errors_before = self.findings.error_count();
        let at = KeyPath::root().key("sound").key("library");
        let (text, folder) = match &sound.library {
            None => (SHIPPED_LIBRARY.to_owned(), self.folder.to_owned()),
            Some(name) => {
                let path = self.folder.join(name);
                match std::fs::read_to_string(&path) {
                    Ok(text) => (text, path.parent().unwrap_or(Path::new("")).to_owned()),
                    Err(error) => {
                        let remark = Remark::new(
                            format!("names {name:?}, which cannot be read: {error}"),
                            "a file with [[announcement]]s",
                            "check the path; it is relative to the folder of this file",
                        );
                        self.findings.error(&at, remark);
                        return None;
                    }
                }
            }
        };
        let library = match toml::from_str::<Library>(&text) {
            Ok(library) => library,
            Err(error) => {
                let remark = Remark::new(
                    format!("cannot be read: {}", error.message()),
                    "a file with [[announcement]]s",
                    "compare it with pipeline/speaker/announcements.toml",
                );
                self.findings.error(&at, remark);
                return None;
            }
        };
        let list = KeyPath::root().key("announcement");
        self.unique(file.announcement.iter().map(|a| a.id.as_ref()), &list);
        let mut all = BTreeMap::new();
        for announcement in &library.announcement {
            self.announcement(announcement, &folder, &at, &mut all);
        }
        let own_folder = self.folder.to_owned();
        for (index, announcement) in file.announcement.iter().enumerate() {
            self.announcement(announcement, &own_folder, &list.index(index), &mut all);
        }
        (self.findings.error_count() == errors_before).then_some(all)
    }

    fn announcement(
        &mut self,
        written: &raw::Announcement,
        folder: &Path,
        at: &KeyPath,
        all: &mut BTreeMap<String, (AnnouncementPlan, Draw)>,
    ) {
        let Some(id) = self.id(written.id.as_ref(), &at.key("id")) else { return };
        let plan = AnnouncementPlan {
            zh: written.zh.clone(),
            en: written.en.clone(),
            clip_zh: written.clip_zh.as_ref().map(|clip| folder.join(clip)),
            clip_en: written.clip_en.as_ref().map(|clip| folder.join(clip)),
            vapix_clip: written.vapix_clip,
            vapix_drill_clip: written.vapix_drill_clip,
        };
        for (key, clip) in [("clip_zh", &plan.clip_zh), ("clip_en", &plan.clip_en)] {
            if let Some(clip) = clip.as_ref().filter(|clip| !clip.is_file()) {
                let remark = Remark::new(
                    format!("names {}, which is not there", clip.display()),
                    "a sound file",
                    "put it there, or remove the key to have the words spoken",
                );
                self.findings.error(&at.key(key), remark);
            }
        }
        if plan.zh.is_none() && plan.en.is_none() && plan.clip_zh.is_none() && plan.clip_en.is_none() {
            let remark = Remark::new(
                format!("{id:?} says nothing"),
                "words or a recording in one language at least",
                "add `zh`, `en`, `clip_zh` or `clip_en`",
            );
            self.findings.error(at, remark);
        }
        let draw = match written.draw.unwrap_or_default() {
            raw::Draw::Nowhere => Draw::Nowhere,
            raw::Draw::Away => Draw::Away,
            raw::Draw::Here => Draw::Here,
        };
        all.insert(id.as_str().to_owned(), (plan, draw));
    }

    fn policy(
        &mut self,
        file: &SpeakerFile,
        announcements: Option<&BTreeMap<String, (AnnouncementPlan, Draw)>>,
    ) -> Option<speaker::Policy> {
        let written = file.policy.clone().unwrap_or_default();
        let at = KeyPath::root().key("policy");
        let default = speaker::Policy::default();
        let mut consent = default.consent.clone();
        for (level, written) in [
            (Level::Normal, written.normal),
            (Level::Blue, written.blue),
            (Level::Yellow, written.yellow),
            (Level::Orange, written.orange),
            (Level::Red, written.red),
        ] {
            let Some(written) = written else { continue };
            // Where it is missing or wrong that is reported, and the rest is checked all the same.
            let Some(people) = written.people.map(usize::from) else { continue };
            let within_secs = written.within_secs.unwrap_or(60.0);
            let who =
                if people == 0 { Consent::Automatic } else { Consent::Confirmed { people, within_secs } };
            consent.insert(level, who);
        }
        let people = file.key.iter().flatten().filter(|key| key.person == Some(true)).count();
        let needed =
            consent.values().map(|c| if let Consent::Confirmed { people, .. } = c { *people } else { 0 });
        let needed = needed.max().unwrap_or(0);
        if needed > people {
            let remark = Remark::new(
                format!("asks for {needed} to agree, and {people} of the keys are people's"),
                "as many [[key]]s with `person = true`",
                "add the keys of those who are to confirm; until then nothing can be said at that level",
            );
            self.findings.warning(&at, remark);
        }
        let quiet_hours = match &written.quiet_hours {
            None => None,
            Some(quiet) => {
                let at = at.key("quiet_hours");
                let from = self.minute_of_day(quiet.from.as_deref(), &at.key("from"));
                let until = self.minute_of_day(quiet.until.as_deref(), &at.key("until"));
                let except_from = match quiet.except_from.unwrap_or(LevelName::Red) {
                    LevelName::Blue => Level::Blue,
                    LevelName::Yellow => Level::Yellow,
                    LevelName::Orange => Level::Orange,
                    LevelName::Red => Level::Red,
                };
                Some(QuietHours { from_minute: from?, until_minute: until?, except_from })
            }
        };
        let set = |names: Vec<String>| names.into_iter().collect::<BTreeSet<_>>();
        Some(speaker::Policy {
            consent,
            announcements: announcements?.iter().map(|(id, (_, draw))| (id.clone(), *draw)).collect(),
            allows_free_text: written.free_text.unwrap_or(false),
            cool_down_secs: written.cool_down_secs.unwrap_or(default.cool_down_secs),
            repeats_max: written.repeats_max.unwrap_or(default.repeats_max),
            quiet_hours,
            stands_in: set(written.stands_in),
            after: set(written.after),
            not_while: set(written.not_while),
            wait_secs: written.wait_secs.unwrap_or(default.wait_secs),
            drill: match written.drill_sound.unwrap_or_default() {
                DrillSound::Silent => Drill::Silent,
                DrillSound::WordFirst => Drill::WordFirst,
            },
            is_drill: file.speaker.as_ref().and_then(|s| s.drill).unwrap_or(false),
            ..default
        })
    }

    fn minute_of_day(&mut self, text: Option<&str>, at: &KeyPath) -> Option<u16> {
        let text = text?;
        let parsed = text.split_once(':').and_then(|(hour, minute)| {
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            (hour < 24 && minute < 60).then_some(60 * hour + minute)
        });
        if parsed.is_none() {
            let remark =
                Remark::new(format!("is {text:?}"), "a time of day, \"HH:MM\"", "write e.g. \"22:00\"");
            self.findings.error(at, remark);
        }
        parsed
    }
}

/// User information of a URI as it was meant; what is no percent-encoding stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digits = text.get(index + 1..index + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = digits.filter(|_| bytes[index] == b'%') {
            decoded.push(byte);
            index += 3;
        } else {
            decoded.push(bytes[index]);
            index += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
