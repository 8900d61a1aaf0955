//! A picture of what a run saw: the annotated video and the timeline.

use std::path::{Path, PathBuf};

use anyhow::Context;
use image::RgbImage;
use jiff::tz::TimeZone;
use throng_analytics::{
    camera::{Calibration, MovingView},
    density_map::DensityMap,
    estimate::Estimate as Known,
    level::Level,
    site::{LineReport, SiteReport, ZoneReport},
    time::Timestamp,
    wire::WarningTransition,
};

use crate::{
    cli::live::clock_time,
    config::plan::Plan,
    counting::CountedFrame,
    draw::{
        heat::{HeatLayer, HeatUnit},
        overlay::{Estimate, LineOverlay, OverlayFrame, ZoneOverlay, draw_overlay},
        timeline::{self, CameraTrack, CountSample, Timeline, WarningMark, ZoneSample, ZoneTrack},
    },
    stream::writer::VideoWriter,
};

/// People in a cell of the network's map that get the strongest colour: a middling head spreads over a few cells.
const FULL_PEOPLE_PER_CELL: f32 = 0.25;

/// A silence longer than this is a gap in the timeline, seconds.
const GAP_SECS: f64 = 2.0;

/// Records the first camera of a site.
pub struct Recorder<'a> {
    plan: &'a Plan,
    time_zone: TimeZone,
    video_path: PathBuf,
    timeline_path: PathBuf,
    video: Option<VideoWriter>,
    /// Set where the video could not be written: said once, and the run goes on.
    video_failed: bool,
    began: Option<Timestamp>,
    timeline: Timeline,
}

/// Where a recording lies.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The annotated video; `None` where it could not be written.
    pub video: Option<PathBuf>,
    /// The timeline.
    pub timeline: PathBuf,
}

impl<'a> Recorder<'a> {
    /// Records to `folder` under `name`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(plan: &'a Plan, folder: &Path, name: &str, title: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| {
            format!(
                "cannot make the folder for pictures; check the path and its permissions: {}",
                folder.display()
            )
        })?;
        let zones = plan.zones.iter().map(|zone| ZoneTrack {
            zone: zone.name.clone(),
            thresholds_people_per_m2: Some(zone.profile.theta_up_people_per_m2),
            samples: Vec::new(),
        });
        let cameras = plan
            .cameras
            .iter()
            .map(|camera| CameraTrack { camera: camera.id.to_string(), samples: Vec::new() });
        let timeline = Timeline {
            title: title.to_owned(),
            subtitle: String::new(),
            cameras: cameras.collect(),
            zones: zones.collect(),
            warnings: Vec::new(),
            gap_secs: GAP_SECS,
        };
        Ok(Self {
            plan,
            time_zone: plan.time_zone.clone(),
            video_path: folder.join(format!("{name}.mp4")),
            timeline_path: folder.join(format!("{name}-timeline.png")),
            video: None,
            video_failed: false,
            began: None,
            timeline,
        })
    }

    /// Takes in a step.
    pub fn observe(&mut self, counted: Option<&CountedFrame>, report: &SiteReport) {
        let began = *self.began.get_or_insert(report.now);
        let t_secs = report.now.secs_since(began);
        for ((track, zone), model) in self.timeline.zones.iter_mut().zip(&report.zones).zip(&self.plan.zones)
        {
            track.samples.push(ZoneSample {
                t_secs,
                density_people_per_m2: zone.density_people_per_m2.map(drawn),
                level: zone.level,
            });
            for change in &zone.changes {
                let rose =
                    matches!(change.transition, WarningTransition::Raised | WarningTransition::Escalated);
                if let (true, Some(level)) = (rose, change.to) {
                    self.timeline.warnings.push(WarningMark { t_secs, zone: model.name.clone(), level });
                }
            }
        }
        let Some(counted) = counted else { return };
        let camera = &*counted.frame.camera;
        if let Some(track) = self.timeline.cameras.iter_mut().find(|track| track.camera == camera) {
            track.samples.push(CountSample { t_secs, people: counted.people.map(drawn) });
        }
        let is_first = self.plan.cameras.first().is_some_and(|first| first.id.as_str() == camera);
        if is_first
            && !self.video_failed
            && let Err(error) = self.draw(counted, report, t_secs)
        {
            tracing::error!("{error:#}. The run goes on without the annotated video.");
            (self.video_failed, self.video) = (true, None);
        }
    }

    fn draw(&mut self, counted: &CountedFrame, report: &SiteReport, t_secs: f64) -> anyhow::Result<()> {
        let Some(camera) = self.plan.cameras.first() else { return Ok(()) };
        let view = counted.frame.rgb().context("a frame cannot be read")?;
        let mut pixels = Vec::with_capacity(3 * view.width_px() * view.height_px());
        (0..view.height_px()).for_each(|y| pixels.extend_from_slice(view.row(y)));
        let (width, height) = (u32::try_from(view.width_px())?, u32::try_from(view.height_px())?);
        let mut picture = RgbImage::from_raw(width, height, pixels).context("a frame has an odd size")?;
        // A camera that moves has a calibration of its own for each picture; without one there is nothing to draw zones by.
        let moving =
            counted.located.as_ref().and_then(|located| located.placed.as_ref().ok()?.view.as_ref().ok());
        let calibration = moving.map_or(&camera.calibration, MovingView::calibration);
        let px_per_calibration_px = f64::from(width) / f64::from(camera.calibration.image_size_px()[0]);

        let map = counted.observation.count.as_ref().ok().map(|count| DensityMap {
            px_per_cell_x: count.density.px_per_cell_x * px_per_calibration_px,
            px_per_cell_y: count.density.px_per_cell_y * px_per_calibration_px,
            ..count.density.clone()
        });
        let zones: Vec<ZoneOverlay> = report
            .zones
            .iter()
            .zip(&self.plan.zones)
            .filter_map(|(zone, model)| {
                let polygon_in_image =
                    outline_in_image(calibration, model.outline.corners_m(), px_per_calibration_px)?;
                Some(zone_overlay(&model.name, polygon_in_image, zone))
            })
            .collect();
        let lines: Vec<LineOverlay> = report
            .lines
            .iter()
            .zip(&self.plan.lines)
            .filter_map(|(line, model)| {
                let points = model.way.points_m();
                let points_in_image = outline_in_image(&camera.calibration, points, px_per_calibration_px)?;
                Some(line_overlay(&model.name, points_in_image, line))
            })
            .collect();
        let reason = counted.observation.count.as_ref().err().map(|reason| format!("not counted: {reason}"));
        let note = reason.or_else(|| report.zones.iter().find_map(|zone| zone.notes.first().cloned()));
        let captured_at = clock_time(counted.frame.captured_at, &self.time_zone);
        draw_overlay(
            &mut picture,
            &OverlayFrame {
                camera: &counted.frame.camera,
                captured_at: &captured_at,
                people: counted.people.map(drawn),
                heat: map.as_ref().map(|map| HeatLayer {
                    map,
                    unit: HeatUnit::PeoplePerCell,
                    full_value: FULL_PEOPLE_PER_CELL,
                }),
                zones: &zones,
                lines: &lines,
                note: note.as_deref(),
            },
        );
        if self.video.is_none() {
            self.video = Some(VideoWriter::create(&self.video_path, width, height, camera.count_fps)?);
        }
        match &mut self.video {
            Some(video) => video.push(&picture, t_secs),
            None => Ok(()),
        }
    }

    /// Finishes both files.
    ///
    /// # Errors
    /// The timeline cannot be written; a video that cannot is logged.
    pub fn finish(mut self) -> anyhow::Result<Recorded> {
        let video = match self.video.take().map(VideoWriter::finish) {
            Some(Ok(())) => Some(self.video_path),
            Some(Err(error)) => {
                tracing::error!("{error:#}.");
                None
            }
            None => None,
        };
        if let Some(began) = self.began {
            self.timeline.subtitle = format!("from {}", clock_time(began, &self.time_zone));
        }
        timeline::write_png(&self.timeline, &self.timeline_path)?;
        Ok(Recorded { video, timeline: self.timeline_path })
    }
}

fn drawn(known: Known) -> Estimate {
    Estimate { value: known.value, lo: known.lo, hi: known.hi }
}

fn outline_in_image(calibration: &Calibration, corners_m: &[[f64; 2]], scale: f64) -> Option<Vec<[f64; 2]>> {
    corners_m
        .iter()
        .map(|corner| calibration.image_from_ground().apply(*corner).map(|[u, v]| [u * scale, v * scale]))
        .collect()
}

fn line_overlay(name: &str, points_in_image: Vec<[f64; 2]>, line: &LineReport) -> LineOverlay {
    let flow = line.flow;
    LineOverlay {
        name: name.to_owned(),
        points_in_image,
        people_per_min: flow.map(|f| [60.0 * f.in_people_per_s.value, 60.0 * f.out_people_per_s.value]),
        people: flow.map(|f| [f.in_people.value, f.out_people.value]),
    }
}

fn zone_overlay(name: &str, polygon_in_image: Vec<[f64; 2]>, zone: &ZoneReport) -> ZoneOverlay {
    let level: Option<Level> = zone.level;
    ZoneOverlay {
        name: name.to_owned(),
        polygon_in_image,
        level,
        density_people_per_m2: zone.density_people_per_m2.map(drawn),
        people: zone.people.map(|people| people.value),
        risk: zone.risk.as_ref().map(|risk| risk.score),
    }
}
