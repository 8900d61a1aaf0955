//! A video with people marked in every frame.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use image::RgbImage;
use throng_analytics::time::Timestamp;
use throng_models::head_scale::HeadScale;

use super::{Evaluation, Progress, truth};
use crate::stream::connect::Connect;
use crate::stream::frame::Frame;
use crate::stream::options::{Pace, StreamEvent, StreamOptions};
use crate::stream::source::CameraStream;
use crate::stream::uri::SourceUri;

/// More than any camera delivers: every frame is counted.
const EVERY_FRAME_FPS: f64 = 10_000.0;

/// Counts every frame of `video` that `truth` knows.
pub(super) fn evaluate(evaluation: &mut Evaluation, video: &Path, truth: &Path) -> anyhow::Result<()> {
    let truth = truth::read_boxes(truth)?;
    let name = video.display().to_string();
    let options = StreamOptions {
        count_fps: EVERY_FRAME_FPS,
        width_px: None,
        pace: Pace::AsFastAsPossible,
        origin: Timestamp::default(),
        session: 1,
        connect: Connect::default(),
    };
    let stream = CameraStream::start(&name, &SourceUri::from_path(video)?, options)?;
    let mut heads = HeadScale::default();
    let mut progress = Progress::start(&name, Some(truth.len() as u64));
    for (number, frame) in (0_u64..).zip(stream.frames()) {
        if evaluation.interrupt.is_set() {
            break;
        }
        let Some(truth) = truth.get(&number) else { continue };
        let frame_name = format!("{name} frame {number}");
        let picture = copy(&frame).with_context(|| format!("{frame_name} cannot be read"))?;
        let view = frame.rgb().with_context(|| format!("{frame_name} cannot be read"))?;
        let began = Instant::now();
        let counter = &mut evaluation.counter;
        let count = heads
            .resolve(counter.scale(), counter, view)
            .and_then(|scale| counter.count_at(view, scale))
            .with_context(|| format!("cannot count {frame_name}"))?;
        let secs = began.elapsed().as_secs_f64();
        let found = evaluation.add(&frame_name, &picture, &count, truth, secs)?;
        progress.step(&found);
    }
    for event in stream.events().try_iter() {
        if let StreamEvent::Failed(fault) = event {
            return Err(fault.into());
        }
    }
    progress.finish();
    ensure!(
        !evaluation.scores.is_empty() || evaluation.refused > 0,
        "no frame of {name} has a number that the truth knows"
    );
    Ok(())
}

fn copy(frame: &Frame) -> Option<RgbImage> {
    let view = frame.rgb()?;
    let (width, height) = (view.width_px(), view.height_px());
    let bytes: Vec<u8> = (0..height).flat_map(|y| view.row(y).iter().copied()).collect();
    RgbImage::from_raw(width as u32, height as u32, bytes)
}
