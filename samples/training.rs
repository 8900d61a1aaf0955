//! Rendered training pictures for the counters: many cameras, places, weathers and crowds, none of them the
//! demonstration's.

pub mod picture;
mod placing;
mod surroundings;
mod viewpoint;
pub mod writer;

#[cfg(test)]
mod tests;
