//! A scenario before a camera: filmed, encoded, and then read, counted and followed as `throng run` does it.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use crossbeam::channel::{Receiver, bounded, never};
use tempfile::TempDir;
use throng_analytics::camera::{Calibration, PointPair, STANDING_HEAD_HEIGHT_M};
use throng_analytics::site::{CameraModel, CameraObservation};
use throng_models::counter::{Counter, Options};
use throng_models::head_scale::HeadScale;
use throng_samples::crowd::scenario::Scenario;
use throng_samples::crowd::simulation::Simulation;
use throng_samples::evaluation::play::{START, Sensor, zones};
use throng_samples::rng::Rng;
use throng_samples::scene::{Scene, Weather, camera};

use crate::cli::interrupt::Interrupt;
use crate::config::plan::{CameraPlan, DEFAULT_COUNT_FPS, StreamPlan};
use crate::count_scale::CountScale;
use crate::counting::{self, Batching, CountedCamera, CountedFrame, ReadyCamera};
use crate::publish::Id;
use crate::stream::connect::Connect;
use crate::stream::options::{Pace, StreamEvent, StreamOptions};
use crate::stream::source::CameraStream;
use crate::stream::uri::SourceUri;
use crate::stream::writer::VideoWriter;
use crate::vision::watch::WatchSettings;

/// How well somebody who calibrates a camera hits the points of the ground in its picture, pixels.
const CLICK_SIGMA_PX: f64 = 1.0;

/// What to film with and count with.
#[derive(Clone, Debug)]
pub(super) struct FilmOptions {
    /// Light and weather.
    pub(super) weather: Weather,
    /// The model card.
    pub(super) card: PathBuf,
    /// Threads of the counter.
    pub(super) threads: usize,
}

/// The pipeline, watching a film.
pub(super) struct FilmedCrowd {
    model: CameraModel,
    counted: Receiver<CountedFrame>,
    next: Option<CountedFrame>,
    /// Both must live as long as frames are taken.
    _stream: CameraStream,
    _folder: TempDir,
}

impl FilmedCrowd {
    /// Films a scenario to its harm or its end, and begins to count; `None` where interrupted.
    ///
    /// # Errors
    /// The film cannot be written or read, the camera not be calibrated, or the model not be opened.
    pub(super) fn film(
        scenario: &Scenario,
        seed: u64,
        options: &FilmOptions,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Option<Self>> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder for the film")?;
        let path = folder.path().join("film.mkv");
        let scene = Scene::of(scenario.clone(), seed, options.weather).at_frames_per_s(DEFAULT_COUNT_FPS);
        if !write(scene, &path, interrupt)? {
            return Ok(None);
        }
        let zones = zones(scenario)?;
        let uri = SourceUri::from_path(&path)?;
        let plan = CameraPlan {
            id: Id::new("mast")?,
            stream: StreamPlan::of(&uri),
            uri,
            position_m: None,
            count_fps: DEFAULT_COUNT_FPS,
            count_width_px: None,
            calibration: calibrate(scenario, seed)?,
            count_correction: None,
            watch: WatchSettings::default(),
            drone: None,
        };
        let counter_options = Options { threads: options.threads, ..Options::default() };
        let counter = Counter::open(&options.card, &counter_options)?;
        let scale = CountScale::of(&plan, &zones, counter.info());
        scale.tell(&plan, &zones);
        let stream_options = StreamOptions {
            count_fps: plan.count_fps,
            width_px: Some(scale.decoded_width_px()),
            pace: Pace::AsFastAsPossible,
            origin: START,
            session: 1,
            connect: Connect::default(),
        };
        let stream = CameraStream::start(plan.id.as_str(), &plan.uri, stream_options)?;
        let counted_camera = CountedCamera {
            id: plan.id.clone(),
            exchanges: 0,
            frames: stream.frames().clone(),
            counters: stream.counters().clone(),
            calibration: plan.calibration.clone(),
            scale,
            heads: HeadScale::default(),
            correction: None,
            watch: plan.watch.clone(),
            confirmed: Arc::default(),
            drone: None,
        };
        let (sender, counted) = bounded(1);
        let alone = Batching { frames_max: 1, wait: Duration::ZERO };
        // The thread ends with the film, or when its frames are no longer taken.
        let ready = vec![ReadyCamera::new(counted_camera)?];
        drop(counting::start(counter, ready, never(), alone, sender)?);
        let next = counted.recv().ok();
        ensure!(next.is_some(), "the film of {} gives no picture: {}", scenario.id, fault(&stream));
        let model = CameraModel { id: plan.id.as_str().to_owned(), calibration: plan.calibration };
        Ok(Some(Self { model, counted, next, _stream: stream, _folder: folder }))
    }
}

impl Sensor for FilmedCrowd {
    fn model(&self) -> Option<CameraModel> {
        Some(self.model.clone())
    }

    fn due_secs(&self) -> f64 {
        self.next.as_ref().map_or(f64::INFINITY, |next| next.observation.captured_at.secs_since(START))
    }

    fn observe(&mut self, _simulation: &Simulation) -> Option<CameraObservation> {
        let next = self.counted.recv().ok();
        std::mem::replace(&mut self.next, next).map(|counted| counted.observation)
    }
}

/// Why a stream gives no pictures.
fn fault(stream: &CameraStream) -> String {
    let failed = stream.events().try_iter().find_map(|event| match event {
        StreamEvent::Failed(fault) => Some(fault.to_string()),
        StreamEvent::Live(_) | StreamEvent::Ended { .. } => None,
    });
    failed.unwrap_or_else(|| "it has none".to_owned())
}

/// Writes a film to its harm or its end; `false` where interrupted.
fn write(mut scene: Scene, path: &Path, interrupt: &Interrupt) -> anyhow::Result<bool> {
    let [width_px, height_px] = scene.size_px();
    let mut video = VideoWriter::create(path, width_px, height_px, DEFAULT_COUNT_FPS)?;
    while let Some(frame) = scene.next().filter(|frame| frame.harm_secs.is_none()) {
        if interrupt.is_set() {
            return Ok(false);
        }
        video.push(&frame.rgb, frame.t_secs)?;
    }
    video.finish()?;
    Ok(true)
}

/// The camera as somebody calibrates it who clicks on nine points of the ground: exact but for the clicks.
fn calibrate(scenario: &Scenario, seed: u64) -> anyhow::Result<Calibration> {
    let camera = camera(scenario);
    let corners = scenario.zones.iter().flat_map(|zone| &zone.outline);
    let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for corner in corners {
        lo = [0, 1].map(|k| lo[k].min(corner[k]));
        hi = [0, 1].map(|k| hi[k].max(corner[k]));
    }
    let mut rng = Rng::new(seed).fork(4);
    let thirds = [0.0, 0.5, 1.0];
    let places = thirds
        .into_iter()
        .flat_map(|x| thirds.map(|y| [lo[0] + x * (hi[0] - lo[0]), lo[1] + y * (hi[1] - lo[1])]));
    let pairs: Vec<PointPair> = places
        .filter_map(|at| {
            let [u, v] = camera.project([at[0], at[1], 0.0])?.in_image_px;
            let in_image_px = [u + rng.normal(0.0, CLICK_SIGMA_PX), v + rng.normal(0.0, CLICK_SIGMA_PX)];
            Some(PointPair { in_image_px, in_ground_m: at })
        })
        .collect();
    Calibration::from_point_pairs(
        &pairs,
        camera.image_width_px,
        camera.image_height_px,
        STANDING_HEAD_HEIGHT_M,
    )
    .with_context(|| format!("the camera of {} cannot be calibrated", scenario.id))
}

/// Threads that each of `workers` counters may use.
pub(super) fn threads_each(workers: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    (cores / workers.max(1)).max(1)
}
