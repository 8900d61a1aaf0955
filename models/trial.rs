//! Counters tried out on made-up pictures: how fast they are ([`speed`]), and whether they count alike on every device
//! ([`parity`]).

pub mod parity;
pub mod pictures;
pub mod speed;
