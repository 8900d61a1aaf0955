//! `throng evaluate`: what the warnings are worth, on simulated crowds whose end is known.

mod setups;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use serde::Serialize;
use throng_samples::crowd::scenario::{Scenario, Suite};
use throng_samples::evaluation::play::{Outcome, Setup, play};
use throng_samples::evaluation::summary::{Summary, Worth};

use super::exit_status::ExitStatus;
use super::interrupt::Interrupt;
use super::output;
use super::progress::Progress;
use crate::draw::worth;

/// A shipped set of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuiteName {
    /// To develop with: parameters may be chosen by it.
    Dev,
    /// To report by, and never to choose anything by.
    HeldOut,
}

/// `throng evaluate`: plays scenarios with a known end against the analytics as shipped.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng evaluate --suite held-out
  throng evaluate --scenarios my/scenarios --seeds 3 --json | tail -1
  throng evaluate --suite dev --png worth.png

Sensors are trackers with 90 % recall and 8 cm of noise at ten frames a second; the rows of the second table change one
of these. An operator acknowledges every warning after 10 s. Lead is the time from the first alarm at a level or above to
harm: anybody squeezed with 6227 N for 15 s; a run without an alarm before it counts with a lead of 0. Intervals are
90 %, by drawing the runs anew. Baselines see the same tracks.")]
pub struct EvaluateArgs {
    /// Which shipped scenarios.
    #[arg(long, value_enum, default_value = "dev", conflicts_with = "scenarios")]
    pub suite: SuiteName,
    /// A folder of scenario files instead.
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// Runs of each scenario, each with another crowd.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub seeds: u64,
    /// Leave out the sensors with other errors.
    #[arg(long)]
    pub usual_sensor_only: bool,
    /// Chart of lead times and false alarms.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Write the result as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}

/// The result, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    suite: &'a str,
    level: &'static str,
    seeds: u64,
    #[serde(flatten)]
    summary: &'a Summary,
    /// The same runs with one property of the sensor changed, each over the first seeds.
    sensors: BTreeMap<&'a str, Worth>,
}

/// Plays every scenario and prints what came of it.
///
/// # Errors
/// A scenario cannot be read, or the chart not be written.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<ExitStatus> {
    ensure!(args.seeds > 0, "--seeds must be at least 1");
    let (suite, scenarios) = match (&args.scenarios, args.suite) {
        (Some(folder), _) => (folder.display().to_string(), Scenario::load_folder(folder)?),
        (None, SuiteName::Dev) => ("dev".to_owned(), Suite::Dev.scenarios()?),
        (None, SuiteName::HeldOut) => ("held-out".to_owned(), Suite::HeldOut.scenarios()?),
    };
    let interrupt = Interrupt::listen()?;
    let setups = |seed| setups::of_seed(seed, args.usual_sensor_only);
    let Some(outcomes) = play_all(&scenarios, args.seeds, &setups, &interrupt)? else {
        return Ok(ExitStatus::Success);
    };
    let of = |name: &str| outcomes.iter().filter(|o| o.setup == name).collect::<Vec<&Outcome>>();
    let summary = Summary::of(&of(setups::USUAL));
    let names: Vec<String> = setups(0).into_iter().map(|setup| setup.name).collect();
    let sensors: BTreeMap<&str, Worth> = names
        .iter()
        .filter(|name| *name != setups::USUAL)
        .map(|name| (name.as_str(), Summary::of(&of(name)).all))
        .collect();
    output::note(table::Table { suite: &suite, seeds: args.seeds, summary: &summary, sensors: &sensors });
    if let Some(path) = &args.png {
        worth::chart(&summary, &format!("{suite}, {} runs of each scenario", args.seeds), path)?;
        output::note(format!("Chart: {}", path.display()));
    }
    if args.json {
        output::json_line(&Report {
            suite: &suite,
            level: "tracks",
            seeds: args.seeds,
            summary: &summary,
            sensors,
        })?;
    }
    Ok(ExitStatus::Success)
}

/// Every scenario with every seed, on all cores, in an order that does not depend on them; `None` where interrupted.
fn play_all(
    scenarios: &[Scenario],
    seeds: u64,
    setups: &(dyn Fn(u64) -> Vec<Setup> + Sync),
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Vec<Outcome>>> {
    let runs: Vec<(&Scenario, u64)> =
        (0..seeds).flat_map(|seed| scenarios.iter().map(move |scenario| (scenario, seed))).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let progress = Mutex::new(Progress::start("playing", Some(runs.len() as u64)));
    let work = || -> anyhow::Result<()> {
        while !interrupt.is_set() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((scenario, seed)) = runs.get(number) else { break };
            let outcomes = play(scenario, *seed, &setups(*seed))
                .with_context(|| format!("scenario {}: a zone encloses nothing", scenario.id))?;
            if let Ok(mut progress) = progress.lock() {
                progress.step(&scenario.id);
            }
            if let Ok(mut done) = done.lock() {
                done.push((number, outcomes));
            }
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(runs.len());
    thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_panic| anyhow::anyhow!("a simulation failed; this is a bug"))??;
        }
        Ok(())
    })?;
    if let Ok(progress) = progress.into_inner() {
        progress.finish();
    }
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(number, _)| *number);
    let is_whole = done.len() == runs.len();
    Ok(is_whole.then(|| done.into_iter().flat_map(|(_, outcomes)| outcomes).collect()))
}
