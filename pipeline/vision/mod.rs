//! What changes between pictures, and whether they can be believed. OpenCV is used only in here.

mod drift;
pub mod ego_motion;
mod follow;
mod grey;
pub mod motion;
pub mod moving_motion;
pub mod registration;
mod shake;
pub mod shift;
mod walks;
pub mod watch;
