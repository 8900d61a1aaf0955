//! The counting thread: takes the newest frame of each camera, counts its people and measures its motion.
//!
//! One thread owns the network session. Cameras wait for it in their slots of one, so a slow network drops frames
//! where they are counted, and never lets them grow old in a queue. On a GPU the frames of several cameras are counted
//! together, after a stated wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use crossbeam::channel::{Receiver, Select, Sender, never};
use throng_analytics::{
    camera::{Calibration, MovingView},
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
use tracing::Span;

use crate::{
    count_scale::CountScale,
    drone::{Drone, Located},
    publish::Id,
    stream::{
        counters::{DropCause, FrameCounters},
        frame::Frame,
    },
    traces,
    vision::{
        ego_motion::EgoResidual,
        motion::MotionMeter,
        moving_motion::MovingMeter,
        watch::{PictureWatch, Shift, Trouble, WatchSettings},
    },
};

/// Largest difference of shape (width over height) at which a calibration still fits a picture, in parts of one.
const SHAPE_TOLERANCE: f64 = 0.02;

/// A camera as the counting thread knows it.
pub struct CountedCamera {
    /// Its id.
    pub id: Id,
    /// How often it was started anew before, for another calibration.
    pub exchanges: u32,
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
    /// How its pictures are watched.
    pub watch: WatchSettings,
    /// Set when somebody confirms that the picture is right as it is.
    pub confirmed: Arc<AtomicBool>,
    /// What tells where its pictures lie, for a camera that moves.
    pub drone: Option<Drone>,
}

/// What follows a camera's pictures from one to the next.
struct Eyes {
    motion: MotionMeter,
    moving_motion: MovingMeter,
    watch: PictureWatch,
}

/// A camera that is ready to be counted.
pub struct ReadyCamera(CountedCamera, Eyes);

impl ReadyCamera {
    /// Gets a camera ready.
    ///
    /// # Errors
    /// OpenCV is not usable.
    pub fn new(camera: CountedCamera) -> anyhow::Result<Self> {
        let eyes = Eyes {
            motion: MotionMeter::new()?,
            moving_motion: MovingMeter::default(),
            watch: PictureWatch::new(camera.watch.clone()),
        };
        Ok(Self(camera, eyes))
    }
}

/// A frame with all that was measured in it.
#[derive(Debug)]
pub struct CountedFrame {
    /// The frame; its pixels are still there for drawing.
    pub frame: Frame,
    /// Which start of the camera it is of: [`CountedCamera::exchanges`].
    pub exchanges: u32,
    /// People in the whole picture; `None` where not valid.
    pub people: Option<Estimate>,
    /// What goes to the analytics, in pixels of the calibration image.
    pub observation: CameraObservation,
    /// What is wrong with the camera's pictures, if something is.
    pub trouble: Option<Trouble>,
    /// Where the picture lies, for a camera that moves.
    pub located: Option<Located>,
    /// How far the ground still seemed to move between two pictures of such a camera.
    pub ego_residual: Option<EgoResidual>,
    /// Seconds that counting took: the network alone, and everything about it.
    pub inference_secs: f64,
    /// Seconds from taking the frame to handing it on.
    pub total_secs: f64,
}

impl CountedFrame {
    /// Where the picture of a camera that moves lies; `None` for one that stands, and where its telemetry does not tell.
    pub fn moving_view(&self) -> Option<&MovingView> {
        self.located.as_ref()?.placed.as_ref().ok()?.view.as_ref().ok()
    }
}

/// How frames of several cameras are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Most frames in one run of the network; 1 counts each alone.
    pub frames_max: usize,
    /// How long the first frame waits for others.
    pub wait: Duration,
}

/// Starts the thread. It ends when every camera has ended, or when nobody takes what it counts. A camera that comes from
/// `exchanged` takes the place of the one with its id.
///
/// # Errors
/// The thread cannot be started.
pub fn start(
    mut counter: Counter,
    mut cameras: Vec<ReadyCamera>,
    mut exchanged: Receiver<ReadyCamera>,
    batching: Batching,
    counted: Sender<CountedFrame>,
) -> anyhow::Result<JoinHandle<()>> {
    let work = move || {
        while let Some(mut batch) = next_batch(&mut cameras, &mut exchanged, batching) {
            for (_, frame) in &mut batch {
                frame.span = traces::frame(frame);
            }
            let mut located = locate(&mut cameras, &batch).into_iter();
            let mut counts = counts(&mut counter, &mut cameras, &batch).into_iter();
            let mut frames = batch.into_iter();
            while let (Some((index, frame)), Some(count)) = (frames.next(), counts.next()) {
                let ReadyCamera(camera, eyes) = &mut cameras[index];
                let located = located.next().flatten();
                if counted.send(finish(camera, eyes, frame, count, located)).is_err() {
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
    cameras: &mut Vec<ReadyCamera>,
    exchanged: &mut Receiver<ReadyCamera>,
    batching: Batching,
) -> Option<Vec<(usize, Frame)>> {
    let mut batch = vec![next_frame(cameras, exchanged)?];
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
fn next_frame(
    cameras: &mut Vec<ReadyCamera>,
    exchanged: &mut Receiver<ReadyCamera>,
) -> Option<(usize, Frame)> {
    while !cameras.is_empty() {
        let mut select = Select::new();
        for ReadyCamera(camera, _) in cameras.iter() {
            select.recv(&camera.frames);
        }
        select.recv(exchanged);
        let ready = select.select();
        let index = ready.index();
        if index == cameras.len() {
            match ready.recv(exchanged) {
                Ok(camera) => take_in(cameras, camera),
                Err(_closed) => *exchanged = never(),
            }
            continue;
        }
        match ready.recv(&cameras[index].0.frames) {
            Ok(frame) => return Some((index, frame)),
            Err(_ended) => drop(cameras.remove(index)),
        }
    }
    None
}

/// Puts a camera in the place of the one with its id, or beside the others where that has ended.
fn take_in(cameras: &mut Vec<ReadyCamera>, camera: ReadyCamera) {
    match cameras.iter_mut().find(|known| known.0.id == camera.0.id) {
        Some(known) => *known = camera,
        None => cameras.push(camera),
    }
}

/// Where the picture of each frame of a batch lies, for cameras that move; their scale follows the heads.
fn locate(cameras: &mut [ReadyCamera], batch: &[(usize, Frame)]) -> Vec<Option<Located>> {
    let locate = |(index, frame): &(usize, Frame)| {
        let ReadyCamera(camera, _) = &mut cameras[*index];
        let drone = camera.drone.as_mut()?;
        let located = drone.locate(frame);
        if let Some(scale) = drone.rescaled(&camera.scale, &located, frame.captured_at) {
            camera.scale = scale;
        }
        Some(located)
    };
    batch.iter().map(locate).collect()
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
    cameras: &mut [ReadyCamera],
    batch: &'a [(usize, Frame)],
) -> Vec<FrameCount> {
    let began = Instant::now();
    let model = &counter.info().name;
    let _spans: Vec<Span> = batch.iter().map(|(_, frame)| traces::count(&frame.span, model)).collect();
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
        None if camera.scale.is_off_range() || camera.heads.is_off_range() => count.off_head_size_range(),
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
    eyes: &mut Eyes,
    frame: Frame,
    counted: FrameCount,
    located: Option<Located>,
) -> CountedFrame {
    let began = Instant::now();
    let _span = traces::motion(&frame.span).entered();
    let FrameCount { count, inference_secs, total_secs } = counted;
    let trouble = trouble(camera, &mut eyes.watch, &frame, count.is_ok());
    let people = count.as_ref().ok().map(|count: &ImageCount| Estimate {
        lo: count.people_lo,
        value: count.density.people(),
        hi: count.people_hi,
    });
    let people = people.filter(|_| trouble.as_ref().is_none_or(Trouble::leaves_count));
    traces::counted(&frame.span, people.map(|people| people.value));
    let count = match &trouble {
        Some(trouble) if !trouble.leaves_ground() => Err(trouble.cause.clone()),
        _ => count,
    };
    let [image_width_px, _] = camera.calibration.image_size_px();
    let measured = match &located {
        None => eyes.motion.measure(&frame, image_width_px).map(|field| field.map(|field| (field, None))),
        Some(located) => {
            let people = count.as_ref().ok().map(|count| &count.density);
            let ego = located.ego.as_ref();
            let measured = eyes.moving_motion.measure(&frame, image_width_px, ego, people);
            measured.map(|measured| measured.map(|(field, residual)| (field, Some(residual))))
        }
    };
    let measured = measured.unwrap_or_else(|error| {
        tracing::warn!(camera = &*frame.camera, "Motion not measured: {error:#}.");
        None
    });
    let (motion, ego_residual) = measured.unzip();
    CountedFrame {
        exchanges: camera.exchanges,
        people,
        trouble,
        observation: CameraObservation {
            camera: frame.camera.to_string(),
            captured_at: frame.captured_at,
            // People whose place is not known are no density; the picture's count is still good.
            count: match located.as_ref().and_then(Located::reason) {
                Some(reason) => Err(reason.to_owned()),
                None => count,
            },
            motion,
        },
        located,
        ego_residual: ego_residual.flatten(),
        inference_secs,
        total_secs: total_secs + began.elapsed().as_secs_f64(),
        frame,
    }
}

/// What is wrong with a camera's pictures, with what it means on the ground and what to do.
fn trouble(
    camera: &CountedCamera,
    watch: &mut PictureWatch,
    frame: &Frame,
    is_counted: bool,
) -> Option<Trouble> {
    if camera.confirmed.swap(false, Ordering::Relaxed) {
        watch.confirm();
    }
    // What cannot be counted for its own sake says so itself, and teaches the watchers nothing.
    let picture = frame.rgb().filter(|_| is_counted)?;
    let mut trouble = match watch.observe(picture, frame.session, frame.captured_at) {
        Ok(trouble) => trouble?,
        Err(error) => {
            tracing::warn!(camera = &*frame.camera, "The picture is not watched: {error:#}.");
            return None;
        }
    };
    if let Some(shift_m) = trouble.shift.and_then(|shift| shift_on_ground_m(&camera.calibration, shift)) {
        trouble.cause = format!("{}, by about {shift_m:.1} m on the ground", trouble.cause);
    }
    if !trouble.leaves_ground() {
        trouble.cause = format!("{} (if it is right, acknowledge picture-{})", trouble.cause, frame.camera);
    }
    Some(trouble)
}

/// How far a shift of the view puts people from where they are: the median over the ground that can be trusted.
fn shift_on_ground_m(calibration: &Calibration, shift: Shift) -> Option<f64> {
    let region = calibration.trust_region()?;
    let size_px = calibration.image_size_px().map(f64::from);
    let to_ground = calibration.ground_from_image();
    let mut shifts_m: Vec<f64> = (0..100)
        .filter_map(|index| {
            let place = [(f64::from(index % 10) + 0.5) / 10.0, (f64::from(index / 10) + 0.5) / 10.0];
            let point_px = [place[0] * size_px[0], place[1] * size_px[1]];
            let was = to_ground.apply(point_px).filter(|point| region.contains(*point))?;
            let is = to_ground.apply(shift.apply(point_px, size_px))?;
            Some((is[0] - was[0]).hypot(is[1] - was[1]))
        })
        .collect();
    let middle = shifts_m.len() / 2;
    (middle < shifts_m.len()).then(|| *shifts_m.select_nth_unstable_by(middle, f64::total_cmp).1)
}
