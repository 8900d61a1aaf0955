//! throng-models: what the network sees. ONNX Runtime lives only here.
//!
//! A [`card`] names a model file, says what goes in and what comes out, and how large its error was measured to be. A
//! [`counter`] is such a model, verified against its card and running on a [`device`]. It takes a borrowed
//! [`picture`], asks the guard whether it shows anything, lays it out as the network wants it (see [`fit`]), runs the
//! network and gives back people, an interval and a density map in the picture's own pixels.
//!
//! ```no_run
//! use std::path::Path;
//! use throng_models::{counter::{Counter, Options}, picture::RgbView};
//!
//! # fn main() -> throng_models::error::Result<()> {
//! let mut counter = Counter::open(Path::new("models/cards/compact.toml"), &Options::default())?;
//! let pixels = vec![0; 640 * 360 * 3];
//! if let Some(picture) = RgbView::new(&pixels, 640, 360, 640 * 3) {
//!     let count = counter.count(picture)?;
//!     assert!(count.people.is_nan()); // A black picture is not an empty place.
//! }
//! # Ok(())
//! # }
//! ```

pub mod card;
pub mod correction;
pub mod counter;
pub mod device;
pub mod error;
pub mod evaluation;
pub mod fit;
pub mod guard;
pub mod head_scale;
pub mod heads;
pub mod picture;
pub mod providers;
pub mod trial;

mod boxes;
mod density;
mod interval;
mod points;
mod preprocess;
mod resample;
mod runtime;
mod session;
mod sharing;
mod tiling;
