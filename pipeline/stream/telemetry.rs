//! Where a drone's camera is and where it looks, from whatever the drone sends of that. Pure parsers, one file a format.

pub mod csv;
pub mod dji_osd;
pub mod dji_srt;
pub mod klv;
pub mod mavlink;
pub mod recorded;
pub mod sample;
