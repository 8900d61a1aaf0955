//! What changes between pictures, and whether they can be believed. OpenCV is used only in here.

mod grey;
pub mod motion;
mod shake;
pub mod watch;
