//! A picture of what a run saw: the annotated video and the timeline.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::tz::TimeZone;
use throng_analytics::{site::SiteReport, time::Timestamp, wire::WarningTransition};

use crate::{
    cli::live::clock_time,
    config::plan::Plan,
    counting::CountedFrame,
    draw::timeline::{self, CameraTrack, CountSample, Timeline, WarningMark, ZoneSample, ZoneTrack},
    shot::{Layers, Shot, drawn},
    stream::writer::VideoWriter,
};

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
        let picture = Shot::take(self.plan, counted, report)?.drawn(Layers { heat: true, zones: true });
        if self.video.is_none() {
            let count_fps = self.plan.cameras.first().map_or(1.0, |camera| camera.count_fps);
            self.video =
                Some(VideoWriter::create(&self.video_path, picture.width(), picture.height(), count_fps)?);
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
