//! `throng models`: the cards at hand, whether they tell the truth, and how fast their models are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use serde::Serialize;
use throng_models::card::{Card, OutputKind};
use throng_models::counter::{Counter, Options};
use throng_models::device::Device;
use throng_models::trial::speed::{Load, Speed, speeds};

use super::exit_status::ExitStatus;
use super::output;
use crate::config::shipped;

/// Folder of the cards that ship with throng.
const CARDS: &str = "models/cards";

/// `throng models`: lists, checks and times model cards.
#[derive(Args, Clone, Debug)]
pub struct ModelsArgs {
    #[command(subcommand)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub command: ModelsCommand,
}

/// What to do with the cards.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelsCommand {
    /// What each card says of its model.
    List(CardsArgs),
    /// Whether each model is what its card says: hash, shapes, ranges.
    Check(CardsArgs),
    /// How long each model takes for a picture, side by side in one run.
    Bench(BenchArgs),
}

/// Which cards.
#[derive(Args, Clone, Debug)]
pub struct CardsArgs {
    /// Model cards (TOML). Default: those that ship with throng.
    #[arg(value_name = "CARD")]
    pub cards: Vec<PathBuf>,
    /// Folder that holds model files that do not lie beside their cards.
    #[arg(long, value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Write one JSON line for each card.
    #[arg(long)]
    pub json: bool,
}

/// Which cards, and what is counted.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng models bench --threads 2
  throng models bench models/cards/compact.toml other.toml --model-dir ~/models --json
  throng models bench --batch 8    eight cameras' pictures in one call, against one at a time

The models take turns, so that whatever else the machine does hits all of them. Medians; `of first` compares with the
first card's whole call.")]
pub struct BenchArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub cards: CardsArgs,
    /// Width and height of the picture in pixels.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "640x360", value_parser = parse_size)]
    pub size: [usize; 2],
    /// Threads for one inference on the CPU; 0 takes one a core.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Where the models run: auto, cpu, cuda:N or tensorrt:N.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: Device,
    /// Rounds in which each model counts.
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub rounds: usize,
    /// Pictures of as many cameras that are counted in one call as well, beside one at a time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub batch: u16,
}

/// Does what was asked for.
///
/// # Errors
/// A card or model cannot be read; `check` reports those and goes on.
pub fn run(args: &ModelsArgs) -> anyhow::Result<ExitStatus> {
    match &args.command {
        ModelsCommand::List(args) => list(args),
        ModelsCommand::Check(args) => check(args),
        ModelsCommand::Bench(args) => bench(args),
    }
}

impl CardsArgs {
    /// The cards as given, or all that ship with throng.
    fn paths(&self) -> anyhow::Result<Vec<PathBuf>> {
        if !self.cards.is_empty() {
            return Ok(self.cards.clone());
        }
        let default = shipped::file(crate::config::DEFAULT_CARD);
        let folder = default.as_deref().and_then(Path::parent).with_context(|| {
            format!("{CARDS} is neither beside the program nor in the current folder; name the cards")
        })?;
        let mut cards = Vec::new();
        for folder in [folder.to_owned(), folder.join("third_party")] {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            let found = entries.filter_map(|entry| Some(entry.ok()?.path()));
            cards.extend(found.filter(|path| path.extension().is_some_and(|ending| ending == "toml")));
        }
        cards.sort();
        Ok(cards)
    }
}

/// One line of `throng models list --json`.
#[derive(Serialize)]
struct ListLine<'a> {
    card: String,
    name: &'a str,
    version: &'a str,
    kind: OutputKind,
    head_size_range_px: [f64; 2],
    licence: &'a str,
    is_file_present: bool,
}

fn list(args: &CardsArgs) -> anyhow::Result<ExitStatus> {
    for path in args.paths()? {
        let card = Card::load(&path)?;
        let is_file_present = card.model_path(&path, args.model_dir.as_deref()).is_file();
        let line = ListLine {
            card: path.display().to_string(),
            name: &card.name,
            version: &card.version,
            kind: card.output.kind,
            head_size_range_px: card.input.head_size_range_px,
            licence: &card.licence,
            is_file_present,
        };
        if args.json {
            output::json_line(&line)?;
            continue;
        }
        let [head_lo_px, head_hi_px] = line.head_size_range_px;
        output::note(format!(
            "{} {} ({}, heads of {head_lo_px:.0} to {head_hi_px:.0} px){}\n    {}\n    {}",
            line.name,
            line.version,
            line.kind,
            if is_file_present {
                ""
            } else {
                ": its model file is not here, name its folder with --model-dir"
            },
            line.card,
            line.licence,
        ));
        for evaluation in card.evaluation.iter().take(1) {
            output::note(format!("    MAE {} on {}", evaluation.mae, evaluation.set));
        }
    }
    Ok(ExitStatus::Success)
}

/// One line of `throng models check --json`.
#[derive(Serialize)]
struct CheckLine<'a> {
    card: &'a str,
    is_true: bool,
    problem: Option<String>,
}

fn check(args: &CardsArgs) -> anyhow::Result<ExitStatus> {
    let mut status = ExitStatus::Success;
    for path in args.paths()? {
        let options =
            Options { device: Device::Cpu, model_dir: args.model_dir.clone(), ..Options::default() };
        let problem = Counter::open(&path, &options).err().map(|error| error.to_string());
        let shown = path.display().to_string();
        if problem.is_some() {
            status = ExitStatus::Failure;
        }
        match &problem {
            Some(problem) => output::note(format!("{shown}: {problem}")),
            None => output::note(format!("{shown}: as its card says")),
        }
        if args.json {
            output::json_line(&CheckLine { card: &shown, is_true: problem.is_none(), problem })?;
        }
    }
    Ok(status)
}

/// One line of `throng models bench --json`.
#[derive(Serialize)]
struct BenchLine {
    name: String,
    device: String,
    width_px: usize,
    height_px: usize,
    /// Median of the network alone, milliseconds.
    network_ms: f64,
    /// Median from the picture's bytes to people and map, milliseconds.
    call_ms: f64,
    /// `call_ms` over that of the first card.
    of_first: f64,
    /// Median time for one picture of a batch, milliseconds; absent where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    batched_ms: Option<f64>,
}

fn bench(args: &BenchArgs) -> anyhow::Result<ExitStatus> {
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    let options = Options {
        device: args.device,
        threads: args.threads,
        model_dir: args.cards.model_dir.clone(),
        ..Options::default()
    };
    let paths = args.cards.paths()?;
    let mut counters =
        paths.iter().map(|path| Counter::open(path, &options)).collect::<Result<Vec<_>, _>>()?;
    let mut batches = vec![1, args.batch.into()];
    batches.dedup();
    let load = Load { size_px: args.size, batches, rounds: args.rounds, within: Duration::MAX };
    let measured = speeds(&mut counters, &load)?;
    let first_ms = measured.first().and_then(|speeds| speeds.first()).map_or(f64::NAN, |s| s.call.median_ms);
    for (counter, speeds) in counters.iter().zip(&measured) {
        let Some(line) = BenchLine::new(counter, args.size, speeds, first_ms) else { continue };
        if let (Some(reason), false) = (&counter.info().device_fallback, args.device == Device::Auto) {
            output::note(format!("{}: {reason}", line.name));
        }
        let batched = line.batched_ms.map_or_else(String::new, |ms| {
            format!("  {ms:>7.2} ms each of {} ({:.3} of one alone)", args.batch, ms / line.call_ms)
        });
        output::note(format!(
            "{:<24} {}  {}x{}  network {:>7.2} ms  whole call {:>7.2} ms ({:.3} of it)  {:.3} of first{batched}",
            line.name,
            line.device,
            line.width_px,
            line.height_px,
            line.network_ms,
            line.call_ms,
            line.call_ms / line.network_ms,
            line.of_first,
        ));
        if args.cards.json {
            output::json_line(&line)?;
        }
    }
    Ok(ExitStatus::Success)
}

impl BenchLine {
    /// Of the speeds with one picture and, where measured, with a batch; `None` where there are none.
    fn new(
        counter: &Counter,
        [width_px, height_px]: [usize; 2],
        speeds: &[Speed],
        first_ms: f64,
    ) -> Option<Self> {
        let (alone, info) = (speeds.first()?, counter.info());
        Some(Self {
            name: info.name.clone(),
            device: info.device.to_string(),
            width_px,
            height_px,
            network_ms: alone.network.median_ms,
            call_ms: alone.call.median_ms,
            of_first: alone.call.median_ms / first_ms,
            batched_ms: speeds.get(1).map(|batched| batched.call.median_ms / batched.batch as f64),
        })
    }
}

fn parse_size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    sides
        .filter(|[w, h]| (16..=16_384).contains(w) && (16..=16_384).contains(h))
        .ok_or_else(|| "expected WIDTHxHEIGHT in pixels, each from 16 to 16384, e.g. 640x360".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_two_sides_within_reason() {
        assert_eq!(parse_size("640x360"), Ok([640, 360]));
        for wrong in ["640", "0x360", "640x", "640x99999", "axb"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
