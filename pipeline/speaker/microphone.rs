//! A microphone near the loudspeaker: records an announcement and compares it with what was said, beside the agent.

use std::time::Duration;

use anyhow::Result;
use crossbeam::channel::{Receiver, TryRecvError, bounded};

use super::{heard, voice::Clip};
use crate::stream::microphone::Recording;

/// How long it listens after the end: sound takes its time through buffers and air.
const LISTEN_ON: Duration = Duration::from_millis(1500);

/// A microphone, or that there is none.
pub(super) struct Microphone {
    source: Option<String>,
    comparing: Vec<Comparing>,
}

/// What was heard of an announcement, being compared.
struct Comparing {
    request: String,
    heard: Receiver<Result<Option<f64>>>,
}

impl Microphone {
    pub(super) fn new(source: Option<String>) -> Self {
        Self { source, comparing: Vec::new() }
    }

    /// Begins to record; `None` where there is no microphone.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn record(&self) -> Result<Option<Recording>> {
        self.source.as_deref().map(Recording::start).transpose()
    }

    /// Compares what is recorded with what was said for a request, on a thread of its own.
    pub(super) fn compare(&mut self, request: String, clip: Clip, recording: Recording) {
        let (tell, heard) = bounded(1);
        let work = move || {
            let recorded = recording.finish(LISTEN_ON);
            // The agent may have gone meanwhile.
            tell.send(recorded.map(|recorded| heard::agreement(&clip.samples, &recorded))).ok();
        };
        match std::thread::Builder::new().name("microphone".to_owned()).spawn(work) {
            Ok(_) => self.comparing.push(Comparing { request, heard }),
            Err(error) => tracing::error!("What was said is not listened to: {error}."),
        }
    }

    /// How well requests were heard whose comparison has come to its end, 0 to 1. Nothing at all heard, not even the square,
    /// is 0.
    pub(super) fn compared(&mut self) -> Vec<(String, Result<f64>)> {
        let mut compared = Vec::new();
        self.comparing.retain(|comparing| match comparing.heard.try_recv() {
            Err(TryRecvError::Empty) => true,
            Err(TryRecvError::Disconnected) => false,
            Ok(heard) => {
                compared.push((comparing.request.clone(), heard.map(Option::unwrap_or_default)));
                false
            }
        });
        compared
    }
}
