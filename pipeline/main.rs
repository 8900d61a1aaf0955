//! The `throng` program: parse, run, say once what failed, exit code.

use std::process::ExitCode;

use clap::Parser;
use throng::cli::{self, Cli};

fn main() -> ExitCode {
    let status = match cli::run(&Cli::parse()) {
        Ok(status) => status,
        Err(error) => cli::report(&error),
    };
    status.into()
}
