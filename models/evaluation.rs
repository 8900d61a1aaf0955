//! How good a count is: one picture against its truth ([`score`]), and a whole set ([`summary`]).

mod matching;
pub mod score;
pub mod summary;
