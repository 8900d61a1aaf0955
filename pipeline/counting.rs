//! The counting thread: takes the newest frame of each camera, counts its people and measures its motion.
//!
//! One thread owns the network session. Cameras wait for it in their slots of one, so a slow network drops frames
//! where they are counted, and never lets them grow old in a queue. On a GPU the frames of several cameras are counted
//! together, after a stated wait.

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use crossbeam::channel::{Receiver, Select, Sender};
use throng_analytics::{
    camera::Calibration,
    density_map::DensityMap,
    estimate::Estimate,
    site::{CameraObservation, ImageCount},
};
use throng_models::{
    correction::Correction,
    counter::{Counter, PictureCount, Validity},
    fit::Scale,
    head_scale::HeadScale,
    picture::RgbView,
};

use crate::{
    count_scale::CountScale,
    stream::{
        counters::{DropCause, FrameCounters},
        frame::Frame,
    },
    vision::motion::MotionMeter,
};

/// Largest difference of shape (width over height) at which a calibration still fits a picture, in parts of one.
const SHAPE_TOLERANCE: f64 = 0.02;

/// A camera as the counting thread knows it.
pub struct CountedCamera {
    /// Its frames.
    pub frames: Receiver<Frame>,
    /// What became of them.
    pub counters: Arc<FrameCounters>,
    /// Where its picture lies on the ground.
    pub calibration: Calibration,
    /// How large its pictures are counted.
    pub scale: CountScale,
    /// What that follows from where the calibration does not tell.
    pub heads: HeadScale,
    /// How its counts are corrected by counts made by hand.
    pub correction: Option<Correction>,
}

/// A frame with all that was measured in it.
#[derive(Debug)]
pub struct CountedFrame {
    /// The frame; its pixels are still there for drawing.
    pub frame: Frame,
    /// People in the whole picture; `None` where not valid.
    pub people: Option<Estimate>,
    /// What goes to the analytics, in pixels of the calibration image.
    pub observation: CameraObservation,
    /// Seconds that counting took: the network alone, and everything about it.
    pub inference_secs: f64,
    /// Seconds from taking the frame to handing it on.
    pub total_secs: f64,
}

/// How frames of several cameras are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Most frames in one run of the network; 1 counts each alone.
    pub frames_max: usize,
    /// How long the first frame waits for others.
    pub wait: Duration,
}

/// Starts the thread. It ends when every camera has ended, or when nobody takes what it counts.
///
/// # Errors
/// The thread cannot be started, or OpenCV is not usable.
pub fn start(
    mut counter: Counter,
    cameras: Vec<CountedCamera>,
    batching: Batching,
    counted: Sender<CountedFrame>,
) -> anyhow::Result<JoinHandle<()>> {
    let mut cameras = cameras
        .into_iter()
        .map(|camera| Ok((camera, MotionMeter::new()?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let work = move || {
        while let Some(batch) = next_batch(&mut cameras, batching) {
            let mut counts = counts(&mut counter, &mut cameras, &batch).into_iter();
            let mut frames = batch.into_iter();
            while let (Some((index, frame)), Some(count)) = (frames.next(), counts.next()) {
                let (camera, motion) = &mut cameras[index];
                if counted.send(finish(camera, motion, frame, count)).is_err() {
                    camera.counters.add_dropped(DropCause::Stopped);
                    for (index, _) in frames {
                        cameras[index].0.counters.add_dropped(DropCause::Stopped);
                    }
                    return;
                }
            }
        }
    };
    std::thread::Builder::new()
        .name("counting".to_owned())
        .spawn(work)
        .context("cannot start the counting thread")
}

/// The next frame of any camera, each with its camera's index, and those of other cameras that come while it may wait.
/// Ended cameras are taken out; `None` when all have ended.
fn next_batch(
    cameras: &mut Vec<(CountedCamera, MotionMeter)>,
    batching: Batching,
) -> Option<Vec<(usize, Frame)>> {
    let mut batch = vec![next_frame(cameras)?];
    let deadline = Instant::now() + batching.wait;
    let mut others: Vec<usize> = (0..cameras.len()).filter(|index| *index != batch[0].0).collect();
    while batch.len() < batching.frames_max && !others.is_empty() {
        let mut select = Select::new();
        for index in &others {
            select.recv(&cameras[*index].0.frames);
        }
        let Ok(ready) = select.select_deadline(deadline) else { break };
        let index = others.remove(ready.index());
        // A camera that has ended is taken out when it is first looked at the next time.
        batch.extend(ready.recv(&cameras[index].0.frames).ok().map(|frame| (index, frame)));
    }
    Some(batch)
}

/// The next frame of any camera, and which; ended cameras are taken out. `None` when all have ended.
fn next_frame(cameras: &mut Vec<(CountedCamera, MotionMeter)>) -> Option<(usize, Frame)> {
    while !cameras.is_empty() {
        let mut select = Select::new();
        for (camera, _) in cameras.iter() {
            select.recv(&camera.frames);
        }
        let ready = select.select();
        let index = ready.index();
        match ready.recv(&cameras[index].0.frames) {
            Ok(frame) => return Some((index, frame)),
            Err(_ended) => drop(cameras.remove(index)),
        }
    }
    None
}

/// People in a frame in pixels of the calibration image, or why there is no count; and the seconds it took.
struct FrameCount {
    count: Result<ImageCount, String>,
    inference_secs: f64,
    total_secs: f64,
}

/// The people of each frame of a batch.
fn counts<'a>(
    counter: &mut Counter,
    cameras: &mut [(CountedCamera, MotionMeter)],
    batch: &'a [(usize, Frame)],
) -> Vec<FrameCount> {
    let began = Instant::now();
    let pictures: Vec<Result<RgbView<'a>, String>> =
        batch.iter().map(|(index, frame)| picture_of(&cameras[*index].0, frame)).collect();
    let scaled = |(picture, (index, _)): (&Result<RgbView<'a>, String>, &(usize, Frame))| {
        let picture = *picture.as_ref().ok()?;
        let camera = &mut cameras[*index].0;
        let scale = camera.heads.resolve(camera.scale.of_picture(picture.width_px()), counter, picture);
        Some(scale.map(|scale| (picture, scale)))
    };
    let fit: Vec<Result<(RgbView<'a>, Scale), _>> = pictures.iter().zip(batch).filter_map(scaled).collect();
    let pictures_to_count = fit.len();
    let counted = fit.into_iter().collect::<Result<Vec<_>, _>>().and_then(|fit| counter.count_batch(&fit));
    let mut counted = match counted {
        Ok(counts) => counts.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(format!("the network failed: {error}")); pictures_to_count],
    }
    .into_iter();
    let total_secs = began.elapsed().as_secs_f64();
    pictures
        .into_iter()
        .zip(batch)
        .map(|(picture, (index, _))| {
            let count = picture.and_then(|picture| {
                let count = counted.next().unwrap_or_else(|| Err("the network gave no count".to_owned()))?;
                let inference_secs = count.inference_secs;
                Ok((on_calibration_image(count, &cameras[*index].0, picture)?, inference_secs))
            });
            let (count, inference_secs) = match count {
                Ok((count, secs)) => (Ok(count), secs),
                Err(reason) => (Err(reason), 0.0),
            };
            FrameCount { count, inference_secs, total_secs }
        })
        .collect()
}

/// The picture of a frame; or why it cannot be counted.
fn picture_of<'a>(camera: &CountedCamera, frame: &'a Frame) -> Result<RgbView<'a>, String> {
    let [width, height] = camera.calibration.image_size_px().map(f64::from);
    let (source_width, source_height) = (f64::from(frame.source_width_px), f64::from(frame.source_height_px));
    if (source_width / source_height / (width / height) - 1.0).abs() > SHAPE_TOLERANCE {
        return Err(format!(
            "the picture is {source_width} x {source_height} but the calibration is for {width} x {height}: \
             calibrate the camera anew"
        ));
    }
    frame.rgb().ok_or_else(|| "the picture cannot be read".to_owned())
}

/// A count in pixels of the calibration image, corrected as the camera's counts are; or why there is none.
fn on_calibration_image(
    count: PictureCount,
    camera: &CountedCamera,
    picture: RgbView<'_>,
) -> Result<ImageCount, String> {
    // Counts by hand tell how wrong the model is here, whatever the heads' size.
    let count = match camera.correction {
        Some(correction) => correction.apply(count),
        None if camera.scale.is_off_range() => count.off_head_size_range(),
        None => count,
    };
    let PictureCount { density, validity, people_lo, people_hi, .. } = count;
    let [width, height] = camera.calibration.image_size_px().map(f64::from);
    match validity {
        Validity::NotValid { reason } => Err(reason),
        Validity::Valid => {
            let density = DensityMap {
                px_per_cell_x: density.px_per_cell_x * width / picture.width_px() as f64,
                px_per_cell_y: density.px_per_cell_y * height / picture.height_px() as f64,
                ..density
            };
            Ok(ImageCount { density, people_lo, people_hi })
        }
    }
}

/// A counted frame with its motion, ready for the analytics.
fn finish(
    camera: &CountedCamera,
    motion: &mut MotionMeter,
    frame: Frame,
    counted: FrameCount,
) -> CountedFrame {
    let began = Instant::now();
    let FrameCount { count, inference_secs, total_secs } = counted;
    let [image_width_px, _] = camera.calibration.image_size_px();
    let motion = motion.measure(&frame, image_width_px).unwrap_or_else(|error| {
        tracing::warn!(camera = &*frame.camera, "Motion not measured: {error:#}.");
        None
    });
    CountedFrame {
        people: count.as_ref().ok().map(|count: &ImageCount| Estimate {
            lo: count.people_lo,
            value: count.density.people(),
            hi: count.people_hi,
        }),
        observation: CameraObservation {
            camera: frame.camera.to_string(),
            captured_at: frame.captured_at,
            count,
            motion,
        },
        inference_secs,
        total_secs: total_secs + began.elapsed().as_secs_f64(),
        frame,
    }
}
