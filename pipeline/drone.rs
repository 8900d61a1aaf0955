//! A drone's camera: where each of its pictures lies, what its own motion does to them, and how late its telemetry is.

use std::{sync::Arc, time::Duration};

use throng_analytics::{
    camera::DroneCamera, ground::head_widths_px, time::Timestamp, wire::TelemetryState, zone::Zone,
};

use crate::{
    config::plan::DronePlan,
    count_scale::CountScale,
    pose_source::PoseSource,
    stream::{
        frame::Frame,
        telemetry::{
            book::{PoseBook, PoseClock},
            delay::{DelayMeter, MeasuredDelay},
            placing::{DroneSite, PlacedPicture},
            track::NoPose,
        },
    },
    vision::{
        ego_motion::{EgoMotion, EgoResidual},
        shift::ShiftMeter,
    },
};

/// How long a picture of a film that is read fast waits for the telemetry of its moment, which lies beside it and may be read a
/// little later. A live picture never waits: other cameras are counted by the same thread.
pub const PATIENCE_WITH_FOOTAGE: Duration = Duration::from_millis(500);

/// Pictures for which that is done while no telemetry has come at all.
const PATIENT_PICTURES: u64 = 30;

/// How long a scale for counting is kept, seconds: a network that is given another size begins anew.
const RESCALE_SECS: f64 = 2.0;

/// A drone's camera as the counting thread knows it.
pub struct Drone {
    site: DroneSite,
    book: Arc<PoseBook>,
    zones: Vec<Zone>,
    /// What the site states; measured where it does not.
    stated_delay_secs: Option<f64>,
    patience: Duration,
    delay: DelayMeter,
    shift: ShiftMeter,
    before: Option<Before>,
    rescaled_at: Option<Timestamp>,
}

/// The picture before.
struct Before {
    session: u64,
    stream_secs: f64,
    camera: Option<DroneCamera>,
}

/// Where a picture lies, and what is known of that.
#[derive(Clone, Debug)]
pub struct Located {
    /// The picture on the ground; or what is missing for that.
    pub placed: Result<PlacedPicture, String>,
    /// What the camera's own motion did to it since the one before.
    pub ego: Option<EgoMotion>,
    /// How far in time the nearest telemetry is, seconds.
    pub age_secs: Option<f64>,
    /// How late the picture is against the telemetry.
    pub delay: Option<MeasuredDelay>,
}

impl Located {
    /// Why nothing is counted in the picture, if nothing is.
    pub fn reason(&self) -> Option<&str> {
        match &self.placed {
            Ok(placed) => placed.view.as_ref().err().map(String::as_str),
            Err(reason) => Some(reason),
        }
    }
}

/// A drone's camera as the site loop watches it.
#[derive(Clone, Debug)]
pub struct DroneWatch {
    /// What the site states of it.
    pub site: DroneSite,
    source: &'static str,
    book: Option<Arc<PoseBook>>,
    newest: Option<(Located, Option<EgoResidual>)>,
}

impl DroneWatch {
    /// Nothing seen yet.
    pub fn new(plan: &DronePlan, poses: Option<&PoseSource>) -> Self {
        let book = poses.map(|poses| Arc::clone(poses.book()));
        Self { site: plan.site, source: plan.telemetry.name(), book, newest: None }
    }

    /// Takes in where the newest picture lies.
    pub fn observe(&mut self, located: &Located, residual: Option<EgoResidual>) {
        self.newest = Some((located.clone(), residual));
    }

    /// How the telemetry is doing.
    pub fn state(&self) -> TelemetryState {
        let (messages, unreadable) = self.book.as_ref().map_or((0, 0), |book| book.messages());
        let newest = self.newest.as_ref();
        let located = newest.map(|(located, _)| located);
        let delay = located.and_then(|located| located.delay);
        let placed = located.and_then(|located| located.placed.as_ref().ok());
        let residual = newest.and_then(|(_, residual)| *residual);
        TelemetryState {
            source: self.source.to_owned(),
            messages,
            messages_unreadable: unreadable,
            age_secs: located.and_then(|located| located.age_secs),
            delay_secs: delay.map(|delay| delay.secs),
            delay_correlation: delay.map(|delay| delay.correlation),
            depression_deg: placed.map(|placed| placed.camera.depression_rad().to_degrees()),
            height_above_ground_m: placed.map(|placed| placed.camera.position_m()[2]),
            ego_motion_by_poses_px: residual.map(|residual| residual.by_poses_px),
            ego_motion_left_px: residual.map(|residual| residual.left_px),
            withheld: located.and_then(Located::reason).map(str::to_owned),
        }
    }
}

impl Drone {
    /// For a camera whose poses are written into `book`. A picture waits for `patience` for the telemetry of its moment.
    pub fn new(
        site: DroneSite,
        book: Arc<PoseBook>,
        zones: Vec<Zone>,
        stated_delay_secs: Option<f64>,
        patience: Duration,
    ) -> Self {
        Self {
            site,
            book,
            zones,
            stated_delay_secs,
            patience,
            delay: DelayMeter::default(),
            shift: ShiftMeter::default(),
            before: None,
            rescaled_at: None,
        }
    }

    /// Where a picture lies.
    pub fn locate(&mut self, frame: &Frame) -> Located {
        self.measure_delay(frame);
        let at_secs = self.at_secs(frame);
        let (messages, _) = self.book.messages();
        let is_coming = messages > 0 || frame.seq < PATIENT_PICTURES;
        let found = self.book.look_up(at_secs, if is_coming { self.patience } else { Duration::ZERO });
        let age_secs = found.as_ref().ok().map(|at| at.age_secs);
        let placed = match found {
            Ok(at) => self.site.place(&at),
            Err(NoPose::Nothing) => {
                Err("no telemetry has come: nobody knows where the drone looks".to_owned())
            }
            Err(error) => Err(error.to_string()),
        };
        let camera = placed.as_ref().ok().map(|placed| placed.camera.clone());
        let before = self.before.replace(Before {
            session: frame.session,
            stream_secs: frame.stream_secs,
            camera: camera.clone(),
        });
        let earlier =
            before.filter(|before| before.session == frame.session).and_then(|before| before.camera);
        let ego = earlier
            .zip(camera)
            .and_then(|(earlier, now)| EgoMotion::between(&earlier, &now, self.site.head_height_m));
        Located { placed, ego, age_secs, delay: self.delay.reading() }
    }

    /// The scale at which the heads of a picture are best counted, where it is time to choose it anew.
    pub fn rescaled(&mut self, scale: &CountScale, located: &Located, at: Timestamp) -> Option<CountScale> {
        let view = located.placed.as_ref().ok()?.view.as_ref().ok()?;
        if self.rescaled_at.is_some_and(|before| (0.0..RESCALE_SECS).contains(&at.secs_since(before))) {
            return None;
        }
        self.rescaled_at = Some(at);
        let heads_px: Vec<f64> =
            self.zones.iter().flat_map(|zone| head_widths_px(view.calibration(), &zone.outline)).collect();
        (!heads_px.is_empty()).then(|| scale.for_heads(&heads_px, self.site.image_size_px[0]))
    }

    /// When the telemetry of a picture was made, on the clock of the telemetry.
    fn at_secs(&self, frame: &Frame) -> f64 {
        let measured = self.delay.reading().filter(|delay| delay.is_sure).map(|delay| delay.secs);
        let delay_secs = self.stated_delay_secs.or(measured).unwrap_or(0.0);
        self.seen_secs(frame) - delay_secs
    }

    /// When a picture came, on the clock of the telemetry.
    fn seen_secs(&self, frame: &Frame) -> f64 {
        match self.book.clock() {
            PoseClock::Stream => frame.stream_secs,
            PoseClock::Wall => frame.captured_at.secs_since(Timestamp::from_unix_nanos(0)),
        }
    }

    /// Compares how the picture moves with how the telemetry says that it should.
    fn measure_delay(&mut self, frame: &Frame) {
        let now_secs = self.seen_secs(frame);
        let step_secs = match &self.before {
            Some(before) if before.session == frame.session => frame.stream_secs - before.stream_secs,
            _ => {
                self.shift.forget();
                0.0
            }
        };
        let shift = self.shift.measure(frame, self.site.image_size_px[0]).unwrap_or_else(|error| {
            tracing::debug!(camera = &*frame.camera, "The picture's shift is not measured: {error:#}.");
            None
        });
        if let (Some(shift_px), true) = (shift, step_secs > 0.0) {
            self.delay.observe(now_secs - step_secs, now_secs, shift_px);
        }
        let (book, site) = (&self.book, &self.site);
        self.delay.update(now_secs, &|at_secs| {
            let at = book.look_up(at_secs, Duration::ZERO).ok()?;
            site.camera(&at.sample).ok()
        });
    }
}
