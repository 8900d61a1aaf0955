//! `throng calibrate-count`: a camera's counts held against counts by hand, and the correction kept with the site.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::Serialize;
use throng_analytics::time::Timestamp;
use throng_models::correction::{Correction, HandCount};
use throng_models::counter::{Counter, Validity};
use throng_models::head_scale::HeadScale;
use toml_edit::{Item, Table, value};

use super::exit_status::ExitStatus;
use super::{load_site, output};
use crate::config::{edit, plan::CameraPlan};
use crate::count_scale::CountScale;
use crate::engine;
use crate::stream::connect::Connect;
use crate::stream::options::{Pace, StreamEvent, StreamOptions};
use crate::stream::source::CameraStream;
use crate::stream::uri::SourceUri;

/// More than any camera delivers: the frame nearest to each hand count must be among those looked at.
const EVERY_FRAME_FPS: f64 = 10_000.0;

/// Hand counts of a moment after the footage's end by more than this are a mistake, seconds.
const PAST_THE_END_SECS: f64 = 1.0;

/// `throng calibrate-count`: corrects a camera's counts by counts made by hand.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng calibrate-count site.toml gate --truth counts.csv
  throng calibrate-count site.toml gate --truth counts.csv --footage gate-tuesday.mp4 --dry-run

counts.csv has the columns t_s and people: seconds from the start of the footage, and all people then in the picture.
Five counts are the least, of moments with few and with many people; ten or more are better. Factor and interval are
written into the site file as [camera.count_correction]; everything else in it stays as it is.")]
pub struct CalibrateCountArgs {
    /// Site file (TOML).
    pub site: PathBuf,
    /// Id of the camera in it.
    pub camera: String,
    /// Counts by hand: CSV with the columns `t_s` and `people`.
    #[arg(long, value_name = "COUNTS.csv")]
    pub truth: PathBuf,
    /// Recording of the camera that was counted. Default: the camera's own file.
    #[arg(long, value_name = "FILE")]
    pub footage: Option<PathBuf>,
    /// Only say what would be written.
    #[arg(long)]
    pub dry_run: bool,
    /// Write the correction as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}

/// A moment whose people were counted by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    t_s: f64,
    people: f64,
}

/// The line of `--json`.
#[derive(Serialize)]
struct CorrectionLine<'a> {
    camera: &'a str,
    scale: f64,
    ratio_lo: f64,
    ratio_hi: f64,
    hand_counts: usize,
    /// Mean absolute error at the hand counts, people, before and after.
    mae_before: f64,
    mae_after: f64,
}

/// Counts the moments, fits, and writes the site file.
///
/// # Errors
/// Site, truth or footage cannot be read, or the hand counts give no correction. The site file is then as it was.
pub fn run(args: &CalibrateCountArgs) -> anyhow::Result<ExitStatus> {
    let plan = load_site(&args.site)?;
    let Some(camera) = plan.cameras.iter().find(|camera| camera.id.as_str() == args.camera) else {
        let known: Vec<&str> = plan.cameras.iter().map(|camera| camera.id.as_str()).collect();
        bail!("there is no camera `{}` in {}; it has {}", args.camera, args.site.display(), known.join(", "));
    };
    let moments = read_counts(&args.truth)?;
    let footage = match &args.footage {
        Some(path) => SourceUri::from_path(path)?,
        None => camera.uri.clone(),
    };
    ensure!(
        footage.path().is_some(),
        "camera {} is a stream ({footage}): record it, count the recording by hand, and name it with --footage",
        camera.id
    );
    let mut counter = engine::open_counter(&plan)?;
    let scale = CountScale::of(camera, &plan.zones, counter.info());
    scale.tell(camera, &plan.zones);
    let counts = count_moments(&mut counter, camera, scale, &footage, &moments)?;
    let correction = Correction::fit(&counts).with_context(|| args.truth.display().to_string())?;
    let line = line(&args.camera, correction, &counts);
    output::note(format!(
        "{} hand counts: {:.3} people for each one counted, 90 % interval {:.2} to {:.2} of the corrected count; mean \
         absolute error {:.2} people before, {:.2} after",
        line.hand_counts, line.scale, line.ratio_lo, line.ratio_hi, line.mae_before, line.mae_after
    ));
    if args.dry_run {
        output::note("nothing was written (--dry-run)");
    } else {
        write(&args.site, &args.camera, correction, counts.len())?;
        output::note(format!("written to {} as [camera.count_correction]", args.site.display()));
    }
    if args.json {
        output::json_line(&line)?;
    }
    Ok(ExitStatus::Success)
}

fn line<'a>(camera: &'a str, correction: Correction, counts: &[HandCount]) -> CorrectionLine<'a> {
    let mae = |scale: f64| {
        counts.iter().map(|count| (scale * count.counted - count.people).abs()).sum::<f64>()
            / counts.len() as f64
    };
    let Correction { scale, ratio_lo, ratio_hi } = correction;
    CorrectionLine {
        camera,
        scale,
        ratio_lo,
        ratio_hi,
        hand_counts: counts.len(),
        mae_before: mae(1.0),
        mae_after: mae(scale),
    }
}

/// The moments in the order of time.
fn read_counts(path: &Path) -> anyhow::Result<Vec<Moment>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the hand counts {shown}"))?;
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> =
        lines.next().map(|(_, line)| line.split(',').map(str::trim).collect()).unwrap_or_default();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (Some(t_s), Some(people)) = (column("t_s"), column("people")) else {
        bail!("{shown}:1: expected the columns t_s and people, found `{}`", header.join(","));
    };
    let mut moments = Vec::new();
    for (number, line) in lines {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |column: usize| {
            let parsed: Option<f64> = fields.get(column).and_then(|text| text.parse().ok());
            parsed.filter(|value| value.is_finite() && *value >= 0.0)
        };
        let (Some(t_s), Some(people)) = (field(t_s), field(people)) else {
            bail!("{shown}:{number}: t_s and people must be numbers from 0 on, found `{line}`");
        };
        moments.push(Moment { t_s, people });
    }
    moments.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    Ok(moments)
}

/// Counts the first frame at or after each moment, scaled as the camera's pictures are.
fn count_moments(
    counter: &mut Counter,
    camera: &CameraPlan,
    scale: CountScale,
    footage: &SourceUri,
    moments: &[Moment],
) -> anyhow::Result<Vec<HandCount>> {
    let options = StreamOptions {
        count_fps: EVERY_FRAME_FPS,
        width_px: Some(scale.decoded_width_px()),
        pace: Pace::AsFastAsPossible,
        origin: Timestamp::default(),
        session: 1,
        connect: Connect::default(),
    };
    let stream = CameraStream::start(camera.id.as_str(), footage, options)?;
    let mut waiting = moments.iter().peekable();
    let mut heads = HeadScale::default();
    let (mut counts, mut last_t_s) = (Vec::new(), 0.0);
    for frame in stream.frames() {
        last_t_s = frame.captured_at.secs_since(Timestamp::default());
        while let Some(moment) = waiting.next_if(|moment| moment.t_s <= last_t_s + 1e-3) {
            let picture = frame.rgb().context("a frame cannot be read")?;
            let scale = heads.resolve(scale.of_picture(picture.width_px()), counter, picture)?;
            let count = counter.count_at(picture, scale)?;
            match count.validity {
                Validity::Valid => {
                    output::note(format!(
                        "{:>8.1} s  {:>6.1} counted  {:>4.0} there",
                        moment.t_s, count.people, moment.people
                    ));
                    counts.push(HandCount { counted: count.people, people: moment.people });
                }
                Validity::NotValid { reason } => {
                    output::note(format!("{:>8.1} s  left out: {reason}", moment.t_s));
                }
            }
        }
        if waiting.peek().is_none() {
            break;
        }
    }
    for event in stream.events().try_iter() {
        if let StreamEvent::Failed(fault) = event {
            return Err(fault.into());
        }
    }
    if let Some(moment) = waiting.find(|moment| moment.t_s > last_t_s + PAST_THE_END_SECS) {
        bail!(
            "the hand count at {} s lies past the footage's end at {last_t_s:.1} s ({footage})",
            moment.t_s
        );
    }
    Ok(counts)
}

/// Puts the correction into the site file, which is replaced only when the new one is without errors.
fn write(site: &Path, camera: &str, correction: Correction, hand_counts: usize) -> anyhow::Result<()> {
    let mut document = edit::read(site)?;
    let table = edit::camera_mut(&mut document, camera)?;
    let mut keys = Table::new();
    for (key, number) in
        [("scale", correction.scale), ("ratio_lo", correction.ratio_lo), ("ratio_hi", correction.ratio_hi)]
    {
        keys.insert(key, value((number * 1e4).round() / 1e4));
    }
    keys.insert("hand_counts", value(i64::try_from(hand_counts)?));
    table.insert("count_correction", Item::Table(keys));
    edit::replace(site, &document.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> anyhow::Result<Vec<Moment>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts.csv");
        fs::write(&path, text).unwrap();
        read_counts(&path)
    }

    #[test]
    fn hand_counts_are_read_by_column_and_sorted_by_time() {
        let moments = counts("people, note, t_s\n12, busy, 30.5\n\n3, quiet, 2\n").unwrap();
        assert_eq!(moments, [Moment { t_s: 2.0, people: 3.0 }, Moment { t_s: 30.5, people: 12.0 }]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let message = |text: &str| counts(text).unwrap_err().to_string();
        assert!(message("time,people\n1,2\n").contains("counts.csv:1: expected the columns t_s and people"));
        assert!(
            message("t_s,people\n1,2\n3,many\n").contains("counts.csv:3: t_s and people must be numbers")
        );
        assert!(message("").contains("expected the columns"));
    }
}
