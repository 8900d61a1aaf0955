//! Loudspeakers: the agent beside the amplifier.
//!
//! What may be said, and when, decides [`throng_analytics::speaker::Interlock`], which has neither clock nor sound.

pub mod trail;
