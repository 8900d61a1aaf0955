//! Where a drone's camera is and where it looks, from whatever the drone sends of that.
//!
//! Pure parsers, one file a format, make [`PoseSample`](sample::PoseSample)s; a [`PoseBook`](book::PoseBook) keeps them by
//! time; [`DroneSite::place`](placing::DroneSite::place) puts a picture on the site's ground.

pub mod book;
pub mod csv;
pub mod delay;
pub mod dji_osd;
pub mod dji_srt;
pub mod klv;
pub mod mavlink;
pub mod placing;
pub mod recorded;
pub mod sample;
pub mod track;
