//! What the watchers of pictures say of a film, and how soon they notice lies that are put into it.

use std::path::Path;

use anyhow::Context;
use image::RgbImage;
use serde::Serialize;
use throng_analytics::time::Timestamp;
use throng_models::{guard, picture::RgbView};

use crate::{
    cli::{output, still},
    config::plan::DEFAULT_COUNT_FPS,
    stream::{
        connect::Connect,
        options::{Pace, StreamEvent, StreamOptions},
        source::CameraStream,
        uri::SourceUri,
    },
    vision::watch::{
        PictureWatch, WatchSettings,
        lies::{Liar, MadeLie},
    },
};

/// Width at which films are watched, pixels: about that at which most cameras are counted.
const WIDTH_PX: u32 = 640;

/// The part of a film's length in which a lie is told.
const TOLD: (f64, f64) = (0.5, 0.85);

/// What came of one film and one lie.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Finding {
    /// The film.
    pub film: String,
    /// The lie; absent where none was told.
    pub lie: Option<&'static str>,
    /// Length of what was watched, seconds.
    pub watched_secs: f64,
    /// What was said while nothing was wrong.
    pub false_alarms: Vec<String>,
    /// After how many seconds of the lie something was said.
    pub told_after_secs: Option<f64>,
    /// What.
    pub told: Option<String>,
    /// After how many seconds of truth it was taken back.
    pub recovered_after_secs: Option<f64>,
    /// The highest correlation with an earlier stretch: a loop is told from 0.7 on.
    pub loop_correlation: f64,
}

impl Finding {
    /// Whether what ought to be said was said, and nothing else.
    pub(super) fn is_right(&self) -> bool {
        self.false_alarms.is_empty() && (self.lie.is_none() || self.told_after_secs.is_some())
    }
}

/// Watches films, and stills in folders; with `lies` each film again for each lie.
///
/// # Errors
/// A film that cannot be read.
pub(super) fn watch(films: &[String], lies: bool) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for film in films {
        if Path::new(film).is_dir() {
            findings.push(stills(Path::new(film))?);
            continue;
        }
        let frames = read(film)?;
        findings.push(play(film, &frames, None)?);
        if lies {
            for lie in MadeLie::ALL {
                findings.push(play(film, &frames, Some(lie))?);
            }
        }
    }
    Ok(findings)
}

/// Photographs have no past: only what a single picture shows is looked for.
fn stills(folder: &Path) -> anyhow::Result<Finding> {
    let name = folder.display().to_string();
    let mut false_alarms = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {name}"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("jpg") || end.eq_ignore_ascii_case("png"))
        })
        .collect();
    files.sort();
    for file in &files {
        let picture = still::load(file)?;
        let reason = view(&picture).and_then(guard::reason_not_to_count);
        false_alarms.extend(reason.map(|reason| format!("{}: {reason}", file.display())));
    }
    let film = format!("{name} ({} pictures)", files.len());
    Ok(Finding {
        film,
        lie: None,
        watched_secs: 0.0,
        false_alarms,
        told_after_secs: None,
        told: None,
        recovered_after_secs: None,
        loop_correlation: 0.0,
    })
}

/// The film's pictures with their times, as they would be counted.
fn read(film: &str) -> anyhow::Result<Vec<(f64, RgbImage)>> {
    let uri = SourceUri::parse(film, Path::new("."))?;
    let options = StreamOptions {
        count_fps: DEFAULT_COUNT_FPS,
        width_px: Some(WIDTH_PX),
        pace: Pace::AsFastAsPossible,
        origin: Timestamp::default(),
        session: 1,
        connect: Connect::default(),
    };
    let stream = CameraStream::start("film", &uri, options)?;
    let mut frames = Vec::new();
    for frame in stream.frames() {
        let at = frame.captured_at.secs_since(Timestamp::default());
        let picture =
            frame.rgb().with_context(|| format!("a frame at {at:.1} s of {film} cannot be read"))?;
        let (width, height) = (picture.width_px(), picture.height_px());
        let rgb: Vec<u8> = (0..height).flat_map(|y| &picture.row(y)[..3 * width]).copied().collect();
        let image = RgbImage::from_raw(width as u32, height as u32, rgb).context("a frame has no pixels")?;
        frames.push((at, image));
    }
    for event in stream.events().try_iter() {
        if let StreamEvent::Failed(fault) = event {
            return Err(fault.into());
        }
    }
    Ok(frames)
}

fn play(film: &str, frames: &[(f64, RgbImage)], lie: Option<MadeLie>) -> anyhow::Result<Finding> {
    let watched_secs = frames.last().map_or(0.0, |(at, _)| *at);
    let (from, to) = (TOLD.0 * watched_secs, TOLD.1 * watched_secs);
    let mut liar = lie.map(Liar::new);
    let mut watch = PictureWatch::new(WatchSettings::default());
    let mut finding = Finding {
        film: film.to_owned(),
        lie: lie.map(MadeLie::name),
        watched_secs,
        false_alarms: Vec::new(),
        told_after_secs: None,
        told: None,
        recovered_after_secs: None,
        loop_correlation: 0.0,
    };
    let mut said: Option<String> = None;
    for (at, truth) in frames {
        let is_told = (from..to).contains(at);
        let shown = match &mut liar {
            Some(liar) if is_told => Some(liar.tell(truth.clone())),
            Some(liar) if *at < from => {
                liar.see(truth, *at);
                None
            }
            _ => None,
        };
        let Some(picture) = view(shown.as_ref().unwrap_or(truth)) else { continue };
        let says = match guard::reason_not_to_count(picture) {
            Some(reason) => Some(reason),
            None => watch.observe(picture, 1, Timestamp::default() + *at)?.map(|trouble| trouble.cause),
        };
        if liar.is_some() && is_told {
            if says.is_some() && finding.told_after_secs.is_none() {
                finding.told_after_secs = Some(at - from);
                finding.told.clone_from(&says);
            }
        } else if *at >= to && finding.told_after_secs.is_some() {
            if says.is_none() && finding.recovered_after_secs.is_none() {
                finding.recovered_after_secs = Some(at - to);
            }
        } else if let (Some(says), None) = (&says, &said) {
            finding.false_alarms.push(format!("{at:.1} s: {says}"));
        }
        said = says;
    }
    finding.loop_correlation = watch.loop_correlation();
    Ok(finding)
}

fn view(picture: &RgbImage) -> Option<RgbView<'_>> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    RgbView::new(picture.as_raw(), width, height, 3 * width)
}

/// The findings for people.
///
/// # Errors
/// Standard output is closed.
pub(super) fn print(findings: &[Finding]) -> anyhow::Result<()> {
    let secs = |secs: Option<f64>| secs.map_or_else(|| "-".to_owned(), |secs| format!("{secs:.1} s"));
    for finding in findings {
        match finding.lie {
            None if finding.watched_secs > 0.0 => output::line(format!(
                "{}: {:.0} s watched, {} false alarms (correlation with an earlier stretch at most {:.2})",
                finding.film,
                finding.watched_secs,
                finding.false_alarms.len(),
                finding.loop_correlation
            ))?,
            None => output::line(format!("{}: {} false alarms", finding.film, finding.false_alarms.len()))?,
            Some(lie) => output::line(format!(
                "  {lie:<26} noticed after {:>7}   taken back after {:>7}   {}",
                secs(finding.told_after_secs),
                secs(finding.recovered_after_secs),
                finding.told.as_deref().unwrap_or("")
            ))?,
        }
        for alarm in &finding.false_alarms {
            output::line(format!("    false alarm at {alarm}"))?;
        }
    }
    Ok(())
}
