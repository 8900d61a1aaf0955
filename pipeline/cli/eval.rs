//! `throng eval`: how far counts are from the truth, on pictures with marked heads or a video with boxes.

mod gallery;
mod stills;
mod truth;
mod video;

use std::path::PathBuf;

use anyhow::ensure;
use clap::{ArgGroup, Args};
use image::RgbImage;
use serde::Serialize;
use throng_models::counter::{Counter, PictureCount, Validity};
use throng_models::evaluation::score::{Score, Truth, score};
use throng_models::evaluation::sizes::{SizeConsistency, SizeCounts, size_consistency};
use throng_models::evaluation::summary::{Summary, summary};

use self::gallery::Gallery;
use super::exit_status::ExitStatus;
use super::interrupt::Interrupt;
use super::model_args::ModelArgs;
use super::output;
use super::progress::Progress;

/// `throng eval`: measures a model's error on pictures or video with known heads.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("footage").required(true).args(["data", "video"])))]
#[command(after_help = "Examples:
  throng eval --data counting/shanghaitech_b/test
  throng eval --data my-pictures/ --json | tail -1    the figures as one JSON line
  throng eval --data my-pictures/ --gallery worst/    worst/worst.png shows the pictures counted worst
  throng eval --video street.avi --truth street.xml   a video with boxes for every frame

DIR holds points.jsonl, one picture a line:
  {\"image\": \"images/1.jpg\", \"points\": [[95.2, 103.5], [297.4, 275.0]], \"ignore\": [[0, 0, 120, 40]]}
with heads and ignored rectangles (x, y, width, height) in pixels. A picture that the model refuses to count, because
it shows nothing, is told apart and has no part in the error.")]
pub struct EvalArgs {
    /// Folder with points.jsonl and its pictures.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Video with people marked in every frame.
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub video: Option<PathBuf>,
    /// Its boxes: XML with `<frame number>` and `<box xc yc w h>`, as PETS 2009 has it.
    #[arg(long, value_name = "FILE.xml", requires = "video")]
    pub truth: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub model: ModelArgs,
    /// A found head counts as a true one up to this distance, in pixels.
    #[arg(long, value_name = "PX", default_value_t = 16.0)]
    pub radius: f64,
    /// Write one JSON line for each picture, and the figures as the last.
    #[arg(long)]
    pub json: bool,
    /// Count each picture at half and at twice its size, too, and say how the counts differ.
    #[arg(long, conflicts_with = "video")]
    pub sizes: bool,
    /// Folder for worst.png, the pictures counted worst with their heat map.
    #[arg(long, value_name = "DIR")]
    pub gallery: Option<PathBuf>,
}

/// Counts every picture and sums up.
///
/// # Errors
/// Truth or pictures cannot be read, the model cannot be opened, or nothing could be counted.
pub fn run(args: &EvalArgs) -> anyhow::Result<ExitStatus> {
    ensure!(args.radius > 0.0 && args.radius.is_finite(), "--radius must be above 0, found {}", args.radius);
    let mut evaluation = Evaluation {
        counter: args.model.open()?,
        radius_px: args.radius,
        json: args.json,
        scores: Vec::new(),
        at_sizes: args.sizes.then(Vec::new),
        refused: 0,
        last_reason: None,
        gallery: args.gallery.as_deref().map(Gallery::in_folder).transpose()?,
        interrupt: Interrupt::listen()?,
    };
    match (&args.data, &args.video, &args.truth) {
        (Some(folder), _, _) => stills::evaluate(&mut evaluation, folder)?,
        (None, Some(video), Some(truth)) => video::evaluate(&mut evaluation, video, truth)?,
        _ => anyhow::bail!("name --data DIR, or --video FILE and --truth FILE.xml"),
    }
    evaluation.finish()?;
    Ok(ExitStatus::Success)
}

/// What was measured so far, and with what.
struct Evaluation {
    counter: Counter,
    radius_px: f64,
    json: bool,
    scores: Vec<Score>,
    /// Counts of the same pictures at other sizes; `None` where nobody asked.
    at_sizes: Option<Vec<SizeCounts>>,
    refused: usize,
    last_reason: Option<String>,
    gallery: Option<Gallery>,
    interrupt: Interrupt,
}

/// One picture of `--json`.
#[derive(Serialize)]
struct PictureLine<'a> {
    image: &'a str,
    people_true: f64,
    people: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    reason: Option<&'a str>,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct SummaryLine<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<&'a SizeConsistency>,
    /// Pictures that the model refused to count.
    refused: usize,
    model: &'a str,
    model_sha256: &'a str,
}

impl Evaluation {
    /// Takes one counted picture in.
    fn add(
        &mut self,
        name: &str,
        picture: &RgbImage,
        count: &PictureCount,
        truth: &Truth,
        secs: f64,
    ) -> anyhow::Result<String> {
        let size_px = [f64::from(picture.width()), f64::from(picture.height())];
        let line = |people_true, reason| PictureLine {
            image: name,
            people_true,
            people: (!count.people.is_nan()).then_some(count.people),
            lo: (!count.people.is_nan()).then_some(count.people_lo),
            hi: (!count.people.is_nan()).then_some(count.people_hi),
            reason,
        };
        if let Validity::NotValid { reason } = &count.validity {
            self.refused += 1;
            self.last_reason = Some(reason.clone());
            if self.json {
                output::json_line(&line(truth.heads_px.len() as f64, Some(reason)))?;
            }
            return Ok(format!("not counted: {reason}"));
        }
        let score = score(count, truth, size_px, self.radius_px, secs);
        if self.json {
            output::json_line(&line(score.people_true, None))?;
        }
        let found = format!("{:.0} of {:.0} people", score.people, score.people_true);
        if let Some(gallery) = &mut self.gallery {
            gallery.offer(name, picture, count, &score);
        }
        self.scores.push(score);
        Ok(found)
    }

    fn finish(self) -> anyhow::Result<()> {
        let Some(summary) = summary(&self.scores, self.radius_px) else {
            let reason = self.last_reason.unwrap_or_else(|| "there are none".to_owned());
            anyhow::bail!("none of {} pictures could be counted: {reason}", self.refused);
        };
        if let Some(reason) = &self.last_reason {
            output::note(format!("{} pictures were refused, the last because {reason}", self.refused));
        }
        if let Some(gallery) = &self.gallery {
            output::note(format!("the pictures counted worst: {}", gallery.save()?.display()));
        }
        show(&summary);
        let sizes = self.at_sizes.as_deref().and_then(size_consistency);
        if let Some(sizes) = &sizes {
            show_sizes(sizes);
        }
        if self.json {
            let info = self.counter.info();
            output::json_line(&SummaryLine {
                summary: &summary,
                sizes: sizes.as_ref(),
                refused: self.refused,
                model: &info.name,
                model_sha256: &info.sha256,
            })?;
        }
        Ok(())
    }
}

fn show(summary: &Summary) {
    let game: Vec<String> = summary.game.iter().map(|error| format!("{error:.2}")).collect();
    let heads = &summary.heads;
    output::note(format!(
        "{} pictures: MAE {:.2}, RMSE {:.2}, bias {:+.2} people, GAME(0..3) {}\n\
         the 90 % interval holds the truth in {:.0} % of them; {:.1} ms a picture\n\
         heads within {} px: precision {:.2}, recall {:.2}, F1 {:.2}",
        summary.images,
        summary.mae,
        summary.rmse,
        summary.bias,
        game.join(" "),
        100.0 * summary.coverage90,
        summary.ms_per_image,
        heads.radius_px,
        heads.precision,
        heads.recall,
        heads.f1,
    ));
    output::note("true people     pictures       MAE      bias  relative  covered");
    for stratum in &summary.strata {
        let range = match stratum.people_max {
            Some(max) => format!("{:.0}..{:.0}", stratum.people_min, max - 1.0),
            None => format!("{:.0} and more", stratum.people_min),
        };
        let relative =
            stratum.relative_error.map_or("-".to_owned(), |error| format!("{:.0} %", 100.0 * error));
        output::note(format!(
            "{range:<15} {:>8} {:>9.2} {:>+9.2} {relative:>9} {:>6.0} %",
            stratum.images,
            stratum.mae,
            stratum.bias,
            100.0 * stratum.coverage90,
        ));
    }
}

fn show_sizes(found: &SizeConsistency) {
    output::note(format!(
        "{} pictures of ten people or more at other sizes: counts within 20 % of each other in {:.0} % of them, half \
         differ by {:.0} % or less",
        found.images,
        100.0 * found.same_share,
        100.0 * found.median_spread,
    ));
    for ((size, mae), bias) in found.sizes.iter().zip(found.mae).zip(found.bias) {
        output::note(format!("{size:>4} times the size: MAE {mae:.2}, bias {bias:+.2} people"));
    }
}
