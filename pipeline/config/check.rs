//! The check of meaning: what is well-formed but cannot be, or refers to what is not there.
//!
//! One file a kind of thing. Each goes on where it can, so that one run reports everything; a value is given back
//! only where nothing about it is wrong.

mod bus;
mod calibration;
mod camera;
mod drone;
mod evidence;
mod ground_plan;
mod identity;
mod line;
pub(super) mod model;
mod publish;
mod signal;
mod speaker;
mod stream;
pub(super) mod zone;

use std::path::Path;

use throng_analytics::digest::sha256_hex;

use super::diagnostic::Findings;
use super::key_path::KeyPath;
use super::plan::Plan;
use super::raw::SiteFile;
use super::redact;
use super::structure::Removed;
use zone::ZoneCamera;

/// What every check needs: where files are relative to, what was broken, and where findings go.
pub(super) struct Checker<'a> {
    /// Folder of the site file.
    pub(super) folder: &'a Path,
    /// Keys that were broken and taken away; they have been reported.
    pub(super) removed: &'a Removed,
    /// Where findings go.
    pub(super) findings: &'a mut Findings,
    /// Value of an environment variable.
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Checker<'_> {
    /// Whether a key was broken and taken away, so that nothing more can be said about it.
    fn is_removed(&self, key: &KeyPath) -> bool {
        self.removed.contains(key)
    }

    /// Whether every element of a list could be read as far as its id, so that a name that is not among them is wrong.
    fn ids_are_known(&self, list: &str) -> bool {
        let first_id = format!("{list}[");
        !self
            .removed
            .iter()
            .map(ToString::to_string)
            .any(|key| key == list || (key.starts_with(&first_id) && key.ends_with("].id")))
    }

    /// Checks everything and makes the plan; none where anything is wrong.
    pub(super) fn plan(&mut self, file: &SiteFile, source_path: &Path, text: &str) -> Option<Plan> {
        let site_at = KeyPath::root().key("site");
        let site = file.site.as_ref();
        let site_id = self.id(site.and_then(|site| site.id.as_ref()), &site_at.key("id"));
        let time_zone =
            self.time_zone(site.and_then(|site| site.time_zone.as_ref()), &site_at.key("time_zone"));
        let model = self.model(file.model.as_ref());
        let bus = self.bus(file.bus.as_ref());
        let outbox = self.outbox(file.bus.as_ref(), site_id.as_ref());
        let written = file.camera.as_deref().unwrap_or_default();
        let origin = site.and_then(|site| site.origin);
        let (cameras, calibrations) = self.cameras(written, origin.as_ref());
        let profiles = self.profiles(&file.profile);
        let seen_by = ZoneCamera::list(written, &calibrations);
        let zones = self.zones(&file.zone, &profiles, &seen_by);
        let lines = self.lines(&file.line, &file.zone, zones.as_deref(), &seen_by);
        let zone_offset_hours = time_zone.as_ref().map_or(0, |zone| {
            // Standards of alarms know no offset: that of now is as good as any.
            let now = i128::from(crate::clock::wall_clock().unix_nanos());
            jiff::Timestamp::from_nanosecond(now).map_or(0, |now| zone.to_offset(now).seconds() / 3600)
        });
        let conventions = self.conventions(file, zone_offset_hours);
        let speakers = self.speakers(file, zones.as_deref().unwrap_or_default());
        let speaker_key = self.speaker_key(file.speaker_key.as_ref());
        let signal_sources = self.signal_sources(&file.signal_source);
        let evidence = self.evidence(file.evidence.as_ref());
        let ground_plan = self.ground_plan(site.and_then(|site| site.plan.as_ref()));
        Some(Plan {
            site_id: site_id?,
            time_zone: time_zone?,
            drill: site?.drill.unwrap_or(false),
            place: site?.origin.and_then(identity::place),
            ground_plan,
            model: model?,
            bus: bus?,
            outbox: outbox?,
            field: bus::field(file.bus.as_ref()),
            cameras: cameras?,
            zones: zones?,
            lines: lines?,
            conventions: conventions?,
            speakers: speakers?,
            speaker_key,
            signal_sources: signal_sources?,
            evidence,
            source_path: source_path.to_owned(),
            config_sha256: sha256_hex(text.as_bytes()),
            config_text: redact::credentials(text),
        })
    }
}
