//! Loudspeakers: the agent beside the amplifier.
//!
//! An order comes from the bus; its signature is checked; [`throng_analytics::speaker::Interlock`], which has neither clock
//! nor sound, decides; the [`agent`] writes it into the [`trail`], plays the announcement that its [`voice`] made when it
//! started through a [`driver`], and tells what became of it.

pub mod agent;
mod contract;
pub mod dispatch;
pub mod driver;
pub mod heard;
mod microphone;
pub mod run;
pub mod trail;
pub mod voice;
