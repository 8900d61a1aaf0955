//! What changes between pictures, and whether they can be believed. OpenCV is used only in here.

pub mod ego_motion;
mod grey;
pub mod motion;
mod shake;
pub mod shift;
pub mod watch;
