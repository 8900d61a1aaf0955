//! `throng evaluate`: what the warnings are worth, on simulated crowds whose end is known.

mod film;
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
use throng_samples::evaluation::play::{Outcome, Sensor, play, play_before};
use throng_samples::evaluation::summary::{Summary, Worth};
use throng_samples::scene::Weather;

use self::film::{FilmOptions, FilmedCrowd};

use super::exit_status::ExitStatus;
use super::interrupt::Interrupt;
use super::model_args::ModelArgs;
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

/// What the crowds are watched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Trackers with stated errors.
    Tracks,
    /// A camera: each scenario is filmed from a mast and the film encoded, then read, counted and followed as by
    /// `throng run`.
    Video,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Tracks => "tracks",
            Self::Video => "video",
        }
    }

    fn seeds(self) -> u64 {
        match self {
            Self::Tracks => 4,
            Self::Video => 1,
        }
    }
}

/// `throng evaluate`: plays scenarios with a known end against the analytics as shipped.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng evaluate --suite held-out
  throng evaluate --scenarios my/scenarios --seeds 3 --json | tail -1
  throng evaluate --suite dev --png worth.png
  throng evaluate --suite held-out --level video

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
    /// What the crowds are watched with.
    #[arg(long, value_enum, default_value = "tracks")]
    pub level: Level,
    /// Runs of each scenario, each with another crowd. Default: 4, and 1 at the level of video.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: Option<u64>,
    /// Light and weather of the films: day, dusk or rain.
    #[arg(long, default_value = "day")]
    pub weather: Weather,
    /// Model card that films are counted with. Default: the card shipped with throng.
    #[arg(long, value_name = "CARD")]
    pub model: Option<PathBuf>,
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
    let (suite, scenarios) = match (&args.scenarios, args.suite) {
        (Some(folder), _) => (folder.display().to_string(), Scenario::load_folder(folder)?),
        (None, SuiteName::Dev) => ("dev".to_owned(), Suite::Dev.scenarios()?),
        (None, SuiteName::HeldOut) => ("held-out".to_owned(), Suite::HeldOut.scenarios()?),
    };
    ensure!(!scenarios.is_empty(), "there is no scenario in {suite}");
    let interrupt = Interrupt::listen()?;
    let seeds = args.seeds.unwrap_or(args.level.seeds());
    let setups = |seed| setups::of_seed(seed, args.usual_sensor_only);
    let outcomes = match args.level {
        Level::Tracks => play_all(&scenarios, seeds, &interrupt, &|scenario, seed| {
            Ok(Some(play(scenario, seed, &setups(seed)).with_context(|| empty_zone(scenario))?))
        })?,
        Level::Video => {
            let model = ModelArgs { model: args.model.clone(), ..ModelArgs::default() };
            let options = FilmOptions {
                weather: args.weather,
                card: model.card()?,
                threads: film::threads_each(workers(scenarios.len() as u64 * seeds)),
            };
            play_all(&scenarios, seeds, &interrupt, &|scenario, seed| {
                let Some(film) = FilmedCrowd::film(scenario, seed, &options, &interrupt)? else {
                    return Ok(None);
                };
                let sensors: Vec<(String, Box<dyn Sensor>)> =
                    vec![(setups::USUAL.to_owned(), Box::new(film))];
                Ok(Some(play_before(scenario, seed, sensors).with_context(|| empty_zone(scenario))?))
            })?
        }
    };
    let Some(outcomes) = outcomes else { return Ok(ExitStatus::Success) };
    let of = |name: &str| outcomes.iter().filter(|o| o.setup == name).collect::<Vec<&Outcome>>();
    let summary = Summary::of(&of(setups::USUAL));
    let names: Vec<String> = setups(0).into_iter().map(|setup| setup.name).collect();
    let sensors: BTreeMap<&str, Worth> = names
        .iter()
        .filter(|name| *name != setups::USUAL && args.level == Level::Tracks)
        .map(|name| (name.as_str(), Summary::of(&of(name)).all))
        .collect();
    output::note(table::Table {
        suite: &suite,
        level: args.level.name(),
        seeds,
        summary: &summary,
        sensors: &sensors,
    });
    if let Some(path) = &args.png {
        worth::chart(
            &summary,
            &format!("{suite}, {}, {seeds} runs of each scenario", args.level.name()),
            path,
        )?;
        output::note(format!("Chart: {}", path.display()));
    }
    if args.json {
        output::json_line(&Report {
            suite: &suite,
            level: args.level.name(),
            seeds,
            summary: &summary,
            sensors,
        })?;
    }
    Ok(ExitStatus::Success)
}

fn empty_zone(scenario: &Scenario) -> String {
    format!("scenario {}: a zone encloses nothing", scenario.id)
}

/// Runs that go on at once.
fn workers(runs: u64) -> usize {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.min(usize::try_from(runs).unwrap_or(cores)).max(1)
}

/// Plays one scenario with one seed; `None` where interrupted.
type Play<'a> = dyn Fn(&Scenario, u64) -> anyhow::Result<Option<Vec<Outcome>>> + Sync + 'a;

/// Every scenario with every seed, on all cores, in an order that does not depend on them; `None` where interrupted.
fn play_all(
    scenarios: &[Scenario],
    seeds: u64,
    interrupt: &Interrupt,
    play: &Play<'_>,
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
            let Some(outcomes) = play(scenario, *seed)? else { break };
            if let Ok(mut progress) = progress.lock() {
                progress.step(&scenario.id);
            }
            if let Ok(mut done) = done.lock() {
                done.push((number, outcomes));
            }
        }
        Ok(())
    };
    thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..workers(runs.len() as u64)).map(|_| scope.spawn(work)).collect();
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
