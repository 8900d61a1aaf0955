//! From a camera's plan to the camera that runs: its stream, and what the counting thread and the site loop know of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use throng_analytics::zone::Zone;
use throng_models::{counter::Info, head_scale::HeadScale};

use crate::{
    clock::wall_clock,
    config::plan::{CameraPlan, Plan, TelemetryPlan},
    count_scale::CountScale,
    counting::CountedCamera,
    drone::{Drone, DroneWatch, PATIENCE_WITH_FOOTAGE},
    pose_source::PoseSource,
    publish::Id,
    site::WatchedCamera,
    stream::{
        camera::Camera,
        options::{Pace, StreamOptions},
    },
};

/// Starts the cameras of a site.
pub struct CameraMaker {
    info: Info,
    pace: Pace,
    /// What writes the poses of drones down where that is not their stream; it goes on while the cameras start anew.
    poses: BTreeMap<Id, PoseSource>,
}

impl CameraMaker {
    /// For a plan that is counted by the counter of `info`. To be called within a tokio runtime.
    ///
    /// # Errors
    /// A drone's telemetry cannot be listened to.
    pub fn new(plan: &Plan, info: Info, pace: Pace) -> anyhow::Result<Self> {
        let beside_the_stream = |camera: &CameraPlan| {
            poses(plan, camera, |telemetry| *telemetry != TelemetryPlan::Klv)
                .map(|poses| Ok((camera.id.clone(), poses?)))
        };
        let poses = plan.cameras.iter().filter_map(beside_the_stream).collect::<anyhow::Result<_>>()?;
        Ok(Self { info, pace, poses })
    }

    /// The counter's card.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Starts a camera of a plan, for the `exchanges`th time after the first. One that gives no pictures is no error.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(
        &self,
        plan: &Plan,
        camera: &CameraPlan,
        exchanges: u32,
    ) -> anyhow::Result<(WatchedCamera, CountedCamera)> {
        let scale = CountScale::of(camera, &plan.zones, &self.info);
        scale.tell(camera, &plan.zones);
        // Telemetry in the stream begins anew with the stream.
        let in_stream = poses(plan, camera, |telemetry| *telemetry == TelemetryPlan::Klv).transpose()?;
        let poses = in_stream.as_ref().or_else(|| self.poses.get(&camera.id));
        let options = StreamOptions {
            count_fps: camera.count_fps,
            // Heads of all sizes come before a camera that moves; it is scaled picture by picture.
            width_px: camera.drone.is_none().then(|| scale.decoded_width_px()),
            pace: self.pace,
            origin: wall_clock(),
            session: 1,
            connect: camera.stream.connect.clone(),
        };
        let in_stream = poses.and_then(PoseSource::in_stream);
        let (id, care) = (camera.id.as_str(), camera.stream.care);
        let watched = WatchedCamera {
            id: camera.id.clone(),
            stream: Camera::start_with_poses(id, &camera.uri, options, care, in_stream)?,
            exchanges,
            is_calibrated: camera.calibration.is_calibrated(),
            drone: camera.drone.as_ref().map(|drone| DroneWatch::new(drone, poses)),
            frames_counted: 0,
            captured_at: None,
            told: None,
            confirmed: Arc::default(),
        };
        let counted = CountedCamera {
            id: camera.id.clone(),
            exchanges,
            frames: watched.stream.frames().clone(),
            counters: Arc::clone(watched.stream.counters()),
            calibration: camera.calibration.clone(),
            scale,
            heads: HeadScale::default(),
            correction: camera.count_correction,
            watch: camera.watch.clone(),
            confirmed: Arc::clone(&watched.confirmed),
            drone: self.drone(camera, poses, &plan.zones),
        };
        Ok((watched, counted))
    }

    /// What tells where the pictures of a camera lie, where it moves.
    fn drone(&self, camera: &CameraPlan, poses: Option<&PoseSource>, zones: &[Zone]) -> Option<Drone> {
        let (plan, poses) = (camera.drone.as_ref()?, poses?);
        let patience = match self.pace {
            Pace::Realtime => Duration::ZERO,
            Pace::AsFastAsPossible => PATIENCE_WITH_FOOTAGE,
        };
        let zones = measured_by(camera, zones).cloned().collect();
        Some(Drone::new(plan.site, Arc::clone(poses.book()), zones, plan.delay_secs, patience))
    }
}

/// What writes the poses of a camera down, where it is on a drone whose telemetry is as `wanted`.
fn poses(
    plan: &Plan,
    camera: &CameraPlan,
    wanted: impl Fn(&TelemetryPlan) -> bool,
) -> Option<anyhow::Result<PoseSource>> {
    let drone = camera.drone.as_ref().filter(|drone| wanted(&drone.telemetry))?;
    Some(PoseSource::start(camera.id.as_str(), &drone.telemetry, &plan.bus))
}

fn measured_by<'a>(camera: &CameraPlan, zones: &'a [Zone]) -> impl Iterator<Item = &'a Zone> {
    zones.iter().filter(|zone| zone.is_measured_by(camera.id.as_str()))
}

/// The cameras that must start anew where a site goes over from one plan to another: those that are calibrated anew, and
/// those whose pictures are to be scaled otherwise, since other zones hold heads of another size.
pub fn to_start_anew<'a>(before: &'a Plan, after: &'a Plan, info: &Info) -> Vec<&'a CameraPlan> {
    let is_same = |camera: &CameraPlan, before_camera: &CameraPlan| {
        let outlines = |plan: &'a Plan| measured_by(camera, &plan.zones).map(|zone| &zone.outline);
        before_camera.calibration == camera.calibration
            && CountScale::of(before_camera, &before.zones, info)
                == CountScale::of(camera, &after.zones, info)
            && (camera.drone.is_none() || outlines(before).eq(outlines(after)))
    };
    let anew = |camera: &&CameraPlan| {
        let before = before.cameras.iter().find(|before| before.id == camera.id);
        !before.is_some_and(|before| is_same(camera, before))
    };
    after.cameras.iter().filter(anew).collect()
}
