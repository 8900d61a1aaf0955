//! A folder of pictures.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
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
        let (width_px, height_px) = (picture.width() as usize, picture.height() as usize);
        let view = RgbView::new(&picture, width_px, height_px, 3 * width_px)
            .with_context(|| format!("the picture has no pixels: {}", path.display()))?;
        let began = Instant::now();
        let count =
            evaluation.counter.count(view).with_context(|| format!("cannot count {}", path.display()))?;
        let secs = began.elapsed().as_secs_f64();
        let found = evaluation.add(&image, &picture, &count, &truth, secs)?;
        progress.step(&found);
    }
    progress.finish();
    Ok(())
}
