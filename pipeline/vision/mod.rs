//! What changes between pictures. OpenCV is used only in here.

mod grey;
pub mod motion;
mod shake;
