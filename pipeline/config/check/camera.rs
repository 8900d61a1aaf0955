//! Cameras: names, sources and calibration.

use super::Checker;
use crate::config::key_path::KeyPath;
use crate::config::plan::CameraPlan;
use crate::config::raw::Camera;

/// Frames counted a second where the site does not say: crowds change over seconds, and a core counts 20 to 40.
const DEFAULT_COUNT_FPS: f64 = 5.0;

impl Checker<'_> {
    /// The cameras; none where one of them is wrong.
    pub(super) fn cameras(&mut self, cameras: &[Camera]) -> Option<Vec<CameraPlan>> {
        let list = KeyPath::root().key("camera");
        self.unique(cameras.iter().map(|camera| camera.id.as_ref()), &list);
        let plans: Vec<Option<CameraPlan>> = cameras
            .iter()
            .enumerate()
            .map(|(index, camera)| self.camera(camera, &list.index(index)))
            .collect();
        plans.into_iter().collect()
    }

    fn camera(&mut self, camera: &Camera, at: &KeyPath) -> Option<CameraPlan> {
        let id = self.id(camera.id.as_ref(), &at.key("id"));
        let calibration = self.calibration(camera, at);
        Some(CameraPlan {
            id: id?,
            count_fps: camera.count_fps.unwrap_or(DEFAULT_COUNT_FPS),
            count_width_px: camera.count_width_px,
            calibration: calibration?,
        })
    }
}
