//! A folder of pictures.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use image::{RgbImage, imageops};
use throng_models::counter::Validity;
use throng_models::evaluation::score::{Truth, score};
use throng_models::evaluation::sizes::{SIZES, SizeCounts};
use throng_models::picture::RgbView;

use super::{Evaluation, Progress, truth};
use crate::cli::still;

/// Counts every picture of the folder.
pub(super) fn evaluate(evaluation: &mut Evaluation, folder: &Path) -> anyhow::Result<()> {
    let pictures = truth::read_points(folder)?;
    let mut progress = Progress::start(&folder.display().to_string(), Some(pictures.len() as u64));
    for (image, truth) in pictures {
        if evaluation.interrupt.is_set() {
            break;
        }
        let path = folder.join(&image);
        let picture = still::load(&path)?;
        let view =
            view(&picture).with_context(|| format!("the picture has no pixels: {}", path.display()))?;
        let began = Instant::now();
        let count =
            evaluation.counter.count(view).with_context(|| format!("cannot count {}", path.display()))?;
        let secs = began.elapsed().as_secs_f64();
        let found = evaluation.add(&image, &picture, &count, &truth, secs)?;
        if evaluation.at_sizes.is_some()
            && let Some(counts) = at_other_sizes(evaluation, &picture, &truth)
                .with_context(|| format!("cannot count {} at another size", path.display()))?
            && let Some(at_sizes) = &mut evaluation.at_sizes
        {
            at_sizes.push(counts);
        }
        progress.step(&found);
    }
    progress.finish();
    Ok(())
}

fn view(picture: &RgbImage) -> Option<RgbView<'_>> {
    let (width_px, height_px) = (picture.width() as usize, picture.height() as usize);
    RgbView::new(picture, width_px, height_px, 3 * width_px)
}

/// Counts the picture as if it had been given at other sizes; `None` where one of them is refused.
fn at_other_sizes(
    evaluation: &mut Evaluation,
    picture: &RgbImage,
    truth: &Truth,
) -> anyhow::Result<Option<SizeCounts>> {
    let mut counts = SizeCounts { people_true: 0.0, people: [0.0; SIZES.len()] };
    for (factor, people) in SIZES.iter().zip(&mut counts.people) {
        let side = |px: u32| ((f64::from(px) * factor).round() as u32).max(1);
        let (width_px, height_px) = (side(picture.width()), side(picture.height()));
        let resized = imageops::resize(picture, width_px, height_px, imageops::FilterType::Triangle);
        let Some(view) = view(&resized) else { return Ok(None) };
        let count = evaluation.counter.count(view)?;
        if count.validity != Validity::Valid {
            return Ok(None);
        }
        let truth = Truth {
            heads_px: truth.heads_px.iter().map(|head| head.map(|at| at * factor)).collect(),
            ignored_px: truth.ignored_px.iter().map(|ignored| ignored.map(|at| at * factor)).collect(),
        };
        let size_px = [f64::from(width_px), f64::from(height_px)];
        let score = score(&count, &truth, size_px, evaluation.radius_px * factor, 0.0);
        (*people, counts.people_true) = (score.people, score.people_true);
    }
    Ok(Some(counts))
}
