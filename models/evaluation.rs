//! How good a count is: one picture against its truth ([`score`]), the same picture at other sizes ([`sizes`]), and a whole
//! set ([`summary`]).

mod matching;
pub mod score;
pub mod sizes;
pub mod summary;
