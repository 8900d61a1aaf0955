//! Sound from a microphone, for as long as an announcement lasts.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks};

use super::sound::SAMPLE_RATE_HZ;
use crate::locked::locked;

/// Longest recording, seconds; the rest of a longer announcement is not listened to.
const SECS_MAX: usize = 120;

/// A recording that goes on. Dropped, it ends.
#[derive(Debug)]
pub struct Recording {
    pipeline: gst::Pipeline,
    bus: gst::Bus,
    samples: Arc<Mutex<Vec<f32>>>,
}

impl Recording {
    /// Begins to record: `source` is `default`, the system's microphone, or `gst:` and what GStreamer's launch syntax describes up
    /// to the sound.
    ///
    /// # Errors
    /// A description that GStreamer does not understand, or no microphone.
    pub fn start(source: &str) -> anyhow::Result<Self> {
        super::init()?;
        let described = source.strip_prefix("gst:").unwrap_or("autoaudiosrc").trim();
        let text = format!("{described} ! audioconvert ! audioresample ! appsink name=samples sync=false");
        let pipeline = gst::parse::launch(&text)
            .map_err(|error| anyhow::anyhow!("{}", error.message().trim_end_matches('.')))?
            .downcast::<gst::Pipeline>()
            .map_err(|_single| anyhow::anyhow!("the microphone's description is no chain of elements"))?;
        let sink = pipeline
            .by_name("samples")
            .and_then(|sink| sink.downcast::<AppSink>().ok())
            .context("the microphone's description ends in a sink of its own")?;
        sink.set_caps(Some(&super::sound::caps()));
        let samples = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&samples);
        let take = move |sink: &AppSink| {
            let sample = sink.pull_sample().map_err(|_ended| gst::FlowError::Eos)?;
            let buffer = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
            let Some(bytes) = buffer else { return Ok(gst::FlowSuccess::Ok) };
            let mut kept = locked(&kept);
            if kept.len() < SECS_MAX * SAMPLE_RATE_HZ as usize {
                kept.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
            }
            Ok(gst::FlowSuccess::Ok)
        };
        sink.set_callbacks(AppSinkCallbacks::builder().new_sample(take).build());
        let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
        let recording = Self { pipeline, bus, samples };
        if recording.pipeline.set_state(gst::State::Playing).is_err() {
            recording.check()?;
            anyhow::bail!("GStreamer refused to record");
        }
        Ok(recording)
    }

    /// Records for `tail` more, since sound takes its time, and gives what was recorded: one channel, [`SAMPLE_RATE_HZ`].
    ///
    /// # Errors
    /// What the microphone said. Silence is none.
    pub fn finish(self, tail: Duration) -> anyhow::Result<Vec<f32>> {
        let tail = gst::ClockTime::from_nseconds(u64::try_from(tail.as_nanos()).unwrap_or(u64::MAX));
        if let Some(message) = self.bus.timed_pop_filtered(tail, &[gst::MessageType::Error]) {
            return Err(fault(&message));
        }
        Ok(std::mem::take(&mut *locked(&self.samples)))
    }

    fn check(&self) -> anyhow::Result<()> {
        self.bus.pop_filtered(&[gst::MessageType::Error]).map_or(Ok(()), |message| Err(fault(&message)))
    }
}

fn fault(message: &gst::Message) -> anyhow::Error {
    match message.view() {
        gst::MessageView::Error(error) => {
            anyhow::anyhow!("{}", error.error().message().trim_end_matches('.'))
        }
        _ => anyhow::anyhow!("the microphone failed"),
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("GStreamer did not close the microphone cleanly.");
        }
    }
}
