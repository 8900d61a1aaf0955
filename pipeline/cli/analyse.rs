//! `throng analyse`: what pedestrian dynamics measures, of trajectory files.

mod geometry;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use throng_analytics::trajectory::archive::{self, ArchiveError, Unit};
use throng_analytics::trajectory::measure::{Method, measure};
use throng_analytics::trajectory::voronoi::CutOff;

use self::geometry::GeometryArgs;
use self::report::{Diagram, Report};
use super::exit_status::ExitStatus;
use super::output;

/// Corners of a cut-off in a quarter: what `PedPy` and `JPSreport` take.
const CUT_OFF_CORNERS: u32 = 3;

/// `throng analyse`: measures density, speed and flow of trajectories.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng analyse 040_c_56_h-.txt --geometry geometry.json#bottleneck --json | tail -1
  throng analyse run.txt --unit cm --fps 16 --walkable '-1,-6.5 2.8,-6.5 2.8,8 -1,8' --area '0,-2 1.8,-2 1.8,0 0,0' \\
      --line '0,0 1.8,0' --csv tables/ --plots charts/

Files are in the text format of the Juelich archive: `id frame x y [z]`, frame rate and unit in comment lines.
Definitions are those of PedPy 1.5.1: speeds over --speed-step frames to either side, single-sided at a track's ends;
Voronoi cells inside the walkable area, without a cut-off unless --cut-off gives one. In the summary a frame with nobody
in the area has the mean speed 0, as in PedPy; in the tables it has none.")]
pub struct AnalyseArgs {
    /// Trajectory files.
    #[arg(value_name = "TRAJECTORIES", required = true)]
    pub trajectories: Vec<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub geometry: GeometryArgs,
    /// Frames a second, where the file does not say.
    #[arg(long, value_name = "FPS")]
    pub fps: Option<f64>,
    /// Unit of the positions, where the file does not say: m or cm.
    #[arg(long, value_name = "UNIT", value_parser = parse_unit)]
    pub unit: Option<Unit>,
    /// Only these frames, both included.
    #[arg(long, value_name = "FIRST:LAST", value_parser = parse_frames)]
    pub frames: Option<[i64; 2]>,
    /// Frames to either side that a speed is taken over.
    #[arg(long, value_name = "FRAMES", default_value_t = 5)]
    pub speed_step: u16,
    /// Farthest a person's Voronoi cell reaches, in metres.
    #[arg(long, value_name = "METRES")]
    pub cut_off: Option<f64>,
    /// Folder for tables: measures and crossings by frame.
    #[arg(long, value_name = "DIR")]
    pub csv: Option<PathBuf>,
    /// Folder for charts as PNG.
    #[arg(long, value_name = "DIR")]
    pub plots: Option<PathBuf>,
    /// Write a JSON line for each file to stdout.
    #[arg(long)]
    pub json: bool,
}

/// Measures every file.
///
/// # Errors
/// A file or the geometry cannot be read; the message names file and line.
pub fn run(args: &AnalyseArgs) -> anyhow::Result<ExitStatus> {
    let stated = args.geometry.load()?;
    if let Some(radius_m) = args.cut_off {
        ensure!(radius_m > 0.0, "--cut-off must be above 0, not {radius_m}");
    }
    for folder in args.csv.iter().chain(&args.plots) {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let mut walked: Vec<(f64, f64)> = Vec::new();
    let mut diagram = None;
    for path in &args.trajectories {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let whole =
            archive::parse(&text, args.fps.or(stated.fps), args.unit.or(stated.unit)).map_err(|error| {
                let advice = match error {
                    ArchiveError::NoFrameRate => " with --fps",
                    ArchiveError::NoUnit => " with --unit m or --unit cm",
                    _ => "",
                };
                anyhow::anyhow!("{}: {error}{advice}", path.display())
            })?;
        let trajectories = match args.frames {
            None => whole,
            Some([first, last]) => whole
                .between(first, last)
                .with_context(|| format!("{}: nobody is in frames {first} to {last}", path.display()))?,
        };
        let method = Method {
            speed_step: args.speed_step.into(),
            cut_off: args.cut_off.map(|radius_m| CutOff { radius_m, corners_per_quarter: CUT_OFF_CORNERS }),
        };
        let measures = measure(&trajectories, &stated.geometry, method);
        let frames = measures.frames.iter().filter(|frame| frame.voronoi_density > 0.0);
        walked.extend(frames.map(|frame| (frame.voronoi_density, frame.voronoi_speed)));
        diagram = Diagram::fit(&walked);
        let report = Report::new(path, &trajectories, &stated.geometry, &measures, diagram);
        if let Some(warning) = report.warning() {
            output::note(warning);
        }
        output::note(&report);
        let name = |ending: &str| {
            let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            Path::new(&stem).with_file_name(format!("{stem}.{ending}"))
        };
        if let Some(folder) = &args.csv {
            report::write_tables(&measures, trajectories.fps, folder, &name)?;
        }
        if let Some(folder) = &args.plots {
            let title = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            report::write_charts(&measures, &trajectories, &title, &folder.join(name("png")))?;
        }
        if args.json {
            output::json_line(&report)?;
        }
    }
    if let Some(diagram) = diagram {
        output::note(diagram);
    }
    Ok(ExitStatus::Success)
}

fn parse_unit(text: &str) -> Result<Unit, String> {
    Unit::from_symbol(text).ok_or_else(|| "expected m or cm".to_owned())
}

fn parse_frames(text: &str) -> anyhow::Result<[i64; 2]> {
    let frames = text.split_once(':').and_then(|(a, b)| Some([a.parse().ok()?, b.parse().ok()?]));
    match frames {
        Some([first, last]) if first <= last => Ok([first, last]),
        _ => bail!("expected FIRST:LAST, e.g. 211:800"),
    }
}
