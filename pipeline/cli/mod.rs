//! The command line: one file a command, each with `run(&Args) -> anyhow::Result<ExitStatus>`.
//!
//! Words for people go to standard error, machine output to standard output ([`output`]). An error is returned, never
//! printed, by a command; [`report()`] prints it once.

pub mod analyse;
pub mod args;
pub mod bench;
pub mod calibrate;
pub mod calibrate_count;
pub mod check;
pub mod completions;
pub mod console;
pub mod count;
pub mod demo;
pub mod demo_speaker;
pub mod doctor;
pub mod eval;
pub mod evaluate;
pub mod exit_status;
pub mod interrupt;
pub mod live;
pub mod logging;
pub mod model_args;
pub mod models;
pub mod network_threads;
pub mod output;
pub mod progress;
pub mod replay;
pub mod report;
pub mod run;
pub mod schema;
pub mod signal;
pub mod signer_args;
pub mod sim;
pub mod speak;
pub mod speaker;
pub mod still;
pub mod traces;
pub mod watch;

use std::error::Error;
use std::path::Path;

use clap::{Parser, Subcommand};

use self::exit_status::ExitStatus;
use self::logging::LogLevel;
use self::traces::{Collector, Sending};
use crate::config::{self, Rejected, plan::Plan};

/// Real-time crowd density, warnings and crush risk from drone and CCTV video.
#[derive(Debug, Parser)]
#[command(name = "throng", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  throng demo                          real footage, then a simulated crowd build-up
  throng check site.toml               all errors of a site file at once
  throng run site.toml                 run a site
  throng watch                         see what is on the bus
  throng count photo.jpg               count people without a site

Exit codes:
  0  done, or stopped on request
  1  failed while running; the message on stderr says why
  2  wrong arguments, or a site file with errors

Words for people go to stderr, machine output (--json) to stdout.")]
pub struct Cli {
    /// How much to log. Default: what `RUST_LOG` says, else info.
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    #[command(subcommand)]
    #[expect(missing_docs, reason = "a comment here would replace the program's own help")]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a site until it is stopped.
    Run(args::RunArgs),
    /// Real pedestrians, then a simulated crowd that builds up before a gate.
    Demo(args::DemoArgs),
    /// Report all errors of a site file at once, without starting anything.
    Check(check::CheckArgs),
    /// Run the agent of a loudspeaker.
    Speaker(speaker::SpeakerArgs),
    /// Order an announcement, agree to one, or stop it.
    Speak(speak::SpeakArgs),
    /// Tell a site of something outside: weather, a closed road, an event.
    Signal(signal::SignalArgs),
    /// Look whether this machine, and a site's cameras, are ready.
    Doctor(doctor::DoctorArgs),
    /// Print the JSON Schema of the site file.
    Schema(schema::SchemaArgs),
    /// Subscribe on the bus and print what arrives.
    Watch(watch::WatchArgs),
    /// Serve the pages for people who watch and answer.
    Console(console::ConsoleArgs),
    /// Tell what a history says of a period, and where to stand tomorrow.
    Report(report::ReportArgs),
    /// Count people in pictures and video, without a site.
    Count(count::CountArgs),
    /// Measure a model's error on pictures or video with known heads.
    Eval(eval::EvalArgs),
    /// Fit a camera's point pairs and draw the ground over its picture.
    Calibrate(calibrate::CalibrateArgs),
    /// Correct a camera's counts by a few counts made by hand.
    CalibrateCount(calibrate_count::CalibrateCountArgs),
    /// List, check and time model cards.
    Models(models::ModelsArgs),
    /// Measure density, speed and flow of trajectory files, as pedestrian dynamics does.
    Analyse(analyse::AnalyseArgs),
    /// Play simulated crowds whose end is known, and tell what the warnings were worth.
    Evaluate(evaluate::EvaluateArgs),
    /// Check a bundle of evidence, and play its alarm again.
    Replay(replay::ReplayArgs),
    /// Simulate and film a crowd, with everything that is true about it.
    Sim(sim::SimArgs),
    /// Decode alone, model alone and the whole pipeline on the same footage.
    Bench(args::BenchArgs),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
}

impl Command {
    /// Where the traces of a command go that leaves some.
    fn collector(&self) -> anyhow::Result<Option<Collector>> {
        if let Self::Run(args) = self { args.traces.collector() } else { Ok(None) }
    }
}

/// Runs the command that was asked for.
///
/// # Errors
/// Whatever made the command fail, for [`report()`] to print.
pub fn run(cli: &Cli) -> anyhow::Result<ExitStatus> {
    let collector = match cli.command.collector() {
        Ok(collector) => collector,
        Err(error) => {
            output::note(format!("throng: {error:#}"));
            return Ok(ExitStatus::BadInput);
        }
    };
    let sending = collector.as_ref().map(Sending::start).transpose()?;
    logging::start(cli.log_level, sending.as_ref().map(Sending::taker));
    if let Some(collector) = &collector {
        tracing::info!("Traces go to {collector}.");
    }
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Check(args) => check::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Speaker(args) => speaker::run(args),
        Command::Speak(args) => speak::run(args),
        Command::Signal(args) => signal::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Console(args) => console::run(args),
        Command::Report(args) => report::run(args),
        Command::Count(args) => count::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Calibrate(args) => calibrate::run(args),
        Command::CalibrateCount(args) => calibrate_count::run(args),
        Command::Models(args) => models::run(args),
        Command::Analyse(args) => analyse::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Sim(args) => sim::run(args),
        Command::Completions(args) => completions::run(args),
    }
}

/// Prints an error once and says how the process must end.
pub fn report(error: &anyhow::Error) -> ExitStatus {
    if error.chain().any(<dyn Error>::is::<output::ReaderGone>) {
        return ExitStatus::Success;
    }
    output::note(format!("throng: {error:#}"));
    if error.chain().any(<dyn Error>::is::<Rejected>) { ExitStatus::BadInput } else { ExitStatus::Failure }
}

/// The plan of a site file, for every command that needs one; warnings about it are shown.
///
/// # Errors
/// [`Rejected`] with every error of the file.
pub fn load_site(path: &Path) -> anyhow::Result<Plan> {
    let loaded = config::load(path)?;
    for warning in &loaded.warnings {
        output::note(warning);
    }
    Ok(loaded.plan)
}
