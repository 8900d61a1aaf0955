//! Where the camera stands and what a pixel is on the ground.

mod calibration;
mod consensus;
mod covariance;
mod drone;
mod head_plane;
mod head_sizes;
mod homography;
mod lens;
mod pinhole;
mod plane_map;
mod plumb_lines;
mod trust;

pub use calibration::{Calibration, CalibrationMethod, FitOptions};
pub use consensus::Contradiction;
pub use drone::{
    Attitude, DroneCamera, DroneCameraError, DronePose, LOW_CONFIDENCE_BELOW_DEG, MovingView, Orientation,
    PoseErrors, SLANT_RANGE_TOLERANCE,
};
pub use head_plane::{Pose, STANDING_HEAD_HEIGHT_M, pose_from_ground};
pub use head_sizes::{HEAD_WIDTH_M, HeadSeen, HeadSizes, HeadSizesError};
pub use homography::{CalibrationError, Homography, PointPair, leave_one_out_rmse_m};
pub use lens::{Distortion, Lens};
pub use pinhole::{Pinhole, Projected};
pub use plane_map::{ImageFromPlane, PlaneFromImage};
pub use plumb_lines::{PlumbLines, PlumbLinesError, fit_plumb_lines};
pub use trust::TrustRegion;
