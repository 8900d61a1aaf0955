//! A camera for as long as the site runs: one thread connects, watches what comes, and connects again.
//!
//! What is to be done is decided by the pure [`Lifecycle`]; here it is told what happened, and obeyed. Connecting and
//! letting go may take as long as the network likes: nobody waits for this thread.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use crossbeam::channel::{Receiver, Sender, bounded, never, select};
use throng_analytics::{
    time::Timestamp,
    wire::{StreamState, VideoInfo},
};

use super::{
    counters::FrameCounters,
    frame::Frame,
    lifecycle::{Act, Happening, Lifecycle, Patience},
    open::first_picture_within,
    options::{StreamEvent, StreamInfo, StreamOptions},
    source::{CameraStream, Outlet},
    telemetry::book::PoseBook,
    uri::SourceUri,
};
use crate::{clock::wall_clock, locked::locked};

/// How often it looks whether pictures still come.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is wrong where decoding cannot follow.
const BEHIND: &str = "pictures come late to the decoder, since this machine or the network cannot follow, and those between \
                      key frames are left out; use fewer cameras, a smaller stream, or a decoder in hardware";

/// The first picture of a camera is waited for by its life cycle alone.
const FOR_EVER: Duration = Duration::MAX;

/// A camera that is read for as long as this lives.
pub struct Camera {
    frames: Receiver<Frame>,
    counters: Arc<FrameCounters>,
    /// Ends a hand-over that waits.
    stopping: Arc<AtomicBool>,
    shared: Arc<Shared>,
    /// Closed to stop the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a camera is looked after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Care {
    /// How long it is waited for.
    pub patience: Patience,
    /// Whether footage begins anew at its end, each time as a session of its own.
    pub loops: bool,
}

impl Care {
    /// What suits `uri` where a site says nothing.
    pub fn of(uri: &SourceUri) -> Self {
        let patience = if uri.is_footage() { Patience::FOOTAGE } else { Patience::default() };
        Self { patience, loops: false }
    }
}

/// How a camera's stream is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Where it is in its life.
    pub state: StreamState,
    /// Why it is not simply live.
    pub cause: Option<String>,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// Number of the latest attempt to connect, from 1; 0 before the first.
    pub session: u64,
    /// What the latest connection that gave pictures brought.
    pub video: Option<VideoInfo>,
    /// The camera's clock behind ours, seconds, where the stream tells it.
    pub clock_behind_secs: Option<f64>,
}

/// What the thread and its owner share.
struct Shared {
    status: Mutex<Status>,
    trouble: Mutex<Option<String>>,
}

impl Camera {
    /// Starts the thread, which connects at once. Whatever is wrong with the source is told by [`status`](Self::status):
    /// a source that is not there is none yet.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(id: &str, uri: &SourceUri, options: StreamOptions, care: Care) -> anyhow::Result<Self> {
        Self::start_with_poses(id, uri, options, care, None)
    }

    /// The same; telemetry that travels in the stream is written into `poses`, if given.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with_poses(
        id: &str,
        uri: &SourceUri,
        options: StreamOptions,
        care: Care,
        poses: Option<Arc<PoseBook>>,
    ) -> anyhow::Result<Self> {
        let outlet = Outlet { poses, ..Outlet::new(options.pace_of(uri)) };
        let status = Status {
            state: StreamState::Waiting,
            cause: None,
            since: wall_clock(),
            session: 0,
            video: None,
            clock_behind_secs: None,
        };
        let shared = Arc::new(Shared { status: Mutex::new(status), trouble: Mutex::new(None) });
        let (stop, stopped) = bounded(0);
        let (frames, counters) = (outlet.frames.clone(), Arc::clone(&outlet.counters));
        let stopping = Arc::clone(&outlet.stopping);
        let worker = Worker {
            id: id.to_owned(),
            uri: uri.clone(),
            loops: care.loops,
            options,
            lifecycle: Lifecycle::new(care.patience, RandomState::new().hash_one(id)),
            began: Instant::now(),
            connection: None,
            outlet,
            shared: Arc::clone(&shared),
            stopped,
        };
        let thread = std::thread::Builder::new()
            .name(format!("camera-{id}"))
            .spawn(move || worker.run())
            .context("cannot start the thread of a camera")?;
        Ok(Self { frames, counters, stopping, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Frames as they are to be counted; disconnected after the last one.
    pub fn frames(&self) -> &Receiver<Frame> {
        &self.frames
    }

    /// What became of its frames, over all connections.
    pub fn counters(&self) -> &Arc<FrameCounters> {
        &self.counters
    }

    /// How its stream is doing.
    pub fn status(&self) -> Status {
        locked(&self.shared.status).clone()
    }

    /// Says what is wrong with the pictures that come, in words for people; `None`: nothing. It holds until the next
    /// connection or the next word.
    pub fn report_trouble(&self, trouble: Option<String>) {
        *locked(&self.shared.trouble) = trouble;
    }
}

/// Lets the source go and waits for the thread.
impl Drop for Camera {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread of a camera ended by a panic.");
        }
    }
}

/// The thread's own state.
struct Worker {
    id: String,
    uri: SourceUri,
    loops: bool,
    options: StreamOptions,
    lifecycle: Lifecycle,
    began: Instant,
    connection: Option<Connection>,
    outlet: Outlet,
    shared: Arc<Shared>,
    stopped: Receiver<()>,
}

/// A connection and what was last seen of it.
struct Connection {
    stream: CameraStream,
    pictures: u64,
    picture_at: Instant,
    data: u64,
    skipped: u64,
    info: Option<StreamInfo>,
}

impl Worker {
    fn run(mut self) {
        let mut event = None;
        loop {
            self.step(event.take());
            if self.lifecycle.state() == StreamState::Ended {
                return;
            }
            let none = never();
            let events = self.connection.as_ref().map_or(&none, |connection| connection.stream.events());
            select! {
                recv(self.stopped) -> _ => return,
                // A connection that has ended is let go of in the same step.
                recv(events) -> received => event = received.ok(),
                default(LOOK_EVERY) => {}
            }
        }
    }

    /// Takes in what happened since the last step, in the order in which it happened.
    fn step(&mut self, event: Option<StreamEvent>) {
        let trouble = locked(&self.shared.trouble).clone();
        let is_behind = self.connection.as_ref().is_some_and(|connection| connection.stream.is_behind());
        self.observe(Happening::Trouble(trouble.or_else(|| is_behind.then(|| BEHIND.to_owned()))));
        let progress = self.connection.as_mut().map_or(Happening::Nothing, Connection::look);
        self.observe(progress);
        match event {
            Some(StreamEvent::Live(info)) => self.learn(info),
            Some(StreamEvent::Ended { .. }) if self.loops => self.observe(Happening::Again),
            Some(StreamEvent::Ended { early }) if self.uri.is_footage() => {
                self.observe(Happening::Ended { note: early });
            }
            Some(StreamEvent::Ended { .. }) => {
                let cause = format!("the source ended the stream ({})", self.uri);
                self.observe(Happening::Failed { cause, refused: false });
            }
            Some(StreamEvent::Failed(fault)) => self.fail(fault.to_string(), fault.is_refusal),
            None => {}
        }
        self.tell();
    }

    fn observe(&mut self, happening: Happening) {
        let now_secs = self.began.elapsed().as_secs_f64();
        match self.lifecycle.observe(now_secs, happening) {
            Some(Act::Open { session }) => {
                self.tell();
                self.open(session);
            }
            Some(Act::Close) => drop(self.connection.take()),
            None => {}
        }
    }

    /// Footage that cannot be read will not become readable, and a camera that it is read for once is done; what is to go on for
    /// ever may come back.
    fn fail(&mut self, cause: String, refused: bool) {
        self.observe(if self.uri.is_footage() && !self.loops {
            Happening::Ended { note: Some(cause) }
        } else {
            Happening::Failed { cause, refused }
        });
    }

    fn open(&mut self, session: u64) {
        *locked(&self.shared.trouble) = None;
        let options = StreamOptions { session, ..self.options.clone() };
        let stopping = Arc::new(AtomicBool::new(false));
        let outlet = self.outlet.clone();
        let patience = if self.uri.is_footage() { first_picture_within(&self.uri) } else { FOR_EVER };
        match CameraStream::connect(&self.id, &self.uri, options, outlet, stopping, patience) {
            Ok(stream) => self.connection = Some(Connection::new(stream)),
            Err(error) => self.fail(format!("{error:#}"), false),
        }
    }

    fn learn(&mut self, info: StreamInfo) {
        if let Some(connection) = &mut self.connection {
            connection.info = Some(info);
        }
    }

    /// Tells how the stream is doing, and the log where that is news.
    fn tell(&self) {
        let (state, cause) = (self.lifecycle.state(), self.lifecycle.cause().map(str::to_owned));
        let video = self.connection.as_ref().and_then(Connection::video);
        let behind_secs = self.connection.as_ref().and_then(|c| c.stream.clock_behind_secs());
        let mut status = locked(&self.shared.status);
        let is_new = state != status.state;
        let is_news =
            is_new && !(state == StreamState::Connecting || cause == status.cause && cause.is_some());
        if is_new {
            status.since = wall_clock();
        }
        (status.state, status.session) = (state, self.lifecycle.session());
        if video.is_some() {
            status.video = video;
        }
        status.clock_behind_secs = behind_secs;
        // While it connects again, what went wrong before is still the cause, and no news.
        status.cause = cause;
        if is_news {
            log(&self.id, &status);
        }
    }
}

impl Connection {
    fn new(stream: CameraStream) -> Self {
        Self { stream, pictures: 0, picture_at: Instant::now(), data: 0, skipped: 0, info: None }
    }

    /// What has come since the last look.
    fn look(&mut self) -> Happening {
        let (pictures, data, skipped) =
            (self.stream.pictures_forward(), self.stream.data(), self.stream.skipped());
        let before = (self.pictures, self.data);
        self.stream.counters().add_skipped(skipped - self.skipped);
        (self.pictures, self.data, self.skipped) = (pictures, data, skipped);
        if pictures > before.0 {
            self.picture_at = Instant::now();
            return Happening::Pictures;
        }
        if data == before.1 {
            return Happening::Nothing;
        }
        // While pictures are skipped, decoded ones come seldom, and those that are skipped show that more are to come.
        let quiet_secs = self.stream.longest_quiet_secs();
        let is_as_meant = pictures > 0 && self.picture_at.elapsed().as_secs_f64() < quiet_secs;
        if is_as_meant { Happening::Pictures } else { Happening::Data }
    }

    fn video(&self) -> Option<VideoInfo> {
        let info = self.info.as_ref()?;
        let (format, decoder) = self.stream.coding().map(|c| (c.format, c.decoder)).unzip();
        Some(VideoInfo { width_px: info.width_px, height_px: info.height_px, format, decoder })
    }
}

fn log(camera: &str, status: &Status) {
    let cause = status.cause.as_deref().unwrap_or("no reason is known");
    match status.state {
        StreamState::Live => {
            let video = status.video.as_ref();
            let size =
                video.map(|v| format!(": {} x {} pixels", v.width_px, v.height_px)).unwrap_or_default();
            let decoder = video.and_then(|v| v.decoder.as_deref()).unwrap_or("no decoder");
            tracing::info!(camera, "Live{size}, {decoder}.");
        }
        StreamState::Degraded => tracing::warn!(camera, "Degraded: {cause}."),
        StreamState::Stale => tracing::warn!(camera, "No new picture: {cause}."),
        StreamState::Ended if status.cause.is_none() => tracing::info!(camera, "The footage has ended."),
        StreamState::Ended if status.video.is_some() => tracing::warn!(camera, "Source: {cause}."),
        StreamState::Ended => tracing::error!(camera, "No pictures: {cause}."),
        StreamState::Waiting | StreamState::Lost if status.cause.is_none() => {
            tracing::debug!(camera, "The footage begins anew.");
        }
        StreamState::Waiting | StreamState::Lost | StreamState::HeldBack => {
            tracing::error!(camera, "No pictures, trying again: {cause}.");
        }
        StreamState::Connecting => tracing::debug!(camera, "Connecting."),
    }
}
