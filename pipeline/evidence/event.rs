//! What went into the analytics, in the order in which it did: enough to play it again.

use serde::{Deserialize, Serialize};
use throng_analytics::{
    camera::{DronePose, MovingView, Orientation, PoseErrors},
    density_map::DensityMap,
    motion_field::MotionField,
    site::{CameraObservation, ImageCount, Site, SiteReport},
    time::Timestamp,
    wire::{AckRecord, Signal},
};

use crate::{counting::CountedFrame, vision::watch::Trouble};

/// One step of a site: what came in, and then the time to which it went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The time of the step.
    pub now: Timestamp,
    /// Acknowledgements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acks: Vec<Acknowledged>,
    /// Signals from outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// What a picture told; none where only time passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<SeenPicture>,
}

/// An acknowledgement that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// Id of the incident.
    pub incident: String,
    /// Who and when.
    pub record: AckRecord,
}

/// What one picture told the analytics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenPicture {
    /// Where it lay, for a camera that moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pose: Option<SeenFrom>,
    /// What was counted.
    pub observation: CameraObservation,
    /// Why the picture was in doubt, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Since when the camera's pictures were found to be false, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub believed_until: Option<Timestamp>,
}

/// The pose of a camera that moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenFrom {
    /// East, north and above the ground, metres.
    pub position_m: [f64; 3],
    /// Heading, elevation (negative: down) and roll, degrees.
    pub heading_elevation_roll_deg: [f64; 3],
    /// Width of the view, degrees.
    pub horizontal_fov_deg: f64,
    /// Width and height of the picture, pixels.
    pub image_size_px: [u32; 2],
    /// Standard deviations: of the position sideways and of the height, metres; of each angle, degrees; of the view's width, as
    /// a share of it.
    pub errors: [f64; 4],
    /// Height of heads above the ground, metres.
    pub head_height_m: f64,
}

impl SeenFrom {
    /// As numbers.
    pub fn of(pose: &DronePose, errors: &PoseErrors, head_height_m: f64) -> Self {
        Self {
            position_m: pose.position_m,
            heading_elevation_roll_deg: pose.orientation.angles_deg(),
            horizontal_fov_deg: pose.horizontal_fov_deg,
            image_size_px: pose.image_size_px,
            errors: [errors.sideways_m, errors.height_m, errors.angle_deg, errors.fov_relative],
            head_height_m,
        }
    }

    /// Where the picture lies; `None` for numbers that no camera has.
    pub fn view(&self) -> Option<MovingView> {
        let [sideways_m, height_m, angle_deg, fov_relative] = self.errors;
        let pose = DronePose {
            position_m: self.position_m,
            orientation: Orientation::of_angles(self.heading_elevation_roll_deg)?,
            horizontal_fov_deg: self.horizontal_fov_deg,
            image_size_px: self.image_size_px,
        };
        let errors = PoseErrors { sideways_m, height_m, angle_deg, fov_relative };
        MovingView::new(&pose, &errors, self.head_height_m).ok()
    }
}

impl SeenPicture {
    /// What a counted frame told.
    pub fn of(counted: &CountedFrame) -> Self {
        let placed = counted.located.as_ref().and_then(|located| located.placed.as_ref().ok());
        let view = placed.and_then(|placed| Some((placed, placed.view.as_ref().ok()?)));
        let trouble = counted.trouble.as_ref();
        Self {
            pose: view.map(|(placed, view)| SeenFrom::of(&placed.pose, &placed.errors, view.head_height_m())),
            observation: counted.observation.clone(),
            doubt: trouble.and_then(Trouble::doubt).map(str::to_owned),
            believed_until: trouble.and_then(Trouble::takes_back_to),
        }
    }
}

impl Event {
    /// Plays it to a site as the site loop did.
    pub fn play(&self, site: &mut Site, report: &mut SiteReport) {
        for ack in &self.acks {
            site.acknowledge(&ack.incident, &ack.record);
        }
        for signal in &self.signals {
            // It was taken then; what refuses it now shows in the levels.
            site.take_signal(signal.clone(), self.now).ok();
        }
        if let Some(picture) = &self.picture {
            let camera = picture.observation.camera.as_str();
            if let Some(view) = picture.pose.and_then(|pose| pose.view()) {
                site.move_camera(camera, &view);
            }
            site.observe(&picture.observation);
            site.doubt(camera, picture.doubt.as_deref());
            if let Some(believed_until) = picture.believed_until {
                site.withdraw(camera, believed_until);
            }
        }
        site.step_into(self.now, report);
    }

    /// Memory that it takes, bytes, but for what is small.
    pub fn bytes(&self) -> usize {
        let counted = |count: &ImageCount| cells(&count.density) * size_of::<f32>();
        let picture = self.picture.as_ref().map(|picture| &picture.observation);
        let motion =
            picture.and_then(|observation| observation.motion.as_ref()).map_or(0, MotionField::bytes);
        size_of::<Self>() + picture.and_then(|o| o.count.as_ref().ok()).map_or(0, counted) + motion
    }
}

fn cells(map: &DensityMap) -> usize {
    map.people_per_cell.len()
}
