//! Evidence: what a site knew when it warned, kept so that others can look at it and play it again.
//!
//! A bundle is a folder: a short clip in which nobody can be recognised, the density of the ground, the messages that were
//! published, the site file without secrets, and every input of the analytics ([`event`]). A signed list of digests
//! ([`manifest`]) holds it together. [`replay`] plays the inputs to a fresh site by the code of the live one, and says
//! whether the same alarm comes of it.
//!
//! ```text
//! site loop -> Keeper (rings of the last minutes) -> orange or red -> Bundle -> thread -> folder -> throng replay
//! ```

pub mod archive;
pub mod bundle;
pub mod clip;
pub mod event;
pub mod keeper;
pub mod manifest;
pub mod replay;
pub mod seal;

pub use self::keeper::{Facts, Keeper};
