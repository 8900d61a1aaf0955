//! throng-analytics: what a crowd picture means. Pure: no I/O, no clock, no async, no unsafe, no unwrap.

pub mod camera;
pub mod danger;
pub mod density_map;
pub mod estimate;
pub mod flow_field;
pub mod forecast;
pub mod freshness;
pub mod fundamental_diagram;
pub mod ground;
pub mod level;
pub mod level_of_service;
pub mod motion_field;
pub mod place;
pub mod polygon;
pub mod profile;
pub mod risk;
pub mod site;
pub mod site_feature;
pub mod speaker;
pub mod time;
pub mod tracker;
pub mod trajectory;
pub mod velocity;
pub mod warning;
pub mod wire;
pub mod zone;
