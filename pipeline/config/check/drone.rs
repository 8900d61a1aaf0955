//! A camera on a drone: where its telemetry comes from, and what the site must state for it.

use std::{net::ToSocketAddrs, path::Path, sync::Arc};

use throng_analytics::camera::{PoseErrors, STANDING_HEAD_HEIGHT_M};

use super::{Checker, calibration::COMMON_IMAGE_SIZE_PX, identity::place};
use crate::config::{
    diagnostic::Remark,
    key_path::KeyPath,
    plan::{DronePlan, TelemetryPlan},
    raw::{Drone, Origin},
};
use crate::publish::check_key_expression;
use crate::stream::telemetry::{
    csv, dji_srt,
    placing::DroneSite,
    recorded::{BadRecord, RecordedFlight},
    sample::GroundLevel,
};

/// What `telemetry` may say.
const KINDS: &str = "`klv`, `mavlink:ADDRESS:PORT`, `dji-srt:FILE`, `csv:FILE` or `zenoh:KEY`";

impl Checker<'_> {
    /// A drone; none where anything about it is wrong.
    pub(super) fn drone(
        &mut self,
        drone: &Drone,
        origin: Option<&Origin>,
        at: &KeyPath,
    ) -> Option<DronePlan> {
        let telemetry = self.telemetry(drone.telemetry.as_deref(), &at.key("telemetry"));
        let origin_at = KeyPath::root().key("site").key("origin");
        if origin.is_none() && !self.is_removed(&origin_at) {
            let remark = Remark::new(
                "needs the place of the site on earth, which is not given",
                "[site.origin] with `latitude_deg` and `longitude_deg`",
                "add [site.origin]: a drone tells degrees, and zones are metres from there",
            );
            self.findings.error(at, remark);
        }
        let ground = GroundLevel {
            above_sea_m: drone.ground_above_sea_m,
            above_ellipsoid_m: origin.and_then(|origin| origin.height_m),
            above_take_off_m: drone.ground_above_take_off_m,
        };
        if telemetry.as_ref().is_some_and(|telemetry| *telemetry != TelemetryPlan::Klv)
            && ground == GroundLevel::default()
            && !self.levels_are_removed(at)
        {
            let remark = Remark::new(
                "does not say where the ground lies, and this telemetry does not either",
                "one of `ground_above_sea_m`, `ground_above_take_off_m`, and `height_m` of [site.origin]",
                "add e.g. `ground_above_take_off_m = 0` where the drone takes off from the ground it watches",
            );
            self.findings.error(at, remark);
            return None;
        }
        if matches!(telemetry, Some(TelemetryPlan::Zenoh(_))) && drone.horizontal_fov_deg.is_none() {
            let remark = Remark::new(
                "does not say how wide the view is, and this telemetry does not either",
                "`horizontal_fov_deg`, the width of the view without zoom",
                "add e.g. `horizontal_fov_deg = 73.7`, from the camera's data sheet",
            );
            self.findings.error(at, remark);
            return None;
        }
        let place = place(*origin?)?;
        let default = PoseErrors::UNCORRECTED;
        Some(DronePlan {
            site: DroneSite {
                place,
                ground,
                horizontal_fov_deg: drone.horizontal_fov_deg,
                image_size_px: drone.image_size_px.unwrap_or(COMMON_IMAGE_SIZE_PX),
                head_height_m: drone.head_height_m.unwrap_or(STANDING_HEAD_HEIGHT_M),
                errors: PoseErrors {
                    sideways_m: drone.error_sideways_m.unwrap_or(default.sideways_m),
                    height_m: drone.error_height_m.unwrap_or(default.height_m),
                    angle_deg: drone.error_angle_deg.unwrap_or(default.angle_deg),
                    fov_relative: drone
                        .error_fov_percent
                        .map_or(default.fov_relative, |percent| percent / 100.0),
                },
            },
            telemetry: telemetry?,
            delay_secs: drone.delay_secs,
        })
    }

    fn levels_are_removed(&self, at: &KeyPath) -> bool {
        ["ground_above_sea_m", "ground_above_take_off_m"].iter().any(|level| self.is_removed(&at.key(level)))
    }

    fn telemetry(&mut self, text: Option<&str>, at: &KeyPath) -> Option<TelemetryPlan> {
        let text = text?;
        let wrong = |problem: String, advice: &str| Remark::new(problem, KINDS, advice);
        let plan = match text.split_once(':') {
            None if text == "klv" => Ok(TelemetryPlan::Klv),
            Some(("mavlink", address)) => address
                .trim_start_matches("udp://")
                .to_socket_addrs()
                .map_err(|error| format!("names an address that cannot be used ({error}): {address}"))
                .and_then(|mut found| found.next().ok_or_else(|| format!("names no address: {address}")))
                .map(TelemetryPlan::Mavlink)
                .map_err(|problem| wrong(problem, "write e.g. \"mavlink:0.0.0.0:14550\"")),
            Some(("dji-srt", file)) => self.recorded(file, dji_srt::read),
            Some(("csv", file)) => self.recorded(file, csv::read),
            Some(("zenoh", key)) => {
                check_key_expression(key).map(|()| TelemetryPlan::Zenoh(key.to_owned())).map_err(|error| {
                    wrong(format!("names no key: {error}"), "write e.g. \"zenoh:thing/product/*/osd\"")
                })
            }
            _ => Err(wrong(format!("is {text:?}"), "write e.g. \"klv\"")),
        };
        plan.map_err(|remark| self.findings.error(at, remark)).ok()
    }

    /// A recorded flight, read whole: what is wrong with it is said before anything starts.
    fn recorded(
        &self,
        file: &str,
        read: fn(&str) -> Result<RecordedFlight, BadRecord>,
    ) -> Result<TelemetryPlan, Remark> {
        let path = self.folder.join(Path::new(file));
        let shown = path.display();
        let bytes = std::fs::read(&path).map_err(|error| {
            Remark::new(
                format!("names a file that cannot be read ({error}): {shown}"),
                "the file of a recorded flight",
                "correct the name; it is relative to the folder of the site file",
            )
        })?;
        match read(&String::from_utf8_lossy(&bytes)) {
            Ok(flight) => Ok(TelemetryPlan::Recorded(Arc::new(flight))),
            Err(error) => {
                let remark = Remark::from_message(&error.to_string(), "the file of a recorded flight");
                Err(Remark { problem: format!("names {shown}: {}", remark.problem), ..remark })
            }
        }
    }
}
