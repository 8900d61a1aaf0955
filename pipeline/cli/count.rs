//! `throng count`: people in stills and video, without a site.

pub(crate) mod annotated;
mod input;
mod record;
mod video;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use throng_models::counter::{Counter, PictureCount, Validity};
use throng_models::picture::RgbView;

use self::input::Input;
use self::record::Record;
use super::exit_status::ExitStatus;
use super::interrupt::Interrupt;
use super::model_args::ModelArgs;
use super::output::{self, ReaderGone};
use super::progress::Progress;
use super::still;
use crate::config::redact;

/// `throng count`: counts people in stills and video without a site.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng count photo.jpg
  throng count pictures/ --json                      one JSON line a picture
  throng count street.mp4 --annotate street-heat.mp4 the density drawn over the video

What cannot be read is named on stderr; the others are still counted, and the exit code is 1.
A picture that shows nothing (black, white, noise) gets no count: its `valid` is false.")]
pub struct CountArgs {
    /// Pictures, videos, folders of pictures, or stream URIs.
    #[arg(required = true, value_name = "FILE|DIR|URL")]
    pub sources: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub model: ModelArgs,
    /// Write one JSON line for each picture or frame.
    #[arg(long)]
    pub json: bool,
    /// Draw the density as a heat map over the picture: .png for a still, .mp4 or .mkv for a video.
    #[arg(long, value_name = "OUT")]
    pub annotate: Option<PathBuf>,
}

/// Counts every source; one that fails is reported and the others are still counted.
///
/// # Errors
/// Where no counter can be opened or standard output cannot be written.
pub fn run(args: &CountArgs) -> anyhow::Result<ExitStatus> {
    let mut failures = Vec::new();
    let mut inputs = Vec::new();
    for source in &args.sources {
        match input::expand(source) {
            Ok(found) => inputs.extend(found),
            Err(error) => failures.push((redact::credentials(source), format!("{error:#}"))),
        }
    }
    if let Some(problem) = args.annotate.as_deref().and_then(|out| annotate_problem(out, &inputs)) {
        output::note(format!("throng: {problem}"));
        return Ok(ExitStatus::BadInput);
    }
    for (source, message) in &failures {
        report_failure(source, message, args.json, None)?;
    }
    let mut failed = failures.len();
    if !inputs.is_empty() {
        let mut run = CountRun {
            counter: args.model.open()?,
            json: args.json,
            annotate: args.annotate.as_deref(),
            interrupt: Interrupt::listen()?,
        };
        failed += run.count_all(&inputs)?;
    }
    if failed == 0 {
        return Ok(ExitStatus::Success);
    }
    output::note(format!(
        "throng: {failed} of {} sources could not be counted to their end",
        inputs.len() + failures.len()
    ));
    Ok(ExitStatus::Failure)
}

/// Why `out` cannot take the annotated form of these inputs; `None` where it can.
fn annotate_problem(out: &Path, inputs: &[Input]) -> Option<String> {
    let ending = out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let out = out.display();
    match inputs {
        [Input::Still(_)] if ["png", "jpg", "jpeg"].contains(&ending.as_str()) => None,
        [Input::Still(_)] => Some(format!("--annotate of a picture must end in .png or .jpg: {out}")),
        [Input::Video { .. }] if ["mp4", "mkv", "avi"].contains(&ending.as_str()) => None,
        [Input::Video { .. }] => Some(format!("--annotate of a video must end in .mp4, .mkv or .avi: {out}")),
        [] => None,
        several => {
            let sources = several.len();
            Some(format!(
                "--annotate takes one picture or one video, {sources} are given; count them one by one: {out}"
            ))
        }
    }
}

/// One run of the command over its inputs.
struct CountRun<'a> {
    counter: Counter,
    json: bool,
    annotate: Option<&'a Path>,
    interrupt: Interrupt,
}

impl CountRun<'_> {
    /// Counts all inputs and says how many failed.
    fn count_all(&mut self, inputs: &[Input]) -> anyhow::Result<usize> {
        let stills = inputs.iter().filter(|input| matches!(input, Input::Still(_))).count();
        // Videos show their own progress, one picture needs none.
        let mut progress = (stills > 1).then(|| Progress::start("pictures", Some(stills as u64)));
        let mut failed = 0;
        for input in inputs {
            if self.interrupt.is_set() {
                break;
            }
            let counted = match input {
                Input::Still(path) => self.count_still(path, progress.as_mut()),
                Input::Video { name, uri } => video::count(self, name, uri),
            };
            if let Err(error) = counted {
                if error.is::<ReaderGone>() {
                    return Err(error);
                }
                failed += 1;
                report_failure(&input.name(), &format!("{error:#}"), self.json, progress.as_ref())?;
            }
        }
        if let Some(progress) = progress {
            output::note(format!("{stills} pictures ({:.1} a second)", progress.finish()));
        }
        Ok(failed)
    }

    fn count_still(&mut self, path: &Path, progress: Option<&mut Progress>) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let still = still::load(path)?;
        let (width_px, height_px) = (still.width() as usize, still.height() as usize);
        let view = RgbView::new(&still, width_px, height_px, 3 * width_px)
            .with_context(|| format!("the picture has no pixels: {name}"))?;
        let count = self.counter.count(view).with_context(|| format!("cannot count {name}"))?;
        if self.json {
            output::json_line(&Record::of(&name, 0.0, &count))?;
        }
        let found = describe(&count);
        note(progress.as_deref(), format!("{name}: {found}"));
        if let Some(progress) = progress {
            progress.step(&found);
        }
        self.annotate.map_or(Ok(()), |out| annotated::save_still(out, still, &name, &count))
    }
}

/// Says what is wrong with a source, to people and to programs.
fn report_failure(
    source: &str,
    message: &str,
    json: bool,
    progress: Option<&Progress>,
) -> anyhow::Result<()> {
    note(progress, format!("throng: {message}"));
    if json {
        output::json_line(&Record::unreadable(source, 0.0, message))?;
    }
    Ok(())
}

fn note(progress: Option<&Progress>, text: String) {
    match progress {
        Some(progress) => progress.note(text),
        None => output::note(text),
    }
}

/// A count in a few words.
fn describe(count: &PictureCount) -> String {
    match &count.validity {
        Validity::Valid => {
            format!("{:.0} people [{:.0}–{:.0}]", count.people, count.people_lo, count.people_hi)
        }
        Validity::NotValid { reason } => format!("not counted: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::uri::SourceUri;

    #[test]
    fn an_annotated_file_must_suit_the_one_source() {
        let still = || Input::Still("a.jpg".into());
        let uri = SourceUri::parse("rtsp://host/a", Path::new(".")).unwrap();
        let video = || Input::Video { name: "a".to_owned(), uri: uri.clone() };
        let problem = |out: &str, inputs: &[Input]| annotate_problem(Path::new(out), inputs);
        assert_eq!(problem("out.PNG", &[still()]), None);
        assert_eq!(problem("out.mp4", &[video()]), None);
        assert_eq!(
            problem("out.mp4", &[still()]).unwrap(),
            "--annotate of a picture must end in .png or .jpg: out.mp4"
        );
        assert!(problem("out.png", &[video()]).unwrap().contains("must end in .mp4, .mkv or .avi"));
        assert!(problem("out.png", &[still(), still()]).unwrap().contains("2 are given"));
    }
}
