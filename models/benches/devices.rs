//! Counters by device and batch: latency, frames a second, and whether a device counts as the CPU does.
//!
//! `cargo bench -p throng-models --bench devices -- cards/compact.toml --device cuda:0`, paths from the folder `models`. Needs ONNX Runtime and the cards with their
//! models, and nothing else of the product: the executable can be carried to a machine with the device.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{error::Error, fs, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use serde::Serialize;
use throng_models::{
    counter::{Counter, Options},
    device::Device,
    trial::{
        parity::{Parity, parity},
        speed::{Load, Speed, speeds},
    },
};

/// Latency and frames a second of counters by device and batch, and how far their counts are from those on the CPU.
#[derive(Parser)]
struct Args {
    /// Model cards, their models beside them.
    #[arg(required = true, value_name = "CARD")]
    cards: Vec<PathBuf>,
    /// Where they run, one after the other: cpu, cuda:N or tensorrt:N. A device that cannot be used ends the run.
    #[arg(long, value_delimiter = ',', default_value = "cpu")]
    device: Vec<Device>,
    /// Pictures in one call.
    #[arg(long, value_delimiter = ',', default_value = "1,4,8,16,32")]
    batch: Vec<usize>,
    /// Sizes of the pictures in pixels.
    #[arg(long, value_delimiter = ',', default_value = "640x360,1920x1080", value_parser = size)]
    size: Vec<[usize; 2]>,
    /// Most calls of each kind.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Seconds for each device, size and batch, over all cards.
    #[arg(long, default_value_t = 5.0)]
    secs: f64,
    /// Threads of one inference on the CPU; 0 takes one a core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Folder that holds model files that do not lie beside their cards.
    #[arg(long)]
    model_dir: Option<PathBuf>,
    /// ONNX Runtime's library; by default that of `ORT_DYLIB_PATH` or the usual places.
    #[arg(long)]
    library: Option<PathBuf>,
    /// Also write everything to this file, one JSON object a line.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One line of JSON: what was measured, of which model, where.
#[derive(Serialize)]
struct Line<'a, T> {
    card: &'a str,
    version: &'a str,
    device: String,
    width_px: usize,
    height_px: usize,
    #[serde(flatten)]
    found: T,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let mut json = String::new();
    for device in &args.device {
        let mut counters = open(args, *device)?;
        for counter in &counters {
            let info = counter.info();
            let pinned = if info.is_input_pinned { ", input page-locked" } else { "" };
            println!("{} {} on {}{pinned}, {}", info.name, info.version, info.device, info.library.display());
        }
        for size_px in &args.size {
            for batch in &args.batch {
                let load = Load {
                    size_px: *size_px,
                    batches: vec![*batch],
                    rounds: args.rounds,
                    within: Duration::try_from_secs_f64(args.secs)?,
                };
                let measured = speeds(&mut counters, &load)?;
                for (counter, speeds) in counters.iter().zip(measured) {
                    for speed in speeds {
                        print_speed(counter, *size_px, &speed);
                        write(&mut json, counter, *size_px, speed)?;
                    }
                }
            }
            if *device != Device::Cpu {
                for (counter, reference) in counters.iter_mut().zip(&mut open(args, Device::Cpu)?) {
                    let parity = parity(counter, reference, *size_px)?;
                    print_parity(counter, *size_px, &parity);
                    write(&mut json, counter, *size_px, parity)?;
                }
            }
        }
    }
    if let Some(path) = &args.json {
        fs::write(path, json)?;
    }
    Ok(())
}

/// A counter for each card on `device`, and nowhere else.
fn open(args: &Args, device: Device) -> Result<Vec<Counter>, Box<dyn Error>> {
    let options = Options {
        device,
        threads: args.threads,
        library: args.library.clone(),
        model_dir: args.model_dir.clone(),
        ..Options::default()
    };
    let open = |card: &PathBuf| {
        let counter = Counter::open(card, &options)?;
        match &counter.info().device_fallback {
            Some(reason) => Err(format!("{}: {reason}", card.display()).into()),
            None => Ok(counter),
        }
    };
    args.cards.iter().map(open).collect()
}

fn print_speed(counter: &Counter, [width_px, height_px]: [usize; 2], speed: &Speed) {
    let (info, Speed { batch, calls, call, network, frames_per_s }) = (counter.info(), speed);
    println!(
        "{:<20} {:<10} {:>9} batch {batch:>2}: call {:>8.2} ms (p99 {:>8.2}), network {:>8.2} ms (p99 {:>8.2}), \
         {frames_per_s:>8.1} frames/s, {calls} calls",
        info.name,
        info.device.to_string(),
        format!("{width_px}x{height_px}"),
        call.median_ms,
        call.p99_ms,
        network.median_ms,
        network.p99_ms,
    );
}

fn print_parity(counter: &Counter, [width_px, height_px]: [usize; 2], parity: &Parity) {
    let info = counter.info();
    println!(
        "{:<20} {:<10} {:>9} against the CPU: counts differ by up to {:.2e} of {:.1} people, cells by up to {:.2e} of \
         {:.3}, {} counts{}",
        info.name,
        info.device.to_string(),
        format!("{width_px}x{height_px}"),
        parity.people_difference,
        parity.people_max,
        parity.cell_difference,
        parity.cell_max,
        parity.pictures,
        if parity.refused.is_empty() {
            String::new()
        } else {
            format!("; refused: {}", parity.refused.join(", "))
        },
    );
}

fn write(
    json: &mut String,
    counter: &Counter,
    [width_px, height_px]: [usize; 2],
    found: impl Serialize,
) -> Result<(), Box<dyn Error>> {
    let info = counter.info();
    let (card, version, device) = (&*info.name, &*info.version, info.device.to_string());
    json.push_str(&serde_json::to_string(&Line { card, version, device, width_px, height_px, found })?);
    json.push('\n');
    Ok(())
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    sides
        .filter(|[w, h]| *w > 0 && *h > 0)
        .ok_or_else(|| format!("expected WIDTHxHEIGHT in pixels, found `{text}`"))
}
