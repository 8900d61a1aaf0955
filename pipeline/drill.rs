//! An exercise: a simulated crush in the zones of a real site, told as a site of its own beside the real one.
//!
//! Nothing of the real site is touched. The exercise has its own session on the bus, its own zones (the ground of the
//! simulation, by the names and thresholds of the real ones), its own incidents, and every message of it says `drill`. It
//! asks no loudspeaker and tells no other convention. The crowd is simulated and seen by a tracker with its errors; from
//! there on it goes the same way as people in pictures.

mod course;
mod plan;

pub use self::{
    course::{Course, ZoneCourse},
    plan::exercise_plan,
};

use std::{
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use throng_analytics::{
    level::Level,
    site::{Site, SiteModel, SiteReport},
    time::Timestamp,
    warning::Change,
    wire::{Ack, AckRecord, ModelRef, WarningTransition},
    zone::Zone,
};
use throng_samples::{
    crowd::{scenario::Scenario, sensor::SensorConfig, simulation::Simulation},
    evaluation::{play::Sensor as _, tracks::TrackedCrowd},
};
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    clock::wall_clock,
    config::plan::{FieldPlan, Plan},
    locked::locked,
    messages::{Header, Messages},
    publish::{Bus, Id},
    site_bus::bus_options,
    stream::options::Pace,
};

/// Which course of chance is simulated; the same scenario goes the same way.
const SEED: u64 = 1;

/// An exercise that runs, or has ended.
pub struct Drill {
    course: Arc<Mutex<Course>>,
    stop: Sender<String>,
    thread: Option<JoinHandle<()>>,
}

impl Drill {
    /// Begins an exercise by a plan of [`exercise_plan`] and the scenario that it was made with; `keep` is told what came
    /// of it.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(
        plan: Plan,
        scenario: Scenario,
        course: Course,
        keep: impl FnOnce(&Course) + Send + 'static,
    ) -> Result<Self> {
        let course = Arc::new(Mutex::new(course));
        let (stop, stopped) = bounded(1);
        let told = Arc::clone(&course);
        let work = move || {
            let ended = run(&plan, scenario, &told, &stopped);
            let why = ended.unwrap_or_else(|error| {
                tracing::error!("The exercise has failed: {error:#}.");
                format!("it failed: {error:#}")
            });
            let course = {
                let mut course = locked(&told);
                (course.ended_because, course.ended_at) = (Some(why), Some(wall_clock()));
                course.clone()
            };
            keep(&course);
        };
        let thread = std::thread::Builder::new().name("exercise".to_owned()).spawn(work);
        Ok(Self { course, stop, thread: Some(thread.context("cannot start the thread of an exercise")?) })
    }

    /// Ends it soon, for a reason; waits for nothing.
    pub fn stop(&self, because: &str) {
        // One reason is enough.
        self.stop.try_send(because.to_owned()).ok();
    }

    /// What has come of it so far.
    pub fn course(&self) -> Course {
        locked(&self.course).clone()
    }
}

/// Ends it, and waits until the bus has been told.
impl Drop for Drill {
    fn drop(&mut self) {
        self.stop("the console ended");
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("The thread of an exercise ended by a panic.");
        }
    }
}

/// Runs an exercise to its end; why it ended.
fn run(
    plan: &Plan,
    scenario: Scenario,
    course: &Mutex<Course>,
    stopped: &Receiver<String>,
) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("exercise-bus")
        .enable_all()
        .build()
        .context("cannot start the network thread")?;
    let mut simulation = Simulation::new(scenario, SEED);
    // What fills the place before anything happens.
    simulation.advance_to(0.0);
    let mut stage = Stage::open(plan, &runtime)?;
    let began = Instant::now();
    locked(course).started_at = wall_clock();
    let ended = stage.play(&mut simulation, began, course, stopped);
    let cleared = stage.clear();
    runtime.block_on(stage.bus.close());
    runtime.shutdown_timeout(Duration::from_millis(500));
    cleared.and(ended)
}

/// The exercise's own site and its place on the bus.
struct Stage {
    bus: Bus,
    acks: Option<mpsc::Receiver<Ack>>,
    messages: Messages,
    sensor: TrackedCrowd,
    site: Site,
    report: SiteReport,
    field: FieldPlan,
    field_told: Option<Timestamp>,
}

impl Stage {
    fn open(plan: &Plan, runtime: &Runtime) -> Result<Self> {
        let node = Id::new(format!("throng-{}-drill", std::process::id()))?;
        let mut bus = runtime.block_on(Bus::open(bus_options(plan, &node, Pace::Realtime)?))?;
        let header = Header {
            site: plan.site_id.clone(),
            node,
            model: ModelRef { name: "simulation".to_owned(), sha256: plan.config_sha256.clone() },
            counted_on: None,
            config_sha256: plan.config_sha256.clone(),
            drill: true,
            place: plan.place,
            notes: vec!["an exercise: simulated people".to_owned()],
            numbering: bus.left().numbering.clone(),
        };
        let outlines = plan.zones.iter().map(|zone: &Zone| &zone.outline);
        let sensor = TrackedCrowd::new(SensorConfig::default(), outlines, SEED);
        let model = SiteModel {
            id: plan.site_id.to_string(),
            cameras: vec![sensor.model().context("the ground of the scenario is too large")?],
            zones: plan.zones.clone(),
            lines: Vec::new(),
        };
        Ok(Self {
            acks: bus.take_acks(),
            bus,
            messages: Messages::new(header, &plan.zones)?,
            sensor,
            site: Site::new(model),
            report: SiteReport { now: wall_clock(), zones: Vec::new(), lines: Vec::new() },
            field: plan.field,
            field_told: None,
        })
    }

    /// Plays to the end of the scenario, to the harm, or until somebody ends it; why it ended.
    fn play(
        &mut self,
        simulation: &mut Simulation,
        began: Instant,
        course: &Mutex<Course>,
        stopped: &Receiver<String>,
    ) -> Result<String> {
        // A machine that is too slow for the crowd plays it slowly, and never late.
        let mut held_up = Duration::ZERO;
        loop {
            let due_secs = self.sensor.due_secs();
            if due_secs >= simulation.scenario().duration_secs {
                return Ok("the scenario is over".to_owned());
            }
            if simulation.truth().harm_secs().is_some() {
                return Ok("people would have come to harm".to_owned());
            }
            simulation.advance_to(due_secs);
            let due = began + held_up + Duration::from_secs_f64(due_secs);
            match stopped.recv_deadline(due) {
                Ok(because) => return Ok(because),
                Err(RecvTimeoutError::Timeout) => held_up += due.elapsed(),
                Err(RecvTimeoutError::Disconnected) => return Ok("the console ended".to_owned()),
            }
            let at_secs = began.elapsed().as_secs_f64();
            self.take_acks(at_secs, course);
            let now = wall_clock();
            if let Some(mut observation) = self.sensor.observe(simulation) {
                observation.captured_at = now;
                self.site.observe(&observation);
            }
            self.site.step_into(now, &mut self.report);
            self.publish(now)?;
            locked(course).observe(at_secs, &self.report, simulation.truth());
        }
    }

    fn take_acks(&mut self, at_secs: f64, course: &Mutex<Course>) {
        let Some(acks) = &mut self.acks else { return };
        while let Ok(ack) = acks.try_recv() {
            let record = AckRecord { operator: ack.operator, at: ack.at, shelved_until: ack.shelve_until };
            if self.site.acknowledge(&ack.incident, &record) {
                locked(course).acknowledged(at_secs, &ack.incident);
            }
        }
    }

    fn publish(&mut self, now: Timestamp) -> Result<()> {
        let bus = self.bus.handle();
        bus.publish_all(self.messages.zones(&self.report)?);
        let is_due = self.field_told.is_none_or(|at| now.secs_since(at) >= self.field.every_secs);
        if is_due
            && bus.is_field_heard()
            && let Some(raster) = self.site.density_raster(now, self.field.cell_m)
        {
            self.field_told = Some(now);
            bus.publish(self.messages.field(raster, now)?);
        }
        Ok(())
    }

    /// Says that every incident of the exercise is over, since nobody will tell of it any more.
    fn clear(&mut self) -> Result<()> {
        self.report.now = wall_clock();
        for zone in &mut self.report.zones {
            let over = |incident| Change {
                transition: WarningTransition::Cleared,
                from: zone.level,
                to: Some(Level::Normal),
                incident,
                escalate: false,
            };
            zone.changes = zone.incident.take().map(over).into_iter().collect();
            zone.level = Some(Level::Normal);
            zone.notes = vec!["the exercise is over".to_owned()];
        }
        self.bus.handle().publish_all(self.messages.zones(&self.report)?);
        Ok(())
    }
}
