//! The conventions that are switched on, and what loudspeakers are asked to say.

use throng_analytics::zone::Zone;

use super::Checker;
use crate::{
    config::{
        diagnostic::Remark,
        key_path::KeyPath,
        plan::{SpeakerKeyPlan, SpeakerRequestPlan},
        raw::{self, PublishAt, PublishModbus, SiteFile, SiteSpeaker},
        source_text::SourceText,
        speaker_plan::{Address, Identity},
    },
    connection::{authorities, certified},
    publish::{
        conventions::{OutletPlan, Secret, advice::AdviceBook},
        signature::CommandSigner,
    },
};

/// An address at which ONVIF's events are served.
const ONVIF_EVENTS: &str = "https://vms:${VMS_PASSWORD}@0.0.0.0:8899";

/// The files of TLS that are named beside an address.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TlsFiles<'a> {
    /// The authority that the other side's certificate must come from.
    pub(super) ca: Option<&'a str>,
    /// Our own certificate.
    pub(super) certificate: Option<&'a str>,
    /// Its private key.
    pub(super) key: Option<&'a str>,
}

impl<'a> TlsFiles<'a> {
    fn of(to: &'a raw::PublishTo) -> Self {
        Self { ca: to.ca.as_deref(), certificate: to.certificate.as_deref(), key: to.key.as_deref() }
    }
}

impl Checker<'_> {
    /// The conventions that are switched on; none where one is wrong.
    pub(super) fn conventions(&mut self, file: &SiteFile, zone_offset_hours: i32) -> Option<Vec<OutletPlan>> {
        let Some(written) = &file.publish else { return Some(Vec::new()) };
        let errors_before = self.findings.error_count();
        let at = KeyPath::root().key("publish");
        let advice = self.advice(written.advice.as_deref(), &at.key("advice"));
        let mut plans = Vec::new();
        if let (Some(cap), Some(advice)) = (&written.cap, advice)
            && let (Some(sender), Some(folder)) = (&cap.sender, &cap.folder)
        {
            let folder = self.folder.join(folder);
            plans.push(OutletPlan::Cap { sender: sender.clone(), advice: Box::new(advice), folder });
        }
        if let Some(cot) = &written.cot {
            let schemes = [
                ("udp", 6969, "udp://239.2.3.1:6969"),
                ("tcp", 8087, "tcp://10.0.0.9:8087"),
                ("tls", 8089, "tls://tak.police.example:8089"),
            ];
            let to = self.one_of(cot.uri.as_ref(), TlsFiles::of(cot), &schemes, &at.key("cot"));
            plans.extend(to.map(|to| OutletPlan::Cot { to }));
            if file.site.as_ref().is_none_or(|site| site.origin.is_none()) {
                let remark = Remark::new(
                    "draws on a map, and the site does not say where on the earth it is",
                    "a table [site.origin]",
                    "add [site.origin] with latitude_deg, longitude_deg and y_axis_bearing_deg",
                );
                self.findings.error(&at.key("cot"), remark);
            }
        }
        if let Some(file) = written.geojson.as_ref().and_then(|geojson| geojson.file.as_ref()) {
            plans.push(OutletPlan::GeoJson { file: self.folder.join(file) });
        }
        if let Some(syslog) = &written.syslog {
            let schemes = [
                ("udp", 514, "udp://10.0.0.9:514"),
                ("tcp", 601, "tcp://10.0.0.9:601"),
                ("tls", 6514, "tls://log.police.example:6514"),
            ];
            let to = self.one_of(syslog.uri.as_ref(), TlsFiles::of(syslog), &schemes, &at.key("syslog"));
            plans.extend(to.map(|to| OutletPlan::Syslog { to }));
        }
        if let Some(webhook) = &written.webhook {
            let at = at.key("webhook");
            let schemes = [
                ("https", 443, "https://signs.police.example/warning"),
                ("http", 80, "http://10.0.0.9/warning"),
            ];
            let tls = TlsFiles { ca: webhook.ca.as_deref(), ..TlsFiles::default() };
            let to = self.one_of(webhook.uri.as_ref(), tls, &schemes, &at);
            let secret = self.secret(webhook.secret_variable.as_deref(), &at.key("secret_variable"));
            plans.extend(to.zip(secret).map(|(to, secret)| OutletPlan::Webhook { to, secret }));
        }
        if let Some(onvif) = &written.onvif {
            let schemes = [
                ("mqtt", 1883, "mqtt://10.0.0.9:1883"),
                ("mqtts", 8883, "mqtts://broker.police.example:8883"),
            ];
            let to = self.one_of(onvif.uri.as_ref(), TlsFiles::of(onvif), &schemes, &at.key("onvif"));
            plans.extend(to.map(|broker| OutletPlan::Onvif { broker }));
        }
        if let Some(events) = &written.onvif_events {
            let at = self.onvif_events(events, &at.key("onvif_events"));
            plans.extend(at.map(|at| OutletPlan::OnvifEvents { at }));
        }
        if let Some(modbus) = &written.modbus {
            let schemes =
                [("tcp", 502, "tcp://10.0.0.9:502"), ("tls", 802, "tls://siren.police.example:802")];
            let PublishModbus { ca, certificate, key, .. } = modbus;
            let tls =
                TlsFiles { ca: ca.as_deref(), certificate: certificate.as_deref(), key: key.as_deref() };
            let to = self.one_of(modbus.uri.as_ref(), tls, &schemes, &at.key("modbus"));
            let (unit, first_coil) = (modbus.unit.unwrap_or(1), modbus.first_coil.unwrap_or(0));
            let first_register = modbus.first_register;
            plans.extend(to.map(|to| OutletPlan::Modbus { to, unit, first_coil, first_register }));
        }
        if let Some(gb28181) = &written.gb28181 {
            let schemes = [
                ("sip", 5060, "sip://34020000001320000001:${GB_PASSWORD}@10.0.0.9:5060/34020000002000000001"),
                (
                    "sip+tcp",
                    5060,
                    "sip+tcp://34020000001320000001:${GB_PASSWORD}@10.0.0.9:5060/34020000002000000001",
                ),
                (
                    "sips",
                    5061,
                    "sips://34020000001320000001:${GB_PASSWORD}@10.0.0.9:5061/34020000002000000001",
                ),
            ];
            let to = self.one_of(gb28181.uri.as_ref(), TlsFiles::of(gb28181), &schemes, &at.key("gb28181"));
            plans.extend(to.map(|platform| OutletPlan::Gb28181 { platform, zone_offset_hours }));
        }
        (self.findings.error_count() == errors_before).then_some(plans)
    }

    /// An address of one of several schemes; the first is taken where it is of none, so that the message names one.
    pub(super) fn one_of(
        &mut self,
        uri: Option<&SourceText>,
        tls: TlsFiles<'_>,
        schemes: &[(&str, u16, &str)],
        at: &KeyPath,
    ) -> Option<Address> {
        let uri = uri?;
        let fitting = schemes.iter().find(|(scheme, ..)| uri.expose().starts_with(&format!("{scheme}://")));
        let mut to = self.address(Some(uri), *fitting.or(schemes.first())?, &at.key("uri"))?;
        to.identity = self.identity(tls, at);
        to.ca = tls.ca.map(|file| self.folder.join(file));
        if to.ca.is_some()
            && let Err(error) = authorities(&to)
        {
            let remark = Remark::new(
                format!("cannot be used: {error:#}"),
                "the certificate of an authority, in PEM",
                "name its file, or leave it out for the authorities that the system trusts",
            );
            self.findings.error(&at.key("ca"), remark);
        }
        Some(to)
    }

    /// Our own certificate, looked at but not kept.
    fn identity(&mut self, tls: TlsFiles<'_>, at: &KeyPath) -> Option<Identity> {
        let (certificate, key) = match (tls.certificate, tls.key) {
            (None, None) => return None,
            (Some(certificate), Some(key)) => (certificate, key),
            (certificate, _) => {
                let missing = if certificate.is_some() { "key" } else { "certificate" };
                let remark = Remark::new(
                    "is missing",
                    "the file of a certificate, and that of its private key, both in PEM",
                    "name both, or neither",
                );
                self.findings.error(&at.key(missing), remark);
                return None;
            }
        };
        let identity = Identity { certificate: self.folder.join(certificate), key: self.folder.join(key) };
        if let Err(error) = certified(&identity) {
            let remark = Remark::new(
                format!("cannot be used: {error:#}"),
                "the file of a certificate whose private key is `key`, both in PEM",
                "name their files; deploy/zenoh/make-certificates.sh makes some",
            );
            self.findings.error(&at.key("certificate"), remark);
        }
        Some(identity)
    }

    /// Where ONVIF's events are served, and to whom.
    fn onvif_events(&mut self, written: &PublishAt, table: &KeyPath) -> Option<Address> {
        let at = &table.key("at");
        let uri = written.at.as_ref()?;
        let scheme = if uri.expose().starts_with("http://") { "http" } else { "https" };
        let mut served = self.address(Some(uri), (scheme, 8899, ONVIF_EVENTS), at)?;
        let (certificate, key) = (written.certificate.as_deref(), written.key.as_deref());
        served.identity = self.identity(TlsFiles { ca: None, certificate, key }, table);
        if (scheme == "https") != served.identity.is_some() && certificate.is_some() == key.is_some() {
            let remark = if scheme == "https" {
                Remark::new(
                    "is to be served by TLS without a certificate",
                    "`certificate` and `key` beside it",
                    "name their files",
                )
            } else {
                Remark::new(
                    "is not served by TLS, and has a certificate",
                    "an address that begins with https://",
                    "write https, or leave `certificate` and `key` out",
                )
            };
            self.findings.error(at, remark);
        }
        if served.user.is_empty() || served.password.is_empty() {
            let remark = Remark::new(
                "lets everybody ask: it names no user, or no password",
                "an address with the user and the password that the video management system is given",
                format!("write e.g. {ONVIF_EVENTS:?}"),
            );
            self.findings.error(at, remark);
        }
        Some(served)
    }

    fn advice(&mut self, file: Option<&str>, at: &KeyPath) -> Option<AdviceBook> {
        let read = match file {
            None => AdviceBook::shipped(),
            Some(file) => std::fs::read_to_string(self.folder.join(file))
                .map_err(anyhow::Error::from)
                .and_then(|text| AdviceBook::parse(&text)),
        };
        match read {
            Ok(book) => Some(book),
            Err(error) => {
                let remark = Remark::new(
                    format!("cannot be used: {error:#}"),
                    "a file with advice for every level",
                    "start from a copy of pipeline/publish/conventions/advice.toml",
                );
                self.findings.error(at, remark);
                None
            }
        }
    }

    fn secret(&mut self, variable: Option<&str>, at: &KeyPath) -> Option<Secret> {
        let variable = variable?;
        let secret = (self.environment)(variable).filter(|secret| !secret.is_empty());
        if secret.is_none() {
            let remark = Remark::new(
                format!("names the environment variable {variable:?}, which is not set"),
                "the name of a variable that holds the secret",
                "set it where the program is started",
            );
            self.findings.error(at, remark);
        }
        secret.map(Secret)
    }

    /// What loudspeakers are asked to say; none where anything about it is wrong.
    pub(super) fn speakers(&mut self, file: &SiteFile, zones: &[Zone]) -> Option<Vec<SpeakerRequestPlan>> {
        let list = KeyPath::root().key("speaker");
        let errors_before = self.findings.error_count();
        self.unique(file.speaker.iter().map(|speaker| speaker.id.as_ref()), &list);
        let mut plans = Vec::new();
        for (index, speaker) in file.speaker.iter().enumerate() {
            plans.extend(self.speaker_request(speaker, zones, &list.index(index)));
        }
        if !file.speaker.is_empty() && file.speaker_key.is_none() {
            let remark = Remark::new(
                "is missing: loudspeakers take only what is signed",
                "a table [speaker_key]",
                "make a key with `openssl genpkey -algorithm ed25519 -out keys/site.pem` and name it",
            );
            self.findings.error(&KeyPath::root().key("speaker_key"), remark);
        }
        (self.findings.error_count() == errors_before).then_some(plans)
    }

    fn speaker_request(
        &mut self,
        speaker: &SiteSpeaker,
        zones: &[Zone],
        at: &KeyPath,
    ) -> Option<SpeakerRequestPlan> {
        let id = self.id(speaker.id.as_ref(), &at.key("id"))?;
        for (index, name) in speaker.zones.iter().flatten().enumerate() {
            if !zones.iter().any(|zone| zone.id == *name) {
                let known: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
                let remark = Remark::new(
                    format!("names no zone: {name:?}"),
                    format!("one of the zones {}", known.join(", ")),
                    "name one of them",
                );
                self.findings.error(&at.key("zones").index(index), remark);
            }
        }
        if speaker.zones.as_ref().is_some_and(Vec::is_empty) {
            let remark = Remark::new(
                "is empty: the loudspeaker is asked for no zone",
                "the zones for which it is asked",
                "name some, or leave the key out for all",
            );
            self.findings.warning(&at.key("zones"), remark);
        }
        if speaker.orange.is_none() && speaker.red.is_none() {
            let remark = Remark::new(
                "is asked for nothing",
                "an announcement at orange, at red, or at both",
                "add e.g. `orange = \"do-not-crowd\"`",
            );
            self.findings.warning(at, remark);
        }
        Some(SpeakerRequestPlan {
            id,
            position_m: speaker.position_m,
            zones: speaker.zones.clone(),
            orange: speaker.orange.clone(),
            red: speaker.red.clone(),
            times: speaker.times.unwrap_or(2),
        })
    }

    /// The key that signs, looked at but not kept.
    pub(super) fn speaker_key(&mut self, key: Option<&raw::SpeakerKey>) -> Option<SpeakerKeyPlan> {
        let key = key?;
        let (name, id, issuer) = (key.file.as_ref()?, key.id.clone()?, key.issuer.clone()?);
        let file = self.folder.join(name);
        if let Err(error) = CommandSigner::from_pem_file(&issuer, &id, &file) {
            let remark = Remark::new(
                format!("names {name:?}: {error:#}"),
                "the file of an Ed25519 private key in PEM",
                "make one with `openssl genpkey -algorithm ed25519 -out KEY.pem`",
            );
            self.findings.error(&KeyPath::root().key("speaker_key").key("file"), remark);
        }
        Some(SpeakerKeyPlan { file, id, issuer })
    }
}
