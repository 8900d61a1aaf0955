//! The site loop: one thread owns all analytic state; counted frames and acknowledgements come in, messages go out.

mod outside;
mod taking_up;

pub use self::outside::Outside;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};
use throng_analytics::{
    site::{Site, SiteReport},
    time::Timestamp,
    wire::{Ack, AckRecord, CameraState, StreamState},
};
use tokio::sync::mpsc;
use tracing::Span;

use crate::{
    beside::Beside,
    cameras::CameraMaker,
    clock::wall_clock,
    config::plan::Plan,
    counting::{CountedFrame, ReadyCamera},
    drone::DroneWatch,
    evidence::{Keeper, event::Acknowledged},
    exchange::Offer,
    latency::LatencyProbe,
    messages::Messages,
    publish::{BusHandle, Id},
    stream::{
        camera::{Camera, Status},
        options::Pace,
    },
    summary::Summary,
    traces,
    vision::watch::Trouble,
};

/// Longest silence after which time passes all the same: freshness must fall while nothing arrives.
const TICK: Duration = Duration::from_millis(200);

/// State is repeated at least this often, seconds, for bridges without memory (MQTT).
const STATE_EVERY_SECS: f64 = 1.0;

/// Acknowledging this and a camera's id confirms that its picture is right: view and sharpness are learned anew.
const PICTURE_INCIDENT: &str = "picture-";

/// A camera as the site loop watches it.
pub struct WatchedCamera {
    /// Id on the bus.
    pub id: Id,
    /// Its stream.
    pub stream: Camera,
    /// How often it was started anew, for another calibration.
    pub exchanges: u32,
    /// Whether it is calibrated in metres.
    pub is_calibrated: bool,
    /// Frames of it that were counted.
    pub frames_counted: u64,
    /// When the last of them was captured.
    pub captured_at: Option<Timestamp>,
    /// What is known of its flight, where it is on a drone.
    pub drone: Option<DroneWatch>,
    /// The state that was last told.
    pub told: Option<StreamState>,
    /// Set to say that its picture is right as it is.
    pub confirmed: Arc<AtomicBool>,
}

impl WatchedCamera {
    /// Whether the stream has come into another state since that was last told.
    fn has_news(&self, status: &Status) -> bool {
        self.told != Some(status.state)
    }
}

/// One step of a site, for whoever looks on: the frame that caused it, if one did, and what is known now.
pub struct Step<'a> {
    /// The plan that the site runs by.
    pub plan: &'a Plan,
    /// The frame.
    pub counted: Option<&'a CountedFrame>,
    /// What is known.
    pub report: &'a SiteReport,
    /// The bus, for those who answer.
    pub bus: &'a BusHandle,
}

/// Whoever looks on at every step. An error stops the run.
pub type Onlooker<'a> = dyn FnMut(Step<'_>) -> anyhow::Result<()> + 'a;

/// All that the loop works with.
pub struct SiteLoop<'a> {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The analytic state.
    pub site: Site,
    /// The cameras.
    pub cameras: Vec<WatchedCamera>,
    /// What starts cameras anew.
    pub maker: CameraMaker,
    /// Where the counting thread is told of them.
    pub started_anew: Sender<ReadyCamera>,
    /// Other plans.
    pub offers: Receiver<Offer>,
    /// What is counted.
    pub counted: Receiver<CountedFrame>,
    /// Acknowledgements from the bus.
    pub acks: Option<mpsc::Receiver<Ack>>,
    /// Signals from outside.
    pub outside: Outside,
    /// Where messages go.
    pub bus: BusHandle,
    /// This process on the bus.
    pub node: Id,
    /// What makes messages.
    pub messages: Messages,
    /// What is told and asked beside the bus.
    pub beside: Beside,
    /// What keeps evidence of alarms.
    pub evidence: Option<Keeper>,
    /// Measures capture to bus.
    pub latency: LatencyProbe,
    /// Decides which clock the site lives by.
    pub pace: Pace,
    /// Stops after this much site time, seconds.
    pub for_secs: Option<f64>,
    /// Says when to stop.
    pub must_stop: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Looks on.
    pub onlooker: &'a mut Onlooker<'a>,
}

impl SiteLoop<'_> {
    /// Runs until the cameras have ended, the time is over, or somebody asks to stop.
    ///
    /// # Errors
    /// The onlooker's, or a message that cannot be written.
    pub fn run(mut self) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        let (mut began, mut state_told): (Option<Timestamp>, Option<Timestamp>) = (None, None);
        let mut field_told: Option<Timestamp> = None;
        let mut decoded_before: BTreeMap<Id, (u64, Instant)> = BTreeMap::new();
        let mut report = SiteReport { now: wall_clock(), zones: Vec::new(), lines: Vec::new() };
        while !(self.must_stop)() {
            // Before it looks at a picture a site tells what it does not know yet: after a restart, how an incident stands.
            let received = match (self.pace, began) {
                (Pace::Realtime, None) => Err(RecvTimeoutError::Timeout),
                _ => self.counted.recv_timeout(TICK),
            };
            let counted = match received {
                Ok(counted) => Some(counted),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.take_up_offer(&mut summary) {
                report.zones.clear();
                report.lines.clear();
                decoded_before.clear();
            }
            // What was counted by a calibration that has gone lies elsewhere.
            let mut counted = counted.filter(|counted| self.is_current(counted));
            let now = match (self.pace, &counted) {
                (Pace::Realtime, _) => wall_clock(),
                (Pace::AsFastAsPossible, Some(counted)) => counted.observation.captured_at,
                // Footage that is read fast has no clock of its own while no picture comes.
                (Pace::AsFastAsPossible, None) => continue,
            };
            let began = *began.get_or_insert(now);
            if self.for_secs.is_some_and(|secs| now.secs_since(began) > secs) {
                break;
            }
            self.take_acks();
            self.take_signals(now);
            summary.frames_counted += u64::from(counted.is_some());
            let frame =
                counted.as_mut().map_or_else(Span::none, |counted| traces::take(&mut counted.frame.span));
            frame.in_scope(|| self.step(counted.as_ref(), now, &mut report))?;
            // Its way is over with the last message of it, whatever onlookers do.
            drop(frame);
            self.publish_signals(now)?;
            self.publish_field(now, &mut field_told)?;
            let is_due = state_told.is_none_or(|at| now.secs_since(at) >= STATE_EVERY_SECS);
            if is_due {
                state_told = Some(now);
            }
            self.publish_camera_states(now, is_due, &mut decoded_before)?;
            summary.observe(&report);
            (self.onlooker)(Step {
                plan: &self.plan,
                counted: counted.as_ref(),
                report: &report,
                bus: &self.bus,
            })?;
        }
        self.finish(summary)
    }

    /// Takes a frame in, where there is one, lets time pass, and tells what is known then.
    fn step(
        &mut self,
        counted: Option<&CountedFrame>,
        now: Timestamp,
        report: &mut SiteReport,
    ) -> anyhow::Result<()> {
        if let Some(counted) = counted {
            self.publish_count(counted, now)?;
            self.place(counted, now)?;
        }
        let step = traces::step();
        if let Some(counted) = counted {
            self.site.observe(&counted.observation);
            self.take_trouble(counted);
        }
        self.site.step_into(now, report);
        let lines = self.messages.lines(report)?;
        let messages = self.messages.zones(report)?;
        let more = self.beside.step(&messages, report, &mut self.messages)?;
        if let Some(evidence) = &mut self.evidence {
            evidence.observe(counted, report, messages.iter().chain(&more));
        }
        drop(step);
        let _publish = traces::publish().entered();
        self.bus.publish_all(lines);
        self.bus.publish_all(messages);
        for message in more {
            self.bus.publish(message);
        }
        Ok(())
    }

    /// Tells of what is wrong with a camera's pictures, and takes back what was measured in them since.
    fn take_trouble(&mut self, counted: &CountedFrame) {
        let camera = &*counted.frame.camera;
        let trouble = counted.trouble.as_ref();
        self.site.doubt(camera, trouble.and_then(Trouble::doubt));
        if let Some(believed_until) = trouble.and_then(Trouble::takes_back_to) {
            self.site.withdraw(camera, believed_until);
        }
        let cause = trouble.map(|trouble| &trouble.cause).or(counted.observation.count.as_ref().err());
        if let Some(watched) = self.cameras.iter().find(|watched| watched.id.as_str() == camera) {
            watched.stream.report_trouble(cause.cloned());
        }
    }

    fn take_acks(&mut self) {
        let Some(acks) = &mut self.acks else { return };
        while let Ok(ack) = acks.try_recv() {
            let record = AckRecord { operator: ack.operator, at: ack.at, shelved_until: ack.shelve_until };
            if confirms_picture(&self.cameras, &ack.incident) {
                tracing::info!(incident = ack.incident, "Picture confirmed by {}.", record.operator);
            } else if self.site.acknowledge(&ack.incident, &record) {
                tracing::info!(incident = ack.incident, "Acknowledged by {}.", record.operator);
                if let Some(evidence) = &mut self.evidence {
                    evidence.acknowledged(Acknowledged { incident: ack.incident, record });
                }
            } else {
                tracing::warn!(incident = ack.incident, "An acknowledgement names no running incident.");
            }
        }
    }

    /// Tells the analytics where the picture of a moving camera lies, and the bus too.
    fn place(&mut self, counted: &CountedFrame, now: Timestamp) -> anyhow::Result<()> {
        let camera = self.cameras.iter_mut().find(|c| c.id.as_str() == &*counted.frame.camera);
        let Some((camera, located)) = camera.zip(counted.located.as_ref()) else { return Ok(()) };
        let Some(watch) = &mut camera.drone else { return Ok(()) };
        watch.observe(located, counted.ego_residual);
        let Ok(placed) = &located.placed else { return Ok(()) };
        if let Ok(view) = &placed.view {
            self.site.move_camera(camera.id.as_str(), view);
        }
        let site = watch.site;
        self.bus.publish(self.messages.footprint(&camera.id, counted, placed, &site, now)?);
        Ok(())
    }

    fn publish_count(&mut self, counted: &CountedFrame, now: Timestamp) -> anyhow::Result<()> {
        let Some(camera) = self.cameras.iter_mut().find(|c| c.id.as_str() == &*counted.frame.camera) else {
            return Ok(());
        };
        camera.frames_counted += 1;
        camera.captured_at = Some(counted.observation.captured_at);
        let (seq, message) = self.messages.count(&camera.id, counted, camera.is_calibrated, now)?;
        self.latency.published(
            camera.id.as_str(),
            seq,
            counted.frame.captured_instant,
            counted.inference_secs,
        );
        self.bus.publish(message);
        Ok(())
    }

    /// Publishes the density raster where that is due and somebody listens.
    fn publish_field(&mut self, now: Timestamp, told: &mut Option<Timestamp>) -> anyhow::Result<()> {
        let is_due = told.is_none_or(|at| now.secs_since(at).abs() >= self.plan.field.every_secs);
        if !is_due || !self.bus.is_field_heard() {
            return Ok(());
        }
        let Some(raster) = self.site.density_raster(now, self.plan.field.cell_m) else { return Ok(()) };
        *told = Some(now);
        self.bus.publish(self.messages.field(raster, now)?);
        Ok(())
    }

    /// Publishes the state of every camera where that `is_due`, else of those whose state has changed.
    fn publish_camera_states(
        &mut self,
        now: Timestamp,
        is_due: bool,
        before: &mut BTreeMap<Id, (u64, Instant)>,
    ) -> anyhow::Result<()> {
        let bus_state = self.bus.state();
        let bus_trouble =
            bus_state.is_down().then(|| bus_state.to_string()).or_else(|| self.bus.outbox_trouble());
        for camera in &mut self.cameras {
            let status = camera.stream.status();
            if !is_due && !camera.has_news(&status) {
                continue;
            }
            camera.told = Some(status.state);
            let gives_pictures = matches!(status.state, StreamState::Live | StreamState::Degraded);
            self.bus.set_camera_alive(&camera.id, gives_pictures);
            let counters = camera.stream.counters();
            let (decoded, skipped, dropped) = (counters.decoded(), counters.skipped(), counters.dropped());
            let decoded_fps = before.get(&camera.id).and_then(|(frames, at)| {
                let secs = at.elapsed().as_secs_f64();
                (secs > 0.0 && decoded > 0).then(|| decoded.saturating_sub(*frames) as f64 / secs)
            });
            if is_due {
                before.insert(camera.id.clone(), (decoded, Instant::now()));
            }
            let fill = |envelope, counted_on| CameraState {
                envelope,
                camera: camera.id.as_str().to_owned(),
                state: status.state,
                cause: status.cause,
                since: status.since,
                video: status.video,
                decoded_fps,
                frames_decoded: decoded,
                frames_skipped: skipped,
                frames_counted: camera.frames_counted,
                frames_dropped: dropped,
                session: status.session,
                clock_behind_secs: status.clock_behind_secs,
                telemetry: camera.drone.as_ref().map(DroneWatch::state),
                bus: bus_trouble.clone(),
                counted_on,
            };
            let message = self.messages.camera_state(
                &camera.id,
                camera.captured_at,
                camera.is_calibrated,
                now,
                fill,
            )?;
            self.bus.publish(message);
        }
        Ok(())
    }

    /// Stops the streams and adds up what became of the frames.
    fn finish(self, mut summary: Summary) -> anyhow::Result<Summary> {
        // What was counted but not looked at any more.
        let unseen = self.counted.try_iter().count() as u64;
        drop(self.counted);
        let mut failures = Vec::new();
        for camera in self.cameras {
            let status = camera.stream.status();
            if let (StreamState::Ended, Some(cause)) = (status.state, &status.cause) {
                failures.push(format!("camera {}: {cause}", camera.id));
            }
            let counters = Arc::clone(camera.stream.counters());
            drop(camera.stream);
            summary.add_frames(&counters);
        }
        let accounted = summary.frames_counted + summary.frames_dropped.values().sum::<u64>();
        // Frames on their way when the run was stopped: in a slot, in the network, or counted and not looked at.
        let on_the_way = summary.frames_decoded.saturating_sub(accounted).max(unseen);
        if on_the_way > 0 {
            *summary.frames_dropped.entry("stopped".to_owned()).or_default() += on_the_way;
        }
        if summary.frames_decoded == 0 && !failures.is_empty() {
            anyhow::bail!("no camera gave a picture: {}", failures.join("; "));
        }
        Ok(summary)
    }
}

/// Whether an acknowledgement confirmed a camera's picture: its incident is `picture-` and the camera's id.
fn confirms_picture(cameras: &[WatchedCamera], incident: &str) -> bool {
    let Some(id) = incident.strip_prefix(PICTURE_INCIDENT) else { return false };
    let camera = cameras.iter().find(|camera| camera.id.as_str() == id);
    camera.inspect(|camera| camera.confirmed.store(true, Ordering::Relaxed)).is_some()
}
