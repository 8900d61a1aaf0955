//! The counting thread: takes the newest frame of each camera, counts its people and measures its motion.
//!
//! One thread owns the network session. Cameras wait for it in their slots of one, so a slow network drops frames
//! where they are counted, and never lets them grow old in a queue.

use std::{sync::Arc, thread::JoinHandle};

use anyhow::Context;
use crossbeam::channel::{Receiver, Select, Sender};
use throng_analytics::{
    camera::Calibration,
    density_map::DensityMap,
    estimate::Estimate,
    site::{CameraObservation, ImageCount},
};
use throng_models::counter::{Counter, PictureCount, Validity};

use crate::{
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

/// Starts the thread. It ends when every camera has ended, or when nobody takes what it counts.
///
/// # Errors
/// The thread cannot be started, or OpenCV is not usable.
pub fn start(
    mut counter: Counter,
    cameras: Vec<CountedCamera>,
    counted: Sender<CountedFrame>,
) -> anyhow::Result<JoinHandle<()>> {
    let mut cameras = cameras
        .into_iter()
        .map(|camera| Ok((camera, MotionMeter::new()?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let work = move || {
        while let Some((index, frame)) = next_frame(&mut cameras) {
            let (camera, motion) = &mut cameras[index];
            if counted.send(count(&mut counter, camera, motion, frame)).is_err() {
                camera.counters.add_dropped(DropCause::Stopped);
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("counting".to_owned())
        .spawn(work)
        .context("cannot start the counting thread")
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

fn count(
    counter: &mut Counter,
    camera: &CountedCamera,
    motion: &mut MotionMeter,
    frame: Frame,
) -> CountedFrame {
    let began = std::time::Instant::now();
    let (count, inference_secs) = match people_in(counter, &camera.calibration, &frame) {
        Ok((count, secs)) => (Ok(count), secs),
        Err(reason) => (Err(reason), 0.0),
    };
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
        total_secs: began.elapsed().as_secs_f64(),
        frame,
    }
}

/// The people of a frame in pixels of the calibration image, and the seconds the network took; or why there is no
/// count.
fn people_in(
    counter: &mut Counter,
    calibration: &Calibration,
    frame: &Frame,
) -> Result<(ImageCount, f64), String> {
    let picture = frame.rgb().ok_or_else(|| "the picture cannot be read".to_owned())?;
    let [width, height] = calibration.image_size_px().map(f64::from);
    let (source_width, source_height) = (f64::from(frame.source_width_px), f64::from(frame.source_height_px));
    if (source_width / source_height / (width / height) - 1.0).abs() > SHAPE_TOLERANCE {
        return Err(format!(
            "the picture is {source_width} x {source_height} but the calibration is for {width} x {height}: \
             calibrate the camera anew"
        ));
    }
    let count = counter.count(picture).map_err(|error| format!("the network failed: {error}"))?;
    let PictureCount { density, validity, people_lo, people_hi, inference_secs, .. } = count;
    match validity {
        Validity::NotValid { reason } => Err(reason),
        Validity::Valid => {
            let density = DensityMap {
                px_per_cell_x: density.px_per_cell_x * width / picture.width_px() as f64,
                px_per_cell_y: density.px_per_cell_y * height / picture.height_px() as f64,
                ..density
            };
            Ok((ImageCount { density, people_lo, people_hi }, inference_secs))
        }
    }
}
