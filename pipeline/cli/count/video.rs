//! Counting every frame of a video file, or what a stream delivers.

use anyhow::Context;
use throng_analytics::time::Timestamp;
use throng_models::counter::{PictureCount, Validity};
use throng_models::head_scale::HeadScale;

use super::annotated::AnnotatedVideo;
use super::record::Record;
use super::{CountRun, describe};
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::stream::connect::Connect;
use crate::stream::options::{Pace, StreamEvent, StreamInfo, StreamOptions};
use crate::stream::source::CameraStream;
use crate::stream::uri::SourceUri;

/// More than any camera delivers: every frame is counted.
const EVERY_FRAME_FPS: f64 = 10_000.0;

/// Stated in annotated videos of sources that state no rate.
const USUAL_FPS: f64 = 25.0;

/// Counts every frame of `uri`. What was counted before an error stands.
pub(super) fn count(run: &mut CountRun<'_>, name: &str, uri: &SourceUri) -> anyhow::Result<()> {
    let is_file = uri.path().is_some();
    let options = StreamOptions {
        count_fps: EVERY_FRAME_FPS,
        width_px: u32::try_from(run.counter.info().max_side_px).ok(),
        // A live stream cannot be slowed down: its newest frame is counted, and frames may be left out.
        pace: if is_file { Pace::AsFastAsPossible } else { Pace::Realtime },
        origin: Timestamp::default(),
        session: 1,
        connect: Connect::default(),
    };
    let stream = CameraStream::start(name, uri, options)?;
    let mut video = VideoCount::new(run, name);
    let mut heads = HeadScale::default();
    let mut end = Ok(());
    let mut began_at = is_file.then(Timestamp::default);
    for frame in stream.frames() {
        for event in stream.events().try_iter() {
            match event {
                StreamEvent::Live(info) => video.learn(&info),
                other => end = outcome(other),
            }
        }
        let t_s = frame.captured_at.secs_since(*began_at.get_or_insert(frame.captured_at));
        let view = frame.rgb().with_context(|| format!("a frame at {t_s:.1} s cannot be read: {name}"))?;
        let counter = &mut video.run.counter;
        let count = heads
            .resolve(counter.scale(), counter, view)
            .and_then(|scale| counter.count_at(view, scale))
            .with_context(|| format!("cannot count {name} at {t_s:.1} s"))?;
        if video.run.json {
            output::json_line(&Record::of(name, t_s, &count))?;
        }
        if let Some(annotated) = &mut video.annotated
            && let Err(error) = annotated.push(view, name, t_s, &count)
        {
            // The counts are worth more than the picture of them: go on without it and fail at the end.
            video.annotated = None;
            video.annotation_error = Some(error);
        }
        video.add(t_s, &count);
        if video.run.interrupt.is_set() {
            break;
        }
    }
    for event in stream.events().try_iter() {
        end = outcome(event);
    }
    drop(stream);
    video.finish()?;
    end
}

fn outcome(event: StreamEvent) -> anyhow::Result<()> {
    match event {
        StreamEvent::Live(_) | StreamEvent::Ended { early: None } => Ok(()),
        StreamEvent::Ended { early: Some(problem) } => Err(anyhow::Error::msg(problem)),
        StreamEvent::Failed(fault) => Err(fault.into()),
    }
}

/// What is known of a video so far.
struct VideoCount<'a, 'b> {
    run: &'a mut CountRun<'b>,
    name: &'a str,
    progress: Progress,
    annotated: Option<AnnotatedVideo>,
    annotation_error: Option<anyhow::Error>,
    frames: u64,
    frames_valid: u64,
    people_sum: f64,
    people_max: f64,
    people_max_at_s: f64,
    last_reason: Option<String>,
}

impl<'a, 'b> VideoCount<'a, 'b> {
    fn new(run: &'a mut CountRun<'b>, name: &'a str) -> Self {
        let annotated = run.annotate.map(|out| AnnotatedVideo::new(out, USUAL_FPS));
        Self {
            run,
            name,
            progress: Progress::start(name, None),
            annotated,
            annotation_error: None,
            frames: 0,
            frames_valid: 0,
            people_sum: 0.0,
            people_max: 0.0,
            people_max_at_s: 0.0,
            last_reason: None,
        }
    }

    /// Comes before the first frame.
    fn learn(&mut self, info: &StreamInfo) {
        let fps = info.fps.unwrap_or(USUAL_FPS);
        self.annotated = self.run.annotate.map(|out| AnnotatedVideo::new(out, fps));
        let frames = info.duration_secs.map(|secs| (secs * fps).round() as u64);
        self.progress = Progress::start(self.name, frames);
    }

    fn add(&mut self, t_s: f64, count: &PictureCount) {
        self.frames += 1;
        match &count.validity {
            Validity::Valid => {
                self.frames_valid += 1;
                self.people_sum += count.people;
                if count.people > self.people_max {
                    (self.people_max, self.people_max_at_s) = (count.people, t_s);
                }
            }
            Validity::NotValid { reason } => self.last_reason = Some(reason.clone()),
        }
        self.progress.step(&describe(count));
    }

    fn finish(self) -> anyhow::Result<()> {
        let frames_per_s = self.progress.finish();
        let (name, frames) = (self.name, self.frames);
        if self.frames_valid > 0 {
            let mean = self.people_sum / self.frames_valid as f64;
            let (max, max_at_s) = (self.people_max, self.people_max_at_s);
            output::note(format!(
                "{name}: {frames} frames, {mean:.1} people on average, at most {max:.0} at {max_at_s:.1} s \
                 ({frames_per_s:.1} frames/s)"
            ));
        }
        if let Some(reason) = self.last_reason {
            let skipped = frames - self.frames_valid;
            output::note(format!("{name}: {skipped} of {frames} frames were not counted: {reason}"));
        }
        if let Some(error) = self.annotation_error {
            return Err(error.context("the counts are complete, the annotated video is not"));
        }
        if let Some(annotated) = self.annotated {
            annotated.finish()?;
        }
        Ok(())
    }
}
