//! throng: from decoded video to a crowding warning on the bus.
//!
//! The data's way, in nouns. A **stream** gives **frames**, each with the time at which it was captured. A counter
//! (`throng_models`) finds the people in a frame as a **density map**. The camera's **calibration** puts them on the
//! **ground**, in people per square metre. **Zones** on the ground collect what all cameras see; a tracker filters
//! each over time, and a **warning** rises and clears by its level and its risk score (`throng_analytics`: pure, no
//! clock). What comes out is **published** on zenoh and drawn.
//!
//! ```text
//! stream -> frame -> count -> density on the ground -> tracked zones -> warnings and risk -> zenoh
//! ```
//!
//! This crate is the only place with input and output, threads and clocks. [`config`] turns a site file into a checked
//! [`config::plan::Plan`]; [`cli`] is what a user types.

pub mod beside;
pub mod calibrating;
pub mod cameras;
pub mod cap_alerts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connection;
pub mod count_scale;
pub mod counting;
pub mod digest_auth;
pub mod draw;
pub mod drill;
pub mod drone;
pub mod engine;
pub mod evidence;
pub mod exchange;
pub mod http_call;
mod jpeg;
pub mod latency;
pub mod layout;
mod locked;
pub mod messages;
pub mod mqtt;
pub mod pose_source;
pub mod process_usage;
pub mod publish;
pub mod recorder;
pub mod room;
pub mod shot;
pub mod sip;
pub mod site;
pub mod site_bus;
pub mod speaker;
pub mod stream;
pub mod summary;
pub mod supervision;
pub mod traces;
pub mod vision;
