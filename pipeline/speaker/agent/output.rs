//! What the loudspeaker plays: announcements that were made when the agent started, free text once it is spoken, and what a
//! microphone hears of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use crossbeam::channel::{Receiver, TryRecvError, bounded};
use throng_analytics::speaker::{Drill, Request, Say};

use crate::{
    config::speaker_plan::SpeakerPlan,
    speaker::{
        driver::{Driver, Playback},
        microphone::Microphone,
        voice::{Clip, Voice, free_text},
    },
    stream::microphone::Recording,
};

/// The loudspeaker's mouth.
pub(super) struct Output {
    voice: Voice,
    /// By the name of the announcement, and whether it says "drill" first.
    clips: BTreeMap<(String, bool), Clip>,
    driver: Box<dyn Driver>,
    job: Option<Job>,
    microphone: Microphone,
    /// What went wrong last.
    pub(super) last_error: Option<String>,
}

/// What is being played.
struct Job {
    request: String,
    times_left: u32,
    stage: JobStage,
    recording: Option<Recording>,
}

enum JobStage {
    /// Free text is being spoken into a file.
    Rendering(Receiver<Result<Clip>>),
    Playing(Clip, Box<dyn Playback>),
}

impl Output {
    /// Makes every announcement, so that nothing has to be made later.
    ///
    /// # Errors
    /// An announcement cannot be made.
    pub(super) fn new(plan: &SpeakerPlan, driver: Box<dyn Driver>) -> Result<Self> {
        let voice = Voice::new(plan.sound.clone());
        let mut clips = BTreeMap::new();
        for (id, announcement) in &plan.announcements {
            clips.insert((id.clone(), false), voice.clip(id, announcement, false)?);
            if plan.policy.drill == Drill::WordFirst {
                clips.insert((id.clone(), true), voice.clip(id, announcement, true)?);
            }
        }
        let microphone = Microphone::new(plan.microphone.clone());
        Ok(Self { voice, clips, driver, job: None, microphone, last_error: None })
    }

    /// Begins to play what a request says.
    ///
    /// # Errors
    /// What the loudspeaker knows at once.
    pub(super) fn play(&mut self, request: &Request, drill_first: bool) -> Result<()> {
        let mut recording = None;
        let stage = match &request.say {
            Say::Announcement(id) => {
                let clip = self.clips.get(&(id.clone(), drill_first)).cloned();
                let clip = clip.with_context(|| format!("the announcement {id:?} was not made"))?;
                // One that fails keeps nothing from being said.
                let begun = self.microphone.record();
                recording = begun
                    .inspect_err(|error| self.last_error = Some(format!("the microphone: {error:#}")))
                    .unwrap_or_default();
                let playback = self.driver.start(&clip)?;
                JobStage::Playing(clip, playback)
            }
            Say::Text(text) => {
                let (voice, text) = (self.voice.clone(), text.clone());
                let (tell, made) = bounded(1);
                let work = move || {
                    // Nobody listens any more after an abort.
                    tell.send(voice.clip("", &free_text(&text), drill_first)).ok();
                };
                std::thread::Builder::new().name("voice".to_owned()).spawn(work)?;
                JobStage::Rendering(made)
            }
        };
        let (request, times_left) = (request.id.clone(), request.times.max(1) - 1);
        self.job = Some(Job { request, times_left, stage, recording });
        Ok(())
    }

    /// Looks at what plays; whether it has come to its end.
    ///
    /// # Errors
    /// What the loudspeaker or the voice said.
    pub(super) fn follow(&mut self) -> Result<bool> {
        let Some(job) = &mut self.job else { return Ok(false) };
        match &mut job.stage {
            JobStage::Rendering(made) => match made.try_recv() {
                Ok(clip) => {
                    let clip = clip?;
                    let playback = self.driver.start(&clip)?;
                    job.stage = JobStage::Playing(clip, playback);
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => anyhow::bail!("the voice broke off"),
            },
            JobStage::Playing(clip, playback) => {
                if !playback.has_ended()? {
                    return Ok(false);
                }
                // Once is enough to know whether it sounds.
                if let Some(recording) = job.recording.take() {
                    self.microphone.compare(job.request.clone(), clip.clone(), recording);
                }
                if job.times_left == 0 {
                    self.job = None;
                    return Ok(true);
                }
                job.times_left -= 1;
                *playback = self.driver.start(clip)?;
            }
        }
        Ok(false)
    }

    /// How well the microphone heard requests whose comparison has come to its end, 0 to 1.
    pub(super) fn heard(&mut self) -> Vec<(String, f64)> {
        let compared = self.microphone.compared().into_iter();
        compared
            .filter_map(|(request, heard)| match heard {
                Ok(ratio) => Some((request, ratio)),
                Err(error) => {
                    self.last_error = Some(format!("the microphone: {error:#}"));
                    None
                }
            })
            .collect()
    }

    /// Falls silent, without waiting for anything.
    pub(super) fn silence(&mut self) {
        if let Some(Job { stage: JobStage::Playing(_, mut playback), .. }) = self.job.take() {
            playback.stop();
        }
    }
}
