//! throng-analytics: what a crowd picture means. Pure: no I/O, no clock, no async, no unsafe, no unwrap.

pub mod camera;
pub mod density_map;
pub mod freshness;
pub mod level;
pub mod time;
pub mod wire;
