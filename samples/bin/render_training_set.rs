//! Writes rendered training pictures with a mark on every head.
//!
//! `render-training-set --out FOLDER [--images 600] [--seed 1000] [--shots any|dense-from-mast]`

use std::path::PathBuf;
use std::process::ExitCode;

use throng_samples::training::picture::Shots;
use throng_samples::training::writer::{FIRST_TRAINING_SEED, write_training_set};

const USAGE: &str =
    "usage: render-training-set --out FOLDER [--images 600] [--seed 1000] [--shots any|dense-from-mast]";

struct Arguments {
    out: PathBuf,
    images: usize,
    seed: u64,
    shots: Shots,
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let (mut out, mut images, mut seed, mut shots) = (None, 600, FIRST_TRAINING_SEED, Shots::Any);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value; {USAGE}"))?;
        let number = || {
            value.parse().map_err(|e| format!("{word} needs a whole number, not {value:?} ({e}); {USAGE}"))
        };
        match word.as_str() {
            "--out" => out = Some(PathBuf::from(value)),
            "--images" => images = usize::try_from(number()?).unwrap_or(usize::MAX),
            "--seed" => seed = number()?,
            "--shots" => {
                shots = match value.as_str() {
                    "any" => Shots::Any,
                    "dense-from-mast" => Shots::DenseFromMast,
                    _ => {
                        return Err(format!("--shots knows any and dense-from-mast, not {value:?}; {USAGE}"));
                    }
                }
            }
            _ => return Err(format!("unknown argument {word:?}; {USAGE}")),
        }
    }
    Ok(Arguments { out: out.ok_or(USAGE)?, images, seed, shots })
}

fn main() -> ExitCode {
    let written = arguments(std::env::args().skip(1)).and_then(|wish| {
        write_training_set(&wish.out, wish.images, wish.seed, wish.shots, |done, heads| {
            if done % 50 == 0 || done == wish.images {
                eprintln!("{done} of {} pictures, {heads} heads", wish.images);
            }
        })
        .map_err(|error| error.to_string())
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
