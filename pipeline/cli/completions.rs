//! `throng completions`: what the shell needs to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit_status::ExitStatus;
use super::{Cli, output};

/// `throng completions`: prints a completion script.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng completions bash > ~/.local/share/bash-completion/completions/throng
  throng completions fish > ~/.config/fish/completions/throng.fish")]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "throng", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitStatus::Success)
}
