//! Cameras: names, sources and calibration.

use std::path::Path;

use throng_analytics::camera::Calibration;
use throng_models::correction::Correction;

use super::Checker;
use crate::config::diagnostic::Remark;
use crate::config::environment::{self, Unexpandable};
use crate::config::key_path::KeyPath;
use crate::config::plan::{CameraPlan, DEFAULT_COUNT_FPS};
use crate::config::raw::{Camera, CountCorrection, Origin};
use crate::config::source_text::SourceText;
use crate::stream::{holds_stills, uri::SourceUri};
use crate::vision::watch::WatchSettings;

impl Checker<'_> {
    /// The cameras, none where one of them is wrong; and the calibration of each that has a usable one, since zones
    /// are checked against those whatever else is wrong.
    pub(in crate::config) fn cameras(
        &mut self,
        cameras: &[Camera],
        origin: Option<&Origin>,
    ) -> (Option<Vec<CameraPlan>>, Vec<Option<Calibration>>) {
        let list = KeyPath::root().key("camera");
        self.unique(cameras.iter().map(|camera| camera.id.as_ref()), &list);
        let mut calibrations = Vec::with_capacity(cameras.len());
        let mut plans = Vec::with_capacity(cameras.len());
        for (index, camera) in cameras.iter().enumerate() {
            let at = list.index(index);
            let id = self.id(camera.id.as_ref(), &at.key("id"));
            let uri = camera.uri.as_ref().and_then(|uri| self.source(uri, &at.key("uri")));
            let drone = camera.drone.as_ref().and_then(|drone| self.drone(drone, origin, &at.key("drone")));
            let calibration = self.calibration(camera, &at);
            calibrations.push(calibration.clone());
            let stream = uri.as_ref().map(|uri| self.stream(camera.stream.as_ref(), uri, &at.key("stream")));
            // Without its drone such a camera would be one that nobody can place.
            let whole = calibration.filter(|_| camera.drone.is_some() == drone.is_some());
            let parts = id.zip(uri).zip(stream).zip(whole);
            plans.push(parts.map(|(((id, uri), stream), calibration)| CameraPlan {
                id,
                uri,
                stream,
                position_m: camera.position_m.filter(|_| camera.drone.is_none()),
                count_fps: camera.count_fps.unwrap_or(DEFAULT_COUNT_FPS),
                count_width_px: camera.count_width_px,
                calibration,
                count_correction: camera.count_correction.as_ref().and_then(correction),
                watch: watch(camera),
                drone,
            }));
        }
        (plans.into_iter().collect(), calibrations)
    }

    /// Where the video comes from, with secrets from the environment. A file must be there.
    fn source(&mut self, text: &SourceText, at: &KeyPath) -> Option<SourceUri> {
        let remark = match environment::expand(text.expose(), self.environment) {
            Err(why) => unexpandable(&why),
            Ok(expanded) => match SourceUri::parse(&expanded, self.folder) {
                Ok(uri) => match uri.path().and_then(unusable_file) {
                    Some(remark) => remark,
                    None => return Some(uri),
                },
                Err(error) => {
                    let message = error.to_string();
                    let (problem, expected) = message
                        .split_once("; expected ")
                        .unwrap_or((&message, "a file name or a stream URI"));
                    Remark::new(problem, expected, "write e.g. \"clip.mp4\" or \"rtsp://10.0.0.7/main\"")
                }
            },
        };
        self.findings.error(at, remark);
        None
    }
}

/// The structural check has seen to it that every value is there and in its range.
fn correction(raw: &CountCorrection) -> Option<Correction> {
    Some(Correction { scale: raw.scale?, ratio_lo: raw.ratio_lo?, ratio_hi: raw.ratio_hi? })
}

/// How a camera's pictures are watched: what is not said is as for most.
fn watch(camera: &Camera) -> WatchSettings {
    let usual = WatchSettings::default();
    // A drone is expected to move: its telemetry tells where to.
    let moves = camera.moves.unwrap_or(usual.moves || camera.drone.is_some());
    let Some(watch) = &camera.watch else { return WatchSettings { moves, ..usual } };
    WatchSettings {
        moves,
        frozen_after_secs: watch.frozen_after_secs.unwrap_or(usual.frozen_after_secs),
        confirm_secs: watch.confirm_secs.unwrap_or(usual.confirm_secs),
        moved_share: watch.moved_share.unwrap_or(usual.moved_share),
        off: watch.off.clone(),
    }
}

/// What is said about a `${NAME}` that cannot be replaced.
pub(super) fn unexpandable(why: &Unexpandable) -> Remark {
    match why {
        Unexpandable::Unset { name } => Remark::new(
            format!("needs the environment variable {name}, which is not set"),
            "every `${NAME}` to have a value",
            format!("set {name} before starting throng"),
        ),
        Unexpandable::Unclosed => Remark::new(
            "holds a `${` without a name and `}`",
            "`${NAME}` with NAME of letters, digits and `_`",
            "write e.g. \"rtsp://viewer:${CAM_1_PASSWORD}@10.0.0.7/main\"",
        ),
        Unexpandable::Misplaced => Remark::new(
            "holds a `${` outside the user part and the query",
            "`${NAME}` only between `://` and `@` or after `?`: it is for secrets",
            "write everything else out",
        ),
    }
}

/// What keeps a file from being a video, as far as can be seen without opening it.
fn unusable_file(path: &Path) -> Option<Remark> {
    let shown = path.display();
    let problem = match std::fs::metadata(path) {
        Err(error) => format!("names a file that cannot be read ({error}): {shown}"),
        Ok(metadata) if metadata.is_dir() && holds_stills(path) => return None,
        Ok(metadata) if metadata.is_dir() => format!("names a folder: {shown}"),
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => format!("names an empty file: {shown}"),
        Ok(_) => return None,
    };
    let advice = "correct the name; it is relative to the folder of the site file";
    Some(Remark::new(problem, "a video file, or a folder with JPEG or PNG stills", advice))
}
