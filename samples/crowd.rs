//! People who walk, push and are pushed: a force-based crowd with body contact.
//!
//! The model is that of Helbing, Farkas and Vicsek (Nature 407, 2000) with the parameters of analytics specification
//! 6.1. It can compress, which velocity-based models cannot, so it knows the load on bodies that no video shows.

pub mod agent;
mod forces;
mod neighbours;
pub mod scenario;
pub mod sensor;
pub mod simulation;
pub mod truth;
pub mod wall;
mod way;

#[cfg(test)]
mod tests;
