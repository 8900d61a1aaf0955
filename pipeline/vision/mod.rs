//! What changes between pictures, and whether they can be believed. OpenCV is used only in here.

pub mod ego_motion;
mod follow;
mod grey;
mod head_motion;
pub mod motion;
pub mod registration;
mod shake;
pub mod shift;
pub mod watch;
